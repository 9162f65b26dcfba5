package join

import (
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// told are shared things, each as "what name: tool id, tool id".
func told(shared []facts.Shared) []string {
	var out []string
	for _, s := range shared {
		var claims []string
		for _, c := range s.Claims {
			claims = append(claims, c.Tool+" "+c.ID)
		}
		out = append(out, s.What+" "+s.Name+": "+strings.Join(claims, ", "))
	}
	return out
}

func TestShared(t *testing.T) {
	t.Parallel()
	const (
		configMap   = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
		secret      = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"
		application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: NAME, namespace: argocd}
spec: {source: SOURCE, destination: {name: eu, namespace: shop}}
`
	)
	app := func(name, source string) string {
		return strings.NewReplacer("NAME", name, "SOURCE", source).Replace(application)
	}
	external := func(target string) string {
		return "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s, namespace: shop}\nspec: {target: " + target + "}\n"
	}
	two := func(a, b string) []unit {
		return []unit{{"kustomize:a", "prod", "eu", a}, {"kustomize:b", "prod", "eu", b}}
	}
	one := func(texts ...string) []unit { return []unit{{"kustomize:a", "", "", strings.Join(texts, "---\n")}} }
	cfg := &config.Config{Environments: []config.Environment{{Name: "prod", Targets: []config.Target{{Name: "eu"}, {Name: "us"}}}}}
	const object = `object ConfigMap "c" in "shop": render kustomize:a#ConfigMap/c, render kustomize:b#ConfigMap/c`
	for _, c := range []struct {
		name  string
		units []unit
		want  []string
	}{
		{"an object of two units", two(configMap, configMap), []string{object}},
		{"of two environments", []unit{{"kustomize:a", "prod", "", configMap}, {"kustomize:b", "dev", "", configMap}}, nil},
		{"of two targets", []unit{{"kustomize:a", "prod", "eu", configMap}, {"kustomize:b", "prod", "us", configMap}}, nil},
		{"of one target, and of nobody knows which", []unit{{"kustomize:a", "prod", "eu", configMap}, {"kustomize:b", "prod", "", configMap}}, nil},
		{"nobody knows of which targets", []unit{{"kustomize:a", "prod", "", configMap}, {"kustomize:b", "prod", "", configMap}}, nil},
		{"nobody says of which environments", []unit{{"kustomize:a", "", "", configMap}, {"kustomize:b", "", "", configMap}}, nil},
		{"twice in one unit", one(configMap, configMap), []string{`object ConfigMap "c" in "shop": render kustomize:a#ConfigMap/c, render kustomize:a#ConfigMap/c`}},
		{"twice among files", []unit{{"manifests:a", "", "", configMap + "---\n" + configMap}}, nil},
		{"twice among files of one environment", []unit{{"manifests:a", "prod", "", configMap + "---\n" + configMap}},
			[]string{`object ConfigMap "c" in "shop": render manifests:a#ConfigMap/c, render manifests:a#ConfigMap/c`}},
		{"a hook is made anew", two(configMap, strings.Replace(configMap, "shop}", "shop, annotations: {helm.sh/hook: pre-install}}", 1)), nil},
		{"a generated name", two("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: c}\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: c}\n"), nil},
		{"a Secret and what makes it", two(secret, external("{name: s}")), []string{`secret Secret "s" in "shop": Secret kustomize:a#Secret/s, ExternalSecret kustomize:b#ExternalSecret/s`}},
		{"a Secret and what merges into it", two(secret, external("{name: s, creationPolicy: Merge}")), nil},
		{"two Secrets are one object", two(secret, secret), []string{`object Secret "s" in "shop": render kustomize:a#Secret/s, render kustomize:b#Secret/s`}},
		{"named like what makes it", two("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s, namespace: shop}\n",
			"apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: tls, namespace: shop}\nspec: {secretName: s}\n"),
			[]string{`secret Secret "s" in "shop": SealedSecret kustomize:a#SealedSecret/s, Certificate kustomize:b#Certificate/tls`}},
		{"one chart deployed twice", two(app("x", "{repoURL: 'https://example.com/r.git/', path: web}"), app("z", "{repoURL: 'https://example.com/r', path: web, targetRevision: v2}")),
			[]string{`application "web" of https://example.com/r to eu, namespace "shop": Application kustomize:a#Application/x, Application kustomize:b#Application/z`}},
		{"two releases of a chart", two(app("x", "{repoURL: r, chart: web, helm: {releaseName: one}}"), app("z", "{repoURL: r, chart: web, helm: {releaseName: two}}")), nil},
		{"a kustomization under two prefixes", two(app("x", "{repoURL: r, path: web, kustomize: {namePrefix: a}}"), app("z", "{repoURL: r, path: web, kustomize: {namePrefix: b}}")), nil},
		{"two revisions, nobody says where", one(app("x", "{repoURL: r, path: web, targetRevision: v1}"), app("z", "{repoURL: r, path: web, targetRevision: v2}")), nil},
		{"a release of Argo CD and of Flux", two(app("x", "{repoURL: r, chart: web}"),
			"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h, namespace: flux}\nspec: {targetNamespace: shop, releaseName: x}\n"),
			[]string{`release Helm release "x" in "shop": Application kustomize:a#Application/x, HelmRelease kustomize:b#HelmRelease/h`}},
		{"Flux composes the name of a release", two("apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: h, namespace: flux}\nspec: {targetNamespace: shop}\n",
			"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop-h, namespace: shop}\nspec: {}\n"),
			[]string{`release Helm release "shop-h" in "shop": HelmRelease kustomize:a#HelmRelease/h, HelmRelease kustomize:b#HelmRelease/shop-h`}},
		{"a cluster that both name, whoever holds them", []unit{{"kustomize:a", "prod", "", app("x", "{repoURL: r, path: web}")}, {"kustomize:b", "prod", "", app("z", "{repoURL: r, path: web}")}},
			[]string{`application "web" of r to eu, namespace "shop": Application kustomize:a#Application/x, Application kustomize:b#Application/z`}},
		{"the own clusters of two roots", []unit{
			{"kustomize:a", "prod", "", strings.Replace(app("x", "{repoURL: r, path: web}"), "name: eu", "name: in-cluster", 1)},
			{"kustomize:b", "prod", "", strings.Replace(app("z", "{repoURL: r, path: web}"), "name: eu", "name: in-cluster", 1)},
		}, nil},
		{"one release in two clusters", one(app("x", "{repoURL: r, chart: web, helm: {releaseName: one}}"),
			strings.Replace(app("z", "{repoURL: r, chart: web, helm: {releaseName: one}}"), "name: eu", "name: us", 1)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := documentOf(t, c.units...)
			d.Clusters = NewClusters(cfg, d.Units, nil)
			shared(d)
			if diff := cmp.Diff(c.want, told(d.Index.Shared)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if d.Index.Shared == nil {
				t.Error("an empty list is none")
			}
		})
	}
}

// What nothing deploys is no second owner.
func TestSharedUndeployed(t *testing.T) {
	t.Parallel()
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
	d := documentOf(t, unit{"kustomize:a", "prod", "eu", configMap}, unit{"kustomize:b", "prod", "eu", configMap})
	d.Units[1].Undeployed = true
	if shared(d); len(d.Index.Shared) > 0 {
		t.Errorf("got %v", told(d.Index.Shared))
	}
}

// Things of which nothing tells whether they are in one cluster are counted,
// once for each environment.
func TestUnplaced(t *testing.T) {
	t.Parallel()
	named := func(name string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: shop}\n---\n"
	}
	d := documentOf(t,
		unit{"kustomize:a", "prod", "", named("b") + named("a") + named("own")}, unit{"kustomize:b", "prod", "", named("a") + named("b")},
		unit{"kustomize:c", "prod", "eu", named("eu")}, unit{"kustomize:d", "prod", "us", named("eu")},
		unit{"kustomize:e", "dev", "", named("c")}, unit{"kustomize:f", "dev", "one", named("c")},
		unit{"kustomize:g", "", "", named("a")}, unit{"kustomize:h", "", "", named("a")},
	)
	shared(d)
	want := []facts.Unplaced{{Environment: "dev", Count: 1, Example: `ConfigMap "c" in "shop"`}, {Environment: "prod", Count: 2, Example: `ConfigMap "a" in "shop"`}}
	if diff := cmp.Diff(want, d.Index.Unplaced); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(d.Index.Shared) > 0 {
		t.Errorf("got %v", told(d.Index.Shared))
	}
}

// Git and a scaler must not both set the number of replicas.
func TestSharedReplicas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, spec, scaler string
		want               []string
	}{
		{"both", "{replicas: 2, template: {spec: {containers: []}}}", "kustomize:a#hpa", []string{`replicas replicas of Deployment.apps "web" in "shop": render kustomize:a#Deployment/web, scaler kustomize:a#hpa`}},
		{"a scaler of nobody knows which cluster", "{replicas: 2, template: {spec: {containers: []}}}", "kustomize:b#hpa", nil},
		{"Git alone", "{replicas: 2, template: {spec: {containers: []}}}", "", nil},
		{"the scaler alone", "{template: {spec: {containers: []}}}", "kustomize:a#hpa", nil},
		{"no pods", "{replicas: 2}", "kustomize:a#hpa", nil},
	} {
		d := documentOf(t, prod("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: "+c.spec))
		for i := range d.Objects[0].Pods {
			d.Objects[0].Pods[i].Autoscaler = c.scaler
		}
		shared(d)
		if diff := cmp.Diff(c.want, told(d.Index.Shared)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
