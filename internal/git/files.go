package git

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// Listing is what a work tree holds, beside what is not read.
type Listing struct {
	// Entries are the files: tracked ones, whatever ignore files say, and
	// untracked ones that are not ignored. Those deleted in the work tree are
	// left out.
	Entries []source.Entry
	// Submodules are the paths of submodules; their files are not listed.
	Submodules []string
	// Sparse are tracked files that a sparse checkout left out.
	Sparse []string
	// Nested are untracked directories that are repositories of their own,
	// without the slash; git does not look into them.
	Nested []string
}

// Files returns the files of the work tree, sorted by path.
func (r *Repo) Files(ctx context.Context) ([]source.Entry, error) {
	l, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	return l.Entries, nil
}

// List returns the files of the work tree with what it does not read.
func (r *Repo) List(ctx context.Context) (*Listing, error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	defer root.Close()
	tracked, err := r.run(ctx, nil, "ls-files", "-z", "-t", "--stage")
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	l := &Listing{}
	seen := map[string]bool{}
	for _, line := range split(tracked) {
		f, err := parseStage(line)
		if err != nil {
			return nil, fmt.Errorf("list files: %w", err)
		}
		if seen[f.path] { // the stages of a conflict
			continue
		}
		seen[f.path] = true
		if f.mode == modeSubmodule {
			l.Submodules = append(l.Submodules, f.path)
			continue
		}
		entry, ok := stat(root, f.path)
		switch {
		case ok:
			entry.Tracked = true
			l.Entries = append(l.Entries, entry)
		case f.sparse:
			l.Sparse = append(l.Sparse, f.path)
		}
	}
	others, err := r.run(ctx, nil, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("list untracked files: %w", err)
	}
	for _, p := range split(others) {
		if dir, ok := strings.CutSuffix(p, "/"); ok {
			l.Nested = append(l.Nested, dir)
			continue
		}
		if seen[p] {
			continue
		}
		if entry, ok := stat(root, p); ok {
			l.Entries = append(l.Entries, entry)
		}
	}
	slices.SortFunc(l.Entries, func(a, b source.Entry) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(l.Submodules)
	slices.Sort(l.Sparse)
	slices.Sort(l.Nested)
	return l, nil
}

func stat(root *os.Root, p string) (source.Entry, bool) {
	info, err := root.Lstat(p)
	if err != nil || info.IsDir() {
		return source.Entry{}, false
	}
	return source.Entry{
		Path:       p,
		Size:       info.Size(),
		Symlink:    info.Mode()&fs.ModeSymlink != 0,
		Executable: info.Mode()&0o111 != 0 && info.Mode().IsRegular(),
	}, true
}

// The modes of index and tree entries: gitformat-index(5).
const (
	modeSymlink    = "120000"
	modeExecutable = "100755"
	modeSubmodule  = "160000"
)

type staged struct {
	mode, id, path string
	sparse         bool
}

// parseStage reads a line of ls-files -t --stage: "H 100644 ID 0\tpath"; the
// tag S marks what a sparse checkout left out.
func parseStage(line string) (staged, error) {
	meta, p, ok := strings.Cut(line, "\t")
	f := strings.Fields(meta)
	if !ok || len(f) != 4 || !clean(p) {
		return staged{}, fmt.Errorf("git answered %q", line)
	}
	return staged{mode: f[1], id: f[2], path: p, sparse: f[0] == "S"}, nil
}

// clean says whether p is a path that stays where it is put.
func clean(p string) bool {
	return p != "" && p != "." && p != ".." && !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "../") && path.Clean(p) == p
}
