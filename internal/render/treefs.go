package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"gate/internal/source"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// fsRoot is where kustomize sees the tree. It is no real directory; a path
// that climbs above it is refused instead of being clamped to "/".
const fsRoot = "/tree"

var errReadOnly = errors.New("the tree is read-only")

// treeFS is a kyaml file system over a source.Tree: read-only and confined.
type treeFS struct {
	in   *input
	dirs map[string]bool
	// replaced is content that stands in for a file's own.
	replaced map[string][]byte
}

// rel turns a path of kustomize into one of the tree.
func (t *treeFS) rel(p string) (string, error) {
	if !path.IsAbs(p) {
		p = path.Join(fsRoot, p)
	}
	p = path.Clean(p)
	if p == fsRoot {
		return ".", nil
	}
	rel, ok := strings.CutPrefix(p, fsRoot+"/")
	if !ok {
		return "", fmt.Errorf("%s: %w", path.Base(p), source.ErrEscapes)
	}
	return rel, nil
}

func abs(rel string) string { return path.Join(fsRoot, rel) }

func (t *treeFS) isFile(rel string) bool {
	if _, ok := t.in.virtual[rel]; ok {
		return true
	}
	e, ok := t.in.tree.Lookup(rel)
	if !ok {
		return false
	}
	if e.Symlink {
		_, err := t.in.tree.ReadFile(rel)
		return err == nil || errors.Is(err, source.ErrEscapes)
	}
	return true
}

// IsDir is part of filesys.FileSystem.
func (t *treeFS) IsDir(p string) bool {
	rel, err := t.rel(p)
	return err == nil && t.dirs[rel]
}

// Exists is part of filesys.FileSystem.
func (t *treeFS) Exists(p string) bool {
	rel, err := t.rel(p)
	return err == nil && (t.dirs[rel] || t.isFile(rel))
}

// CleanedAbs is part of filesys.FileSystem.
func (t *treeFS) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	rel, err := t.rel(p)
	if err != nil {
		return "", "", err
	}
	if t.dirs[rel] {
		return filesys.ConfirmedDir(abs(rel)), "", nil
	}
	if t.isFile(rel) {
		return filesys.ConfirmedDir(abs(path.Dir(rel))), path.Base(rel), nil
	}
	return "", "", &fs.PathError{Op: "find", Path: rel, Err: fs.ErrNotExist}
}

// ReadFile is part of filesys.FileSystem.
func (t *treeFS) ReadFile(p string) ([]byte, error) {
	rel, err := t.rel(p)
	if err != nil {
		return nil, err
	}
	if t.dirs[rel] {
		return nil, &fs.PathError{Op: "read", Path: rel, Err: errors.New("is a directory")}
	}
	if _, made := t.in.virtual[rel]; !made {
		data, err := t.in.tree.ReadFile(rel)
		if err != nil {
			return nil, err
		}
		t.in.note(rel, data)
		if _, ok := t.replaced[rel]; !ok {
			return data, nil
		}
	}
	if r, ok := t.replaced[rel]; ok {
		return r, nil
	}
	return t.in.virtual[rel], nil
}

// Open is part of filesys.FileSystem.
func (t *treeFS) Open(p string) (filesys.File, error) {
	data, err := t.ReadFile(p)
	if err != nil {
		return nil, err
	}
	return &openFile{Reader: bytes.NewReader(data), name: path.Base(p), size: int64(len(data))}, nil
}

// ReadDir is part of filesys.FileSystem.
func (t *treeFS) ReadDir(p string) ([]string, error) {
	rel, err := t.rel(p)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range source.Below(t.in.tree, rel) {
		name := e.Path
		if rel != "." {
			name = e.Path[len(rel)+1:]
		}
		seen[strings.SplitN(name, "/", 2)[0]] = true
	}
	out := make([]string, 0, len(seen))
	for n := range seen {
		out = append(out, n)
	}
	sort.Strings(out)
	return out, nil
}

// Glob is part of filesys.FileSystem.
func (t *treeFS) Glob(pattern string) ([]string, error) {
	var out []string
	for _, e := range t.in.tree.Entries() {
		ok, err := path.Match(pattern, abs(e.Path))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, abs(e.Path))
		}
	}
	return out, nil
}

// Walk is part of filesys.FileSystem; kustomize builds do not use it.
func (t *treeFS) Walk(string, filepath.WalkFunc) error {
	return errors.New("walking the tree is not supported")
}

// Create is refused.
func (t *treeFS) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir is refused.
func (t *treeFS) Mkdir(string) error { return errReadOnly }

// MkdirAll is refused.
func (t *treeFS) MkdirAll(string) error { return errReadOnly }

// RemoveAll is refused.
func (t *treeFS) RemoveAll(string) error { return errReadOnly }

// WriteFile is refused.
func (t *treeFS) WriteFile(string, []byte) error { return errReadOnly }

// openFile is an open file of a treeFS.
type openFile struct {
	*bytes.Reader
	name string
	size int64
}

// Close does nothing.
func (f *openFile) Close() error { return nil }

// Write is refused.
func (f *openFile) Write([]byte) (int, error) { return 0, errReadOnly }

// Stat returns name and size.
func (f *openFile) Stat() (fs.FileInfo, error) { return openInfo{f}, nil }

type openInfo struct{ f *openFile }

var _ io.ReadCloser = (*openFile)(nil)

func (i openInfo) Name() string       { return i.f.name }
func (i openInfo) Size() int64        { return i.f.size }
func (i openInfo) Mode() fs.FileMode  { return 0o444 }
func (i openInfo) ModTime() time.Time { return time.Time{} }
func (i openInfo) IsDir() bool        { return false }
func (i openInfo) Sys() any           { return nil }
