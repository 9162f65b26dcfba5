package crossplane

import (
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
)

// management reads what a managed resource says about how it is managed
// (https://docs.crossplane.io/latest/managed-resources/managed-resources/).
func management(spec map[string]any, objectID string) *facts.Crossplane {
	m := &facts.Crossplane{
		Object: objectID, DeletionPolicy: doc.Text(spec, "deletionPolicy"), ManagementPolicies: append([]string{}, doc.Texts(spec, "managementPolicies")...),
		ProviderConfig: doc.Text(spec, "providerConfigRef", "name"),
	}
	policies, set := spec["managementPolicies"].([]any)
	paused := set && len(policies) == 0
	m.Deletes = m.DeletionPolicy != "Orphan" && allows(m, "Delete") && !paused
	return m
}

// allows says whether the policies admit an action; without any all are. An
// empty list, which pauses the resource, is judged by the caller.
func allows(m *facts.Crossplane, action string) bool {
	return len(m.ManagementPolicies) == 0 || slices.Contains(m.ManagementPolicies, "*") || slices.Contains(m.ManagementPolicies, action)
}

// observes says whether Crossplane only looks at the resource.
func observes(m *facts.Crossplane) bool {
	return !allows(m, "Create") && !allows(m, "Update") && !allows(m, "Delete")
}
