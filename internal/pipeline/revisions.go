package pipeline

import (
	"context"
	"regexp"
	"strings"
	"sync"

	"gate/internal/discover"
	"gate/internal/render"

	"github.com/Masterminds/semver/v3"
)

// maxRevisions bounds the states of the repository that are read beside head
// and base.
const maxRevisions = 8

var (
	revisionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
	commitName   = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
)

// revisionOf says which state of the repository a name stands for, nil for the
// one that is judged.
type revisionOf = func(name string) *render.Revision

// revisions says what of the repository the controllers deliver that name a
// revision of it. Nothing is fetched: what the clone lacks is known by its name.
func (s *opened) revisions(ctx context.Context) revisionOf {
	known := map[string]*render.Revision{}
	target := sync.OnceValue(func() string {
		if s.repo == nil {
			return ""
		}
		ref, _ := s.repo.TargetBranch(ctx, s.Getenv)
		return ref
	})
	read := 0
	return func(name string) *render.Revision {
		name = strings.TrimSpace(name)
		if r, ok := known[name]; ok {
			return r
		}
		known[name] = nil
		if name == "" || name == "HEAD" {
			return nil
		}
		commit, pinned, sure := s.pinned(ctx, name, target())
		if !pinned {
			if !sure {
				known[name] = &render.Revision{Name: name, Assumed: true}
			}
			return known[name]
		}
		r := &render.Revision{Name: strings.TrimPrefix(strings.TrimPrefix(name, render.TagRevision), render.RangeRevision)}
		if known[name] = r; commit == "" || read == maxRevisions {
			return r
		}
		read++
		tree, err := s.repo.Tree(ctx, commit)
		if err != nil {
			return r
		}
		inv, err := discover.Collect(ctx, tree, s.discovering(KindBaseFile))
		if err != nil {
			return r
		}
		r.Tree, r.Inventory = tree, inv
		return r
	}
}

// pinned says whether a revision is another state than what follows the target
// branch, and the commit, if the clone has it. A name that is neither a version
// nor a commit, and that the clone does not know, is taken for the branch that
// is judged, which is not sure.
func (s *opened) pinned(ctx context.Context, name, target string) (commit string, pinned, sure bool) {
	if strings.HasPrefix(name, render.RangeRevision) || strings.ContainsAny(name, "*^~<>=") { // no name of a branch
		return "", true, true
	}
	short := strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/tags/")
	if follows(target, short) && !strings.HasPrefix(name, render.TagRevision) {
		return "", false, true
	}
	resolve := func(ref string) string {
		if s.repo == nil || !revisionName.MatchString(ref) || strings.Contains(ref, "..") {
			return ""
		}
		id, err := s.repo.Resolve(ctx, ref)
		if err != nil {
			return ""
		}
		return id
	}
	if id := resolve("refs/tags/" + short); id != "" {
		return id, true, true
	}
	if strings.HasPrefix(name, render.TagRevision) {
		return "", true, true
	}
	if commitName.MatchString(name) {
		return resolve(name), true, true
	}
	if _, err := semver.NewVersion(name); err == nil && strings.Contains(name, ".") {
		return "", true, true
	}
	if _, err := semver.NewConstraint(name); err == nil && strings.Contains(name, ".") {
		return "", true, true
	}
	for _, ref := range []string{"refs/remotes/origin/" + short, "refs/heads/" + short} {
		id := resolve(ref)
		if id == "" || target == "" {
			continue
		}
		return id, id != resolve(target), true
	}
	return "", false, false
}

// follows says whether a branch is that of a reference, of the clone or of a
// remote.
func follows(ref, branch string) bool {
	if own, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		return own == branch
	}
	_, theirs, _ := strings.Cut(strings.TrimPrefix(ref, "refs/remotes/"), "/")
	return theirs != "" && theirs == branch
}
