package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/pipeline"
)

// What tells runs over one repository apart is the same in each clone of it, and
// from commit to commit.
func TestOf(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	for _, dir := range []string{"a/.git", "a/infra/prod", "elsewhere/clone/.git", "elsewhere/clone/infra/prod"} {
		if err := os.MkdirAll(filepath.Join(top, filepath.FromSlash(dir)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(dir string) pipeline.Options { return pipeline.Options{Dir: filepath.Join(top, dir)} }
	with := func(change func(*pipeline.Options)) pipeline.Options {
		o := at("a")
		change(&o)
		return o
	}
	for _, c := range []struct {
		name string
		o    pipeline.Options
		want []string
	}{
		{"top", at("a"), []string{"config ", "in ."}},
		{"below", at("a/infra/prod"), []string{"config ", "in infra/prod"}},
		{"another clone", at("elsewhere/clone/infra/prod"), []string{"config ", "in infra/prod"}},
		{"configuration", with(func(o *pipeline.Options) { o.Config = "x.yaml" }), []string{"config x.yaml", "in ."}},
		{"environments", with(func(o *pipeline.Options) { o.Environments = []string{"b", "a"} }), []string{"config ", "in .", "environment a", "environment b"}},
		{"plans", with(func(o *pipeline.Options) { o.Plans = []pipeline.Input{{Stack: "db", File: "/tmp/17"}} }), []string{"config ", "in .", "plan of db"}},
		{"drift", with(func(o *pipeline.Options) { o.Drift = true }), []string{"config ", "in .", "drift"}},
	} {
		if diff := cmp.Diff(c.want, (&request{Options: c.o}).of()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
