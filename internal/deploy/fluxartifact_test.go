package deploy

import (
	"slices"
	"testing"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// TestPacked checks what the source controller leaves of a tree of manifests.
func TestPacked(t *testing.T) {
	t.Parallel()
	files := []string{".github/k.yaml", ".sops.yaml", "a.yaml", "app/b.yaml", "app/deep/c.yaml", "application/d.yaml"}
	all := []string{"a.yaml", "app/b.yaml", "app/deep/c.yaml", "application/d.yaml"}
	for _, c := range []struct {
		name, spec string
		rules      map[string]string
		want       []string // but for the files with rules
	}{
		{"no rules but those of everybody", "{}", nil, all},
		{"rules stand in the place of those of everybody", "{ignore: none}", nil, files},
		{"a directory and what is taken in again", "{ignore: \"/*\\n!/app\"}", nil, []string{"app/b.yaml", "app/deep/c.yaml"}},
		{"what is taken in again below a directory that is left out", "{ignore: \"app/*\\n!c.yaml\"}", nil, []string{".github/k.yaml", ".sops.yaml", "a.yaml", "app/deep/c.yaml", "application/d.yaml"}},
		{"the source says more than the files", "{ignore: \"!b.yaml\"}", map[string]string{"app/.sourceignore": "*.yaml"}, []string{".github/k.yaml", ".sops.yaml", "a.yaml", "app/b.yaml", "application/d.yaml"}},
		{"rules of a directory count below it", "{}", map[string]string{"app/.sourceignore": "/*.yaml"}, []string{".github/k.yaml", ".sops.yaml", "a.yaml", "app/deep/c.yaml", "application/d.yaml"}},
		{"rules of a directory count more than those above, whatever its name", "{}", map[string]string{".sourceignore": "*.yaml", ".github/.sourceignore": "!k.yaml"}, []string{".github/k.yaml"}},
		{"a comment says nothing", "{ignore: \"# a.yaml\"}", nil, all},
		{"one directory is checked out", "{sparseCheckout: [./app/deep]}", nil, []string{"app/deep/c.yaml"}},
		{"the beginning of a path is one", "{sparseCheckout: [app]}", nil, []string{"app/b.yaml", "app/deep/c.yaml", "application/d.yaml"}},
		{"all is checked out", "{sparseCheckout: [app, ./]}", nil, all},
		{"rules that are not checked out", "{sparseCheckout: [a.yaml]}", map[string]string{".sourceignore": "a.yaml"}, []string{"a.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree, inv := sourcetest.Tree{}, &discover.Inventory{}
			for _, f := range files {
				tree[f] = ""
				inv.Files = append(inv.Files, discover.File{Path: f, Kind: discover.KindManifest})
				inv.Manifests = append(inv.Manifests, discover.Manifest{Path: f})
			}
			for f, text := range c.rules {
				tree[f] = text
			}
			docs, err := source.ParseYAML("x", []byte("spec: "+c.spec))
			if err != nil {
				t.Fatal(err)
			}
			l := newLayout(tree, inv).packed(packingOf(doc.Map(docs[0].Value)))
			var got []string
			for _, m := range l.inv.Manifests {
				got = append(got, m.Path)
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPatchesSync checks which patches of an instance may change what is synced.
func TestPatchesSync(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{target: {kind: Deployment}, patch: 'x'}":            false,
		"{target: {kind: Kustomization}, patch: 'x'}":         true,
		"{target: {kind: GitRepository}, patch: 'x'}":         true,
		"{target: {kind: .*}, patch: 'x'}":                    true,
		"{target: {kind: ^Git.+$}, patch: 'x'}":               true,
		"{target: {labelSelector: a=b}, patch: 'x'}":          true,
		"{patch: 'kind: Kustomization'}":                      true,
		"{patch: 'kind: Deployment'}":                         false,
		"{target: {kind: HelmRelease}, patch: GitRepository}": false,
	} {
		docs, err := source.ParseYAML("x", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := patchesSync(docs[0].Value); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
