package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/source"
)

// tell remembers keys that stand twice in the values that are read.
func (in *input) tell(repeats ...source.Repeat) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.repeats = append(in.repeats, repeats...)
}

func (in *input) repeated(docs []*source.Document) {
	for _, d := range docs {
		in.tell(d.Repeated...)
	}
}

// repeatedInText tells the keys that stand twice in values that an object holds
// as a text.
func (in *input) repeatedInText(v InlineValues) {
	if len(v.Repeats) == 0 {
		return
	}
	field := v.Loc.Locate(nil).Position
	for _, r := range v.Repeats {
		key := fmt.Sprint(r.Path[len(r.Path)-1])
		in.tell(source.Repeat{Path: r.Path, First: lineOfText(in.tree, field, r.First.Line, key), Last: lineOfText(in.tree, field, r.Last.Line, key)})
	}
}

// lineOfText is the place of a line of a field's text that holds a key: that line where
// the text is a block scalar, else the field. What a template prints into a block scalar
// does not stand in it.
func lineOfText(tree source.Tree, field source.Position, line int, key string) source.Position {
	out := field
	out.EndLine, out.EndColumn = 0, 0
	host := hostOf(tree, field)
	if host.Approximate || host.Line != field.Line || !strings.Contains(lineOf(tree, field.File, host.Line+line), key) { // no block scalar
		out.Approximate = true
		return out
	}
	out.Line, out.Column = host.Line+line, 0
	return out
}

// lineOf is a line of a file, from 1; "" if it has none.
func lineOf(tree source.Tree, file string, n int) string {
	data, err := tree.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if n--; n == 0 {
			return line
		}
	}
	return ""
}

// allRepeats are the keys in the order of their places, each once.
func (in *input) allRepeats() []source.Repeat {
	in.mu.Lock()
	defer in.mu.Unlock()
	out := slices.Clone(in.repeats)
	slices.SortStableFunc(out, func(a, b source.Repeat) int {
		return cmp.Or(cmp.Compare(a.First.File, b.First.File), cmp.Compare(a.First.Line, b.First.Line), cmp.Compare(a.First.Column, b.First.Column),
			cmp.Compare(a.Path.String(), b.Path.String()))
	})
	return slices.CompactFunc(out, func(a, b source.Repeat) bool { return a.First == b.First && a.Path.String() == b.Path.String() })
}

// findRepeats reads the Chart.yaml and values.yaml of the charts for keys that stand twice: of
// those that can be edited, which an archive cannot.
func (c *chartFiles) findRepeats() (root, below []source.Repeat) {
	for _, f := range c.files {
		file, ok := c.originOf(f.Data)
		if !readByHelm().MatchString(f.Name) || !ok || strings.HasSuffix(file, ".tgz") {
			continue
		}
		docs, err := source.ParseValues(file, f.Data)
		if err != nil {
			continue // Helm says what is wrong
		}
		for _, d := range docs {
			if f.Name == "values.yaml" {
				root = append(root, d.Repeated...)
			} else {
				below = append(below, d.Repeated...)
			}
		}
	}
	return root, below
}

// readByHelm are the values.yaml and Chart.yaml of a chart and of those below its
// charts/.
var readByHelm = compiled(`^(charts/[^/]+/)*(values|Chart)\.yaml$`)

// repeats are the keys that stand twice in the values of the charts; those of
// the outermost are left out where other values stand in their place.
func (c *chartFiles) repeats(replaced bool) []source.Repeat {
	root, below := c.repeated()
	if replaced {
		return below
	}
	return slices.Concat(root, below)
}

// repeatsBelow are the paths of the keys that stand twice in the object at a
// path of a document.
func repeatsBelow(d *source.Document, at source.Path) []source.Path {
	var out []source.Path
	for _, r := range d.Repeated {
		if len(r.Path) > len(at) && slices.Equal(r.Path[:len(at)], at) {
			out = append(out, r.Path[len(at):])
		}
	}
	return out
}

// Repeat is a key that stands twice in one mapping: in what a unit is defined by,
// or in an object.
type Repeat struct {
	Of   string      // id of the unit or of the object
	Path source.Path // in what Of names
	Keys source.Path // in the file or the object
	File string      // of a unit: values, a Chart.yaml or a kustomization
	// Refused says that who applies the object refuses it; else the last key counts.
	Refused bool
}

// refusesRepeats says whether who applies the objects of a unit as they stand
// refuses a key that stands twice in a mapping. Strict validation does, and so does
// kustomize, by which Flux reads them. Argo CD decodes them itself and takes the last.
func (u Unit) refusesRepeats() bool { return u.Kind == KindManifests && !u.deployedBy("Application") }

// valuesPath names a repeated key of the values among the paths of its unit.
func valuesPath(r source.Repeat) source.Path {
	return append(source.Path{"values", r.First.File}, r.Path...)
}

// Locator leads to where the unit is defined, and from the path of a repeated
// key of its values to the first of the keys.
func (o Outcome) Locator() source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if o.Rendered != nil && len(p) > 0 {
			for _, r := range o.Rendered.Repeats {
				if slices.Equal(valuesPath(r), p) {
					return source.Location{Position: r.First, Related: []source.Related{{Role: "values", Position: r.Last}}}
				}
			}
		}
		return source.Location{Position: o.Unit.Place}
	})
}
