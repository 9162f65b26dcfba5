package join

import (
	"testing"

	"gate/internal/config"
	"gate/internal/facts"
)

func TestClusters(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{Environments: []config.Environment{
		{Name: "prod", Targets: []config.Target{{Name: "eu", Cluster: "prod-eu"}, {Name: "us", Cluster: "prod-us"}, {Name: "a", Cluster: "twice"}, {Name: "b", Cluster: "twice"}}},
		{Name: "dev", Targets: []config.Target{{Name: "only"}}},
		{Name: "none"},
	}}
	of := func(id, environment, target string) facts.Unit {
		return facts.Unit{Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: environment, Target: target}}}
	}
	units := []facts.Unit{of("root", "prod", ""), of("eu", "prod", "eu"), of("app", "prod", ""), of("deep", "prod", ""), of("dev", "dev", "only")}
	for _, c := range []struct {
		name        string
		deployed    map[string]Deployment
		environment string
		target      string
		unit        string
		want        cluster
	}{
		{"its own target", nil, "prod", "us", "app", cluster{"target us", true}},
		{"nothing deploys it", nil, "prod", "", "app", cluster{"root app", false}},
		{"the only target of its environment", nil, "dev", "", "app", cluster{"target only", true}},
		{"an environment without targets", nil, "none", "", "app", cluster{"root app", false}},
		{"a destination that a target names", map[string]Deployment{"app": {By: "root", Cluster: "prod-us"}}, "prod", "", "app", cluster{"target us", true}},
		{"a destination that two targets name", map[string]Deployment{"app": {By: "root", Cluster: "twice"}}, "prod", "", "app", cluster{"cluster twice", true}},
		{"a destination that no target names", map[string]Deployment{"app": {By: "root", Server: "https://10.0.0.1"}}, "prod", "", "app", cluster{"cluster https://10.0.0.1", true}},
		{"a destination is nearer than the only target", map[string]Deployment{"app": {Cluster: "far"}}, "dev", "", "app", cluster{"cluster far", true}},
		{"the cluster of Argo CD", map[string]Deployment{"app": {By: "root", Server: "https://kubernetes.default.svc/"}}, "prod", "", "app", cluster{"root root", false}},
		{"the cluster of Argo CD by name", map[string]Deployment{"app": {By: "eu", Cluster: "in-cluster"}}, "prod", "", "app", cluster{"target eu", true}},
		{"the cluster of Flux", map[string]Deployment{"app": {By: "deep"}, "deep": {By: "root"}}, "prod", "", "app", cluster{"root root", false}},
		{"a destination further up", map[string]Deployment{"app": {By: "deep"}, "deep": {By: "root", Cluster: "prod-eu"}}, "prod", "", "app", cluster{"target eu", true}},
		{"the target of another environment is no answer", map[string]Deployment{"app": {By: "dev"}}, "prod", "", "app", cluster{"root dev", false}},
		{"the deployer is not rendered", map[string]Deployment{"app": {}}, "prod", "", "app", cluster{"root app", false}},
		{"a root that deploys itself", map[string]Deployment{"app": {By: "root"}, "root": {By: "root"}}, "prod", "", "app", cluster{"root root", false}},
		{"roots that deploy one another", map[string]Deployment{"app": {By: "root"}, "root": {By: "deep"}, "deep": {By: "root"}}, "prod", "", "app", cluster{"root deep", false}},
		{"and from the other one", map[string]Deployment{"app": {By: "deep"}, "root": {By: "deep"}, "deep": {By: "root"}}, "prod", "", "app", cluster{"root deep", false}},
	} {
		scope := facts.Scope{Environment: c.environment, Target: c.target}
		if got := NewClusters(cfg, units, c.deployed).of(scope, c.unit); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if got := (Clusters{}).of(facts.Scope{Environment: "prod"}, "app"); got != (cluster{"root app", false}) {
		t.Errorf("without anything: got %v", got)
	}
}
