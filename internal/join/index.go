package pipeline

import (
	"cmp"
	"slices"

	"gate/internal/facts"
	"gate/internal/render"
)

// index is the small joins that rules of scope tree read.
func (j *joiner) index() facts.Index {
	x := facts.Index{
		Namespaces: j.namespaces(), SecretStores: []facts.StoreSummary{}, Objects: []facts.ObjectSummary{},
		NetworkPolicies: j.networkPolicies(), Destinations: j.destinations(), Shared: j.shared(nil),
	}
	for _, o := range j.objects {
		x.Objects = append(x.Objects, facts.ObjectSummary{
			ID: o.ID, Environment: o.Environment, Target: o.Target, Unit: o.Unit,
			Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Untold: j.untold[o.Unit],
		})
	}
	x.NamespaceUses = j.namespaceUses(x.Namespaces)
	return x
}

// namespaces are those that the tree makes: Namespace objects, and those that
// a controller creates on the way.
func (j *joiner) namespaces() []facts.NamespacedName {
	out := []facts.NamespacedName{}
	add := func(o facts.Object, name string, labels map[string]string, path ...any) {
		if name != "" {
			out = append(out, facts.NamespacedName{ID: o.ID, Name: name, Labels: labels,
				Environment: o.Environment, Target: o.Target, Via: o.Kind, Path: path})
		}
	}
	for _, o := range j.objects {
		switch {
		case o.Group == "" && o.Kind == "Namespace", o.Group == "project.openshift.io":
			add(o, o.Name, labels(o.Manifest), "metadata", "labels")
		case o.Group == "hnc.x-k8s.io" && o.Kind == "SubnamespaceAnchor":
			add(o, o.Name, texts(listPairs(o.Manifest, "spec", "labels")), "spec", "labels")
		case o.Group == argoGroup && (o.Kind == "Application" || o.Kind == "ApplicationSet"):
			where := applicationSpec(o)
			spec := mapAt(o.Manifest, where...)
			if slices.Contains(listAt(spec, "syncPolicy", "syncOptions"), any("CreateNamespace=true")) {
				var path []any
				for _, key := range append(where, "syncPolicy", "managedNamespaceMetadata", "labels") {
					path = append(path, key)
				}
				add(o, textAt(spec, "destination", "namespace"), texts(mapAt(spec, "syncPolicy", "managedNamespaceMetadata", "labels")), path...)
			}
		case o.Group == fluxHelm && o.Kind == "HelmRelease":
			if create, _ := at(o.Manifest, "spec", "install", "createNamespace").(bool); create {
				add(o, cmp.Or(textAt(o.Manifest, "spec", "targetNamespace"), o.Namespace), map[string]string{}, "spec", "install", "createNamespace")
			}
		}
	}
	return out
}

// listPairs are the key and value of list elements as a map.
func listPairs(v any, path ...string) map[string]any {
	out := map[string]any{}
	for _, e := range listAt(v, path...) {
		out[textAt(e, "key")] = at(e, "value")
	}
	return out
}

func texts(m map[string]any) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// namespaceUses are the namespaces that objects live in.
func (j *joiner) namespaceUses(made []facts.NamespacedName) []facts.NamespaceUse {
	byName := map[string][]facts.NamespacedName{}
	for _, n := range made {
		byName[n.Name] = append(byName[n.Name], n)
	}
	uses := map[place]*facts.NamespaceUse{}
	for _, o := range j.objects {
		if o.Namespace == "" {
			continue
		}
		k := place{o.Environment, o.Target, o.Namespace}
		u := uses[k]
		if u == nil {
			u = &facts.NamespaceUse{Subject: o.Subject, Namespace: o.Namespace, Declared: []string{}, Elsewhere: true}
			uses[k] = u
			for _, n := range byName[o.Namespace] {
				if meet(facts.Scope{Environment: n.Environment, Target: n.Target}, o.Scope) {
					u.Declared = append(u.Declared, n.ID)
				}
			}
			slices.Sort(u.Declared)
		}
		if u.Elsewhere && !j.untold[o.Unit] {
			u.Subject, u.Elsewhere = o.Subject, false
		}
		if len(o.Pods) > 0 && u.Workload == "" && o.Hook == "" {
			u.Workload = o.ID
		}
	}
	out := make([]facts.NamespaceUse, 0, len(uses))
	for _, u := range uses {
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b facts.NamespaceUse) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Namespace, b.Namespace))
	})
	return out
}

// networkPolicyKinds are the kinds that admit or refuse traffic, by
// "group/kind".
var networkPolicyKinds = [][2]string{
	{"networking.k8s.io", "NetworkPolicy"}, {"extensions", "NetworkPolicy"},
	{"cilium.io", "CiliumNetworkPolicy"}, {"cilium.io", "CiliumClusterwideNetworkPolicy"},
	{"projectcalico.org", "NetworkPolicy"}, {"projectcalico.org", "GlobalNetworkPolicy"},
	{"crd.projectcalico.org", "NetworkPolicy"}, {"crd.projectcalico.org", "GlobalNetworkPolicy"},
	{"policy.networking.k8s.io", "AdminNetworkPolicy"}, {"policy.networking.k8s.io", "BaselineAdminNetworkPolicy"},
	{"policy.networking.k8s.io", "ClusterNetworkPolicy"},
}

func (j *joiner) networkPolicies() []facts.PolicySummary {
	out := []facts.PolicySummary{}
	for _, k := range networkPolicyKinds {
		for _, i := range j.kinds(k[0], k[1]) {
			o := j.objects[i]
			out = append(out, facts.PolicySummary{Subject: o.Subject, Group: o.Group, Kind: o.Kind,
				Namespace: o.Namespace, Name: o.Name, Spec: mapAt(o.Manifest, "spec")})
		}
	}
	slices.SortFunc(out, func(a, b facts.PolicySummary) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// untold are the units whose release namespace nobody told: charts that are
// rendered with their defaults.
func untold(units []render.Unit) map[string]bool {
	out := map[string]bool{}
	for _, u := range units {
		out[u.ID] = u.Kind == render.KindHelm && u.Namespace == ""
	}
	return out
}
