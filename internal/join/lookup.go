package join

import (
	"regexp"
	"slices"
	"sync"

	"gate/internal/facts"
	"gate/internal/selector"

	"k8s.io/apimachinery/pkg/labels"
)

// document is a Document with the means to find the objects that say something
// about another one.
type document struct {
	Document
	byName map[objectKey][]int // indices into Objects, ascending
	byKind map[groupKind][]int
}

type (
	objectKey struct{ group, kind, namespace, name string }
	groupKind struct{ group, kind string }
)

func newDocument(d Document) *document {
	in := &document{Document: d, byName: map[objectKey][]int{}, byKind: map[groupKind][]int{}}
	for i, o := range d.Objects {
		name, kind := objectKey{o.Group, o.Kind, o.Namespace, o.Name}, groupKind{o.Group, o.Kind}
		in.byName[name] = append(in.byName[name], i)
		in.byKind[kind] = append(in.byKind[kind], i)
	}
	return in
}

// kinds returns the indices of all objects of the kinds of a group, ascending.
func (d *document) kinds(group string, kinds ...string) []int {
	var out []int
	for _, k := range kinds {
		out = append(out, d.byKind[groupKind{group, k}]...)
	}
	slices.Sort(out)
	return out
}

// find returns the object of that name that o would meet, or nil.
func (d *document) find(o facts.Object, group, kind, namespace, name string) *facts.Object {
	found := d.near(o, d.byName[objectKey{group, kind, namespace, name}])
	if len(found) == 0 {
		return nil
	}
	return &d.Objects[found[0]]
}

// near keeps those of the candidates that live where o does: those of its own
// unit if there are any, because an overlay brings its own, else those of the
// same environment and target.
func (d *document) near(o facts.Object, candidates []int) []int {
	var own, others []int
	for _, i := range candidates {
		switch c := d.Objects[i]; {
		case c.Unit == o.Unit:
			own = append(own, i)
		case meet(c.Scope, o.Scope):
			others = append(others, i)
		}
	}
	if len(own) > 0 {
		return own
	}
	return others
}

// meet says whether two scopes may be one place: the same environment, and the
// same target where both tell one.
func meet(a, b facts.Scope) bool {
	return a.Environment == b.Environment && (a.Target == b.Target || a.Target == "" || b.Target == "")
}

// ids returns the ids of objects, sorted and once each.
func (d *document) ids(indices []int) []string {
	out := []string{}
	for _, i := range indices {
		out = append(out, d.Objects[i].ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// place is where a namespace lives; objects of one unit share environment and
// target, so units of the same place meet in it.
type place struct{ environment, target, namespace string }

// parsed is a label selector; one that is missing or malformed takes nothing.
func parsed(v any) labels.Selector {
	s, err := selector.Parse(v)
	if err != nil {
		return labels.Nothing()
	}
	return s
}

// pattern is a regular expression that is compiled when it is first used.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
