package deploy

import (
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// objectIn is an object of the tree, or one that a unit renders which a file
// deploys.
func objectIn(t *testing.T, file, deployedFrom, text string) deployer {
	t.Helper()
	d := newDeployer(yamls(t, text)[0], source.Fixed(source.Position{File: file, Line: 1}), file)
	if deployedFrom != "" {
		d.by = &rendering{unit: render.Unit{Kind: render.KindKustomize, ControllerFile: deployedFrom}}
	}
	return d
}

// TestFluxObject checks which of several objects of a name is meant.
func TestFluxObject(t *testing.T) {
	t.Parallel()
	config := func(namespace string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: " + namespace + "}\n"
	}
	with := func(namespace string, files ...string) []deployer {
		var out []deployer
		for _, f := range files {
			file, from, _ := strings.Cut(f, " from ")
			out = append(out, objectIn(t, file, from, config(namespace)))
		}
		return out
	}
	for _, c := range []struct {
		name, by, from string
		objects        []deployer
		namespace      string
		want           string
	}{
		{name: "none", by: "clusters/a/k.yaml"},
		{name: "of another kind", by: "a.yaml", objects: []deployer{objectIn(t, "b.yaml", "", "kind: Secret\nmetadata: {name: vars}\n")}},
		{name: "of another name", by: "a.yaml", objects: []deployer{objectIn(t, "b.yaml", "", "kind: ConfigMap\nmetadata: {name: other}\n")}},
		{name: "of another namespace", by: "a.yaml", objects: with("other", "b.yaml"), namespace: "flux-system"},
		{name: "of no namespace", by: "a.yaml", objects: with(`""`, "b.yaml"), namespace: "flux-system", want: "b.yaml"},
		{name: "asked for without a namespace", by: "a.yaml", objects: with("other", "b.yaml"), want: "b.yaml"},
		{name: "of the same cluster", by: "clusters/b/k.yaml", objects: with("n", "clusters/a/v.yaml", "clusters/b/v.yaml", "clusters/c/v.yaml"), namespace: "n", want: "clusters/b/v.yaml"},
		{name: "whose name begins alike", by: "clusters/prod-b/k.yaml", objects: with("n", "clusters/prod-a/v.yaml", "clusters/prod-b/v.yaml"), want: "clusters/prod-b/v.yaml"},
		{name: "of several as near the first", by: "clusters/z/k.yaml", objects: with("n", "clusters/a/v.yaml", "clusters/b/v.yaml"), want: "clusters/a/v.yaml"},
		{name: "what is deployed from the same cluster, though another file is nearer", by: "shared/apps/k.yaml", from: "clusters/b/root.yaml",
			objects: with("n", "shared/apps/v.yaml from clusters/a/root.yaml", "vars/v.yaml from clusters/b/root.yaml"), want: "vars/v.yaml"},
		{name: "of what is deployed from the same cluster the nearest file", by: "shared/apps/k.yaml", from: "clusters/b/root.yaml",
			objects: with("n", "vars/v.yaml from clusters/b/root.yaml", "shared/v.yaml from clusters/b/root.yaml"), want: "shared/v.yaml"},
	} {
		got, ok := newFlux(nil, c.objects).object(objectIn(t, c.by, c.from, "kind: Kustomization\nmetadata: {name: k}\n"), "ConfigMap", c.namespace, "vars")
		if got.file != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got.file, ok, c.want)
		}
	}
}

// TestFluxRevision checks which field of a source says what is delivered.
func TestFluxRevision(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ref, source, want string }{
		{ref: "{}"},
		{ref: "{branch: main}", want: "main spec.ref.branch"},
		{ref: "{branch: main, tag: v1}", want: "refs/tags/v1 spec.ref.tag"},
		{ref: "{tag: v1, semver: '>=1'}", want: "semver:>=1 spec.ref.semver"},
		{ref: "{name: refs/heads/x, semver: '>=1'}", want: "refs/heads/x spec.ref.name"},
		{ref: "{branch: main, commit: abc, name: refs/heads/x}", want: "abc spec.ref.commit"},
		{ref: "{tag: v1}", source: "{kind: GitRepository, name: other}"},
		{ref: "{tag: v1}", source: "{kind: OCIRepository, name: repo}"},
		{ref: "{tag: v1}", source: "{kind: GitRepository, name: repo, namespace: other}"},
	} {
		if c.source == "" {
			c.source = "{kind: GitRepository, name: repo}"
		}
		repo := objectIn(t, "repo.yaml", "", "kind: GitRepository\nmetadata: {name: repo, namespace: flux-system}\nspec: {ref: "+c.ref+"}\n")
		repo.loc = source.LocatorFunc(func(p source.Path) source.Location {
			return source.Location{Position: source.Position{File: p.String()}}
		})
		k := objectIn(t, "k.yaml", "", "kind: Kustomization\nmetadata: {name: k, namespace: flux-system}\nspec: {sourceRef: "+c.source+"}\n")
		name, at := newFlux(nil, []deployer{repo}).revision(k, "spec")
		if got := strings.TrimSpace(name + " " + at.File); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.ref, c.source, got, c.want)
		}
	}
}

// TestLists checks which kustomizations the one lists that a controller makes.
func TestLists(t *testing.T) {
	t.Parallel()
	inv := &discover.Inventory{}
	for _, dir := range []string{"a", "a/b", "a/b/c", "a/d/e", "a-b", "a0", "z"} {
		inv.Kustomizations = append(inv.Kustomizations, discover.Kustomization{Dir: dir})
	}
	l := newLayout(sourcetest.Tree{}, inv)
	for dir, want := range map[string][]string{
		".":     {"a", "a-b", "a0", "z"},
		"a":     {"a/b", "a/d/e"},
		"a/b":   {"a/b/c"},
		"a/d":   {"a/d/e"},
		"a/b/c": nil,
		"x":     nil,
	} {
		got := l.listed(dir)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", dir, diff)
		}
		if l.above[dir] != (want != nil) {
			t.Errorf("%s: stands above one: %v", dir, l.above[dir])
		}
	}
}

func TestListing(t *testing.T) {
	t.Parallel()
	l := newListing([]string{"b/x", "a/x", "a", "a/b/x", "a.b/x", "a0/x"})
	for _, c := range []struct {
		dir     string
		recurse bool
		want    []string
	}{
		{".", false, []string{"a"}},
		{".", true, []string{"a", "a.b/x", "a/b/x", "a/x", "a0/x", "b/x"}},
		{"a", false, []string{"a/x"}},
		{"a", true, []string{"a/b/x", "a/x"}},
		{"a/b", true, []string{"a/b/x"}},
		{"c", true, nil},
		{"c", false, nil},
	} {
		if diff := cmp.Diff(c.want, l.of(c.dir, c.recurse)); diff != "" {
			t.Errorf("%s, %v: -want +got\n%s", c.dir, c.recurse, diff)
		}
	}
}

// TestHolds checks what was left out of what is deployed around it.
func TestHolds(t *testing.T) {
	t.Parallel()
	inv := &discover.Inventory{Kustomizations: []discover.Kustomization{
		{Dir: "k", Refs: []string{"base", "k/in.yaml"}}, {Dir: "base", Refs: []string{"base/in.yaml"}}, {Dir: "free", Refs: []string{"free/in.yaml"}},
		{Dir: "made/one", Refs: []string{"made/one/in.yaml"}}, {Dir: "made/one/below"},
	}}
	rounds := &rounds{layout: newLayout(sourcetest.Tree{}, inv)}
	unit := func(kind, dir, file string, files ...string) *rendering {
		return &rendering{unit: render.Unit{Kind: kind, Path: dir, Controller: "Application/a", ControllerFile: file, Files: files}}
	}
	made := unit(render.KindKustomize, "made", "apps/made.yaml")
	made.unit.Generate = true
	pinned, configured := unit(render.KindKustomize, "free", "apps/free.yaml"), unit(render.KindKustomize, "free", "")
	pinned.unit.Revision, configured.unit.Controller = &render.Revision{Name: "v1"}, ""
	k, plain := unit(render.KindKustomize, "k", "apps/k.yaml"), unit(render.KindManifests, "plain", "apps/plain.yaml", "plain/in.yaml")
	for _, c := range []struct {
		name string
		list []*rendering
		file string
		want bool
	}{
		{name: "nothing is deployed", file: "k/out.yaml"},
		{name: "beside a kustomization that is deployed", list: []*rendering{k}, file: "k/out.yaml", want: true},
		{name: "below one", list: []*rendering{k}, file: "k/deep/out.yaml", want: true},
		{name: "beside one that it is built from", list: []*rendering{k}, file: "base/out.yaml", want: true},
		{name: "beside one that nobody deploys", list: []*rendering{k}, file: "free/out.yaml"},
		{name: "beside one of another revision", list: []*rendering{pinned}, file: "free/out.yaml"},
		{name: "beside one of the configuration", list: []*rendering{configured}, file: "free/out.yaml"},
		{name: "the root of what deploys itself", list: []*rendering{unit(render.KindKustomize, "k", "k/root.yaml")}, file: "k/root.yaml"},
		{name: "another one beside it", list: []*rendering{unit(render.KindKustomize, "k", "k/root.yaml")}, file: "k/other.yaml", want: true},
		{name: "the root of one that another one deploys as well", list: []*rendering{k, unit(render.KindKustomize, "k", "k/root.yaml")}, file: "k/root.yaml", want: true},
		{name: "among plain manifests", list: []*rendering{plain}, file: "plain/out.yaml", want: true},
		{name: "one of them", list: []*rendering{plain}, file: "plain/in.yaml"},
		{name: "below plain manifests", list: []*rendering{plain}, file: "plain/deep/out.yaml"},
		{name: "no plain manifests", list: []*rendering{unit(render.KindManifests, "plain", "a.yaml")}, file: "plain/out.yaml"},
		{name: "beside what a kustomization lists that a controller makes", list: []*rendering{made}, file: "made/one/out.yaml", want: true},
		{name: "in its own directory", list: []*rendering{made}, file: "made/out.yaml"},
		{name: "beside one that is not listed", list: []*rendering{made}, file: "made/one/below/out.yaml"},
		{name: "elsewhere", list: []*rendering{k, plain, made}, file: "elsewhere.yaml"},
	} {
		if got := rounds.holders(c.list).holds(c.file); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	h := rounds.holders([]*rendering{k, plain})
	for files, want := range map[string]bool{"": false, "k/out.yaml": true, "k/out.yaml plain/out.yaml": true, "k/out.yaml plain/in.yaml": false} {
		if got := h.all(strings.Fields(files)); got != want {
			t.Errorf("all of %q: %v", files, got)
		}
	}
}

func TestBeforeTemplate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         ".",
		".":                        ".",
		"apps/web":                 "apps/web",
		"/apps/web/":               "apps/web",
		"{{path}}":                 ".",
		"apps/{{.path.basename}}":  "apps",
		"apps/web-{{name}}":        "apps",
		"apps/web-{{name}}/prod":   "apps",
		"/apps/x/{{ .a }}/{{ .b}}": "apps/x",
		"./apps/{{x}}":             "apps",
	} {
		if got := beforeTemplate(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestGeneratorRead checks which file the parameters of an Application are from.
func TestGeneratorRead(t *testing.T) {
	t.Parallel()
	g := generators{planner: newPlanner(newLayout(sourcetest.Tree{"apps/a/c.json": "{}", "apps/b/c.json": "{}"}, &discover.Inventory{}), nil)}
	join := func(sets ...map[string]any) map[string]any {
		out := map[string]any{}
		for _, s := range sets {
			for k, v := range s {
				out[k] = v
			}
		}
		return out
	}
	for _, c := range []struct {
		name   string
		params map[string]any
		want   string
	}{
		{"nothing", nil, ""},
		{"a list", map[string]any{"name": "a", "n": 1}, ""},
		{"a file", g.pathParams("apps/a", "c.json", ""), "apps/a/c.json"},
		{"with parameters of the file", join(g.pathParams("apps/a", "c.json", ""), map[string]any{"a": map[string]any{"x": "y"}}), "apps/a/c.json"},
		{"of a prefix", g.pathParams("apps/b", "c.json", "app"), "apps/b/c.json"},
		{"a directory", g.pathParams("apps/a", "", ""), ""},
		{"a file that is none of the tree", g.pathParams("apps/c", "c.json", ""), ""},
		{"of two the first by name", join(g.pathParams("apps/b", "c.json", "a"), g.pathParams("apps/a", "c.json", "b")), "apps/b/c.json"},
	} {
		for range 8 { // whatever the order of the map
			if got := g.read(c.params); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
}

// TestIdentify checks how units of one place are told apart.
func TestIdentify(t *testing.T) {
	t.Parallel()
	from := func(u render.Unit, root string) planned {
		u.Controller, u.ControllerFile = "Kustomization/apps", "shared/apps.yaml"
		d := deployer{file: u.ControllerFile, by: &rendering{unit: render.Unit{ControllerFile: root}}}
		return planned{Unit: u, from: &d}
	}
	app := render.Unit{Kind: render.KindKustomize, Path: "apps"}
	with := func(change func(*render.Unit)) render.Unit { u := app; change(&u); return u }
	prod, other := with(func(u *render.Unit) { u.Namespace = "shop" }), from(app, "root.yaml")
	other.Controller = "Kustomization/other"
	chart := render.Unit{Kind: render.KindHelm, Path: "c", Release: "web"}
	for _, c := range []struct {
		name  string
		units []planned
		want  string
	}{
		{"one", []planned{{Unit: app}}, "kustomize:apps"},
		{"one that is deployed", []planned{from(app, "clusters/a/root.yaml")}, "kustomize:apps"},
		{"twins of two roots", []planned{from(app, "clusters/a/root.yaml"), from(app, "clusters/b/root.yaml")}, "kustomize:apps@clusters/a kustomize:apps@clusters/b"},
		{"of three roots, two of which stand in one directory", []planned{from(app, "clusters/a/root.yaml"), from(app, "clusters/a/other.yaml"), from(app, "clusters/b/root.yaml")},
			"kustomize:apps@clusters/a kustomize:apps@clusters/a~2 kustomize:apps@clusters/b"},
		{"of one root and of none", []planned{from(app, "clusters/a/root.yaml"), {Unit: app}}, "kustomize:apps@clusters/a kustomize:apps"},
		{"twins of one root", []planned{from(app, "clusters/a/root.yaml"), from(app, "clusters/a/root.yaml")}, "kustomize:apps kustomize:apps~2"},
		{"of two namespaces", []planned{from(prod, "clusters/a/root.yaml"), from(app, "clusters/a/root.yaml")}, "kustomize:apps@shop kustomize:apps"},
		{"of two roots and a namespace each", []planned{from(prod, "clusters/a/root.yaml"), from(prod, "clusters/b/root.yaml")}, "kustomize:apps@shop@clusters/a kustomize:apps@shop@clusters/b"},
		{"of two controllers", []planned{from(app, "root.yaml"), other}, "kustomize:apps@Kustomization/apps kustomize:apps@Kustomization/other"},
		{"a chart by default and deployed", []planned{from(chart, "root.yaml"), {Unit: chart}}, "helm:c@web helm:c"},
	} {
		p := &planner{units: c.units}
		p.identify()
		var got []string
		for _, u := range p.units {
			got = append(got, u.ID)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}
