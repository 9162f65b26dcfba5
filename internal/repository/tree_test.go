package repository

import (
	"io/fs"
	"maps"
	"slices"

	"gate/internal/source"
)

// files is a tree in memory.
type files map[string]string

func (f files) Entries() []source.Entry {
	var out []source.Entry
	for _, p := range slices.Sorted(maps.Keys(f)) {
		out = append(out, source.Entry{Path: p, Size: int64(len(f[p])), Tracked: true})
	}
	return out
}

func (f files) Lookup(p string) (source.Entry, bool) {
	s, ok := f[p]
	return source.Entry{Path: p, Size: int64(len(s)), Tracked: true}, ok
}

func (f files) ReadFile(p string) ([]byte, error) {
	s, ok := f[p]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(s), nil
}
