package compare

import (
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/transition"
)

// unordered are the lists of Kubernetes in which the order says nothing, by
// group and kind, and of pod specs; as the paths of their fields. A star is one
// field of any name, a double star at the end all lists below.
// https://kubernetes.io/docs/reference/kubernetes-api/ says of most that they
// are sets or merged by a key. Not here are lists of which the first that fits
// counts (envFrom, command, args, initContainers, the rules of routes), and
// those of which the API server refuses even another order (selectors, volume
// claim templates).
var unordered = map[string][]string{
	"": {"metadata.finalizers", "metadata.ownerReferences"},
	"pod": {
		"volumes", "volumes.*.items", "tolerations", "imagePullSecrets", "topologySpreadConstraints", "hostAliases", "hostAliases.hostnames",
		"readinessGates", "schedulingGates", "securityContext.supplementalGroups", "securityContext.sysctls", "affinity.**",
		"containers", "*.env", "*.ports", "*.volumeMounts", "*.volumeDevices",
		"*.securityContext.capabilities.add", "*.securityContext.capabilities.drop",
	},
	"/Service":        {"spec.ports", "spec.externalIPs", "spec.loadBalancerSourceRanges"},
	"/ServiceAccount": {"secrets", "imagePullSecrets"},
	"rbac.authorization.k8s.io/Role": {
		"rules", "rules.apiGroups", "rules.resources", "rules.resourceNames", "rules.verbs",
	},
	"rbac.authorization.k8s.io/ClusterRole": {
		"rules", "rules.apiGroups", "rules.resources", "rules.resourceNames", "rules.verbs", "rules.nonResourceURLs", "aggregationRule.clusterRoleSelectors",
	},
	"rbac.authorization.k8s.io/RoleBinding":        {"subjects"},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {"subjects"},
	"networking.k8s.io/NetworkPolicy":              {"spec.policyTypes", "spec.ingress", "spec.ingress.**", "spec.egress", "spec.egress.**"},
	"networking.k8s.io/Ingress":                    {"spec.tls", "spec.tls.hosts"},
	"autoscaling/HorizontalPodAutoscaler":          {"spec.metrics"},
	"apiextensions.k8s.io/CustomResourceDefinition": {
		"spec.versions", "spec.names.shortNames", "spec.names.categories",
	},
}

// inOrderOf is what an object was, with the lists of which the order says
// nothing in the order in which they are now.
func inOrderOf(o *facts.Object, before map[string]any) map[string]any {
	if o.Kind == "Job" && o.Group == "batch" && o.Hook == "" { // its template may not change at all
		return before
	}
	r := reorder{patterns: [][]string{}}
	add := func(at []any, lists []string) {
		for _, l := range lists {
			r.patterns = append(r.patterns, append(fieldNames(at), strings.Split(l, ".")...))
		}
	}
	add(nil, unordered[""])
	add(nil, unordered[o.Group+"/"+o.Kind])
	for _, p := range o.Pods {
		add(p.Path, unordered["pod"])
	}
	return doc.Map(r.value(nil, before, o.Manifest))
}

func fieldNames(path []any) []string {
	var out []string
	for _, e := range path {
		if name, ok := e.(string); ok {
			out = append(out, name)
		}
	}
	return out
}

// reorder puts lists in the order of others.
type reorder struct{ patterns [][]string }

// value is before, ordered as after where the order says nothing. What is not
// changed is shared with before.
func (r reorder) value(path []string, before, after any) any {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			return before
		}
		out := make(map[string]any, len(b))
		for k, v := range b {
			out[k] = r.value(append(path[:len(path):len(path)], k), v, a[k])
		}
		return out
	case []any:
		a, ok := after.([]any)
		if !ok {
			return before
		}
		return r.list(path, b, a)
	}
	return before
}

func (r reorder) list(path []string, before, after []any) []any {
	free := r.unordered(path) && !weighty(path, before) && !weighty(path, after)
	if names := elementNames(before); names != nil && elementNames(after) != nil {
		return r.named(path, before, after, free)
	}
	if len(before) != len(after) {
		return before
	}
	out := make([]any, len(before))
	used := make([]bool, len(before))
	for i, a := range after {
		j := i
		if free {
			j = -1
			for k, b := range before {
				if !used[k] && transition.Equal(r.value(path, b, a), a) {
					j = k
					break
				}
			}
			if j < 0 { // no permutation
				return before
			}
			used[j] = true
		}
		out[i] = r.value(path, before[j], a)
	}
	return out
}

// named orders the elements that both sides have by the names of after; the
// others keep behind them.
func (r reorder) named(path []string, before, after []any, free bool) []any {
	is := map[string]any{}
	for _, a := range after {
		is[doc.Text(a, "name")] = a
	}
	out := make([]any, 0, len(before))
	was := map[string]any{}
	for _, b := range before {
		b = r.value(path, b, is[doc.Text(b, "name")])
		was[doc.Text(b, "name")] = b
		out = append(out, b)
	}
	if !free {
		return out
	}
	out = out[:0]
	for _, a := range after {
		if b, ok := was[doc.Text(a, "name")]; ok {
			out = append(out, b)
		}
	}
	for _, b := range before {
		if name := doc.Text(b, "name"); is[name] == nil {
			out = append(out, was[name])
		}
	}
	return out
}

// elementNames are the names of a list's elements, nil unless each has one of its
// own.
func elementNames(list []any) map[string]bool {
	out := map[string]bool{}
	for _, e := range list {
		name := doc.Text(e, "name")
		if name == "" || out[name] {
			return nil
		}
		out[name] = true
	}
	return out
}

func (r reorder) unordered(path []string) bool {
	return slices.ContainsFunc(r.patterns, func(p []string) bool {
		if n := len(p) - 1; p[n] == "**" {
			return len(path) > n && fitsPattern(p[:n], path[:n])
		}
		return len(p) == len(path) && fitsPattern(p, path)
	})
}

func fitsPattern(pattern, path []string) bool {
	for i := range pattern {
		if pattern[i] != "*" && pattern[i] != path[i] {
			return false
		}
	}
	return true
}

// weighty says whether the order of a list counts because of what it holds: a
// variable sees those before it, of variables of one name the last counts, what
// starts behind a container that has a hook waits for it, and of two addresses or
// certificates of one host the first is found.
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func weighty(path []string, list []any) bool {
	switch path[len(path)-1] {
	case "env":
		return len(list) > 0 && elementNames(list) == nil ||
			slices.ContainsFunc(list, func(e any) bool { return strings.Contains(doc.Text(e, "value"), "$(") })
	case "containers":
		return slices.ContainsFunc(list, func(e any) bool { return doc.Map(e, "lifecycle", "postStart") != nil })
	case "hostAliases":
		return shared(list, "hostnames")
	case "tls":
		return shared(list, "hosts")
	}
	return false
}

// shared says whether two elements of a list have a value in common in a list
// of theirs.
func shared(list []any, field string) bool {
	holder := map[string]int{}
	for i, e := range list {
		for _, v := range doc.List(e, field) {
			text, _ := doc.ScalarText(v)
			if j, taken := holder[text]; taken && j != i {
				return true
			}
			holder[text] = i
		}
	}
	return false
}
