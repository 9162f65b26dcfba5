package render

import (
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/render/manifest"
)

// clusterScoped are the kinds without a namespace: those of Kubernetes 1.33
// (`kubectl api-resources --namespaced=false`) and of controllers that
// repositories often hold, by "group/Kind".
var clusterScoped = sync.OnceValue(func() map[string]bool {
	return set(
		"/ComponentStatus", "/Namespace", "/Node", "/PersistentVolume",
		"admissionregistration.k8s.io/MutatingWebhookConfiguration", "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
		"admissionregistration.k8s.io/ValidatingAdmissionPolicy", "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
		"admissionregistration.k8s.io/MutatingAdmissionPolicy", "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
		"apiextensions.k8s.io/CustomResourceDefinition", "apiregistration.k8s.io/APIService",
		"authentication.k8s.io/TokenReview", "authentication.k8s.io/SelfSubjectReview",
		"authorization.k8s.io/SelfSubjectAccessReview", "authorization.k8s.io/SelfSubjectRulesReview", "authorization.k8s.io/SubjectAccessReview",
		"certificates.k8s.io/CertificateSigningRequest", "certificates.k8s.io/ClusterTrustBundle",
		"flowcontrol.apiserver.k8s.io/FlowSchema", "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
		"internal.apiserver.k8s.io/StorageVersion", "networking.k8s.io/IngressClass", "networking.k8s.io/IPAddress", "networking.k8s.io/ServiceCIDR",
		"node.k8s.io/RuntimeClass", "policy/PodSecurityPolicy", "extensions/PodSecurityPolicy",
		"rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/ClusterRoleBinding",
		"resource.k8s.io/DeviceClass", "resource.k8s.io/ResourceSlice", "scheduling.k8s.io/PriorityClass",
		"snapshot.storage.k8s.io/VolumeSnapshotClass", "snapshot.storage.k8s.io/VolumeSnapshotContent",
		"storage.k8s.io/CSIDriver", "storage.k8s.io/CSINode", "storage.k8s.io/StorageClass", "storage.k8s.io/VolumeAttachment",
		"storage.k8s.io/VolumeAttributesClass", "storagemigration.k8s.io/StorageVersionMigration",
		"gateway.networking.k8s.io/GatewayClass",
		"cert-manager.io/ClusterIssuer", "trust.cert-manager.io/Bundle",
		"external-secrets.io/ClusterSecretStore", "external-secrets.io/ClusterExternalSecret", "external-secrets.io/ClusterPushSecret",
		"generators.external-secrets.io/ClusterGenerator",
		"kyverno.io/ClusterPolicy", "kyverno.io/ClusterCleanupPolicy", "kyverno.io/GlobalContextEntry",
		"policies.kyverno.io/ValidatingPolicy", "policies.kyverno.io/ImageValidatingPolicy", "policies.kyverno.io/MutatingPolicy",
		"policies.kyverno.io/GeneratingPolicy", "policies.kyverno.io/DeletingPolicy",
		"templates.gatekeeper.sh/ConstraintTemplate", "mutations.gatekeeper.sh/Assign", "mutations.gatekeeper.sh/AssignMetadata",
		"mutations.gatekeeper.sh/AssignImage", "mutations.gatekeeper.sh/ModifySet", "expansion.gatekeeper.sh/ExpansionTemplate",
		"policy.sigstore.dev/ClusterImagePolicy", "cilium.io/CiliumClusterwideNetworkPolicy", "cilium.io/CiliumNode",
		"crd.projectcalico.org/GlobalNetworkPolicy", "crd.projectcalico.org/GlobalNetworkSet", "crd.projectcalico.org/IPPool",
		"projectcalico.org/GlobalNetworkPolicy", "projectcalico.org/GlobalNetworkSet", "projectcalico.org/IPPool",
		"policy.networking.k8s.io/AdminNetworkPolicy", "policy.networking.k8s.io/BaselineAdminNetworkPolicy",
		"karpenter.sh/NodePool", "karpenter.sh/NodeClaim", "karpenter.k8s.aws/EC2NodeClass", "karpenter.sh/Provisioner",
		"keda.sh/ClusterTriggerAuthentication", "argoproj.io/ClusterWorkflowTemplate", "argoproj.io/ClusterAnalysisTemplate",
		"kueue.x-k8s.io/ClusterQueue", "kueue.x-k8s.io/ResourceFlavor", "kueue.x-k8s.io/WorkloadPriorityClass",
		"pkg.crossplane.io/Provider", "pkg.crossplane.io/Configuration", "pkg.crossplane.io/Function",
		"pkg.crossplane.io/DeploymentRuntimeConfig", "pkg.crossplane.io/ImageConfig",
		"apiextensions.crossplane.io/CompositeResourceDefinition", "apiextensions.crossplane.io/Composition", "apiextensions.crossplane.io/EnvironmentConfig",
		"project.openshift.io/Project", "project.openshift.io/ProjectRequest", "security.openshift.io/SecurityContextConstraints",
		"tekton.dev/ClusterTask",
		"runtime.cluster.x-k8s.io/ExtensionConfig", "operator.tigera.io/Installation", "operator.tigera.io/APIServer",
		"elbv2.k8s.aws/IngressClassParams", "rbac.istio.io/ClusterRbacConfig",
	)
})

func set(keys ...string) map[string]bool {
	out := make(map[string]bool, len(keys))
	for _, k := range keys {
		out[k] = true
	}
	return out
}

// scopes says which kinds have no namespace: the table, and the custom kinds
// whose definitions are in what is rendered (key "group/Kind").
type scopes map[string]bool

func (s scopes) cluster(apiVersion, kind string) bool {
	g := manifest.Group(apiVersion)
	key := g + "/" + kind
	if namespaced, known := s[key]; known {
		return !namespaced
	}
	return clusterScoped()[key] ||
		g == "constraints.gatekeeper.sh" ||
		strings.HasSuffix(g, ".crossplane.io") && kind == "ProviderConfig" ||
		strings.HasSuffix(g, ".upbound.io") && !strings.HasSuffix(g, ".m.upbound.io")
}

// learn remembers the scope that a CustomResourceDefinition gives its kind.
func (s scopes) learn(o map[string]any) {
	version := doc.Text(o, "apiVersion")
	if o["kind"] != "CustomResourceDefinition" || manifest.Group(version) != "apiextensions.k8s.io" {
		return
	}
	g, kind := doc.Text(o, "spec", "group"), doc.Text(o, "spec", "names", "kind")
	if g != "" && kind != "" {
		s[g+"/"+kind] = doc.Text(o, "spec", "scope") != "Cluster"
	}
}
