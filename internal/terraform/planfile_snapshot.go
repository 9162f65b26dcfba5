package terraform

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// snapshotTree is a tree with the modules that a binary plan brought along and
// that the tree has not.
type snapshotTree struct {
	source.Tree
	entries []source.Entry
	files   map[string][]byte
}

// Entries returns the files of both, sorted by path.
func (t *snapshotTree) Entries() []source.Entry { return t.entries }

// Lookup returns the entry at a path.
func (t *snapshotTree) Lookup(p string) (source.Entry, bool) {
	if e, ok := t.Tree.Lookup(p); ok {
		return e, ok
	}
	data, ok := t.files[p]
	return source.Entry{Path: p, Size: int64(len(data))}, ok
}

// ReadFile returns the content of a file of either.
func (t *snapshotTree) ReadFile(p string) ([]byte, error) {
	if data, ok := t.files[p]; ok {
		return data, nil
	}
	return t.Tree.ReadFile(p)
}

// useSnapshot lets the stack's remote modules be read from the binary plan.
// Only what the tree does not hold is taken: a person mends the tree.
func (c *collector) useSnapshot(s *stackInput, b *PlanBinary) {
	if s.skip || s.sources == nil || s.sources.root == nil || s.sources.unit != nil {
		return
	}
	tree := &snapshotTree{Tree: c.loader.tree, files: map[string][]byte{}}
	manifest := map[string]string{}
	for _, m := range b.modules {
		dir := path.Join(s.path, strings.ReplaceAll(m.Dir, `\`, "/"))
		if m.Key == "" || m.Dir == "" || path.IsAbs(m.Dir) || dir == ".." || strings.HasPrefix(dir, "../") || c.loader.files[dir] != nil {
			continue
		}
		manifest[m.Key] = dir
		for name, data := range b.files[m.Key] {
			if p := path.Join(dir, name); path.Dir(p) == dir {
				if _, err := c.loader.tree.ReadFile(p); err != nil {
					tree.files[p] = data
				}
			}
		}
	}
	if _, err := c.loader.tree.ReadFile(path.Join(s.path, ".terraform.lock.hcl")); err != nil && b.lock != nil {
		tree.files[path.Join(s.path, ".terraform.lock.hcl")] = b.lock
	}
	if len(tree.files) == 0 {
		return
	}
	tree.entries = slices.Clone(c.loader.tree.Entries())
	for p, data := range tree.files {
		tree.entries = append(tree.entries, source.Entry{Path: p, Size: int64(len(data))})
	}
	slices.SortFunc(tree.entries, func(a, b source.Entry) int { return cmp.Compare(a.Path, b.Path) })
	l := newLoader(tree)
	c.others = append(c.others, l)
	s.sources, _ = l.sources(s.path)
	s.sources.varFiles = c.in.VarFiles[s.path]
	for key, dir := range manifest {
		s.sources.manifest[key] = dir
	}
}
