package join

import (
	"testing"

	"gate/internal/config"
	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutTemplate(t *testing.T) {
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

func TestMeet(t *testing.T) {
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

func TestByTarget(t *testing.T) {
	claim := func(id, target string) facts.Claim {
		return facts.Claim{Subject: facts.Subject{ID: id, Scope: facts.Scope{Target: target}}}
	}
	ids := func(groups [][]facts.Claim) (out []int) {
		for _, g := range groups {
			out = append(out, len(g))
		}
		return out
	}
	if got := byTarget([]facts.Claim{claim("a", "eu"), claim("b", "us")}); got != nil {
		t.Errorf("two targets meet: %v", got)
	}
	got := ids(byTarget([]facts.Claim{claim("a", "eu"), claim("b", "us"), claim("c", "")}))
	if diff := cmp.Diff([]int{2, 2}, got); diff != "" {
		t.Errorf("a claim on every target (-want +got):\n%s", diff)
	}
}

func TestControlled(t *testing.T) {
	vpa := map[string]any{"spec": map[string]any{"resourcePolicy": map[string]any{"containerPolicies": []any{
		map[string]any{"containerName": "*", "controlledResources": []any{"cpu"}},
		map[string]any{"containerName": "sidecar", "mode": "Off"},
	}}}}
	for container, want := range map[string][]string{"web": {"cpu"}, "sidecar": nil} {
		if diff := cmp.Diff(want, controlled(vpa, container)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", container, diff)
		}
	}
	if diff := cmp.Diff([]string{"cpu", "memory"}, controlled(map[string]any{}, "web")); diff != "" {
		t.Errorf("without a policy (-want +got):\n%s", diff)
	}
}

func TestTerraformObject(t *testing.T) {
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
		"manifest":  {x("kubernetes_manifest", map[string]any{"manifest": map[string]any{"apiVersion": "x.io/v1", "kind": "Y", "metadata": map[string]any{"name": "web"}}}), `Y.x.io "web"`},
		"text":      {x("kubectl_manifest", map[string]any{"yaml_body": "apiVersion: v1\nkind: Secret\nmetadata: {name: web, namespace: shop}\n"}), `Secret "web" in "shop"`},
		"bad text":  {x("kubectl_manifest", map[string]any{"yaml_body": ":\t{"}), ""},
		"not ready": {x("kubernetes_config_map", map[string]any{}), ""},
		"deleted":   {x("kubernetes_config_map", nil), ""},
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
