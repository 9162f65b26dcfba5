package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const fleet = `
environments:
  - name: prod
    class: prod
    paths: ["**/prod/**"]
    targets:
      - {name: eu, cluster: prod-eu}
      - {name: us, server: "https://US.example.com:443/"}
      - {name: shared, cluster: shared, namespaces: ["shop"]}
  - name: dr
    class: prod
    paths: ["**/dr/**"]
    targets: [{name: one, cluster: dr}]
  - name: dev
    class: non-prod
    paths: ["**/dev/**"]
    targets: [{name: eu, cluster: dev-eu}, {name: shared, cluster: shared, namespaces: ["dev-*"]}]
  - name: test
    class: non-prod
    paths: ["**/test/**"]
    targets: [{name: own, cluster: in-test}]
clusters:
  - {name: prod-eu, server: "https://prod.example.com:6443"}
  - {name: dev-eu, server: "https://dev.example.com"}
units:
  - {kustomization: apps/listed, environment: dev}
  - {kustomization: apps/prod/listed, environment: prod}
`

// TestDestination holds what the configuration says against where a controller
// deploys to.
func TestDestination(t *testing.T) {
	t.Parallel()
	r := NewResolver(parse(t, fleet), ResolverInput{})
	for _, c := range []struct{ name, hint, want string }{ // server or cluster, namespace, path
		{"address of a listed cluster", "https://prod.example.com:6443 shop apps/x", "prod/eu prod"},
		{"address in another form", "HTTPS://prod.example.com:6443/ shop apps/x", "prod/eu prod"},
		{"address of a target", "https://us.example.com shop apps/x", "prod/us prod"},
		{"another port", "https://prod.example.com shop apps/dev/x", `/ prod: path "apps/dev/x" names environment "dev", and no environment lists the destination "https://prod.example.com" under its targets: judged as production`},
		{"name and address are one cluster", "dev-eu shop apps/x", "dev/eu non-prod"},
		{"a name that nobody lists", "prod-us shop apps/dev/x", `/ prod: path "apps/dev/x" names environment "dev", and no environment lists the destination "prod-us" under its targets: judged as production`},
		{"a name that nobody lists, without a path that tells", "prod-us shop apps/x", `/ prod: no environment lists the destination "prod-us" under its targets: judged as production`},
		{"a name that nobody lists, in production by its path", "prod-us shop apps/prod/x", "prod/ prod"},
		{"dev by its destination, prod by its path", "dev-eu shop apps/prod/x", `prod/ prod: path "apps/prod/x" names environment "prod", and the destination "dev-eu" is that of "dev": judged as production`},
		{"prod by its destination, dev by its path", "prod-eu shop apps/dev/x", `prod/eu prod: path "apps/dev/x" names environment "dev", and the destination "prod-eu" is that of "prod": judged as production`},
		{"two of one class: the destination", "dr shop apps/prod/x", "dr/one prod"},
		{"two of one other class: the destination", "dev-eu shop apps/test/x", "dev/eu non-prod"},
		{"the same by both", "dev-eu shop apps/dev/x", "dev/eu non-prod"},
		{"the cluster of the controller", "https://kubernetes.default.svc shop apps/dev/x", "dev/ non-prod"},
		{"the same in another form", "https://kubernetes.default.svc:443/ shop apps/dev/x", "dev/ non-prod"},
		{"the same by name", "in-cluster shop apps/dev/x", "dev/ non-prod"},
		{"shared, by namespace", "shared dev-web apps/x", "dev/shared non-prod"},
		{"shared, in a namespace of nobody", "shared kube-system apps/dev/x", "dev/shared non-prod"},
		{"shared, in a namespace of nobody, the path disagrees", "shared kube-system apps/test/x", `prod/shared prod: path "apps/test/x" names environment "test", and the destination "shared" is that of "prod" or "dev": judged as production`},
		{"shared, in a namespace of nobody, without a path that tells", "shared kube-system apps/x", "/ prod"},
		{"an entry, against the destination", "prod-eu shop apps/listed/x apps/listed", `prod/eu prod: the configuration names environment "dev", and the destination "prod-eu" is that of "prod": judged as production`},
		{"an entry, against one that nobody lists", "prod-us shop apps/listed/x apps/listed", `/ prod: the configuration names environment "dev", and no environment lists the destination "prod-us" under its targets: judged as production`},
		{"an entry for production, against one of dev", "dev-eu shop apps/x apps/prod/listed", `prod/ prod: the configuration names environment "prod", and the destination "dev-eu" is that of "dev": judged as production`},
		{"an entry for production, against one that nobody lists", "prod-us shop apps/x apps/prod/listed", "prod/ prod"},
		{"an entry, in the cluster of the controller", "in-cluster shop apps/listed/x apps/listed", "dev/ non-prod"},
		{"an entry, of the same environment", "dev-eu shop apps/listed/x apps/listed", "dev/eu non-prod"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			words := append(strings.Fields(c.hint), "")
			h := Hint{Namespace: words[1], Paths: []string{words[2]}, Unit: words[3]}
			if strings.Contains(words[0], "://") {
				h.Server = words[0]
			} else {
				h.Cluster = words[0]
			}
			s := r.Scope(h)
			got := s.Environment + "/" + s.Target + " " + string(s.Class)
			if said := strings.TrimSpace(s.Conflict + s.Settled); said != "" {
				got += ": " + said
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDestinationWithoutAddresses: where no environment says which clusters are
// its own, a destination says nothing.
func TestDestinationWithoutAddresses(t *testing.T) {
	t.Parallel()
	r := NewResolver(parse(t, `
environments:
  - {name: prod, class: prod, paths: ["**/prod/**"], targets: [{name: eu, account: "1111"}]}
  - {name: dev, class: non-prod, paths: ["**/dev/**"]}
`), ResolverInput{})
	want := Scope{Environment: "dev", Class: NonProd, ServiceOrigin: ""}
	got := r.Scope(Hint{Cluster: "anything", Paths: []string{"apps/dev/x"}})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
