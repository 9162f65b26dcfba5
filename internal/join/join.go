// Package join puts beside every subject what others of the same tree say about
// it: the budgets of a pod, the role behind a binding, the controller that
// prunes an object.
//
// A join is a plain function. The ordered list of them says for each what it
// reads and what it writes; none of them reads files, renders anything or keeps
// something back.
package join

import "gate/internal/facts"

// Document is the part of the facts that the joins read and complete. It
// belongs to Objects from then on.
type Document struct {
	Units      []facts.Unit
	Objects    []facts.Object // with their scopes
	Containers []facts.Container
	Images     []facts.Image // written by joins
	Index      facts.Index   // written by joins, but for the secret stores
	// DefaultNamespace are the ids of the units whose namespace nobody gave:
	// charts that are rendered with their defaults. What their templates say
	// about it is a default.
	DefaultNamespace map[string]bool
	// Clusters tells where units live.
	Clusters Clusters
}

// Objects completes a document of rendered objects.
func Objects(d Document) Document {
	in := newDocument(d)
	for _, j := range objectJoins() {
		j.run(in)
	}
	return in.Document
}

// join is one entry of the list. What it reads and writes are fields, by their
// path in the document without indices: a field stands for all below it. All of
// them may read which subject something is: id and scope, and for objects their
// unit, group, kind, namespace and name.
type join struct {
	name          string
	reads, writes []string
	run           func(*document)
}

// objectJoins are the joins over rendered objects, in their order: a join that
// reads what another one writes stands below it.
func objectJoins() []join {
	return []join{
		{"limit ranges", []string{"Objects.Manifest", "Containers.Workload"},
			[]string{"Containers.Defaults"}, limitRanges},
		{"pods", []string{"Objects.Manifest", "Objects.Pods.Path", "Objects.Pods.Labels", "DefaultNamespace"},
			[]string{"Objects.Pods.ServiceAccount", "Objects.Pods.Budgets", "Objects.Pods.Autoscaler", "Objects.Pods.MinReplicas"}, pods},
		{"vertical autoscalers", []string{"Objects.Manifest", "Containers.Unit", "Containers.Workload", "Containers.Name"},
			[]string{"Containers.Autoscaled"}, verticalAutoscalers},
		{"services", []string{"Objects.Manifest", "Objects.Pods.Path", "Objects.Pods.Labels", "Containers.Object", "Containers.Type"},
			[]string{"Containers.Served"}, services},
		{"granted", []string{"Objects.Manifest"},
			[]string{"Objects.Granted"}, granted},
		{"routes", []string{"Objects.Manifest"},
			[]string{"Objects.Hosts"}, routes},
		{"delivery", []string{"Objects.Manifest", "Containers.Workload", "Containers.Container"},
			[]string{"Objects.Delivery"}, delivery},
		{"pruned", []string{"Objects.Manifest", "Units.Path", "Units.Release"},
			[]string{"Objects.PrunedBy"}, pruned},
		{"resources", []string{"Containers.Container", "Containers.Pod", "Containers.Defaults", "Containers.Autoscaled"},
			[]string{"Containers.Resources"}, resources},
		{"images", []string{"Containers.Image"},
			[]string{"Images"}, images},
		{"summaries", []string{"DefaultNamespace"},
			[]string{"Index.Objects"}, summaries},
		{"namespaces", []string{"Objects.Manifest"},
			[]string{"Index.Namespaces"}, namespaces},
		{"namespace uses", []string{"Objects.Pods", "Objects.Hook", "Index.Namespaces", "DefaultNamespace"},
			[]string{"Index.NamespaceUses"}, namespaceUses},
		{"network policies", []string{"Objects.Manifest"},
			[]string{"Index.NetworkPolicies"}, networkPolicies},
		{"destinations", []string{"Objects.Manifest"},
			[]string{"Index.Destinations"}, destinations},
		{"shared", []string{"Units.Undeployed", "Units.Path", "Units.Release", "Units.Namespace", "Objects.Manifest", "Objects.Hook", "Objects.Pods.Autoscaler", "Clusters"},
			[]string{"Index.Shared", "Index.Unplaced"}, shared},
	}
}
