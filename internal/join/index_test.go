package join

import (
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestSummaries(t *testing.T) {
	t.Parallel()
	d := documentOf(t, unit{"helm:a", "prod", "eu", deployment("web")}, unit{"kustomize:b", "dev", "", deployment("web")})
	d.DefaultNamespace = map[string]bool{"helm:a": true}
	summaries(d)
	want := []facts.ObjectSummary{
		{ID: "helm:a#Deployment/web", Environment: "prod", Target: "eu", Unit: "helm:a", Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web", DefaultNamespace: true},
		{ID: "kustomize:b#Deployment/web", Environment: "dev", Unit: "kustomize:b", Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"},
	}
	if diff := cmp.Diff(want, d.Index.Objects); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	type labels = map[string]string
	for _, c := range []struct {
		name, text string
		want       []facts.NamespacedName // without what the object gives
	}{
		{"of Kubernetes", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a, n: 1}}",
			[]facts.NamespacedName{{Name: "shop", Labels: labels{"team": "a"}, Path: []any{"metadata", "labels"}}}},
		{"of OpenShift", "apiVersion: project.openshift.io/v1\nkind: ProjectRequest\nmetadata: {name: shop}",
			[]facts.NamespacedName{{Name: "shop", Labels: labels{}, Path: []any{"metadata", "labels"}}}},
		{"of a hierarchy", "apiVersion: hnc.x-k8s.io/v1alpha2\nkind: SubnamespaceAnchor\nmetadata: {name: shop}\nspec: {labels: [{key: team, value: a}]}",
			[]facts.NamespacedName{{Name: "shop", Labels: labels{"team": "a"}, Path: []any{"spec", "labels"}}}},
		{"of an Application", `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: x}
spec:
  destination: {namespace: shop}
  syncPolicy: {syncOptions: [1, CreateNamespace=true], managedNamespaceMetadata: {labels: {team: a}}}`,
			[]facts.NamespacedName{{Name: "shop", Labels: labels{"team": "a"}, Path: []any{"spec", "syncPolicy", "managedNamespaceMetadata", "labels"}}}},
		{"of an ApplicationSet", `
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: x}
spec: {template: {spec: {destination: {namespace: shop}, syncPolicy: {syncOptions: [CreateNamespace=true]}}}}`,
			[]facts.NamespacedName{{Name: "shop", Labels: labels{}, Path: []any{"spec", "template", "spec", "syncPolicy", "managedNamespaceMetadata", "labels"}}}},
		{"an Application that makes none", `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: x}
spec: {destination: {namespace: shop}, syncPolicy: {syncOptions: [CreateNamespace=false]}}`, []facts.NamespacedName{}},
		{"without a name", `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: x}
spec: {syncPolicy: {syncOptions: [CreateNamespace=true]}}`, []facts.NamespacedName{}},
		{"of a HelmRelease", `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: x, namespace: flux}
spec: {targetNamespace: shop, install: {createNamespace: true}}`,
			[]facts.NamespacedName{{Name: "shop", Labels: labels{}, Path: []any{"spec", "install", "createNamespace"}}}},
		{"of a HelmRelease, its own", `
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: x, namespace: flux}
spec: {install: {createNamespace: true}}`,
			[]facts.NamespacedName{{Name: "flux", Labels: labels{}, Path: []any{"spec", "install", "createNamespace"}}}},
		{"a HelmRelease that makes none", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x, namespace: flux}\nspec: {}", []facts.NamespacedName{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, unit{"kustomize:a", "prod", "eu", c.text})
			namespaces(d)
			for i := range c.want {
				o := d.Objects[0]
				c.want[i].ID, c.want[i].Environment, c.want[i].Target, c.want[i].Via = o.ID, "prod", "eu", o.Kind
			}
			if diff := cmp.Diff(c.want, d.Index.Namespaces); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNamespaceUses(t *testing.T) {
	t.Parallel()
	const hooked = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hook, namespace: shop, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {containers: [{name: main}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`
	d := documentOf(t,
		unit{"helm:chart", "prod", "eu", hooked},
		unit{"kustomize:a", "prod", "eu", deployment("web") + deployment("api")},
		unit{"helm:chart2", "prod", "us", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}"},
	)
	d.DefaultNamespace = map[string]bool{"helm:chart": true, "helm:chart2": true}
	made := func(id, name, environment, target string) facts.NamespacedName {
		return facts.NamespacedName{ID: id, Name: name, Environment: environment, Target: target}
	}
	d.Index.Namespaces = []facts.NamespacedName{
		made("z", "shop", "prod", "eu"), made("a", "shop", "prod", ""), made("dev", "shop", "dev", "eu"), made("bank", "bank", "prod", "eu"),
	}
	namespaceUses(d)
	want := []facts.NamespaceUse{
		{Subject: d.object(t, "helm:chart2#ConfigMap/c").Subject, Namespace: "shop", Declared: []string{"a"}, Elsewhere: true},
		{Subject: d.object(t, "kustomize:a#Deployment/web").Subject, Namespace: "shop", Declared: []string{"a", "z"}, Workload: "kustomize:a#Deployment/web"},
	}
	if diff := cmp.Diff(want, d.Index.NamespaceUses); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNetworkPolicies(t *testing.T) {
	t.Parallel()
	d := documentOf(t, prod(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: all}
---
apiVersion: example.com/v1
kind: NetworkPolicy
metadata: {name: x, namespace: shop}
spec: {}
`))
	networkPolicies(d)
	want := []facts.PolicySummary{
		{Subject: d.Objects[1].Subject, Group: "cilium.io", Kind: "CiliumClusterwideNetworkPolicy", Name: "all"},
		{Subject: d.Objects[0].Subject, Group: "networking.k8s.io", Kind: "NetworkPolicy", Namespace: "shop", Name: "deny", Spec: map[string]any{"podSelector": map[string]any{}}},
	}
	if diff := cmp.Diff(want, d.Index.NetworkPolicies); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
