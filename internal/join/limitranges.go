package pipeline

import (
	"cmp"
	"maps"
	"slices"

	"gate/internal/facts"
)

// place is where a namespace lives; objects of one unit share environment and
// target, so units of the same place meet in it.
type place struct{ environment, target, namespace string }

// joinLimitRanges puts the defaults that LimitRanges set beside the containers
// of their namespace (https://kubernetes.io/docs/concepts/policy/limit-range).
func joinLimitRanges(objects []facts.Object, containers []facts.Container) {
	defaults := map[place]map[string]any{}
	for _, o := range objects {
		if o.Kind != "LimitRange" || o.Group != "" {
			continue
		}
		spec, _ := o.Manifest["spec"].(map[string]any)
		limits, _ := spec["limits"].([]any)
		for _, l := range limits {
			limit, _ := l.(map[string]any)
			if limit["type"] != "Container" {
				continue
			}
			at := place{o.Environment, o.Target, o.Namespace}
			if defaults[at] == nil {
				defaults[at] = map[string]any{}
			}
			merge(defaults[at], "limits", limit["default"])
			merge(defaults[at], "requests", limit["defaultRequest"])
		}
	}
	for i, c := range containers {
		containers[i].Defaults = map[string]any{}
		if d := defaults[place{c.Environment, c.Target, c.Workload.Namespace}]; d != nil {
			containers[i].Defaults = d
		}
	}
}

func merge(into map[string]any, key string, v any) {
	from, ok := v.(map[string]any)
	if !ok {
		return
	}
	have, _ := into[key].(map[string]any)
	if have == nil {
		have = map[string]any{}
	}
	maps.Copy(have, from)
	into[key] = have
}

// images are the distinct images of the containers, by environment and target.
// The scope beyond these is that of the first container, by id.
func images(containers []facts.Container) []facts.Image {
	byID := map[string]*facts.Image{}
	for _, c := range containers {
		if c.Image.Ref == "" {
			continue
		}
		id := "image:" + c.Environment + "/" + c.Target + "/" + c.Image.Ref
		img := byID[id]
		if img == nil {
			img = &facts.Image{Subject: facts.Subject{ID: id, Scope: c.Scope}, ImageReference: c.Image, Attestations: []facts.Attestation{}, Store: "not-collected"}
			byID[id] = img
		}
		img.Regulated = img.Regulated || c.Regulated
		img.UsedBy = append(img.UsedBy, c.ID)
	}
	out := make([]facts.Image, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		slices.Sort(byID[id].UsedBy)
		out = append(out, *byID[id])
	}
	return out
}

// byID sorts subjects.
func byID[T any](list []T, id func(T) string) []T {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return list
}
