package compare

import (
	"fmt"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

func TestPlaceInHead(t *testing.T) {
	t.Parallel()
	const three = "one\ntwo\nthree\n"
	units := map[string]render.Outcome{
		"raw":    {Unit: render.Unit{Kind: render.KindManifests, Files: []string{"p/a.yaml"}, Place: source.Position{File: "p/other.yaml"}}},
		"chart":  {Unit: render.Unit{Kind: render.KindHelm, Place: source.Position{File: "c/Chart.yaml"}}, Rendered: &render.Rendered{Sources: []string{"c/Chart.yaml", "c/values.yaml"}}},
		"failed": {Unit: render.Unit{Kind: render.KindHelm, Place: source.Position{File: "c/Chart.yaml"}}},
	}
	for _, c := range []struct {
		name       string
		base, head sourcetest.Tree
		files      []facts.File
		lines      map[string]int
		lists      []discover.Kustomization
		unit       string
		at         source.Position
		want       string
	}{
		{name: "a line of the file that is still there", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 2},
			base: sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"p/a.yaml": "one\nthree\n"}, lines: map[string]int{"p/a.yaml": 2}, want: "p/a.yaml:2"},
		{name: "behind what else changed", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 3},
			base: sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"p/a.yaml": "zero\none\ntwo\n"}, lines: map[string]int{"p/a.yaml": 1}, want: "p/a.yaml:3"},
		{name: "of no line", unit: "raw", at: source.Position{File: "p/a.yaml"},
			base: sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"p/a.yaml": "one\n"}, lines: map[string]int{"p/a.yaml": 2}, want: "p/a.yaml:2"},
		{name: "a renamed file", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 2}, files: []facts.File{{Path: "q/z.yaml", Previous: "p/a.yaml"}},
			base: sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"q/z.yaml": "one\nthree\n"}, lines: map[string]int{"q/z.yaml": 2}, want: "q/z.yaml:2"},
		{name: "a deleted file that nothing names", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 2},
			base: sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"p/other.yaml": "x\n"}, lines: map[string]int{"p/other.yaml": 1}, want: "p/a.yaml:0"},
		{name: "a deleted file that a changed kustomization named", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 2},
			lists: []discover.Kustomization{{File: "k/kustomization.yaml", Refs: []string{"p/a.yaml"}}},
			base:  sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"k/kustomization.yaml": "x\n"}, lines: map[string]int{"k/kustomization.yaml": 4}, want: "k/kustomization.yaml:4"},
		{name: "another kustomization", unit: "raw", at: source.Position{File: "p/a.yaml", Line: 2},
			lists: []discover.Kustomization{{File: "k/kustomization.yaml", Refs: []string{"p/b.yaml"}}},
			base:  sourcetest.Tree{"p/a.yaml": three}, head: sourcetest.Tree{"k/kustomization.yaml": "x\n"}, lines: map[string]int{"k/kustomization.yaml": 4}, want: "p/a.yaml:0"},
		{name: "a deleted template of a chart: the chart, though nobody changed it", unit: "chart", at: source.Position{File: "c/templates/a.yaml", Line: 1},
			base: sourcetest.Tree{"c/templates/a.yaml": three}, head: sourcetest.Tree{"c/Chart.yaml": "x\n", "c/values.yaml": "x\n"}, lines: map[string]int{"c/values.yaml": 3}, want: "c/Chart.yaml:1"},
		{name: "a template that stays: the changed source that switched it off", unit: "chart", at: source.Position{File: "c/templates/a.yaml", Line: 1},
			base: sourcetest.Tree{"c/templates/a.yaml": three}, head: sourcetest.Tree{"c/Chart.yaml": "x\n", "c/values.yaml": "x\n", "c/templates/a.yaml": three}, lines: map[string]int{"c/values.yaml": 3}, want: "c/values.yaml:3"},
		{name: "a template that is changed itself comes first", unit: "chart", at: source.Position{File: "c/templates/a.yaml", Line: 1},
			base: sourcetest.Tree{"c/templates/a.yaml": three}, head: sourcetest.Tree{"c/Chart.yaml": "x\n", "c/values.yaml": "x\n", "c/templates/a.yaml": "two\nthree\n"},
			lines: map[string]int{"c/values.yaml": 3, "c/templates/a.yaml": 1}, want: "c/templates/a.yaml:1"},
		{name: "a base that did not render has no sources", unit: "failed", at: source.Position{File: "c/templates/a.yaml", Line: 1},
			base: sourcetest.Tree{"c/templates/a.yaml": three}, head: sourcetest.Tree{"c/Chart.yaml": "x\n", "c/values.yaml": "x\n", "c/templates/a.yaml": three}, lines: map[string]int{"c/values.yaml": 3}, want: "c/Chart.yaml:1"},
	} {
		p := pairing{was: &view{}, Input: Input{
			Trees: &Trees{Base: c.base, Head: c.head, Files: c.files, Lines: c.lines},
			Base:  Side{Inventory: &discover.Inventory{Kustomizations: c.lists}},
		}}
		got := p.placeInHead(units[c.unit], source.Fixed(c.at)).Locate(nil)
		if at := fmt.Sprintf("%s:%d", got.File, got.Line); at != c.want || !got.Approximate {
			t.Errorf("%s: %s (approximate %v), want %s", c.name, at, got.Approximate, c.want)
		}
	}
}
