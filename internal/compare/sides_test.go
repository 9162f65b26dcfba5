package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

// made is a unit with what it renders to, written down.
type made struct {
	render.Unit
	sources []string
	objects []thing
	err     error
	faults  []error
}

// thing is an object of a unit: a ConfigMap with one value.
type thing struct {
	name, value, file string
	line              int
	environment       string
}

// manifests are the raw manifests of a directory.
func manifests(dir string, objects ...thing) made {
	m := made{Unit: render.Unit{ID: "manifests:" + dir, Kind: render.KindManifests, Path: dir}, objects: objects}
	for _, o := range objects {
		m.Files = append(m.Files, o.file)
	}
	m.sources = m.Files
	return m
}

// chart is a chart that renders as a whole.
func chart(dir string, objects ...thing) made {
	return built("helm:"+dir, render.KindHelm, dir, dir+"/Chart.yaml", objects)
}

// kustomization is one that is built as a whole.
func kustomization(dir string, objects ...thing) made {
	return built("kustomize:"+dir, render.KindKustomize, dir, dir+"/kustomization.yaml", objects)
}

func built(id, kind, dir, file string, objects []thing) made {
	m := made{Unit: render.Unit{ID: id, Kind: kind, Path: dir, Place: source.Position{File: file}}, objects: objects, sources: []string{file}}
	for _, o := range objects {
		m.sources = append(m.sources, o.file)
	}
	return m
}

// fails is the unit as it cannot be rendered.
func (m made) fails() made {
	m.err, m.objects = errors.New("no"), nil
	return m
}

// partly is the unit as one of its files cannot be read.
func (m made) partly() made {
	m.faults = []error{errors.New("no")}
	return m
}

// by is the unit as an object in a file deploys it.
func (m made) by(file string) made {
	m.ControllerFile = file
	return m
}

// named is the unit under another id.
func (m made) named(id string) made {
	m.ID = id
	return m
}

// side is one side of a change, written down.
type side struct {
	tree       sourcetest.Tree
	units      []made
	unreadable []discover.UnreadableFile
	lists      []discover.Kustomization
}

func (s side) side() Side {
	out := Side{
		Inventory: &discover.Inventory{Unreadable: s.unreadable, Kustomizations: s.lists},
		Collected: &render.Collected{Locators: source.Index{}, Raw: map[string]map[string]any{}},
	}
	for _, m := range s.units {
		o := render.Outcome{Unit: m.Unit, Err: m.err}
		if m.err == nil {
			o.Rendered = &render.Rendered{Unit: m.Unit, Sources: m.sources, Faults: m.faults}
		}
		out.Outcomes = append(out.Outcomes, o)
		out.Collected.Units = append(out.Collected.Units, facts.Unit{Subject: facts.Subject{ID: m.ID, Scope: facts.Scope{Environment: "of " + m.Path}}})
		for _, x := range m.objects {
			manifest := map[string]any{"kind": "ConfigMap", "metadata": map[string]any{"name": x.name}, "data": map[string]any{"v": x.value}}
			id := m.ID + "#" + x.name
			out.Collected.Objects = append(out.Collected.Objects, facts.Object{
				Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: x.environment}}, Unit: m.ID, Kind: "ConfigMap", Name: x.name, Manifest: redact(manifest),
			})
			out.Collected.Raw[id] = manifest
			out.Collected.Locators[id] = source.Fixed(source.Position{File: x.file, Line: x.line})
		}
	}
	return out
}

// base is the side as it is of a base: not redacted.
func (s side) base() Side {
	out := s.side()
	for i, o := range out.Collected.Objects {
		out.Collected.Objects[i].Manifest = out.Collected.Raw[o.ID]
	}
	return out
}

// redact hides values that begin with "secret".
func redact(m map[string]any) map[string]any {
	data := m["data"].(map[string]any)
	if v, _ := data["v"].(string); strings.HasPrefix(v, "secret") {
		return map[string]any{"kind": m["kind"], "metadata": m["metadata"], "data": map[string]any{"v": facts.Redacted("secret")}}
	}
	return m
}

// trees are two trees with what differs between them; renamed leads from a path
// of the base to that of the head. The first changed line of each file is 1.
func trees(base, head sourcetest.Tree, renamed map[string]string) *Trees {
	t := &Trees{Base: base, Head: head, Lines: map[string]int{}}
	for was, is := range renamed {
		t.Files = append(t.Files, facts.File{Path: is, Previous: was, Status: "renamed"})
		t.Lines[is] = 1
	}
	isNew := func(p string) bool {
		return slices.ContainsFunc(t.Files, func(f facts.File) bool { return f.Path == p || f.Previous == p })
	}
	for _, e := range head.Entries() {
		if was, ok := base[e.Path]; !isNew(e.Path) && (!ok || was != head[e.Path]) {
			t.Files = append(t.Files, facts.File{Path: e.Path, Status: "modified"})
			t.Lines[e.Path] = 1
		}
	}
	for _, e := range base.Entries() {
		if _, ok := head[e.Path]; !ok && !isNew(e.Path) {
			t.Files = append(t.Files, facts.File{Path: e.Path, Status: "deleted"})
		}
	}
	return t
}

// said writes a comparison down, one line for each thing that is not as it was.
func said(head Side, c *Comparison) []string {
	var out []string
	line := func(id string, r *facts.ResourceChange, more string) {
		s := r.Action + " " + id + more
		if len(r.Paths) > 0 {
			s += ": " + strings.Join(r.Paths, " ")
		}
		if r.From != "" {
			s += " from " + r.From
		}
		out = append(out, s)
	}
	for i, o := range head.Collected.Objects {
		if r := c.Changes[i]; r != nil && r.Action != "unchanged" {
			line(o.ID, r, "")
		}
	}
	for _, o := range c.Deleted {
		at := c.Locators[o.ID].Locate(nil)
		line(o.ID, o.Change, fmt.Sprintf(" at %s:%d", at.File, at.Line))
	}
	for _, u := range c.Unknown {
		out = append(out, "unknown "+u.ID+": "+u.Reason+" ("+u.Side+")")
	}
	return out
}
