package terraform

import (
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// translatedLocator leads from the attributes of a translation to where they stand.
func (l *loader) translatedLocator(r *facts.Resource, own source.Locator) source.Locator {
	t := l.translationOf(r)
	if t == nil {
		return own
	}
	attributes := t.attributes
	for _, p := range t.parts {
		if p.typ == r.Type {
			attributes = p.attributes
		}
	}
	in := viewBefore(r).in
	return source.LocatorFunc(func(p source.Path) source.Location {
		at, ok := placeOf(attributes, p)
		if !ok {
			return own.Locate(p)
		}
		var out source.Path
		for _, step := range in {
			out = append(out, step)
		}
		return own.Locate(append(out, at...))
	})
}

// placeOf is where a path of the other provider stands.
func placeOf(attributes map[string]translated, p source.Path) (source.Path, bool) {
	if len(p) == 0 {
		return nil, false
	}
	name, _ := p[0].(string)
	a := attributes[name]
	if len(a.at) == 0 {
		return nil, false
	}
	var out source.Path
	for _, step := range a.at {
		out = append(out, step)
	}
	rest := p[1:]
	if len(rest) == 0 || a.pairs {
		return out, true
	}
	if i, isIndex := rest[0].(int); isIndex {
		out, rest = append(out, i), rest[1:]
	}
	switch {
	case a.blocks != nil:
		if inner, ok := placeOf(a.blocks, rest); ok {
			return append(out, inner...), true
		}
	case a.each != "":
		out = append(out, a.each)
	}
	return append(out, rest...), true
}

// documents are documents at the paths of a translation, with those that are objects;
// others stay as they are, or out.
func (v view) documents(attributes map[string]translated, values map[string]any, own []facts.ResourceDocument, all bool) []facts.ResourceDocument {
	var out []facts.ResourceDocument
	for _, d := range own {
		at, ok := d.Path, len(d.Path) > len(v.in)
		for i, step := range v.in {
			ok = ok && d.Path[i] == step
		}
		if ok {
			at, ok = namedPath(attributes, d.Path[len(v.in):])
		}
		switch {
		case ok:
			out = append(out, facts.ResourceDocument{Path: at, Value: d.Value, Partial: d.Partial})
		case all:
			out = append(out, d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if object := doc.Map(values, name); attributes[name].document && object != nil && !redacted(object) {
			out = append(out, facts.ResourceDocument{Path: []any{name}, Value: object})
		}
	}
	return out
}

// namedPath is the path in the other provider of what stands at a place.
func namedPath(attributes map[string]translated, place []any) ([]any, bool) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		rest, ok := after(place, a.at)
		if !ok || len(a.at) == 0 {
			continue
		}
		out := []any{name}
		if len(rest) > 0 && (a.blocks != nil || a.each != "") {
			if i, isIndex := rest[0].(int); isIndex {
				out, rest = append(out, i), rest[1:]
			}
		}
		switch {
		case a.blocks != nil:
			if inner, ok := namedPath(a.blocks, rest); ok {
				return append(out, inner...), true
			}
		case a.each != "":
			if rest, ok := after(rest, []string{a.each}); ok && len(rest) == 0 {
				return out, true
			}
		case len(rest) == 0:
			return out, true
		}
	}
	return nil, false
}

// after is what of a path follows names.
func after(p []any, names []string) ([]any, bool) {
	if len(p) < len(names) {
		return nil, false
	}
	for i, name := range names {
		if p[i] != name {
			return nil, false
		}
	}
	return p[len(names):], true
}
