package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"gate/internal/source"
)

// maxFileBytes is the size above which a blob is not read.
const maxFileBytes = 64 << 20

// Tree returns the files of a commit, or of Nothing. Blobs are read when they
// are asked for, never checked out, and as they are stored: no filter and no
// end-of-line conversion. Reading is possible until the repository is closed or
// ctx ends.
func (r *Repo) Tree(ctx context.Context, commit string) (source.Tree, error) {
	files, err := r.list(ctx, commit)
	if err != nil {
		return nil, err
	}
	return r.newTree(ctx, files)
}

// list returns what a commit, Index or Nothing has at which path, submodules as
// well.
func (r *Repo) list(ctx context.Context, commit string) ([]staged, error) {
	switch commit {
	case Nothing:
		return nil, nil
	case Index:
		return r.listIndex(ctx)
	}
	id, err := r.Resolve(ctx, commit)
	if err != nil {
		return nil, err
	}
	out, err := r.run(ctx, nil, "ls-tree", "-r", "-z", id)
	if err != nil {
		return nil, fmt.Errorf("list the tree of %s: %w", id, err)
	}
	var files []staged
	for _, line := range split(out) {
		meta, p, ok := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 3 || !clean(p) {
			return nil, fmt.Errorf("list the tree of %s: git answered %q", id, line)
		}
		files = append(files, staged{mode: f[0], id: f[2], path: p})
	}
	return files, nil
}

// tree is the files of a commit or of the index.
type tree struct {
	repo    *Repo
	ctx     context.Context // of the one who asked for the tree: blobs are read later
	entries []source.Entry
	blobs   map[string]blob // by path
	dirs    map[string]bool
	modules []string // paths of submodules

	unmerged []string // paths that are staged as a conflict
}

type blob struct {
	id    string
	index int // in entries
}

func (r *Repo) newTree(ctx context.Context, files []staged) (*tree, error) {
	t := &tree{repo: r, ctx: ctx, blobs: make(map[string]blob, len(files)), dirs: map[string]bool{".": true}}
	slices.SortStableFunc(files, func(a, b staged) int { return strings.Compare(a.path, b.path) })
	for _, f := range files {
		if f.stage != "" && (len(t.unmerged) == 0 || t.unmerged[len(t.unmerged)-1] != f.path) {
			t.unmerged = append(t.unmerged, f.path)
		}
		if f.mode == modeSubmodule {
			t.modules = append(t.modules, f.path)
			continue
		}
		if _, dup := t.blobs[f.path]; dup {
			continue
		}
		t.blobs[f.path] = blob{id: f.id, index: len(t.entries)}
		t.entries = append(t.entries, source.Entry{Path: f.path, Symlink: f.mode == modeSymlink, Executable: f.mode == modeExecutable, Tracked: true})
		for d := path.Dir(f.path); !t.dirs[d]; d = path.Dir(d) {
			t.dirs[d] = true
		}
	}
	if r.partial { // sizes would be fetched: they stay 0
		return t, nil
	}
	return t, t.sizes(ctx)
}

// sizes asks git for the sizes of all blobs at once.
func (t *tree) sizes(ctx context.Context) error {
	var in strings.Builder
	for i := range t.entries {
		in.WriteString(t.blobs[t.entries[i].Path].id + "\n")
	}
	out, err := t.repo.run(ctx, strings.NewReader(in.String()), "cat-file", "--buffer", "--batch-check=%(objectsize)")
	if err != nil {
		return fmt.Errorf("read the sizes of files: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i := range t.entries {
		if i < len(lines) { // "ID missing" stays 0: reading it is the error
			if n, err := strconv.ParseInt(lines[i], 10, 64); err == nil {
				t.entries[i].Size = n
			}
		}
	}
	return nil
}

// Entries returns every file, sorted by path. Sizes are 0 in a partial clone.
func (t *tree) Entries() []source.Entry { return t.entries }

// Submodules returns the paths of submodules, sorted; their files are in
// another repository.
func (t *tree) Submodules() []string { return t.modules }

// Unmerged returns the paths of which the index has the sides of a conflict and
// no content, sorted. What can be read of them is HEAD's side, if it has one.
func (t *tree) Unmerged() []string { return t.unmerged }

// Lookup returns the entry at p.
func (t *tree) Lookup(p string) (source.Entry, bool) {
	b, ok := t.blobs[p]
	if !ok {
		return source.Entry{}, false
	}
	return t.entries[b.index], true
}

// Link returns the text of the symbolic link at p.
func (t *tree) Link(p string) (string, error) {
	if e, ok := t.Lookup(p); !ok || !e.Symlink {
		return "", fs.ErrInvalid
	}
	text, err := t.blob(p)
	return string(text), err
}

// Real returns the path that p leads to, following links.
func (t *tree) Real(p string) (string, error) { return t.resolve(p) }

// ReadFile returns the content of the file at p, following links.
func (t *tree) ReadFile(p string) ([]byte, error) {
	real, err := t.resolve(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	data, err := t.blob(real)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	return data, nil
}

func (t *tree) blob(p string) ([]byte, error) {
	b, ok := t.blobs[p]
	if !ok {
		if t.dirs[p] {
			return nil, errors.New("is a directory")
		}
		return nil, fs.ErrNotExist
	}
	return t.repo.blob(t.ctx, b.id)
}

// resolve follows symbolic links in every element of p, as the file system
// would, inside the tree.
func (t *tree) resolve(p string) (string, error) {
	if !clean(p) {
		return "", source.ErrEscapes
	}
	rest := strings.Split(p, "/")
	done, links := ".", 0
	for len(rest) > 0 {
		switch e := rest[0]; {
		case e == "" || e == ".":
			rest = rest[1:]
			continue
		case e == "..":
			if done == "." {
				return "", source.ErrEscapes
			}
			done, rest = path.Dir(done), rest[1:]
			continue
		}
		next := path.Join(done, rest[0])
		rest = rest[1:]
		entry, ok := t.Lookup(next)
		if !ok || !entry.Symlink {
			if !ok && !t.dirs[next] {
				return "", fs.ErrNotExist
			}
			done = next
			continue
		}
		if links++; links > 40 {
			return "", errors.New("too many symbolic links")
		}
		target, err := t.blob(next)
		if err != nil {
			return "", err
		}
		if len(target) == 0 || target[0] == '/' {
			return "", source.ErrEscapes
		}
		rest = append(strings.Split(string(target), "/"), rest...)
		if len(rest) > 4096 {
			return "", errors.New("too many symbolic links")
		}
	}
	return done, nil
}
