package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// listed is a tree whose entries are listed once, as those of a real one are.
type listed struct {
	sourcetest.Tree
	entries []source.Entry
}

func (l listed) Entries() []source.Entry { return l.entries }

func benchmarkTree(b *testing.B, files sourcetest.Tree, units int) {
	entries := slices.Clone(files.Entries())
	slices.SortFunc(entries, func(x, y source.Entry) int { return cmp.Compare(x.Path, y.Path) })
	tree := listed{files, entries}
	inv, err := discover.Collect(b.Context(), tree, discover.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Units", func(b *testing.B) {
		for b.Loop() {
			if us, _ := Units(tree, inv, nil); len(us) != units {
				b.Fatalf("%d units, expected %d", len(us), units)
			}
		}
	})
	b.Run("Tree", func(b *testing.B) {
		for b.Loop() {
			if d := Tree(b.Context(), tree, inv, nil, render.Options{}, nil); len(d.Outcomes) != units {
				b.Fatalf("%d units, expected %d", len(d.Outcomes), units)
			}
		}
	})
}

func benchmarkObjects(dir string, n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d-%s}\n", i, strings.ReplaceAll(dir, "/", "-"))
	}
	return s.String()
}

// BenchmarkApplications is of 2,000 Applications in one file, each of which
// deploys a directory of four objects.
func BenchmarkApplications(b *testing.B) {
	files, apps := sourcetest.Tree{}, strings.Builder{}
	for i := range 2000 {
		dir := fmt.Sprintf("live/a%04d", i)
		files[dir+"/c.yaml"] = benchmarkObjects(dir, 4)
		fmt.Fprintf(&apps, "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a%d}\nspec: {source: {repoURL: x, path: %s}, destination: {name: c}}\n", i, dir)
	}
	files["apps/apps.yaml"] = apps.String()
	benchmarkTree(b, files, 2001)
}

// BenchmarkKustomizations is of 3,000 kustomizations: one third deployed by
// Flux objects that read variables from a ConfigMap each, one third listed by
// the first, one third below a directory for which Flux makes a kustomization.
func BenchmarkKustomizations(b *testing.B) {
	files, flux := sourcetest.Tree{}, strings.Builder{}
	object := func(name, path, rest string) {
		fmt.Fprintf(&flux, "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\nspec: {path: %s, sourceRef: {kind: GitRepository, name: x}%s}\n", name, path, rest)
	}
	for i := range 1000 {
		files[fmt.Sprintf("live/k%04d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../../base/k%04d]\n", i)
		files[fmt.Sprintf("base/k%04d/kustomization.yaml", i)] = "resources: [c.yaml]\n"
		files[fmt.Sprintf("base/k%04d/c.yaml", i)] = benchmarkObjects(fmt.Sprint(i), 3)
		files[fmt.Sprintf("more/k%04d/kustomization.yaml", i)] = "resources: [c.yaml]\n"
		files[fmt.Sprintf("more/k%04d/c.yaml", i)] = benchmarkObjects(fmt.Sprint("m", i), 1)
		object(fmt.Sprint("k", i), fmt.Sprintf("./live/k%04d", i), fmt.Sprintf(", postBuild: {substituteFrom: [{kind: ConfigMap, name: v%d}]}", i))
		fmt.Fprintf(&flux, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: v%d, namespace: flux-system}\ndata: {a: b}\n", i)
	}
	object("more", "./more", "")
	files["clusters/one/flux.yaml"] = flux.String()
	benchmarkTree(b, files, 1002)
}
