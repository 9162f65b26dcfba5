package deploy

import (
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/manifest"
)

// whole says whether an API server would take an object as it stands, as far as
// the fields tell without which it never does: a patch holds the rest only.
// https://kubernetes.io/docs/reference/kubernetes-api/
func whole(o map[string]any) bool {
	if doc.Text(o, "metadata", "name") == "" && doc.Text(o, "metadata", "generateName") == "" {
		return false
	}
	switch doc.Text(o, "kind") {
	case "Pod":
		return runs(doc.Map(o, "spec"))
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return doc.Map(o, "spec", "selector") != nil && runs(doc.Map(o, "spec", "template", "spec"))
	case "Job", "ReplicationController":
		return runs(doc.Map(o, "spec", "template", "spec"))
	case "CronJob":
		return doc.Text(o, "spec", "schedule") != "" && runs(doc.Map(o, "spec", "jobTemplate", "spec", "template", "spec"))
	case "ClusterRoleBinding", "RoleBinding":
		return doc.Map(o, "roleRef") != nil
	case "Service":
		return len(doc.List(o, "spec", "ports")) > 0 || strings.EqualFold(doc.Text(o, "spec", "type"), "ExternalName")
	case "CustomResourceDefinition":
		return len(doc.List(o, "spec", "versions")) > 0
	case "ConfigMap", "Secret", "ServiceAccount", "Namespace", "Role", "ClusterRole", "PersistentVolume", "PersistentVolumeClaim", "StorageClass",
		"NetworkPolicy", "Ingress", "IngressClass", "ResourceQuota", "LimitRange", "PriorityClass", "RuntimeClass", "PodDisruptionBudget", "HorizontalPodAutoscaler",
		"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
		"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "APIService", "Endpoints", "EndpointSlice":
		return true
	}
	// Kinds of others are not known; those of Kubernetes end here: what is called
	// in another way only has a place for a name.
	group := manifest.Group(doc.Text(o, "apiVersion"))
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && doc.Map(o, "spec") != nil
}

// runs says whether a pod has containers, each with an image.
func runs(spec map[string]any) bool {
	list := doc.List(spec, "containers")
	return len(list) > 0 && !slices.ContainsFunc(list, func(c any) bool { return doc.Text(c, "image") == "" })
}
