package deploy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/cue"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// configured adds a unit of the configuration; loc leads to its entry.
func (p *planner) configured(c config.Unit, loc source.Locator) {
	u := render.Unit{
		Release: c.Release, Namespace: c.Namespace, Environment: c.Environment, Target: c.Target,
		KubeVersion: c.KubeVersion, APIVersions: c.APIVersions, Configured: true,
	}
	for _, v := range c.Values {
		u.Values = append(u.Values, path.Clean(v))
	}
	switch {
	case c.Chart != "":
		u.Kind, u.Path = render.KindHelm, path.Clean(c.Chart)
		ch, ok := p.chart(u.Path)
		if !ok {
			p.entry(facts.Failed, render.KindHelm, u.Path, fmt.Sprintf("the configuration names chart %q, but there is no Chart.yaml", c.Chart),
				"correct units[].chart, or commit the chart", source.Position{File: ".gate.yaml"})
			return
		}
		p.known.charts = true
		u.Place = source.Position{File: path.Join(ch.Dir, "Chart.yaml")}
		if u.Release == "" {
			u.Release = ch.Name
		}
	case c.Kustomization != "":
		u.Kind, u.Path = render.KindKustomize, path.Clean(c.Kustomization)
		if !p.dirs[u.Path] { // the file itself may be named
			u.Path = path.Dir(u.Path)
		}
		k, ok := p.kustomization(u.Path)
		if !ok {
			p.entry(facts.Failed, render.KindKustomize, u.Path, fmt.Sprintf("the configuration names kustomization %q, but there is none", c.Kustomization),
				"correct units[].kustomization", source.Position{File: ".gate.yaml"})
			return
		}
		p.known.kustomizations = true
		u.Place = source.Position{File: k.File}
	case c.Jsonnet != "":
		u.Jsonnet = &render.JsonnetOptions{
			ExtVars: variables(loc, "extVars", c.ExtVars, "extCode", c.ExtCode), TLAs: variables(loc, "tlas", c.TLAs, "tlaCode", c.TLACode),
		}
		for _, dir := range c.Libs {
			u.Jsonnet.Libs = append(u.Jsonnet.Libs, path.Clean(dir))
		}
		p.configuredProgram(u, render.KindJsonnet, c.Jsonnet)
		return
	case c.CUE != "":
		u.CUE = &render.CUEOptions{Package: c.Package, Expression: c.Expression}
		for _, name := range slices.Sorted(maps.Keys(c.Tags)) {
			u.CUE.Tags = append(u.CUE.Tags, cue.Tag{Name: name, Value: c.Tags[name]})
		}
		p.configuredProgram(u, render.KindCUE, c.CUE)
		return
	default:
		return // the configuration's own check says so
	}
	p.add(u)
}

// configuredProgram adds a program of the configuration.
func (p *planner) configuredProgram(u render.Unit, kind, name string) {
	u.Kind, u.Path = kind, path.Clean(name)
	found := p.dirs[u.Path] && kind == render.KindCUE
	if _, ok := p.tree.Lookup(u.Path); ok {
		found = true
	}
	if !found {
		p.entry(facts.Failed, kind, u.Path, fmt.Sprintf("the configuration names %q, but it is not in the tree", name),
			"correct units[]."+kind, source.Position{File: ".gate.yaml"})
		return
	}
	u.Place = source.Position{File: u.Path}
	if kind == render.KindCUE && p.dirs[u.Path] {
		for _, e := range source.Below(p.tree, u.Path) {
			if path.Dir(e.Path) == u.Path && path.Ext(e.Path) == ".cue" {
				u.Place.File = e.Path
				break
			}
		}
	}
	p.add(u)
}

// variables are those of a configuration's unit; loc leads to the unit.
func variables(loc source.Locator, textKey string, text map[string]string, codeKey string, code map[string]string) []jsonnet.Variable {
	var out []jsonnet.Variable
	add := func(key string, m map[string]string, isCode bool) {
		for name, value := range m {
			v := jsonnet.Variable{Name: name, Value: value, Code: isCode}
			if loc != nil {
				v.Loc = source.At(loc, source.Path{key, name})
			}
			out = append(out, v)
		}
	}
	add(textKey, text, false)
	add(codeKey, code, true)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
