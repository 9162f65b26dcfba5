package join

import (
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestMeet(t *testing.T) {
	t.Parallel()
	at := func(environment, target string) facts.Scope {
		return facts.Scope{Environment: environment, Target: target}
	}
	for _, tt := range []struct {
		a, b facts.Scope
		want bool
	}{
		{at("prod", "eu"), at("prod", "eu"), true},
		{at("prod", "eu"), at("prod", "us"), false},
		{at("prod", ""), at("prod", "us"), true},
		{at("prod", "eu"), at("dev", "eu"), false},
		{at("", ""), at("", ""), true},
	} {
		if got := meet(tt.a, tt.b); got != tt.want || meet(tt.b, tt.a) != tt.want {
			t.Errorf("%v and %v: got %v", tt.a, tt.b, got)
		}
	}
}

func budget(name, namespace, selector string) string {
	return `
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: ` + name + `, namespace: ` + namespace + `}
spec: {minAvailable: 1, maxUnavailable: 25%` + selector + `}
`
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	const web = `, selector: {matchLabels: {app: web}}`
	other := func(text string) unit { return unit{"kustomize:b", "prod", "", text} }
	for _, c := range []struct {
		name  string
		units []unit
		want  []string // ids
	}{
		{"none", []unit{prod(deployment("web"))}, nil},
		{"several, by id", []unit{prod(deployment("web") + budget("z", "shop", web) + budget("w", "shop", web))},
			[]string{"kustomize:a#PodDisruptionBudget/w", "kustomize:a#PodDisruptionBudget/z"}},
		{"of other pods", []unit{prod(deployment("api") + budget("z", "shop", web))}, nil},
		{"of another namespace", []unit{prod(deployment("web") + budget("z", "bank", web))}, nil},
		{"of all pods", []unit{prod(deployment("web") + budget("z", "shop", ", selector: {}"))}, []string{"kustomize:a#PodDisruptionBudget/z"}},
		{"without a selector", []unit{prod(deployment("web") + budget("z", "shop", ""))}, nil},
		{"malformed", []unit{prod(deployment("web") + budget("z", "shop", ", selector: {matchLabels: app}"))}, nil},
		{"of another unit", []unit{prod(deployment("web")), other(budget("z", "shop", web))}, []string{"kustomize:b#PodDisruptionBudget/z"}},
		{"the unit's own before others", []unit{prod(deployment("web") + budget("w", "shop", web)), other(budget("z", "shop", web))},
			[]string{"kustomize:a#PodDisruptionBudget/w"}},
		{"a malformed one is the unit's own still", []unit{prod(deployment("web") + budget("w", "shop", ", selector: x")), other(budget("z", "shop", web))}, nil},
		{"of another environment", []unit{prod(deployment("web")), {"kustomize:b", "dev", "", budget("z", "shop", web)}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, c.units...)
			pods(d)
			var got []string
			for _, b := range d.Objects[0].Pods[0].Budgets {
				got = append(got, b.ID)
				if b.MinAvailable != int64(1) || b.MaxUnavailable != "25%" {
					t.Errorf("bounds are %v and %v", b.MinAvailable, b.MaxUnavailable)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestScalers(t *testing.T) {
	t.Parallel()
	hpa := func(name, ref, bounds string) string {
		return `
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: ` + name + `, namespace: shop}
spec: {scaleTargetRef: ` + ref + bounds + `}
`
	}
	scaled := func(ref, bounds string) string {
		return `
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: k, namespace: shop}
spec: {scaleTargetRef: ` + ref + bounds + `}
`
	}
	for _, c := range []struct {
		name, text string
		want       string
		min        any
	}{
		{"none", "", "", nil},
		{"as written", hpa("h", "{kind: Deployment, name: web}", ", minReplicas: 3"), "kustomize:a#HorizontalPodAutoscaler/h", int64(3)},
		{"default", hpa("h", "{kind: Deployment, name: web}", ""), "kustomize:a#HorizontalPodAutoscaler/h", int64(1)},
		{"of another kind", hpa("h", "{kind: StatefulSet, name: web}", ""), "", nil},
		{"without a kind", hpa("h", "{name: web}", ""), "", nil},
		{"of another name", hpa("h", "{kind: Deployment, name: api}", ""), "", nil},
		{"KEDA, as written", scaled("{name: web}", ", minReplicaCount: 2"), "kustomize:a#ScaledObject/k", int64(2)},
		{"KEDA's default is none", scaled("{name: web}", ""), "kustomize:a#ScaledObject/k", int64(0)},
		{"the first", hpa("h", "{kind: Deployment, name: web}", ", minReplicas: 3") + hpa("i", "{kind: Deployment, name: web}", ", minReplicas: 4"),
			"kustomize:a#HorizontalPodAutoscaler/h", int64(3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, prod(deployment("web")+c.text))
			pods(d)
			pod := d.Objects[0].Pods[0]
			if pod.Autoscaler != c.want || pod.MinReplicas != c.min {
				t.Errorf("got %s with at least %v, want %s with %v", pod.Autoscaler, pod.MinReplicas, c.want, c.min)
			}
		})
	}
}

func TestServiceAccounts(t *testing.T) {
	t.Parallel()
	workload := func(account string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {spec: {containers: [{name: main}]` + account + `}}}
`
	}
	account := func(name, namespace, automount string) string {
		return `
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ` + name + `, namespace: ` + namespace + `}
` + automount
	}
	binding := func(kind, name, namespace, subject string) string {
		return `
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ` + kind + `
metadata: {name: ` + name + namespace + `}
subjects: [` + subject + `]
`
	}
	yes := true
	none := []string{}
	for _, c := range []struct {
		name, text string
		defaulted  bool // nobody gave the unit a namespace
		want       facts.ServiceAccount
	}{
		{"default", workload(""), false, facts.ServiceAccount{Name: "default", Bindings: none}},
		{"named", workload(", serviceAccountName: app"), false, facts.ServiceAccount{Name: "app", Bindings: none}},
		{"by its old name", workload(", serviceAccount: app"), false, facts.ServiceAccount{Name: "app", Bindings: none}},
		{"declared", workload(", serviceAccountName: app") + account("app", "shop", "automountServiceAccountToken: true"), false,
			facts.ServiceAccount{Name: "app", ID: "kustomize:a#ServiceAccount/app", Automount: &yes, Bindings: none}},
		{"declared without a word about its token", workload(", serviceAccountName: app") + account("app", "shop", ""), false,
			facts.ServiceAccount{Name: "app", ID: "kustomize:a#ServiceAccount/app", Bindings: none}},
		{"declared in another namespace", workload(", serviceAccountName: app") + account("app", "bank", ""), false,
			facts.ServiceAccount{Name: "app", Bindings: none}},
		{"bound twice, by id", workload("") + binding("RoleBinding", "z", ", namespace: shop", "{kind: ServiceAccount, name: default}") +
			binding("ClusterRoleBinding", "w", "", "{kind: ServiceAccount, name: default, namespace: shop}"), false,
			facts.ServiceAccount{Name: "default", Bindings: []string{"kustomize:a#ClusterRoleBinding/w", "kustomize:a#RoleBinding/z"}}},
		{"others are bound", workload("") + binding("RoleBinding", "z", ", namespace: shop",
			"{kind: ServiceAccount, name: app}, {kind: ServiceAccount, name: default, namespace: bank}, {kind: User, name: default}, {kind: Group, name: 'system:serviceaccounts:shop'}"), false,
			facts.ServiceAccount{Name: "default", Bindings: none}},
		{"bound under a default namespace", workload("") + binding("RoleBinding", "z", ", namespace: bank", "{kind: ServiceAccount, name: default}"), true,
			facts.ServiceAccount{Name: "default", Bindings: []string{"kustomize:a#RoleBinding/z"}}},
		{"bound under the namespace of the destination", strings.Replace(workload(""), ", namespace: shop", "", 1) + binding("RoleBinding", "z", "", "{kind: ServiceAccount, name: default, namespace: bank}"), false,
			facts.ServiceAccount{Name: "default", Bindings: []string{"kustomize:a#RoleBinding/z"}}},
		{"another account under the namespace of the destination", strings.Replace(workload(""), ", namespace: shop", "", 1) + binding("RoleBinding", "z", "", "{kind: ServiceAccount, name: app, namespace: bank}"), false,
			facts.ServiceAccount{Name: "default", Bindings: none}},
		{"not bound under a given namespace", workload("") + binding("RoleBinding", "z", ", namespace: bank", "{kind: ServiceAccount, name: default}"), false,
			facts.ServiceAccount{Name: "default", Bindings: none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, prod(c.text))
			d.DefaultNamespace = map[string]bool{"kustomize:a": c.defaulted}
			pods(d)
			if diff := cmp.Diff(c.want, d.Objects[0].Pods[0].ServiceAccount); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
