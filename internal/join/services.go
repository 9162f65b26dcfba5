package pipeline

import (
	"slices"

	"gate/internal/facts"
)

// joinServices tells the containers that a Service of the tree sends requests
// to, and by which ports, where that is beyond doubt: the pod has no other container.
func (j *joiner) joinServices(containers []facts.Container) {
	services := map[string][]int{} // namespace -> services that select pods
	for _, i := range j.kinds("", "Service") {
		if s, ok := at(j.objects[i].Manifest, "spec", "selector").(map[string]any); ok && len(s) > 0 {
			services[j.objects[i].Namespace] = append(services[j.objects[i].Namespace], i)
		}
	}
	if len(services) == 0 {
		return
	}
	served := map[string][]string{} // id of the object -> names of ports
	for _, o := range j.objects {
		if len(o.Pods) != 1 || len(listAt(specAt(o.Manifest, o.Pods[0].Path), "containers")) != 1 {
			continue
		}
		for _, s := range j.near(o, services[o.Namespace]) {
			selector := map[string]any{"matchLabels": at(j.objects[s].Manifest, "spec", "selector")}
			if selects(selector, o.Pods[0].Labels) {
				for _, port := range listAt(j.objects[s].Manifest, "spec", "ports") {
					served[o.ID] = append(served[o.ID], textAt(port, "name"))
				}
			}
		}
		slices.Sort(served[o.ID])
		served[o.ID] = slices.Compact(served[o.ID])
	}
	for i, c := range containers {
		if c.Type == "container" {
			containers[i].Served = served[c.Object]
		}
	}
}
