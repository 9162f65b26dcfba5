package crossplane

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// quiet are the composition functions that make no resources and change none.
var quiet = []string{
	"auto-ready", "environment-configs", "extra-resources", "sequencer", "status-transformer", "unit-test", "dummy-status",
}

// composition reads the resources that a composition makes
// (https://docs.crossplane.io/latest/composition/compositions/): those of
// spec.resources, and those of function-patch-and-transform in a pipeline.
// What another function makes is a program's output; note is told.
func (t *Table) composition(manifest map[string]any, o *facts.Object, note func(name, reason string)) []*managed {
	spec := doc.Map(manifest, "spec")
	out := t.resources(spec, source.Path{"spec"}, o, "", note)
	for i, step := range doc.List(spec, "pipeline") {
		name := cmp.Or(doc.Text(step, "step"), strconv.Itoa(i))
		input := doc.Map(step, "input")
		if strings.HasPrefix(doc.Text(input, "apiVersion"), "pt.fn.crossplane.io/") {
			out = append(out, t.resources(input, source.Path{"spec", "pipeline", i, "input"}, o, "", note)...)
			continue
		}
		function := doc.Text(step, "functionRef", "name")
		if note != nil && !slices.ContainsFunc(quiet, func(q string) bool { return strings.HasSuffix(function, q) }) {
			note("step "+name, fmt.Sprintf("function %q makes resources by a program that gate does not run", function))
		}
	}
	return out
}

// resources reads a list of composed resources with its patches.
func (t *Table) resources(holder map[string]any, at source.Path, o *facts.Object, prefix string, note func(name, reason string)) []*managed {
	sets := map[string][]any{}
	for _, s := range doc.List(holder, "patchSets") {
		sets[doc.Text(s, "name")] = doc.List(s, "patches")
	}
	var out []*managed
	names := map[string]bool{}
	for i, entry := range doc.List(holder, "resources") {
		name := doc.Text(entry, "name")
		if name == "" || names[name] {
			name = strconv.Itoa(i)
		}
		names[name] = true
		m := t.resource(doc.Map(entry, "base"), o, append(slices.Clone(at), "resources", i, "base"), prefix+name, note)
		if m == nil {
			continue
		}
		m.within = o.ID
		for _, p := range flat(doc.List(entry, "patches"), sets) {
			if !m.patch(p) && note != nil {
				note(name, fmt.Sprintf("a patch of %q replaces all of its fields: what they are depends on the composite resource", name))
			}
		}
		m.Documents = documents(m.After)
		out = append(out, m)
	}
	return out
}

// flat puts the patches of sets in the place of those that name one.
func flat(patches []any, sets map[string][]any) []map[string]any {
	var out []map[string]any
	for _, e := range patches {
		p := doc.Map(e)
		if doc.Text(p, "type") != "PatchSet" {
			out = append(out, p)
			continue
		}
		for _, e := range sets[doc.Text(p, "patchSetName")] {
			if q := doc.Map(e); doc.Text(q, "type") != "PatchSet" {
				out = append(out, q)
			}
		}
	}
	return out
}

// patch makes the attribute that a patch sets unknown: its value is that of a
// claim, which may lie elsewhere. It returns false if the patch sets all.
func (m *managed) patch(p map[string]any) bool {
	if strings.HasPrefix(doc.Text(p, "type"), "To") || strings.HasPrefix(doc.Text(p, "type"), "CombineTo") {
		return true // from the resource
	}
	from := cmp.Or(doc.Text(p, "fromFieldPath"), strings.TrimPrefix(doc.Text(p, "type"), "Combine"))
	path := fieldPath(cmp.Or(doc.Text(p, "toFieldPath"), from))
	if len(path) == 0 || path[0] != "spec" || m.After == nil {
		return true
	}
	if len(path) == 1 || len(path) == 2 && path[1] == "forProvider" {
		m.After = nil // nothing is known that could be judged
		return false
	}
	if path[1] != "forProvider" && path[1] != "initProvider" {
		return true
	}
	m.hide(m.After, m.Unknown, m.Expressions, path[2:], map[string]any{"references": []any{from}})
	return true
}

// hide takes a value out of a block and marks it as unknown. Where the way to
// it is not there, what is nearest is unknown as a whole.
func (m *managed) hide(after, unknown, expressions map[string]any, path source.Path, why any) {
	field, ok := path[0].(string)
	if !ok {
		return
	}
	name := m.reader.name(field)
	rest := path[1:]
	if base, isRef := referenceTo(field); isRef && len(rest) > 0 && after[name] == nil {
		name, rest = m.reader.name(base), nil
	}
	whole := func() {
		delete(after, name)
		unknown[name], expressions[name] = true, why
	}
	if unknown[name] == true {
		return
	}
	if len(rest) == 0 {
		whole()
		return
	}
	switch v := after[name].(type) {
	case map[string]any: // a map
		key, ok := rest[0].(string)
		marks, isMap := unknown[name].(map[string]any)
		if !isMap {
			marks = map[string]any{}
		}
		if !ok || len(rest) > 1 {
			whole()
			return
		}
		delete(v, key)
		marks[key] = true
		unknown[name] = marks
		expressions[name] = why
	case []any:
		m.hideIn(v, name, unknown, expressions, rest, why, whole)
	default:
		if m.reader.t.maps[name] {
			if key, ok := rest[0].(string); ok && len(rest) == 1 {
				after[name], unknown[name], expressions[name] = map[string]any{}, map[string]any{key: true}, why
				return
			}
		}
		whole()
	}
}

// hideIn is hide below a list of blocks. A path without an index is that of a
// block which the provider embeds.
func (m *managed) hideIn(list []any, name string, unknown, expressions map[string]any, rest source.Path, why any, whole func()) {
	first, last := 0, 0
	switch e := rest[0].(type) {
	case int:
		first, last, rest = e, e, rest[1:]
	case string:
		if e == "*" {
			last, rest = len(list)-1, rest[1:]
		}
	}
	if len(rest) == 0 || first < 0 || last >= len(list) {
		whole()
		return
	}
	marks, says := blocksLike(unknown[name], len(list)), blocksLike(expressions[name], len(list))
	for i := first; i <= last; i++ {
		block, ok := list[i].(map[string]any)
		if !ok {
			whole()
			return
		}
		m.hide(block, doc.Map(marks, i), doc.Map(says, i), rest, why)
	}
	unknown[name], expressions[name] = marks, says
}

func blocksLike(v any, n int) []any {
	if list, ok := v.([]any); ok && len(list) == n {
		return list
	}
	out := make([]any, n)
	for i := range out {
		out[i] = map[string]any{}
	}
	return out
}

// fieldPath parses a Crossplane field path: spec.a[0].b["x.y"], [*] for every
// element (crossplane-runtime, pkg/fieldpath). A malformed one ends where it
// cannot be read.
func fieldPath(s string) source.Path {
	var out source.Path
	for len(s) > 0 {
		if s[0] == '.' {
			s = s[1:]
			continue
		}
		if s[0] != '[' {
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			out, s = append(out, s[:end]), s[end:]
			continue
		}
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return out
		}
		key := strings.Trim(s[1:end], `"'`)
		if n, err := strconv.Atoi(key); err == nil {
			out = append(out, n)
		} else {
			out = append(out, key)
		}
		s = s[end+1:]
	}
	return out
}
