package deploy

import (
	"path"

	"gate/internal/config"
	"gate/internal/render"
)

// serves adds to the units what the configuration says of the clusters that they
// go to.
func (p *planner) serves() {
	said := false
	for _, e := range p.habitats.environments {
		for _, t := range e.Targets {
			said = said || t.KubeVersion != "" || len(t.APIVersions) > 0
		}
	}
	if !said {
		return
	}
	for i := range p.units {
		p.units[i].Serves = p.habitats.serves(p.units[i])
	}
}

// serves is what the clusters of a unit serve. What stays in the cluster of its
// controller is where that is deployed to.
func (h *habitats) serves(u planned) render.Serves {
	hint := config.Hint{
		Environment: u.Environment, Target: u.Target, Namespace: u.Namespace, Cluster: u.Cluster, Server: u.Server, Name: u.Release,
		Unit: u.Path, Paths: []string{u.Place.File},
	}
	if u.Kind == render.KindManifests {
		hint.Unit, hint.Paths = "", u.Files
	}
	if u.from != nil && u.from.by != nil && hint.Stays() && u.Environment == "" {
		return u.from.by.unit.Serves
	}
	if u.ControllerFile != "" && path.Dir(u.Place.File) != u.Path {
		hint.Source = []string{path.Join(u.Path, "Chart.yaml")}
	}
	scope := h.resolver.Scope(hint)
	for _, e := range h.environments {
		if e.Name == scope.Environment && scope.Conflict == "" {
			version, apis := e.Serves(scope.Target)
			return render.Serves{KubeVersion: version, APIVersions: apis}
		}
	}
	return render.Serves{}
}
