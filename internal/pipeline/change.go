package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/git"
	"gate/internal/repository"
)

// changed is what the change does to the files, and where they belong.
type changed struct {
	*repository.ChangeResult
	trees      *compare.Trees // nil if the base is not known
	review     bool           // the change is proposed, or named: not the last of what is there
	identities []string       // of this repository
	scopes     scoper
	owners     *repository.Codeowners // of the target branch
}

// change reads who owns what, the event, and what the change does to files.
func change(ctx context.Context, s *opened, inv *discover.Inventory) (*changed, Record, error) {
	said := newRecord()
	against, err := s.base(ctx, &said)
	if err != nil {
		return nil, said, err
	}
	remote := ""
	if s.repo != nil {
		remote = s.repo.Remote(ctx)
	}
	// The owners that count are those of the target branch, as forges do.
	tree := s.tree
	if s.policy.Trusted || s.policy.Apart {
		tree = s.policy.Tree
	}
	owners, err := repository.ReadCodeowners(tree, repository.DialectOf(tree, remote))
	if err != nil {
		said.failed("file", "CODEOWNERS", err)
	}
	in := repository.ChangeInput{
		Repo: s.repo, Tree: s.tree, To: s.Commit, Base: against.commit, Brought: against.brought, Event: s.inputs.event, Owners: owners,
		Trial: s.trial(ctx) != "",
	}
	if s.Staged {
		in.To = git.Index
	}
	c := &changed{review: against.review}
	if c.ChangeResult, err = repository.Change(ctx, in); err != nil {
		return nil, said, err
	}
	said.Ledger = append(said.Ledger, c.Ledger...)
	if c.BaseTree != nil {
		c.trees = &compare.Trees{Head: s.tree, Base: c.BaseTree, Files: c.Change.Files, Lines: c.Lines}
	}
	c.identities = s.identities(ctx)
	c.owners = owners
	c.scopes = scoper{newResolver(s.policy.Config, owners, inv)}
	governing := s.policy.Governing()
	for i, f := range c.Change.Files {
		c.Change.Files[i].Scope = c.scopes.file(f.Path)
		c.Change.Files[i].Policy = cmp.Or(governing.What(f.Path), governing.What(f.Previous))
	}
	return c, said, nil
}

// Proposed says whether the run is about a change that is proposed, of which the
// base is known. To reach nothing is in order then.
func (o *Outcome) Proposed() bool {
	c := o.chain.changed
	return c != nil && c.review && c.Change.Known
}

// against is what a change is compared with.
type against struct {
	commit  string   // git.Nothing before the first one; empty if it is not known
	brought []string // commits of which the change brings in what they have, without being its own
	review  bool     // the change is proposed, or named: not the last of what is there
}

// trial is the commit of the target branch that a request is tried on, "" if what
// is checked out is no trial merge. Only what is on the target branch can be that,
// as far as the clone can tell.
func (s *opened) trial(ctx context.Context) string {
	if s.repo == nil || s.Staged || s.Commit != "" {
		return ""
	}
	head, err := s.repo.Commit(ctx, "HEAD")
	if err != nil || !repository.TrialMerge(head, s.inputs.event, s.Getenv) {
		return ""
	}
	if ref, err := s.repo.TargetBranch(ctx, s.Getenv); err == nil {
		if id, err := s.repo.MergeBase(ctx, ref, head.Parents[0]); err == nil && id != head.Parents[0] {
			return ""
		}
	}
	return head.Parents[0]
}

// merged is the commit that a request was proposed on, if what is checked out is
// its head and the target branch has that by now: a later run of the same
// pipeline. It is "" otherwise.
func (s *opened) merged(ctx context.Context, target, head string) string {
	e := s.inputs.event
	if e == nil || e.PullRequest == nil || e.Base == "" || e.Head != head {
		return ""
	}
	if id, err := s.repo.MergeBase(ctx, target, head); err != nil || id != head {
		return ""
	}
	base, err := s.repo.Resolve(ctx, e.Base)
	if err != nil {
		return ""
	}
	return base
}

// base is what the change is compared with: what --base names, for what is
// staged the commit below it, what a trial merge was made with, else the target
// branch. On the tip of the target branch itself the change is what the last push
// brought: what the event says stood there before, else the first parent. It is
// not known if none of that is, which is no fault of the run unless a rule needs
// the change.
func (s *opened) base(ctx context.Context, said *Record) (against, error) {
	switch {
	case s.repo == nil && s.Base != "":
		return against{}, usage(errors.New("--base: not a git repository"))
	case s.repo == nil:
		return against{}, nil
	case s.Base != "":
		return s.named(ctx)
	case s.Staged:
		return s.below(ctx)
	}
	if id := s.trial(ctx); id != "" {
		return against{commit: id, review: true}, nil
	}
	without := func(err error) (against, error) {
		if ctx.Err() == nil {
			said.Notes = append(said.Notes, "the change is not known, everything is judged as it stands: "+err.Error())
		}
		return against{}, ctx.Err()
	}
	ref, err := s.repo.TargetBranch(ctx, s.Getenv)
	if err != nil {
		return without(err)
	}
	id, err := s.repo.Resolve(ctx, ref)
	if err != nil {
		return without(err)
	}
	at := cmp.Or(s.Commit, "HEAD")
	head, err := s.repo.Resolve(ctx, at)
	if before := s.merged(ctx, id, head); before != "" {
		return against{commit: before, review: true}, nil
	}
	if err != nil || head != id {
		return against{commit: id, review: true}, nil
	}
	before := at + "^"
	if e := s.inputs.event; e != nil && e.PullRequest == nil && strings.Trim(e.Base, "0") != "" {
		before = e.Base
	}
	if id, err = s.repo.Resolve(ctx, before); err != nil {
		if !s.repo.Shallow(ctx) && before == at+"^" {
			return without(errors.New("this is the first commit, there is nothing to compare it with"))
		}
		return without(fmt.Errorf("%s is the tip of the target branch, and what stood there before is not in this clone (git fetch --depth=2): %w", head, err))
	}
	return against{commit: id}, nil
}

// named is the base that the caller names. What was pushed before is the base of
// what is pushed now: what the target branch brought in since is none of that.
func (s *opened) named(ctx context.Context) (against, error) {
	if s.Base == git.Nothing {
		return against{commit: git.Nothing, review: true}, nil
	}
	id, err := s.repo.Resolve(ctx, s.Base)
	if err != nil {
		return against{}, usage(err)
	}
	a := against{commit: id, review: true}
	if s.Commit == "" {
		return a, nil
	}
	if target, err := s.repo.TargetBranch(ctx, s.Getenv); err == nil {
		if target, err = s.repo.MergeBase(ctx, s.Commit, target); err == nil && target != id {
			a.brought = []string{target}
		}
	}
	return a, ctx.Err()
}

// below is what a commit of what is staged would stand on: HEAD, and what a merge
// under way brings in.
func (s *opened) below(ctx context.Context) (a against, err error) {
	a.review = true
	if a.commit, err = s.repo.Resolve(ctx, "HEAD"); err != nil {
		if missing := new(git.MissingRef); !errors.As(err, &missing) {
			return a, err
		}
		a.commit = git.Nothing
		return a, nil
	}
	a.brought, err = s.repo.MergeHeads(ctx)
	return a, err
}

// identities are those under which objects of Argo CD and Flux may name this
// repository: those of its remotes and of the event. In a clone of a fork the
// remote of the fork's origin is one of them.
func (s *opened) identities(ctx context.Context) []string {
	var out []string
	if s.repo != nil {
		out = s.repo.Identities(ctx)
	}
	if e := s.inputs.event; e != nil && e.Repository != "" {
		if id := git.Identity("https://" + e.Repository); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func newResolver(cfg *config.Config, owners *repository.Codeowners, inv *discover.Inventory) *config.Resolver {
	in := config.ResolverInput{}
	if owners != nil {
		in.Owners = owners.Owners
	}
	for _, c := range inv.CatalogInfo {
		dir := c.Dir
		if dir == "." {
			dir = ""
		}
		in.CatalogInfo = append(in.CatalogInfo, config.CatalogEntry{Name: c.Name, Owner: c.Owner, Dir: dir})
	}
	return config.NewResolver(cfg, in)
}
