package crossplane

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// maxDocument bounds the text of an attribute that is read as JSON, in bytes.
const maxDocument = 1 << 20

// attributes are the fields of a block in the shapes of a plan.
type attributes struct {
	after, unknown, expressions map[string]any
	sensitive                   [][]any
}

// reader converts the fields of one resource.
type reader struct {
	t      *Table
	rename map[string]string
}

// name is the attribute of a field.
func (r reader) name(field string) string {
	n := Snake(field)
	if other := r.rename[n]; other != "" {
		return other
	}
	return n
}

// block converts the fields of a block. A reference to another object is an
// attribute that only the controller knows: it is left out of after, marked in
// unknown, and the expression says what it refers to.
func (r reader) block(fields map[string]any) attributes {
	out := attributes{after: map[string]any{}, unknown: map[string]any{}, expressions: map[string]any{}}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		v := fields[field]
		if v == nil {
			continue
		}
		if ref, ok := referenceOf(field, v, fields); ok {
			for _, a := range ref.attributes {
				name := r.name(a)
				if _, given := fields[a]; given && !ref.secret {
					continue // the value is written beside the reference
				}
				out.unknown[name] = true
				out.expressions[name] = map[string]any{"references": []any{ref.to}}
				if ref.secret {
					out.sensitive = append(out.sensitive, []any{name})
				}
			}
			continue
		}
		r.field(&out, r.name(field), v)
	}
	return out
}

// field converts one field. A block that a newer version of a provider embeds
// is a list of one, as in Terraform.
func (r reader) field(out *attributes, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if r.isMap(name, v) {
			out.after[name] = doc.Clone(v)
			return
		}
		r.blocks(out, name, []any{v})
	case []any:
		switch {
		case r.t.maps[name]:
			out.after[name] = pairs(v)
		case hasBlocks(v):
			r.blocks(out, name, v)
		default:
			out.after[name] = doc.Clone(v)
		}
	default:
		out.after[name] = v
	}
}

func (r reader) blocks(out *attributes, name string, list []any) {
	var after, unknown, expressions []any
	some := false
	for i, e := range list {
		fields, ok := e.(map[string]any)
		if !ok || redacted(fields) {
			after, unknown, expressions = append(after, doc.Clone(e)), append(unknown, map[string]any{}), append(expressions, map[string]any{})
			continue
		}
		b := r.block(fields)
		some = some || len(b.unknown) > 0
		after, unknown, expressions = append(after, b.after), append(unknown, b.unknown), append(expressions, b.expressions)
		for _, p := range b.sensitive {
			out.sensitive = append(out.sensitive, append([]any{name, i}, p...))
		}
	}
	out.after[name] = after
	if some {
		out.unknown[name], out.expressions[name] = unknown, expressions
	}
}

// isMap tells a map, whose keys are the user's, from an embedded block.
func (r reader) isMap(name string, v map[string]any) bool {
	if r.t.maps[name] || redacted(v) {
		return true
	}
	for key := range v {
		if !fieldName(key) {
			return true
		}
	}
	return false
}

func redacted(v map[string]any) bool {
	_, ok := v["$redacted"]
	return ok
}

func hasBlocks(list []any) bool {
	return slices.ContainsFunc(list, func(e any) bool { m, ok := e.(map[string]any); return ok && !redacted(m) })
}

// pairs is a list of keys and values as a map, if it is one.
func pairs(list []any) any {
	out := map[string]any{}
	for _, e := range list {
		m := doc.Map(e)
		key, ok := m["key"].(string)
		value := m["value"]
		if !ok {
			key, ok = m["tagKey"].(string)
			value = m["tagValue"]
		}
		if !ok {
			return doc.Clone(list)
		}
		out[key] = value
	}
	return out
}

// documents are the JSON documents that attributes hold.
func documents(after map[string]any) []facts.ResourceDocument {
	out := []facts.ResourceDocument{}
	var visit func(v any, path []any)
	visit = func(v any, path []any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				visit(v[k], append(slices.Clone(path), k))
			}
		case []any:
			for i, e := range v {
				visit(e, append(slices.Clone(path), i))
			}
		case string:
			if doc, ok := document(v); ok {
				out = append(out, facts.ResourceDocument{Path: path, Value: doc})
			}
		}
	}
	visit(after, nil)
	return out
}

func document(text string) (any, bool) {
	s := strings.TrimSpace(text)
	if len(s) > maxDocument || !(strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]")) {
		return nil, false
	}
	docs, err := source.ParseYAML("", []byte(s))
	if err != nil || len(docs) != 1 {
		return nil, false
	}
	switch docs[0].Value.(type) {
	case map[string]any, []any:
		return docs[0].Value, true
	}
	return nil, false
}

// merged is forProvider completed by initProvider, which counts when the
// resource is created (Crossplane, managed resources: initProvider).
func merged(spec map[string]any) map[string]any {
	return complete(doc.Map(spec, "forProvider"), doc.Map(spec, "initProvider"))
}

func complete(first, second map[string]any) map[string]any {
	out := make(map[string]any, len(first)+len(second))
	maps.Copy(out, second)
	for k, v := range first {
		a, isBlock := v.(map[string]any)
		if b, both := out[k].(map[string]any); both && isBlock {
			v = complete(a, b)
		}
		out[k] = v
	}
	return out
}

func sortPaths(paths [][]any) {
	sort.SliceStable(paths, func(i, j int) bool { return source.Path(paths[i]).String() < source.Path(paths[j]).String() })
}
