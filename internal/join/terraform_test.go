package join

import (
	"testing"

	"gate/internal/config"
	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestTerraform(t *testing.T) {
	t.Parallel()
	d := documentOf(t, prod("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"))
	clusters := NewClusters(&config.Config{Environments: []config.Environment{{Name: "prod", Targets: []config.Target{{Name: "only"}}}}}, nil, nil)
	resource := func(id, kind, environment string, after map[string]any) facts.Resource {
		return facts.Resource{Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: environment}}, Mode: "managed", Type: kind, Stack: "s", After: after}
	}
	named := func(name, namespace string) map[string]any {
		return map[string]any{"metadata": []any{map[string]any{"name": name, "namespace": namespace, "labels": map[string]any{"team": "a"}}}}
	}
	before := facts.Index{
		Namespaces:    []facts.NamespacedName{{ID: "n", Name: "bank"}},
		NamespaceUses: []facts.NamespaceUse{{Subject: d.Objects[0].Subject, Namespace: "shop", Declared: []string{"z"}}},
		Shared:        []facts.Shared{},
	}
	if diff := cmp.Diff(before, Terraform(before, clusters, nil, d.Objects, []facts.Resource{resource("b", "aws_s3_bucket", "prod", map[string]any{})})); diff != "" {
		t.Errorf("a bucket is nothing in a cluster (-want +got):\n%s", diff)
	}
	got := Terraform(before, clusters, nil, d.Objects, []facts.Resource{
		resource("map", "kubernetes_config_map", "prod", named("c", "shop")),
		resource("space", "kubernetes_namespace", "prod", named("shop", "")),
		resource("far", "kubernetes_namespace", "dev", named("shop", "")),
		resource("lost", "kubernetes_config_map", "", named("c", "shop")),
		resource("one", "helm_release", "prod", map[string]any{"name": "r"}),
		resource("two", "helm_release", "prod", map[string]any{"name": "r", "namespace": "default"}),
	})
	namespace := func(id, environment string) facts.NamespacedName {
		return facts.NamespacedName{ID: id, Name: "shop", Labels: map[string]string{"team": "a"}, Environment: environment, Via: "kubernetes_namespace", Path: []any{"metadata", 0, "labels"}}
	}
	if diff := cmp.Diff([]facts.NamespacedName{{ID: "n", Name: "bank"}, namespace("space", "prod"), namespace("far", "dev")}, got.Namespaces); diff != "" {
		t.Errorf("namespaces (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"space", "z"}, got.NamespaceUses[0].Declared); diff != "" {
		t.Errorf("who declares the namespace (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		`object ConfigMap "c" in "shop": render kustomize:a#ConfigMap/c, terraform map`,
		`release Helm release "r" in "default": terraform one, terraform two`,
	}, told(got.Shared)); diff != "" {
		t.Errorf("shared (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"z"}, before.NamespaceUses[0].Declared); diff != "" {
		t.Errorf("the index that was given has changed:\n%s", diff)
	}
}

func TestTerraformObject(t *testing.T) {
	t.Parallel()
	x := func(kind string, after map[string]any) facts.Resource {
		return facts.Resource{Mode: "managed", Type: kind, After: after}
	}
	meta := map[string]any{"metadata": []any{map[string]any{"name": "web", "namespace": "shop"}}}
	for name, tt := range map[string]struct {
		resource facts.Resource
		want     string
	}{
		"typed":     {x("kubernetes_config_map_v1", meta), `ConfigMap "web" in "shop"`},
		"grouped":   {x("kubernetes_deployment", meta), `Deployment.apps "web" in "shop"`},
		"cluster":   {x("kubernetes_namespace", meta), `Namespace "web"`},
		"defaulted": {x("kubernetes_secret", map[string]any{"metadata": []any{map[string]any{"name": "web"}}}), `Secret "web" in "default"`},
		"manifest":  {x("kubernetes_manifest", map[string]any{"manifest": map[string]any{"apiVersion": "x.io/v1", "kind": "Y", "metadata": map[string]any{"name": "web"}}}), `Y.x.io "web"`},
		"text":      {x("kubectl_manifest", map[string]any{"yaml_body": "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\n"}), `Secret "web" in "shop"`},
		"bad text":  {x("kubectl_manifest", map[string]any{"yaml_body": ":\t{"}), ""},
		"not ready": {x("kubernetes_config_map", map[string]any{}), ""},
		"deleted":   {x("kubernetes_config_map", nil), ""},
		"read":      {facts.Resource{Mode: "data", Type: "kubernetes_config_map", After: meta}, ""},
	} {
		o := terraformObject(tt.resource)
		got := ""
		if o.name != "" {
			got = objectName(o.group, o.kind, o.namespace, o.name)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	redacted := facts.Redacted("secret")
	for _, c := range []struct {
		name         string
		resource     facts.Resource
		tags, hidden []string
	}{
		{"nothing", facts.Resource{}, nil, nil},
		{"tags of every member", facts.Resource{After: map[string]any{"tags": map[string]any{"b": "1"}, "effective_labels": map[string]any{"a": "1"}}}, []string{"a", "b"}, nil},
		{"an empty tag is none", facts.Resource{After: map[string]any{"tags": map[string]any{"a": "", "b": nil}}}, []string{"b"}, nil},
		{"a tag that is known after apply", facts.Resource{Unknown: map[string]any{"tags": map[string]any{"a": true}}}, []string{"a"}, []string{"tags"}},
		{"tags of the provider", facts.Resource{InheritedTags: map[string]any{"a": nil}}, []string{"a"}, nil},
		{"tags of an autoscaling group", facts.Resource{After: map[string]any{"tag": []any{map[string]any{"key": "a"}, map[string]any{"key": 1}, "b"}}}, []string{"a"}, nil},
		{"unknown attributes", facts.Resource{Unknown: map[string]any{"z": true, "known": false, "a": []any{false, true}}}, nil, []string{"a", "z"}},
		{"redacted attributes", facts.Resource{After: map[string]any{"p": redacted, "list": []any{map[string]any{"x": redacted}}, "open": "x"}}, nil, []string{"list", "p"}},
	} {
		given := []facts.Resource{c.resource}
		got := Attributes(given)[0]
		if diff := cmp.Diff(c.tags, got.Tags); diff != "" {
			t.Errorf("%s: tags (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.hidden, got.Hidden); diff != "" {
			t.Errorf("%s: hidden (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.resource, given[0]); diff != "" {
			t.Errorf("%s: the resource that was given has changed:\n%s", c.name, diff)
		}
	}
}
