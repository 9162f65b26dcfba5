package join

import (
	"cmp"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
)

// summaries are the objects without their content.
//
// It reads which units have a default namespace, and writes Index.Objects.
func summaries(d *document) {
	d.Index.Objects = make([]facts.ObjectSummary, 0, len(d.Objects))
	for _, o := range d.Objects {
		d.Index.Objects = append(d.Index.Objects, facts.ObjectSummary{
			ID: o.ID, Environment: o.Environment, Target: o.Target, Unit: o.Unit,
			Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, DefaultNamespace: d.DefaultNamespace[o.Unit],
		})
	}
}

// namespaces are those that the tree makes: Namespace objects, and those that
// a controller creates on the way.
func namespaces(d *document) {
	out := []facts.NamespacedName{}
	add := func(o facts.Object, name string, labels map[string]string, path ...any) {
		if name != "" {
			out = append(out, facts.NamespacedName{ID: o.ID, Name: name, Labels: labels,
				Environment: o.Environment, Target: o.Target, Via: o.Kind, Path: path})
		}
	}
	for _, o := range d.Objects {
		switch {
		case o.Group == "" && o.Kind == "Namespace", o.Group == "project.openshift.io":
			add(o, o.Name, doc.Labels(o.Manifest), "metadata", "labels")
		case o.Group == "hnc.x-k8s.io" && o.Kind == "SubnamespaceAnchor":
			add(o, o.Name, doc.TextMap(listPairs(o.Manifest, "spec", "labels")), "spec", "labels")
		case o.Group == argoGroup && (o.Kind == "Application" || o.Kind == "ApplicationSet"):
			where := applicationSpec(o)
			spec := doc.Map(o.Manifest, where...)
			if slices.Contains(doc.List(spec, "syncPolicy", "syncOptions"), any("CreateNamespace=true")) {
				add(o, doc.Text(spec, "destination", "namespace"), doc.TextMap(spec, "syncPolicy", "managedNamespaceMetadata", "labels"),
					append(where, "syncPolicy", "managedNamespaceMetadata", "labels")...)
			}
		case o.Group == fluxHelm && o.Kind == "HelmRelease":
			if doc.Bool(o.Manifest, "spec", "install", "createNamespace") {
				add(o, cmp.Or(doc.Text(o.Manifest, "spec", "targetNamespace"), o.Namespace), map[string]string{}, "spec", "install", "createNamespace")
			}
		}
	}
	d.Index.Namespaces = out
}

// listPairs are the key and value of list elements as a map.
func listPairs(v any, path ...any) map[string]any {
	out := map[string]any{}
	for _, e := range doc.List(v, path...) {
		out[doc.Text(e, "key")] = doc.At(e, "value")
	}
	return out
}

// namespaceUses are the namespaces that objects live in, and who makes each.
//
// It reads the namespaces of the index, which objects are hooks and have pods,
// and which units have a default namespace, and writes Index.NamespaceUses.
func namespaceUses(d *document) {
	byName := map[string][]facts.NamespacedName{}
	for _, n := range d.Index.Namespaces {
		byName[n.Name] = append(byName[n.Name], n)
	}
	uses := map[place]*facts.NamespaceUse{}
	for _, o := range d.Objects {
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
		if u.Elsewhere && !d.DefaultNamespace[o.Unit] {
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
	d.Index.NamespaceUses = out
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

// networkPolicies are the objects that admit or refuse traffic.
//
// It reads these objects, and writes Index.NetworkPolicies.
func networkPolicies(d *document) {
	out := []facts.PolicySummary{}
	for _, k := range networkPolicyKinds {
		for _, i := range d.kinds(k[0], k[1]) {
			o := d.Objects[i]
			out = append(out, facts.PolicySummary{Subject: o.Subject, Group: o.Group, Kind: o.Kind,
				Namespace: o.Namespace, Name: o.Name, Spec: doc.Map(o.Manifest, "spec")})
		}
	}
	slices.SortFunc(out, func(a, b facts.PolicySummary) int { return cmp.Compare(a.ID, b.ID) })
	d.Index.NetworkPolicies = out
}
