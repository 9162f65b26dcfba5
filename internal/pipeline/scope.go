package pipeline

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"gate/internal/compare"
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

// objects gives the units and objects of a side their scopes, and returns
// which of the units contradict themselves.
func (s scoper) objects(side *compare.Side) (conflicts map[string]string) {
	conflicts = map[string]string{}
	h := newHints(s, side)
	for i, u := range side.Collected.Units {
		scope, conflict := s.of(h.unit(u.ID))
		if conflict != "" {
			conflicts[u.ID] = conflict
		}
		side.Collected.Units[i].Scope = scope
	}
	scopes := map[string]facts.Scope{}
	for i, o := range side.Collected.Objects {
		side.Collected.Objects[i].Scope = s.at(objectHint(h.unit(o.Unit), o.Manifest, o.Namespace))
		scopes[o.ID] = side.Collected.Objects[i].Scope
	}
	for i, c := range side.Collected.Containers {
		side.Collected.Containers[i].Scope = scopes[c.Object]
	}
	for i, o := range side.Applications.Objects {
		side.Applications.Objects[i].Scope = s.at(objectHint(h.unit(o.Unit), o.Manifest, o.Namespace))
	}
	return conflicts
}

// hints are what the scopes of units are told from.
type hints struct {
	scoper
	inventory *discover.Inventory
	outcomes  map[string]render.Outcome
	known     map[string]config.Hint
}

func newHints(s scoper, side *compare.Side) *hints {
	h := &hints{scoper: s, inventory: side.Inventory, outcomes: map[string]render.Outcome{}, known: map[string]config.Hint{}}
	for _, o := range slices.Concat(side.Outcomes, side.Made) {
		h.outcomes[o.Unit.ID] = o
	}
	return h
}

// unit is the hint of a unit. Where nothing says of the unit itself where it
// belongs, it belongs where the object that deploys it does.
func (h *hints) unit(id string) config.Hint {
	hint, ok := h.known[id]
	if ok {
		return hint
	}
	u := h.outcomes[id].Unit
	hint = unitHint(u, h.inventory)
	h.known[id] = hint // what deploys itself ends here
	if x, conflict := h.of(hint); x.Environment == "" && conflict == "" {
		if from := h.deployer(u); from.Environment != "" {
			hint.Environment, hint.Target = from.Environment, from.Target
		}
	}
	h.known[id] = hint
	return hint
}

// deployer is where the object that deploys a unit belongs, by its file if it
// is rendered nowhere.
func (h *hints) deployer(u render.Unit) facts.Scope {
	if o := h.outcomes[u.Deployer.Unit]; o.Rendered != nil && u.Deployer.Object < len(o.Rendered.Objects) {
		m := o.Rendered.Objects[u.Deployer.Object].Manifest
		return h.at(objectHint(h.unit(u.Deployer.Unit), m, doc.Text(m, "metadata", "namespace")))
	}
	if u.ControllerFile == "" {
		return facts.Scope{}
	}
	return h.file(u.ControllerFile)
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
func objectHint(unit config.Hint, manifest map[string]any, namespace string) config.Hint {
	h := unit
	if namespace != "" {
		h.Namespace = namespace
	}
	h.Name = cmp.Or(doc.Text(manifest, "metadata", "name"), doc.Text(manifest, "metadata", "generateName"))
	h.Labels = doc.Labels(manifest)
	return h
}

func stackHint(dir string) config.Hint {
	return config.Hint{Stack: dir, Paths: []string{path.Join(dir, "main.tf")}}
}

// resource is where a resource belongs: its stack says so, and its tags.
func (s scoper) resource(x facts.Resource) facts.Scope {
	h := stackHint(x.Stack)
	h.Tags, h.Name = tags(x), x.Name
	return s.at(h)
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
