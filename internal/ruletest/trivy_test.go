package ruletest

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"gate/internal/facts"
	"gate/internal/pipeline"
)

// The bars that the rules are held to, over the examples of one rule.
const (
	trivyFound   = 0.95 // of the bad examples are found
	trivyFlagged = 0.03 // of the good ones are flagged, at most
)

// trivyTable is interop/trivy/checks.yaml.
type trivyTable struct {
	Covered map[string][]string `yaml:"covered"`
	LeftOut map[string][]string `yaml:"leftOut"`
	NotBad  map[string]string   `yaml:"notBad"`
	Carries map[string]string   `yaml:"carries"`
}

// trivyExample is one Terraform example of a check.
type trivyExample struct {
	check, name, text string
	bad               bool
}

func (e trivyExample) id() string { return e.check + "/" + e.name }

// The rules find what the examples of trivy-checks call bad and leave alone
// what they call good. The module is pinned in interop/trivy; interop/run.sh
// says where it lies.
func TestTrivyExamples(t *testing.T) {
	dir := os.Getenv("GATE_TRIVY_CHECKS")
	if dir == "" {
		t.Skip("GATE_TRIVY_CHECKS is not set: make interop gives it")
	}
	var table trivyTable
	text, err := os.ReadFile(filepath.Join("..", "..", "interop", "trivy", "checks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	examples := trivyExamples(t, os.DirFS(filepath.Join(dir, "checks", "cloud")))
	ruleOf := table.rules(t, examples)
	var covered []trivyExample
	for _, e := range examples {
		if ruleOf[e.check] != "" {
			covered = append(covered, e)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(table.LeftOut)) {
		t.Logf("left out, %d checks: %s", len(table.LeftOut[reason]), reason)
	}
	found, failed := judgeExamples(t, covered, slices.Sorted(maps.Keys(table.Covered)))
	explained := map[string]bool{}
	for _, rule := range slices.Sorted(maps.Keys(table.Covered)) {
		var bad, good, hit, flagged, unknown, carries int
		for _, e := range covered {
			if ruleOf[e.check] != rule {
				continue
			}
			verdict := found[e.id()+" "+rule]
			switch {
			case failed[e.id()] != "" && verdict == "":
				t.Logf("%s: not judged: %s: %s", rule, e.id(), failed[e.id()])
			case e.bad && table.NotBad[e.id()] != "":
				t.Logf("%s: not bad: %s: %s", rule, e.id(), table.NotBad[e.id()])
			case e.bad:
				bad++
				if verdict == "fail" {
					hit++
				} else {
					t.Logf("%s: missed: %s", rule, e.id())
				}
			case verdict == "fail" && table.Carries[e.id()] != "":
				carries++
				explained[e.id()] = true
				t.Logf("%s: flagged for another fault: %s: %s", rule, e.id(), table.Carries[e.id()])
			default:
				good++
				switch verdict {
				case "fail":
					flagged++
					t.Logf("%s: flagged though good: %s", rule, e.id())
				case "unknown":
					unknown++
					t.Logf("%s: cannot be told: %s", rule, e.id())
				}
			}
		}
		recall, alarms := share(hit, bad, 1), share(flagged, good, 0)
		t.Logf("%s: %d of %d bad found (%.1f %%), %d of %d good flagged (%.1f %%), %d unknown, %d carry another fault",
			rule, hit, bad, 100*recall, flagged, good, 100*alarms, unknown, carries)
		if recall < trivyFound || alarms > trivyFlagged {
			t.Errorf("%s: found %.1f %%, want %.0f %%; flagged %.1f %%, want at most %.0f %%", rule, 100*recall, 100*trivyFound, 100*alarms, 100*trivyFlagged)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(table.Carries)) {
		if !explained[id] {
			t.Errorf("%s: checks.yaml says that it carries another fault, but it is not flagged", id)
		}
	}
}

// rules maps each check to its rule, and fails on a check that stands nowhere
// in the table or in two places.
func (table trivyTable) rules(t *testing.T, examples []trivyExample) map[string]string {
	out, left := map[string]string{}, map[string]bool{}
	for rule, checks := range table.Covered {
		for _, c := range checks {
			if out[c] != "" {
				t.Errorf("%s is covered twice", c)
			}
			out[c] = rule
		}
	}
	for _, checks := range table.LeftOut {
		for _, c := range checks {
			if out[c] != "" || left[c] {
				t.Errorf("%s stands twice in checks.yaml", c)
			}
			left[c] = true
		}
	}
	for _, e := range examples {
		if out[e.check] == "" && !left[e.check] {
			t.Errorf("%s stands nowhere in checks.yaml", e.check)
			left[e.check] = true
		}
	}
	return out
}

// trivyExamples reads the examples, sorted by check and name.
func trivyExamples(t *testing.T, fsys fs.FS) []trivyExample {
	var out []trivyExample
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".yaml" {
			return err
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		var doc struct {
			Terraform struct{ Good, Bad []string }
		}
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		check := strings.TrimSuffix(name, ".yaml")
		for i, text := range doc.Terraform.Good {
			out = append(out, trivyExample{check: check, name: fmt.Sprintf("good%d", i), text: text})
		}
		for i, text := range doc.Terraform.Bad {
			out = append(out, trivyExample{check: check, name: fmt.Sprintf("bad%d", i), text: text, bad: true})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 300 {
		t.Fatalf("only %d examples: is GATE_TRIVY_CHECKS the root of the module?", len(out))
	}
	slices.SortFunc(out, func(a, b trivyExample) int { return cmp.Compare(a.id(), b.id()) })
	return out
}

// judgeExamples judges each example as a root module of its own: the worst
// verdict by example and rule, and why an example could not be read.
func judgeExamples(t *testing.T, examples []trivyExample, rules []string) (found, failed map[string]string) {
	tree := t.TempDir()
	for _, e := range examples {
		dir := filepath.Join(tree, filepath.FromSlash(e.id()))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(e.text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	judged, err := pipeline.Judge(t.Context(), pipeline.Options{Dir: tree, Catalog: os.DirFS(filepath.Join("..", "..", "rules")), Rules: rules, Now: Now()})
	if err != nil {
		t.Fatal(err)
	}
	found, failed = map[string]string{}, map[string]string{}
	for _, res := range judged.Results {
		key := path.Dir(judged.Locate(res.Subject, res.Path).File) + " " + res.Rule
		if found[key] != "fail" {
			found[key] = res.Verdict
		}
	}
	for _, e := range judged.Ledger {
		if e.State == facts.Failed {
			failed[path.Dir(e.Place.File)] = e.Reason
		}
		if e.State == facts.Failed && e.Kind == "rule" {
			t.Errorf("%s failed: %s", e.ID, e.Reason)
		}
	}
	return found, failed
}

func share(part, whole int, empty float64) float64 {
	if whole == 0 {
		return empty
	}
	return float64(part) / float64(whole)
}
