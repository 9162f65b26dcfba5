package terraform

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// view is what a resource says, as a translation looks at it.
type view struct {
	root    any      // what the attributes stand in
	in      []string // where that stands in the resource
	marks   any      // what of it is not known
	presets bool     // what is not set has its default
}

func viewBefore(r *facts.Resource) view {
	// An update says nothing of what it leaves as it is.
	v := view{root: r.Before, presets: r.DeclaredType != "azapi_update_resource"}
	if azapiResource(declaredType(r)) {
		v.root, v.in = bodyOf(r.Before, nil), azapiBody
	}
	return v
}

func viewAfter(r *facts.Resource) view {
	v := viewBefore(r)
	v.root, v.marks = r.After, givenMarks(r)
	if v.in == nil {
		return v
	}
	v.root, v.marks = bodyOf(r.After, r.Documents), r.Unknown["body"]
	if v.marks == true && v.root != nil {
		v.marks = nil // the text is known in part, and says itself what is not
	}
	return v
}

// hides says whether the value at a place, or a part of it, cannot be told.
func (v view) hides(at []string) (whole, part bool) {
	marks, x := v.marks, v.root
	if marks == true {
		return true, true
	}
	for _, name := range at {
		if marks, x = folded(marks, name), folded(x, name); marks == true {
			return true, true
		}
	}
	if text, ok := x.(string); ok && strings.Contains(text, unknownText) {
		return true, true
	}
	return false, doc.Any(marks, func(m any) bool { return m == true }) || doc.Any(x, func(e any) bool {
		text, ok := e.(string)
		return ok && strings.Contains(text, unknownText)
	})
}

// value is what stands at a place; nil if nothing does.
func (v view) value(at []string) any {
	x := v.root
	for _, name := range at {
		x = folded(x, name)
	}
	return x
}

// sets says whether something stands at a place, be it known or not.
func (v view) sets(at []string) bool {
	if whole, _ := v.hides(at); whole {
		return true
	}
	x := v.value(at)
	return x != "" && !empty(x)
}

// holds says whether an exception may hold.
func (v view) holds(e exception) bool {
	if len(e.values) == 0 || !v.sets(e.at) {
		return v.sets(e.at)
	}
	whole, part := v.hides(e.at)
	text, _ := v.value(e.at).(string)
	return whole || part || slices.Contains(e.values, strings.ToLower(text))
}

// folded is a member by its name without case: Azure does not tell cases apart.
func folded(v any, name string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if redacted(m) {
		return m
	}
	if e, ok := m[name]; ok {
		return e
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if strings.EqualFold(key, name) {
			return m[key]
		}
	}
	return nil
}

// read are the attributes that are set, or have a default.
func (v view) read(attributes map[string]translated) map[string]any {
	out := map[string]any{}
	if v.root == nil {
		return out
	}
	for name, a := range attributes {
		if len(a.at) == 0 {
			continue
		}
		switch x := a.value(v.value(a.at)); {
		case x != nil:
			out[name] = x
		case v.presets && a.preset != nil && !slices.ContainsFunc(a.unless, v.holds):
			out[name] = a.preset
		}
	}
	return out
}

// hide says of the attributes of a resource what cannot be told, and why.
func (v view) hide(r *facts.Resource, expressions map[string]any, attributes map[string]translated) {
	for name, a := range attributes {
		if len(a.at) == 0 {
			continue
		}
		place := slices.Concat(v.in, a.at)
		e := expressions[place[0]]
		if e != nil && v.in == nil {
			r.Expressions[name] = e
		}
		whole, part := v.hides(a.at)
		if !part {
			continue
		}
		if whole || a.blurred(v.value(a.at)) { // else what is known is judged beside what is not
			delete(r.After, name)
		}
		r.Unknown[name] = true
		if e == nil {
			e = map[string]any{"references": []any{place[0]}}
		}
		r.Expressions[name] = e
		for n := len(place); n > 0; n-- {
			if why := r.Why[strings.Join(place[:n], ".")]; why != "" {
				r.Why[name] = why
				break
			}
		}
	}
}

// blurred says whether a value that is known in part only says nothing.
func (a translated) blurred(v any) bool {
	if a.document {
		return doc.Map(v) != nil
	}
	return a.pairs && slices.ContainsFunc(doc.List(v), func(e any) bool { return doc.Text(e, "key") == "" })
}

// value is a value as the other provider has it; nil if it is not set.
func (a translated) value(v any) any {
	switch {
	case v == nil:
		return nil
	case redacted(v):
		return v
	case a.blocks != nil:
		out := []any{}
		for _, e := range listOrOne(v) {
			if redacted(e) {
				out = append(out, e)
				continue
			}
			out = append(out, view{root: e, presets: true}.read(a.blocks))
		}
		return out
	case a.each != "":
		out := []any{}
		for _, e := range listOrOne(v) {
			if e := folded(e, a.each); e != nil {
				out = append(out, e)
			}
		}
		return out
	case a.pairs:
		return keyed(v)
	}
	if b, ok := v.(bool); ok && a.not {
		return !b
	}
	if text, ok := v.(string); ok && a.values != nil {
		if mapped, ok := a.values[strings.ToLower(text)]; ok {
			return mapped
		}
	}
	return v
}

// keyed are objects with a key and a value as one object.
func keyed(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for _, e := range list {
		if key := doc.Text(e, "key"); key != "" {
			out[key] = doc.At(e, "value")
		}
	}
	return out
}
