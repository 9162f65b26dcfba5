package deploy

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/source"
)

// fateRow is a change of one object, or of an update what it was and is, below
// deployers: one YAML document each.
type fateRow struct {
	name          string
	action        string
	before, after string   // one of them for what is created or deleted; "": a ConfigMap
	head, base    []string // base: nil, the head's
	more          func(*FateInput)
	want          string // the outcome, and behind a colon why
}

const (
	thing     = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}"
	claim     = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}}"
	kFlux     = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
	kApps     = kFlux + "metadata: {name: apps, namespace: flux-system}\n"
	kRoot     = kFlux + "metadata: {name: root, namespace: flux-system}\n"
	helmApps  = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: shop}\n"
	appKind   = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
	appShop   = appKind + "metadata: {name: shop, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\n"
	appRoot   = appKind + "metadata: {name: root, namespace: argocd}\n"
	setShop   = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: shops, namespace: argocd}\n"
	pruning   = "spec: {syncPolicy: {automated: {prune: true}}}\n"
	definedBy = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: queues.shop.example.com}}"
)

// annotated is a ConfigMap with annotations.
func annotated(annotations string) string {
	return strings.Replace(thing, "namespace: shop", "namespace: shop, annotations: {"+annotations+"}", 1)
}

// labelled is a ConfigMap with labels.
func labelled(labels string) string {
	return strings.Replace(thing, "namespace: shop", "namespace: shop, labels: {"+labels+"}", 1)
}

func runFates(t *testing.T, rows []fateRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			in := FateInput{Action: row.action, Head: yamls(t, row.head...)}
			if in.Base = in.Head; row.base != nil {
				in.Base = yamls(t, row.base...)
			}
			if row.before == "" && row.after == "" {
				row.before, row.after = thing, thing
			}
			if row.action != "created" {
				in.Before = yamls(t, orText(row.before, row.after))[0]
			}
			if row.action != "deleted" {
				in.After = yamls(t, orText(row.after, row.before))[0]
			}
			if row.more != nil {
				row.more(&in)
			}
			f := FateOf(in)
			if got := strings.TrimSuffix(f.Outcome+": "+f.Why, ": "); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
			if f.Deletes != (row.action != "deleted" && strings.Contains(f.Why, "deletes it")) {
				t.Errorf("deletes: %v, %s", f.Deletes, f.Why)
			}
		})
	}
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func yamls(t *testing.T, texts ...string) []map[string]any {
	t.Helper()
	out := []map[string]any{}
	for _, text := range texts {
		docs, err := source.ParseYAML("test.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		out = append(out, doc.Map(docs[0].Value))
	}
	return out
}

func TestFateUnderKustomization(t *testing.T) {
	at := func(spec string) []string { return []string{kApps + "spec: {" + spec + "}"} }
	runFates(t, []fateRow{
		{name: "created", action: "created", head: at("prune: true"), want: "applied"},
		{name: "updated", action: "updated", head: at("prune: true"), want: "applied"},
		{name: "deleted", action: "deleted", head: at("prune: true"), want: "applied"},
		{name: "created below what is suspended", action: "created", head: at("suspend: true, prune: true"), want: "not-applied: Kustomization flux-system/apps is suspended"},
		{name: "updated below what is suspended", action: "updated", head: at("suspend: true, prune: true"), want: "not-applied: Kustomization flux-system/apps is suspended"},
		{name: "deleted below what is suspended", action: "deleted", head: at("suspend: true, prune: true"), want: "not-applied: Kustomization flux-system/apps is suspended"},
		{name: "suspended by this change", action: "updated", head: at("suspend: true, prune: true"), base: at("prune: true"), want: "unknown: Kustomization flux-system/apps is suspended, from this change on: it may see the rest of the change before"},
		{name: "resumed by this change", action: "updated", head: at("prune: true"), base: at("prune: true, suspend: true"), want: "applied"},
		{name: "suspend is false", action: "updated", head: at("suspend: false"), want: "applied"},
		{name: "suspend is a text, which the API server refuses", action: "updated", head: at(`suspend: "true"`), want: "applied"},
		{name: "it does not prune", action: "deleted", head: at("prune: false"), want: "orphaned: Kustomization flux-system/apps does not prune: it stays until someone deletes it"},
		{name: "prune is not said", action: "deleted", head: at("interval: 1m"), want: "orphaned: Kustomization flux-system/apps does not prune: it stays until someone deletes it"},
		{name: "prune switched off by this change", action: "deleted", head: at("prune: false"), base: at("prune: true"), want: "unknown: Kustomization flux-system/apps does not prune: it stays until someone deletes it, from this change on: it may see the rest of the change before"},
		{name: "prune switched on by this change", action: "deleted", head: at("prune: true"), base: at("prune: false"), want: "applied"},

		{name: "the object is kept", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: at("prune: true"), want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
		{name: "by a label", action: "deleted", before: labelled("kustomize.toolkit.fluxcd.io/prune: disabled"), head: at("prune: true"), want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
		{name: "in capitals", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: Disabled"), head: at("prune: true"), want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
		{name: "quoted", action: "deleted", before: annotated(`"kustomize.toolkit.fluxcd.io/prune": "disabled"`), head: at("prune: true"), want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
		{name: "in a list, which it is not", action: "deleted", before: annotated(`kustomize.toolkit.fluxcd.io/prune: "disabled,x"`), head: at("prune: true"), want: "applied"},
		{name: "prune is enabled", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: enabled"), head: at("prune: true"), want: "applied"},
		{name: "prune disabled says nothing of an update", action: "updated", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: at("prune: true"), want: "applied"},
		{name: "Argo CD's options mean nothing to Flux", action: "deleted", before: annotated("argocd.argoproj.io/sync-options: Prune=false"), head: at("prune: true"), want: "applied"},
		{name: "nor does Helm's", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: at("prune: true"), want: "applied"},

		{name: "not reconciled: created", action: "created", after: annotated("kustomize.toolkit.fluxcd.io/reconcile: disabled"), head: at("prune: true"), want: "not-applied: it says kustomize.toolkit.fluxcd.io/reconcile: disabled"},
		{name: "not reconciled: updated", action: "updated", after: annotated("kustomize.toolkit.fluxcd.io/reconcile: disabled"), head: at("prune: true"), want: "not-applied: it says kustomize.toolkit.fluxcd.io/reconcile: disabled"},
		{name: "not reconciled: the mark never reaches the cluster, so that taking it away is applied", action: "updated", before: annotated("kustomize.toolkit.fluxcd.io/reconcile: disabled"), after: thing, head: at("prune: true"), want: "applied"},
		{name: "not reconciled: deleted", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/reconcile: disabled"), head: at("prune: true"), want: "unknown: it says kustomize.toolkit.fluxcd.io/reconcile: disabled, which keeps it if the object in the cluster says so, too"},
		{name: "ssa Ignore: created", action: "created", after: annotated("kustomize.toolkit.fluxcd.io/ssa: Ignore"), head: at("prune: true"), want: "not-applied: it says kustomize.toolkit.fluxcd.io/ssa: Ignore"},
		{name: "ssa ignore in small letters", action: "updated", after: annotated("kustomize.toolkit.fluxcd.io/ssa: ignore"), head: at("prune: true"), want: "not-applied: it says kustomize.toolkit.fluxcd.io/ssa: Ignore"},
		{name: "ssa Ignore: deleted", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/ssa: Ignore"), head: at("prune: true"), want: "unknown: it says kustomize.toolkit.fluxcd.io/ssa: Ignore, which keeps it if the object in the cluster says so, too"},
		{name: "ssa IfNotPresent: created", action: "created", after: annotated("kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"), head: at("prune: true"), want: "applied"},
		{name: "ssa IfNotPresent: updated", action: "updated", after: annotated("kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"), head: at("prune: true"), want: "not-applied: it says kustomize.toolkit.fluxcd.io/ssa: IfNotPresent, and is there already"},
		{name: "ssa IfNotPresent: deleted", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"), head: at("prune: true"), want: "applied"},
		{name: "ssa Merge", action: "updated", after: annotated("kustomize.toolkit.fluxcd.io/ssa: Merge"), head: at("prune: true"), want: "applied"},
		{name: "ssa Override", action: "updated", after: annotated("kustomize.toolkit.fluxcd.io/ssa: Override"), head: at("prune: true"), want: "applied"},
	})
}

func TestFateIgnoredByKustomization(t *testing.T) {
	const base = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, labels: {app: web}, annotations: {team: a}}, spec: {replicas: 2, paused: false}}"
	scaled := strings.Replace(base, "replicas: 2", "replicas: 6", 1)
	both := strings.Replace(scaled, "paused: false", "paused: true", 1)
	const gone = "not-applied: Kustomization flux-system/apps ignores spec.replicas"
	var rows []fateRow
	for _, r := range []struct{ name, after, rule, want string }{
		{"of any object", scaled, "paths: [/spec/replicas]", gone},
		{"one of two", both, "paths: [/spec/replicas]", "applied: but for spec.replicas, which Kustomization flux-system/apps ignores"},
		{"another path", scaled, "paths: [/spec/paused]", "applied"},
		{"a kind", scaled, "paths: [/spec/replicas], target: {kind: Deployment}", gone},
		{"a part of a kind", scaled, "paths: [/spec/replicas], target: {kind: Deploy}", "applied"},
		{"one of kinds", scaled, "paths: [/spec/replicas], target: {kind: Deployment|StatefulSet, group: apps, version: v1}", gone},
		{"another kind", scaled, "paths: [/spec/replicas], target: {kind: StatefulSet}", "applied"},
		{"another version", scaled, "paths: [/spec/replicas], target: {version: v1beta1}", "applied"},
		{"a name", scaled, "paths: [/spec/replicas], target: {name: w.*, namespace: shop}", gone},
		{"another namespace", scaled, "paths: [/spec/replicas], target: {name: w.*, namespace: sho}", "applied"},
		{"labels", scaled, "paths: [/spec/replicas], target: {labelSelector: 'app in (web, api)', annotationSelector: team}", gone},
		{"other labels", scaled, "paths: [/spec/replicas], target: {labelSelector: app!=web}", "applied"},
		{"no annotation", scaled, "paths: [/spec/replicas], target: {annotationSelector: '!team'}", "applied"},
		{"no expression", scaled, "paths: [/spec/replicas], target: {name: '['}", "applied"},
	} {
		rows = append(rows, fateRow{name: r.name, action: "updated", before: base, after: r.after, head: []string{kApps + "spec: {prune: true, ignore: [{" + r.rule + "}]}"}, want: r.want})
	}
	rows = append(rows, fateRow{name: "created", action: "created", after: scaled, head: []string{kApps + "spec: {ignore: [{paths: [/spec]}]}"}, want: "applied"})
	runFates(t, rows)
}

func TestFateWithKustomization(t *testing.T) {
	gone := func(spec string) []string { return []string{kApps + "spec: {" + spec + "}"} }
	none := []string{}
	runFates(t, []fateRow{
		{name: "it prunes", action: "deleted", head: none, base: gone("prune: true"), want: "applied"},
		{name: "it does not prune", action: "deleted", head: none, base: gone("prune: false"), want: "orphaned: Kustomization flux-system/apps is deleted and does not prune: what it deployed stays"},
		{name: "MirrorPrune", action: "deleted", head: none, base: gone("prune: true, deletionPolicy: MirrorPrune"), want: "applied"},
		{name: "MirrorPrune of what does not prune", action: "deleted", head: none, base: gone("prune: false, deletionPolicy: MirrorPrune"), want: "orphaned: Kustomization flux-system/apps is deleted and does not prune: what it deployed stays"},
		{name: "Delete, although it does not prune", action: "deleted", head: none, base: gone("prune: false, deletionPolicy: Delete"), want: "applied"},
		{name: "WaitForTermination, although it does not prune", action: "deleted", head: none, base: gone("prune: false, deletionPolicy: WaitForTermination"), want: "applied"},
		{name: "Orphan, although it prunes", action: "deleted", head: none, base: gone("prune: true, deletionPolicy: Orphan"), want: "orphaned: Kustomization flux-system/apps is deleted with deletionPolicy Orphan: what it deployed stays"},
		{name: "suspended", action: "deleted", head: none, base: gone("prune: true, suspend: true"), want: "orphaned: Kustomization flux-system/apps is deleted while it is suspended: what it deployed stays"},
		{name: "suspended, with Delete", action: "deleted", head: none, base: gone("suspend: true, deletionPolicy: Delete"), want: "orphaned: Kustomization flux-system/apps is deleted while it is suspended: what it deployed stays"},
		{name: "the object is kept", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: none, base: gone("prune: true"), want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
	})
}

// TestFateBelow is about deployers of deployers.
func TestFateBelow(t *testing.T) {
	apps := kApps + "spec: {prune: true}"
	root := kRoot + "spec: {prune: true}"
	keeps := kRoot + "spec: {prune: false}"
	suspended := kRoot + "spec: {prune: true, suspend: true}"
	noPrune := appRoot + "spec: {syncPolicy: {automated: {prune: false}}}"
	runFates(t, []fateRow{
		{name: "it goes, and its deployer prunes", action: "deleted", head: []string{root}, base: []string{apps, root}, want: "applied"},
		{name: "it goes, and its deployer does not prune", action: "deleted", head: []string{keeps}, base: []string{apps, keeps}, want: "orphaned: Kustomization flux-system/apps deploys it and stays: Kustomization flux-system/root does not prune: it stays until someone deletes it"},
		{name: "it goes, and its deployer is suspended", action: "deleted", head: []string{suspended}, base: []string{apps, suspended}, want: "not-applied: Kustomization flux-system/apps deploys it and stays: Kustomization flux-system/root is suspended"},
		{name: "it goes with its deployer", action: "deleted", head: []string{}, base: []string{apps, root}, want: "applied"},
		{name: "it goes with its deployer, which leaves it", action: "deleted", head: []string{}, base: []string{apps, keeps}, want: "orphaned: Kustomization flux-system/apps deploys it and stays: Kustomization flux-system/root is deleted and does not prune: what it deployed stays"},
		{name: "it is kept where its deployer goes", action: "deleted", head: []string{root}, base: []string{strings.Replace(apps, "flux-system}", "flux-system, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}", 1), root}, want: "orphaned: Kustomization flux-system/apps deploys it and stays: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
		{name: "three of them", action: "deleted", head: []string{noPrune}, base: []string{apps, root, noPrune}, want: "orphaned: Kustomization flux-system/apps deploys it and stays: Kustomization flux-system/root deploys it and stays: Application argocd/root does not prune by itself: it stays until someone prunes it"},

		{name: "new below what is suspended", action: "created", head: []string{apps, suspended}, base: []string{suspended}, want: "not-applied: Kustomization flux-system/apps deploys it and is not made: Kustomization flux-system/root is suspended"},
		{name: "new below what is at work", action: "created", head: []string{apps, root}, base: []string{root}, want: "applied"},
		{name: "only what deploys its deployer is suspended", action: "updated", head: []string{apps, suspended}, want: "applied"},
		{name: "its deployer is to be suspended, which is not applied", action: "updated", head: []string{kApps + "spec: {prune: true, suspend: true}", suspended}, base: []string{apps, suspended}, want: "unknown: Kustomization flux-system/apps deploys it, whose own change is not applied: Kustomization flux-system/root is suspended; which of the two this change comes from cannot be told"},
		{name: "its deployer is to be resumed, which is not applied", action: "updated", head: []string{apps, suspended}, base: []string{kApps + "spec: {prune: true, suspend: true}", suspended}, want: "not-applied: Kustomization flux-system/apps is suspended"},
		{name: "what deploys itself and is suspended does not resume itself", action: "updated", before: kRoot + "spec: {suspend: true}", after: kRoot + "spec: {suspend: false}", head: []string{kRoot + "spec: {suspend: false}"}, base: []string{kRoot + "spec: {suspend: true}"}, want: "not-applied: Kustomization flux-system/root is suspended"},
		{name: "what deploys itself suspends itself", action: "updated", before: kRoot + "spec: {suspend: false}", after: kRoot + "spec: {suspend: true}", head: []string{kRoot + "spec: {suspend: true}"}, base: []string{kRoot + "spec: {suspend: false}"}, want: "applied"},
		{name: "and what it deploys besides stays with it", action: "updated", head: []string{kRoot + "spec: {suspend: false}", kRoot + "spec: {suspend: false}"}, base: []string{kRoot + "spec: {suspend: true}", kRoot + "spec: {suspend: true}"}, want: "not-applied: Kustomization flux-system/root is suspended"},

		{name: "its deployer's change waits for a person, and so does this", action: "updated", head: []string{appShop + "spec: {source: {path: b}, syncPolicy: {automated: {}}}", appRoot}, base: []string{appShop + "spec: {source: {path: a}, syncPolicy: {automated: {}}}", appRoot}, want: "applied: Application argocd/root does not sync by itself: it waits for a person to sync it"},
		{name: "its deployer is new and waits for a person", action: "created", head: []string{appShop + pruning, appRoot}, base: []string{appRoot}, want: "applied: Application argocd/root does not sync by itself: it waits for a person to sync it"},
		{name: "its deployer is as it was", action: "updated", head: []string{appShop + pruning, appRoot}, want: "applied"},
		{name: "another deployer takes it over", action: "updated", head: []string{root}, base: []string{apps}, want: "applied: Kustomization flux-system/root takes it over from Kustomization flux-system/apps, which deletes it if it comes first"},
		{name: "from what does not prune", action: "moved", head: []string{root}, base: []string{keeps}, want: "applied"},
		{name: "from what does not prune, another one", action: "moved", head: []string{apps}, base: []string{keeps}, want: "applied"},
		{name: "from what does not prune that", action: "moved", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: []string{root}, base: []string{apps}, want: "applied"},
		{name: "from another kind", action: "updated", head: []string{appRoot + pruning}, base: []string{apps}, want: "applied: Application argocd/root takes it over from Kustomization flux-system/apps, which deletes it if it comes first"},
		{name: "what was in nobody's hand", action: "updated", head: []string{apps}, base: []string{}, want: "applied"},
		{name: "nobody deploys it", action: "updated", head: []string{}, want: "applied"},
		{name: "nobody deploys what is deleted", action: "deleted", head: []string{}, want: "applied"},
		{name: "nobody in the tree deploys what is kept", action: "deleted", before: annotated(`argocd.argoproj.io/sync-options: "Delete=false, Prune=false"`), head: []string{}, want: "orphaned: it says argocd.argoproj.io/sync-options: Prune=false"},
		{name: "nobody in the tree deploys what is to be confirmed", action: "deleted", before: annotated("argocd.argoproj.io/sync-options: Prune=confirm"), head: []string{}, want: "unknown: it is pruned once a person confirms it (argocd.argoproj.io/sync-options: Prune=confirm)"},
		{name: "nobody in the tree deploys what Flux keeps", action: "deleted", before: labelled("kustomize.toolkit.fluxcd.io/prune: disabled"), head: []string{}, want: "orphaned: it says kustomize.toolkit.fluxcd.io/prune: disabled"},
	})
}

func TestFateByHelm(t *testing.T) {
	release := func(spec string) []string { return []string{helmApps + "spec: {" + spec + "}"} }
	crd := func(in *FateInput) { in.CRD, in.Kind = true, "helm" }
	first := func(in *FateInput) { in.CRD, in.Kind, in.NewUnit = true, "helm", true }
	chart := func(in *FateInput) { in.Kind = "helm" }
	none := []string{}
	runFates(t, []fateRow{
		{name: "updated", action: "updated", head: release("interval: 1m"), want: "applied"},
		{name: "deleted", action: "deleted", head: release("interval: 1m"), want: "applied"},
		{name: "suspended", action: "updated", head: release("suspend: true"), want: "not-applied: HelmRelease shop/web is suspended"},
		{name: "suspended: created", action: "created", head: release("suspend: true"), want: "not-applied: HelmRelease shop/web is suspended"},
		{name: "suspended: deleted", action: "deleted", head: release("suspend: true"), want: "not-applied: HelmRelease shop/web is suspended"},
		{name: "kept", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: release("interval: 1m"), want: "orphaned: it says helm.sh/resource-policy: keep"},
		{name: "kept, in a way that an upgrade does not read", action: "deleted", before: annotated("helm.sh/resource-policy: Keep"), head: release("interval: 1m"), want: "applied"},
		{name: "kept by Flux, of which Helm knows nothing", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: release("interval: 1m"), want: "applied"},
		{name: "a hook", action: "deleted", before: annotated("helm.sh/hook: pre-upgrade"), head: release("interval: 1m"), want: "orphaned: it is a hook, which is no part of the release: its delete policy says when it goes"},

		{name: "the release goes", action: "deleted", head: none, base: release("interval: 1m"), want: "applied"},
		{name: "the release goes while it is suspended", action: "deleted", head: none, base: release("suspend: true"), want: "orphaned: HelmRelease shop/web is deleted while it is suspended: the release stays"},
		{name: "the release goes, but for what is kept", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: none, base: release("interval: 1m"), want: "orphaned: it says helm.sh/resource-policy: keep"},
		{name: "the release goes, which reads the policy in any case", action: "deleted", before: annotated(`helm.sh/resource-policy: " Keep "`), head: none, base: release("interval: 1m"), want: "orphaned: it says helm.sh/resource-policy: keep"},
		{name: "the release goes, but for CRDs", action: "deleted", before: definedBy, head: none, base: release("interval: 1m"), more: crd, want: "orphaned: HelmRelease shop/web does not delete CRDs of crds/"},
		{name: "the release goes with a CRD of its templates", action: "deleted", before: definedBy, head: none, base: release("interval: 1m"), more: chart, want: "applied"},

		{name: "a CRD with a new release", action: "created", after: definedBy, head: release("interval: 1m"), more: first, want: "applied"},
		{name: "a CRD with a new release that skips them", action: "created", after: definedBy, head: release("install: {crds: Skip}"), more: first, want: "not-applied: HelmRelease shop/web does not install CRDs of crds/"},
		{name: "an upgrade creates a CRD", action: "created", after: definedBy, head: release("interval: 1m"), more: crd, want: "applied"},
		{name: "an upgrade that skips CRDs", action: "created", after: definedBy, head: release("upgrade: {crds: Skip}"), more: crd, want: "not-applied: HelmRelease shop/web does not install CRDs of crds/"},
		{name: "an upgrade does not change a CRD", action: "updated", before: definedBy, head: release("interval: 1m"), more: crd, want: "not-applied: HelmRelease shop/web does not upgrade CRDs of crds/"},
		{name: "nor where it creates them", action: "updated", before: definedBy, head: release("upgrade: {crds: Create}"), more: crd, want: "not-applied: HelmRelease shop/web does not upgrade CRDs of crds/"},
		{name: "but where it replaces them", action: "updated", before: definedBy, head: release("upgrade: {crds: CreateReplace}"), more: crd, want: "applied"},
		{name: "what the installation does is not what the upgrade does", action: "updated", before: definedBy, head: release("install: {crds: CreateReplace}"), more: crd, want: "not-applied: HelmRelease shop/web does not upgrade CRDs of crds/"},
		{name: "an upgrade never deletes a CRD", action: "deleted", before: definedBy, head: release("upgrade: {crds: CreateReplace}"), more: crd, want: "orphaned: HelmRelease shop/web does not delete CRDs of crds/"},

		{name: "Helm itself: updated", action: "updated", head: none, more: chart, want: "applied"},
		{name: "Helm itself: kept", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: none, more: chart, want: "orphaned: it says helm.sh/resource-policy: keep"},
		{name: "no Helm: not kept", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: none, want: "applied"},
		{name: "Helm itself: a CRD with a new release", action: "created", after: definedBy, head: none, more: first, want: "applied"},
		{name: "Helm itself: a new CRD", action: "created", after: definedBy, head: none, more: crd, want: "not-applied: Helm does not install CRDs of crds/"},
		{name: "Helm itself: a changed CRD", action: "updated", before: definedBy, head: none, more: crd, want: "not-applied: Helm does not upgrade CRDs of crds/"},
		{name: "Helm itself: a CRD that is gone", action: "deleted", before: definedBy, head: none, more: crd, want: "orphaned: Helm does not delete CRDs of crds/"},
		{name: "Argo CD applies CRDs as it does manifests", action: "updated", before: definedBy, head: []string{appShop + pruning}, more: crd, want: "applied"},
		{name: "and prunes them", action: "deleted", before: definedBy, head: []string{appShop + pruning}, more: crd, want: "applied"},
	})
}

// A chain of deployers costs little more than it is long, although each of them
// asks about those above it.
func TestFateOfLongChains(t *testing.T) {
	const long = 60
	chain := func(name string) []map[string]any {
		var out []map[string]any
		for i := range long {
			out = append(out, map[string]any{
				"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": fmt.Sprint(i), "finalizers": []any{resourcesFinalizer}},
				"spec": map[string]any{"destination": map[string]any{"name": name}, "syncPolicy": map[string]any{"automated": map[string]any{"prune": true}}},
			})
		}
		return out
	}
	a, b, object := chain("a"), chain("b"), yamls(t, thing)[0]
	if f := FateOf(FateInput{Action: "updated", Before: object, After: object, Base: a, Head: b}); f.Outcome != "moved" {
		t.Errorf("%v", f)
	}
	if f := FateOf(FateInput{Action: "deleted", Before: object, Base: a}); f.Outcome != "applied" {
		t.Errorf("%v", f)
	}
	if f := FateOf(FateInput{Action: "deleted", Before: object, Base: a, Head: b[long/2:]}); f.Outcome != "orphaned" {
		t.Errorf("%v", f)
	}
}
