package render

import (
	"gate/internal/doc"
	"gate/internal/render/jsonnet"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// manifests reads the raw manifests of a unit, with exact positions. A faulty
// file does not hide the others: what stands before the fault is kept.
func (s *Renderer) manifests(in *input, r *Rendered) error {
	for _, name := range r.Unit.Files {
		if jsonnet.IsProgram(name) {
			if err := s.jsonnet(in, r, name, false); err != nil {
				r.Faults = append(r.Faults, err)
			}
			continue
		}
		data, err := in.read(name)
		if err != nil {
			r.Faults = append(r.Faults, err)
			continue
		}
		docs, err := source.ParseLenient(name, data)
		if err != nil {
			r.Faults = append(r.Faults, err)
		}
		for _, d := range docs {
			objects, err := manifest.Objects(d.Value, nil)
			if err != nil {
				r.Faults = append(r.Faults, &source.Error{Position: source.Position{File: name, Line: d.Line}, Msg: err.Error()})
				continue
			}
			if objects == nil {
				r.Skipped++
				continue
			}
			for _, o := range objects {
				l := source.At(d.Locator(), o.At)
				r.Objects = append(r.Objects, Object{
					Manifest: o.Manifest, Locator: l, File: name, Hook: hookOf(o.Manifest), Place: l.Locate(nil).Position,
					Repeats: repeatsBelow(d, o.At),
				})
			}
		}
	}
	return nil
}

// hookOf returns the value of helm.sh/hook.
func hookOf(m map[string]any) string {
	return doc.Text(m, "metadata", "annotations", "helm.sh/hook")
}
