package join

import (
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/selector"
)

const rbacGroup = "rbac.authorization.k8s.io"

// granted puts what the role allows beside each binding. Roles outside of the
// tree are unknown, but for those that every cluster has with all rights.
//
// It reads roles and bindings, and writes Granted of the bindings.
func granted(d *document) {
	for _, i := range d.kinds(rbacGroup, "RoleBinding", "ClusterRoleBinding") {
		o := d.Objects[i]
		ref := doc.At(o.Manifest, "roleRef")
		kind, name := doc.Text(ref, "kind"), doc.Text(ref, "name")
		g := &facts.Granted{Role: name, Rules: []any{}}
		namespace := ""
		if kind == "Role" {
			namespace = o.Namespace
		}
		role := d.find(o, rbacGroup, kind, namespace, name)
		switch {
		case role != nil:
			g.Role, g.Known, g.Rules = role.ID, true, roleRules(d, *role, map[string]bool{})
		case kind == "ClusterRole" && name == "cluster-admin":
			g.Known, g.Rules = true, []any{map[string]any{
				"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"},
			}}
		}
		d.Objects[i].Granted = g
	}
}

// roleRules are the rules of a role and, for a ClusterRole with an aggregation
// rule, of all those that it selects. The control plane replaces the own rules
// of such a role
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles).
func roleRules(d *document, role facts.Object, seen map[string]bool) []any {
	seen[role.ID] = true
	selectors := doc.List(role.Manifest, "aggregationRule", "clusterRoleSelectors")
	if len(selectors) == 0 {
		if rules := doc.List(role.Manifest, "rules"); rules != nil {
			return rules
		}
		return []any{}
	}
	out := []any{}
	for _, i := range d.kinds(rbacGroup, "ClusterRole") {
		c := d.Objects[i]
		if seen[c.ID] || !(c.Unit == role.Unit || meet(c.Scope, role.Scope)) {
			continue
		}
		for _, s := range selectors {
			if selector.Selects(s, doc.Labels(c.Manifest)) {
				out = append(out, roleRules(d, c, seen)...)
				break
			}
		}
	}
	return out
}
