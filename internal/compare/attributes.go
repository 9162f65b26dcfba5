package compare

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/transition"
)

// Attributes know which attributes of Terraform resources tell of a size, a
// protection or an exposure, and which changes of them are risky:
// data/attribute_classes.yaml and data/iac_critical.yaml of the catalog.
type Attributes struct {
	rows      []attributeRow
	unordered [][]string     // ends of the paths of lists of which the order says nothing
	critical  map[string]any // by type
}

// LoadAttributes reads the tables from the catalog.
func LoadAttributes(catalog fs.FS) (*Attributes, error) {
	classes, err := table(catalog, "data/attribute_classes.yaml", "attribute_classes")
	if err != nil {
		return nil, err
	}
	critical, err := table(catalog, "data/iac_critical.yaml", "iac_critical")
	if err != nil {
		return nil, err
	}
	a := &Attributes{critical: doc.Map(critical)}
	for _, v := range doc.List(classes) {
		row := attributeRow{
			class: doc.Text(v, "class"), types: doc.Texts(v, "types"), except: doc.Texts(v, "except"), unless: doc.List(v, "unless"),
			bad: doc.Texts(v, "bad"), lost: doc.Bool(v, "lost"), falls: doc.Bool(v, "falls"), gains: doc.Texts(v, "gains"),
			emptied: doc.Bool(v, "emptied"), principals: doc.Bool(v, "principals"), change: cmp.Or(doc.Text(v, "change"), "low"),
		}
		if row.class == "size" {
			row.change = "medium"
		}
		for _, name := range doc.Texts(v, "names") {
			row.names = append(row.names, strings.Split(name, "."))
		}
		for _, name := range doc.Texts(v, "but") {
			row.but = append(row.but, strings.Split(name, "."))
		}
		if row.class == "order" {
			a.unordered = append(a.unordered, row.names...)
			continue
		}
		a.rows = append(a.rows, row)
	}
	return a, nil
}

func table(catalog fs.FS, file, name string) (any, error) {
	data, err := fs.ReadFile(catalog, file)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if len(docs) != 1 || doc.At(docs[0].Value, name) == nil {
		return nil, fmt.Errorf("read table %s: no %s", file, name)
	}
	return doc.At(docs[0].Value, name), nil
}

// attributeRow is a row of the table; its head explains the fields.
type attributeRow struct {
	class                            string
	names, but                       [][]string
	types, except                    []string
	unless                           []any
	bad, gains                       []string
	lost, falls, emptied, principals bool
	change                           string
}

// leaf is a place where two states of a resource differ, to the depth of single
// values and of lists of them.
type leaf struct {
	path          source.Path
	names         []string // the path without indices
	before, after any
	unknown       bool // after is known only after apply
}

// Of tells which attributes of a planned resource change that say something of
// its size, protection or exposure, sorted by path.
func (a *Attributes) Of(r *facts.Resource) []decide.Attribute {
	out := []decide.Attribute{}
	if a == nil || r.Before == nil || r.After == nil {
		return out
	}
	var l leaves
	l.walk(nil, nil, r.Before, r.After, r.Unknown)
	told := map[string]bool{}
	for _, x := range l.list {
		if x.unknown && computed(r, x.names[0]) {
			continue
		}
		t, ok := a.ofType(r, x)
		if !ok {
			if row := a.row(r, x.names); row != nil {
				t, ok = row.tell(r, x)
			}
		}
		if ok && !told[t.Path] {
			told[t.Path] = true
			out = append(out, t)
		}
	}
	if r.Lifecycle["prevent_destroy_removed"] == true {
		out = append(out, decide.Attribute{Path: "lifecycle.prevent_destroy", Class: "protection", Before: "true", Risk: "high"})
	}
	slices.SortFunc(out, func(x, y decide.Attribute) int { return strings.Compare(x.Path, y.Path) })
	return out
}

// row is the first one that is about an attribute of a type.
func (a *Attributes) row(r *facts.Resource, names []string) *attributeRow {
	for i := range a.rows {
		row := &a.rows[i]
		if ends(row.names, names) && !ends(row.but, names) && (len(row.types) == 0 || anyMatches(row.types, r.Type)) && !anyMatches(row.except, r.Type) {
			if slices.ContainsFunc(row.unless, func(u any) bool {
				text, ok := doc.ScalarText(doc.At(r.After, doc.List(u, "at")...))
				return ok && slices.Contains(doc.Texts(u, "in"), strings.ToLower(text))
			}) {
				return nil
			}
			return row
		}
	}
	return nil
}

// orderOnly says whether nothing changes at the paths but the order of lists of
// which the order says nothing.
func (a *Attributes) orderOnly(r *facts.Resource, paths []string) bool {
	if a == nil || len(paths) == 0 {
		return false
	}
	for _, p := range paths {
		names := strings.Split(withoutIndices(p), ".")
		if !slices.ContainsFunc(names, func(name string) bool { return ends(a.unordered, []string{name}) }) {
			return false
		}
	}
	var l leaves
	l.walk(nil, nil, r.Before, r.After, r.Unknown)
	return !slices.ContainsFunc(l.list, func(x leaf) bool {
		if slices.Contains(inherited, x.names[0]) || x.unknown && computed(r, x.names[0]) {
			return false
		}
		was, is := valuesAt(doc.List(x.before), nil), valuesAt(doc.List(x.after), nil)
		return x.unknown || len(is) == 0 || len(was) != len(is) || len(without(is, was)) > 0
	})
}

// withoutIndices is a path without what stands in square brackets.
func withoutIndices(path string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(path, '[')
		j := strings.IndexByte(path, ']')
		if i < 0 || j < i {
			return b.String() + path
		}
		b.WriteString(path[:i])
		path = path[j+1:]
	}
}

// ends says whether names end in one of the patterns.
func ends(patterns [][]string, names []string) bool {
	return slices.ContainsFunc(patterns, func(p []string) bool {
		n := len(names) - len(p)
		if n < 0 {
			return false
		}
		for i := range p {
			if ok, err := path.Match(p[i], names[n+i]); err != nil || !ok {
				return false
			}
		}
		return true
	})
}

func anyMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}

// ofType tells what iac_critical knows of an attribute of the type.
func (a *Attributes) ofType(r *facts.Resource, x leaf) (decide.Attribute, bool) {
	t := decide.Attribute{Path: x.path.String(), Class: "protection", Before: valueText(x.before), After: x.afterText(), Risk: "low"}
	for _, list := range [...]string{"protect", "amplify"} {
		for _, row := range doc.List(a.critical[r.Type], list) {
			if !slices.Equal(doc.Texts(row, "path"), x.names) {
				continue
			}
			was, is := holds(row, x.before), holds(row, x.after)
			if !x.unknown && was != is && was == (list == "protect") {
				t.Risk = "high"
			}
			return t, true
		}
	}
	return t, false
}

// holds says whether a value is what a row of iac_critical asks for.
func holds(row, value any) bool {
	text, ok := doc.ScalarText(value)
	if !ok {
		return false
	}
	if want, ok := doc.ScalarText(doc.At(row, "is")); ok {
		return strings.ToLower(text) == want
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	if above, ok := number(doc.At(row, "above")); ok {
		return n > above
	}
	least, ok := number(doc.At(row, "least"))
	return ok && n >= least
}

func number(v any) (float64, bool) {
	text, ok := doc.ScalarText(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// tell is what a row says of a leaf; false if that is nothing.
func (row *attributeRow) tell(r *facts.Resource, x leaf) (decide.Attribute, bool) {
	t := decide.Attribute{Path: x.path.String(), Class: row.class, Before: valueText(x.before), After: x.afterText(), Risk: row.change}
	switch {
	case x.unknown || secret(x.before) || secret(x.after):
		return t, true
	case row.principals:
		return t, row.policy(&t, x)
	case len(row.gains) > 0:
		return t, row.elements(&t, r, x)
	}
	text, ok := doc.ScalarText(x.after)
	switch {
	case ok && slices.Contains(row.bad, strings.ToLower(text)), x.after == nil && row.lost:
		if was, _ := doc.ScalarText(x.before); x.before == nil && x.after == nil || slices.Contains(row.bad, strings.ToLower(was)) {
			return t, true // it was as bad
		}
		t.Risk = "high"
	case row.falls:
		was, ok1 := number(x.before)
		if is, ok2 := number(x.after); ok1 && ok2 && is < was {
			t.Risk = "medium"
			if is == 0 {
				t.Risk = "high"
			}
		}
	}
	return t, true
}

// elements tells of a list, or of a value in repeated blocks, what it gains and
// loses as a whole: in which block which element stands says nothing.
func (row *attributeRow) elements(t *decide.Attribute, r *facts.Resource, x leaf) bool {
	was, is := valuesAt(r.Before, x.names), valuesAt(r.After, x.names)
	t.Path, t.Before, t.After = strings.Join(x.names, "."), some(was), some(is)
	slices.Sort(was)
	slices.Sort(is)
	gained := without(is, was)
	switch opens := func(s string) bool { return slices.Contains(row.gains, strings.ToLower(s)) }; {
	case len(gained) == 0 && len(is) == len(was):
		return false
	case slices.ContainsFunc(gained, opens), row.emptied && len(is) == 0 && !slices.ContainsFunc(was, opens):
		t.Risk = "high"
	case len(gained) > 0:
		t.Risk = "medium"
	}
	return true
}

// without is a sorted list without the elements of another, each as often as it
// stands there.
func without(list, other []string) []string {
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

func some(values []string) string {
	if len(values) > maxValues {
		return strings.Join(values[:maxValues], ", ") + fmt.Sprintf(" and %d more", len(values)-maxValues)
	}
	return strings.Join(values, ", ")
}

func (x leaf) afterText() string {
	if x.unknown {
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
		return some(valuesAt(list, nil))
	}
	if v == "" {
		return `""`
	}
	text, _ := doc.ScalarText(v)
	return text
}

// secret says whether a value stands in for one (facts.Redacted).
func secret(v any) bool { return doc.Text(v, "$redacted") != "" }

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
