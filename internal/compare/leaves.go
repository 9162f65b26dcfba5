package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/transition"
)

// leaf is a place where two states of a resource differ, to the depth of single
// values and of lists of them.
type leaf struct {
	path          source.Path
	names         []string // the path without indices
	before, after any
	unknown       bool // after is known only after apply
}

// leaves are the places where two states differ.
type leaves struct{ list []leaf }

func (l *leaves) walk(at source.Path, names []string, before, after, unknown any) {
	if unknown == true {
		l.list = append(l.list, leaf{at, names, before, nil, true})
		return
	}
	if secret(before) || secret(after) || unknown == nil && transition.Equal(before, after) {
		if !transition.Equal(before, after) {
			l.list = append(l.list, leaf{at, names, before, after, false})
		}
		return
	}
	b, ok1 := before.(map[string]any)
	a, ok2 := after.(map[string]any)
	if (ok1 || before == nil) && (ok2 || after == nil) && (ok1 || ok2) {
		u := doc.Map(unknown)
		keys := map[string]bool{}
		for _, m := range [...]map[string]any{b, a, u} {
			for k := range m {
				keys[k] = true
			}
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			l.walk(append(at[:len(at):len(at)], k), append(names[:len(names):len(names)], k), b[k], a[k], u[k])
		}
		return
	}
	bl, al := doc.List(before), doc.List(after)
	if slices.ContainsFunc(slices.Concat(bl, al), func(v any) bool { return !doc.IsScalar(v) }) {
		l.blocks(at, names, bl, al, unknown)
		return
	}
	if !transition.Equal(before, after) {
		l.list = append(l.list, leaf{at, names, before, after, false})
	}
}

// blocks pairs what is not the same on both sides, in its order: repeated
// blocks are sets as often as lists.
func (l *leaves) blocks(at source.Path, names []string, before, after []any, unknown any) {
	var indices []int // of after
	rest := slices.Clone(before)
	marks := doc.List(unknown)
	for i, e := range after {
		if i < len(marks) && marks[i] != nil && len(doc.Map(marks[i])) > 0 {
			indices = append(indices, i)
			continue
		}
		if j := slices.IndexFunc(rest, func(b any) bool { return transition.Equal(b, e) }); j >= 0 {
			rest = slices.Delete(rest, j, j+1)
		} else {
			indices = append(indices, i)
		}
	}
	for n := range max(len(indices), len(rest)) {
		var b, a, u any
		index := n
		if n < len(rest) {
			b = rest[n]
		}
		if n < len(indices) {
			index = indices[n]
			a, u = after[index], doc.At(unknown, index)
		}
		l.walk(append(at[:len(at):len(at)], index), names, b, a, u)
	}
}

// withoutValues is a sorted list without the elements of another, each as often as it
// stands there.
func withoutValues(list, other []string) []string {
	left := map[string]int{}
	for _, s := range other {
		left[s]++
	}
	var out []string
	for _, s := range list {
		if left[s]--; left[s] < 0 {
			out = append(out, s)
		}
	}
	return out
}

// valuesAt are the single values at a path without indices, as text.
func valuesAt(v any, names []string) []string {
	switch e := v.(type) {
	case []any:
		var out []string
		for _, x := range e {
			out = append(out, valuesAt(x, names)...)
		}
		return out
	case map[string]any:
		if len(names) == 0 || secret(v) {
			return nil
		}
		return valuesAt(e[names[0]], names[1:])
	}
	if text, ok := doc.ScalarText(v); ok && len(names) == 0 {
		return []string{text}
	}
	return nil
}

// maxValues bounds the elements of a list that are told.
const maxValues = 8

func firstValues(values []string) string {
	if len(values) > maxValues {
		return strings.Join(values[:maxValues], ", ") + fmt.Sprintf(" and %d more", len(values)-maxValues)
	}
	return strings.Join(values, ", ")
}

// afterText is the value after the change for a reader; without a plan nobody
// says that apply will know it.
func (x leaf) afterText(r *facts.Resource) string {
	switch {
	case x.unknown && r.Origin == "hcl":
		return "not known"
	case x.unknown:
		return "known after apply"
	}
	return valueText(x.after)
}

// valueText is a value for a reader; a secret is none.
func valueText(v any) string {
	if secret(v) {
		return "secret"
	}
	if list, ok := v.([]any); ok {
		return firstValues(valuesAt(list, nil))
	}
	if v == "" {
		return `""`
	}
	text, _ := doc.ScalarText(v)
	return text
}

// secret says whether a value stands in for one (facts.Redacted).
func secret(v any) bool { return doc.Text(v, "$redacted") != "" }
