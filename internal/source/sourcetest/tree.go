// Package sourcetest has the tree that tests read: one that is written down,
// as a map or as a text, and stands nowhere on a disk.
package sourcetest

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"gate/internal/source"
)

// Tree is a source.Tree of plain files that git knows: contents by path.
type Tree map[string]string

// Parse reads a tree as it is written in one text: each file stands behind a
// line "-- path --", and ends in one line feed unless it is empty. What stands
// before the first such line is a remark.
func Parse(text string) Tree {
	out := Tree{}
	for file := range strings.SplitSeq("\n"+text, "\n-- ") {
		name, content, ok := strings.Cut(file+"\n", " --\n")
		if !ok || strings.Contains(name, "\n") {
			continue
		}
		if content = strings.TrimRight(content, "\n"); content != "" {
			content += "\n"
		}
		out[name] = content
	}
	return out
}

// Entries returns the files, sorted by path.
func (t Tree) Entries() []source.Entry {
	out := make([]source.Entry, 0, len(t))
	for _, p := range slices.Sorted(maps.Keys(t)) {
		out = append(out, t.entry(p))
	}
	return out
}

// Lookup returns the file at path.
func (t Tree) Lookup(path string) (source.Entry, bool) {
	if _, ok := t[path]; !ok {
		return source.Entry{}, false
	}
	return t.entry(path), true
}

func (t Tree) entry(path string) source.Entry {
	return source.Entry{Path: path, Size: int64(len(t[path])), Tracked: true}
}

// ReadFile returns what is written at path.
func (t Tree) ReadFile(path string) ([]byte, error) {
	text, ok := t[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// Odd is a tree of which some files are not plain ones.
type Odd struct {
	source.Tree
	Links       []string // are symbolic links, read as what they lead to
	Executables []string
	Errors      map[string]error // what reading a file ends with
}

// Entries returns the files, sorted by path.
func (o Odd) Entries() []source.Entry {
	out := slices.Clone(o.Tree.Entries())
	for i := range out {
		out[i] = o.mark(out[i])
	}
	return out
}

// Lookup returns the file at path.
func (o Odd) Lookup(path string) (source.Entry, bool) {
	e, ok := o.Tree.Lookup(path)
	return o.mark(e), ok
}

func (o Odd) mark(e source.Entry) source.Entry {
	e.Symlink = e.Symlink || slices.Contains(o.Links, e.Path)
	e.Executable = e.Executable || slices.Contains(o.Executables, e.Path)
	return e
}

// ReadFile returns the content, or the error of the file at path.
func (o Odd) ReadFile(path string) ([]byte, error) {
	if err := o.Errors[path]; err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return o.Tree.ReadFile(path)
}
