package compare

import (
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestVersionsOfDefinitions(t *testing.T) {
	t.Parallel()
	definition := func(spec string) string {
		return "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {" + spec + "}\n"
	}
	versions := func(list string) string { return definition("versions: [" + list + "]") }
	const (
		old, stored = "{name: v1, served: true, storage: false}", "{name: v1, served: true, storage: true}"
		next        = "{name: v2, served: true, storage: true}"
		unserved    = "{name: v1, served: false, storage: false}"
	)
	for _, c := range []struct{ name, before, after, want string }{
		{"one more", versions(stored), versions(stored + ", {name: v2, served: true, storage: false}"), "medium: spec.versions[name=v2]"},
		{"another one to store in", versions(stored + ", {name: v2, served: true, storage: false}"), versions(old + ", " + next),
			"medium: spec.versions[name=v1].storage spec.versions[name=v2].storage"},
		{"no longer served", versions(old + ", " + next), versions(unserved + ", " + next), "high: spec.versions[name=v1].served (version v1 is no longer served)"},
		{"served no longer, stored elsewhere", versions(stored + ", {name: v2, served: true, storage: false}"), versions(unserved + ", " + next),
			"high: spec.versions[name=v1].served spec.versions[name=v1].storage spec.versions[name=v2].storage (version v1 is no longer served)"},
		{"gone", versions(unserved + ", " + next), versions(next), "high: spec.versions[name=v1] (version v1 is gone)"},
		{"gone with what is stored in it", versions(stored), versions(next),
			"high: spec.versions[name=v1] spec.versions[name=v2] (version v1, in which objects are stored, is gone)"},
		{"another order", versions(old + ", " + next), versions(next + ", " + old), "low: spec.versions (order only)"},
		{"a field", definition("versions: [" + next + "], preserveUnknownFields: true"), definition("versions: [" + next + "], preserveUnknownFields: false"), "medium: spec.preserveUnknownFields"},
		{"of the old API", definition("version: v1"), definition("versions: [" + next + "]"),
			"high: spec.version spec.versions (version v1, in which objects are stored, is gone)"},
		{"scope", definition("scope: Namespaced"), definition("scope: Cluster"),
			"high: spec.scope (spec.scope cannot be changed from Namespaced to Cluster: the definition is to be deleted, with every object of the kind, and made again)"},
		{"kind", definition("names: {kind: A}"), definition("names: {kind: B}"),
			"high: spec.names.kind (spec.names.kind cannot be changed from A to B: the definition is to be deleted, with every object of the kind, and made again)"},
	} {
		if diff := cmp.Diff([]string{"update x, " + c.want}, stepLines(changes(t, [2]string{c.before, c.after}))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	f := changes(t, [2]string{versions(stored), versions(next)})
	f.Objects[0].Change.Outcome, f.Objects[0].Change.Why = facts.OutcomeNotApplied, "HelmRelease a does not upgrade definitions"
	want := []string{"not-applied x, low: spec.versions[name=v1] spec.versions[name=v2] (HelmRelease a does not upgrade definitions; version v1, in which objects are stored, is gone)"}
	if diff := cmp.Diff(want, stepLines(f)); diff != "" {
		t.Errorf("one that is not upgraded: %s", diff)
	}
}
