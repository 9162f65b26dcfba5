package join

import (
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestLimitRanges(t *testing.T) {
	t.Parallel()
	const ranges = `
apiVersion: v1
kind: LimitRange
metadata: {name: a, namespace: shop}
spec:
  limits:
    - {type: Container, default: {cpu: 1, memory: 1Gi}, defaultRequest: {cpu: 100m}}
    - {type: Pod, default: {storage: 1Gi}}
    - not a limit
---
apiVersion: v1
kind: LimitRange
metadata: {name: b, namespace: shop}
spec: {limits: [{type: Container, default: {memory: 2Gi}}]}
---
apiVersion: example.com/v1
kind: LimitRange
metadata: {name: c, namespace: shop}
spec: {limits: [{type: Container, default: {gpu: 1}}]}
`
	elsewhere := deployment("other") + `
---
apiVersion: v1
kind: LimitRange
metadata: {name: a, namespace: bank}
spec: {limits: [{type: Container, default: {cpu: 1}}]}
`
	d := documentOf(t,
		unit{"kustomize:a", "prod", "eu", ranges},
		unit{"kustomize:b", "prod", "eu", deployment("web")},
		unit{"kustomize:c", "prod", "us", elsewhere},
		unit{"kustomize:d", "dev", "eu", deployment("web")})
	limitRanges(d)
	want := map[string]map[string]any{
		"kustomize:b#Deployment/web/main":   {"limits": map[string]any{"cpu": int64(1), "memory": "2Gi"}, "requests": map[string]any{"cpu": "100m"}},
		"kustomize:c#Deployment/other/main": {},
		"kustomize:d#Deployment/web/main":   {},
	}
	got := map[string]map[string]any{}
	for _, c := range d.Containers {
		got[c.ID] = c.Defaults
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	resourcesOf := func(kind, name string, amount any) map[string]any {
		return map[string]any{"resources": map[string]any{kind: map[string]any{name: amount}}}
	}
	for _, c := range []struct {
		name      string
		container facts.Container
		want      []string
	}{
		{"nothing", facts.Container{}, nil},
		{"a request", facts.Container{Container: resourcesOf("requests", "cpu", "1")}, []string{"requests.cpu"}},
		{"a limit is a request too", facts.Container{Container: resourcesOf("limits", "cpu", int64(1))}, []string{"limits.cpu", "requests.cpu"}},
		{"nothing is written", facts.Container{Container: resourcesOf("limits", "cpu", "")}, nil},
		{"null is nothing", facts.Container{Container: resourcesOf("limits", "cpu", nil)}, nil},
		{"of the pod", facts.Container{Pod: resourcesOf("requests", "memory", "1Gi")}, []string{"requests.memory"}},
		{"of a LimitRange", facts.Container{Defaults: map[string]any{"limits": map[string]any{"memory": "1Gi"}}}, []string{"limits.memory", "requests.memory"}},
		{"of an autoscaler", facts.Container{Autoscaled: []string{"cpu"}}, []string{"requests.cpu"}},
		{"of another shape", facts.Container{Container: map[string]any{"resources": []any{"cpu"}}}, nil},
		{"each once", facts.Container{Container: resourcesOf("limits", "cpu", "1"), Autoscaled: []string{"cpu"}}, []string{"limits.cpu", "requests.cpu"}},
	} {
		d := newDocument(Document{Containers: []facts.Container{c.container}})
		resources(d)
		if diff := cmp.Diff(c.want, d.Containers[0].Resources); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	container := func(id, ref, environment, owner string, regulated bool) facts.Container {
		return facts.Container{Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: environment, Target: "eu", Owner: owner, Regulated: regulated}},
			Image: facts.ImageReference{Ref: ref}}
	}
	d := newDocument(Document{Containers: []facts.Container{
		container("z", "web:1", "prod", "first", false),
		container("a", "web:1", "prod", "second", true),
		container("b", "web:1", "dev", "first", false),
		container("c", "api:1", "prod", "first", false),
		container("d", "", "prod", "first", false),
	}})
	images(d)
	type image struct {
		ID, Owner string
		Regulated bool
		UsedBy    []string
	}
	var got []image
	for _, i := range d.Images {
		got = append(got, image{i.ID, i.Owner, i.Regulated, i.UsedBy})
	}
	want := []image{
		{"image:dev/eu/web:1", "first", false, []string{"b"}},
		{"image:prod/eu/api:1", "first", false, []string{"c"}},
		{"image:prod/eu/web:1", "first", true, []string{"a", "z"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestServices(t *testing.T) {
	t.Parallel()
	const text = `
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: everything, namespace: shop}
spec: {selector: {}, ports: [{name: all, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: bank}
spec: {selector: {app: web}, ports: [{name: bank, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: number, namespace: shop}
spec: {selector: {app: 1}, ports: [{name: number, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: pair, namespace: shop}
spec: {selector: {app: pair}, ports: [{name: pair, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: pair, namespace: shop}
spec:
  template:
    metadata: {labels: {app: pair}}
    spec: {containers: [{name: a}, {name: b}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {initContainers: [{name: init}], containers: [{name: main}]}
`
	d := documentOf(t, prod(text+deployment("alone")))
	services(d)
	want := map[string][]string{
		"kustomize:a#Deployment/web/main": {"", "admin", "http"}, "kustomize:a#Deployment/web/init": nil,
		"kustomize:a#Deployment/pair/a": nil, "kustomize:a#Deployment/pair/b": nil, "kustomize:a#Deployment/alone/main": nil,
	}
	got := map[string][]string{}
	for _, c := range d.Containers {
		got[c.ID] = c.Served
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVerticalAutoscalers(t *testing.T) {
	t.Parallel()
	vpa := func(name, of, mode string) string {
		return `
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {name: ` + name + `, namespace: shop}
spec: {targetRef: {kind: Deployment, name: ` + of + `}, updatePolicy: {updateMode: "` + mode + `"}}
`
	}
	d := documentOf(t, prod(deployment("web")+deployment("api")+deployment("job")+vpa("a", "web", "Auto")+vpa("b", "api", "Off")),
		unit{"kustomize:b", "dev", "", deployment("web")})
	verticalAutoscalers(d)
	got := map[string][]string{}
	for _, c := range d.Containers {
		got[c.ID] = c.Autoscaled
	}
	want := map[string][]string{
		"kustomize:a#Deployment/web/main": {"cpu", "memory"}, "kustomize:a#Deployment/api/main": nil,
		"kustomize:a#Deployment/job/main": nil, "kustomize:b#Deployment/web/main": nil,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestControlled(t *testing.T) {
	t.Parallel()
	vpa := map[string]any{"spec": map[string]any{"resourcePolicy": map[string]any{"containerPolicies": []any{
		map[string]any{"containerName": "first", "controlledResources": []any{"memory"}},
		map[string]any{"containerName": "*", "controlledResources": []any{"cpu"}},
		map[string]any{"containerName": "sidecar", "mode": "Off"},
		map[string]any{"containerName": "open"},
	}}}}
	for container, want := range map[string][]string{
		"first": {"memory"}, "web": {"cpu"}, "sidecar": nil, "open": {"cpu", "memory"},
	} {
		if diff := cmp.Diff(want, controlled(vpa, container)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", container, diff)
		}
	}
	if diff := cmp.Diff([]string{"cpu", "memory"}, controlled(map[string]any{}, "web")); diff != "" {
		t.Errorf("without a policy (-want +got):\n%s", diff)
	}
}
