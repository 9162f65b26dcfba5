package crossplane

import (
	"slices"

	"gate/internal/doc"
	"gate/internal/source"
)

// locator leads from an attribute to the field of the object that sets it.
func (t *Table) locator(object source.Locator, m *managed) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		return object.Locate(append(slices.Clone(m.at), m.path(p)...))
	})
}

// path translates a path in a resource's attributes to one in its object.
func (m *managed) path(p source.Path) source.Path {
	section := "forProvider"
	if len(p) > 0 {
		if name, ok := p[0].(string); ok && m.field(doc.Map(m.spec, section), name) == "" && m.field(doc.Map(m.spec, "initProvider"), name) != "" {
			section = "initProvider"
		}
	}
	return append(source.Path{"spec", section}, m.below(m.spec[section], p, false)...)
}

// below translates a path below a value; verbatim says that keys are the
// user's. A field that is not set ends the path: its name is kept, so that the
// nearest place is marked as such.
func (m *managed) below(v any, p source.Path, verbatim bool) source.Path {
	if len(p) == 0 {
		return nil
	}
	switch e := p[0].(type) {
	case int:
		switch v := v.(type) {
		case []any:
			if e >= 0 && e < len(v) {
				return append(source.Path{e}, m.below(v[e], p[1:], verbatim)...)
			}
		case map[string]any: // an embedded block is a list of one
			return m.below(v, p[1:], verbatim)
		}
	case string:
		fields, ok := v.(map[string]any)
		if !ok {
			if entries, isList := v.([]any); isList { // a map that is written as a list of keys and values
				for i, entry := range entries {
					if key := doc.At(entry, "key"); key == e || doc.At(entry, "tagKey") == e && key == nil {
						return source.Path{i}
					}
				}
			}
			return nil // inside of a JSON document
		}
		if verbatim {
			if child, ok := fields[e]; ok {
				return append(source.Path{e}, m.below(child, p[1:], true)...)
			}
			return source.Path{e}
		}
		key := m.field(fields, e)
		if key == "" {
			return source.Path{camel(e)}
		}
		child := fields[key]
		asMap, isMap := child.(map[string]any)
		return append(source.Path{key}, m.below(child, p[1:], isMap && m.reader.isMap(e, asMap))...)
	}
	return nil
}

// field is the field that sets an attribute, or that refers to its value;
// empty if none does.
func (m *managed) field(fields map[string]any, attribute string) string {
	found := ""
	for field, v := range fields {
		if m.reader.name(field) == attribute {
			return field
		}
		if ref, ok := referenceOf(field, v, fields); ok && (found == "" || field < found) {
			for _, a := range ref.attributes {
				if m.reader.name(a) == attribute {
					found = field
				}
			}
		}
	}
	return found
}
