package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gate/internal/source"
)

// Listing is what a work tree holds, beside what is not read.
type Listing struct {
	// Entries are the files: tracked ones, whatever ignore files say, and
	// untracked ones that are not ignored.
	Entries []source.Entry
	// Deleted are tracked files that the work tree does not have.
	Deleted []string
	// Unreadable are files, or directories with whatever they hold, that the
	// file system refuses to show.
	Unreadable []Unreadable
	// Submodules are the paths of submodules; their files are not listed.
	Submodules []string
	// Sparse are tracked files that a sparse checkout left out.
	Sparse []string
	// Nested are untracked directories that are repositories of their own,
	// without the slash; git does not look into them.
	Nested []string
}

// Unreadable is a path that could not be looked at, and why.
type Unreadable struct {
	Path   string
	Reason string
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
		entry, err := stat(root, f.path)
		switch {
		case err == nil:
			entry.Tracked = true
			l.Entries = append(l.Entries, entry)
		case f.sparse:
			l.Sparse = append(l.Sparse, f.path)
		case gone(err):
			l.Deleted = append(l.Deleted, f.path)
		default: // never taken for deleted: that would be passed unread
			l.Unreadable = append(l.Unreadable, Unreadable{Path: f.path, Reason: reason(err)})
		}
	}
	others, warnings, err := r.runBoth(ctx, nil, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, fmt.Errorf("list untracked files: %w", err)
	}
	l.Unreadable = append(l.Unreadable, r.unopened(string(warnings))...)
	for _, p := range split(others) {
		if dir, ok := strings.CutSuffix(p, "/"); ok {
			l.Nested = append(l.Nested, dir)
			continue
		}
		if seen[p] {
			continue
		}
		entry, err := stat(root, p)
		switch {
		case err == nil:
			l.Entries = append(l.Entries, entry)
		case !gone(err):
			l.Unreadable = append(l.Unreadable, Unreadable{Path: p, Reason: reason(err)})
		}
	}
	slices.SortFunc(l.Entries, func(a, b source.Entry) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(l.Unreadable, func(a, b Unreadable) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(l.Deleted)
	slices.Sort(l.Submodules)
	slices.Sort(l.Sparse)
	slices.Sort(l.Nested)
	return l, nil
}

// errDirectory is the error of a directory where a file was tracked.
var errDirectory = errors.New("is a directory")

func stat(root *os.Root, p string) (source.Entry, error) {
	info, err := root.Lstat(p)
	if err != nil {
		return source.Entry{}, err
	}
	if info.IsDir() {
		return source.Entry{}, errDirectory
	}
	return source.Entry{
		Path:       p,
		Size:       info.Size(),
		Symlink:    info.Mode()&fs.ModeSymlink != 0,
		Executable: info.Mode()&0o111 != 0 && info.Mode().IsRegular(),
	}, nil
}

// gone says that there is no such file, which is something else than one that
// cannot be seen.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, errDirectory)
}

// reason is an error without the path of the machine.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// unopened reads what git says about directories that it left out: it still
// exits with 0.
func (r *Repo) unopened(warnings string) []Unreadable {
	const begin, middle = "warning: could not open directory '", "': "
	var out []Unreadable
	for line := range strings.SplitSeq(warnings, "\n") {
		rest, ok := strings.CutPrefix(line, begin)
		if !ok {
			continue
		}
		u := Unreadable{Path: ".", Reason: "a directory cannot be read"}
		if i := strings.LastIndex(rest, middle); i >= 0 {
			// The path is one below the top of the work tree.
			if rel, err := filepath.Rel(r.dir, filepath.Join(r.top, filepath.FromSlash(rest[:i]))); err == nil && filepath.IsLocal(rel) {
				u = Unreadable{Path: filepath.ToSlash(rel), Reason: strings.ToLower(rest[i+len(middle):])}
			}
		}
		out = append(out, u)
	}
	return out
}

// The modes of index and tree entries: gitformat-index(5).
const (
	modeSymlink    = "120000"
	modeExecutable = "100755"
	modeSubmodule  = "160000"
)

type staged struct {
	mode, id, path string
	stage          string // of a conflict: 1, 2, 3; else empty
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
	return staged{mode: f[1], id: f[2], path: p, stage: strings.Trim(f[3], "0"), sparse: f[0] == "S"}, nil
}

// clean says whether p is a path that stays where it is put.
func clean(p string) bool {
	return p != "" && p != "." && p != ".." && !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "../") && path.Clean(p) == p
}
