package fetch

import (
	"errors"
	"io/fs"

	"gate/internal/source"
)

// ReadLock reads the lock file of a tree, which need not exist.
func ReadLock(tree source.Tree) (*Lock, error) {
	data, err := tree.ReadFile(LockFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Lock{}, nil
	case err != nil:
		return nil, &source.Error{Position: source.Position{File: LockFile}, Msg: "cannot be read: " + err.Error()}
	}
	return ParseLock(LockFile, data)
}
