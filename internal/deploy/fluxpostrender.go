package deploy

import (
	"fmt"
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// postFields are the fields of a post renderer. The second and third one hold
// objects where a kustomization holds text; they are gone from v2.
var postFields = map[string]bool{"patches": true, "patchesStrategicMerge": true, "patchesJson6902": true, "images": true}

// postRenderers reads the post renderers of a HelmRelease.
func (d deployer) postRenderers() (out []render.PostRenderer, fault string, pos source.Position) {
	for i, e := range doc.List(d.obj, "spec", "postRenderers") {
		m := doc.Map(e)
		at := []any{"spec", "postRenderers", i}
		fields := doc.Map(m, "kustomize")
		if len(m) != 1 || fields == nil {
			return nil, "a post renderer that is not kustomize is not understood, so what it changes would not be judged", d.place(at...)
		}
		at = append(at, "kustomize")
		for _, k := range slices.Sorted(maps.Keys(fields)) {
			if _, isList := fields[k].([]any); !postFields[k] || !isList {
				return nil, fmt.Sprintf("the post renderer's field %q is not understood, so what it changes would not be judged", k), d.place(append(at, k)...)
			}
		}
		out = append(out, render.PostRenderer{Fields: fields, Loc: d.below(at...)})
	}
	return out, "", source.Position{}
}
