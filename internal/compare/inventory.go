package compare

import (
	"context"
	"fmt"

	"gate/internal/discover"
	"gate/internal/source"
)

// BaseInventory says what the files of the base are. What the change left as
// it is need not be read again: it is as the head has it.
func BaseInventory(ctx context.Context, t *Trees, reach *Reach, head *discover.Inventory, o discover.Options) (*discover.Inventory, error) {
	view := newBaseView(t.Base, head, reach.files)
	inv, err := discover.Collect(ctx, view, o)
	if err != nil {
		return nil, fmt.Errorf("read the base: %w", err)
	}
	for i, m := range inv.Manifests {
		if docs, ok := view.docs[m.Path]; ok {
			inv.Manifests[i].Docs = docs
		}
	}
	return inv, nil
}

// baseView is the base as discovery may see it: of an unchanged manifest a
// short one stands for the content, and files that are nothing by themselves
// are empty. Parsing 10,000 manifests again takes seconds.
type baseView struct {
	source.Tree
	docs map[string][]*source.Document // of unchanged manifests
	none map[string]bool               // unchanged files that are nothing
}

const anyManifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: unchanged}\n"

func newBaseView(tree source.Tree, head *discover.Inventory, changed map[string]bool) *baseView {
	v := &baseView{Tree: tree, docs: map[string][]*source.Document{}, none: map[string]bool{}}
	plain := func(p string) bool { // a link may lead to what is changed
		e, ok := tree.Lookup(p)
		return ok && !e.Symlink && !changed[p]
	}
	for _, m := range head.Manifests {
		if plain(m.Path) && m.Else == "" && !kustomizationName(m.Path) {
			v.docs[m.Path] = m.Docs
		}
	}
	unreadable := map[string]bool{}
	for _, u := range head.Unreadable {
		unreadable[u.Path] = true
	}
	for _, f := range head.Files {
		if _, manifest := v.docs[f.Path]; !manifest && f.Kind == discover.KindOther && plain(f.Path) && !unreadable[f.Path] {
			v.none[f.Path] = true
		}
	}
	return v
}

// ReadFile returns what discovery needs of the file.
func (v *baseView) ReadFile(p string) ([]byte, error) {
	if _, ok := v.docs[p]; ok {
		return []byte(anyManifest), nil
	}
	if v.none[p] {
		return nil, nil
	}
	return v.Tree.ReadFile(p)
}
