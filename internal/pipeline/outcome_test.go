package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// The parts of repositories that Argo CD and Flux deploy.
const (
	outcomeSource  = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: flux-system, namespace: flux-system}\nspec: {interval: 1m, url: 'https://git.example.com/acme/platform.git', ref: {branch: main}}\n"
	outcomeConfigs = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: shop}\ndata: {a: '%d'}\n"
	outcomeSet     = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\nspec:\n  goTemplate: true\n  generators: [{git: {repoURL: 'https://git.example.com/acme/platform.git', revision: main, directories: [{path: 'apps/*'}]}}]\n  syncPolicy: {%s}\n  template:\n    metadata: {name: '{{.path.basename}}'}\n    spec: {project: default, source: {repoURL: 'https://git.example.com/acme/platform.git', targetRevision: main, path: '{{.path.path}}'}, destination: {server: 'https://kubernetes.default.svc', namespace: shop}, syncPolicy: {automated: {prune: true}}}\n"
)

func outcomeMap(name string, value int) string { return fmt.Sprintf(outcomeConfigs, name, value) }

func outcomeApp(name, dir, destination, policy string) string {
	return "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: " + name + ", namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}\n" +
		"spec:\n  project: default\n  source: {repoURL: 'https://git.example.com/acme/platform.git', targetRevision: main, path: " + dir + "}\n" +
		"  destination: {" + destination + ", namespace: shop}\n  syncPolicy: {" + policy + "}\n"
}

func outcomeKustomization(name, dir, spec string) string {
	return "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: " + name + ", namespace: flux-system}\n" +
		"spec: {interval: 10m, path: ./" + dir + ", sourceRef: {kind: GitRepository, name: flux-system}, " + spec + "}\n"
}

// TestOutcomes is about who deploys what, on both sides: what is asked of the
// deployers is held by their own tests.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const here, prunes, keeps = "server: 'https://kubernetes.default.svc'", "automated: {prune: true}", "automated: {}"
	flux := func(root, apps string) map[string]string {
		return map[string]string{
			"clusters/live/repo.yaml": outcomeSource, "clusters/live/root.yaml": outcomeKustomization("root", "clusters/live", root),
			"clusters/live/apps.yaml": outcomeKustomization("apps", "apps", apps), "apps/a.yaml": outcomeMap("a", 1), "apps/b.yaml": outcomeMap("b", 1),
		}
	}
	argo := func(root, shop string) map[string]string {
		return map[string]string{
			"root.yaml": outcomeApp("root", "argocd", here, root), "argocd/shop.yaml": outcomeApp("shop", "shop", here, shop), "argocd/other.yaml": outcomeApp("other", "other", "name: dr", prunes),
			"shop/a.yaml": outcomeMap("a", 1), "shop/b.yaml": outcomeMap("b", 1), "other/c.yaml": outcomeMap("c", 1),
		}
	}
	set := func(policy string) map[string]string {
		return map[string]string{"argocd/set.yaml": fmt.Sprintf(outcomeSet, policy), "apps/one/a.yaml": outcomeMap("a", 1), "apps/two/b.yaml": outcomeMap("b", 1)}
	}
	for name, tc := range map[string]struct {
		base, change map[string]string // a file of the change without text is gone
		want         []string
	}{
		"Flux: what it deploys goes":          {flux("prune: true", "prune: true"), map[string]string{"apps/b.yaml": ""}, []string{"deleted ConfigMap b: applied"}},
		"Flux: it does not prune":             {flux("prune: true", "prune: false"), map[string]string{"apps/b.yaml": ""}, []string{"deleted ConfigMap b: orphaned"}},
		"Flux: it goes":                       {flux("prune: true", "prune: true"), map[string]string{"clusters/live/apps.yaml": ""}, []string{"deleted ConfigMap a: applied", "deleted ConfigMap b: applied", "deleted Kustomization apps: applied"}},
		"Flux: it goes, and its parent keeps": {flux("prune: false", "prune: true"), map[string]string{"clusters/live/apps.yaml": ""}, []string{"deleted ConfigMap a: orphaned", "deleted ConfigMap b: orphaned", "deleted Kustomization apps: orphaned"}},
		"Flux: it goes and orphans":           {flux("prune: true", "prune: true, deletionPolicy: Orphan"), map[string]string{"clusters/live/apps.yaml": ""}, []string{"deleted ConfigMap a: orphaned", "deleted ConfigMap b: orphaned", "deleted Kustomization apps: applied"}},
		"Flux: its parent is suspended":       {flux("suspend: true", "prune: true"), map[string]string{"apps/a.yaml": outcomeMap("a", 2), "clusters/live/apps.yaml": ""}, []string{"deleted ConfigMap a: not-applied", "deleted ConfigMap b: not-applied", "deleted Kustomization apps: not-applied"}},
		"Flux: the root does not resume":      {flux("suspend: true", "prune: true"), map[string]string{"clusters/live/root.yaml": outcomeKustomization("root", "clusters/live", "prune: true")}, []string{"updated Kustomization root: not-applied"}},
		"Argo CD: it goes, and its root keeps": {argo(keeps, prunes), map[string]string{"argocd/shop.yaml": ""},
			[]string{"deleted Application shop: orphaned", "deleted ConfigMap a: orphaned", "deleted ConfigMap b: orphaned"}},
		"Argo CD: it goes": {argo(prunes, keeps), map[string]string{"argocd/shop.yaml": ""},
			[]string{"deleted Application shop: applied", "deleted ConfigMap a: applied", "deleted ConfigMap b: applied"}},
		"Argo CD: it goes elsewhere": {argo(prunes, prunes), map[string]string{"argocd/shop.yaml": outcomeApp("shop", "shop", "name: dr", prunes), "shop/a.yaml": outcomeMap("a", 2)},
			[]string{"moved ConfigMap b: moved", "updated Application shop: applied", "updated ConfigMap a: moved"}},
		"Argo CD: a file goes to an Application of another cluster": {argo(prunes, prunes), map[string]string{"shop/b.yaml": "", "other/b.yaml": outcomeMap("b", 1)},
			[]string{"moved ConfigMap b: applied"}},
		"a set: one of its Applications goes":       {set(""), map[string]string{"apps/two/b.yaml": ""}, []string{"deleted Application two: applied", "deleted ConfigMap b: applied"}},
		"a set: it goes and leaves what it had":     {set("preserveResourcesOnDeletion: true"), map[string]string{"apps/two/b.yaml": ""}, []string{"deleted Application two: applied", "deleted ConfigMap b: orphaned"}},
		"a set: it does not delete its Application": {set("applicationsSync: create-update"), map[string]string{"apps/two/b.yaml": ""}, []string{"deleted Application two: orphaned", "deleted ConfigMap b: orphaned"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := maps.Clone(tc.base)
			for file, text := range tc.change {
				if head[file] = text; text == "" {
					delete(head, file)
				}
			}
			f := changeFacts(t, archived(tc.base), archived(head)).facts()
			var got []string
			for _, o := range slices.Concat(f.Objects, f.DeletedObjects, f.GeneratedObjects) {
				if o.Change == nil {
					t.Errorf("nothing is known of %s", o.ID)
				} else if o.Change.Action != "unchanged" {
					got = append(got, fmt.Sprintf("%s %s %s: %s", o.Change.Action, o.Kind, o.Name, o.Change.Outcome))
					if o.Change.Outcome != facts.OutcomeApplied && o.Change.Why == "" {
						t.Errorf("%s: no reason", o.ID)
					}
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// archived is a tree as the text that sourcetest parses.
func archived(files map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "-- %s --\n%s", name, files[name])
	}
	return b.String()
}
