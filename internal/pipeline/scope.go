package pipeline

import (
	"maps"
	"path"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
)

// scoper tells where subjects belong.
type scoper struct{ resolver *config.Resolver }

// of is where a subject belongs, and why that cannot be told, if it cannot: a
// conflict is never settled by a guess.
func (s scoper) of(h config.Hint) (scope facts.Scope, conflict string) {
	x := s.resolver.Scope(h)
	return facts.Scope{
		Environment: x.Environment, Class: string(x.Class), Target: x.Target,
		Service: x.Service, Owner: x.Owner, Regulated: x.Regulated,
	}, x.Conflict
}

// at is where a subject belongs, as far as it can be told.
func (s scoper) at(h config.Hint) facts.Scope {
	scope, _ := s.of(h)
	return scope
}

// file is where a file belongs by its path.
func (s scoper) file(path string) facts.Scope { return s.at(config.Hint{Paths: []string{path}}) }

// objects gives units and their objects their scopes, and returns which of the
// units contradict themselves.
func (s scoper) objects(got *render.Collected, units []render.Unit, inv *discover.Inventory) (conflicts map[string]string) {
	conflicts = map[string]string{}
	hints := map[string]config.Hint{}
	for _, u := range units {
		hints[u.ID] = unitHint(u, inv)
	}
	for i, u := range got.Units {
		scope, conflict := s.of(hints[u.ID])
		if conflict != "" {
			conflicts[u.ID] = conflict
		}
		got.Units[i].Scope = scope
	}
	scopes := map[string]facts.Scope{}
	for i, o := range got.Objects {
		got.Objects[i].Scope = s.at(objectHint(hints[o.Unit], o))
		scopes[o.ID] = got.Objects[i].Scope
	}
	for i, c := range got.Containers {
		got.Containers[i].Scope = scopes[c.Object]
	}
	return conflicts
}

// unitHint is what the scope of a unit of a tree is told from.
func unitHint(u render.Unit, inv *discover.Inventory) config.Hint {
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
func objectHint(unit config.Hint, o facts.Object) config.Hint {
	h := unit
	if o.Namespace != "" {
		h.Namespace = o.Namespace
	}
	h.Name = o.Name
	h.Labels = doc.Labels(o.Manifest)
	return h
}

func stackHint(dir string) config.Hint {
	return config.Hint{Stack: dir, Paths: []string{path.Join(dir, "main.tf")}}
}

// tags are the tags or labels of a resource, planned or before its deletion.
func tags(x facts.Resource) map[string]string {
	out := map[string]string{}
	for _, state := range []map[string]any{x.Before, x.After} {
		for _, key := range []string{"labels", "tags", "tags_all"} {
			maps.Copy(out, doc.TextMap(state, key))
		}
	}
	return out
}

// strictest is the scope of what belongs to the repository as a whole.
func strictest(environments []config.Environment) facts.Scope {
	s := facts.Scope{Class: string(config.NonProd)}
	for _, e := range environments {
		if e.Class == config.Prod {
			s.Class = string(config.Prod)
		}
		s.Regulated = s.Regulated || e.Regulated
	}
	return s
}
