package pipeline

import (
	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
)

// unitHint is what the scope of a unit of a tree is told from.
func (r *run) unitHint(u render.Unit, inv *discover.Inventory) config.Hint {
	h := config.Hint{
		Environment: u.Environment, Target: u.Target,
		Namespace: u.Namespace, Cluster: u.Cluster, Name: u.Release,
	}
	if u.Kind == render.KindManifests {
		h.Paths = u.Files
		return h
	}
	h.Unit = u.Path
	for _, c := range inv.Charts {
		if u.Kind == render.KindHelm && c.Dir == u.Path {
			h.Chart = c.Name
		}
	}
	h.Paths = []string{u.Place.File}
	return h
}

// objectHint refines the hint of an object's unit.
func objectHint(unit config.Hint, o facts.Object, file string) config.Hint {
	h := unit
	if o.Namespace != "" {
		h.Namespace = o.Namespace
	}
	h.Name = o.Name
	h.Labels = doc.Labels(o.Manifest)
	h.Paths = append([]string{}, unit.Paths...)
	if file != "" {
		h.Paths = append(h.Paths, file)
	}
	return h
}

// scope asks the resolver and keeps a conflict beside the subject: it is never
// settled by a guess.
func (r *run) scope(id string, h config.Hint) facts.Scope {
	s := r.resolver.Scope(h)
	if s.Conflict != "" {
		r.conflicts[id] = s.Conflict
	}
	return toScope(s)
}

func toScope(s config.Scope) facts.Scope {
	return facts.Scope{
		Environment: s.Environment, Class: string(s.Class), Target: s.Target,
		Service: s.Service, Owner: s.Owner, Regulated: s.Regulated,
	}
}

func hintOfFile(path string) config.Hint { return config.Hint{Paths: []string{path}} }
