package compare

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// viewOf is a side of units as outcomeOf reads them.
func viewOf(label string, units ...string) *view {
	s := &Side{Collected: &render.Collected{}, Inventory: &discover.Inventory{}}
	for _, u := range units {
		s.Outcomes = append(s.Outcomes, outcomeOf(u))
	}
	return newView(label, s, leaving{})
}

// TestLost checks what cannot be followed on the other side because a unit of
// it fails.
func TestLost(t *testing.T) {
	t.Parallel()
	const web = "helm:web by=apps.yaml on=kustomize:k#0 files=web/Chart.yaml"
	for _, c := range []struct {
		name    string
		own     []string // the first is the one that is asked for
		fails   []string
		renamed map[string]string // from the failing side's
		want    string
	}{
		{name: "nothing fails", own: []string{web}},
		{name: "the unit itself", own: []string{web}, fails: []string{"helm:web by=apps.yaml fails"}},
		{name: "another one of the same deployer", own: []string{web}, fails: []string{"helm:other by=apps.yaml fails"}, want: "Application/a"},
		{name: "another one of a deployer of the same name elsewhere", own: []string{web}, fails: []string{"helm:other by=other.yaml fails"}},
		{name: "another one of a deployer whose file was renamed", own: []string{web}, fails: []string{"helm:other by=was.yaml fails"}, renamed: map[string]string{"was.yaml": "apps.yaml"}, want: "Application/a"},
		{name: "another one that nobody deploys", own: []string{"helm:web files=web/Chart.yaml"}, fails: []string{"helm:other fails"}},
		{name: "the unit that renders the deployer", own: []string{web, "kustomize:k files=apps.yaml"}, fails: []string{"kustomize:k fails"}, want: "kustomize:k"},
		{name: "a unit above that one", own: []string{web, "kustomize:k on=kustomize:root#0 files=apps.yaml", "kustomize:root files=k.yaml"}, fails: []string{"kustomize:root fails"}, want: "kustomize:root"},
		{name: "a unit beside it", own: []string{web, "kustomize:k files=apps.yaml"}, fails: []string{"kustomize:other fails"}},
		{name: "the nearest of several", own: []string{web, "kustomize:k files=apps.yaml"}, fails: []string{"kustomize:k fails", "helm:other by=apps.yaml fails"}, want: "Application/a"},
	} {
		base, head := sourcetest.Tree{}, sourcetest.Tree{"apps.yaml": "", "other.yaml": ""}
		if c.renamed == nil {
			base["apps.yaml"], base["other.yaml"] = "", ""
		}
		own, other := viewOf("head", c.own...), newSideDoubts(viewOf("base", c.fails...), nil)
		for _, o := range other.side.Outcomes {
			other.fails(o.Unit)
		}
		got := other.lost(own.above(own.side.Outcomes[0].Unit.ID), trees(base, head, c.renamed))
		if got.deployer != c.want || (got.side == "base") != (c.want != "") {
			t.Errorf("%s: %+v, want %q", c.name, got, c.want)
		}
	}
}

// TestTouched checks which file is named that the change touches and that says
// how something is deployed.
func TestTouched(t *testing.T) {
	t.Parallel()
	unit := func(label string, change func(near, far *render.Unit)) *view {
		v := viewOf(label, "helm:web by=apps.yaml on=kustomize:k#0 files=web/Chart.yaml,web/t.yaml", "kustomize:k by=root.yaml files=k/kustomization.yaml,apps.yaml")
		near, far := v.outcomes["helm:web"], v.outcomes["kustomize:k"]
		near.Unit.Values, near.Unit.From = []string{"one.yaml", "two.yaml"}, []string{"vars.yaml"}
		if change != nil {
			change(&near.Unit, &far.Unit)
		}
		v.outcomes["helm:web"], v.outcomes["kustomize:k"] = near, far
		return v
	}
	all := []string{"apps.yaml", "root.yaml", "one.yaml", "two.yaml", "vars.yaml", "web/Chart.yaml", "web/t.yaml", "k/kustomization.yaml", "other.yaml"}
	for _, c := range []struct {
		name, label string
		changed     []string
		gone        []string // from the head
		renamed     map[string]string
		change      func(near, far *render.Unit)
		want        string
	}{
		{name: "nothing", label: "head"},
		{name: "something else", label: "head", changed: []string{"other.yaml"}},
		{name: "what variables come from goes first", label: "head", changed: all, want: "vars.yaml"},
		{name: "the last values", label: "head", changed: []string{"one.yaml", "two.yaml", "web/t.yaml"}, want: "two.yaml"},
		{name: "values before what it is made from", label: "head", changed: []string{"one.yaml", "web/t.yaml"}, want: "one.yaml"},
		{name: "what it is made from", label: "head", changed: []string{"web/t.yaml", "apps.yaml"}, want: "web/t.yaml"},
		{name: "of the base that is told elsewhere", label: "base", changed: []string{"web/t.yaml"}},
		{name: "the deployer", label: "head", changed: []string{"apps.yaml", "root.yaml"}, want: "apps.yaml"},
		{name: "what the deployer is made from", label: "base", changed: []string{"k/kustomization.yaml", "root.yaml"}, want: "k/kustomization.yaml"},
		{name: "what deploys the deployer", label: "base", changed: []string{"root.yaml"}, want: "root.yaml"},
		{name: "plain manifests are not made from one another", label: "head", changed: []string{"web/t.yaml"}, change: func(near, _ *render.Unit) { near.Kind = render.KindManifests }},
		{name: "a file that is gone", label: "base", gone: []string{"two.yaml"}, changed: []string{"vars.yaml"}, want: "vars.yaml"},
		{name: "a file that is gone, and nothing before it is touched", label: "base", gone: []string{"two.yaml"}, changed: []string{"one.yaml"}, want: "two.yaml"},
		{name: "a renamed file under its new name", label: "base", renamed: map[string]string{"two.yaml": "three.yaml"}, want: "three.yaml"},
	} {
		base, head := texts(all...), texts(all...)
		for _, f := range c.changed {
			head[f] = "changed"
		}
		for _, f := range c.gone {
			delete(head, f)
		}
		for was, is := range c.renamed {
			delete(head, was)
			head[is] = "same\n"
		}
		tt := trees(base, head, c.renamed)
		if got := tt.touched(unit(c.label, c.change), "helm:web"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.label != "head" || c.change != nil {
			continue
		}
		is := unit("head", nil)
		is.side.Collected.Locators = source.Index{"o": source.Fixed(source.Position{File: "web/t.yaml", Line: 1})}
		is.files["o"] = "web/t.yaml"
		want := c.want
		if tt.Lines["web/t.yaml"] > 0 { // is where the object stands
			want = ""
		}
		p := &pairing{Input: Input{Trees: tt}, is: is}
		got := ""
		if l := p.cause(&facts.Object{Subject: facts.Subject{ID: "o"}, Unit: "helm:web"}); l != nil {
			at := l.Locate(nil)
			got = at.File
			if at.Line != 1 || !at.Approximate {
				t.Errorf("%s: the cause is at %v, want an approximate line 1", c.name, at.Position)
			}
		}
		if got != want {
			t.Errorf("%s: the cause is %q, want %q", c.name, got, want)
		}
	}
	if l := (&pairing{is: viewOf("head")}).cause(&facts.Object{Subject: facts.Subject{ID: "unknown"}}); l != nil {
		t.Error("an object without a place has a cause")
	}
}

// TestTouchesFailed checks what a change may have an influence on of which it is
// only known why it does not render.
func TestTouchesFailed(t *testing.T) {
	t.Parallel()
	fault := &source.Error{Msg: "no"}
	chart := render.Unit{Kind: render.KindHelm, Path: "c", Place: source.Position{File: "c/Chart.yaml"}}
	with := func(u render.Unit, change func(*render.Unit)) render.Unit { change(&u); return u }
	raw := render.Unit{Kind: render.KindManifests, Path: "raw", Files: []string{"raw/deep/a.yaml"}, Place: source.Position{File: "raw/deep/a.yaml"}}
	overlay := render.Unit{Kind: render.KindKustomize, Path: "k", Place: source.Position{File: "k/kustomization.yaml"}}
	for _, c := range []struct {
		name    string
		unit    render.Unit
		changed []string
		links   []string
		want    bool
	}{
		{name: "no change", unit: chart},
		{name: "a file of the chart", unit: chart, changed: []string{"c/templates/a.tpl"}, want: true},
		{name: "a document of the chart", unit: chart, changed: []string{"c/README.md"}},
		{name: "a document that it is made from", unit: render.Unit{Kind: render.KindKustomize, Path: "notes"}, changed: []string{"docs/notes.md"}, want: true},
		{name: "a document beside that", unit: render.Unit{Kind: render.KindKustomize, Path: "notes"}, changed: []string{"docs/others.md"}},
		{name: "a document among its values", unit: with(chart, func(u *render.Unit) { u.Values = []string{"values.md"} }), changed: []string{"values.md"}, want: true},
		{name: "elsewhere", unit: chart, changed: []string{"d/a.tpl"}},
		{name: "a directory whose name begins alike", unit: chart, changed: []string{"c-d/a.tpl"}},
		{name: "what it depends on, over two", unit: chart, changed: []string{"two/x.tpl"}, want: true},
		{name: "what depends on one another", unit: render.Unit{Kind: render.KindHelm, Path: "ring"}, changed: []string{"elsewhere.bin"}},
		{name: "its values", unit: with(chart, func(u *render.Unit) { u.Values = []string{"env/prod.txt"} }), changed: []string{"env/prod.txt"}, want: true},
		{name: "a neighbour of its values", unit: with(chart, func(u *render.Unit) { u.Values = []string{"env/prod.txt"} }), changed: []string{"env/dev.txt"}},
		{name: "a chart that would be fetched, and something of the same name", unit: with(chart, func(u *render.Unit) { u.Fetch = render.RemoteChart("https://x", "c", "1") }), changed: []string{"c/a.tpl"}},
		{name: "a neighbour of a manifest", unit: raw, changed: []string{"raw/deep/b.bin"}, want: true},
		{name: "where a kustomization is named", unit: overlay, changed: []string{"k/x.bin"}, want: true},
		{name: "the place of what is told from the object alone", unit: with(overlay, func(u *render.Unit) { u.Fault, u.Path, u.Place.File = fault, "gone", "apps/a.yaml" }), changed: []string{"apps/b.bin"}},
		{name: "the place of another one", unit: with(overlay, func(u *render.Unit) { u.Path, u.Place.File = "gone", "apps/a.yaml" }), changed: []string{"apps/b.bin"}, want: true},
		{name: "what it may deploy", unit: with(overlay, func(u *render.Unit) { u.Path, u.Watches, u.Fault = "set", []string{"apps"}, fault }), changed: []string{"apps/x/y.bin"}, want: true},
		{name: "a program, whatever changes", unit: render.Unit{Kind: render.KindJsonnet, Path: "a.jsonnet"}, changed: []string{"x.bin"}, want: true},
		{name: "a program, but for a document", unit: render.Unit{Kind: render.KindCUE, Path: "a"}, changed: []string{"x.md"}},
		{name: "a link in the chart may lead to what is changed", unit: chart, changed: []string{"x.bin"}, links: []string{"c/files/link"}, want: true},
		{name: "a link elsewhere does not", unit: chart, changed: []string{"x.bin"}, links: []string{"d/link"}},
		{name: "a link above the chart", unit: with(chart, func(u *render.Unit) { u.Path = "link/c" }), changed: []string{"x.bin"}, links: []string{"link"}, want: true},
	} {
		r := reachOf(c.links, changedFiles(c.changed...)...)
		r.names = map[string][]string{"notes": {"docs/notes.md"}, "c": {"one"}, "one": {"two"}, "ring": {"around"}, "around": {"ring"}}
		if got := r.touchesFailed(c.unit); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestMayBeInput(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		"README.md": false, "c/readme.txt": false, "CHANGELOG": false, "docs/a.md": false, "LICENSE-APACHE": false, ".gitignore": false, "c/.gitignore": false,
		"CODEOWNERS": false, ".github/workflows/a.yaml": false, ".github/x.bin": false, ".gate.yaml": false, ".gate/rules/a.rego": false, ".gitlab-ci.yml": false,
		"a.yaml": true, "a.bin": true, "main.tf": true, "c/templates/NOTES.txt": true, "c/.helmignore": true, "Kustomization": true, "sub/.gate.yaml": true, "sub/.github/a.yaml": true, "a.md.yaml": true,
	} {
		if got := mayBeInput(file); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}

// TestPinned checks what comes of a change to what is delivered in a revision
// that is not in the clone.
func TestPinned(t *testing.T) {
	t.Parallel()
	at := func(name string) *render.Revision { return &render.Revision{Name: name} }
	here := &render.Revision{Name: "v2", Tree: sourcetest.Tree{}}
	const none = "-"
	for _, c := range []struct {
		name     string
		was, is  any // *render.Revision of the unit on the side, or none
		from, to bool
		want     string
	}{
		{name: "follows the tree", was: (*render.Revision)(nil), is: (*render.Revision)(nil), from: true, to: true},
		{name: "in the clone on both sides", was: here, is: here, from: true, to: true},
		{name: "pinned to the same", was: at("v1"), is: at("v1"), from: true, to: true, want: "not-applied: Application/a is pinned to v1 of this repository, and the change does not move that"},
		{name: "an object that only the base has", was: at("v1"), is: at("v1"), from: true, want: "not-applied: Application/a is pinned to v1 of this repository, and the change does not move that"},
		{name: "an object that only the head has", was: at("v1"), is: at("v1"), to: true, want: "not-applied: Application/a is pinned to v1 of this repository, and the change does not move that"},
		{name: "the pin moves", was: at("v1"), is: at("v3"), from: true, to: true},
		{name: "to what is in the clone", was: at("v1"), is: here, from: true, to: true},
		{name: "and an object goes with it", was: here, is: at("v3"), from: true},
		{name: "the pin goes", was: at("v1"), is: (*render.Revision)(nil), from: true, to: true},
		{name: "the unit goes", was: at("v1"), is: none, from: true},
		{name: "the unit is new", was: none, is: at("v1"), to: true},
	} {
		side := func(label string, r any) *view {
			v := viewOf(label)
			if r, ok := r.(*render.Revision); ok {
				o := outcomeOf("helm:c by=apps.yaml")
				o.Unit.Revision = r
				v.outcomes["helm:c"] = o
			}
			return v
		}
		f := newFates(&pairing{was: side("base", c.was), is: side("head", c.is)})
		var before, after *facts.Object
		if c.from {
			before = &facts.Object{Unit: "helm:c"}
		}
		if c.to {
			after = &facts.Object{Unit: "helm:c"}
		}
		fate, ok := f.pinned(before, after)
		got := ""
		if ok {
			got = fmt.Sprintf("%s: %s", fate.Outcome, fate.Why)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestFind checks which object of a side is the one that is known from the other.
func TestFind(t *testing.T) {
	t.Parallel()
	object := func(kind, namespace, name, file string) render.Object {
		return render.Object{Place: source.Position{File: file}, Manifest: map[string]any{
			"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"namespace": namespace, "name": name}, "file": file,
		}}
	}
	v := viewOf("head", "kustomize:k files=k.yaml", "kustomize:gone fails")
	o := v.outcomes["kustomize:k"]
	o.Rendered.Objects = []render.Object{object("A", "n", "one", "left.yaml"), object("A", "n", "one", "first.yaml"), object("A", "n", "one", "second.yaml"), object("A", "n", "two", "two.yaml")}
	v.objects = []facts.Object{{Subject: facts.Subject{ID: "moved"}, Unit: "kustomize:other"}, {Subject: facts.Subject{ID: "away"}, Unit: "kustomize:k"}}
	v.byID = map[string]int{"moved": 0, "away": 1}
	v.side.Collected.Raw = map[string]map[string]any{"moved": {"file": "moved.yaml"}, "away": {"file": "away.yaml"}}
	v.files = map[string]string{"moved": "moved.yaml", "away": "left.yaml"}
	v.leaving.files = map[[2]string]bool{{"kustomize:k", "left.yaml"}: true}
	for _, c := range []struct {
		name, unit, id string
		like           render.Object
		want           string
	}{
		{name: "by its id, wherever it is", unit: "kustomize:k", id: "moved", like: object("A", "n", "one", ""), want: "kustomize:other moved.yaml"},
		{name: "by its id, and nothing deploys it", unit: "kustomize:k", id: "away", like: object("A", "n", "one", "")},
		{name: "by its name where the id is of nothing", unit: "kustomize:k", id: "unknown", like: object("A", "n", "two", ""), want: "kustomize:k two.yaml"},
		{name: "by its name the first that is deployed", unit: "kustomize:k", like: object("A", "n", "one", ""), want: "kustomize:k first.yaml"},
		{name: "of another kind", unit: "kustomize:k", like: object("B", "n", "two", "")},
		{name: "of another namespace", unit: "kustomize:k", like: object("A", "m", "two", "")},
		{name: "in a unit that fails", unit: "kustomize:gone", like: object("A", "n", "two", "")},
		{name: "in no unit", unit: "kustomize:none", like: object("A", "n", "two", "")},
	} {
		got := ""
		if f := v.find(c.unit, c.id, c.like.Manifest); f != nil {
			got = f.unit + " " + f.manifest["file"].(string)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestMovedRevisions checks of which units it is not known what they deploy now,
// as their controllers name a revision that the clone lacks.
func TestMovedRevisions(t *testing.T) {
	t.Parallel()
	absent := func(name string) func(*render.Unit) {
		return func(u *render.Unit) { u.Revision = &render.Revision{Name: name} }
	}
	present := func(name string) func(*render.Unit) {
		return func(u *render.Unit) { u.Revision = &render.Revision{Name: name, Tree: sourcetest.Tree{}} }
	}
	assumed := func(name string) func(*render.Unit) { return func(u *render.Unit) { u.Assumed = name } }
	follows := func(*render.Unit) {}
	for _, c := range []struct {
		name    string
		was, is func(*render.Unit)
		want    string // side and revisions
	}{
		{"follows the change", follows, follows, ""},
		{"the same that the clone lacks", absent("v1"), absent("v1"), ""},
		{"both are there", present("v1"), present("v2"), ""},
		{"to one that is there", absent("v1"), present("v2"), "base: from v1 to v2"},
		{"to one that is not", present("v1"), absent("v2"), "head: from v1 to v2"},
		{"neither is there", absent("v1"), absent("v2"), "head: from v1 to v2"},
		{"it is pinned now", follows, absent("v1"), "head: from what the change leads to to v1"},
		{"to what is there", follows, present("v1"), ""},
		{"it follows now", absent("v1"), follows, "base: from v1 to what the change leads to"},
		{"a name that nobody knows, as before", assumed("x"), assumed("x"), ""},
		{"to such a name", follows, assumed("x"), "head: from what the change leads to to x"},
		{"from one to another", assumed("x"), assumed("y"), "head: from x to y"},
	} {
		side := func(label string, of func(*render.Unit)) *view {
			o := outcomeOf("helm:c by=apps.yaml")
			of(&o.Unit)
			v := viewOf(label)
			v.side.Outcomes, v.outcomes = []render.Outcome{o}, map[string]render.Outcome{"helm:c": o}
			return v
		}
		p := &pairing{Input: Input{Trees: &Trees{}}, was: side("base", c.was), is: side("head", c.is)}
		d := newDoubts(p)
		got := ""
		for _, u := range d.units() {
			got += u.Side + ": " + strings.TrimSuffix(strings.TrimPrefix(u.Reason, "Application/a moves "), " of this repository, and the clone does not have both")
		}
		if got != c.want || (got != "") != d.lacks("helm:c") || (got != "") != d.failed["helm:c"] {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
