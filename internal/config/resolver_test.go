package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const platform = `
environments:
  - name: prod
    class: prod
    regulated: true
    paths: ["**/prod/**", "clusters/prod-*/**"]
    targets:
      - {name: eu, account: "1111", region: eu-west-1, cluster: prod-eu-1}
      - {name: us, account: "1111", region: us-east-1, cluster: prod-us-1, paths: ["regions/us/**"]}
  - name: staging
    class: non-prod
    paths: ["**/staging/**", "shared/**"]
    targets:
      - {name: one, cluster: shared-1, account: "2222", namespaces: ["staging-*"]}
  - name: dev
    class: non-prod
    paths: ["**/dev/**", "shared/sandbox/**"]
    targets:
      - {name: two, cluster: shared-1, account: "2222", namespaces: ["dev-*"]}
units:
  - {chart: charts/web, release: web, environment: prod, target: eu}
  - {chart: charts/web, release: web, environment: dev}
  - {chart: charts/api, environment: prod, target: eu}
  - {chart: charts/api, environment: prod, target: us}
stacks:
  - {path: stacks/prod/net, environment: staging}
services:
  - {name: payments, paths: ["apps/payments/**", "apps/shared/pay/**"], owner: "@acme/pay", dataClass: regulated}
  - {name: shared, paths: ["apps/shared/**"]}
  - {name: search, match: {labels: {team: search}}, owner: "@acme/search"}
  - {name: ops, match: {namespaces: ["ops-*"]}}
  - {name: twin-a, match: {namespaces: ["twins"]}}
  - {name: twin-b, match: {namespaces: ["twin?"]}}
`

func TestScope(t *testing.T) {
	t.Parallel()
	r := NewResolver(parse(t, platform), ResolverInput{
		Owners: func(path string) []string {
			if strings.HasPrefix(path, "apps/") {
				return []string{"@acme/apps", "@acme/platform"}
			}
			return nil
		},
		CatalogInfo: []CatalogEntry{{Name: "everything", Dir: ""}, {Name: "cart", Owner: "@acme/cart", Dir: "apps/cart"}, {Name: "cart-db", Dir: "apps/cart/db"}, {Name: "x", Dir: "apps/xy"}, {Name: "y", Dir: "apps/xy"}},
	})
	prod := func(s Scope) Scope { s.Environment, s.Class, s.Regulated = "prod", Prod, true; return s }
	tests := []struct {
		name string
		hint Hint
		want Scope
	}{
		{"explicit before everything", Hint{Environment: "prod", Target: "us", Stack: "stacks/prod/net", Cluster: "shared-1", Paths: []string{"a/dev/x"}}, prod(Scope{Target: "us", Settled: `the configuration names environment "prod", and the destination "shared-1" is that of "staging" or "dev": judged as production`})},
		{"stack entry before the path", Hint{Stack: "stacks/prod/net", Paths: []string{"stacks/prod/net/main.tf"}}, Scope{Environment: "staging", Class: NonProd}},
		{"unit entry", Hint{Unit: "charts/api"}, prod(Scope{})},
		{"chart of several environments", Hint{Unit: "charts/web"}, Scope{Class: Prod, Conflict: `environment cannot be told: unit "charts/web" stands under "dev" and "prod"`}},
		{"cluster before the path", Hint{Cluster: "prod-us-1", Paths: []string{"a/dev/x"}}, prod(Scope{Target: "us", Settled: `path "a/dev/x" names environment "dev", and the destination "prod-us-1" is that of "prod": judged as production`})},
		{"account and region", Hint{Account: "1111", Region: "eu-west-1"}, prod(Scope{Target: "eu"})},
		{"account of two targets reaches both", Hint{Account: "1111"}, prod(Scope{})},
		{"account that contradicts the cluster", Hint{Account: "2222", Cluster: "prod-eu-1"}, Scope{Class: Prod, Settled: `no environment lists the destination "prod-eu-1" under its targets: judged as production`}},
		{"shared cluster, by namespace", Hint{Cluster: "shared-1", Namespace: "dev-web"}, Scope{Environment: "dev", Class: NonProd, Target: "two"}},
		{"shared cluster, by path", Hint{Cluster: "shared-1", Paths: []string{"a/staging/x"}}, Scope{Environment: "staging", Class: NonProd, Target: "one"}},
		{"shared cluster, nothing tells", Hint{Cluster: "shared-1", Paths: []string{"a/x"}}, Scope{Class: Prod, Conflict: `environment cannot be told: the destination fits "staging" or "dev", and its path names none of them`}},
		{"shared cluster, the path disagrees", Hint{Cluster: "shared-1", Paths: []string{"a/prod/x"}}, Scope{Class: Prod, Conflict: `environment cannot be told: the destination fits "staging" or "dev", and its path names "prod"`}},
		{"path", Hint{Paths: []string{"apps/web/overlays/prod/kustomization.yaml"}}, prod(Scope{Owner: "@acme/apps @acme/platform"})},
		{"target is a segment", Hint{Paths: []string{"live/prod/eu/main.tf"}}, prod(Scope{Target: "eu"})},
		{"target by its cluster", Hint{Paths: []string{"clusters/prod-us-1/web/a.yaml"}}, prod(Scope{Target: "us"})},
		{"target by its paths", Hint{Environment: "prod", Paths: []string{"regions/us/eu/a.yaml"}}, prod(Scope{Target: "us"})},
		{"two targets in one path", Hint{Paths: []string{"live/prod/eu/us/main.tf"}}, prod(Scope{Conflict: `target cannot be told: path "live/prod/eu/us/main.tf" names "eu" and "us" of environment "prod"`})},
		{"longest literal prefix wins", Hint{Paths: []string{"shared/sandbox/a.yaml"}}, Scope{Environment: "dev", Class: NonProd}},
		{"tie", Hint{Paths: []string{"a/prod/dev/x.yaml"}}, Scope{Class: Prod, Conflict: `environment cannot be told: path "a/prod/dev/x.yaml" fits "**/prod/**" of "prod" and "**/dev/**" of "dev" alike`}},
		{"other files where the primary says nothing", Hint{Paths: []string{"base/a.yaml", "x/dev/p.yaml"}}, Scope{Environment: "dev", Class: NonProd}},
		{"other files disagree", Hint{Paths: []string{"base/a.yaml", "x/dev/p.yaml", "x/prod/p.yaml"}}, Scope{Class: Prod, Conflict: `environment cannot be told: the files of "base/a.yaml" stand under "dev" and "prod"`}},
		{"nothing known is prod", Hint{Paths: []string{"README.md"}}, Scope{Class: Prod}},
		{"unknown environment", Hint{Environment: "qa"}, Scope{Class: Prod, Conflict: `environment cannot be told: "qa" is not configured`}},
		{"unknown target", Hint{Environment: "prod", Target: "asia"}, Scope{Class: Prod, Conflict: `environment "prod" has no target "asia"`}},

		{"service by path", Hint{Environment: "dev", Paths: []string{"apps/payments/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, Service: "payments", ServiceOrigin: "config", Owner: "@acme/pay", Regulated: true}},
		{"most specific service path", Hint{Environment: "dev", Paths: []string{"apps/shared/pay/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, Service: "payments", ServiceOrigin: "config", Owner: "@acme/pay", Regulated: true}},
		{"service without owner takes CODEOWNERS", Hint{Environment: "dev", Paths: []string{"apps/shared/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, Service: "shared", ServiceOrigin: "config", Owner: "@acme/apps @acme/platform"}},
		{"service by label", Hint{Environment: "dev", Labels: map[string]string{"team": "search", "app.kubernetes.io/part-of": "other"}}, Scope{Environment: "dev", Class: NonProd, Service: "search", ServiceOrigin: "config", Owner: "@acme/search"}},
		{"service by namespace", Hint{Environment: "dev", Namespace: "ops-1"}, Scope{Environment: "dev", Class: NonProd, Service: "ops", ServiceOrigin: "config"}},
		{"two services by namespace", Hint{Environment: "dev", Namespace: "twins"}, Scope{Environment: "dev", Class: NonProd, ServiceOrigin: "config", Conflict: `service cannot be told: the namespace fit "twin-a" and "twin-b"`}},
		{"nearest catalog-info", Hint{Environment: "dev", Paths: []string{"apps/cart/db/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, Service: "cart-db", ServiceOrigin: "catalog-info", Owner: "@acme/apps @acme/platform"}},
		{"catalog-info above", Hint{Environment: "dev", Paths: []string{"apps/cart/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, Service: "cart", ServiceOrigin: "catalog-info", Owner: "@acme/cart"}},
		{"two components in one file", Hint{Environment: "dev", Paths: []string{"apps/xy/a.yaml"}}, Scope{Environment: "dev", Class: NonProd, ServiceOrigin: "catalog-info", Owner: "@acme/apps @acme/platform", Conflict: `service cannot be told: the catalog-info.yaml of "apps/xy" names "x" and "y"`}},
		{"part-of before name", Hint{Environment: "dev", Chart: "c", Labels: map[string]string{"app.kubernetes.io/part-of": "payments", "app.kubernetes.io/name": "db"}}, Scope{Environment: "dev", Class: NonProd, Service: "payments", ServiceOrigin: "label", Owner: "@acme/pay", Regulated: true}},
		{"name label", Hint{Environment: "dev", Chart: "c", Labels: map[string]string{"app.kubernetes.io/name": "db"}}, Scope{Environment: "dev", Class: NonProd, Service: "db", ServiceOrigin: "label"}},
		{"chart", Hint{Environment: "dev", Chart: "c"}, Scope{Environment: "dev", Class: NonProd, Service: "c", ServiceOrigin: "chart"}},
		{"tag", Hint{Environment: "dev", Tags: map[string]string{"Service": "t"}}, Scope{Environment: "dev", Class: NonProd, Service: "t", ServiceOrigin: "tag"}},
		{"a name claims nothing", Hint{Environment: "dev", Name: "payments"}, Scope{Environment: "dev", Class: NonProd}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // the second answer comes from memory
				got := r.Scope(tt.hint)
				if tt.want.Service == "" && got.Service == "" {
					got.ServiceOrigin, tt.want.ServiceOrigin = "", ""
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("Scope (-want +got):\n%s", diff)
				}
			}
		})
	}
	var names []string
	for _, s := range r.Services() {
		names = append(names, s.Name+" "+s.Origin)
	}
	want := []string{"c chart", "cart catalog-info", "cart-db catalog-info", "db label", "everything catalog-info", "ops config", "payments config", "search config", "shared config",
		"t tag", "twin-a config", "twin-b config", "x catalog-info", "y catalog-info"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Services (-want +got):\n%s", diff)
	}
}

func TestScopeWithoutConfiguration(t *testing.T) {
	t.Parallel()
	r := NewResolver(nil, ResolverInput{})
	want := Scope{Class: NonProd, Service: "web", ServiceOrigin: "chart"}
	if diff := cmp.Diff(want, r.Scope(Hint{Paths: []string{"a/prod/x"}, Chart: "web", Cluster: "c"})); diff != "" {
		t.Errorf("Scope (-want +got):\n%s", diff)
	}
}

func TestGlobSpecificity(t *testing.T) {
	t.Parallel()
	// Each pattern is more specific than the one after it.
	order := []string{"apps/web/prod/a.yaml", "apps/web/prod/*", "apps/web/**", "apps/*/prod/**", "apps/**/prod/**", "apps/*", "apps/**", "**/prod/*.yaml", "**/prod/**", "*", "**"}
	for i := range order[:len(order)-1] {
		a, b := newGlob(order[i]), newGlob(order[i+1])
		if a.compare(b) <= 0 || b.compare(a) >= 0 {
			t.Errorf("%s is not more specific than %s", order[i], order[i+1])
		}
	}
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"a/**", "a", true}, {"a/**", "a/b/c", true}, {"a/**", "ab", false}, {"**/prod/**", "prod/x", true}, {"{a,b}/*", "b/c", true}, {"[", "[", false},
		{strings.Repeat("{a,b}", 8), "abababab", true},
		{strings.Repeat("{a,b}", 9), "ababababa", false}, // too many to try
		{"{a,{b,c}}", "b", false},
	} {
		if got := Match(tt.pattern, tt.path); got != tt.want {
			t.Errorf("Match(%q, %q) = %v", tt.pattern, tt.path, got)
		}
	}
}
