package join

import (
	"maps"

	"gate/internal/doc"
)

// limitRanges puts the defaults that LimitRanges set beside the containers of
// their namespace (https://kubernetes.io/docs/concepts/policy/limit-range).
//
// It reads the LimitRanges and the workload of each container, and writes
// Defaults of all containers.
func limitRanges(d *document) {
	defaults := map[place]map[string]any{}
	for _, i := range d.kinds("", "LimitRange") {
		o := d.Objects[i]
		for _, limit := range doc.List(o.Manifest, "spec", "limits") {
			if doc.At(limit, "type") != "Container" {
				continue
			}
			at := place{o.Environment, o.Target, o.Namespace}
			if defaults[at] == nil {
				defaults[at] = map[string]any{}
			}
			merge(defaults[at], "limits", doc.At(limit, "default"))
			merge(defaults[at], "requests", doc.At(limit, "defaultRequest"))
		}
	}
	for i, c := range d.Containers {
		d.Containers[i].Defaults = map[string]any{}
		if found := defaults[place{c.Environment, c.Target, c.Workload.Namespace}]; found != nil {
			d.Containers[i].Defaults = found
		}
	}
}

func merge(into map[string]any, key string, v any) {
	from, ok := v.(map[string]any)
	if !ok {
		return
	}
	have := doc.Map(into, key)
	if have == nil {
		have = map[string]any{}
	}
	maps.Copy(have, from)
	into[key] = have
}
