package deploy

import (
	"testing"

	"gate/internal/doc"
	"gate/internal/source"
)

func TestMayBeInput(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct{ input, called bool }{
		"web/values-prod.yaml":        {true, true},
		"web/values.prod.yml":         {true, true},
		"web/prod-values.yaml":        {true, true},
		"web/prod.yaml":               {true, true},
		"web/values/eu.yaml":          {true, true},
		"web/prod/values.yaml":        {true, true},
		"envs/prod/web.yaml":          {true, true},
		"environments/eu/web.json":    {true, true},
		"web/eu-west-1.yaml":          {true, false}, // counts in the chart itself
		"web/values.schema.json":      {false, true},
		"web/values-example.yaml":     {false, true},
		"web/values.sample.yaml":      {false, true},
		"examples/prod/values.yaml":   {false, true},
		"web/templates/values.yaml":   {false, true},
		"web/values-prod.yaml.gotmpl": {false, true},
		"web/httproute_test.yaml":     {false, true},
		"web/.values-prod.yaml":       {false, true},
		"product/reproduction.yaml":   {true, false},
	} {
		if input, called := mayBeInput(file), calledValues(file); input != want.input || called != want.called {
			t.Errorf("%s: %t %t, expected %t %t", file, input, called, want.input, want.called)
		}
	}
}

func TestEnvironmentWord(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]struct {
		word  string
		plain bool
	}{
		"apps/prod/web":                {"prod", true},
		"clusters/Production":          {"prod", true},
		"overlays/eu-prod":             {"prod", false},
		"web-dev/prod":                 {"prod", true}, // a whole name first
		"prod/apps/dev-tools":          {"prod", true},
		"components/letsencrypt-stage": {"staging", false},
		"apps/product":                 {},
		"developer/portal":             {},
		".":                            {},
	} {
		if word, plain := environmentWord(dir); word != want.word || plain != want.plain {
			t.Errorf("%s: %q %t, expected %q %t", dir, word, plain, want.word, want.plain)
		}
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: b}]}}":                                                          true,
		"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a}]}}":                                                                    false,
		"{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: b}]}}":                                                                               false,
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 3}}":                                                                    false,
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: [{name: a, image: b}]}}}}":                          false,
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {}, template: {spec: {containers: [{name: a, image: b}]}}}}":            true,
		"{apiVersion: apps/v1, kind: any, metadata: {name: any}, spec: {template: {}}}":                                                                        false,
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {kind: ClusterRole, name: cluster-admin}}":         true,
		"{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, subjects: [{kind: User, name: x}]}":                         false,
		"{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {schedule: x, jobTemplate: {spec: {template: {spec: {containers: [{image: b}]}}}}}}": true,
		"{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: {}}":                                                                             true,
		"{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}":                                                                                       false,
		"{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a}}":                                                                                       true,
	} {
		docs, err := source.ParseYAML("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := whole(doc.Map(docs[0].Value)); got != want {
			t.Errorf("%s: %t, expected %t", text, got, want)
		}
	}
}
