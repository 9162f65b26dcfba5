package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/facts"
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

func renderedSide(b *testing.B, files sourcetest.Tree) (source.Tree, Side) {
	tree := listed{files, slices.SortedFunc(slices.Values(files.Entries()), func(x, y source.Entry) int { return cmp.Compare(x.Path, y.Path) })}
	inv, err := discover.Collect(b.Context(), tree, discover.Options{})
	if err != nil {
		b.Fatal(err)
	}
	d := deploy.Tree(b.Context(), tree, inv, nil, render.Options{}, nil)
	return tree, Side{Inventory: inv, Outcomes: d.Outcomes, Made: d.Made, Kinds: d.Kinds, Collected: render.Facts(d.Outcomes, nil)}
}

// BenchmarkObjects is of a change to 2,000 Applications in one file, each of
// which deploys four objects: half of them go, the other half get a new value,
// and of 200 more it is not known on either side what they deploy. The files of
// a quarter are renamed.
func BenchmarkObjects(b *testing.B) {
	base, head := sourcetest.Tree{}, sourcetest.Tree{}
	var before, after strings.Builder
	t := &Trees{Lines: map[string]int{"apps/apps.yaml": 1}, Files: []facts.File{{Path: "apps/apps.yaml", Status: "modified"}}}
	for i := range 2200 {
		app := fmt.Sprintf("---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a%d, namespace: argocd}\nspec: {source: {repoURL: x, path: live/a%04d}, destination: {name: c}}\n", i, i)
		before.WriteString(app)
		if i%2 == 0 || i >= 2000 {
			after.WriteString(app)
		}
		if i >= 2000 {
			continue
		}
		var was, is strings.Builder
		for n := range 4 {
			fmt.Fprintf(&was, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d-%d}\ndata: {v: a}\n", i, n)
			fmt.Fprintf(&is, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d-%d}\ndata: {v: b}\n", i, n)
		}
		from := fmt.Sprintf("live/a%04d/c.yaml", i)
		base[from] = was.String()
		switch {
		case i%4 == 0:
			to := fmt.Sprintf("live/a%04d/d.yaml", i)
			head[to], t.Lines[to] = is.String(), 5
			t.Files = append(t.Files, facts.File{Path: to, Previous: from, Status: "renamed"})
		case i%2 == 0:
			head[from], t.Lines[from] = is.String(), 5
			t.Files = append(t.Files, facts.File{Path: from, Status: "modified"})
		case i%3 == 0:
			head[from] = was.String()
		default:
			t.Files = append(t.Files, facts.File{Path: from, Status: "deleted"})
		}
	}
	base["apps/apps.yaml"], head["apps/apps.yaml"] = before.String(), after.String()
	base["broken.yaml"], head["broken.yaml"] = "a: [\n", "a: [\n"
	var was, is Side
	t.Base, was = renderedSide(b, base)
	t.Head, is = renderedSide(b, head)
	for b.Loop() {
		t := &Trees{Head: t.Head, Base: t.Base, Files: t.Files, Lines: t.Lines}
		reach := NewReach(t, is.Inventory)
		c := Objects(Input{
			Trees: t, Base: was, Head: is, Unchanged: Untouched(t, was, is, reach), Before: true,
			Redact: func(m map[string]any) map[string]any { return m },
		})
		places := 0
		for _, o := range c.Deleted {
			places += len(c.Locators[o.ID].Locate(nil).File)
		}
		if len(c.Deleted) == 0 || places == 0 {
			b.Fatal("nothing is deleted")
		}
		b.ReportMetric(float64(len(c.Deleted)), "deleted")
		b.ReportMetric(float64(len(c.Unknown)), "unknown")
	}
}
