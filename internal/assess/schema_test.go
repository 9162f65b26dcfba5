package assess

import (
	"encoding/json"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

const queueDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: queues.shop.example.com}
spec:
  group: shop.example.com
  names: {kind: Queue, plural: queues}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [size]
              x-kubernetes-validations: [{rule: "self.size <= 10", message: at most ten}]
              properties:
                size: {type: integer}
                hosts:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name]
                  items: {type: object, required: [name], properties: {name: {type: string}, port: {type: integer}}}
`

func TestSchema(t *testing.T) {
	for name, c := range map[string]struct {
		manifest string
		want     []string // path | message
	}{
		"fits":             {`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}`, nil},
		"unknown field":    {`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dta: {a: b}}`, []string{`dta | configmap "a": unknown field "dta"; did you mean "data"?`}},
		"wrong case":       {`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, Data: {a: b}}`, []string{`Data | configmap "a": unknown field "Data"; did you mean "data"?`}},
		"wrong type":       {`{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a.b: 1}}`, []string{`data["a.b"] | configmap "a": "data[\"a.b\"]" is the number 1, a text is expected`}},
		"list for object":  {`{apiVersion: v1, kind: ConfigMap, metadata: [a]}`, []string{`metadata | configmap "": "metadata" is a list, an object is expected`}},
		"not base64":       {`{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: "se cret"}}`, []string{`data.key | secret "a": "data.key" is not base64`}},
		"number in secret": {`{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {pin: 90210, "on": true}}`, []string{`stringData.on | secret "a": "stringData.on" is of the wrong type, a text is expected`, `stringData.pin | secret "a": "stringData.pin" is of the wrong type, a text is expected`}},
		"data no object":   {`{apiVersion: v1, kind: Secret, metadata: {name: a}, data: 90210}`, []string{`data | secret "a": "data" is of the wrong type, an object is expected`}},
		"variable":         {`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: "${APP}"}, spec: {resources: {requests: {storage: "${SIZE:=5Gi}"}}}}`, []string{`spec.resources.requests.storage | persistentvolumeclaim "${APP}": what "spec.resources.requests.storage" is depends on a variable that nothing in the repository fills in`}},
		"fraction":         {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 1.5}}`, []string{`spec.replicas | deployment "a": "spec.replicas" is the number 1.5, a whole number of 32 bits is expected`}},
		"time":             {`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, creationTimestamp: yesterday}}`, []string{`metadata.creationTimestamp | configmap "a": "metadata.creationTimestamp" is a text, a time in RFC 3339 is expected`}},
		"no such kind":     {`{apiVersion: apps/v1, kind: Deploiment, metadata: {name: a}}`, []string{`kind | deploiment "a": Kubernetes has no kind "Deploiment" in "apps/v1"; did you mean "Deployment"?`}},
		"wrong version":    {`{apiVersion: apps/v3, kind: Deployment, metadata: {name: a}}`, []string{`kind | deployment "a": Kubernetes has no kind "Deployment" in "apps/v3"; it is in "apps/v1", "apps/v1beta1", "apps/v1beta2"`}},
		"newer beta":       {`{apiVersion: apps/v3beta1, kind: Deployment, metadata: {name: a}}`, nil},
		"kubeconfig":       {`{apiVersion: v1, kind: Config, clusters: []}`, nil},
		"custom":           {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 3, hosts: [{name: a}, {name: b}]}}`, nil},
		"custom, type":     {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: big}}`, []string{`spec.size | queue "a": "spec.size": must be of type integer: "string"`}},
		"custom, unknown":  {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 1, hosts: [{name: a, prt: 1}]}}`, []string{`spec.hosts[0].prt | queue "a": unknown field "prt"`}},
		"custom, required": {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {}}`, []string{`spec.size | queue "a": "spec.size": Required value`}},
		"custom, rule":     {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 11}}`, []string{`spec | queue "a": "spec": at most ten`}},
		"custom, map list": {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 1, hosts: [{name: a}, {name: a}]}}`, []string{`spec.hosts[1] | queue "a": "spec.hosts[1]": Duplicate value`}},
		"custom, metadata": {`{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a, labels: {a: 1}}, spec: {size: 1}}`, []string{`metadata.labels.a | queue "a": "labels.a" is the number 1, a text is expected`}},
		"custom, version":  {`{apiVersion: shop.example.com/v2, kind: Queue, metadata: {name: a}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := Schema([]Object{object(t, "a.yaml", c.manifest), object(t, "crd.yaml", queueDefinition)})
			var got []string
			for _, a := range list {
				got = append(got, source.Path(a.Path).String()+" | "+a.Message)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A broken definition is at fault itself; what it should judge is unknown.
func TestSchemaOfBrokenDefinition(t *testing.T) {
	broken := strings.Replace(queueDefinition, "type: integer}\n                hosts", "}\n                hosts", 1)
	list, _ := Schema([]Object{
		object(t, "a.yaml", `{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 3}}`),
		object(t, "crd.yaml", broken),
	})
	want := []string{
		`unknown | definition | shop.example.com/Queue//a |  | queue "a": cannot be judged by its definition: its schema is not structural: "properties[spec].properties[size].type": must not be empty for specified object fields`,
		`fail | types | apiextensions.k8s.io/CustomResourceDefinition//queues.shop.example.com | spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.size.type | customresourcedefinition "queues.shop.example.com": the schema is not structural: "properties[spec].properties[size].type": must not be empty for specified object fields`,
	}
	if diff := cmp.Diff(want, lines(list)); diff != "" {
		t.Error(diff)
	}
	list, _ = Schema([]Object{
		object(t, "a.yaml", `{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 3}}`),
		object(t, "crd.yaml", strings.Replace(queueDefinition, "self.size <= 10", "self.length <= 10", 1)),
	})
	if len(list) != 1 || list[0].Outcome != Unknown {
		t.Errorf("a rule that does not compile: %q", lines(list))
	}
}

func TestSchemaCountsWhatItCannotJudge(t *testing.T) {
	m := `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: a}}`
	list, ledger := Schema([]Object{object(t, "a.yaml", m), object(t, "b.yaml", m)})
	if len(list) != 0 || len(ledger) != 1 || ledger[0].Count != 2 || ledger[0].ID != "schema:argoproj.io/v1alpha1 Rollout" {
		t.Errorf("%q, %+v", lines(list), ledger)
	}
}

// Of several definitions the nearest one judges: that of the unit, of the
// environment and target, any.
func TestSchemaNearestDefinition(t *testing.T) {
	old := object(t, "old.yaml", strings.Replace(queueDefinition, "self.size <= 10", "self.size <= 5", 1))
	old.Unit, old.Environment = "old", "prod"
	new := object(t, "new.yaml", queueDefinition)
	new.Unit, new.Environment = "new", "dev"
	for _, c := range []struct {
		unit, environment string
		faults            int
	}{{"old", "prod", 1}, {"new", "dev", 0}, {"other", "prod", 1}, {"other", "dev", 0}, {"other", "stage", 0}} {
		s := object(t, "a.yaml", `{apiVersion: shop.example.com/v1, kind: Queue, metadata: {name: a}, spec: {size: 7}}`)
		s.Unit, s.Environment = c.unit, c.environment
		if list, _ := Schema([]Object{s, old, new}); len(list) != c.faults {
			t.Errorf("%v: %q", c, lines(list))
		}
	}
}

func TestLifecycle(t *testing.T) {
	for _, c := range []struct{ apiVersion, kind, version, want string }{
		{"policy/v1beta1", "PodDisruptionBudget", "1.24", `deprecated: poddisruptionbudget "a": "policy/v1beta1" is deprecated since Kubernetes 1.21 and not served from 1.25 on; use policy/v1`},
		{"policy/v1beta1", "PodDisruptionBudget", "1.25", `removed: poddisruptionbudget "a": "policy/v1beta1" is not served since Kubernetes 1.25, the cluster has 1.25; use policy/v1`},
		{"policy/v1beta1", "PodDisruptionBudget", "1.20", ""},
		{"policy/v1beta1", "PodDisruptionBudget", "?", `removed: poddisruptionbudget "a": "policy/v1beta1" is not served since Kubernetes 1.25, the cluster has the newest version; use policy/v1`},
		{"autoscaling/v2beta2", "HorizontalPodAutoscaler", "v1.26.3", `removed: horizontalpodautoscaler "a": "autoscaling/v2beta2" is not served since Kubernetes 1.26, the cluster has 1.26; use autoscaling/v2`},
		{"resource.k8s.io/v1alpha2", "ResourceClaim", "1.33", `removed: resourceclaim "a": "resource.k8s.io/v1alpha2" is not served since Kubernetes 1.31, the cluster has 1.33; use resource.k8s.io/v1`},
		{"apps/v1", "Deployment", "1.99", ""},
		{"example.com/v1beta1", "Deployment", "1.99", ""},
	} {
		m := map[string]any{"apiVersion": c.apiVersion, "kind": c.kind, "metadata": map[string]any{"name": "a"}}
		s := subject(m)
		s.KubeVersion = c.version
		got := ""
		for _, a := range Lifecycle([]Object{s}) {
			got += a.Control + ": " + a.Message
		}
		if got != c.want {
			t.Errorf("%s %s: %s", c.apiVersion, c.version, cmp.Diff(c.want, got))
		}
	}
}

func TestResolve(t *testing.T) {
	v := map[string]any{
		"spec":     map[string]any{"a.b": map[string]any{"c": []any{int64(1)}}, "a": "x"},
		"metadata": map[string]any{"labels": map[string]any{"app.kubernetes.io/name": "x"}},
	}
	for path, want := range map[string]source.Path{
		"":              {},
		"<nil>":         {},
		"spec.a":        {"spec", "a"},
		"spec.a.b.c[0]": {"spec", "a.b", "c", 0},
		"metadata.labels[app.kubernetes.io/name]": {"metadata", "labels", "app.kubernetes.io/name"},
		"spec.missing[2].name":                    {"spec", "missing", 2, "name"},
		"spec.a.b.c[7]":                           {"spec", "a.b", "c"},
		"spec.a[":                                 {"spec", "a"},
		"..":                                      {},
	} {
		if diff := cmp.Diff(want, resolve(v, path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// Whatever an object holds: no panic, the same verdict twice, and an object
// that the decoder refuses is a fault.
func FuzzJudges(f *testing.F) {
	f.Add(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}}]}}`)
	f.Add(`{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":"1"}}`)
	f.Add(`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"x"}}}]}}`)
	f.Add(`{"apiVersion":"shop.example.com/v1","kind":"Queue","spec":{"hosts":[{"name":[]}]}}`)
	crd := object(&testing.T{}, "crd.yaml", queueDefinition)
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := source.ParseManifests("a.json", []byte(text))
		if err != nil || len(docs) != 1 {
			return
		}
		m, ok := docs[0].Value.(map[string]any)
		if !ok {
			return
		}
		s := subject(m)
		s.PodTemplates = []source.Path{{}}
		list := []Object{s, crd}
		schema, _ := Schema(list)
		first := append(append(PodSecurity(list[:1]), Lifecycle(list)...), schema...)
		schema, _ = Schema(list)
		again := append(append(PodSecurity(list[:1]), Lifecycle(list)...), schema...)
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Errorf("two runs differ:\n%s\n%s", a, b)
		}
	})
}

func TestPlain(t *testing.T) {
	s := object(t, "a.yaml", `
apiVersion: v1
kind: Secret
metadata: {name: a}
data: {k: "ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:YQ==,type:str]", other: YQ==}
immutable: "ENC[AES256_GCM,data:Zm9v,iv:YQ==,tag:YQ==,type:bool]"
sops: {mac: "ENC[AES256_GCM,data:eA==,type:str]", version: 3.9.0}
`)
	s.Raw = Plain(s.Raw)
	if list, _ := Schema([]Object{s}); len(list) != 0 {
		t.Errorf("%q", lines(list))
	}
	want := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a"}, "data": map[string]any{"other": "YQ=="}}
	if diff := cmp.Diff(want, s.Raw); diff != "" {
		t.Error(diff)
	}
	// A field of that name by itself is no mark of SOPS.
	s = object(t, "a.yaml", `{apiVersion: v1, kind: Secret, metadata: {name: a}, sops: {}}`)
	s.Raw = Plain(s.Raw)
	if list, _ := Schema([]Object{s}); len(list) != 1 {
		t.Errorf("%q", lines(list))
	}
}
