package join

import (
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestGranted(t *testing.T) {
	t.Parallel()
	const roles = `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader, labels: {part: "yes"}}
rules: [{verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: writer, labels: {part: "yes"}}
rules: [{verbs: [patch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: bare}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: sum, labels: {part: "yes"}}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: "yes"}}, {matchLabels: {part: "yes"}}]}
rules: [{verbs: [replaced]}]
`
	rule := func(verb string) any { return map[string]any{"verbs": []any{verb}} }
	all := map[string]any{"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"}}
	for _, c := range []struct {
		name, kind, ref string
		want            facts.Granted
	}{
		{"a role", "RoleBinding", "{kind: Role, name: reader}", facts.Granted{Role: "kustomize:a#Role/reader", Known: true, Rules: []any{rule("get")}}},
		{"a cluster role", "RoleBinding", "{kind: ClusterRole, name: reader}", facts.Granted{Role: "kustomize:a#ClusterRole/reader", Known: true, Rules: []any{rule("list")}}},
		{"a role without rules", "ClusterRoleBinding", "{kind: ClusterRole, name: bare}", facts.Granted{Role: "kustomize:a#ClusterRole/bare", Known: true, Rules: []any{}}},
		{"a sum, which selects itself", "ClusterRoleBinding", "{kind: ClusterRole, name: sum}",
			facts.Granted{Role: "kustomize:a#ClusterRole/sum", Known: true, Rules: []any{rule("list"), rule("patch")}}},
		{"cluster-admin", "ClusterRoleBinding", "{kind: ClusterRole, name: cluster-admin}", facts.Granted{Role: "cluster-admin", Known: true, Rules: []any{all}}},
		{"a role of that name", "RoleBinding", "{kind: Role, name: cluster-admin}", facts.Granted{Role: "cluster-admin", Rules: []any{}}},
		{"unknown", "RoleBinding", "{kind: ClusterRole, name: elsewhere}", facts.Granted{Role: "elsewhere", Rules: []any{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, prod(`
apiVersion: rbac.authorization.k8s.io/v1
kind: `+c.kind+`
metadata: {name: b, namespace: shop}
roleRef: `+c.ref+roles))
			granted(d)
			if diff := cmp.Diff(&c.want, d.Objects[0].Granted); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if d.Objects[1].Granted != nil {
				t.Error("a role is granted something")
			}
		})
	}
}

// Roles of other environments are no part of a sum.
func TestGrantedElsewhere(t *testing.T) {
	t.Parallel()
	part := func(name string) string {
		return `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ` + name + `, labels: {part: "yes"}}
rules: [{verbs: [` + name + `]}]
`
	}
	d := documentOf(t, prod(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: sum}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: sum}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: "yes"}}]}
`), unit{"kustomize:b", "prod", "", part("near")}, unit{"kustomize:c", "dev", "", part("far")})
	granted(d)
	if diff := cmp.Diff([]any{map[string]any{"verbs": []any{"near"}}}, d.Objects[0].Granted.Rules); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
