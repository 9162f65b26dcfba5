package compare

import (
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/source"
)

// fieldPath is the path of which transition.Diff gave the text, as far as a
// manifest has it: a field that is gone leads to what held it.
func fieldPath(manifest any, text string) source.Path {
	out, _, _ := follow(manifest, text)
	return out
}

// follow is the same with what stands there, and whether the whole of the path
// leads somewhere.
func follow(manifest any, text string) (out source.Path, value any, found bool) {
	for text != "" {
		element, rest, ok := nextElement(manifest, text)
		if !ok {
			return out, manifest, false
		}
		out = append(out, element)
		manifest, text = doc.At(manifest, element), strings.TrimPrefix(rest, ".")
	}
	return out, manifest, true
}

// maxStepValues bounds the values that one step carries.
const maxStepValues = 20

// changedValues are the values at changed paths before and after, where both are
// single values of one line; one that is not there is empty. Both documents are
// without secrets.
func changedValues(before, after any, paths []string) []decide.Value {
	var out []decide.Value
	for _, p := range paths[:min(len(paths), maxStepValues)] {
		was, ok := singleValue(before, p)
		is, both := singleValue(after, p)
		if ok && both && was != is {
			out = append(out, decide.Value{Path: p, Before: was, After: is})
		}
	}
	return out
}

func singleValue(document any, path string) (text string, ok bool) {
	_, value, found := follow(document, path)
	if !found || value == nil {
		return "", true
	}
	if text, ok = doc.ScalarText(value); !ok && !secret(value) || strings.Contains(text, "\n") {
		return "", false
	}
	return valueText(value), true
}

// nextElement is the element of a value with which the text of a path begins,
// and what is behind it.
func nextElement(value any, text string) (element any, rest string, ok bool) {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			after, fits := strings.CutPrefix(text, source.Path{key}.String())
			if fits && (after == "" || after[0] == '.' || after[0] == '[') {
				return key, after, true
			}
		}
	case []any:
		selector, after := selectorOf(text)
		if i, err := strconv.Atoi(selector); err == nil {
			return i, after, i < len(v)
		}
		key, name, _ := strings.Cut(selector, "=")
		if plain, err := strconv.Unquote(name); err == nil {
			name = plain
		}
		i := slices.IndexFunc(v, func(e any) bool {
			is, ok := doc.ScalarText(doc.At(e, key))
			return ok && is == name
		})
		return i, after, i >= 0
	}
	return nil, "", false
}

// selectorOf is what stands between the brackets with which a text begins,
// which may be quoted, and what is behind them.
func selectorOf(text string) (selector, rest string) {
	quoted := false
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ']' && !quoted:
			return text[1:i], text[i+1:]
		}
	}
	return "", ""
}
