package join

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

const deliverersText = `
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec: {project: shop}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec: {template: {spec: {project: other}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system, labels: {team: a}}
spec: {path: ./apps}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: db, namespace: shop}
spec: {}
`

func TestAlerts(t *testing.T) {
	t.Parallel()
	const (
		app, set, kustomization, release = "kustomize:a#Application/web", "kustomize:a#ApplicationSet/all", "kustomize:a#Kustomization/apps", "kustomize:a#HelmRelease/db"
	)
	flux := func(spec string) string {
		return `
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: x, namespace: flux-system}
spec: ` + spec
	}
	rule := func(expr string) string {
		return `
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: x, namespace: monitoring}
spec: {groups: [{rules: [` + expr + `]}]}`
	}
	for _, c := range []struct {
		name, text string
		alerted    []string // ids, in the order of the objects
	}{
		{"none", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}", nil},
		{"by kind and name", flux("{eventSources: [{kind: Kustomization, name: apps}]}"), []string{kustomization}},
		{"any name", flux("{eventSources: [{kind: Kustomization, name: '*'}]}"), []string{kustomization}},
		{"another name", flux("{eventSources: [{kind: Kustomization, name: app}]}"), nil},
		{"its own namespace unless told", flux("{eventSources: [{kind: HelmRelease, name: db}]}"), nil},
		{"another namespace", flux("{eventSources: [{kind: HelmRelease, name: db, namespace: shop}]}"), []string{release}},
		{"by labels", flux("{eventSources: [{kind: Kustomization, name: '*', matchLabels: {team: a}}]}"), []string{kustomization}},
		{"of other labels", flux("{eventSources: [{kind: Kustomization, name: '*', matchLabels: {team: b}}]}"), nil},
		{"the second source", flux("{eventSources: [{kind: Kustomization, name: x}, {kind: Kustomization, name: apps}]}"), []string{kustomization}},
		{"suspended", flux("{suspend: true, eventSources: [{kind: Kustomization, name: '*'}]}"), nil},
		{"a project that somebody subscribed to", `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}`, []string{app}},
		{"the project of a set", `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: other, namespace: argocd, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}`, []string{set}},
		{"a project without subscriptions", `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd}`, nil},
		{"subscriptions of the settings", `
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm, namespace: argocd}
data: {subscriptions: "- recipients: [slack:ops]"}`, []string{app, set}},
		{"settings without subscriptions", `
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm, namespace: argocd}
data: {template.x: y}`, nil},
		{"a rule on Argo CD's metrics", rule("{alert: x, expr: 'argocd_app_info{sync_status!=\"Synced\"} == 1'}"), []string{app, set}},
		{"a rule on Flux's metrics", rule("{alert: x, expr: gotk_reconcile_condition}"), []string{kustomization, release}},
		{"a recording rule", rule("{record: x, expr: argocd_app_info}"), nil},
		{"a rule on something like it", rule("{alert: x, expr: my_argocd_app_info}"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, prod(c.text+deliverersText))
			delivery(d)
			var got []string
			for _, o := range d.Objects[1:] {
				if o.Delivery == nil {
					t.Fatalf("nothing is said of %s", o.ID)
				}
				if len(o.Delivery.Alerts) > 0 {
					got = append(got, o.ID)
					if diff := cmp.Diff([]string{d.Objects[0].ID}, o.Delivery.Alerts); diff != "" {
						t.Errorf("alerts of %s:\n%s", o.ID, diff)
					}
				}
			}
			if diff := cmp.Diff(c.alerted, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if d.Objects[0].Delivery != nil {
				t.Errorf("%s delivers nothing", d.Objects[0].ID)
			}
		})
	}
}

// Who subscribes to an object itself is told by it, and so it is where an
// ApplicationSet subscribes what it makes. Alerts of other places do not count.
func TestSubscribed(t *testing.T) {
	t.Parallel()
	d := documentOf(t, prod(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: b}
spec: {template: {metadata: {annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: c, namespace: flux-system, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}
`), unit{"kustomize:b", "dev", "", `
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: x, namespace: flux-system}
spec: {eventSources: [{kind: Kustomization, name: '*'}]}
`})
	delivery(d)
	var got [][]string
	for _, o := range d.Objects[:3] {
		got = append(got, o.Delivery.Alerts)
	}
	if diff := cmp.Diff([][]string{{"kustomize:a#Application/a"}, {"kustomize:a#ApplicationSet/b"}, {}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConfined(t *testing.T) {
	t.Parallel()
	controller := func(name, args string) string {
		return `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ` + name + `, namespace: flux-system}
spec: {template: {spec: {containers: [{name: manager, args: ` + args + `}]}}}
`
	}
	for _, c := range []struct {
		name              string
		text              string
		account, confined bool
	}{
		{"no controller", "", false, false},
		{"without flags", controller("kustomize-controller", "[--watch-all-namespaces, 1]"), false, false},
		{"an account", controller("kustomize-controller", "[--default-service-account=x]"), true, false},
		{"an empty account", controller("kustomize-controller", "[--default-service-account=]"), true, false},
		{"no references across namespaces", controller("helm-controller", "[--no-cross-namespace-refs=true]"), false, true},
		{"references across namespaces", controller("helm-controller", "[--no-cross-namespace-refs=false]"), false, false},
		{"of both controllers", controller("helm-controller", "[--no-cross-namespace-refs=true]") + controller("kustomize-controller", "[--default-service-account=x]"), true, true},
		{"another program", controller("my-kustomize-controller", "[--default-service-account=x]"), false, false},
	} {
		d := documentOf(t, prod(deliverersText+c.text))
		delivery(d)
		got := d.object(t, "kustomize:a#Kustomization/apps").Delivery
		if got.DefaultAccount != c.account || got.NoCrossNamespace != c.confined {
			t.Errorf("%s: got %v and %v, want %v and %v", c.name, got.DefaultAccount, got.NoCrossNamespace, c.account, c.confined)
		}
	}
}

func TestPruned(t *testing.T) {
	t.Parallel()
	application := func(spec string) string {
		return `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: x, namespace: argocd}
spec: {syncPolicy: {automated: {prune: true}}, ` + spec + `}
`
	}
	set := func(spec string) string {
		return `
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: x, namespace: argocd}
spec: ` + spec + `
`
	}
	kustomization := func(spec string) string {
		return `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: x, namespace: flux-system}
spec: ` + spec + `
`
	}
	const prune = `syncPolicy: {automated: {prune: true}}`
	for _, c := range []struct {
		name, text string
		pruned     []string // units
	}{
		{"nothing delivers", deployment("x"), nil},
		{"Flux", kustomization("{prune: true, path: ./apps/web}"), []string{"kustomize:apps/web"}},
		{"Flux, from the root", kustomization("{prune: true, path: /apps/web/}"), []string{"kustomize:apps/web"}},
		{"Flux without prune", kustomization("{path: ./apps/web}"), nil},
		{"Argo CD", application("source: {path: apps/web}"), []string{"kustomize:apps/web"}},
		{"Argo CD without prune", `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: x}
spec: {source: {path: apps/web}}`, nil},
		{"several sources", application("sources: [{chart: y}, {path: apps/web}, {path: charts/db, helm: {releaseName: one}}]"), []string{"helm:charts/db@one", "kustomize:apps/web"}},
		{"another release of the chart", application("source: {path: charts/db, helm: {releaseName: three}}"), nil},
		{"a release named like the Application", application("source: {path: charts/db}"), []string{"helm:charts/db@x"}},
		{"what lies below", application("source: {path: apps, directory: {recurse: true}}"), []string{"kustomize:apps/api", "kustomize:apps/web"}},
		{"a template in the path", set("{template: {spec: {" + prune + ", source: {path: 'apps/{{ .name }}'}}}}"), []string{"kustomize:apps/api", "kustomize:apps/web"}},
		{"a template of any release", set("{template: {spec: {" + prune + ", source: {path: 'charts/{{name}}'}}}}"), []string{"helm:charts/db@one", "helm:charts/db@x"}},
		{"directories of the git generator", set("{generators: [{git: {directories: [{path: apps/w*}, {path: apps/a*, exclude: true}]}}], template: {spec: {" + prune + ", source: {path: '{{path}}'}}}}"),
			[]string{"kustomize:apps/web"}},
		{"a set without prune", set("{template: {spec: {source: {path: 'apps/{{ .name }}'}}}}"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
			units := []unit{{"manifests:clusters", "prod", "", c.text}}
			for _, id := range []string{"helm:charts/db@one", "helm:charts/db@x", "kustomize:apps/api", "kustomize:apps/web"} {
				units = append(units, unit{id, "prod", "eu", other})
			}
			d := documentOf(t, append(units, unit{"kustomize:apps/web@dev", "dev", "", other})...)
			pruned(d)
			var got []string
			for _, o := range d.Objects {
				if o.PrunedBy != "" {
					got = append(got, o.Unit)
					if o.PrunedBy != d.Objects[0].ID {
						t.Errorf("%s is pruned by %s", o.ID, o.PrunedBy)
					}
				}
			}
			if diff := cmp.Diff(c.pruned, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWithoutTemplate(t *testing.T) {
	t.Parallel()
	for path, tt := range map[string]struct{ glob, fits, not string }{
		"apps/{{ .service }}/overlays/eu": {`apps/*/overlays/eu`, "apps/web/overlays/eu", "apps/a/b/overlays/eu"},
		"apps/{{name}}-{{ .x }}":          {`apps/*-*`, "apps/a-b", "apps/ab"},
		"a[1]/{{x}}":                      {`a\[1\]/*`, "a[1]/b", "a1/b"},
	} {
		got := withoutTemplate(path)
		if got != tt.glob || !config.Match(got, tt.fits) || config.Match(got, tt.not) {
			t.Errorf("%s: got %s", path, got)
		}
	}
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	d := documentOf(t, prod(`
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: named}
spec: {destination: {name: eu, namespace: shop}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: here}
spec: {destination: {server: "https://kubernetes.default.svc/", namespace: shop}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: in-cluster}
spec: {destination: {name: in-cluster}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: both}
spec: {destination: {name: eu, server: "https://kubernetes.default.svc"}}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set}
spec: {template: {spec: {destination: {server: "{{server}}"}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: away}
spec: {targetNamespace: shop, kubeConfig: {secretRef: {name: eu}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: away}
spec: {kubeConfig: {configMapRef: {name: us}}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: home}
spec: {}
`))
	destinations(d)
	type to = facts.Destination
	want := []to{
		{Name: "named", Cluster: "eu", Namespace: "shop", Path: []any{"spec", "destination", "name"}},
		{Name: "here", Server: "https://kubernetes.default.svc/", Namespace: "shop", Path: []any{"spec", "destination", "server"}, Here: true},
		{Name: "in-cluster", Cluster: "in-cluster", Path: []any{"spec", "destination", "name"}, Here: true},
		{Name: "both", Cluster: "eu", Server: "https://kubernetes.default.svc", Path: []any{"spec", "destination", "name"}},
		{Name: "set", Server: "{{server}}", Path: []any{"spec", "template", "spec", "destination", "server"}, Templated: true},
		{Name: "away", Server: "eu", Namespace: "shop", Path: []any{"spec", "kubeConfig", "secretRef", "name"}},
		{Name: "away", Server: "us", Path: []any{"spec", "kubeConfig", "configMapRef", "name"}},
		{Name: "home", Path: []any{"spec", "kubeConfig", "secretRef", "name"}, Here: true},
	}
	for i := range want {
		want[i].Subject, want[i].Kind = d.Objects[i].Subject, d.Objects[i].Kind
	}
	if diff := cmp.Diff(want, d.Index.Destinations); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What holds for all of many objects is told of their environment.
func TestHabits(t *testing.T) {
	t.Parallel()
	text := func(n int, namespace, spec string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s%d, namespace: %s}\nspec: %s\n", spec[1:2], i, namespace, spec)
		}
		return b.String()
	}
	const alert = "---\napiVersion: notification.toolkit.fluxcd.io/v1beta3\nkind: Alert\nmetadata: {name: x, namespace: team}\nspec: {eventSources: [{kind: Kustomization, name: p0}]}\n"
	const plain, account, platform = "{path: x}", "{serviceAccountName: x}", "{path: x, sourceRef: {kind: GitRepository, name: x, namespace: flux-system}}"
	for _, c := range []struct {
		name, text          string
		noAlerts, noTenants bool
		oneTenant           bool
	}{
		{"ten", text(10, "team", plain), false, false, false},
		{"ten of the platform's source", text(10, "team", platform), false, false, true},
		{"eleven", text(11, "team", plain), true, true, false},
		{"eleven of the platform's source", text(11, "team", platform), true, false, true},
		{"of which one names an account", text(11, "team", platform) + text(1, "team", account), true, true, false},
		{"of which one has its own source", text(11, "team", platform) + text(1, "team", plain), true, true, false},
		{"one is alerted about", text(11, "team", plain) + alert, false, true, false},
		{"most name an account", text(6, "team", plain) + text(7, "team", account), true, false, false},
		{"half of them do", text(6, "team", plain) + text(6, "team", account), true, false, false},
		{"fewer do", text(7, "team", plain) + text(6, "team", account), true, true, false},
		{"those of the controllers do not count", text(11, "flux-system", plain) + text(9, "team", plain), true, false, false},
		{"nor do remote ones", text(11, "team", "{kubeConfig: {secretRef: {name: x}}}"), true, false, true},
	} {
		d := documentOf(t, prod(c.text))
		delivery(d)
		for _, i := range deliverers(d) {
			if got := d.Objects[i].Delivery; got.NoAlerts != c.noAlerts || got.NoTenants != c.noTenants || got.OneTenant != c.oneTenant {
				t.Errorf("%s: got no alerts %v, no tenants %v, one tenant %v", c.name, got.NoAlerts, got.NoTenants, got.OneTenant)
				break
			}
		}
	}
}
