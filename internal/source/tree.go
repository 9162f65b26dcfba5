package source

import (
	"errors"
	"io/fs"
)

// Tree is a set of files that is read and judged: a work tree, the index or
// a commit. Reading never leaves the root, symbolic links included.
type Tree interface {
	// Entries returns every file, sorted by path.
	Entries() []Entry
	// Lookup returns the entry at path.
	Lookup(path string) (Entry, bool)
	// ReadFile returns the content of a regular file, following symbolic
	// links that stay inside the root. The error of a link that leaves it
	// wraps ErrEscapes, of a missing file fs.ErrNotExist, of a file above
	// the size limit ErrTooLarge.
	ReadFile(path string) ([]byte, error)
}

// NoFiles is a Tree without files.
type NoFiles struct{}

// Entries returns nothing.
func (NoFiles) Entries() []Entry { return nil }

// Lookup finds nothing.
func (NoFiles) Lookup(string) (Entry, bool) { return Entry{}, false }

// ReadFile finds nothing.
func (NoFiles) ReadFile(path string) ([]byte, error) {
	return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
}

// Entry is one file of a Tree.
type Entry struct {
	Path       string // relative to the root, forward slashes
	Size       int64  // bytes
	Symlink    bool
	Executable bool
	Tracked    bool // known to git
}

var (
	// ErrEscapes is wrapped by errors about links and paths that leave the root.
	ErrEscapes = errors.New("path leaves the root")
	// ErrTooLarge is wrapped by errors about files above the size limit.
	ErrTooLarge = errors.New("file is above the size limit")
)

// Error is a fault of an input at a place in it.
type Error struct {
	Position
	Msg  string
	Hint string // what would settle it, or empty
	// Cause is the kind of what is missing, where one command settles all of the
	// kind; else empty.
	Cause Cause
}

// Cause is a kind of what a run lacks because it lies outside of the tree.
type Cause string

// The causes.
const (
	CauseChart  Cause = "chart"  // a chart of a registry or repository
	CauseRemote Cause = "remote" // a base, module or source that another repository holds
	CauseModule Cause = "module" // a Terraform module that is not in the tree
	// CauseElsewhere: what a controller deploys from another repository.
	CauseElsewhere Cause = "elsewhere"
)

// Error returns the place and the message.
func (e *Error) Error() string {
	if e.File == "" && e.Line == 0 {
		return e.Msg
	}
	return e.Position.String() + ": " + e.Msg
}
