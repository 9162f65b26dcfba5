package deploy

import (
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// linked adds what symbolic links give another environment (overlays/prod -> dev):
// whoever applies the path of the link applies what it leads to. It is judged there
// as well; what is deployed is told by those who name the path.
func (p *planner) linked() {
	if len(p.inv.Links) == 0 {
		return
	}
	units := slices.Clone(p.units)
	for _, l := range p.inv.Links {
		for _, u := range p.behind(l, units) {
			at := linkedPath(l, u.Path)
			env := p.habitats.linked(at)
			if env == "" || env == p.habitats.unit(u).environment || p.claims(units, at) || p.inv.Excluded(at) {
				continue
			}
			u.Environment, u.Target, u.Cluster, u.Server = env, "", "", ""
			u.Controller, u.ControllerFile, u.Configured = "", "", false
			u.Variant, u.Undeployed = &facts.Variant{By: facts.VariantLink, With: at, At: []string{at}}, true
			p.units = append(p.units, planned{Unit: u})
		}
	}
}

// behind are the units that stand in the directory that a link leads to; what stands
// at that directory is one by itself, though another takes it in.
func (p *planner) behind(l discover.Link, units []planned) []render.Unit {
	var out []render.Unit
	has := map[place]bool{}
	for _, u := range units {
		if at := (place{u.Kind, u.Path}); atOrBelow(u.Path, l.Dir) && u.Variant == nil && !elsewhere(u.Unit) && !has[at] {
			has[at] = true
			out = append(out, u.Unit)
		}
	}
	if k, ok := p.kustomization(l.Dir); ok && k.Kind != "Component" && !has[place{render.KindKustomize, l.Dir}] {
		out = append(out, render.Unit{Kind: render.KindKustomize, Path: l.Dir, Place: source.Position{File: k.File}})
	}
	if c, ok := p.chart(l.Dir); ok && !strings.EqualFold(c.Type, "library") && !has[place{render.KindHelm, l.Dir}] {
		out = append(out, render.Unit{Kind: render.KindHelm, Path: l.Dir, Release: releaseName(c), Place: source.Position{File: path.Join(l.Dir, "Chart.yaml")}})
	}
	return out
}

// claims says whether something is deployed from a path by that name.
func (p *planner) claims(units []planned, at string) bool {
	return slices.ContainsFunc(units, func(u planned) bool { return atOrBelow(at, u.Path) && u.Variant == nil && u.Path != "." })
}

// atOrBelow says whether a path is a directory or stands below it.
func atOrBelow(file, dir string) bool {
	return dir == "." || file == dir || strings.HasPrefix(file, dir+"/")
}

func linkedPath(l discover.Link, dir string) string {
	if l.Dir == "." {
		return path.Join(l.Path, dir)
	}
	return path.Join(l.Path, strings.TrimPrefix(dir, l.Dir))
}

// linked is the environment of a directory that is reached by a link.
func (h *habitats) linked(dir string) string {
	if len(h.environments) == 0 {
		return ""
	}
	if at := h.file(path.Join(dir, "kustomization.yaml")).environment; at != "" {
		return at
	}
	return h.input(dir)
}

// LinkedStack is a directory of Terraform that a link gives another environment.
type LinkedStack struct{ Dir, At, Environment string }

// LinkedStacks are the stacks that links of the tree give an environment.
func LinkedStacks(cfg *config.Config, links []discover.Link, stacks []string) []LinkedStack {
	h := newHabitats(cfg)
	var out []LinkedStack
	for _, l := range links {
		for _, dir := range stacks {
			if !atOrBelow(dir, l.Dir) {
				continue
			}
			at := linkedPath(l, dir)
			if env := h.linked(at); env != "" && env != h.file(path.Join(dir, "main.tf")).environment && !slices.Contains(stacks, at) {
				out = append(out, LinkedStack{dir, at, env})
			}
		}
	}
	return out
}
