package join

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"

	"github.com/google/go-cmp/cmp"
)

// whole has something for every join to say, and something of everything that
// they read.
func whole(t *testing.T) Document {
	t.Helper()
	const ( // each in two units: of two releases, two paths, two namespaces
		shared = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared, namespace: shop}\n"
		role   = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: read}\n"
		bind   = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: bind}\n"
	)
	d := documentOf(t, unit{"kustomize:apps/web", "prod", "", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: app
      resources: {requests: {storage: 1Gi}}
      containers: [{name: main, image: example.com/web:1, resources: {requests: {gpu: 1}}}]
---
apiVersion: v1
kind: LimitRange
metadata: {name: l, namespace: shop}
spec: {limits: [{type: Container, default: {memory: 1Gi}}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: b, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, namespace: shop}
spec: {scaleTargetRef: {kind: Deployment, name: web}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: v, namespace: shop}
spec: {targetRef: {kind: Deployment, name: web}, resourcePolicy: {containerPolicies: [{containerName: main, controlledResources: [cpu]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: b}
roleRef: {kind: ClusterRole, name: cluster-admin}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: shop}
spec: {listeners: [{hostname: a.example.com}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {parentRefs: [{name: g}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: helm-controller, namespace: shop}
spec: {template: {spec: {containers: [{name: manager, args: [--no-cross-namespace-refs=true]}]}}}
`}, unit{"helm:clusters", "prod", "", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {containers: [{name: main}]}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: bank}
roleRef: {kind: Role, name: none}
subjects: [{kind: ServiceAccount, name: default}]
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: v, namespace: shop}
spec: {targetRef: {kind: Deployment, name: web}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: ops}}
spec:
  destination: {name: eu}
  sources: [{path: apps/web}, {path: charts/db}]
  syncPolicy: {automated: {prune: true}}
`}, unit{"helm:charts/db@db", "prod", "", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: first, namespace: other, annotations: {helm.sh/hook: pre-install}}
spec: {template: {spec: {containers: [{name: main}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: other}
spec: {template: {spec: {containers: [{name: main}]}}}
`}, unit{"helm:charts/db", "prod", "", `
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: other}
spec: {template: {spec: {containers: [{name: main}]}}}
`}, unit{"helm:charts/db@other", "prod", "", shared}, unit{"helm:charts/db@third", "prod", "", shared},
		unit{"kustomize:role", "prod", "", role}, unit{"kustomize:roles", "prod", "", role},
		unit{"kustomize:bind", "prod", "", bind}, unit{"kustomize:bind@b", "prod", "", bind}).Document
	for i := range d.Units {
		d.Units[i].Undeployed = d.Units[i].ID == "helm:charts/db"
		if d.Units[i].ID == "kustomize:bind@b" {
			d.Units[i].Namespace = "b"
		}
	}
	d.DefaultNamespace = map[string]bool{"helm:clusters": true, "helm:charts/db@db": true}
	d.Clusters = NewClusters(nil, d.Units, map[string]Deployment{"helm:charts/db@other": {By: "helm:clusters"}, "helm:charts/db@third": {By: "helm:clusters"}})
	return d
}

// Every join writes what it declares, of this document, and nothing else.
func TestJoinsWriteWhatTheyDeclare(t *testing.T) {
	t.Parallel()
	d := whole(t)
	for _, j := range objectJoins() {
		before := copyOf(reflect.ValueOf(d)).Interface().(Document)
		d = j.over(d)
		written := map[string]bool{}
		differences(reflect.ValueOf(before), reflect.ValueOf(d), "", written)
		for path := range written {
			if !slices.ContainsFunc(j.writes, func(w string) bool { return within(path, w) }) {
				t.Errorf("%s writes %s, and declares %v", j.name, path, j.writes)
			}
		}
		for _, w := range j.writes {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(written)), func(p string) bool { return within(p, w) }) {
				t.Errorf("%s does not write %s here: give the document something for it", j.name, w)
			}
		}
	}
}

// Every join says the same about a document that has nothing but what it
// declares to read, and something else about one that lacks a part of that.
func TestJoinsReadWhatTheyDeclare(t *testing.T) {
	t.Parallel()
	// What all of them may read.
	common := []string{"Units.Subject", "Containers.Subject",
		"Objects.Subject", "Objects.Unit", "Objects.Group", "Objects.Kind", "Objects.Namespace", "Objects.Name"}
	d := whole(t)
	for _, j := range objectJoins() {
		// said is what the join writes about a document without what is not kept.
		said := func(keep ...string) Document {
			part := copyOf(reflect.ValueOf(d)).Interface().(Document)
			mask(reflect.ValueOf(&part).Elem(), "", slices.Concat(common, j.writes, keep))
			part = j.over(part)
			mask(reflect.ValueOf(&part).Elem(), "", j.writes)
			return part
		}
		want := j.over(copyOf(reflect.ValueOf(d)).Interface().(Document))
		mask(reflect.ValueOf(&want).Elem(), "", j.writes)
		if diff := cmp.Diff(want, said(j.reads...)); diff != "" {
			t.Errorf("%s reads more than %v (-whole +declared):\n%s", j.name, j.reads, diff)
		}
		for i, r := range j.reads {
			if cmp.Equal(want, said(slices.Delete(slices.Clone(j.reads), i, i+1)...)) {
				t.Errorf("%s declares %s and does not read it, here at least", j.name, r)
			}
		}
		d = j.over(d)
	}
}

// What a join reads is written by the document's maker or by a join above it.
func TestJoinsStandInOrder(t *testing.T) {
	t.Parallel()
	list := objectJoins()
	for i, j := range list {
		for _, later := range list[i+1:] {
			for _, r := range j.reads {
				for _, w := range later.writes {
					if within(w, r) || within(r, w) {
						t.Errorf("%s reads %s, which %s writes after it", j.name, r, later.name)
					}
				}
			}
		}
	}
}

// Objects runs all of them, over what is handed in.
func TestObjects(t *testing.T) {
	t.Parallel()
	want := whole(t)
	for _, j := range objectJoins() {
		want = j.over(want)
	}
	if diff := cmp.Diff(want, Objects(whole(t))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// over is the document after one join.
func (j join) over(d Document) Document {
	in := newDocument(d)
	j.run(in)
	return in.Document
}

// within says whether a path is another one or below it.
func within(path, other string) bool {
	return path == other || strings.HasPrefix(path, other+".")
}

// differences collects the paths of the fields that differ, without indices.
func differences(a, b reflect.Value, path string, out map[string]bool) {
	switch {
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			differences(a.Field(i), b.Field(i), below(path, a.Type().Field(i).Name), out)
		}
	case a.Kind() == reflect.Slice && a.Len() == b.Len() && a.Len() > 0:
		for i := range a.Len() {
			differences(a.Index(i), b.Index(i), path, out)
		}
	default:
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			out[path] = true
		}
	}
}

// mask sets every field to zero that is not to be kept.
func mask(v reflect.Value, path string, keep []string) {
	switch {
	case path != "" && slices.ContainsFunc(keep, func(k string) bool { return within(path, k) }):
	case path != "" && !slices.ContainsFunc(keep, func(k string) bool { return within(k, path) }):
		v.SetZero()
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			mask(v.Field(i), below(path, v.Type().Field(i).Name), keep)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			mask(v.Index(i), path, keep)
		}
	}
}

func below(path, name string) string {
	return strings.TrimPrefix(path+"."+name, ".")
}

// copyOf is a deep copy of structs and lists, and of documents in them.
func copyOf(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			out.Field(i).Set(copyOf(v.Field(i)))
		}
	case reflect.Slice:
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(copyOf(v.Index(i)))
			}
		}
	case reflect.Map, reflect.Interface:
		if m, ok := v.Interface().(map[string]any); ok {
			out.Set(reflect.ValueOf(doc.Clone(m)))
		}
	}
	return out
}
