package pipeline

import (
	"gate/internal/facts"
)

// joinServices tells the containers that a Service of the tree sends requests
// to, where that is beyond doubt: the pod has no other container.
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
	served := map[string]bool{} // ids of objects
	for _, o := range j.objects {
		if len(o.Pods) != 1 || len(listAt(specAt(o.Manifest, o.Pods[0].Path), "containers")) != 1 {
			continue
		}
		for _, s := range j.near(o, services[o.Namespace]) {
			selector := map[string]any{"matchLabels": at(j.objects[s].Manifest, "spec", "selector")}
			if selects(selector, o.Pods[0].Labels) {
				served[o.ID] = true
			}
		}
	}
	for i, c := range containers {
		containers[i].Served = c.Type == "container" && served[c.Object]
	}
}
