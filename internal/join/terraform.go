package join

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Terraform adds to an index what Terraform resources say about Kubernetes:
// objects and releases that they claim, and namespaces that they make.
//
// It reads resources before their secrets are redacted and objects that are
// joined, and writes Namespaces, NamespaceUses, Shared and Unplaced of what it
// returns.
func Terraform(index facts.Index, clusters Clusters, units []facts.Unit, objects []facts.Object, resources []facts.Resource) facts.Index {
	var made, varied []facts.NamespacedName
	owns := false
	for _, x := range resources {
		o := terraformObject(x)
		owns = owns || o.name != "" || x.Type == "helm_release"
		if o.kind == "Namespace" && o.group == "" && o.name != "" {
			n := facts.NamespacedName{ID: x.ID, Name: o.name, Labels: o.labels,
				Environment: x.Environment, Target: x.Target, Via: x.Type, Path: []any{"metadata", 0, "labels"}}
			if x.Variant == nil {
				made = append(made, n)
				continue
			}
			varied = append(varied, n)
			index.Variants = withVariant(index.Variants, x)
		}
	}
	if !owns {
		return index
	}
	index.Shared, index.Unplaced = contested(clusters, units, objects, resources)
	index.Namespaces = slices.Concat(index.Namespaces, made, varied)
	index.NamespaceUses = slices.Clone(index.NamespaceUses)
	for i, u := range index.NamespaceUses {
		declared := slices.Clone(u.Declared)
		for _, n := range made {
			if n.Name == u.Namespace && meet(facts.Scope{Environment: n.Environment, Target: n.Target}, u.Scope) {
				declared = append(declared, n.ID)
			}
		}
		slices.Sort(declared)
		index.NamespaceUses[i].Declared = declared
	}
	return index
}

// terraformed is the object that a resource of Terraform's Kubernetes providers
// manages; name is empty if it manages none that is known.
type terraformed struct {
	group, kind, namespace, name string
	labels                       map[string]string
	path                         []any // of the name
}

// objectGroups are the API groups of the kinds that the hashicorp/kubernetes
// provider has resources for; others are of the core group.
var objectGroups = map[string]string{
	"Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "ReplicaSet": "apps",
	"Job": "batch", "CronJob": "batch", "Ingress": "networking.k8s.io", "IngressClass": "networking.k8s.io", "NetworkPolicy": "networking.k8s.io",
	"Role": rbacGroup, "RoleBinding": rbacGroup, "ClusterRole": rbacGroup, "ClusterRoleBinding": rbacGroup,
	"HorizontalPodAutoscaler": "autoscaling", "PodDisruptionBudget": "policy", "StorageClass": "storage.k8s.io", "CsiDriver": "storage.k8s.io",
	"PriorityClass": "scheduling.k8s.io", "RuntimeClass": "node.k8s.io", "ApiService": "apiregistration.k8s.io",
	"MutatingWebhookConfiguration": "admissionregistration.k8s.io", "ValidatingWebhookConfiguration": "admissionregistration.k8s.io",
	"EndpointSlice": "discovery.k8s.io", "CertificateSigningRequest": "certificates.k8s.io",
}

// clusterWide are the kinds of that provider without a namespace.
var clusterWide = map[string]bool{
	"Namespace": true, "PersistentVolume": true, "ClusterRole": true, "ClusterRoleBinding": true, "StorageClass": true, "CsiDriver": true,
	"PriorityClass": true, "RuntimeClass": true, "ApiService": true, "IngressClass": true, "CertificateSigningRequest": true,
	"MutatingWebhookConfiguration": true, "ValidatingWebhookConfiguration": true,
}

func terraformObject(x facts.Resource) terraformed {
	if x.Mode != "managed" || x.After == nil {
		return terraformed{}
	}
	switch x.Type {
	case "kubernetes_manifest":
		return manifested(doc.At(x.After, "manifest"), []any{"manifest", "metadata", "name"})
	case "kubectl_manifest":
		docs, err := source.ParseManifests(x.Address, []byte(doc.Text(x.After, "yaml_body")))
		if err != nil || len(docs) != 1 {
			return terraformed{}
		}
		return manifested(docs[0].Value, []any{"yaml_body"})
	}
	kind, ok := strings.CutPrefix(x.Type, "kubernetes_")
	meta := doc.List(x.After, "metadata")
	if !ok || len(meta) == 0 {
		return terraformed{}
	}
	for _, v := range []string{"_v1", "_v2", "_v1beta1", "_v2beta2"} {
		kind = strings.TrimSuffix(kind, v)
	}
	o := terraformed{kind: camel(kind), name: doc.Text(meta[0], "name"), labels: doc.TextMap(meta[0], "labels"), path: []any{"metadata", 0, "name"}}
	o.group = objectGroups[o.kind]
	if !clusterWide[o.kind] {
		o.namespace = cmp.Or(doc.Text(meta[0], "namespace"), "default")
	}
	return o
}

func manifested(m any, path []any) terraformed {
	group, _, ok := strings.Cut(doc.Text(m, "apiVersion"), "/")
	if !ok {
		group = ""
	}
	return terraformed{group: group, kind: doc.Text(m, "kind"), namespace: doc.Text(m, "metadata", "namespace"),
		name: doc.Text(m, "metadata", "name"), labels: doc.TextMap(m, "metadata", "labels"), path: path}
}

// camel turns config_map into ConfigMap.
func camel(snake string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake, "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// claimResource names what a Terraform resource manages in a cluster. Without
// an environment nothing says that it is the cluster of the objects.
func claimResource(c claims, x facts.Resource) {
	if x.Environment == "" || x.Variant != nil {
		return
	}
	claim := facts.Claim{Subject: x.Subject, By: "stack:" + x.Stack, Tool: "terraform"}
	in := c.clusters.of(x.Scope, claim.By)
	if o := terraformObject(x); o.name != "" {
		claim.Path = o.path
		c.add("object", x.Environment, objectName(o.group, o.kind, o.namespace, o.name), claim, in)
	}
	if x.Type == "helm_release" && x.Mode == "managed" && x.After != nil {
		claim.Path = []any{"name"}
		c.add("release", x.Environment, releaseName(doc.Text(x.After, "name"), cmp.Or(doc.Text(x.After, "namespace"), "default")), claim, in)
	}
}

func releaseName(name, namespace string) string {
	return fmt.Sprintf("Helm release %q in %q", name, namespace)
}

// claimRelease names the Helm release that an Argo CD or Flux object makes.
func claimRelease(c claims, o facts.Object, scope string) {
	switch {
	case o.Group == fluxHelm && o.Kind == "HelmRelease":
		target := doc.Text(o.Manifest, "spec", "targetNamespace")
		name := cmp.Or(doc.Text(o.Manifest, "spec", "releaseName"), o.Name)
		if target != "" && doc.Text(o.Manifest, "spec", "releaseName") == "" {
			name = target + "-" + o.Name // Flux composes the name then
		}
		c.add("release", scope, releaseName(name, cmp.Or(target, o.Namespace)), facts.Claim{Subject: o.Subject, Path: []any{"metadata", "name"}, By: o.ID, Tool: o.Kind}, c.reached(o))
	case o.Group == argoGroup && o.Kind == "Application" && doc.Text(o.Manifest, "spec", "source", "chart") != "":
		name := cmp.Or(doc.Text(o.Manifest, "spec", "source", "helm", "releaseName"), o.Name)
		c.add("release", scope, releaseName(name, doc.Text(o.Manifest, "spec", "destination", "namespace")), facts.Claim{Subject: o.Subject, Path: []any{"spec", "source", "chart"}, By: o.ID, Tool: o.Kind}, c.reached(o))
	}
}

// withVariant are the variants of an index with that of a resource.
func withVariant(have map[string]facts.IndexVariant, x facts.Resource) map[string]facts.IndexVariant {
	out := map[string]facts.IndexVariant{x.ID: {Of: x.Variant.Of, By: x.Variant.By}}
	maps.Copy(out, have)
	return out
}
