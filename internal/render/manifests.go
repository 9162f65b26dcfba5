package render

import (
	"errors"
	"fmt"

	"gate/internal/doc"
	"gate/internal/source"
)

// manifests reads the raw manifests of a unit, with exact positions. A faulty
// file does not hide the others: what stands before the fault is kept.
func (s *session) manifests(in *input, r *Rendered) error {
	for _, name := range r.Unit.Files {
		if isProgram(name) {
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
		docs, err := source.ParseManifests(name, data)
		if err != nil {
			r.Faults = append(r.Faults, err)
		}
		for _, d := range docs {
			objects, err := unroll(d.Value, nil, 0)
			if err != nil {
				r.Faults = append(r.Faults, &source.Error{Position: source.Position{File: name, Line: d.Line}, Msg: err.Error()})
				continue
			}
			if objects == nil {
				r.Skipped++
				continue
			}
			for _, o := range objects {
				l := source.At(d.Locator(), o.at)
				r.Objects = append(r.Objects, Object{
					Manifest: o.manifest, Locator: l, File: name, Hook: hookOf(o.manifest), Place: l.Locate(nil).Position,
				})
			}
		}
	}
	return nil
}

// item is one object of a document and the path to it.
type item struct {
	manifest map[string]any
	at       source.Path
}

// unroll returns the objects of a document: itself, or the items of a List.
// It returns nil for what is no Kubernetes object.
func unroll(v any, at source.Path, depth int) ([]item, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, nil
	}
	kind := doc.Text(m, "kind")
	version := doc.Text(m, "apiVersion")
	if kind == "" || version == "" {
		return nil, nil
	}
	list, ok := m["items"].([]any)
	if !ok || !isList(kind, m) {
		return []item{{m, at}}, nil
	}
	if depth > 8 {
		return nil, errors.New("lists are nested more than 8 levels deep")
	}
	out := []item{}
	for i, e := range list {
		here := append(append(source.Path{}, at...), "items", i)
		inner, err := unroll(e, here, depth+1)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			return nil, fmt.Errorf("item %d of the list has no apiVersion or kind", i)
		}
		out = append(out, inner...)
	}
	return out, nil
}

// isList says whether a kind with items is a collection of objects: a List, a
// ConfigMapList, but not a custom kind that happens to have items and a spec.
func isList(kind string, m map[string]any) bool {
	if kind == "List" {
		return true
	}
	_, hasSpec := m["spec"]
	return len(kind) > 4 && kind[len(kind)-4:] == "List" && !hasSpec
}

// hookOf returns the value of helm.sh/hook.
func hookOf(m map[string]any) string {
	return doc.Text(m, "metadata", "annotations", "helm.sh/hook")
}
