package join

import (
	"maps"
	"slices"

	"gate/internal/doc"
)

// resources lists for each container the requests and limits that it will have.
// The API server sets a request from the limit of the same resource, the pod's
// own count for all of its containers, a LimitRange fills in what is missing,
// and a VerticalPodAutoscaler sets requests.
//
// It reads the containers, their Defaults and Autoscaled among it, and writes
// Resources of all of them.
func resources(d *document) {
	for i, c := range d.Containers {
		names := map[string]bool{}
		for _, holder := range []any{c.Container["resources"], c.Pod["resources"], c.Defaults} {
			for _, kind := range []string{"requests", "limits"} {
				for name, amount := range doc.Map(holder, kind) {
					if amount == nil || amount == "" {
						continue
					}
					names[kind+"."+name] = true
					names["requests."+name] = true
				}
			}
		}
		for _, name := range c.Autoscaled {
			names["requests."+name] = true
		}
		d.Containers[i].Resources = slices.Sorted(maps.Keys(names))
	}
}
