package pipeline

import (
	"slices"

	"gate/internal/facts"
)

// joiner finds the objects of the tree that say something about another one.
type joiner struct {
	objects []facts.Object
	byName  map[objectKey][]int // indices into objects, ascending
	byKind  map[[2]string][]int // group and kind
	// untold are the units whose namespace nobody told: what their templates
	// say about it is a default.
	untold map[string]bool
}

type objectKey struct{ group, kind, namespace, name string }

func newJoiner(objects []facts.Object, untold map[string]bool) *joiner {
	j := &joiner{objects: objects, untold: untold, byName: map[objectKey][]int{}, byKind: map[[2]string][]int{}}
	for i, o := range objects {
		k := objectKey{o.Group, o.Kind, o.Namespace, o.Name}
		j.byName[k] = append(j.byName[k], i)
		j.byKind[[2]string{o.Group, o.Kind}] = append(j.byKind[[2]string{o.Group, o.Kind}], i)
	}
	return j
}

// all puts beside every object what others say about it.
func (j *joiner) all(units []facts.Unit, containers []facts.Container) {
	j.joinPods()
	j.joinVerticalAutoscalers(containers)
	j.joinServices(containers)
	j.joinGranted()
	j.joinRoutes()
	j.joinDelivery(containers)
	j.joinPruned(units)
}

// kinds returns the indices of all objects of the kinds of a group, ascending.
func (j *joiner) kinds(group string, kinds ...string) []int {
	var out []int
	for _, k := range kinds {
		out = append(out, j.byKind[[2]string{group, k}]...)
	}
	slices.Sort(out)
	return out
}

// meet says whether two scopes may be one place: the same environment, and the
// same target where both tell one.
func meet(a, b facts.Scope) bool {
	return a.Environment == b.Environment && (a.Target == b.Target || a.Target == "" || b.Target == "")
}

// near keeps those of the candidates that live where o does: those of its own
// unit if there are any, because an overlay brings its own, else those of the
// same environment and target.
func (j *joiner) near(o facts.Object, candidates []int) []int {
	var own, others []int
	for _, i := range candidates {
		switch c := j.objects[i]; {
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

// find returns the object of that name that o would meet, or nil.
func (j *joiner) find(o facts.Object, group, kind, namespace, name string) *facts.Object {
	found := j.near(o, j.byName[objectKey{group, kind, namespace, name}])
	if len(found) == 0 {
		return nil
	}
	return &j.objects[found[0]]
}

// at follows string keys through maps; it returns nil where there is nothing.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func textAt(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

func listAt(v any, path ...string) []any {
	l, _ := at(v, path...).([]any)
	return l
}

func mapAt(v any, path ...string) map[string]any {
	m, _ := at(v, path...).(map[string]any)
	return m
}

// selects says whether a label selector fits labels; an empty selector fits
// all, a missing or malformed one none
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector).
func selects(selector any, labels map[string]string) bool {
	s, ok := selector.(map[string]any)
	if !ok {
		return false
	}
	for key, v := range mapAt(s, "matchLabels") {
		if have, ok := labels[key]; !ok || have != v {
			return false
		}
	}
	for _, e := range listAt(s, "matchExpressions") {
		have, ok := labels[textAt(e, "key")]
		in := slices.Contains(listAt(e, "values"), any(have))
		switch textAt(e, "operator") {
		case "In":
			ok = ok && in
		case "NotIn":
			ok = !ok || !in
		case "Exists":
		case "DoesNotExist":
			ok = !ok
		default:
			ok = false
		}
		if !ok {
			return false
		}
	}
	return true
}

// ids returns the ids of objects, sorted and once each.
func (j *joiner) ids(indices []int) []string {
	out := []string{}
	for _, i := range indices {
		out = append(out, j.objects[i].ID)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
