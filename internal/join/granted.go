package pipeline

import "gate/internal/facts"

const rbacGroup = "rbac.authorization.k8s.io"

// joinGranted puts what the role allows beside each binding. Roles outside of
// the tree are unknown, but for those that every cluster has with all rights.
func (j *joiner) joinGranted() {
	for _, i := range j.kinds(rbacGroup, "RoleBinding", "ClusterRoleBinding") {
		o := j.objects[i]
		ref := at(o.Manifest, "roleRef")
		kind, name := textAt(ref, "kind"), textAt(ref, "name")
		g := &facts.Granted{Role: name, Rules: []any{}}
		namespace := ""
		if kind == "Role" {
			namespace = o.Namespace
		}
		role := j.find(o, rbacGroup, kind, namespace, name)
		switch {
		case role != nil:
			g.Role, g.Known, g.Rules = role.ID, true, j.roleRules(*role, map[string]bool{})
		case kind == "ClusterRole" && name == "cluster-admin":
			g.Known, g.Rules = true, []any{map[string]any{
				"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"},
			}}
		}
		j.objects[i].Granted = g
	}
}

// roleRules are the rules of a role and, for a ClusterRole with an aggregation
// rule, of all those that it selects. The control plane replaces the own rules
// of such a role
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles).
func (j *joiner) roleRules(role facts.Object, seen map[string]bool) []any {
	seen[role.ID] = true
	selectors := listAt(role.Manifest, "aggregationRule", "clusterRoleSelectors")
	if len(selectors) == 0 {
		if rules := listAt(role.Manifest, "rules"); rules != nil {
			return rules
		}
		return []any{}
	}
	out := []any{}
	for _, i := range j.kinds(rbacGroup, "ClusterRole") {
		c := j.objects[i]
		if seen[c.ID] || !(c.Unit == role.Unit || meet(c.Scope, role.Scope)) {
			continue
		}
		for _, s := range selectors {
			if selects(s, labels(c.Manifest)) {
				out = append(out, j.roleRules(c, seen)...)
				break
			}
		}
	}
	return out
}
