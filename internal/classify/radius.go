package classify

import (
	"maps"
	"slices"

	"gate/internal/facts"
)

// places are what the targets of environments are.
type places map[string][]facts.Target

func newPlaces(f *facts.Facts) places {
	out := places{}
	for _, e := range f.Environments {
		out[e.Name] = e.Targets
	}
	return out
}

// radius is what a list of moves reaches. What has no target reaches all of its
// environment.
func (p places) radius(moved []Moved) BlastRadius {
	var environments, accounts, regions, clusters, namespaces, services, owners, resources = set{}, set{}, set{}, set{}, set{}, set{}, set{}, set{}
	for i := range moved {
		m := &moved[i]
		environments.add(m.Environment)
		services.add(m.Service)
		owners.add(m.Owner)
		namespaces.add(m.Namespace)
		resources[m.ID] = m.Name
		for _, t := range p[m.Environment] {
			if m.Target == "" || m.Target == t.Name {
				accounts.add(t.Account)
				regions.add(t.Region)
				clusters.add(t.Cluster)
			}
		}
	}
	return BlastRadius{
		Environments: environments.reach(), Accounts: accounts.reach(), Regions: regions.reach(), Clusters: clusters.reach(),
		Namespaces: namespaces.reach(), Services: services.reach(), Owners: owners.reach(), Resources: resources.reach(),
	}
}

// Part is what is reached of one kind.
type Part struct {
	Of string // environments, accounts, regions, clusters, namespaces, services, owners, resources
	Reach
}

// Parts are what is reached, from the widest kind.
func (b BlastRadius) Parts() []Part {
	return []Part{
		{"environments", b.Environments}, {"accounts", b.Accounts}, {"regions", b.Regions}, {"clusters", b.Clusters},
		{"namespaces", b.Namespaces}, {"services", b.Services}, {"owners", b.Owners}, {"resources", b.Resources},
	}
}

// set are names, by what tells them apart.
type set map[string]string

func (s set) add(name string) {
	if name != "" {
		s[name] = name
	}
}

func (s set) reach() Reach {
	names := slices.Compact(slices.Sorted(maps.Values(s)))
	return Reach{Count: len(s), Names: append([]string{}, names[:min(len(names), maxReach)]...)}
}
