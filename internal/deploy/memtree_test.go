package deploy

import (
	"io/fs"
	"sort"

	"gate/internal/source"
)

// memTree is a source.Tree in memory.
type memTree map[string]string

func (m memTree) Entries() []source.Entry {
	out := make([]source.Entry, 0, len(m))
	for p, c := range m {
		out = append(out, source.Entry{Path: p, Size: int64(len(c)), Tracked: true})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

func (m memTree) Lookup(p string) (source.Entry, bool) {
	c, ok := m[p]
	return source.Entry{Path: p, Size: int64(len(c))}, ok
}

func (m memTree) ReadFile(p string) ([]byte, error) {
	c, ok := m[p]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(c), nil
}
