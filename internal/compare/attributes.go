package compare

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
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
	classes, err := readTable(catalog, "data/attribute_classes.yaml", "attribute_classes")
	if err != nil {
		return nil, err
	}
	critical, err := readTable(catalog, "data/iac_critical.yaml", "iac_critical")
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

func readTable(catalog fs.FS, file, name string) (any, error) {
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
		if endsIn(row.names, names) && !endsIn(row.but, names) && (len(row.types) == 0 || anyMatches(row.types, r.Type)) && !anyMatches(row.except, r.Type) {
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
		if !slices.ContainsFunc(names, func(name string) bool { return endsIn(a.unordered, []string{name}) }) {
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
		return x.unknown || len(is) == 0 || len(was) != len(is) || len(withoutValues(is, was)) > 0
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

// endsIn says whether names end in one of the patterns.
func endsIn(patterns [][]string, names []string) bool {
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
	t := decide.Attribute{Path: x.path.String(), Class: "protection", Before: valueText(x.before), After: x.afterText(r), Risk: "low"}
	for _, list := range [...]string{"protect", "amplify"} {
		for _, row := range doc.List(a.critical[r.Type], list) {
			if !slices.Equal(doc.Texts(row, "path"), x.names) {
				continue
			}
			was, is := holdsRow(row, x.before), holdsRow(row, x.after)
			if (x.unknown || was != is) && was == (list == "protect") { // what is not known may be that
				t.Risk = "high"
			}
			return t, true
		}
	}
	return t, false
}

// holdsRow says whether a value is what a row of iac_critical asks for.
func holdsRow(row, value any) bool {
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
	if above, ok := numberOf(doc.At(row, "above")); ok {
		return n > above
	}
	least, ok := numberOf(doc.At(row, "least"))
	return ok && n >= least
}

func numberOf(v any) (float64, bool) {
	text, ok := doc.ScalarText(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// tell is what a row says of a leaf; false if that is nothing.
func (row *attributeRow) tell(r *facts.Resource, x leaf) (decide.Attribute, bool) {
	t := decide.Attribute{Path: x.path.String(), Class: row.class, Before: valueText(x.before), After: x.afterText(r), Risk: row.change}
	switch {
	case x.unknown && len(row.bad) > 0 && x.before != nil && !secret(x.before): // it may be bad
		if was, ok := doc.ScalarText(x.before); ok && !slices.Contains(row.bad, strings.ToLower(was)) {
			t.Risk = "high"
		}
		return t, true
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
		was, ok1 := numberOf(x.before)
		if is, ok2 := numberOf(x.after); ok1 && ok2 && is < was {
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
	t.Path, t.Before, t.After = strings.Join(x.names, "."), firstValues(was), firstValues(is)
	slices.Sort(was)
	slices.Sort(is)
	gained := withoutValues(is, was)
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
