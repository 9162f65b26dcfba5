package join

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
)

// Deployment is how an object deploys a unit: By is the unit that the object is
// rendered in, "" if that is not known; Cluster and Server are those that it
// names, if it names any.
type Deployment struct{ By, Cluster, Server string }

// Clusters tells which cluster things live in, as far as that is known.
type Clusters struct {
	Targets  map[string][]config.Target // by environment
	Scopes   map[string]facts.Scope     // of units
	Deployed map[string]Deployment      // by unit
}

// NewClusters knows the targets of the configuration, and how objects deploy
// the units.
func NewClusters(cfg *config.Config, units []facts.Unit, deployed map[string]Deployment) Clusters {
	c := Clusters{Targets: map[string][]config.Target{}, Scopes: map[string]facts.Scope{}, Deployed: deployed}
	if cfg != nil {
		for _, e := range cfg.Environments {
			c.Targets[e.Name] = e.Targets
		}
	}
	for _, u := range units {
		c.Scopes[u.ID] = u.Scope
	}
	return c
}

// cluster is where something lives. Two of them are compared only if both are
// known: what one root deploys is in one cluster, whichever that is, and
// nothing tells whether that of another root is the same.
type cluster struct {
	name  string
	known bool
}

// of is the cluster of what a unit holds: its target, else the cluster that
// the nearest object on the way up names, else the target of the first unit on
// the way that has one, else the only target of its environment, else that of
// the root which deploys it.
func (c Clusters) of(scope facts.Scope, unit string) cluster {
	if scope.Target != "" {
		return cluster{"target " + scope.Target, true}
	}
	way := []string{unit}
	for {
		last := way[len(way)-1]
		d, ok := c.Deployed[last]
		if name := elsewhere(d.Cluster, d.Server); name != "" {
			return c.named(scope, name)
		}
		if again := slices.Index(way, d.By); again >= 0 { // a root that deploys itself
			way = append(way, slices.Min(way[again:]))
			break
		}
		if !ok || d.By == "" {
			break
		}
		way = append(way, d.By)
		if above := c.Scopes[d.By]; above.Environment == scope.Environment && above.Target != "" {
			return cluster{"target " + above.Target, true}
		}
	}
	if t := c.Targets[scope.Environment]; len(t) == 1 {
		return cluster{"target " + t[0].Name, true}
	}
	return cluster{"root " + way[len(way)-1], false}
}

// named is the target that lives in a cluster, or the cluster itself.
func (c Clusters) named(scope facts.Scope, name string) cluster {
	is := func(t config.Target) bool { return cmp.Or(t.Cluster, t.Name) == name }
	targets := c.Targets[scope.Environment]
	if i := slices.IndexFunc(targets, is); i >= 0 && !slices.ContainsFunc(targets[i+1:], is) {
		return cluster{"target " + targets[i].Name, true}
	}
	return cluster{"cluster " + name, true}
}

// unitOf is the unit that the id of an object begins with.
func unitOf(object string) string {
	unit, _, _ := strings.Cut(object, "#")
	return unit
}
