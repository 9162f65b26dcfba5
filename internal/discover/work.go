package discover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/source"
)

// Limits of one tree.
const (
	maxFileBytes = 64 << 20
	maxFiles     = 1_000_000
)

// Work is a work tree on disk. It implements source.Tree over os.Root, so that
// no path and no symbolic link leads out of it.
type Work struct {
	root    *os.Root
	entries []source.Entry
	index   map[string]int
	links   map[string]bool // symbolic links of the tree
	notes   []facts.Entry
}

// Open returns the tree at dir. With a repository, which must have been opened
// at the same directory, it holds what git tracks, whatever ignore files say,
// and untracked files that are not ignored; without one every file. In both
// cases only .git is left out. Close must be called in the end.
func Open(ctx context.Context, dir string, repo *git.Repo) (*Work, error) {
	if repo != nil {
		abs, err := filepath.Abs(dir)
		if err == nil {
			abs, err = filepath.EvalSymlinks(abs)
		}
		if err != nil {
			return nil, fmt.Errorf("open work tree %s: %w", dir, err)
		}
		if abs != repo.Dir() {
			return nil, fmt.Errorf("open work tree %s: the repository was opened at %s", dir, repo.Dir())
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open work tree: %w", err)
	}
	w := &Work{root: root}
	if repo != nil {
		err = w.list(ctx, repo)
	} else {
		err = w.walk(ctx, ".")
	}
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("open work tree %s: %w", dir, err)
	}
	slices.SortFunc(w.entries, func(a, b source.Entry) int { return strings.Compare(a.Path, b.Path) })
	w.entries = slices.CompactFunc(w.entries, func(a, b source.Entry) bool { return a.Path == b.Path })
	w.index, w.links = make(map[string]int, len(w.entries)), map[string]bool{}
	for i, e := range w.entries {
		w.index[e.Path] = i
		if e.Symlink {
			w.links[e.Path] = true
		}
	}
	return w, nil
}

// Link returns the text of the symbolic link at p.
func (w *Work) Link(p string) (string, error) {
	text, err := w.root.Readlink(filepath.FromSlash(p))
	return filepath.ToSlash(text), bare(err)
}

// Close closes the root directory; nothing can be read afterwards.
func (w *Work) Close() error { return w.root.Close() }

// Notes are ledger entries for what the tree holds and does not list:
// files that were deleted or cannot be looked at or were left out by a sparse
// checkout, submodules without their files, sockets and devices.
func (w *Work) Notes() []facts.Entry { return w.notes }

func (w *Work) list(ctx context.Context, repo *git.Repo) error {
	l, err := repo.List(ctx)
	if err != nil {
		return err
	}
	w.entries = l.Entries
	for _, p := range l.Deleted {
		w.note(p, facts.NotApplicable, "tracked, but deleted in the work tree", "")
	}
	for _, u := range l.Unreadable {
		w.note(u.Path, facts.Failed, "cannot be read: "+u.Reason, "")
	}
	for _, p := range l.Sparse {
		w.note(p, facts.Failed, "tracked, but left out by a sparse checkout", "git sparse-checkout disable")
	}
	for _, p := range l.Submodules {
		if err := w.submodule(ctx, p); err != nil {
			return err
		}
	}
	// Git does not look into an untracked repository, but a controller or a
	// reference may.
	for _, p := range l.Nested {
		if err := w.walk(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// submodule adds the files of a submodule: controllers that clone the
// repository clone it too, and apply what stands in it.
func (w *Work) submodule(ctx context.Context, p string) error {
	before := len(w.entries) + len(w.notes)
	if info, err := w.root.Lstat(p); err == nil && info.IsDir() {
		if err := w.walk(ctx, p); err != nil {
			return err
		}
	}
	if len(w.entries)+len(w.notes) == before {
		w.notes = append(w.notes, unreadSubmodule(p))
	}
	return nil
}

// unreadSubmodule is the entry of a submodule whose files are not there.
func unreadSubmodule(p string) facts.Entry {
	return facts.Entry{
		Kind: "file", ID: p, State: facts.Failed, Reason: "submodule without its files: what it holds is not judged",
		Hint:  "git submodule update --init, or list the path under exclude in .gate.yaml if nothing of it is applied",
		Place: source.Position{File: p, Approximate: true},
	}
}

// unmerged is the entry of a file that is staged as a conflict.
func unmerged(p string) facts.Entry {
	return facts.Entry{
		Kind: "file", ID: p, State: facts.Failed, Reason: "unmerged: what a commit would hold here is not known",
		Hint: "resolve the conflict and git add the file", Place: source.Position{File: p, Approximate: true},
	}
}

func (w *Work) note(p string, state facts.State, reason, hint string) {
	w.notes = append(w.notes, facts.Entry{Kind: "file", ID: p, State: state, Reason: reason, Hint: hint, Place: source.Position{File: p, Approximate: true}})
}

// walk adds every file below dir but those below a .git.
func (w *Work) walk(ctx context.Context, dir string) error {
	return fs.WalkDir(w.root.FS(), dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == dir {
				return err
			}
			w.note(p, facts.Failed, "cannot be read: "+reason(err), "")
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if d.Name() == ".git" {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if len(w.entries) >= maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		info, err := d.Info()
		if err != nil {
			return nil // gone meanwhile
		}
		mode := info.Mode()
		if !mode.IsRegular() && mode&fs.ModeSymlink == 0 {
			w.note(p, facts.NotApplicable, "not a regular file", "")
			return nil
		}
		w.entries = append(w.entries, source.Entry{
			Path: p, Size: info.Size(), Symlink: mode&fs.ModeSymlink != 0, Executable: mode.IsRegular() && mode&0o111 != 0,
		})
		return nil
	})
}

// Entries returns every file, sorted by path.
func (w *Work) Entries() []source.Entry { return w.entries }

// Lookup returns the entry at p.
func (w *Work) Lookup(p string) (source.Entry, bool) {
	i, ok := w.index[p]
	if !ok {
		return source.Entry{}, false
	}
	return w.entries[i], true
}

// errDirectory is the error of reading a directory.
var errDirectory = errors.New("is a directory")

// ReadFile returns the content of the regular file at p, following links that
// stay inside the tree. What git ignores can be read too: a unit that refers
// to it applies it. What stands in .git cannot: it is no part of the tree, and
// CI leaves its credentials there.
func (w *Work) ReadFile(p string) ([]byte, error) {
	if !fs.ValidPath(p) || path.Clean(p) != p {
		return nil, fmt.Errorf("read %s: %w", p, source.ErrEscapes)
	}
	if err := w.outsideGit(p); err != nil {
		return nil, fmt.Errorf("read %s: %w", p, err)
	}
	// Opening must not wait for the writer of a named pipe.
	f, err := w.root.OpenFile(filepath.FromSlash(p), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if strings.Contains(err.Error(), "escapes from parent") { // os does not export its error
			return nil, fmt.Errorf("read %s: %w", p, source.ErrEscapes)
		}
		return nil, fmt.Errorf("read %s: %w", p, bare(err))
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", p, bare(err))
	case info.IsDir():
		return nil, fmt.Errorf("read %s: %w", p, errDirectory)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read %s: not a regular file", p)
	case info.Size() > maxFileBytes:
		return nil, fmt.Errorf("read %s: %w", p, source.ErrTooLarge)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p, bare(err))
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("read %s: %w", p, source.ErrTooLarge)
	}
	return data, nil
}

// outsideGit refuses paths that lead into a .git directory, by themselves or by
// a link of the tree. Links that git ignores are not the author's to make.
func (w *Work) outsideGit(p string) error {
	rest := strings.Split(p, "/")
	done, links := ".", 0
	for len(rest) > 0 {
		e := rest[0]
		rest = rest[1:]
		switch {
		case e == "" || e == ".":
			continue
		case e == "..":
			done = path.Dir(done)
			continue
		case isGitDir(e):
			return source.ErrEscapes
		}
		done = path.Join(done, e)
		if !w.links[done] {
			continue
		}
		target, err := w.root.Readlink(filepath.FromSlash(done))
		if err != nil || filepath.IsAbs(target) {
			return nil // opening it is the error
		}
		if links++; links > 40 {
			return errors.New("too many levels of symbolic links")
		}
		done, rest = path.Dir(done), append(strings.Split(filepath.ToSlash(target), "/"), rest...)
	}
	return nil
}

// isGitDir says whether a file system could take the name for .git: some
// ignore case, trailing dots and spaces, or characters without a width.
func isGitDir(name string) bool {
	name = strings.Map(func(r rune) rune {
		if r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x206a && r <= 0x206f || r == 0xfeff {
			return -1
		}
		return r
	}, name)
	return strings.EqualFold(strings.TrimRight(name, ". "), ".git") || strings.EqualFold(name, "git~1")
}

// bare takes the operation and the path, which may be one of this machine, out
// of an error.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func reason(err error) string { return bare(err).Error() }
