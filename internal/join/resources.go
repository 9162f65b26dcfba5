package pipeline

import (
	"maps"
	"slices"

	"gate/internal/facts"
)

// joinResources lists for each container the requests and limits that it will
// have. The API server sets a request from the limit of the same resource, the
// pod's own count for all of its containers, a LimitRange fills in what is
// missing, and a VerticalPodAutoscaler sets requests.
func joinResources(containers []facts.Container) {
	for i, c := range containers {
		names := map[string]bool{}
		for _, holder := range []any{c.Container["resources"], c.Pod["resources"], c.Defaults} {
			resources, _ := holder.(map[string]any)
			for _, kind := range []string{"requests", "limits"} {
				amounts, _ := resources[kind].(map[string]any)
				for name, amount := range amounts {
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
		containers[i].Resources = slices.Sorted(maps.Keys(names))
	}
}
