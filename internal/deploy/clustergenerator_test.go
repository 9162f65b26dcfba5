package deploy

import (
	"slices"
	"testing"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"

	"github.com/google/go-cmp/cmp"
)

// TestClusters makes Applications for the clusters of the configuration as the
// documentation of the clusters generator has it.
func TestClusters(t *testing.T) {
	t.Parallel()
	set := func(name, body, goTemplate, namespace string) string {
		cluster := map[string]string{"true": "{{.name}}", "false": "{{name}}"}[goTemplate]
		if name == "list" {
			cluster = ""
		}
		return "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: " + name + "}\nspec:\n  goTemplate: " + goTemplate + `
  generators: [{clusters: ` + body + `}]
  template:
    metadata: {name: "` + name + `"}
    spec:
      source: {repoURL: x, path: raw}
      destination: {name: "` + cluster + `", namespace: "` + namespace + `"}
`
	}
	cfg := &config.Config{Clusters: []config.Cluster{
		{Name: "Prod_EU", Server: "https://eu", Labels: map[string]string{"env": "prod", "example.com/ring": "2"}, Annotations: map[string]string{"owner": "pay"}},
		{Name: "dev", Server: "https://dev", Labels: map[string]string{"env": "dev"}, Project: "lab"},
	}}
	for name, c := range map[string]struct {
		set  string
		want []string
	}{
		"all of them and the local one": {
			set("a", "{}", "false", "{{nameNormalized}}"),
			[]string{"Prod_EU|prod-eu", "dev|dev", "in-cluster|in-cluster"},
		},
		"by label": {
			set("a", "{selector: {matchLabels: {env: prod}}, values: {r: \"{{metadata.labels.example.com/ring}}\"}}", "false", "{{values.r}}-{{metadata.annotations.owner}}"),
			[]string{"Prod_EU|2-pay"},
		},
		"by the label of their Secrets": {
			set("a", "{selector: {matchExpressions: [{key: argocd.argoproj.io/secret-type, operator: In, values: [cluster]}]}}", "false", "n"),
			[]string{"Prod_EU|n", "dev|n"},
		},
		"Go templates": {
			set("a", "{selector: {matchLabels: {env: dev}}}", "true", "{{.metadata.labels.env}}-{{.project}}"),
			[]string{"dev|dev-lab"},
		},
		"one list": {
			set("list", "{flatList: true, selector: {matchLabels: {env: prod}}}", "true", "{{len .clusters}}{{(index .clusters 0).name}}"),
			[]string{"|1Prod_EU"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, destinations(t, c.set, cfg)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// destinations are the clusters and namespaces that Applications deploy raw/ to.
func destinations(t *testing.T, set string, cfg *config.Config) []string {
	t.Helper()
	w := tree(t, map[string]string{"raw/c.yaml": configMap, "argo/set.yaml": set})
	inv, err := discover.Collect(t.Context(), w, discover.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := Tree(t.Context(), w, inv, cfg, render.Options{}, nil)
	outs, ledger := found.Outcomes, found.Ledger
	for _, e := range ledger {
		if e.State == facts.Failed {
			t.Error(e.Reason)
		}
	}
	var out []string
	for _, o := range outs {
		if o.Unit.Controller != "" {
			out = append(out, o.Unit.Cluster+"|"+o.Unit.Namespace)
		}
	}
	slices.Sort(out)
	return out
}
