package deploy

import "gate/internal/render"

// deployedKinds says of which kinds of units it is known who deploys them from this
// repository: what is of such a kind and has no deployer is not deployed.
// Without any, everything is taken to be deployed by itself.
type deployedKinds struct{ charts, kustomizations, manifests bool }

// directories is said by an Argo CD or Flux object that deploys a path of the
// tree: it may deploy anything.
func (n *deployedKinds) directories() {
	*n = deployedKinds{charts: true, kustomizations: true, manifests: true}
}

// kinds are those of units, as package render calls them.
func (n deployedKinds) kinds() []string {
	var out []string
	for _, k := range []struct {
		known bool
		kind  string
	}{{n.charts, render.KindHelm}, {n.kustomizations, render.KindKustomize}, {n.manifests, render.KindManifests}} {
		if k.known {
			out = append(out, k.kind)
		}
	}
	return out
}

// undeployed marks the units that nobody deploys, though somebody deploys
// others of their kind.
func (p *planner) undeployed() {
	for i := range p.units {
		u := &p.units[i]
		if u.Configured || u.Controller != "" || u.Variant != nil {
			continue
		}
		switch u.Kind {
		case render.KindHelm:
			u.Undeployed = p.known.charts
		case render.KindKustomize:
			u.Undeployed = p.known.kustomizations || p.kustomizationAt[u.Path].Kind == "Component" // which nobody applies by itself
		default: // what a kustomization beside it does not list was left out
			_, listed := p.kustomization(u.Path)
			u.Undeployed = p.known.manifests || listed
		}
	}
}
