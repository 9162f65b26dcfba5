package deploy

import (
	"strings"
	"testing"

	"gate/internal/render/manifest"
)

// synced is an Application with a sync policy.
func synced(policy string) []string {
	return []string{appShop + "spec: {syncPolicy: {" + policy + "}}"}
}

// withOptions is a ConfigMap with sync options.
func withOptions(options string) string {
	return annotated(`argocd.argoproj.io/sync-options: "` + options + `"`)
}

func TestFateUnderApplication(t *testing.T) {
	prune := "automated: {prune: true}"
	manual := "applied: Application argocd/shop does not sync by itself: it waits for a person to sync it"
	stays := "orphaned: Application argocd/shop does not prune by itself: it stays until someone prunes it"
	byHand := "orphaned: Application argocd/shop does not sync by itself: it stays until someone syncs with pruning"
	no := "orphaned: it says Prune=false: it stays until someone deletes it"
	emptied := func(in *FateInput) { in.Emptied = true }
	skip := func(value string) []string {
		return []string{strings.Replace(appShop, "namespace: argocd", `namespace: argocd, annotations: {argocd.argoproj.io/skip-reconcile: `+value+`}`, 1) + pruning}
	}
	runFates(t, []fateRow{
		{name: "created", action: "created", head: synced(prune), want: "applied"},
		{name: "updated", action: "updated", head: synced(prune), want: "applied"},
		{name: "deleted", action: "deleted", head: synced(prune), want: "applied"},
		{name: "prune is false", action: "deleted", head: synced("automated: {prune: false, selfHeal: true}"), want: stays},
		{name: "prune is not said", action: "deleted", head: synced("automated: {}"), want: stays},
		{name: "automated is null", action: "deleted", head: synced("automated: "), want: byHand},
		{name: "not automated: deleted", action: "deleted", head: synced("syncOptions: []"), want: byHand},
		{name: "not automated: updated", action: "updated", head: synced("syncOptions: []"), want: manual},
		{name: "not automated: created", action: "created", head: synced("syncOptions: []"), want: manual},
		{name: "no sync policy", action: "updated", head: []string{appShop}, want: manual},
		{name: "not enabled: deleted", action: "deleted", head: synced("automated: {prune: true, enabled: false}"), want: byHand},
		{name: "not enabled: updated", action: "updated", head: synced("automated: {prune: true, enabled: false}"), want: manual},
		{name: "enabled", action: "deleted", head: synced("automated: {prune: true, enabled: true}"), want: "applied"},
		{name: "the last of its objects", action: "deleted", head: synced(prune), more: emptied, want: "orphaned: Application argocd/shop does not prune the last of its objects by itself (automated.allowEmpty is not set)"},
		{name: "the last of its objects, which may go", action: "deleted", head: synced("automated: {prune: true, allowEmpty: true}"), more: emptied, want: "applied"},

		{name: "Prune=false", action: "deleted", before: withOptions("Prune=false"), head: synced(prune), want: no},
		{name: "in a list with white space", action: "deleted", before: withOptions(" Validate=false , Prune=false ,"), head: synced(prune), want: no},
		{name: "other case", action: "deleted", before: withOptions("prune=false"), head: synced(prune), want: "applied"},
		{name: "other value", action: "deleted", before: withOptions("Prune=False"), head: synced(prune), want: "applied"},
		{name: "other option", action: "deleted", before: withOptions("PruneLast=true"), head: synced(prune), want: "applied"},
		{name: "Prune=true does not prune where the Application does not", action: "deleted", before: withOptions("Prune=true"), head: synced("automated: {}"), want: stays},
		{name: "Prune=confirm", action: "deleted", before: withOptions("Prune=confirm"), head: synced(prune), want: "unknown: it is pruned once a person confirms it: it says Prune=confirm"},
		{name: "Prune=confirm where nothing is pruned", action: "deleted", before: withOptions("Prune=confirm"), head: synced("automated: {}"), want: stays},
		{name: "Prune=false of the Application", action: "deleted", head: synced(prune + ", syncOptions: [Prune=false]"), want: "orphaned: Application argocd/shop says Prune=false: it stays until someone deletes it"},
		{name: "the object goes before the Application", action: "deleted", before: withOptions("Prune=true"), head: synced(prune + ", syncOptions: [Prune=false]"), want: "applied"},
		{name: "Prune=confirm of the Application", action: "deleted", head: synced(prune + ", syncOptions: [Prune=confirm]"), want: "unknown: it is pruned once a person confirms it: Application argocd/shop says Prune=confirm"},
		{name: "Delete=false is about the Application's deletion", action: "deleted", before: withOptions("Delete=false"), head: synced(prune), want: "applied"},
		{name: "so is Helm's policy, for Argo CD", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: synced(prune), want: "applied"},
		{name: "Flux's mark means nothing to Argo CD", action: "deleted", before: annotated("kustomize.toolkit.fluxcd.io/prune: disabled"), head: synced(prune), want: "applied"},
		{name: "Prune=false says nothing of an update", action: "updated", before: withOptions("Prune=false"), head: synced(prune), want: "applied"},

		{name: "not reconciled: created", action: "created", head: skip(`"true"`), want: "not-applied: Application argocd/shop is not reconciled (argocd.argoproj.io/skip-reconcile)"},
		{name: "not reconciled: updated", action: "updated", head: skip(`"true"`), want: "not-applied: Application argocd/shop is not reconciled (argocd.argoproj.io/skip-reconcile)"},
		{name: "not reconciled: deleted", action: "deleted", head: skip(`"1"`), want: "not-applied: Application argocd/shop is not reconciled (argocd.argoproj.io/skip-reconcile)"},
		{name: "reconciled again", action: "deleted", head: skip(`"false"`), want: "applied"},
		{name: "no truth value", action: "deleted", head: skip(`"yes"`), want: "applied"},

		{name: "Skip: created", action: "created", after: annotated("argocd.argoproj.io/hook: Skip"), head: synced(prune), want: "not-applied: it says argocd.argoproj.io/hook: Skip: Application argocd/shop does not touch it"},
		{name: "Skip: deleted", action: "deleted", before: annotated("argocd.argoproj.io/hook: Skip"), head: synced(prune), want: "orphaned: it says argocd.argoproj.io/hook: Skip: Application argocd/shop does not touch it"},
		{name: "Skip beside another is a hook", action: "updated", before: annotated(`argocd.argoproj.io/hook: "Skip, PreSync"`), head: synced(prune), want: "applied: it is a hook, which runs with each sync of Application argocd/shop"},
		{name: "skip in small letters is no kind of hook", action: "updated", before: annotated("argocd.argoproj.io/hook: skip"), head: synced(prune), want: "not-applied: it is a hook of a kind that Argo CD does not run"},
		{name: "Skip is taken away", action: "updated", before: annotated("argocd.argoproj.io/hook: Skip"), after: thing, head: synced(prune), want: "applied"},
		{name: "a hook that goes", action: "deleted", before: annotated("argocd.argoproj.io/hook: PostSync"), head: synced(prune), want: "orphaned: it is a hook, which Application argocd/shop does not prune: its delete policy says when it goes"},
		{name: "a hook of Helm", action: "updated", before: annotated(`helm.sh/hook: "pre-install,pre-upgrade"`), head: synced(prune), want: "applied: it is a hook, which runs with each sync of Application argocd/shop"},
		{name: "a hook of Helm that Argo CD does not run", action: "updated", before: annotated("helm.sh/hook: test"), head: synced(prune), want: "not-applied: it is a hook of a kind that Argo CD does not run"},
		{name: "Helm 2's CRDs are no hooks", action: "updated", before: annotated("helm.sh/hook: crd-install"), head: synced(prune), want: "applied"},
	})
}

func TestFateWithApplication(t *testing.T) {
	finalizers := func(list string) []string {
		return []string{appKind + "metadata: {name: shop, namespace: argocd, finalizers: [" + list + "]}\n" + pruning}
	}
	none := []string{}
	bare := "orphaned: Application argocd/shop is deleted without the finalizer resources-finalizer.argocd.argoproj.io: what it deployed stays"
	whole := finalizers("resources-finalizer.argocd.argoproj.io")
	options := func(list string) []string {
		return []string{appShop + "spec: {syncPolicy: {automated: {}, syncOptions: [" + list + "]}}"}
	}
	runFates(t, []fateRow{
		{name: "the finalizer", action: "deleted", head: none, base: whole, want: "applied"},
		{name: "in the background", action: "deleted", head: none, base: finalizers("resources-finalizer.argocd.argoproj.io/background"), want: "applied"},
		{name: "in the foreground", action: "deleted", head: none, base: finalizers("x.example.com/y, resources-finalizer.argocd.argoproj.io/foreground"), want: "applied"},
		{name: "none", action: "deleted", head: none, base: []string{appKind + "metadata: {name: shop, namespace: argocd}\n" + pruning}, want: bare},
		{name: "an empty list", action: "deleted", head: none, base: finalizers(""), want: bare},
		{name: "another finalizer", action: "deleted", head: none, base: finalizers("post-delete-finalizer.argocd.argoproj.io"), want: bare},
		{name: "another ending", action: "deleted", head: none, base: finalizers("resources-finalizer.argocd.argoproj.io/orphan"), want: bare},
		{name: "other case", action: "deleted", head: none, base: finalizers("Resources-Finalizer.argocd.argoproj.io"), want: bare},
		{name: "it need not prune", action: "deleted", head: none, base: []string{appShop}, want: "applied"},
		{name: "Delete=false", action: "deleted", before: withOptions("Validate=false, Delete=false"), head: none, base: whole, want: "orphaned: it says Delete=false: it stays when Application argocd/shop is deleted"},
		{name: "Prune=false is about pruning", action: "deleted", before: withOptions("Prune=false"), head: none, base: whole, want: "applied"},
		{name: "Delete=confirm", action: "deleted", before: withOptions("Delete=confirm"), head: none, base: whole, want: "unknown: it is deleted once a person confirms it: it says Delete=confirm"},
		{name: "Prune=confirm, which is asked here, too", action: "deleted", before: withOptions("Prune=confirm"), head: none, base: whole, want: "unknown: it is deleted once a person confirms it: it says Prune=confirm"},
		{name: "Delete=false of the Application", action: "deleted", head: none, base: options("Delete=false"), want: "orphaned: Application argocd/shop says Delete=false: it stays when Application argocd/shop is deleted"},
		{name: "the object goes before the Application", action: "deleted", before: withOptions("Delete=true"), head: none, base: options("Delete=false"), want: "applied"},
		{name: "Helm's policy", action: "deleted", before: annotated("helm.sh/resource-policy: keep"), head: none, base: whole, want: "orphaned: it says helm.sh/resource-policy: keep, and stays when Application argocd/shop is deleted"},
		{name: "a CRD", action: "deleted", before: definedBy, head: none, base: whole, want: "orphaned: Application argocd/shop is deleted, which does not delete the CRDs that it deployed"},
		{name: "not reconciled", action: "deleted", head: none, base: []string{strings.Replace(appShop, "namespace: argocd", `namespace: argocd, annotations: {argocd.argoproj.io/skip-reconcile: "true"}`, 1)}, want: "not-applied: Application argocd/shop is not reconciled, nor is its deletion (argocd.argoproj.io/skip-reconcile)"},
		{name: "its deployer does not prune", action: "deleted", head: []string{appRoot + "spec: {syncPolicy: {automated: {}}}"}, base: []string{appShop, appRoot + "spec: {syncPolicy: {automated: {}}}"}, want: "orphaned: Application argocd/shop deploys it and stays: Application argocd/root does not prune by itself: it stays until someone prunes it"},
		{name: "its deployer prunes", action: "deleted", head: []string{appRoot + pruning}, base: []string{appShop, appRoot + pruning}, want: "applied"},
	})
}

func TestFateOfApplicationSets(t *testing.T) {
	set := func(policy string) string { return setShop + "spec: {syncPolicy: {" + policy + "}}" }
	app := appKind + "metadata: {name: shop, namespace: argocd}\n" + pruning
	changed := appKind + "metadata: {name: shop, namespace: argocd}\nspec: {source: {targetRevision: v2}, syncPolicy: {automated: {prune: true}}}\n"
	made := func(policy string) []string { return []string{app, set(policy)} }
	finalized := func(policy string) string {
		return strings.Replace(set(policy), "namespace: argocd", "namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]", 1)
	}
	ignoring := func(pointer string) string {
		return setShop + "spec: {ignoreApplicationDifferences: [{jsonPointers: [" + pointer + "]}]}"
	}
	kept := func(policy string) string {
		return "orphaned: ApplicationSet argocd/shops does not delete Applications (applicationsSync: " + policy + ")"
	}
	runFates(t, []fateRow{
		{name: "Application: created", action: "created", after: app, head: []string{set("applicationsSync: create-only")}, want: "applied"},
		{name: "Application: updated", action: "updated", before: app, after: changed, head: []string{set("")}, want: "applied"},
		{name: "Application: updated, sync", action: "updated", before: app, after: changed, head: []string{set("applicationsSync: sync")}, want: "applied"},
		{name: "Application: updated, create-update", action: "updated", before: app, after: changed, head: []string{set("applicationsSync: create-update")}, want: "applied"},
		{name: "Application: updated, create-only", action: "updated", before: app, after: changed, head: []string{set("applicationsSync: create-only")}, want: "not-applied: ApplicationSet argocd/shops does not change Applications that exist (applicationsSync: create-only)"},
		{name: "Application: updated, create-delete", action: "updated", before: app, after: changed, head: []string{set("applicationsSync: create-delete")}, want: "not-applied: ApplicationSet argocd/shops does not change Applications that exist (applicationsSync: create-delete)"},
		{name: "Application: deleted", action: "deleted", before: app, head: []string{set("")}, want: "applied"},
		{name: "Application: deleted, create-delete", action: "deleted", before: app, head: []string{set("applicationsSync: create-delete")}, want: "applied"},
		{name: "Application: deleted, create-only", action: "deleted", before: app, head: []string{set("applicationsSync: create-only")}, want: kept("create-only")},
		{name: "Application: deleted, create-update", action: "deleted", before: app, head: []string{set("applicationsSync: create-update")}, want: kept("create-update")},
		{name: "Application: its set is deleted", action: "deleted", before: app, head: []string{}, base: []string{set("applicationsSync: create-only")}, want: "applied"},
		{name: "Application: its set is deleted and leaves it", action: "deleted", before: app, head: []string{}, base: []string{finalized("applicationsSync: create-only")}, want: "orphaned: ApplicationSet argocd/shops is deleted and leaves its Applications (applicationsSync: create-only)"},
		{name: "Application: its set is deleted with the finalizer and may delete", action: "deleted", before: app, head: []string{}, base: []string{finalized("")}, want: "applied"},
		{name: "a preserving set deletes the Application itself", action: "deleted", before: app, head: []string{set("preserveResourcesOnDeletion: true")}, want: "applied"},

		{name: "the set gives the finalizer", action: "deleted", head: []string{set("")}, base: made(""), want: "applied"},
		{name: "and does not where it preserves", action: "deleted", head: []string{set("preserveResourcesOnDeletion: true")}, base: made("preserveResourcesOnDeletion: true"), want: "orphaned: Application argocd/shop is deleted without the finalizer resources-finalizer.argocd.argoproj.io: what it deployed stays"},
		{name: "preserving is about what was", action: "deleted", head: []string{set("preserveResourcesOnDeletion: true")}, base: made(""), want: "applied"},
		{name: "a finalizer of the template goes before", action: "deleted", head: []string{set("preserveResourcesOnDeletion: true")}, base: []string{appShop, set("preserveResourcesOnDeletion: true")}, want: "applied"},
		{name: "another finalizer of the template goes before, too", action: "deleted", head: []string{set("")}, base: []string{appKind + "metadata: {name: shop, namespace: argocd, finalizers: [x.example.com/y]}", set("")}, want: "orphaned: Application argocd/shop is deleted without the finalizer resources-finalizer.argocd.argoproj.io: what it deployed stays"},
		{name: "the set keeps the Application", action: "deleted", head: []string{set("applicationsSync: create-update")}, base: made("applicationsSync: create-update"), want: "orphaned: Application argocd/shop deploys it and stays: ApplicationSet argocd/shops does not delete Applications (applicationsSync: create-update)"},
		{name: "the set goes", action: "deleted", head: []string{}, base: made(""), want: "applied"},
		{name: "the set stays where its deployer does not prune", action: "deleted", head: []string{appRoot + "spec: {syncPolicy: {automated: {}}}"}, base: append(made(""), appRoot+"spec: {syncPolicy: {automated: {}}}"), want: "orphaned: Application argocd/shop deploys it and stays: ApplicationSet argocd/shops deploys it and stays: Application argocd/root does not prune by itself: it stays until someone prunes it"},
		{name: "the Application of a set prunes", action: "deleted", head: made(""), want: "applied"},

		{name: "ignored", action: "updated", before: app, after: changed, head: []string{setShop + "spec: {ignoreApplicationDifferences: [{jsonPointers: [/spec/source/targetRevision]}]}"}, want: "not-applied: ApplicationSet argocd/shops ignores spec.source"},
		{name: "ignored, by name", action: "updated", before: app, after: changed, head: []string{setShop + "spec: {ignoreApplicationDifferences: [{name: shop, jqPathExpressions: [.spec.source]}]}"}, want: "not-applied: ApplicationSet argocd/shops ignores spec.source"},
		{name: "what its set ignores of its Application does not reach what that deploys", action: "updated", head: []string{changed, ignoring("/spec/source")}, base: []string{app, ignoring("/spec/source")}, want: "unknown: Application argocd/shop deploys it, whose own change is not applied: ApplicationSet argocd/shops ignores spec.source; which of the two this change comes from cannot be told"},
		{name: "nor what it ignores of it in part", action: "updated", head: []string{strings.Replace(changed, "spec: {", "spec: {project: p, ", 1), ignoring("/spec/source")}, base: []string{app, ignoring("/spec/source")}, want: "unknown: Application argocd/shop deploys it, whose own change is applied but for spec.source, which ApplicationSet argocd/shops ignores; which of the two this change comes from cannot be told"},
		{name: "ignored of another", action: "updated", before: app, after: changed, head: []string{setShop + "spec: {ignoreApplicationDifferences: [{name: shop2, jsonPointers: [/spec/source]}]}"}, want: "applied"},
	})
}

func TestFateIgnored(t *testing.T) {
	const workload = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, annotations: {a.b/c: REV}}, spec: {replicas: 2, template: {spec: {containers: [{name: web, image: 'web:REV'}, {name: proxy, image: 'proxy:1'}]}}}}"
	base := strings.ReplaceAll(workload, "REV", "1")
	scaled := strings.Replace(base, "replicas: 2", "replicas: 6", 1)
	image := strings.Replace(base, "web:1", "web:2", 1)
	both := strings.Replace(scaled, "web:1", "web:2", 1)
	noted := strings.Replace(base, "a.b/c: 1", "a.b/c: 2", 1)
	app := func(rules, options string) []string {
		return []string{appShop + "spec: {destination: {namespace: shop}, ignoreDifferences: [" + rules + "], syncPolicy: {automated: {prune: true}, syncOptions: [" + options + "]}}"}
	}
	respecting := func(rules string) []string { return app(rules, "RespectIgnoreDifferences=true") }
	on := func(rest string) []string { return respecting("{group: apps, kind: Deployment, " + rest + "}") }
	replicas := "not-applied: Application argocd/shop ignores spec.replicas"
	webImage := "not-applied: Application argocd/shop ignores spec.template.spec.containers[name=web].image"
	cannot := func(rule string) string {
		return "unknown: whether Application argocd/shop ignores spec.replicas cannot be told from " + rule
	}
	var rows []fateRow
	for _, r := range []struct {
		name, after string
		head        []string
		want        string
	}{
		{"a pointer", scaled, on("jsonPointers: [/spec/replicas]"), replicas},
		{"a pointer, not respected", scaled, app("{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}", ""), "applied: Application argocd/shop ignores spec.replicas when it compares and not when it syncs: the next sync applies it"},
		{"respected in other letters", scaled, app("{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}", "RespectIgnoreDifferences=True"), "applied: Application argocd/shop ignores spec.replicas when it compares and not when it syncs: the next sync applies it"},
		{"one of two paths", both, on("jsonPointers: [/spec/replicas]"), "applied: but for spec.replicas, which Application argocd/shop ignores"},
		{"one of two paths, not respected", both, app("{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}", ""), "applied"},
		{"two of two paths", both, on("jsonPointers: [/spec/replicas, /spec/template]"), "not-applied: Application argocd/shop ignores spec.replicas, spec.template.spec.containers[name=web].image"},
		{"a pointer to what holds it", scaled, on("jsonPointers: [/spec]"), replicas},
		{"a pointer to nothing", scaled, on("jsonPointers: [/spec/replicas/x, /spec/paused]"), "applied"},
		{"a pointer with an escape", noted, on("jsonPointers: [/metadata/annotations/a.b~1c]"), `not-applied: Application argocd/shop ignores metadata.annotations["a.b/c"]`},
		{"a pointer into a list", image, on("jsonPointers: [/spec/template/spec/containers/0/image]"), webImage},
		{"a pointer to another element", image, on("jsonPointers: [/spec/template/spec/containers/1/image]"), "applied"},
		{"an annotation that is the only one", strings.Replace(base, "annotations: {a.b/c: 1}", "annotations: {}", 1), on("jsonPointers: [/metadata/annotations/a.b~1c]"), `not-applied: Application argocd/shop ignores metadata.annotations["a.b/c"]`},
		{"annotations that go with it", strings.Replace(base, ", annotations: {a.b/c: 1}", "", 1), on("jsonPointers: [/metadata/annotations/a.b~1c]"), "not-applied: Application argocd/shop ignores metadata.annotations"},

		{"a path of jq", scaled, on("jqPathExpressions: [.spec.replicas]"), replicas},
		{"each element", image, on("jqPathExpressions: ['.spec.template.spec.containers[].image']"), webImage},
		{"an element by its place", image, on("jqPathExpressions: ['.spec.template.spec.containers[0].image']"), webImage},
		{"a selected element", image, on(`jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "web")']`), webImage},
		{"a selected element, and what is in it", image, on(`jqPathExpressions: ['.spec.template.spec.containers[] | select(.name | startswith("we")).image']`), webImage},
		{"another element", image, on(`jqPathExpressions: ['.spec.template.spec.containers[] | select(.name != "web")']`), "applied"},
		{"by conditions", image, on(`jqPathExpressions: ['.spec.template.spec.containers[] | select((.name | test("^w.b$")) and (.image | contains("proxy") | not))']`), webImage},
		{"a key that is no word", noted, on(`jqPathExpressions: ['.metadata.annotations["a.b/c"]']`), `not-applied: Application argocd/shop ignores metadata.annotations["a.b/c"]`},
		{"two paths of jq", both, on("jqPathExpressions: ['.spec.replicas, .spec.template']"), "not-applied: Application argocd/shop ignores spec.replicas, spec.template.spec.containers[name=web].image"},
		{"what fails is not ignored", scaled, on("jqPathExpressions: ['.spec.replicas, .spec.volumes[].name']"), "applied"},
		{"what may fail", scaled, on("jqPathExpressions: ['.spec.replicas, .spec.volumes[]?.name']"), replicas},
		{"a program", scaled, on("jqPathExpressions: ['.spec | recurse']"), cannot(`".spec | recurse"`)},
		{"a program without an end", scaled, on("jqPathExpressions: ['def f: f; f']"), cannot(`"def f: f; f"`)},
		{"a program that multiplies", scaled, on("jqPathExpressions: ['(.,.)|(.,.)|.spec.replicas']"), cannot(`"(.,.)|(.,.)|.spec.replicas"`)},
		{"more than the argument", scaled, on("jqPathExpressions: ['.spec) | (.spec']"), cannot(`".spec) | (.spec"`)},
		{"no jq", scaled, on("jqPathExpressions: ['.spec[']"), cannot(`".spec["`)},
		{"no jq, beside what ignores all", scaled, on("jqPathExpressions: ['.spec[', .spec.replicas]"), replicas},
		{"a manager of fields", scaled, on("managedFieldsManagers: [kube-controller-manager]"), cannot(`the fields of manager "kube-controller-manager"`)},
		{"a manager of fields, not respected", scaled, app("{group: apps, kind: Deployment, managedFieldsManagers: [x]}", ""), "applied"},

		{"any group and kind", scaled, respecting("{group: '*', kind: '*', jsonPointers: [/spec/replicas]}"), replicas},
		{"a part of a kind", scaled, respecting("{group: 'a*s', kind: 'Deploy*', jsonPointers: [/spec/replicas]}"), replicas},
		{"no group is the core's", scaled, respecting("{kind: Deployment, jsonPointers: [/spec/replicas]}"), "applied"},
		{"another group", scaled, respecting("{group: extensions, kind: Deployment, jsonPointers: [/spec/replicas]}"), "applied"},
		{"another kind", scaled, respecting("{group: apps, kind: StatefulSet, jsonPointers: [/spec/replicas]}"), "applied"},
		{"a kind in small letters", scaled, respecting("{group: apps, kind: deployment, jsonPointers: [/spec/replicas]}"), "applied"},
		{"its name", scaled, on("name: web, jsonPointers: [/spec/replicas]"), replicas},
		{"another name", scaled, on("name: we*, jsonPointers: [/spec/replicas]"), "applied"},
		{"its namespace", scaled, on("namespace: shop, jsonPointers: [/spec/replicas]"), replicas},
		{"another namespace", scaled, on("namespace: default, jsonPointers: [/spec/replicas]"), "applied"},
		{"the namespace that it is sent to", strings.Replace(scaled, ", namespace: shop", "", 1), on("namespace: shop, jsonPointers: [/spec/replicas, /metadata/namespace]"), "not-applied: Application argocd/shop ignores metadata.namespace, spec.replicas"},
		{"no such kind of glob", scaled, respecting("{group: apps, kind: '[', jsonPointers: [/spec/replicas]}"), "applied"},
	} {
		rows = append(rows, fateRow{name: r.name, action: "updated", before: base, after: r.after, head: r.head, want: r.want})
	}
	secret := func(in *FateInput) { in.Paths = []string{"data.password", "spec.replicas"} }
	rows = append(rows,
		fateRow{name: "a change that cannot be seen is not taken for ignored", action: "updated", before: base, after: scaled, head: on("jsonPointers: [/spec/replicas]"), more: secret, want: "applied: but for spec.replicas, which Application argocd/shop ignores"},
		fateRow{name: "what is created is applied whole", action: "created", after: scaled, head: on("jsonPointers: [/spec]"), want: "applied"},
	)
	runFates(t, rows)
}

// TestIgnoringChangesNothing holds that manifests stay as they are.
func TestIgnoringChangesNothing(t *testing.T) {
	objects := yamls(t, "{kind: X, spec: {a: 1, l: [{b: 1}, {b: 2}]}}", "{kind: X, spec: {a: 2, l: [{b: 1}, {b: 3}]}}")
	in := FateInput{Action: "updated", Before: objects[0], After: objects[1]}
	gone, rest, open := in.ignored(ignoreRules{pointers: []string{"/spec/a"}, jq: []string{".spec.l[].b"}})
	if strings.Join(gone, " ") != "spec.a spec.l[1].b" || len(rest)+len(open) > 0 {
		t.Errorf("got %v, %v, %v", gone, rest, open)
	}
	if manifest.GroupKind(in.Before) != "/X" || in.Before["spec"].(map[string]any)["a"] == nil || len(in.After["spec"].(map[string]any)["l"].([]any)) != 2 {
		t.Errorf("changed: %v, %v", in.Before, in.After)
	}
}

func TestMoved(t *testing.T) {
	app := func(destination string) string { return appShop + "spec: {destination: {" + destination + "}}" }
	k := func(spec string) string { return kApps + "spec: {prune: true, " + spec + "}" }
	local := app(`server: "https://kubernetes.default.svc", namespace: shop`)
	for name, tc := range map[string]struct {
		base, head []string
		want       string
	}{
		"the same":                          {[]string{app("server: https://a")}, []string{app("server: https://a")}, ""},
		"another namespace":                 {[]string{app("server: https://a, namespace: x")}, []string{app("server: https://a, namespace: y")}, ""},
		"a slash behind it":                 {[]string{app("server: https://a")}, []string{app("server: https://a/")}, ""},
		"another server":                    {[]string{app("server: https://a")}, []string{app("server: https://b")}, `moved: what deploys it goes to the cluster of server "https://b" instead of the cluster of server "https://a": what stands in the old one stays behind`},
		"another name":                      {[]string{app("name: a")}, []string{app("name: b")}, `moved: what deploys it goes to the cluster of name "b" instead of the cluster of name "a": what stands in the old one stays behind`},
		"to the own cluster":                {[]string{app("name: a")}, []string{local}, `moved: what deploys it goes to the cluster of its controller instead of the cluster of name "a": what stands in the old one stays behind`},
		"two names of the own cluster":      {[]string{local}, []string{app("name: in-cluster")}, ""},
		"a name for an address":             {[]string{app("server: https://a")}, []string{app("name: a")}, `unknown: what deploys it goes to the cluster of name "a" instead of the cluster of server "https://a": whether these are one cluster cannot be told`},
		"kubeConfig":                        {[]string{k("")}, []string{k("kubeConfig: {secretRef: {name: prod}}")}, `moved: what deploys it goes to the cluster of kubeConfig secretRef "flux-system/prod" instead of the cluster of its controller: what stands in the old one stays behind`},
		"another secret":                    {[]string{k("kubeConfig: {secretRef: {name: prod}}")}, []string{k("kubeConfig: {secretRef: {name: dr}}")}, `moved: what deploys it goes to the cluster of kubeConfig secretRef "flux-system/dr" instead of the cluster of kubeConfig secretRef "flux-system/prod": what stands in the old one stays behind`},
		"another key":                       {[]string{k("kubeConfig: {secretRef: {name: prod, key: a}}")}, []string{k("kubeConfig: {secretRef: {name: prod, key: b}}")}, `moved: what deploys it goes to the cluster of kubeConfig secretRef "flux-system/prod/b" instead of the cluster of kubeConfig secretRef "flux-system/prod/a": what stands in the old one stays behind`},
		"a secret for a ConfigMap":          {[]string{k("kubeConfig: {secretRef: {name: prod}}")}, []string{k("kubeConfig: {configMapRef: {name: prod}}")}, `unknown: what deploys it goes to the cluster of kubeConfig configMapRef "flux-system/prod" instead of the cluster of kubeConfig secretRef "flux-system/prod": whether these are one cluster cannot be told`},
		"what deploys the deployer moves":   {[]string{local, app("name: a")}, []string{local, app("name: b")}, `moved: what deploys it goes to the cluster of name "b" instead of the cluster of name "a": what stands in the old one stays behind`},
		"the nearest cluster counts":        {[]string{app("name: x"), app("name: a")}, []string{app("name: x"), app("name: b")}, ""},
		"Flux takes over from Argo CD":      {[]string{local}, []string{k("")}, ""},
		"what does not take the change":     {[]string{k(""), kRoot + "spec: {suspend: true}"}, []string{k("kubeConfig: {secretRef: {name: prod}}"), kRoot + "spec: {suspend: true}"}, ""},
		"what takes it in part":             {[]string{app("name: a"), setShop + "spec: {ignoreApplicationDifferences: [{jsonPointers: [/spec/destination]}]}"}, []string{strings.Replace(app("name: b"), "spec: {", "spec: {project: p, ", 1), setShop + "spec: {ignoreApplicationDifferences: [{jsonPointers: [/spec/destination]}]}"}, `unknown: whether it goes to the cluster of name "b" instead of the cluster of name "a" cannot be told: of the change of Application argocd/shop is not known what is applied`},
		"what no longer may change":         {[]string{app("name: a"), setShop + "spec: {syncPolicy: {applicationsSync: create-only}}"}, []string{app("name: b"), setShop + "spec: {syncPolicy: {applicationsSync: create-only}}"}, ""},
		"new":                               {nil, []string{app("name: a")}, ""},
		"gone":                              {[]string{app("name: a")}, nil, ""},
		"the Application of a set":          {[]string{app("name: a"), setShop}, []string{app("name: b"), setShop}, `moved: what deploys it goes to the cluster of name "b" instead of the cluster of name "a": what stands in the old one stays behind`},
		"the release of a moved collection": {[]string{helmApps, k("")}, []string{helmApps, k("kubeConfig: {secretRef: {name: prod}}")}, `moved: what deploys it goes to the cluster of kubeConfig secretRef "flux-system/prod" instead of the cluster of its controller: what stands in the old one stays behind`},
	} {
		t.Run(name, func(t *testing.T) {
			f := Moved(yamls(t, tc.base...), yamls(t, tc.head...))
			if got := strings.TrimSuffix(f.Outcome+": "+f.Why, ": "); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestFateMoved(t *testing.T) {
	a := []string{appShop + "spec: {destination: {name: a}, syncPolicy: {automated: {prune: true}}}"}
	b := []string{appShop + "spec: {destination: {name: b}, syncPolicy: {automated: {prune: true}}}"}
	other := func(cluster, policy string) []string {
		return []string{appRoot + "spec: {destination: {name: " + cluster + "}, syncPolicy: {automated: {" + policy + "}}}"}
	}
	why := `what deploys it goes to the cluster of name "b" instead of the cluster of name "a": what stands in the old one stays behind`
	runFates(t, []fateRow{
		{name: "updated", action: "updated", head: b, base: a, want: "moved: " + why},
		{name: "moved", action: "moved", head: b, base: a, want: "moved: " + why},
		{name: "created", action: "created", head: b, base: a, want: "applied"},
		{name: "from one that deletes it there", action: "moved", head: other("b", "prune: true"), base: a, want: `applied: it goes to the cluster of name "b", and Application argocd/shop deletes it from the cluster of name "a"`},
		{name: "from one that leaves it there", action: "moved", head: other("b", "prune: true"), base: []string{strings.Replace(a[0], "prune: true", "prune: false", 1)}, want: "moved: " + why},
		{name: "from one that may be in the same cluster", action: "moved", head: []string{strings.Replace(other("b", "prune: true")[0], "name: b", `server: "https://b"`, 1)}, base: a, want: `unknown: what deploys it goes to the cluster of server "https://b" instead of the cluster of name "a": whether these are one cluster cannot be told`},
		{name: "deleted: it stays in the old one", action: "deleted", head: b, base: a, want: "orphaned: " + why},
		{name: "nothing moves to where nothing is synced", action: "updated", head: []string{strings.Replace(b[0], "namespace: argocd", `namespace: argocd, annotations: {argocd.argoproj.io/skip-reconcile: "true"}`, 1)}, base: a, want: "unknown: Application argocd/shop is not reconciled (argocd.argoproj.io/skip-reconcile), from this change on: it may see the rest of the change before"},
	})
}
