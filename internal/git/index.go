package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/source"
)

// UseIndex makes Index mean the index file that git names to its hooks by
// GIT_INDEX_FILE: `git commit FILE` runs them with an index of its own. It must
// be called before the repository is used.
//
// The file belongs to the repository that git ran the hook in: that of GIT_DIR,
// else the one of the working directory. In another one, such as a submodule
// that the hook of its superproject looks into, it would read as an index in
// which everything is deleted, so it is not used there.
func (r *Repo) UseIndex(getenv func(string) string) {
	file := getenv("GIT_INDEX_FILE")
	if file == "" || !r.ranHook(getenv("GIT_DIR")) {
		return
	}
	if !filepath.IsAbs(file) { // githooks(5): hooks start at the top of the work tree
		file = filepath.Join(r.top, file)
	}
	r.index = file
}

// ranHook says whether this is the repository whose variables the environment
// has. Outside of any, the variables are a person's own.
func (r *Repo) ranHook(gitDir string) bool {
	if gitDir == "" {
		wd, err := os.Getwd()
		if err == nil {
			wd, err = filepath.EvalSymlinks(wd)
		}
		if err != nil {
			return false
		}
		if _, gitDir, err = findGitDir(wd); err != nil {
			return errors.Is(err, ErrNotRepository)
		}
	}
	its, err1 := os.Stat(gitDir)
	ours, err2 := os.Stat(r.gitDir)
	return err1 == nil && err2 == nil && os.SameFile(its, ours)
}

// IndexTree returns the files as they are staged: what a commit would hold.
func (r *Repo) IndexTree(ctx context.Context) (source.Tree, error) { return r.Tree(ctx, Index) }

func (r *Repo) listIndex(ctx context.Context) ([]staged, error) {
	out, err := r.run(ctx, nil, "ls-files", "-z", "-t", "--stage")
	if err != nil {
		return nil, fmt.Errorf("list the index: %w", err)
	}
	nothing, err := r.emptyObject(ctx, "blob")
	if err != nil {
		return nil, err
	}
	var files []staged
	empty := false
	for _, line := range split(out) {
		f, err := parseStage(line)
		if err != nil {
			return nil, fmt.Errorf("list the index: %w", err)
		}
		empty = empty || f.id == nothing
		files = append(files, f)
	}
	if empty {
		if files, err = r.withoutIntended(ctx, files, nothing); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(files, func(a, b staged) int { return cmp.Or(strings.Compare(a.path, b.path), headFirst(a.stage, b.stage)) })
	return files, nil
}

// headFirst orders the stages of a conflict: HEAD's side is stage 2
// (gitrevisions(7)).
func headFirst(a, b string) int {
	switch "2" {
	case b:
		return 1
	case a:
		return -1
	}
	return 0
}

// withoutIntended leaves out what is only intended to be added (git add -N):
// the index has it as an empty file, and a commit would not have it. Of all the
// empty ones those are left that git tells apart from nothing.
func (r *Repo) withoutIntended(ctx context.Context, files []staged, nothing string) ([]staged, error) {
	tree, err := r.emptyObject(ctx, "tree")
	if err != nil {
		return nil, err
	}
	out, err := r.run(ctx, nil, "diff", "--cached", "--ita-invisible-in-index", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative",
		"--end-of-options", tree, "--", ".")
	if err != nil {
		return nil, fmt.Errorf("list the index: %w", err)
	}
	real := map[string]bool{}
	for _, p := range split(out) {
		real[p] = true
	}
	return slices.DeleteFunc(files, func(f staged) bool { return f.id == nothing && f.stage == "" && !real[f.path] }), nil
}

// emptyObject returns the id of the empty blob or tree, which git knows without
// having it.
func (r *Repo) emptyObject(ctx context.Context, kind string) (string, error) {
	out, err := r.ask(ctx, "", "hash-object", "-t", kind, "--stdin")
	id := strings.TrimSpace(string(out))
	if err == nil && !objectID().MatchString(id) {
		err = fmt.Errorf("git answered %q", id)
	}
	if err != nil {
		return "", fmt.Errorf("ask for the id of the empty %s: %w", kind, err)
	}
	return id, nil
}

// MergeHeads returns the commits that a merge under way brings into HEAD: the
// further parents of what is about to be committed. MERGE_HEAD is a file in
// every format of references (gitglossary(7), pseudoref).
func (r *Repo) MergeHeads(ctx context.Context) ([]string, error) {
	f, err := os.Open(filepath.Join(r.gitDir, "MERGE_HEAD"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read what is merged: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read what is merged: %w", err)
	}
	var out []string
	for id := range strings.FieldsSeq(string(data)) {
		if id, err = r.Resolve(ctx, id); err != nil {
			return nil, fmt.Errorf("read what is merged: %w", err)
		}
		out = append(out, id)
	}
	return out, nil
}

// Brought is a base with what others bring into it.
type Brought struct {
	Tree source.Tree
	// Files are those that differ between it and the state that was asked
	// about, sorted by path.
	Files []FileStatus
}

// Brought returns the base of a state, a commit or Index, that more than base
// went into. What a file is in one of the others, it was made there, and base
// left it alone, is none of the state's own changes: it stands in the tree as it
// was brought. This is what git makes of a merge without conflict, file by file;
// a file that both sides changed is compared with base.
func (r *Repo) Brought(ctx context.Context, base, to string, others []string) (*Brought, error) {
	var err error
	lists := map[string]map[string]staged{}
	load := func(commit string) map[string]staged {
		if m := lists[commit]; m != nil || err != nil {
			return m
		}
		var files []staged
		files, err = r.list(ctx, commit)
		m := make(map[string]staged, len(files))
		for _, f := range files {
			if _, dup := m[f.path]; !dup {
				m[f.path] = f
			}
		}
		lists[commit] = m
		return m
	}
	was, is := load(base), load(to)
	brought := map[string]bool{}
	for _, other := range others {
		from, fault := r.MergeBase(ctx, base, other)
		if missing := new(MissingRef); errors.As(fault, &missing) || ctx.Err() != nil {
			return nil, fault
		} else if fault != nil {
			from = Nothing // histories that have nothing in common
		}
		theirs, before := load(other), load(from)
		for _, files := range []map[string]staged{was, is} {
			for p := range files {
				if is[p].stage == "" && same(is, theirs, p) && same(was, before, p) && !same(was, is, p) {
					brought[p] = true
				}
			}
		}
	}
	if err != nil {
		return nil, err
	}
	b := &Brought{}
	var files []staged
	for p, f := range was {
		if !brought[p] {
			files = append(files, f)
		}
	}
	for p, f := range is {
		if brought[p] {
			files = append(files, f)
		}
	}
	if b.Tree, err = r.newTree(ctx, files); err != nil {
		return nil, err
	}
	b.Files, err = r.Diff(ctx, base, to)
	b.Files = own(b.Files, brought)
	return b, err
}

// same says whether two states have the same at a path, or both nothing.
func same(a, b map[string]staged, p string) bool {
	x, y := a[p], b[p]
	return x.id == y.id && x.mode == y.mode
}

// own leaves of the changed files those that were not brought; of a renaming
// one half may be.
func own(files []FileStatus, brought map[string]bool) []FileStatus {
	var out []FileStatus
	for _, f := range files {
		switch from, to := f.Previous != "" && brought[f.Previous], brought[f.Path]; {
		case from && !to:
			f = FileStatus{Path: f.Path, Status: Added}
		case to && !from && f.Previous != "":
			f = FileStatus{Path: f.Previous, Status: Deleted}
		case to:
			continue
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b FileStatus) int { return strings.Compare(a.Path, b.Path) })
	return out
}
