package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/render"
)

// index is the small joins that rules of scope tree read. defaults are the
// units whose namespace nobody told.
func (j *joiner) index(defaults map[string]bool) facts.Index {
	x := facts.Index{
		Namespaces: j.namespaces(), SecretStores: []facts.StoreSummary{}, Objects: []facts.ObjectSummary{},
		NetworkPolicies: j.networkPolicies(), Destinations: j.destinations(), Shared: j.shared(),
	}
	for _, o := range j.objects {
		x.Objects = append(x.Objects, facts.ObjectSummary{
			ID: o.ID, Environment: o.Environment, Target: o.Target, Unit: o.Unit,
			Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Untold: isUntold(o, defaults),
		})
	}
	x.NamespaceUses = j.namespaceUses(x.Namespaces, defaults)
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
func (j *joiner) namespaceUses(made []facts.NamespacedName, defaults map[string]bool) []facts.NamespaceUse {
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
		if u.Elsewhere && !isUntold(o, defaults) {
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

// identity is what two claims must have in common to be about one thing.
type identity struct{ what, environment, name string }

// claims collects who says that something is theirs.
type claims map[identity][]facts.Claim

func (c claims) add(what, environment, name string, claim facts.Claim) {
	k := identity{what, environment, name}
	c[k] = append(c[k], claim)
}

// shared are the things that more than one subject claims. Where the environment
// is unknown only what one chart or kustomization renders is compared: overlays
// for several clusters, and files of one directory, hold the same names.
func (j *joiner) shared() []facts.Shared {
	c := claims{}
	for _, o := range j.objects {
		if o.Hook != "" || o.Name == "" || textAt(o.Manifest, "metadata", "name") == "" {
			continue // a hook is made anew each time; generateName makes another name each time
		}
		by := facts.Claim{Subject: o.Subject, Path: []any{"metadata", "name"}, By: o.Unit, Tool: "render"}
		scope := cmp.Or(o.Environment, "unit "+o.Unit)
		if o.Environment != "" || !strings.HasPrefix(o.Unit, render.KindManifests+":") {
			c.add("object", scope, objectName(o.Group, o.Kind, o.Namespace, o.Name), by)
			j.claimSecret(c, o, scope)
		}
		j.claimReplicas(c, o, scope)
		j.claimApplication(c, o, scope)
	}
	return c.contested()
}

func objectName(group, kind, namespace, name string) string {
	if group != "" {
		kind += "." + group
	}
	if namespace == "" {
		return fmt.Sprintf("%s %q", kind, name)
	}
	return fmt.Sprintf("%s %q in %q", kind, name, namespace)
}

// claimSecret names the Secret that another object makes.
func (j *joiner) claimSecret(c claims, o facts.Object, scope string) {
	var name string
	var path []any
	switch o.Group + "/" + o.Kind {
	case "/Secret":
		name, path = o.Name, []any{"metadata", "name"}
	case "external-secrets.io/ExternalSecret": // Merge and None leave the Secret to somebody else
		if policy := textAt(o.Manifest, "spec", "target", "creationPolicy"); policy == "Merge" || policy == "None" {
			return
		}
		name, path = cmp.Or(textAt(o.Manifest, "spec", "target", "name"), o.Name), []any{"spec", "target", "name"}
	case "bitnami.com/SealedSecret":
		name, path = cmp.Or(textAt(o.Manifest, "spec", "template", "metadata", "name"), o.Name), []any{"metadata", "name"}
	case "cert-manager.io/Certificate":
		name, path = textAt(o.Manifest, "spec", "secretName"), []any{"spec", "secretName"}
	}
	if name != "" {
		c.add("secret", scope, objectName("", "Secret", o.Namespace, name), facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: o.Kind})
	}
}

// claimReplicas names the number of replicas that Git and a scaler both set.
func (j *joiner) claimReplicas(c claims, o facts.Object, scope string) {
	if at(o.Manifest, "spec", "replicas") == nil || len(o.Pods) == 0 || o.Pods[0].Autoscaler == "" {
		return
	}
	name := "replicas of " + objectName(o.Group, o.Kind, o.Namespace, o.Name)
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: o.Subject, Path: []any{"spec", "replicas"}, By: o.ID, Tool: "render"})
	scaler := facts.Subject{ID: o.Pods[0].Autoscaler, Scope: o.Scope}
	c.add("replicas", scope+" "+o.ID, name, facts.Claim{Subject: scaler, Path: []any{"spec", "scaleTargetRef"}, By: scaler.ID, Tool: "scaler"})
}

// claimApplication names what an Application deploys, and where. The revision
// does not count: two of them would fight all the more.
func (j *joiner) claimApplication(c claims, o facts.Object, scope string) {
	if o.Group != argoGroup || o.Kind != "Application" {
		return
	}
	dest := mapAt(o.Manifest, "spec", "destination")
	for i, s := range append([]any{at(o.Manifest, "spec", "source")}, listAt(o.Manifest, "spec", "sources")...) {
		what := cmp.Or(textAt(s, "path"), textAt(s, "chart"))
		if what == "" {
			continue
		}
		path := []any{"spec", "source"}
		if i > 0 {
			path = []any{"spec", "sources", i - 1}
		}
		repository := strings.TrimSuffix(strings.TrimSuffix(textAt(s, "repoURL"), "/"), ".git")
		name := fmt.Sprintf("%q of %s to %s, namespace %q", what, repository, cmp.Or(textAt(dest, "name"), textAt(dest, "server")), textAt(dest, "namespace"))
		// Several releases of one chart, or of one kustomization with another
		// name prefix, are several things.
		release := ""
		if at(s, "chart") != nil || at(s, "helm") != nil {
			release = fmt.Sprint(cmp.Or(textAt(s, "helm", "releaseName"), o.Name))
		}
		k := mapAt(s, "kustomize")
		distinct := fmt.Sprint(release, k["namePrefix"], k["nameSuffix"], k["namespace"], at(s, "directory"), at(s, "plugin"))
		if o.Environment == "" { // variants for several clusters
			distinct += " " + textAt(s, "targetRevision")
		}
		c.add("application", scope+" "+o.Namespace+" "+distinct, name, facts.Claim{Subject: o.Subject, Path: path, By: o.ID, Tool: "Application"})
	}
}

// contested are the claims that somebody else makes as well. Targets of one
// environment are places of their own; a claim without target reaches all.
func (c claims) contested() []facts.Shared {
	out := []facts.Shared{}
	for k, list := range c {
		if len(list) < 2 {
			continue
		}
		slices.SortFunc(list, func(a, b facts.Claim) int { return cmp.Compare(a.ID, b.ID) })
		for _, group := range byTarget(list) {
			if k.what == "secret" && sameObject(group) {
				continue // the object itself is contested
			}
			out = append(out, facts.Shared{What: k.what, Name: k.name, Claims: group})
		}
	}
	slices.SortFunc(out, func(a, b facts.Shared) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name),
			slices.CompareFunc(a.Claims, b.Claims, func(x, y facts.Claim) int { return cmp.Compare(x.ID, y.ID) }))
	})
	return out
}

// sameObject says whether all claims are made by objects of one kind and name.
func sameObject(group []facts.Claim) bool {
	name := func(c facts.Claim) string {
		_, n, _ := strings.Cut(c.ID, "#")
		return strings.TrimRight(n, "~0123456789")
	}
	return !slices.ContainsFunc(group, func(c facts.Claim) bool { return c.Tool != group[0].Tool || name(c) != name(group[0]) })
}

// byTarget splits claims into those that meet; a claim without target stands in
// each of them.
func byTarget(list []facts.Claim) [][]facts.Claim {
	targets := map[string]bool{}
	for _, c := range list {
		targets[c.Target] = true
	}
	if len(targets) > 1 {
		delete(targets, "")
	}
	var out [][]facts.Claim
	for t := range targets {
		var group []facts.Claim
		for _, c := range list {
			if c.Target == t || c.Target == "" {
				group = append(group, c)
			}
		}
		if len(group) > 1 {
			out = append(out, group)
		}
	}
	return out
}

// isUntold says whether the namespace of an object is the default of a unit
// whose namespace nobody told, also where a template writes it down.
func isUntold(o facts.Object, defaults map[string]bool) bool {
	name := textAt(o.Manifest, "metadata", "namespace")
	return o.Namespace != "" && defaults[o.Unit] && (name == "" || name == "default")
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
