package repository

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/source"
)

// ChangeInput is what a change is told from.
type ChangeInput struct {
	Repo *git.Repo   // nil outside of git
	Tree source.Tree // what is judged
	To   string      // what Tree is: "" the work tree, git.Index, or a commit
	// Base is the commit that the change is compared with, at the merge base: the
	// tip of the target branch or the first parent of a trial merge, git.Nothing
	// for what stands before the first commit, or empty if it is not known.
	Base string
	// Trial says that To is a trial merge (TrialMerge).
	Trial bool
	// Brought are commits that went into To beside Base: what they bring is no
	// part of the change (git.Repo.Brought).
	Brought []string
	// BaseTree is compared with Tree where there is no Repo; nil otherwise.
	BaseTree source.Tree
	Event    *Event      // nil without one
	Owners   *Codeowners // of the base, as forges do; nil without one
}

// ChangeResult is a change with the places of its files.
type ChangeResult struct {
	Change facts.Change
	// BaseTree is the tree that the files were compared with: at the merge
	// base. Nil if Change.Known is false.
	BaseTree source.Tree
	// Lines is the first changed line of each changed file that still exists,
	// 1-based.
	Lines map[string]int
	// Ledger says why the change is not known, if a base was given.
	Ledger []facts.Entry
}

// Change says what is changed, by whom and where to. A base that the clone
// lacks is a ledger entry with the command that fetches it, not an error; then
// Known is false and every file counts as it stands.
func Change(ctx context.Context, in ChangeInput) (*ChangeResult, error) {
	r := &ChangeResult{Lines: map[string]int{}}
	c := &r.Change
	c.ID, c.Trailers, c.Files = "change", map[string]string{}, []facts.File{}
	if in.Owners != nil {
		c.Codeowners = in.Owners.Path
	}
	var statuses []git.FileStatus
	if in.Repo != nil {
		var err error
		if statuses, err = r.fromGit(ctx, in); err != nil {
			return nil, fmt.Errorf("read the change: %w", err)
		}
	} else if in.BaseTree != nil {
		var err error
		if statuses, err = diffTrees(in.BaseTree, in.Tree); err != nil {
			return nil, fmt.Errorf("read the change: %w", err)
		}
		r.BaseTree, c.Known = in.BaseTree, true
	}
	if e := in.Event; e != nil {
		c.PullRequest = e.PullRequest
		c.Head = cmp.Or(e.Head, c.Head)
		c.Repository = cmp.Or(c.Repository, e.Repository)
		if e.PullRequest != nil {
			c.Author = cmp.Or(e.PullRequest.Author, c.Author)
			c.Branch = cmp.Or(e.PullRequest.Head, c.Branch)
		}
	}
	c.Head = cmp.Or(c.Head, c.Commit)
	r.files(in, statuses)
	return r, nil
}

func (r *ChangeResult) fromGit(ctx context.Context, in ChangeInput) ([]git.FileStatus, error) {
	c := &r.Change
	c.Repository, c.Branch = in.Repo.Remote(ctx), in.Repo.Branch(ctx)
	to := cmp.Or(in.To, "HEAD")
	if to == git.Index {
		to = "HEAD"
	}
	commit, err := in.Repo.Commit(ctx, to)
	var missing *git.MissingRef
	if errors.As(err, &missing) && in.Base != git.Nothing {
		return nil, nil // a repository without a commit
	} else if err != nil && missing == nil {
		return nil, err
	}
	r.about(ctx, in, commit)
	if in.Base == "" {
		return nil, nil
	}
	statuses, err := r.compare(ctx, in, commit)
	if err == nil || ctx.Err() != nil {
		return statuses, err
	}
	r.BaseTree = nil
	e := facts.Entry{Kind: "input", ID: "base", State: facts.Failed, Reason: "the change is not known: " + err.Error()}
	if errors.As(err, &missing) {
		e.Hint = missing.Fetch
	}
	r.Ledger = append(r.Ledger, e)
	return nil, nil
}

// about says who made the change and how it was called. What is staged has no
// author and no message yet, and the tree of the commit below it is not its own.
func (r *ChangeResult) about(ctx context.Context, in ChangeInput, commit git.Commit) {
	c := &r.Change
	c.Commit, c.Head = commit.ID, commit.ID
	if in.To == git.Index {
		return
	}
	c.Tree = commit.Tree
	head := commit
	// The head of a trial merge, and of a request that was merged, is the second
	// parent. Depth 1 does not have it.
	if len(commit.Parents) > 1 && (in.Trial || !bringsTarget(ctx, in.Repo, in.Base, commit)) {
		c.Head = commit.Parents[1]
	}
	if in.Event != nil && in.Event.Head != "" {
		c.Head = in.Event.Head
	}
	if c.Head != commit.ID {
		if h, err := in.Repo.Commit(ctx, c.Head); err == nil {
			head = h
		}
	}
	c.Author, c.Message, c.Trailers = head.AuthorEmail, head.Message, head.Trailers
}

// compare sets the change beside its base.
func (r *ChangeResult) compare(ctx context.Context, in ChangeInput, commit git.Commit) (statuses []git.FileStatus, err error) {
	c := &r.Change
	from := in.Base
	if from != git.Nothing {
		c.Base = from
		if from != commit.ID {
			if from, err = mergeBase(ctx, in, commit); err != nil {
				return nil, err
			}
		}
		c.MergeBase = from
	}
	if len(in.Brought) > 0 {
		brought, err := in.Repo.Brought(ctx, from, cmp.Or(in.To, "HEAD"), in.Brought)
		if err != nil {
			return nil, err
		}
		r.BaseTree, statuses = brought.Tree, brought.Files
	} else if r.BaseTree, err = in.Repo.Tree(ctx, from); err != nil {
		return nil, err
	} else if statuses, err = in.Repo.Diff(ctx, from, in.To); err != nil {
		return nil, err
	}
	c.Known = true
	return statuses, nil
}

// bringsTarget says whether a merge commit brought the target branch into another one,
// as far as that can be told.
func bringsTarget(ctx context.Context, repo *git.Repo, base string, commit git.Commit) bool {
	if base == "" || base == git.Nothing {
		return false
	}
	id, err := repo.MergeBase(ctx, base, commit.Parents[1])
	return err == nil && id == commit.Parents[1]
}

// mergeBase finds the commit that the change started from. A shallow checkout
// has no history to search, but a merge commit names the commit of the target
// branch that it was made with, and a trial merge has it in front.
func mergeBase(ctx context.Context, in ChangeInput, commit git.Commit) (string, error) {
	id, err := in.Repo.MergeBase(ctx, in.Base, commit.ID)
	switch {
	case err == nil:
		return id, nil
	case !in.Repo.Shallow(ctx):
		return "", err
	case slices.Contains(commit.Parents, in.Base):
		return in.Base, nil
	case in.Trial:
		return in.Repo.Resolve(ctx, commit.Parents[0])
	}
	return "", err
}

// trialVariables are those by which CI systems tell what they checked out.
const (
	githubRef    = "GITHUB_REF"
	githubSHA    = "GITHUB_SHA"
	gitlabSource = "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"
	gitlabTarget = "CI_MERGE_REQUEST_TARGET_BRANCH_SHA"
	azureSource  = "SYSTEM_PULLREQUEST_SOURCECOMMITID"
)

// TrialVariables are the names of all variables that TrialMerge asks for.
func TrialVariables() []string {
	return []string{githubRef, githubSHA, gitlabSource, gitlabTarget, azureSource}
}

// TrialMerge says whether a commit is the merge that a forge made to try a
// request: the target branch as it was then is the first parent, the head of the
// request the second one. A merge that a person made looks the same, with the
// target branch as the second parent; so somebody has to say it:
//
//   - the event, whose head is the second parent;
//   - GitHub, Gitea and Forgejo: GITHUB_REF is refs/pull/N/merge, GITHUB_SHA this
//     commit (https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#pull_request);
//   - GitLab: the variables that only pipelines for merged results have
//     (https://docs.gitlab.com/ci/variables/predefined_variables/#predefined-variables-for-merge-request-pipelines);
//   - Azure Pipelines: System.PullRequest.SourceCommitId is the second parent
//     (https://learn.microsoft.com/azure/devops/pipelines/build/variables).
func TrialMerge(commit git.Commit, event *Event, getenv func(string) string) bool {
	if len(commit.Parents) != 2 {
		return false
	}
	target, head := commit.Parents[0], commit.Parents[1]
	if event != nil && event.PullRequest != nil && event.Head != "" {
		return event.Head == head
	}
	return getenv(githubSHA) == commit.ID && trialRef().MatchString(getenv(githubRef)) ||
		getenv(gitlabSource) == head || getenv(gitlabTarget) == target || getenv(azureSource) == head
}

var trialRef = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^refs/pull/[0-9]+/merge$`) })

// files fills Change.Files.
func (r *ChangeResult) files(in ChangeInput, statuses []git.FileStatus) {
	if len(statuses) == 0 {
		return
	}
	head, base := marks{tree: in.Tree, attributes: readAttributes(in.Tree)}, marks{}
	if r.BaseTree != nil {
		base = marks{tree: r.BaseTree, attributes: readAttributes(r.BaseTree)}
	}
	exists := head.exists(base)
	for _, s := range statuses {
		f := facts.File{Path: s.Path, Previous: s.Previous, Status: s.Status, Moved: s.Same, Sources: []string{}}
		f.ID = "file:" + s.Path
		if f.Owners = in.Owners.Owners(s.Path); f.Owners == nil {
			f.Owners = []string{}
		}
		var before, after []byte
		if s.Status != git.Deleted {
			after, _ = in.Tree.ReadFile(s.Path) // one that cannot be read is failed by discovery
		}
		if r.BaseTree != nil && s.Status != git.Added {
			before, _ = r.BaseTree.ReadFile(cmp.Or(s.Previous, s.Path))
		}
		if s.Status != git.Deleted {
			r.Lines[s.Path] = firstDifference(before, after)
		}
		// The base has the say, so that a change cannot take the mark away
		// or name another source; one that does nothing else can.
		f.Generated, f.Sources = base.of(cmp.Or(s.Previous, s.Path), before, exists)
		kind, sources := head.of(s.Path, after, exists)
		if f.Generated == "" || s.Status == git.Modified && kind == "" && bytes.Equal(belowHeader(before), belowHeader(after)) {
			f.Generated, f.Sources = kind, sources
		}
		r.Change.Files = append(r.Change.Files, f)
	}
	slices.SortFunc(r.Change.Files, func(a, b facts.File) int { return strings.Compare(a.ID, b.ID) })
}

// marks tells which files of a tree are generated.
type marks struct {
	tree       source.Tree
	attributes attributes
}

func (m marks) of(p string, data []byte, exists func(string) bool) (kind string, sources []string) {
	if m.tree == nil {
		return "", []string{}
	}
	marked, sources := header(p, string(data[:min(len(data), 16<<10)]), exists)
	if sources == nil {
		sources = []string{}
	}
	switch {
	case marked:
		return "header", sources
	case m.attributes.generated(p):
		return "attribute", sources
	}
	return "", sources
}

// exists says whether a file or directory is in either tree.
func (m marks) exists(other marks) func(string) bool {
	known := map[string]bool{}
	for _, t := range []source.Tree{m.tree, other.tree} {
		if t == nil {
			continue
		}
		for _, e := range t.Entries() {
			for p := e.Path; p != "." && !known[p]; p = path.Dir(p) {
				known[p] = true
			}
		}
	}
	return func(p string) bool { return known[p] }
}

// firstDifference returns the first line of after that before does not have
// there, 1-based.
func firstDifference(before, after []byte) int {
	line := 1
	for i := 0; i < len(before) && i < len(after); i++ {
		if before[i] != after[i] {
			return line
		}
		if after[i] == '\n' {
			line++
		}
	}
	// What was cut off at the end shows at the last line that is left.
	return max(1, min(line, bytes.Count(bytes.TrimSuffix(after, []byte("\n")), []byte("\n"))+1))
}

// diffTrees compares two trees without git. Only a file that moved as it was is
// a rename.
func diffTrees(base, head source.Tree) ([]git.FileStatus, error) {
	var out []git.FileStatus
	gone := map[string][]string{} // content of deleted files
	for _, e := range base.Entries() {
		if _, ok := head.Lookup(e.Path); ok {
			continue
		}
		data, err := base.ReadFile(e.Path)
		if err != nil && !e.Symlink {
			return nil, err
		}
		gone[string(data)] = append(gone[string(data)], e.Path)
	}
	for _, e := range head.Entries() {
		after, err := head.ReadFile(e.Path)
		if err != nil && !e.Symlink {
			return nil, err
		}
		old, ok := base.Lookup(e.Path)
		if ok {
			before, err := base.ReadFile(e.Path)
			if err != nil && !old.Symlink {
				return nil, err
			}
			if !bytes.Equal(before, after) || old.Symlink != e.Symlink || old.Executable != e.Executable {
				out = append(out, git.FileStatus{Path: e.Path, Status: git.Modified})
			}
			continue
		}
		if from := gone[string(after)]; len(from) > 0 && len(after) > 0 {
			out = append(out, git.FileStatus{Path: e.Path, Previous: from[0], Status: git.Renamed, Same: true})
			gone[string(after)] = from[1:]
			continue
		}
		out = append(out, git.FileStatus{Path: e.Path, Status: git.Added})
	}
	for _, list := range gone {
		for _, p := range list {
			out = append(out, git.FileStatus{Path: p, Status: git.Deleted})
		}
	}
	slices.SortFunc(out, func(a, b git.FileStatus) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}
