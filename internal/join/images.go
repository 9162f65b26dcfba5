package join

import (
	"maps"
	"slices"

	"gate/internal/facts"
)

// images are the distinct images of the containers, by environment and target.
// The scope beyond these is that of the first container, but regulated is what
// is so in any of them.
//
// It reads the image of each container, and writes Images.
func images(d *document) {
	byID := map[string]*facts.Image{}
	for _, c := range d.Containers {
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
	d.Images = make([]facts.Image, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		slices.Sort(byID[id].UsedBy)
		d.Images = append(d.Images, *byID[id])
	}
}
