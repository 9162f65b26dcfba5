package compare

import (
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// apiVersion is a version of a CustomResourceDefinition.
type apiVersion struct {
	name            string
	served, storage bool
}

// lostVersions says in words what an update takes away from those who use the
// kind that a CustomResourceDefinition defines: versions that are no longer
// served, a version in which objects are stored and that is gone, and what
// cannot be changed at all, so that the definition has to be deleted with every
// object of the kind and made again. Empty if it takes nothing away: that
// another version is the one to store in is the way of every migration.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
func lostVersions(o *facts.Object) string {
	before, after := doc.Map(o.Change.Before), o.Manifest
	if o.Kind != "CustomResourceDefinition" || o.Group != "apiextensions.k8s.io" || before == nil {
		return ""
	}
	var out []string
	is := versionsOf(after)
	for _, was := range versionsOf(before) {
		i := slices.IndexFunc(is, func(v apiVersion) bool { return v.name == was.name })
		switch {
		case i < 0 && was.storage:
			out = append(out, "version "+was.name+", in which objects are stored, is gone")
		case i < 0:
			out = append(out, "version "+was.name+" is gone")
		case was.served && !is[i].served:
			out = append(out, "version "+was.name+" is no longer served")
		}
	}
	for _, p := range [...][]any{{"spec", "group"}, {"spec", "scope"}, {"spec", "names", "kind"}, {"spec", "names", "plural"}} {
		was, now := doc.Text(before, p...), doc.Text(after, p...)
		if was != "" && now != "" && was != now {
			out = append(out, strings.Join(fieldNames(p), ".")+" cannot be changed from "+was+" to "+now+
				": the definition is to be deleted, with every object of the kind, and made again")
		}
	}
	return strings.Join(out, "; ")
}

// versionsOf are the versions in their order; v1beta1 of the API knows a single
// one, too.
func versionsOf(definition map[string]any) []apiVersion {
	var out []apiVersion
	for _, v := range doc.List(definition, "spec", "versions") {
		out = append(out, apiVersion{doc.Text(v, "name"), doc.Bool(v, "served"), doc.Bool(v, "storage")})
	}
	if name := doc.Text(definition, "spec", "version"); len(out) == 0 && name != "" {
		out = append(out, apiVersion{name, true, true})
	}
	return out
}
