package join

import (
	"slices"

	"gate/internal/doc"

	"k8s.io/apimachinery/pkg/labels"
)

// services tells the containers that a Service of the tree sends requests to,
// and by which ports, where that is beyond doubt: the pod has no other container.
//
// It reads workloads and Services, and writes Served of the containers that are
// neither for initialisation nor ephemeral.
func services(d *document) {
	services := map[string][]int{}       // namespace -> services that select pods
	selects := map[int]labels.Selector{} // by service
	for _, i := range d.kinds("", "Service") {
		want := doc.Map(d.Objects[i].Manifest, "spec", "selector")
		if len(want) > 0 {
			ns := d.Objects[i].Namespace
			services[ns], selects[i] = append(services[ns], i), parsed(map[string]any{"matchLabels": want})
		}
	}
	if len(services) == 0 {
		return
	}
	served := map[string][]string{} // id of the object -> names of ports
	for _, o := range d.Objects {
		if len(o.Pods) != 1 || len(doc.List(o.Manifest, append(slices.Clone(o.Pods[0].Path), "containers")...)) != 1 {
			continue
		}
		for _, s := range d.near(o, services[o.Namespace]) {
			if selects[s].Matches(labels.Set(o.Pods[0].Labels)) {
				for _, port := range doc.List(d.Objects[s].Manifest, "spec", "ports") {
					served[o.ID] = append(served[o.ID], doc.Text(port, "name"))
				}
			}
		}
		slices.Sort(served[o.ID])
		served[o.ID] = slices.Compact(served[o.ID])
	}
	for i, c := range d.Containers {
		if c.Type == "container" {
			d.Containers[i].Served = served[c.Object]
		}
	}
}
