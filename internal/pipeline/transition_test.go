package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// changeFacts makes a repository of two commits, whose files stand behind lines
// "-- name --", and returns the facts of the change.
func changeFacts(t *testing.T, base, head string) (*facts.Facts, *run) {
	t.Helper()
	dir := t.TempDir()
	ctx := context.Background()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "commit.gpgSign=false", "-c", "user.name=Author", "-c", "user.email=author@example.com"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", args[0], err, out)
		}
	}
	git("init", "-q", "-b", "base")
	for i, text := range []string{base, head} {
		if i == 1 {
			git("rm", "-q", "-r", "--ignore-unmatch", ".")
		}
		for file := range strings.SplitSeq("\n"+text, "\n-- ") {
			name, data, ok := strings.Cut(file, " --\n")
			if !ok {
				continue
			}
			name = filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(strings.TrimSuffix(data, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if i == 1 {
			git("checkout", "-q", "-b", "head")
		}
		git("add", "-A", "-f")
		git("commit", "-q", "--allow-empty", "-m", "commit")
	}
	r, err := open(ctx, Options{Dir: dir, Tool: "test", PolicyRef: "base", Base: "base", Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close() })
	if err := r.discover(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.read(ctx); err != nil {
		t.Fatal(err)
	}
	return &r.facts, r
}

// told writes what is said of each object that is not unchanged, and what of
// the base failed.
func told(r *run) []string {
	var out []string
	line := func(o facts.Object) {
		if o.Change == nil {
			out = append(out, "unknown "+o.ID)
			return
		}
		if o.Change.Action == "unchanged" {
			return
		}
		s := o.Change.Action + " " + o.ID
		if o.Environment != "" {
			s += " in " + o.Environment
		}
		if len(o.Change.Paths) > 0 {
			s += ": " + strings.Join(o.Change.Paths, " ")
		}
		if o.Change.From != "" {
			s += " from " + o.Change.From
		}
		if o.Change.Action == "deleted" {
			at := r.locators[o.ID].Locate(nil)
			s += fmt.Sprintf(" at %s:%d", at.File, at.Line)
		}
		out = append(out, s)
	}
	for _, o := range r.facts.Objects {
		line(o)
	}
	for _, o := range r.facts.DeletedObjects {
		line(o)
	}
	for _, e := range r.ledger {
		if e.Kind == "base" && e.State == facts.Failed {
			out = append(out, "failed "+e.ID)
		}
	}
	return out
}

const (
	chartYAML  = "-- chart/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\n"
	configA    = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
	configB    = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {k: v}\n"
	configured = `-- .gate.yaml --
apiVersion: gate/v1
environments:
  - {name: prod, class: prod, paths: ["prod/**"]}
  - {name: dev, class: non-prod, paths: ["dev/**"]}
`
)

func TestTransitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, base, head string
		want             []string
	}{
		{"values of a chart",
			chartYAML + "-- chart/values.yaml --\ncount: 1\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {count: {{ .Values.count | quote }}}\n",
			chartYAML + "-- chart/values.yaml --\ncount: 2\n-- chart/templates/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {count: {{ .Values.count | quote }}}\n",
			[]string{"updated helm:chart#/ConfigMap/default/a: data.count"}},
		{"a template of a chart is gone",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n" + configB,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			[]string{"deleted helm:chart#/ConfigMap/default/b at chart/Chart.yaml:1"}},
		{"a whole chart is gone",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- README.md --\nx\n", "-- README.md --\nx\n",
			[]string{"deleted helm:chart#/ConfigMap/default/a at chart/templates/a.yaml:0"}},
		{"a dependency of a chart",
			chartYAML + "dependencies: [{name: lib, version: 1.0.0, repository: \"file://../lib\"}]\n-- lib/Chart.yaml --\napiVersion: v2\nname: lib\nversion: 1.0.0\n-- lib/templates/a.yaml --\n" + configA,
			chartYAML + "dependencies: [{name: lib, version: 1.0.0, repository: \"file://../lib\"}]\n-- lib/Chart.yaml --\napiVersion: v2\nname: lib\nversion: 1.0.0\n-- lib/templates/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated helm:chart#/ConfigMap/default/a: data.k"}},
		{"a kustomization no longer lists a file",
			"-- k/kustomization.yaml --\nresources: [a.yaml, b.yaml]\n-- k/a.yaml --\n" + configA + "-- k/b.yaml --\n" + configB,
			"-- k/kustomization.yaml --\nresources: [a.yaml]\n-- k/a.yaml --\n" + configA,
			[]string{"deleted kustomize:k#/ConfigMap//b at k/kustomization.yaml:1"}},
		{"a base of two overlays",
			"-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --\n" + configA + "-- prod/kustomization.yaml --\nresources: [../base]\n-- dev/kustomization.yaml --\nresources: [../base]\n" + configured,
			"-- base/kustomization.yaml --\nresources: [a.yaml]\n-- base/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1) + "-- prod/kustomization.yaml --\nresources: [../base]\n-- dev/kustomization.yaml --\nresources: [../base]\n" + configured,
			[]string{"updated kustomize:dev#/ConfigMap//a in dev: data.k", "updated kustomize:prod#/ConfigMap//a in prod: data.k"}},
		{"moved within an environment, and into another one",
			configured + "-- prod/x/a.yaml --\n" + configA + "-- prod/x/b.yaml --\n" + configB,
			configured + "-- prod/y/a.yaml --\n" + configA + "-- dev/b.yaml --\n" + configB,
			[]string{
				"created manifests:dev#/ConfigMap//b in dev",
				"moved manifests:prod/y#/ConfigMap//a in prod from manifests:prod/x#/ConfigMap//a",
				"deleted manifests:prod/x#/ConfigMap//b in prod at dev/b.yaml:1"}},
		{"one of several documents is gone",
			"-- a.yaml --\n" + configA + "---\n" + configB + "---\n" + strings.Replace(configB, "name: b", "name: c", 1),
			"-- a.yaml --\n" + configA + "---\n" + strings.Replace(configB, "name: b", "name: c", 1),
			[]string{"deleted manifests:.#/ConfigMap//b at a.yaml:8"}},
		{"a custom kind without a namespace whose definition the change does not touch",
			"-- crd/crd.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n" +
				chartYAML + "-- chart/templates/a.yaml --\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {n: 1}\n",
			"-- crd/crd.yaml --\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n" +
				chartYAML + "-- chart/templates/a.yaml --\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {n: 2}\n",
			[]string{"updated helm:chart#example.com/Thing//a: spec.n"}},
		{"a base that cannot be rendered says nothing of its objects",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- plain/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"unknown helm:chart#/ConfigMap/default/a", "updated manifests:plain#/ConfigMap//a: data.k", "failed helm:chart"}},
		{"nor does one that the change leaves alone",
			chartYAML + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n-- plain/a.yaml --\n" + strings.Replace(configA, "k: v", "k: w", 1),
			[]string{"updated manifests:plain#/ConfigMap//a: data.k"}},
		{"what the head cannot render is not deleted",
			chartYAML + "-- chart/templates/a.yaml --\n" + configA,
			chartYAML + "-- chart/templates/a.yaml --\n" + configA + "-- chart/templates/b.yaml --\n{{ fail \"no\" }}\n",
			nil},
		{"a file of the base that is no YAML",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b\n",
			"-- plain/a.yaml --\n" + configA + "-- plain/b.yaml --\n" + configB,
			[]string{"created manifests:plain#/ConfigMap//b", "failed plain/b.yaml"}},
		{"a manifest is listed by a new kustomization",
			"-- k/a.yaml --\n" + configA,
			"-- k/a.yaml --\n" + configA + "-- k/kustomization.yaml --\nresources: [a.yaml]\n",
			[]string{"moved kustomize:k#/ConfigMap//a from manifests:k#/ConfigMap//a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, r := changeFacts(t, c.base, c.head)
			if diff := cmp.Diff(c.want, told(r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What only documents change needs no second look at the base.
func TestBaseIsNotReadInVain(t *testing.T) {
	t.Parallel()
	_, r := changeFacts(t, "-- plain/a.yaml --\n"+configA+"-- docs/a.md --\nx\n", "-- plain/a.yaml --\n"+configA+"-- docs/a.md --\ny\n-- main.tf --\n")
	if r.before == nil || r.before.inv != nil {
		t.Error("the base was read")
	}
	if c := r.facts.Objects[0].Change; c == nil || c.Action != "unchanged" {
		t.Errorf("change %v", c)
	}
}

// Neither the secret of the base nor that of the head stands in the facts.
func TestTransitionsHideSecrets(t *testing.T) {
	t.Parallel()
	secret := func(name, value string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData: {password: " + value + "}\n"
	}
	f, r := changeFacts(t,
		"-- a.yaml --\n"+secret("a", "Tr0ub4dor-first")+"---\n"+secret("b", "Tr0ub4dor-gone"),
		"-- a.yaml --\n"+secret("a", "Tr0ub4dor-second"))
	want := []string{"updated manifests:.#/Secret//a: stringData.password", "deleted manifests:.#/Secret//b at a.yaml:4"}
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Error(diff)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "Tr0ub4dor") {
		t.Errorf("a secret stands in the facts: %s", text)
	}
}

func TestMapLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		line, want    int
	}{
		{"a\nb\nc\n", "a\nc\n", 2, 2},
		{"a\nb\nc\n", "a\nc\n", 3, 2},
		{"a\nb\nc\n", "a\nb\n", 3, 2},
		{"a\nb\nc\n", "a\nx\nc\n", 1, 2},
		{"a\n", "", 1, 1},
		{"a\nb\n", "a\nb\n", 1, 1},                                 // a renamed file
		{"a\nkeep\n}\nM\nend\n", "b\nkeep\n}\nlast\n", 4, 4},       // another change above
		{"a\n}\nkeep\n}\nM\nend\n", "b\n}\nkeep\n}\nlast\n", 5, 5}, // behind lines that stand twice
		{"a\nM\nb\n", "x\ny\n", 2, 1},
	} {
		split := func(s string) (out [][]byte) {
			for l := range strings.SplitSeq(s, "\n") {
				out = append(out, []byte(l))
			}
			return out
		}
		if got := mapLine(split(c.before), split(c.after), c.line); got != c.want {
			t.Errorf("line %d of %q in %q: %d, want %d", c.line, c.before, c.after, got, c.want)
		}
	}
}
