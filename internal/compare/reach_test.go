package compare

import (
	"errors"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// reachOf is the reach of a change of files: "old>new" for a renamed one.
func reachOf(links []string, files ...facts.File) *Reach {
	tree := sourcetest.Tree{}
	for _, l := range links {
		tree[l] = ""
	}
	return NewReach(&Trees{Head: sourcetest.Odd{Tree: tree, Links: links}, Base: sourcetest.Tree{}, Files: files}, nil)
}

func changedFiles(paths ...string) []facts.File {
	var out []facts.File
	for _, p := range paths {
		out = append(out, facts.File{Path: p})
	}
	return out
}

func TestReachAny(t *testing.T) {
	t.Parallel()
	chartUnit := render.Outcome{
		Unit:     render.Unit{ID: "helm:c", Kind: render.KindHelm, Path: "c", Values: []string{"env/prod.yml"}},
		Rendered: &render.Rendered{Sources: []string{"c/Chart.yaml", "c/templates/a.txt", "lib/Chart.yaml", "link/x/y.txt", "conf/k.txt"}},
	}
	raw := render.Outcome{Unit: render.Unit{Kind: render.KindManifests, Path: ".", Files: []string{"raw/a.yaml"}}, Rendered: &render.Rendered{}}
	for _, c := range []struct {
		name       string
		files      []facts.File
		links      []string
		units      []render.Outcome
		unreadable []discover.UnreadableFile
		want       bool
	}{
		{name: "no change", units: []render.Outcome{chartUnit, raw}},
		{name: "a document", files: changedFiles("docs/a.md"), units: []render.Outcome{chartUnit, raw}},
		{name: "what may define units", files: changedFiles("docs/a.yaml"), want: true},
		{name: "in upper case", files: changedFiles("docs/a.YAML"), want: true},
		{name: "JSON", files: changedFiles("a.json"), want: true},
		{name: "a program", files: changedFiles("a.jsonnet"), want: true},
		{name: "CUE", files: changedFiles("a.cue"), want: true},
		{name: "a kustomization without an ending", files: changedFiles("a/Kustomization"), want: true},
		{name: "the old name of a file", files: []facts.File{{Path: "a.txt", Previous: "a.yml"}}, want: true},
		{name: "a workflow", files: changedFiles(".github/workflows/a.yaml")},
		{name: "the configuration", files: changedFiles(".gate.yaml", ".gate/waivers.yaml", ".gitlab-ci.yml")},
		{name: "Terraform", files: changedFiles("main.tf"), units: []render.Outcome{chartUnit}},
		{name: "a file of a chart, at any depth", files: changedFiles("c/files/deep/x.bin"), units: []render.Outcome{chartUnit}, want: true},
		{name: "below the directory of raw manifests", files: changedFiles("other/x.bin"), units: []render.Outcome{raw}},
		{name: "a source", files: changedFiles("conf/k.txt"), units: []render.Outcome{chartUnit}, want: true},
		{name: "a neighbour of a source, which may be gone", files: changedFiles("conf/gone.txt"), units: []render.Outcome{chartUnit}, want: true},
		{name: "below a neighbour of a source", files: changedFiles("conf/deep/gone.txt"), units: []render.Outcome{chartUnit}},
		{name: "below a chart that is a dependency", files: changedFiles("lib/files/deep/x.bin"), units: []render.Outcome{chartUnit}, want: true},
		{name: "a neighbour of values", files: changedFiles("env/x.txt"), units: []render.Outcome{chartUnit}, want: true},
		{name: "a neighbour of a raw manifest", files: changedFiles("raw/x.txt"), units: []render.Outcome{raw}, want: true},
		{name: "whatever a source behind a link leads to", files: changedFiles("docs/a.md"), links: []string{"link"}, units: []render.Outcome{chartUnit}, want: true},
		{name: "a link that nothing is read through", files: changedFiles("docs/a.md"), links: []string{"other"}, units: []render.Outcome{chartUnit}},
		{name: "a link that is changed itself", files: changedFiles("link"), links: []string{"link"}, want: true},
		{name: "a unit that is not rendered", files: changedFiles("f/x.bin"), units: []render.Outcome{failing("f")}, want: true},
		{name: "elsewhere than a unit that is not rendered", files: changedFiles("docs/x.bin"), units: []render.Outcome{failing("f")}},
		{name: "a document of it", files: changedFiles("f/README.md"), units: []render.Outcome{failing("f")}},
		{name: "a program that is not rendered", files: changedFiles("docs/x.bin"), units: []render.Outcome{{Unit: render.Unit{Kind: render.KindCUE}, Err: errors.New("no")}}, want: true},
		{name: "what a unit may deploy of which that is not known", files: changedFiles("apps/web/x.bin"), units: []render.Outcome{{Unit: render.Unit{Path: "applicationset/a", Watches: []string{"apps"}}, Err: errors.New("no")}}, want: true},
		{name: "a chart that nobody can read", files: changedFiles("docs/x.bin"), unreadable: unreadable(discover.KindChart, "x/Chart.yaml"), want: true},
		{name: "a document beside a chart that nobody can read", files: changedFiles("docs/a.md", "x/README"), unreadable: unreadable(discover.KindChart, "x/Chart.yaml")},
		{name: "and no change", unreadable: unreadable(discover.KindChart, "x/Chart.yaml")},
		{name: "a manifest that nobody can read", files: changedFiles("docs/a.md"), unreadable: unreadable(discover.KindManifest, "x/a.yaml")},
	} {
		got := reachOf(c.links, c.files...).Any(Side{Outcomes: c.units, Inventory: &discover.Inventory{Unreadable: c.unreadable}})
		if got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if r := reachOf(nil, facts.File{Path: "new.yaml", Previous: "old.yaml"}); !r.Changed("new.yaml") || !r.Changed("old.yaml") || r.Changed("other.yaml") {
		t.Error("a renamed file is changed by both of its names, others are not")
	}
}

func failing(dir string) render.Outcome {
	return render.Outcome{Unit: render.Unit{ID: "helm:" + dir, Kind: render.KindHelm, Path: dir}, Err: errors.New("no")}
}

func TestReuse(t *testing.T) {
	t.Parallel()
	unit := func(id, dir string) render.Unit {
		return render.Unit{ID: id, Kind: render.KindHelm, Path: dir, Values: []string{dir + "/values.yaml"}}
	}
	outcome := func(id, dir string) render.Outcome {
		return render.Outcome{Unit: unit(id, dir), Rendered: &render.Rendered{Digest: "of " + id, Sources: []string{dir + "/Chart.yaml"}}}
	}
	failed := func(dir string) render.Outcome {
		return render.Outcome{Unit: unit("helm:"+dir, dir), Err: errors.New("no " + dir)}
	}
	head := []render.Outcome{outcome("helm:same", "same"), outcome("helm:changed", "changed"), failed("failed"), failed("changed/failed")}
	reuse := Reuse(head, reachOf(nil, changedFiles("changed/values.yaml")...))
	placed, released := unit("helm:same", "same"), unit("helm:same", "same")
	placed.Place = source.Position{File: "apps/x.yaml", Line: 2}
	released.Release = "other"
	for _, c := range []struct {
		name string
		unit render.Unit
		want string
	}{
		{"as it was", unit("helm:same", "same"), "of helm:same"},
		{"with a changed file", unit("helm:changed", "changed"), ""},
		{"of a unit that fails and is not touched", unit("helm:failed", "failed"), "no failed"},
		{"of a unit that fails and is touched", unit("helm:changed", "changed"), ""},
		{"of a unit that only the base has", unit("helm:gone", "gone"), ""},
		{"deployed from another line", placed, "of helm:same"},
		{"under another release", released, ""},
	} {
		got, ok := reuse(c.unit)
		text := ""
		switch {
		case got.Err != nil:
			text = got.Err.Error()
		case got.Rendered != nil:
			text = got.Rendered.Digest
		}
		if ok != (c.want != "") || text != c.want {
			t.Errorf("%s: %v, %q", c.name, ok, text)
		}
	}
}
