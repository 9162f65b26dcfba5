package pipeline

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// scoper tells where subjects belong.
type scoper struct{ resolver *config.Resolver }

// of is where a subject belongs, and in how far that cannot be told: a conflict
// is never settled by a guess.
func (s scoper) of(h config.Hint) (facts.Scope, decide.Doubt) {
	x := s.resolver.Scope(h)
	return facts.Scope{
		Environment: x.Environment, Class: string(x.Class), Target: x.Target,
		Service: x.Service, Owner: x.Owner, Regulated: x.Regulated,
	}, decide.Doubt{Conflict: x.Conflict, Settled: x.Settled}
}

// at is where a subject belongs, as far as it can be told.
func (s scoper) at(h config.Hint) facts.Scope {
	scope, _ := s.of(h)
	return scope
}

// file is where a file belongs by its path.
func (s scoper) file(path string) facts.Scope { return s.at(config.Hint{Paths: []string{path}}) }

// objects gives the units and objects of a side their scopes, and returns
// of which of the units where they belong is in doubt.
func (s scoper) objects(side *compare.Side) (doubts map[string]decide.Doubt) {
	doubts = map[string]decide.Doubt{}
	h := newHints(s, side)
	for i, u := range side.Collected.Units {
		scope, doubt := s.of(h.unit(u.ID))
		if doubt != (decide.Doubt{}) {
			doubts[u.ID] = doubt
		}
		side.Collected.Units[i].Scope = scope
	}
	scopes := map[string]facts.Scope{}
	for i, o := range side.Collected.Objects {
		hint := objectHint(h.unit(o.Unit), o.Manifest, o.Namespace)
		hint = h.ofFile(hint, o.Unit, side.Collected.Locators[o.ID])
		side.Collected.Objects[i].Scope = s.at(hint)
		scopes[o.ID] = side.Collected.Objects[i].Scope
	}
	for i, c := range side.Collected.Containers {
		side.Collected.Containers[i].Scope = scopes[c.Object]
	}
	for i, o := range side.Applications.Objects {
		side.Applications.Objects[i].Scope = s.at(objectHint(h.unit(o.Unit), o.Manifest, o.Namespace))
	}
	return doubts
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

// unit is the hint of a unit. What stays in the cluster of its controller goes
// where that is deployed to. Where nothing says of the unit itself where it
// belongs, it belongs where the object that deploys it does.
func (h *hints) unit(id string) config.Hint {
	hint, ok := h.known[id]
	if ok {
		return hint
	}
	u := h.outcomes[id].Unit
	hint = unitHint(u, h.inventory)
	h.known[id] = hint // what deploys itself ends here
	if above := h.outcomes[u.Deployer.Unit]; above.Unit.ID != "" && hint.Stays() {
		by := h.unit(above.Unit.ID)
		hint.Cluster, hint.Server, hint.ClusterAliases = by.Cluster, by.Server, by.ClusterAliases
		h.known[id] = hint
	}
	if x, doubt := h.of(hint); x.Environment == "" && doubt == (decide.Doubt{}) {
		if from := h.deployer(u); from.Environment != "" {
			hint.Environment, hint.Target, hint.StatedBy = from.Environment, from.Target, u.Controller
		}
	}
	h.known[id] = hint
	return hint
}

// ofFile refines the hint of an object by its own file, where that says of itself
// where it belongs: what a controller deploys as one may stand in directories of
// several environments. Against what deploys it, no more than production counts.
func (h *hints) ofFile(hint config.Hint, unit string, at source.Locator) config.Hint {
	u := h.outcomes[unit].Unit
	if at == nil || !u.Generate && (u.Kind != render.KindManifests || len(u.Files) < 2) {
		return hint
	}
	file := at.Locate(nil).File
	if path.Dir(file) == path.Dir(hint.Paths[0]) {
		return hint
	}
	switch own := h.file(file); {
	case own.Environment == "":
	case hint.Environment == "":
		hint.Paths, hint.Source = []string{file}, nil
	case hint.StatedBy != "" && own.Class == string(config.Prod) && h.at(hint).Class != own.Class:
		hint.Environment, hint.Target, hint.StatedBy = "", "", ""
		hint.Paths, hint.Source = []string{file}, nil
	}
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
		Namespace: u.Namespace, Cluster: u.Cluster, Server: u.Server, Name: u.Release,
	}
	// The Secret of a cluster that the Cluster API makes is named so:
	// https://cluster-api.sigs.k8s.io/developer/core/controllers/cluster#secrets
	if name, ok := strings.CutSuffix(u.Cluster, "-kubeconfig"); ok && !strings.HasPrefix(u.Controller, "Application/") {
		h.ClusterAliases = []string{name}
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
	switch {
	case u.Fetch != nil || path.Dir(u.Place.File) == u.Path:
	case u.Kind == render.KindHelm:
		h.Source = []string{path.Join(u.Path, "Chart.yaml")}
	case u.Kind == render.KindKustomize:
		h.Source = []string{path.Join(u.Path, "kustomization.yaml")}
	}
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

// variant is where a resource of a variant belongs: in the environment of the
// input, else where its stack does.
func (s scoper) variant(x facts.Resource, environment string) facts.Scope {
	stack, _, _ := strings.Cut(x.Stack, "@")
	h := stackHint(stack)
	h.Tags, h.Name = tags(x), x.Name
	if environment != "" {
		h.Environment, h.Target = environment, ""
	}
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
