package compare

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// outcomeOf reads a unit with what is said of it: its id, and words. An object
// stands in each of its files; "on" names the object that deploys it.
func outcomeOf(text string) render.Outcome {
	words := strings.Fields(text)
	kind, path, _ := strings.Cut(words[0], ":")
	o := render.Outcome{Unit: render.Unit{ID: words[0], Kind: kind, Path: path}, Rendered: &render.Rendered{}}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "undeployed":
			o.Unit.Undeployed = true
		case "delivers":
			o.Unit.Delivers = true
		case "configured":
			o.Unit.Configured = true
		case "fails":
			o.Rendered, o.Err = nil, errors.New("no")
		case "by":
			o.Unit.Controller, o.Unit.ControllerFile = "Application/a", value
		case "on":
			id, n, _ := strings.Cut(value, "#")
			o.Unit.Deployer.Unit = id
			o.Unit.Deployer.Object, _ = strconv.Atoi(n)
		case "files":
			for _, f := range strings.Split(value, ",") {
				o.Rendered.Sources = append(o.Rendered.Sources, f)
				o.Rendered.Objects = append(o.Rendered.Objects, render.Object{File: f, Place: source.Position{File: f}})
			}
			if kind == render.KindManifests {
				o.Unit.Files = o.Rendered.Sources
			} else {
				o.Unit.Place.File = o.Rendered.Sources[0]
			}
		}
	}
	return o
}

// leavingLines writes down what a side leaves out.
func leavingLines(l leaving) []string {
	var out []string
	for id, left := range l.units {
		if left {
			out = append(out, id)
		}
	}
	for at, left := range l.files {
		if left {
			out = append(out, at[0]+"#"+at[1])
		}
	}
	for id := range l.alone {
		out = append(out, "alone "+id)
	}
	slices.Sort(out)
	return out
}

// TestSettle checks what of either side nothing deploys, where that hangs on
// both.
func TestSettle(t *testing.T) {
	t.Parallel()
	const (
		lists   = "kustomize:k by=root.yaml files=k/kustomization.yaml,k/app.yaml"
		without = "kustomize:k by=root.yaml files=k/kustomization.yaml"
		loose   = "manifests:k delivers files=k/app.yaml"
		web     = "helm:web by=k/app.yaml on=manifests:k#0 files=web/Chart.yaml"
	)
	known := []string{render.KindHelm, render.KindKustomize, render.KindManifests}
	for _, c := range []struct {
		name                 string
		base, head           []string
		baseKinds, headKinds []string
		changed              []string
		renamed              map[string]string
		unreadable           string // of the head
		was, is              []string
	}{
		{name: "nothing"},
		{name: "deployed by itself on both sides", base: []string{"manifests:p files=p/a.yaml"}, head: []string{"manifests:p files=p/a.yaml"}},
		{name: "deployed by nobody", base: []string{"helm:c undeployed"}, head: []string{"helm:c undeployed"}, was: []string{"helm:c"}, is: []string{"helm:c"}},
		{name: "deployed by nobody on one side, and not told on the other", base: []string{"helm:c"}, head: []string{"helm:c undeployed"}, was: []string{"helm:c"}, is: []string{"helm:c"}},
		{name: "and the other way around", base: []string{"helm:c undeployed"}, head: []string{"helm:c"}, was: []string{"helm:c"}, is: []string{"helm:c"}},
		{name: "what delivers others from now on", base: []string{"manifests:p undeployed"}, head: []string{"manifests:p delivers"}},
		{name: "what delivered others", base: []string{"manifests:p delivers"}, head: []string{"manifests:p undeployed"}},
		{name: "what delivers others and was undeployed all the same", base: []string{"manifests:p undeployed delivers"}, head: []string{"manifests:p delivers"}, was: []string{"manifests:p"}, is: []string{"manifests:p"}},
		{name: "and is so from now on", base: []string{"manifests:p delivers"}, head: []string{"manifests:p undeployed delivers"}, is: []string{"manifests:p"}},
		{name: "what may deliver others and fails, and does not on the other side", base: []string{"helm:c undeployed"}, head: []string{"helm:c delivers fails"}, was: []string{"helm:c"}, is: []string{"helm:c"}},
		{name: "what fails on both sides", base: []string{"helm:c undeployed fails"}, head: []string{"helm:c delivers fails"}},
		{name: "deployed from now on", base: []string{"helm:c undeployed"}, head: []string{"helm:c by=a.yaml"}, was: []string{"helm:c"}},
		{name: "no longer deployed", base: []string{"helm:c by=a.yaml"}, head: []string{"helm:c undeployed"}, is: []string{"helm:c"}},
		{name: "named by the configuration", base: []string{"helm:c undeployed"}, head: []string{"helm:c configured"}, was: []string{"helm:c"}},

		{name: "manifests that a kustomization lists, and others beside it",
			base: []string{"kustomize:k files=p/a.yaml", "manifests:p files=p/a.yaml,p/b.yaml"}, head: []string{"kustomize:k files=p/a.yaml", "manifests:p files=p/a.yaml,p/b.yaml"},
			baseKinds: known, headKinds: known, was: []string{"manifests:p#p/a.yaml"}, is: []string{"manifests:p#p/a.yaml"}},
		{name: "of which it is not known who deploys them", base: []string{"kustomize:k files=p/a.yaml", "manifests:p files=p/a.yaml"}, head: []string{"kustomize:k files=p/a.yaml", "manifests:p files=p/a.yaml"}},
		{name: "that somebody deploys as well", base: []string{"kustomize:k files=p/a.yaml", "manifests:p by=x files=p/a.yaml"}, head: []string{"kustomize:k files=p/a.yaml", "manifests:p by=x files=p/a.yaml"}, baseKinds: known, headKinds: known},
		{name: "by a kustomization that nobody deploys", base: []string{"kustomize:k undeployed files=p/a.yaml", "manifests:p files=p/a.yaml"}, head: []string{"kustomize:k undeployed files=p/a.yaml", "manifests:p files=p/a.yaml"},
			baseKinds: known, headKinds: known, was: []string{"kustomize:k"}, is: []string{"kustomize:k"}},

		{name: "the last object that says who deploys goes", base: []string{"manifests:p undeployed files=p/a.yaml"}, head: []string{"manifests:p files=p/a.yaml", "manifests:q files=q/a.yaml"}, baseKinds: known,
			was: []string{"manifests:p"}, is: []string{"manifests:p", "manifests:q"}},
		{name: "or cannot be read any more", base: nil, head: []string{"manifests:q files=q/a.yaml"}, baseKinds: known, unreadable: "apps.yaml", changed: []string{"apps.yaml"}},
		{name: "another file that could not be read before", base: nil, head: []string{"manifests:q files=q/a.yaml"}, baseKinds: known, unreadable: "broken.yaml", is: []string{"manifests:q"}},
		{name: "of another kind", base: nil, head: []string{"manifests:q files=q/a.yaml"}, baseKinds: []string{render.KindHelm}},
		{name: "what delivers others stays", base: nil, head: []string{"manifests:q delivers files=q/a.yaml"}, baseKinds: known},

		{name: "the first object that says who deploys", base: []string{"manifests:p files=p/a.yaml", "manifests:q files=q/a.yaml"}, head: []string{"manifests:p by=apps.yaml files=p/a.yaml"}, headKinds: known, was: []string{"alone manifests:p"}},
		{name: "where others said so before", base: []string{"manifests:p files=p/a.yaml"}, head: []string{"manifests:p by=apps.yaml files=p/a.yaml"}, baseKinds: known, headKinds: known},

		{name: "an Application that is not listed any more, and what it deploys", base: []string{lists, "helm:web by=k/app.yaml on=kustomize:k#1"}, head: []string{without, loose, web}, is: []string{"helm:web", "manifests:k#k/app.yaml"}},
		{name: "that another kustomization still lists", base: []string{lists, "kustomize:l by=root.yaml files=k/app.yaml"}, head: []string{without, loose, web, "kustomize:l by=root.yaml files=k/app.yaml"}},
		{name: "of which that cannot be told", base: []string{lists}, head: []string{"kustomize:k by=root.yaml fails", loose, web}},
		{name: "that is renamed as well", base: []string{"kustomize:k by=root.yaml files=k/kustomization.yaml,k/old.yaml"}, head: []string{without, loose}, renamed: map[string]string{"k/old.yaml": "k/app.yaml"}, is: []string{"manifests:k#k/app.yaml"}},
		{name: "that stood alone before as well", base: []string{lists, loose}, head: []string{without, loose}},
		{name: "that is new", base: []string{without}, head: []string{without, loose, web}},
		{name: "that is listed from now on, by what stood there", base: []string{without, loose, web}, head: []string{lists}, was: []string{"helm:web", "manifests:k#k/app.yaml"}},
		{name: "by what is new", base: []string{loose, web}, head: []string{lists}, changed: []string{"root.yaml"}},
		{name: "whose directory nobody deploys any more", base: []string{"manifests:k delivers by=root.yaml files=k/app.yaml", web}, head: []string{loose, web}, is: []string{"helm:web", "manifests:k#k/app.yaml"}},
	} {
		tree := func(units []string) sourcetest.Tree {
			out := sourcetest.Tree{"root.yaml": "same"}
			for _, u := range units {
				o := outcomeOf(u)
				for _, f := range reads(o) {
					out[f] = "same"
				}
			}
			return out
		}
		// What only one side uses stands on both.
		before, after := tree(c.base), tree(c.head)
		if c.name != "that is new" {
			common := maps.Clone(before)
			maps.Copy(common, after)
			before, after = maps.Clone(common), common
			for was, is := range c.renamed {
				delete(before, is)
				delete(after, was)
			}
		}
		files := trees(before, after, c.renamed)
		for _, f := range c.changed {
			files.Files = append(files.Files, facts.File{Path: f, Status: "modified"})
		}
		side := func(units, kinds []string, broken string) *Side {
			s := &Side{Kinds: kinds, Inventory: &discover.Inventory{}}
			for _, u := range units {
				s.Outcomes = append(s.Outcomes, outcomeOf(u))
			}
			if broken != "" {
				s.Inventory.Unreadable = unreadable(discover.KindManifest, broken)
			}
			return s
		}
		was, is := settle(files, side(c.base, c.baseKinds, ""), side(c.head, c.headKinds, c.unreadable))
		if diff := cmp.Diff([][]string{c.was, c.is}, [][]string{leavingLines(was), leavingLines(is)}); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}
