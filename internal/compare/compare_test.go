package compare

import (
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// texts is a tree whose files all hold the same; a path with "=" before a text
// holds that.
func texts(paths ...string) sourcetest.Tree {
	out := sourcetest.Tree{}
	for _, p := range paths {
		name, text, ok := strings.Cut(p, "=")
		if !ok {
			text = "same\n"
		}
		out[name] = text
	}
	return out
}

func unreadable(kind discover.Kind, path string) []discover.UnreadableFile {
	return []discover.UnreadableFile{{Path: path, Kind: kind}}
}

func beneath(path string) []discover.UnreadableFile {
	return []discover.UnreadableFile{{Path: path, Kind: discover.KindOther, Below: true}}
}

func TestObjects(t *testing.T) {
	t.Parallel()
	a := thing{name: "a", value: "1", file: "p/a.yaml", line: 1}
	b := thing{name: "b", value: "1", file: "p/b.yaml", line: 1}
	with := func(o thing, value string) thing { o.value = value; return o }
	in := func(o thing, file string) thing { o.file = file; return o }
	of := func(o thing, environment string) thing { o.environment = environment; return o }
	for _, c := range []struct {
		name       string
		base, head side
		renamed    map[string]string
		want       []string
	}{
		{name: "nothing",
			base: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}}},
		{name: "created, updated and deleted",
			base: side{tree: texts("p/a.yaml=1", "p/b.yaml"), units: []made{manifests("p", a, b)}},
			head: side{tree: texts("p/a.yaml=2", "p/c.yaml"), units: []made{manifests("p", with(a, "2"), thing{name: "c", file: "p/c.yaml"})}},
			want: []string{"updated manifests:p#a: data.v", "created manifests:p#c", "deleted manifests:p#b at p/b.yaml:0"}},
		{name: "moved to another unit as it is, and with another value",
			base: side{tree: texts("p/a.yaml", "p/b.yaml"), units: []made{manifests("p", a, b)}},
			head: side{tree: texts("q/a.yaml", "q/b.yaml=2"), units: []made{manifests("q", in(a, "q/a.yaml"), in(with(b, "2"), "q/b.yaml"))}},
			want: []string{"moved manifests:q#a from manifests:p#a", "moved manifests:q#b: data.v from manifests:p#b"}},
		{name: "the same unit holds it in another environment",
			base: side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", of(a, "dev"))}},
			head: side{tree: texts("p/a.yaml=2"), units: []made{manifests("p", of(a, "prod"))}},
			want: []string{"created manifests:p#a", "deleted manifests:p#a~deleted at p/a.yaml:1"}},
		{name: "a secret that changes",
			base: side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", with(a, "secret 1"))}},
			head: side{tree: texts("p/a.yaml=2"), units: []made{manifests("p", with(a, "secret 2"))}},
			want: []string{"updated manifests:p#a: data.v"}},

		{name: "a manifest of the head that cannot be read",
			base: side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p/a.yaml=2"), unreadable: unreadable(discover.KindManifest, "p/a.yaml")},
			want: []string{"unknown file:p/a.yaml: p/a.yaml cannot be read at the head (head)", "unknown manifests:p#a: p/a.yaml cannot be read at the head (head)"}},
		{name: "what is no manifest to any reader in the place of one",
			base: side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p/a.yaml=2"), unreadable: unreadable(discover.KindOther, "p/a.yaml")},
			want: []string{"unknown manifests:p#a: p/a.yaml cannot be read at the head (head)"}},
		{name: "a manifest of the base that could not be read",
			base: side{tree: texts("p/a.yaml=1"), unreadable: unreadable(discover.KindManifest, "p/a.yaml")},
			head: side{tree: texts("p/a.yaml=2"), units: []made{manifests("p", a)}},
			want: []string{"unknown file:p/a.yaml: p/a.yaml cannot be read at the base (base)", "unknown manifests:p#a: p/a.yaml cannot be read at the base (base)"}},
		{name: "a new file beside it that cannot be read may hold the object now",
			base: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p/n.yaml=2"), unreadable: unreadable(discover.KindManifest, "p/n.yaml")},
			want: []string{"unknown file:p/n.yaml: p/n.yaml cannot be read at the head (head)", "unknown manifests:p#a: p/n.yaml cannot be read at the head (head)"}},
		{name: "one that nobody touched does not",
			base: side{tree: texts("p/a.yaml", "p/n.yaml"), units: []made{manifests("p", a)}, unreadable: unreadable(discover.KindManifest, "p/n.yaml")},
			head: side{tree: texts("p/n.yaml"), unreadable: unreadable(discover.KindManifest, "p/n.yaml")},
			want: []string{"deleted manifests:p#a at p/a.yaml:0"}},
		{name: "nor one of another directory; what it holds is unknown all the same",
			base: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}},
			head: side{tree: texts("q/n.yaml=2"), unreadable: unreadable(discover.KindManifest, "q/n.yaml")},
			want: []string{"deleted manifests:p#a at p/a.yaml:0", "unknown file:q/n.yaml: q/n.yaml cannot be read at the head (head)"}},
		{name: "nor what is no manifest",
			base: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p/n.txt=2"), unreadable: unreadable(discover.KindOther, "p/n.txt")},
			want: []string{"deleted manifests:p#a at p/a.yaml:0"}},
		{name: "a renamed file that cannot be read under its new name", renamed: map[string]string{"p/a.yaml": "q/z.yaml"},
			base: side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", a)}},
			head: side{tree: texts("q/z.yaml=2"), unreadable: unreadable(discover.KindOther, "q/z.yaml")},
			want: []string{"unknown manifests:p#a: q/z.yaml cannot be read at the head (head)"}},
		{name: "a renamed file that could not be read under its old name", renamed: map[string]string{"q/z.yaml": "p/a.yaml"},
			base: side{tree: texts("q/z.yaml=1"), unreadable: unreadable(discover.KindOther, "q/z.yaml")},
			head: side{tree: texts("p/a.yaml=2"), units: []made{manifests("p", a)}},
			want: []string{"unknown manifests:p#a: q/z.yaml cannot be read at the base (base)"}},
		{name: "a submodule without its files",
			base: side{tree: texts("p/a.yaml"), units: []made{manifests("p", a)}},
			head: side{tree: texts("p=x"), unreadable: beneath("p")},
			want: []string{"unknown file:p: p cannot be read at the head (head)", "unknown manifests:p#a: p cannot be read at the head (head)"}},
		{name: "beside a directory of a name that begins with its own",
			base: side{tree: texts("p2/a.yaml"), units: []made{manifests("p2", in(a, "p2/a.yaml"))}},
			head: side{tree: texts(), unreadable: beneath("p")},
			want: []string{"deleted manifests:p2#a at p2/a.yaml:0"}},

		{name: "a chart of the head that cannot be read",
			base: side{tree: texts("c/Chart.yaml=1", "c/a.yaml"), units: []made{chart("c", in(a, "c/a.yaml"))}},
			head: side{tree: texts("c/Chart.yaml=2", "c/a.yaml"), unreadable: unreadable(discover.KindChart, "c/Chart.yaml")},
			want: []string{"unknown file:c/Chart.yaml: c/Chart.yaml cannot be read at the head (head)", "unknown helm:c#a: c/Chart.yaml cannot be read at the head (head)"}},
		{name: "a chart of the base that could not be read",
			base: side{tree: texts("c/Chart.yaml=1", "c/a.yaml"), unreadable: unreadable(discover.KindChart, "c/Chart.yaml")},
			head: side{tree: texts("c/Chart.yaml=2", "c/a.yaml"), units: []made{chart("c", in(a, "c/a.yaml"))}},
			want: []string{"unknown file:c/Chart.yaml: c/Chart.yaml cannot be read at the base (base)", "unknown helm:c#a: c/Chart.yaml cannot be read at the base (base)"}},
		{name: "a kustomization of the head that cannot be read, and the files that stand alone now",
			base: side{tree: texts("k/kustomization.yaml=1", "k/a.yaml"), units: []made{kustomization("k", in(a, "k/a.yaml"))}},
			head: side{tree: texts("k/kustomization.yaml=2", "k/a.yaml"), units: []made{manifests("k", in(a, "k/a.yaml"))}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			want: []string{"unknown file:k/kustomization.yaml: k/kustomization.yaml cannot be read at the head (head)", "unknown manifests:k#a: k/kustomization.yaml cannot be read at the head (head)"}},
		{name: "a new manifest that an unreadable kustomization may build",
			base: side{tree: texts("k/kustomization.yaml=1")},
			head: side{tree: texts("k/kustomization.yaml=2", "k/a.yaml"), units: []made{manifests("k", in(a, "k/a.yaml"))}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			want: []string{"unknown file:k/kustomization.yaml: k/kustomization.yaml cannot be read at the head (head)", "unknown manifests:k#a: k/kustomization.yaml cannot be read at the head (head)"}},
		{name: "a kustomization that stands above the file of a chart",
			base: side{tree: texts("k/c/Chart.yaml", "k/c/a.yaml"), units: []made{chart("k/c", in(a, "k/c/a.yaml"))}},
			head: side{tree: texts("k/kustomization.yaml", "k/c/n.yaml"), unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			want: []string{"unknown file:k/kustomization.yaml: k/kustomization.yaml cannot be read at the head (head)", "unknown helm:k/c#a: k/kustomization.yaml cannot be read at the head (head)"}},
		{name: "one that was broken before and may build what is changed elsewhere",
			base: side{tree: texts("k/kustomization.yaml=[../p", "p/a.yaml=1"), units: []made{manifests("p", a)}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			head: side{tree: texts("k/kustomization.yaml=[../p", "p/a.yaml=2"), units: []made{manifests("p", with(a, "2"))}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			want: []string{
				"updated manifests:p#a: data.v",
				"unknown file:k/kustomization.yaml: k/kustomization.yaml cannot be read at the base (base)",
				"unknown file:k/kustomization.yaml: k/kustomization.yaml cannot be read at the head (head)"}},
		{name: "nor one that was broken before and names nothing elsewhere",
			base: side{tree: texts("k/kustomization.yaml", "p/a.yaml=1"), units: []made{manifests("p", a)}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			head: side{tree: texts("k/kustomization.yaml", "p/a.yaml=2"), units: []made{manifests("p", with(a, "2"))}, unreadable: unreadable(discover.KindKustomization, "k/kustomization.yaml")},
			want: []string{"updated manifests:p#a: data.v"}},
		{name: "the file of a controller at the head",
			base: side{tree: texts("apps/k.yaml=1", "k/kustomization.yaml", "k/a.yaml"), units: []made{kustomization("k", in(a, "k/a.yaml")).by("apps/k.yaml")}},
			head: side{tree: texts("apps/k.yaml=2", "k/kustomization.yaml", "k/a.yaml"), unreadable: unreadable(discover.KindOther, "apps/k.yaml")},
			want: []string{"unknown kustomize:k#a: apps/k.yaml cannot be read at the head (head)"}},
		{name: "the file of a controller at the base",
			base: side{tree: texts("apps/k.yaml=1", "k/kustomization.yaml", "k/a.yaml"), unreadable: unreadable(discover.KindOther, "apps/k.yaml")},
			head: side{tree: texts("apps/k.yaml=2", "k/kustomization.yaml", "k/a.yaml"), units: []made{kustomization("k", in(a, "k/a.yaml")).by("apps/k.yaml")}},
			want: []string{"unknown kustomize:k#a: apps/k.yaml cannot be read at the base (base)"}},
		{name: "a unit of the same directory that an unreadable controller deployed",
			base: side{tree: texts("apps/k.yaml=1", "k/kustomization.yaml", "k/a.yaml"), units: []made{kustomization("k", of(in(a, "k/a.yaml"), "shop")).by("apps/k.yaml")}},
			head: side{tree: texts("apps/k.yaml=2", "k/kustomization.yaml", "k/a.yaml"), units: []made{kustomization("k", in(a, "k/a.yaml"))}, unreadable: unreadable(discover.KindOther, "apps/k.yaml")},
			want: []string{
				"unknown kustomize:k#a: apps/k.yaml cannot be read at the head (head)",
				"unknown kustomize:k#a: apps/k.yaml cannot be read at the head (head)"}},
		{name: "one of two units of a directory whose other controller cannot be read",
			base: side{tree: texts("apps/k.yaml", "other/k.yaml=1", "k/kustomization.yaml", "k/a.yaml"), units: []made{
				kustomization("k", in(a, "k/a.yaml")).by("apps/k.yaml"), kustomization("k").by("other/k.yaml").named("kustomize:k@other"),
			}},
			head: side{tree: texts("other/k.yaml=2", "k/kustomization.yaml", "k/a.yaml"), unreadable: unreadable(discover.KindOther, "other/k.yaml")},
			want: []string{"unknown kustomize:k#a: other/k.yaml cannot be read at the head (head)"}},

		{name: "head units that fail: their base objects are not called deleted",
			base: side{tree: texts("c/Chart.yaml", "c/a.yaml=1"), units: []made{chart("c", in(a, "c/a.yaml"))}},
			head: side{tree: texts("c/Chart.yaml", "c/a.yaml=2"), units: []made{chart("c").fails()}},
			want: []string{"unknown helm:c: the unit cannot be rendered (head)"}},
		{name: "base units that fail: the head's objects are not called created",
			base: side{tree: texts("c/Chart.yaml", "c/a.yaml=1"), units: []made{chart("c").fails()}},
			head: side{tree: texts("c/Chart.yaml", "c/a.yaml=2"), units: []made{chart("c", in(a, "c/a.yaml"))}},
			want: []string{"unknown helm:c: the unit cannot be rendered (base)"}},
		{name: "a unit that the head reads in part: what is there is compared, what is not is unknown",
			base: side{tree: texts("p/a.yaml=1", "p/b.yaml=1"), units: []made{manifests("p", a, b)}},
			head: side{tree: texts("p/a.yaml=2", "p/b.yaml=2"), units: []made{manifests("p", with(a, "2")).partly()}},
			want: []string{"updated manifests:p#a: data.v", "unknown manifests:p: the unit cannot be rendered (head)"}},
		{name: "a unit that fails spoils no other",
			base: side{tree: texts("c/Chart.yaml", "p/a.yaml"), units: []made{chart("c").fails(), manifests("p", a)}},
			head: side{tree: texts("c/Chart.yaml"), units: []made{chart("c").fails()}},
			want: []string{"deleted manifests:p#a at p/a.yaml:0", "unknown helm:c: the unit cannot be rendered (head)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			head := c.head.side()
			got := Objects(Input{
				Trees: trees(c.base.tree, c.head.tree, c.renamed), Head: head, Base: c.base.base(), Redact: redact,
				Unchanged: func(render.Unit) bool { return false },
				Scope:     func(string) facts.Scope { return facts.Scope{Environment: "by its path"} },
			})
			if diff := cmp.Diff(c.want, said(head, got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is kept of objects is redacted, but for what is asked for.
func TestObjectsHideSecrets(t *testing.T) {
	t.Parallel()
	object := func(name, value string) thing { return thing{name: name, value: value, file: "p/a.yaml", line: 1} }
	base := side{tree: texts("p/a.yaml=1"), units: []made{manifests("p", object("a", "secret 1"), object("b", "secret b"), object("c", "same"), object("d", "secret d"))}}
	head := side{tree: texts("p/a.yaml=2"), units: []made{manifests("p", object("a", "secret 2"), object("c", "same")), manifests("q", object("d", "secret d"))}}
	for _, before := range []bool{false, true} {
		got := Objects(Input{
			Trees: trees(base.tree, head.tree, nil), Head: head.side(), Base: base.base(), Redact: redact, Before: before,
			Unchanged: func(render.Unit) bool { return false },
		})
		hidden := map[string]any{"v": facts.Redacted("secret")}
		for what, manifest := range map[string]any{"updated": got.Changes[0].Before, "deleted": got.Deleted[0].Manifest, "moved": got.Changes[2].Before} {
			if diff := cmp.Diff(hidden, manifest.(map[string]any)["data"]); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
		}
		values := map[string]any{}
		for id, m := range got.Before {
			values[id] = m["data"].(map[string]any)["v"]
		}
		want := map[string]any{}
		if before {
			want = map[string]any{"manifests:p#a": "secret 1", "manifests:p#b": "secret b", "manifests:q#d": "secret d"}
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Errorf("before is %v: %s", before, diff)
		}
	}
}

// A unit that the change does not reach is the head's own: nothing of it is
// looked at, so that the base may hold less.
func TestObjectsOfUnchangedUnits(t *testing.T) {
	t.Parallel()
	a, b := thing{name: "a", value: "1", file: "p/a.yaml", line: 1}, thing{name: "b", value: "1", file: "q/b.yaml", line: 1}
	base := side{tree: texts("p/a.yaml", "q/b.yaml"), units: []made{manifests("p", a), manifests("q", b)}}
	head := side{tree: texts("p/a.yaml"), units: []made{manifests("p", thing{name: "a", value: "2", file: "p/a.yaml", line: 1}, thing{name: "more"})}}
	got := Objects(Input{
		Trees: trees(base.tree, head.tree, nil), Head: head.side(), Base: base.base(), Redact: redact,
		Unchanged: func(u render.Unit) bool { return u.ID == "manifests:p" },
	})
	if diff := cmp.Diff([]string{"deleted manifests:q#b at q/b.yaml:0"}, said(head.side(), got)); diff != "" {
		t.Error(diff)
	}
	for _, c := range append(got.Changes, Unchanged(head.side()).Changes...) {
		if diff := cmp.Diff(&facts.ResourceChange{Action: "unchanged", Paths: []string{}}, c); diff != "" {
			t.Error(diff)
		}
	}
}

// A file stands for itself only in those environments and targets in which no
// object stands for it, and not at all if it is not judged.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	a := thing{name: "a", value: "1", file: "p/a.yaml", line: 1, environment: "prod"}
	base := side{tree: texts("p/a.yaml=1", "p/x.yaml=1"), units: []made{manifests("p", a)}}
	head := side{tree: texts("p/a.yaml=2", "p/x.yaml=2"), unreadable: append(unreadable(discover.KindManifest, "p/a.yaml"), unreadable(discover.KindTerraform, "p/x.tf")...)}
	for _, c := range []struct {
		name     string
		scope    facts.Scope
		excluded string
		want     []string
		unread   []string
	}{
		{"told by its object", facts.Scope{Environment: "prod", Owner: "@acme/shop"}, "", []string{"manifests:p#a in prod"}, []string{"head p/a.yaml"}},
		{"of another environment", facts.Scope{Environment: "dev"}, "", []string{"file:p/a.yaml in dev", "manifests:p#a in prod"}, []string{"head p/a.yaml"}},
		{"of another target", facts.Scope{Environment: "prod", Target: "eu"}, "", []string{"file:p/a.yaml in prod", "manifests:p#a in prod"}, []string{"head p/a.yaml"}},
		{"not judged", facts.Scope{Environment: "dev"}, "p/a.yaml", nil, nil},
	} {
		got := Objects(Input{
			Trees: trees(base.tree, head.tree, nil), Head: head.side(), Base: base.base(), Redact: redact,
			Unchanged: func(render.Unit) bool { return false },
			Scope:     func(string) facts.Scope { return c.scope },
			Excluded:  func(p string) bool { return p == c.excluded },
		})
		var unknown, unread []string
		for _, u := range got.Unknown {
			unknown = append(unknown, u.ID+" in "+u.Environment)
		}
		for _, u := range got.Unread {
			unread = append(unread, u.Side+" "+u.Path)
		}
		if diff := cmp.Diff(c.want, unknown); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.unread, unread); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Both sides of a unit that fails are named, each with its own scope.
func TestFailedUnits(t *testing.T) {
	t.Parallel()
	base := side{tree: texts(), units: []made{chart("b").fails(), chart("both").fails()}}
	head := side{tree: texts(), units: []made{chart("both").fails(), chart("h").fails()}}
	got := Objects(Input{Trees: trees(base.tree, head.tree, nil), Head: head.side(), Base: base.base(), Redact: redact, Unchanged: func(render.Unit) bool { return false }})
	var unknown []string
	for _, u := range got.Unknown {
		unknown = append(unknown, u.ID+" at the "+u.Side+" in "+u.Environment)
	}
	want := []string{"helm:b at the base in of b", "helm:both at the head in of both", "helm:h at the head in of h"}
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{"helm:b": true, "helm:both": true, "helm:h": true}, got.Failed); diff != "" {
		t.Error(diff)
	}
}
