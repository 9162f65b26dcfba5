// Package doc is typed access to untyped documents: the maps, lists and scalars
// that JSON and YAML decode into (map[string]any, []any, string, bool, numbers,
// nil). Nothing here panics on a document of another shape than expected: what
// is not there, or is something else, is the zero value.
//
// A path is a list of keys (string) of maps and indices (int) of lists, as in
// source.Path.
package doc

// Lookup returns the value at a path, and whether the document has one there. A
// member that is null is there.
func Lookup(v any, path ...any) (any, bool) {
	for _, step := range path {
		switch in := v.(type) {
		case map[string]any:
			key, isKey := step.(string)
			e, has := in[key]
			if !isKey || !has {
				return nil, false
			}
			v = e
		case []any:
			i, ok := step.(int)
			if !ok || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// At returns the value at a path, nil where there is none.
func At(v any, path ...any) any {
	v, _ = Lookup(v, path...)
	return v
}

// Text returns the text at a path, "" where there is none.
func Text(v any, path ...any) string {
	s, _ := At(v, path...).(string)
	return s
}

// Bool returns the truth value at a path, false where there is none.
func Bool(v any, path ...any) bool {
	b, _ := At(v, path...).(bool)
	return b
}

// List returns the list at a path, nil where there is none. It is the
// document's own: a caller that changes it clones it first.
func List(v any, path ...any) []any {
	l, _ := At(v, path...).([]any)
	return l
}

// Map returns the map at a path, nil where there is none. It is the document's
// own: a caller that changes it clones it first.
func Map(v any, path ...any) map[string]any {
	m, _ := At(v, path...).(map[string]any)
	return m
}

// Texts returns the elements of the list at a path that are texts.
func Texts(v any, path ...any) []string {
	var out []string
	for _, e := range List(v, path...) {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// TextMap returns the members of the map at a path that are texts; it is never
// nil.
func TextMap(v any, path ...any) map[string]string {
	m := Map(v, path...)
	out := make(map[string]string, len(m))
	for k, e := range m {
		if s, ok := e.(string); ok {
			out[k] = s
		}
	}
	return out
}

// Labels returns the labels of a Kubernetes object; it is never nil.
func Labels(object any) map[string]string { return TextMap(object, "metadata", "labels") }

// Annotations returns the annotations of a Kubernetes object; it is never nil.
func Annotations(object any) map[string]string { return TextMap(object, "metadata", "annotations") }

// Replace returns v with another value at a path. What lies on the path is
// copied, the rest is shared; v is not changed. A path that the document does
// not have changes nothing.
func Replace(v any, path []any, with any) any {
	if len(path) == 0 {
		return with
	}
	switch in := v.(type) {
	case map[string]any:
		key, ok := path[0].(string)
		e, has := in[key]
		if !ok || !has {
			return v
		}
		out := make(map[string]any, len(in))
		for k, x := range in {
			out[k] = x
		}
		out[key] = Replace(e, path[1:], with)
		return out
	case []any:
		i, ok := path[0].(int)
		if !ok || i < 0 || i >= len(in) {
			return v
		}
		out := make([]any, len(in))
		copy(out, in)
		out[i] = Replace(in[i], path[1:], with)
		return out
	}
	return v
}

// Clone returns a deep copy of v.
func Clone(v any) any { return Rewrite(v, func(s string) string { return s }) }

// Rewrite returns a deep copy of v in which f was applied to every text that is
// a value; keys stay as they are. A nil map or list stays nil.
func Rewrite(v any, f func(string) string) any {
	switch in := v.(type) {
	case map[string]any:
		if in == nil {
			return in
		}
		out := make(map[string]any, len(in))
		for k, e := range in {
			out[k] = Rewrite(e, f)
		}
		return out
	case []any:
		if in == nil {
			return in
		}
		out := make([]any, len(in))
		for i, e := range in {
			out[i] = Rewrite(e, f)
		}
		return out
	case string:
		return f(in)
	}
	return v
}

// Any says whether the test holds for v or for any value inside it. Maps and
// lists are tested before their members.
func Any(v any, test func(any) bool) bool {
	if test(v) {
		return true
	}
	switch in := v.(type) {
	case map[string]any:
		for _, e := range in {
			if Any(e, test) {
				return true
			}
		}
	case []any:
		for _, e := range in {
			if Any(e, test) {
				return true
			}
		}
	}
	return false
}
