package compare

import (
	"context"
	"errors"
	"slices"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// noted counts what is read of a tree.
type noted struct {
	source.Tree
	read map[string]bool
}

func (n noted) ReadFile(p string) ([]byte, error) {
	n.read[p] = true
	return n.Tree.ReadFile(p)
}

const (
	manifestText = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	fluxText     = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\nspec: {path: ./k}\n"
)

// What the change left as it is is not read again, and holds what the head's
// file holds; everything else is read as it stands at the base.
func TestBaseInventory(t *testing.T) {
	t.Parallel()
	base := sourcetest.Tree{
		"same.yaml": manifestText, "changed.yaml": manifestText, "link.yaml": manifestText, "gone.yaml": manifestText, "nothing.yaml": "k: v\n", "broken.yaml": "a: [\n",
		"flux/kustomization.yaml": fluxText, "k/kustomization.yaml": "resources: [../same.yaml]\n", "was.yaml": manifestText, "target.yaml": manifestText,
	}
	head := sourcetest.Tree{
		"same.yaml": manifestText, "changed.yaml": manifestText + "---\n" + manifestText, "link.yaml": manifestText, "nothing.yaml": "k: v\n", "broken.yaml": "a: [\n",
		"flux/kustomization.yaml": fluxText, "k/kustomization.yaml": "resources: [../same.yaml]\n", "is.yaml": manifestText, "target.yaml": manifestText,
	}
	inv, err := discover.Collect(t.Context(), head, discover.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	tree := noted{sourcetest.Odd{Tree: base, Links: []string{"link.yaml"}}, map[string]bool{}}
	trees := &Trees{Head: head, Base: tree, Files: []facts.File{{Path: "changed.yaml"}, {Path: "gone.yaml"}, {Path: "is.yaml", Previous: "was.yaml"}}}
	got, err := BaseInventory(t.Context(), trees, NewReach(trees, nil), inv, discover.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for p := range tree.read {
		read = append(read, p)
	}
	slices.Sort(read)
	if diff := cmp.Diff([]string{"broken.yaml", "changed.yaml", "flux/kustomization.yaml", "gone.yaml", "k/kustomization.yaml", "link.yaml", "was.yaml"}, read); diff != "" {
		t.Errorf("read: %s", diff)
	}
	documents := map[string]int{}
	for _, m := range got.Manifests {
		documents[m.Path] = len(m.Docs)
		same := slices.ContainsFunc(inv.Manifests, func(h discover.Manifest) bool { return h.Path == m.Path && &h.Docs[0] == &m.Docs[0] })
		if same != (m.Path == "same.yaml" || m.Path == "target.yaml") {
			t.Errorf("%s has the documents of the head: %v", m.Path, same)
		}
	}
	if diff := cmp.Diff(map[string]int{"flux/kustomization.yaml": 1, "same.yaml": 1, "changed.yaml": 1, "link.yaml": 1, "gone.yaml": 1, "was.yaml": 1, "target.yaml": 1}, documents); diff != "" {
		t.Errorf("manifests: %s", diff)
	}
	if u, ok := got.UnreadableAt("broken.yaml"); !ok {
		t.Errorf("what could not be read before and after is readable: %+v", u)
	}
	if len(got.Kustomizations) != 1 {
		t.Errorf("kustomizations %+v", got.Kustomizations)
	}
}

func TestBaseInventoryThatIsCut(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	trees := &Trees{Head: sourcetest.Tree{}, Base: sourcetest.Tree{"a.yaml": manifestText}, Files: changedFiles("a.yaml")}
	if _, err := BaseInventory(ctx, trees, NewReach(trees, nil), &discover.Inventory{}, discover.Options{Workers: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
