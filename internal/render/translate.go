package render

import (
	"reflect"

	"gate/internal/doc"
	"gate/internal/source"
)

// mergeKeys are the keys by which strategic merge tells list elements apart.
var mergeKeys = []string{"name", "containerPort", "mountPath", "devicePath", "port", "key", "ip", "topologyKey"}

// translate leads p from one version of an object to another: an element of a
// list is looked for by its merge key, then by equality, then by index. ok is
// false if the other version has no such place; the path is then that of the
// nearest ancestor.
func translate(from, to any, p source.Path) (out source.Path, ok bool) {
	out = make(source.Path, 0, len(p))
	for _, e := range p {
		switch e := e.(type) {
		case string:
			fm := doc.Map(from)
			tm := doc.Map(to)
			next, has := tm[e]
			if !has {
				return out, false
			}
			from, to = fm[e], next
			out = append(out, e)
		case int:
			fl := doc.List(from)
			tl := doc.List(to)
			if e < 0 || e >= len(fl) {
				return out, false
			}
			i := counterpart(fl, tl, e)
			if i < 0 {
				return out, false
			}
			from, to = fl[e], tl[i]
			out = append(out, i)
		default:
			return out, false
		}
	}
	return out, true
}

// counterpart finds the element of to that element i of from is: of several
// with one key, or several that are equal, the one that comes as often before.
func counterpart(from, to []any, i int) int {
	if m, ok := from[i].(map[string]any); ok {
		for _, key := range mergeKeys {
			if v, has := m[key]; has {
				return keyed(from, to, i, key, v)
			}
		}
	}
	if !doc.IsScalar(from[i]) && i < len(to) && reflect.DeepEqual(to[i], from[i]) {
		return i // the usual case, and comparing tables is slow
	}
	if j := nth(from, to, i, func(e any) bool { return reflect.DeepEqual(e, from[i]) }); j >= 0 {
		return j
	}
	if len(from) == len(to) {
		return i
	}
	return -1
}

// keyed finds the element with the same value of a key; an equal one among
// several.
func keyed(from, to []any, i int, key string, v any) int {
	has := func(e any) bool {
		o, ok := e.(map[string]any)
		if !ok {
			return false
		}
		have, ok := o[key]
		return ok && reflect.DeepEqual(have, v)
	}
	found := -1
	for j, e := range to {
		if !has(e) {
			continue
		}
		if found >= 0 {
			if j := nth(from, to, i, func(e any) bool { return has(e) && reflect.DeepEqual(e, from[i]) }); j >= 0 {
				return j
			}
			return nth(from, to, i, has)
		}
		found = j
	}
	if found >= 0 && nth(from, to, i, has) < 0 { // the second one is new
		return -1
	}
	return found
}

// nth finds the element of to that is like element i of from, counted among
// those that are like it; -1 if there are not as many.
func nth(from, to []any, i int, like func(any) bool) int {
	n := 0
	for _, e := range from[:i] {
		if like(e) {
			n++
		}
	}
	for j, e := range to {
		if like(e) {
			if n--; n < 0 {
				return j
			}
		}
	}
	return -1
}
