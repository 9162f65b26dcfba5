package pipeline

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gate/internal/decide"
	"gate/internal/render"
	"gate/internal/results"
)

// marshalled is a value as readable text.
func marshalled(t *testing.T, v ...any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestKeptFacts checks over all changes that nothing is another for what earlier
// runs, over other trees, too, have kept.
func TestKeptFacts(t *testing.T) {
	t.Parallel()
	cache, builds := t.TempDir(), 0
	said := func(c *chain) string { return marshalled(t, c.facts(), c.record.Ledger, c.record.Notes, stepsOf(c)) }
	for _, list := range [][]changeCase{deployedChanges(), onceChanges(), variableChanges(), scopeChanges()} {
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				none := said(factsBy(t, c.base, c.head, Options{}))
				for range 2 {
					kept := factsBy(t, c.base, c.head, Options{Cache: cache, Results: true})
					if diff := cmp.Diff(none, said(kept)); diff != "" {
						t.Errorf("(-none +kept):\n%s", diff)
					}
					builds += kept.opened.results.Taken(render.KustomizeBuilds)
					if err := kept.opened.results.Flush(); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	if builds < 100 {
		t.Errorf("%d builds were taken over all cases: the test compares a run with itself", builds)
	}
}

// The values that keptRepository holds in the clear.
var keptSecrets = []string{"hR7vKq2LmXw9dF5sJt1B", "pZ3mTnQ8cVb6yHk4rWx2", "wY8bGdL5uNf7aEj3oSq9", "tR6cMsD1xPz8gBn4kQv7"}

const keptRepository = `
-- chart/Chart.yaml --
apiVersion: v2
name: chart
version: 1.0.0
-- chart/values.yaml --
password: hR7vKq2LmXw9dF5sJt1B
-- chart/templates/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: shop}
data: {key: {{ .Values.password | b64enc }}}
-- web/kustomization.yaml --
namespace: shop
resources: [d.yaml]
configMapGenerator: [{name: web, literals: [a=b]}]
-- web/d.yaml --
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      hostNetwork: true
      containers: [{name: web, image: "web:1"}]
-- db/kustomization.yaml --
namespace: shop
resources: [s.yaml]
secretGenerator: [{name: db, literals: [password=pZ3mTnQ8cVb6yHk4rWx2]}]
configMapGenerator: [{name: url, envs: [url.env]}]
-- db/url.env --
DB_PASSWORD=tR6cMsD1xPz8gBn4kQv7
-- db/s.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: s}
data: {a: b}
-- plain.yaml --
apiVersion: v1
kind: Secret
metadata: {name: plain, namespace: shop}
stringData: {password: wY8bGdL5uNf7aEj3oSq9}
`

// keptRun is what a run says, but for the field that says what was taken.
func keptRun(t *testing.T, o Options) (said string, taken decide.Cached) {
	t.Helper()
	o.Now, o.Local = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), !o.NeedTrusted
	out, err := Check(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	taken, out.Result.Cached = out.Result.Cached, decide.Cached{}
	decisions, err := out.Decisions(time.Hour, nil)
	if err != nil && o.NeedTrusted {
		t.Fatal(err)
	}
	return marshalled(t, out.Result, out.Facts, decisions), taken
}

// A whole run says the same without a cache, with an empty one, with a full one
// and with one that is poisoned; no secret lies in it.
func TestKeptRun(t *testing.T) {
	t.Parallel()
	dir, _ := history(t, keptRepository, strings.Replace(keptRepository, "hostNetwork: true", "hostNetwork: false", 1))
	for what, o := range map[string]Options{
		"tree": {Base: "HEAD"}, "change": {Base: "HEAD^"}, "no more than the change": {Base: "HEAD^", ChangedOnly: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o.Dir = dir
			none, _ := keptRun(t, o)
			o.Cache, o.Results = t.TempDir(), true
			check := func(when string, want bool) {
				t.Helper()
				said, taken := keptRun(t, o)
				if diff := cmp.Diff(none, said); diff != "" {
					t.Errorf("%s (-none +kept):\n%s", when, diff)
				}
				if is := taken.Files > 0 && taken.Builds > 0; is != want || !want && taken != (decide.Cached{}) {
					t.Errorf("%s: %+v taken", when, taken)
				}
			}
			check("empty", false)
			check("full", true)
			entries, err := os.ReadDir(filepath.Join(o.Cache, results.Directory))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				file := filepath.Join(o.Cache, results.Directory, e.Name())
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range keptSecrets {
					for _, form := range []string{s, base64.StdEncoding.EncodeToString([]byte(s))} {
						if strings.Contains(string(data), form) {
							t.Errorf("a secret lies in the cache: %q", data)
						}
					}
				}
				if err := os.WriteFile(file, append(data, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			check("poisoned", false)
			check("mended", true)
		})
	}
}

// A cache that cannot be used is said, and the run is what it is without.
func TestKeptNowhere(t *testing.T) {
	t.Parallel()
	dir, _ := history(t, keptRepository)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := Check(context.Background(), Options{Dir: dir, Local: true, Cache: file, Results: true})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if got := strings.Join(out.Result.Notes, "\n"); !strings.Contains(got, "no results are taken from the cache or kept there: ") {
		t.Errorf("notes:\n%s", got)
	}
}

// A decision rests on the results of others only where the configuration of the
// target branch names their directory.
func TestKeptForDecisions(t *testing.T) {
	t.Parallel()
	const rest = `apiVersion: gate/v1
environments: [{name: prod, class: prod, paths: ["**"]}]
optional: [pull-request, plan, protection, attestations, contract]
`
	for _, c := range []struct {
		name, config string // %s is the directory
		want         bool
	}{
		{"not named", "", false},
		{"another is named", "cache: {decisions: [%s/x]}\n", false},
		{"named", "cache: {decisions: [/var/cache/gate, %s]}\n", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cache := t.TempDir()
			named := c.config
			if strings.Contains(named, "%s") {
				named = fmt.Sprintf(named, cache)
			}
			config := "-- .gate.yaml --\n" + rest + named
			dir, _ := history(t, keptRepository+config, keptRepository+config+"-- a.txt --\nx\n")
			o := Options{Dir: dir, NeedTrusted: true, Base: "HEAD^"}
			none, _ := keptRun(t, o)
			o.Cache, o.Results = cache, true
			for i := range 3 {
				said, taken := keptRun(t, o)
				if diff := cmp.Diff(none, said); diff != "" {
					t.Errorf("(-none +kept):\n%s", diff)
				}
				if is := taken.Files > 0 && taken.Builds > 0; is != (c.want && i > 0) {
					t.Errorf("run %d: %+v taken", i, taken)
				}
			}
			o.NeedTrusted = false // what the decision has worked out serves others
			if _, taken := keptRun(t, o); taken.Files == 0 {
				t.Errorf("nothing is kept: %+v", taken)
			}
		})
	}
}
