package source

import "io/fs"

// Without is a tree without the entries that are left out.
func Without(tree Tree, leftOut func(Entry) bool) Tree {
	w := without{tree: tree, at: map[string]int{}}
	for _, e := range tree.Entries() {
		if !leftOut(e) {
			w.at[e.Path] = len(w.entries)
			w.entries = append(w.entries, e)
		}
	}
	return &w
}

type without struct {
	tree    Tree
	entries []Entry
	at      map[string]int
}

func (w *without) Entries() []Entry { return w.entries }

func (w *without) Lookup(path string) (Entry, bool) {
	i, ok := w.at[path]
	if !ok {
		return Entry{}, false
	}
	return w.entries[i], true
}

func (w *without) ReadFile(path string) ([]byte, error) {
	if _, ok := w.at[path]; !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return w.tree.ReadFile(path)
}
