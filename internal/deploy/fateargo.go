package deploy

import (
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render/manifest"
)

const (
	// syncOptions is a list of options, separated by commas and white space:
	// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
	syncOptions = "argocd.argoproj.io/sync-options"
	// argoHook is the kinds of hook that an object is:
	// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
	argoHook = "argocd.argoproj.io/hook"
	// skipReconcile stops all processing of an Application:
	// https://argo-cd.readthedocs.io/en/stable/user-guide/skip_reconcile/
	skipReconcile = "argocd.argoproj.io/skip-reconcile"
	// resourcesFinalizer deletes what an Application deployed with it; behind a
	// slash stands how, foreground or background:
	// https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/#about-the-deletion-finalizer
	resourcesFinalizer = "resources-finalizer.argocd.argoproj.io"
)

// underApplication is the fate of a change that an Application syncs.
func (in FateInput) underApplication(app map[string]any) Fate {
	if skipped(app) {
		return notApplied("%s is not reconciled (%s)", named(app), skipReconcile)
	}
	if f := in.asHook(app); f.Outcome != "" {
		return f
	}
	if in.Action == actionDeleted {
		return in.pruned(app)
	}
	f := applied("")
	if in.Action != actionCreated {
		f = in.respecting(app)
	}
	if f.Outcome == facts.OutcomeApplied && f.Why == "" && !automated(app) {
		f.Why = named(app) + " does not sync by itself: it waits for a person to sync it"
	}
	return f
}

// pruned is the fate of an object that an Application no longer has. A sync
// deletes it only where pruning is asked for; helm.sh/resource-policy does not
// keep it from that, but from going with its Application only:
// https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks
func (in FateInput) pruned(app map[string]any) Fate {
	option, whose := optionFor(in.Before, app, "Prune")
	switch {
	case option == "false":
		return orphaned("%s says Prune=false: it stays until someone deletes it", whose)
	case !automated(app):
		return orphaned("%s does not sync by itself: it stays until someone syncs with pruning", named(app))
	case !doc.Bool(app, "spec", "syncPolicy", "automated", "prune"):
		return orphaned("%s does not prune by itself: it stays until someone prunes it", named(app))
	case in.Emptied && !doc.Bool(app, "spec", "syncPolicy", "automated", "allowEmpty"):
		// https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/#automatic-pruning-with-allow-empty-v18
		return orphaned("%s does not prune the last of its objects by itself (automated.allowEmpty is not set)", named(app))
	case option == "confirm":
		return undecided("it is pruned once a person confirms it: %s says Prune=confirm", whose)
	}
	return applied("")
}

// withApplication is the fate of an object whose Application is deleted: the
// finalizer takes it along, but for a CRD and for what is to be kept. Of a
// template's Application the finalizer is set where the template sets none:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Application-Deletion/
func (in FateInput) withApplication(app map[string]any, above []map[string]any) Fate {
	if skipped(app) {
		return notApplied("%s is not reconciled, nor is its deletion (%s)", named(app), skipReconcile)
	}
	if !cascades(app, above) {
		return orphaned("%s is deleted without the finalizer %s: what it deployed stays", named(app), resourcesFinalizer)
	}
	deletion, whose := optionFor(in.Before, app, "Delete")
	pruning, whosePruning := optionFor(in.Before, app, "Prune")
	switch {
	case manifest.GroupKind(in.Before) == "apiextensions.k8s.io/CustomResourceDefinition":
		return orphaned("%s is deleted, which does not delete the CRDs that it deployed", named(app))
	case deletion == "false":
		return orphaned("%s says Delete=false: it stays when %s is deleted", whose, named(app))
	case slices.Contains(items(doc.Annotations(in.Before)[resourcePolicy]), "keep"):
		return orphaned("it says %s: keep, and stays when %s is deleted", resourcePolicy, named(app))
	case deletion == "confirm":
		return undecided("it is deleted once a person confirms it: %s says Delete=confirm", whose)
	case pruning == "confirm":
		return undecided("it is deleted once a person confirms it: %s says Prune=confirm", whosePruning)
	}
	return applied("")
}

// cascades says whether the deletion of an Application deletes what it
// deployed. The list is what deploys the Application.
func cascades(app map[string]any, above []map[string]any) bool {
	finalizers := doc.Texts(app, "metadata", "finalizers")
	if len(finalizers) == 0 && len(above) > 0 && manifest.GroupKind(above[0]) == kindApplicationSet {
		return !doc.Bool(above[0], "spec", "syncPolicy", "preserveResourcesOnDeletion")
	}
	return slices.ContainsFunc(finalizers, func(f string) bool {
		return f == resourcesFinalizer || f == resourcesFinalizer+"/foreground" || f == resourcesFinalizer+"/background"
	})
}

// underApplicationSet is the fate of an Application that a template makes:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/
func (in FateInput) underApplicationSet(set map[string]any) Fate {
	policy := doc.Text(set, "spec", "syncPolicy", "applicationsSync")
	switch in.Action {
	case actionCreated:
		return applied("")
	case actionDeleted:
		if keepsApplications(policy) {
			return orphaned("%s does not delete Applications (applicationsSync: %s)", named(set), policy)
		}
		return applied("")
	}
	if fixesApplications(policy) {
		return notApplied("%s does not change Applications that exist (applicationsSync: %s)", named(set), policy)
	}
	return in.ignoring(named(set), setIgnores(set, in.After))
}

// withApplicationSet is the fate of an Application whose ApplicationSet is
// deleted: its owner is gone, so that it is collected, whatever the policy is,
// but where the finalizer lets the controller take the ownership away first.
func (in FateInput) withApplicationSet(set map[string]any) Fate {
	policy := doc.Text(set, "spec", "syncPolicy", "applicationsSync")
	if keepsApplications(policy) && slices.Contains(doc.Texts(set, "metadata", "finalizers"), resourcesFinalizer) {
		return orphaned("%s is deleted and leaves its Applications (applicationsSync: %s)", named(set), policy)
	}
	return applied("")
}

// keepsApplications says whether a policy leaves Applications that are no longer
// made, fixesApplications whether it leaves those that exist as they are.
func keepsApplications(policy string) bool {
	return policy == "create-only" || policy == "create-update"
}

func fixesApplications(policy string) bool {
	return policy == "create-only" || policy == "create-delete"
}

// asHook is the fate of what is not synced like other objects; nothing of an
// object that is. The annotation of Argo CD goes before that of Helm:
// https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks
func (in FateInput) asHook(app map[string]any) Fate {
	object := in.After
	if in.Action == actionDeleted {
		object = in.Before
	}
	annotations := doc.Annotations(object)
	hooks, isArgo := annotations[argoHook]
	kinds := argoHooks(items(hooks))
	if isArgo && len(kinds) == 1 && kinds[0] == "Skip" {
		if in.Action == actionDeleted {
			return orphaned("it says %s: Skip: %s does not touch it", argoHook, named(app))
		}
		return notApplied("it says %s: Skip: %s does not touch it", argoHook, named(app))
	}
	helm, isHelm := annotations[helmHook]
	if isHelm = isHelm && helm != "crd-install"; !isArgo && !isHelm {
		return Fate{}
	}
	if len(kinds) == 0 {
		kinds = argoHooksOfHelm(items(helm))
	}
	switch {
	case in.Action == actionDeleted:
		return orphaned("it is a hook, which %s does not prune: its delete policy says when it goes", named(app))
	case len(kinds) == 0:
		return notApplied("it is a hook of a kind that Argo CD does not run")
	}
	return applied("it is a hook, which runs with each sync of %s", named(app))
}

// argoHooks keeps the kinds of hook that there are.
func argoHooks(list []string) []string {
	known := []string{"PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete"}
	return slices.DeleteFunc(list, func(kind string) bool { return !slices.Contains(known, kind) })
}

// argoHooksOfHelm keeps the hooks of Helm that Argo CD runs as its own.
func argoHooksOfHelm(list []string) []string {
	known := []string{"pre-install", "pre-upgrade", "post-upgrade", "post-install", "pre-delete", "post-delete"}
	return slices.DeleteFunc(list, func(kind string) bool { return !slices.Contains(known, kind) })
}

// optionFor is the value of a sync option for an object, its own or else that
// of its Application, and in words which of the two says it.
func optionFor(object, app map[string]any, key string) (value, whose string) {
	if v, ok := option(object, key); ok {
		return v, "it"
	}
	v, _ := cutOption(doc.Texts(app, "spec", "syncPolicy", "syncOptions"), key)
	return v, named(app)
}

// option is the value of a sync option that an object's annotation sets.
func option(object map[string]any, key string) (value string, ok bool) {
	return cutOption(items(doc.Annotations(object)[syncOptions]), key)
}

func cutOption(list []string, key string) (value string, ok bool) {
	for _, o := range list {
		if v, found := strings.CutPrefix(o, key+"="); found {
			return v, true
		}
	}
	return "", false
}

// items are the elements of a list that is separated by commas.
func items(list string) []string {
	var out []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// automated says whether an Application syncs by itself:
// https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/
func automated(app map[string]any) bool {
	auto, ok := doc.Lookup(app, "spec", "syncPolicy", "automated")
	if !ok || auto == nil {
		return false
	}
	return doc.At(auto, "enabled") != false
}

func skipped(app map[string]any) bool {
	skip, err := strconv.ParseBool(doc.Annotations(app)[skipReconcile])
	return err == nil && skip
}

// argoDestination is the cluster that an Application names; "in-cluster" and
// its address are that of Argo CD itself:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
func argoDestination(app map[string]any) destination {
	server := strings.TrimRight(doc.Text(app, "spec", "destination", "server"), "/")
	name := doc.Text(app, "spec", "destination", "name")
	switch {
	case server == "https://kubernetes.default.svc", server == "" && (name == "" || name == "in-cluster"):
		return destination{}
	case server != "":
		return destination{"server", server}
	}
	return destination{"name", name}
}
