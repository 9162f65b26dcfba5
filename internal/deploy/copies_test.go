package deploy

import (
	"math"
	"testing"

	"gate/internal/config"
	"gate/internal/render"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// A file is a copy if all of it equals what one unit renders, and nothing else
// takes it.
func TestCopies(t *testing.T) {
	t.Parallel()
	object := func(name string, v any) map[string]any {
		return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": map[string]any{"v": v}}
	}
	outcome := func(u render.Unit, objects ...render.Object) render.Outcome {
		return render.Outcome{Unit: u, Rendered: &render.Rendered{Unit: u, Objects: objects}}
	}
	in := func(file string, m map[string]any) render.Object { return render.Object{File: file, Manifest: m} }
	chart := func(objects ...render.Object) render.Outcome {
		return outcome(render.Unit{ID: "helm:web", Kind: render.KindHelm, Path: "web"}, objects...)
	}
	loose := func(change func(*render.Unit), objects ...render.Object) render.Outcome {
		u := render.Unit{ID: "manifests:x", Kind: render.KindManifests, Path: "x", Files: []string{"x/a.yaml"}}
		if change != nil {
			change(&u)
		}
		return outcome(u, objects...)
	}
	web := in("web/templates/a.yaml", object("a", "1"))
	copied := map[string]string{"x/a.yaml": "helm:web"}
	for _, c := range []struct {
		name string
		outs []render.Outcome
		want map[string]string
	}{
		{"the same", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", object("a", "1")))}, copied},
		{"a field without a value", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", func() map[string]any { m := object("a", "1"); m["status"] = nil; return m }()))}, copied},
		{"numbers of another type", []render.Outcome{chart(in("t", object("a", int64(1)))), loose(nil, in("x/a.yaml", object("a", float64(1))))}, copied},
		{"another value", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", object("a", "2")))}, map[string]string{}},
		{"a value of another type", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", object("a", int64(1))))}, map[string]string{}},
		{"no number", []render.Outcome{chart(in("t", object("a", math.NaN()))), loose(nil, in("x/a.yaml", object("a", math.NaN())))}, map[string]string{}},
		{"another name", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", object("b", "1")))}, map[string]string{}},
		{"one object of two", []render.Outcome{chart(web), loose(nil, in("x/a.yaml", object("a", "1")), in("x/a.yaml", object("b", "1")))}, map[string]string{}},
		{"two units together", []render.Outcome{chart(web), outcome(render.Unit{ID: "helm:b", Kind: render.KindHelm, Path: "b"}, in("t", object("b", "1"))),
			loose(nil, in("x/a.yaml", object("a", "1")), in("x/a.yaml", object("b", "1")))}, map[string]string{}},
		{"the file itself", []render.Outcome{chart(in("x/a.yaml", object("a", "1"))), loose(nil, in("x/a.yaml", object("a", "1")))}, map[string]string{}},
		{"what an object deploys", []render.Outcome{chart(web), loose(func(u *render.Unit) { u.Controller = "Application/x" }, in("x/a.yaml", object("a", "1")))}, nil},
		{"what deploys others", []render.Outcome{chart(web), loose(func(u *render.Unit) { u.Delivers = true }, in("x/a.yaml", object("a", "1")))}, nil},
		{"other manifests", []render.Outcome{loose(func(u *render.Unit) { u.ID = "manifests:y" }, in("y/a.yaml", object("a", "1"))), loose(nil, in("x/a.yaml", object("a", "1")))}, map[string]string{}},
		{"a file of an environment", []render.Outcome{chart(web), loose(nil, in("live/a.yaml", object("a", "1")))}, map[string]string{}},
		{"a chart that was not rendered", []render.Outcome{{Unit: render.Unit{ID: "helm:web", Kind: render.KindHelm}, Rendered: &render.Rendered{AsBefore: true, Objects: []render.Object{web}}},
			loose(nil, in("x/a.yaml", object("a", "1")))}, map[string]string{}},
		{"a chart of another revision", []render.Outcome{outcome(render.Unit{ID: "helm:web", Kind: render.KindHelm, Revision: &render.Revision{Tree: sourcetest.Tree{}}}, web),
			loose(nil, in("x/a.yaml", object("a", "1")))}, map[string]string{}},
	} {
		cfg := &config.Config{Environments: []config.Environment{{Name: "prod", Paths: []string{"live/**"}}}}
		if diff := cmp.Diff(c.want, Copies(cfg, c.outs)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}
