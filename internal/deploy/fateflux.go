package deploy

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/doc"
)

const (
	// fluxPrefix begins the annotations and labels by which an object says how
	// kustomize-controller treats it:
	// https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
	fluxPrefix = "kustomize.toolkit.fluxcd.io/"
	// resourcePolicy keeps an object of a release:
	// https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource
	resourcePolicy = "helm.sh/resource-policy"
	// helmHook says when an object of a chart is made:
	// https://helm.sh/docs/topics/charts_hooks/
	helmHook = "helm.sh/hook"
)

// underKustomization is the fate of a change that a Kustomization applies:
// https://fluxcd.io/flux/components/kustomize/kustomizations/
func (in FateInput) underKustomization(k map[string]any) Fate {
	if doc.Bool(k, "spec", "suspend") {
		return notApplied("%s is suspended", named(k))
	}
	if in.Action == actionDeleted {
		if !doc.Bool(k, "spec", "prune") {
			return orphaned("%s does not prune: it stays until someone deletes it", named(k))
		}
		return in.collected()
	}
	switch {
	case fluxSays(in.After, "reconcile", "disabled"):
		return notApplied("it says %sreconcile: disabled", fluxPrefix)
	case fluxSays(in.After, "ssa", "Ignore"):
		return notApplied("it says %sssa: Ignore", fluxPrefix)
	case in.Action == actionCreated:
		return applied("")
	case fluxSays(in.After, "ssa", "IfNotPresent"):
		return notApplied("it says %sssa: IfNotPresent, and is there already", fluxPrefix)
	}
	return in.ignoring(named(k), fluxIgnores(k, in.After))
}

// collected is the fate of an object that garbage collection reaches. What it
// asks is the object in the cluster: that has what was applied, but what keeps
// an object from being applied is not applied itself.
func (in FateInput) collected() Fate {
	for _, not := range [][2]string{{"reconcile", "disabled"}, {"ssa", "Ignore"}} {
		if fluxSays(in.Before, not[0], not[1]) {
			return undecided("it says %s%s: %s, which keeps it if the object in the cluster says so, too", fluxPrefix, not[0], not[1])
		}
	}
	if fluxSays(in.Before, "prune", "disabled") {
		return orphaned("it says %sprune: disabled", fluxPrefix)
	}
	return applied("")
}

// withKustomization is the fate of an object whose Kustomization is deleted:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy
func (in FateInput) withKustomization(k map[string]any) Fate {
	policy := cmp.Or(doc.Text(k, "spec", "deletionPolicy"), "MirrorPrune")
	switch {
	case doc.Bool(k, "spec", "suspend"):
		return orphaned("%s is deleted while it is suspended: what it deployed stays", named(k))
	case policy == "MirrorPrune" && !doc.Bool(k, "spec", "prune"):
		return orphaned("%s is deleted and does not prune: what it deployed stays", named(k))
	case policy == "MirrorPrune", policy == "Delete", policy == "WaitForTermination":
		return in.collected()
	}
	return orphaned("%s is deleted with deletionPolicy %s: what it deployed stays", named(k), policy)
}

// underHelmRelease is the fate of a change that a HelmRelease releases:
// https://fluxcd.io/flux/components/helm/helmreleases/
func (in FateInput) underHelmRelease(r map[string]any) Fate {
	if doc.Bool(r, "spec", "suspend") {
		return notApplied("%s is suspended", named(r))
	}
	return in.byHelm(named(r), crdsOfRelease(r, in.NewUnit))
}

// withHelmRelease is the fate of an object whose HelmRelease is deleted, which
// uninstalls the release unless it is suspended.
func (in FateInput) withHelmRelease(r map[string]any) Fate {
	if doc.Bool(r, "spec", "suspend") {
		return orphaned("%s is deleted while it is suspended: the release stays", named(r))
	}
	if strings.EqualFold(strings.TrimSpace(doc.Annotations(in.Before)[resourcePolicy]), "keep") { // an upgrade is stricter
		return orphaned("it says %s: keep", resourcePolicy)
	}
	return in.byHelm(named(r), "")
}

// byHelm is the fate of an object of a release. Who names what releases it,
// crds is its policy for what stands in crds/: Skip, Create or CreateReplace;
// nothing ever deletes that:
// https://helm.sh/docs/chart_best_practices/custom_resource_definitions/
func (in FateInput) byHelm(who, crds string) Fate {
	switch {
	case in.CRD && in.Action == actionDeleted:
		return orphaned("%s does not delete CRDs of crds/", who)
	case in.CRD && in.Action == actionCreated && crds == "Skip":
		return notApplied("%s does not install CRDs of crds/", who)
	case in.CRD && in.Action != actionCreated && crds != "CreateReplace":
		return notApplied("%s does not upgrade CRDs of crds/", who)
	case in.CRD || in.Action != actionDeleted:
		return applied("")
	}
	annotations := doc.Annotations(in.Before)
	switch _, hook := annotations[helmHook]; {
	case hook:
		return orphaned("it is a hook, which is no part of the release: its delete policy says when it goes")
	case annotations[resourcePolicy] == "keep":
		return orphaned("it says %s: keep", resourcePolicy)
	}
	return applied("")
}

// crdsOfHelm is what Helm itself does with what stands in crds/.
func crdsOfHelm(install bool) string {
	if install {
		return "Create"
	}
	return "Skip"
}

// crdsOfRelease is the policy of a HelmRelease for what stands in crds/. An
// upgrade without one creates what is new, as crdPolicyOrDefault of
// helm-controller has it; its documentation says Skip:
// https://github.com/fluxcd/helm-controller/blob/main/internal/action/crds.go
func crdsOfRelease(r map[string]any, install bool) string {
	action := "upgrade"
	if install {
		action = "install"
	}
	return cmp.Or(doc.Text(r, "spec", action, "crds"), "Create")
}

// fluxSays says whether an annotation or label of an object has a value, in any
// case.
func fluxSays(object map[string]any, key, value string) bool {
	return slices.ContainsFunc([]map[string]string{doc.Annotations(object), doc.Labels(object)}, func(m map[string]string) bool {
		return strings.EqualFold(m[fluxPrefix+key], value)
	})
}

// fluxDestination is the cluster that the kubeConfig of a Kustomization or
// HelmRelease leads to:
// https://fluxcd.io/flux/components/kustomize/kustomizations/#kubeconfig-reference
func fluxDestination(o map[string]any) destination {
	for _, ref := range []string{"secretRef", "configMapRef"} {
		if name := doc.Text(o, "spec", "kubeConfig", ref, "name"); name != "" {
			key := doc.Text(o, "spec", "kubeConfig", ref, "key")
			return destination{"kubeConfig " + ref, strings.TrimRight(doc.Text(o, "metadata", "namespace")+"/"+name+"/"+key, "/")}
		}
	}
	return destination{}
}
