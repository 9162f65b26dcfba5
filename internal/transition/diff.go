package transition

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"gate/internal/doc"
	"gate/internal/source"
)

// Difference is one place where two states of an object differ.
type Difference struct {
	// Path is written as source.Path is; an element of a list that has a name
	// stands as containers[name=web], so that its place in the list does not
	// matter.
	Path string
	// Before and After are the values, nil for one that is not there. A secret
	// is facts.Redacted on both sides.
	Before, After       any
	HasBefore, HasAfter bool
	// Sensitive says that the values are redacted ones.
	Sensitive bool
}

// Side is one state of an object: as it is, and as it may be shown. Where
// nothing is hidden the two are the same.
type Side struct{ Raw, Shown map[string]any }

// Same is the Side of an object that holds nothing to hide, or of which only
// what may be shown is known.
func Same(m map[string]any) Side { return Side{m, m} }

// Diff returns where two states differ, sorted by path. Whether they differ is
// told from Raw, what is told about it is Shown. A member that is null counts
// as absent. Lists are compared by the names of their elements where all have
// one, else by index; of different lengths, as a whole.
func Diff(before, after Side) []Difference { return diff(before, after, false) }

// diff is Diff. With places, the order of a list of named elements is told also
// where elements are new: one Difference of the list itself, unless what stood
// there comes first as it was and the new ones behind it, by name.
func diff(before, after Side, places bool) []Difference {
	d := differ{places: places}
	d.maps("", before.Raw, after.Raw, before.Shown, after.Shown)
	slices.SortFunc(d.out, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return d.out
}

// Paths returns the paths of differences.
func Paths(list []Difference) []string {
	out := make([]string, 0, len(list))
	for _, d := range list {
		out = append(out, d.Path)
	}
	return out
}

type differ struct {
	out    []Difference
	places bool
}

// value compares the raw values b and a, which are shown as sb and sa.
func (d *differ) value(path string, b, a, sb, sa any) {
	if hidden(b, sb) || hidden(a, sa) {
		if !Equal(b, a) {
			d.add(path, sb, sa, true)
		}
		return
	}
	switch x := b.(type) {
	case map[string]any:
		if y, ok := a.(map[string]any); ok {
			d.maps(path, x, y, doc.Map(sb), doc.Map(sa))
			return
		}
	case []any:
		if y, ok := a.([]any); ok {
			d.lists(path, x, y, doc.List(sb), doc.List(sa))
			return
		}
	}
	if !Equal(b, a) {
		d.add(path, sb, sa, false)
	}
}

// hidden says whether a value is a secret that is not shown.
func hidden(raw, shown any) bool { return redacted(shown) && !Equal(raw, shown) }

func (d *differ) add(path string, before, after any, sensitive bool) {
	d.out = append(d.out, Difference{
		Path: path, Before: before, After: after, HasBefore: before != nil, HasAfter: after != nil, Sensitive: sensitive,
	})
}

func (d *differ) maps(path string, b, a, sb, sa map[string]any) {
	keys := map[string]bool{}
	for k := range b {
		keys[k] = true
	}
	for k := range a {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		d.value(member(path, k), b[k], a[k], sb[k], sa[k])
	}
}

func (d *differ) lists(path string, b, a, sb, sa []any) {
	if len(sb) != len(b) || len(sa) != len(a) { // shown in another shape than it has
		if !Equal(b, a) {
			d.add(path, sb, sa, false)
		}
		return
	}
	if key := nameKey(b, a); key != "" {
		d.named(path, key, b, a, sb, sa)
		return
	}
	if len(b) == len(a) {
		for i := range b {
			d.value(fmt.Sprintf("%s[%d]", path, i), b[i], a[i], sb[i], sa[i])
		}
		return
	}
	d.add(path, sb, sa, false)
}

// named compares lists whose elements have names. The same elements in
// another order are a difference of the list itself.
func (d *differ) named(path, key string, b, a, sb, sa []any) {
	at := make(map[string]int, len(a))
	for j, e := range a {
		at[nameOf(e, key)] = j
	}
	common := map[string]bool{}
	var was, is []any // the common names in their order
	for i, e := range b {
		n := nameOf(e, key)
		if j, ok := at[n]; ok {
			d.value(selector(path, key, n), e, a[j], sb[i], sa[j])
			common[n], was = true, append(was, n)
		} else {
			d.add(selector(path, key, n), sb[i], nil, hidden(e, sb[i]))
		}
	}
	for j, e := range a {
		if n := nameOf(e, key); common[n] {
			is = append(is, n)
		} else {
			d.add(selector(path, key, n), nil, sa[j], hidden(e, sa[j]))
		}
	}
	switch {
	case d.places:
		d.placed(path, key, was, a, common)
	case !Equal(was, is):
		d.add(path, was, is, false)
	}
}

// placed tells the order of the names of a list where it is not the one that
// follows from what stood there and what is new.
func (d *differ) placed(path, key string, was, a []any, common map[string]bool) {
	var is, more []any
	for _, e := range a {
		n := nameOf(e, key)
		if is = append(is, n); !common[n] {
			more = append(more, n)
		}
	}
	slices.SortFunc(more, func(x, y any) int { return cmp.Compare(x.(string), y.(string)) })
	if expected := append(slices.Clone(was), more...); !Equal(expected, is) {
		d.add(path, expected, is, false)
	}
}

// selector is path[key=name]; a name that is no plain word is quoted.
func selector(path, key, name string) string {
	if (source.Path{name}).String() != name {
		name = strconv.Quote(name)
	}
	return fmt.Sprintf("%s[%s=%s]", path, key, name)
}

// listKeys are what elements of Kubernetes lists are merged by: the
// patchMergeKey of https://github.com/kubernetes/api, the most common first.
var listKeys = []string{"name", "mountPath", "containerPort", "port", "ip", "topologyKey", "type"}

// nameKey returns the key that tells all elements of both lists apart, or "".
func nameKey(b, a []any) string {
	if len(b) == 0 && len(a) == 0 {
		return ""
	}
	for _, key := range listKeys {
		if distinct(b, key) && distinct(a, key) {
			return key
		}
	}
	return ""
}

func distinct(list []any, key string) bool {
	seen := map[string]bool{}
	for _, e := range list {
		n := nameOf(e, key)
		if n == "" || seen[n] {
			return false
		}
		seen[n] = true
	}
	return true
}

// nameOf is the name of an element, "" if it has none.
func nameOf(e any, key string) string {
	switch v := doc.At(e, key).(type) {
	case string:
		return v
	case int, int64, float64, json.Number:
		return fmt.Sprint(v)
	}
	return ""
}

// member is path.key, or path["key"] for a key that is no plain word.
func member(path, key string) string {
	k := source.Path{key}.String()
	if path == "" || k[0] == '[' {
		return path + k
	}
	return path + "." + k
}

// Equal compares two values of JSON; numbers by what they are, not by the Go
// type that a parser chose. A null member of an object is absent.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range x {
			if !Equal(v, y[k]) {
				return false
			}
		}
		for k, v := range y {
			if _, ok := x[k]; !ok && v != nil {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case string, bool, nil:
		switch b.(type) {
		case map[string]any, []any:
			return false
		}
		return a == b
	}
	switch b.(type) {
	case map[string]any, []any, string, bool, nil:
		return false
	}
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}
