package render

import (
	"gate/internal/doc"
	"gate/internal/source"
)

// CommonMetadata are labels and annotations that a controller sets in every
// object after it is rendered; pod templates do not get them.
type CommonMetadata struct {
	Labels, Annotations map[string]any
}

func (c CommonMetadata) Empty() bool { return len(c.Labels) == 0 && len(c.Annotations) == 0 }

// commonMetadata sets them; what they set stands in the controller's object.
func (r *Rendered) commonMetadata() {
	c := r.Unit.Common
	if c.Empty() {
		return
	}
	for i, o := range r.Objects {
		manifest := doc.Merge(o.Manifest, nil)
		meta := doc.Merge(doc.Map(manifest, "metadata"), nil)
		for field, add := range map[string]map[string]any{"labels": c.Labels, "annotations": c.Annotations} {
			if len(add) > 0 {
				meta[field] = doc.Merge(doc.Map(meta[field]), add)
			}
		}
		manifest["metadata"] = meta
		r.Objects[i].made = true
		r.Objects[i].Manifest, r.Objects[i].Locator = manifest, c.locator(o.Locator, r.Unit.Defined)
	}
}

func (c CommonMetadata) locator(l source.Locator, by source.Position) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) == 3 && p[0] == "metadata" {
			name, _ := p[2].(string)
			_, label := c.Labels[name]
			_, note := c.Annotations[name]
			if p[1] == "labels" && label || p[1] == "annotations" && note {
				loc := source.Location{Position: by}
				loc.Approximate = true
				return loc
			}
		}
		return l.Locate(p)
	})
}
