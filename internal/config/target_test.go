package config

import (
	"slices"
	"testing"
)

func TestServes(t *testing.T) {
	t.Parallel()
	e := Environment{Targets: []Target{
		{Name: "eu", KubeVersion: "1.33", APIVersions: []string{"b/v1", "a/v1"}},
		{Name: "us", KubeVersion: "1.33", APIVersions: []string{"a/v1"}},
		{Name: "ap", KubeVersion: "1.34", APIVersions: []string{"a/v1", "b/v1"}},
	}}
	only := func(names ...string) Environment {
		return Environment{Targets: slices.DeleteFunc(slices.Clone(e.Targets), func(t Target) bool { return !slices.Contains(names, t.Name) })}
	}
	for _, c := range []struct {
		name, target, version string
		of                    Environment
		apis                  []string
	}{
		{"one by name", "us", "1.33", e, []string{"a/v1"}},
		{"all of them", "", "", e, nil},
		{"the same version", "", "1.33", only("eu", "us"), nil},
		{"the same APIs in another order", "", "", only("eu", "ap"), []string{"a/v1", "b/v1"}},
		{"the only one", "", "1.34", only("ap"), []string{"a/v1", "b/v1"}},
		{"none", "", "", Environment{}, nil},
		{"one that is not there", "xx", "", e, nil},
	} {
		version, apis := c.of.Serves(c.target)
		if version != c.version || !slices.Equal(apis, c.apis) {
			t.Errorf("%s: got %q %q, want %q %q", c.name, version, apis, c.version, c.apis)
		}
	}
}
