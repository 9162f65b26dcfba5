package ruletest

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gate/internal/pipeline"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/conftest/policy"
)

// The catalog says the same in conftest's engine, over the printed facts, as in
// gate before effects and waivers. Rules that were skipped because an input is
// missing do not know of it in conftest; they are left out.
func TestConftestSaysTheSame(t *testing.T) {
	rules := filepath.Join("..", "..", "rules")
	engine, err := policy.LoadWithData([]string{rules}, []string{filepath.Join(rules, "data")}, policy.CompilerOptions{RegoVersion: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	engine.ShowBuiltinErrors()
	found := map[string]bool{} // rules
	trees, ruleOf := badTrees(t, rules)
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		t.Run(name, func(t *testing.T) {
			opts := layTogether(t, rules, trees[name])
			judged, err := pipeline.Judge(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			skipped := map[string]bool{}
			for _, e := range judged.Ledger {
				if e.Kind == "rule" && e.State != "evaluated" {
					skipped[e.ID] = true
				}
			}
			var want []string
			for _, res := range judged.Results {
				if res.Verdict == "fail" {
					found[res.Rule] = true
					want = append(want, res.Rule+" "+res.Subject+" "+res.Path.String())
				}
			}
			doc, err := json.Marshal(judged.Facts)
			if err != nil {
				t.Fatal(err)
			}
			var facts any
			if err := json.Unmarshal(doc, &facts); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, ns := range engine.Namespaces() {
				id := ruleOfNamespace(ns)
				if id == "" || skipped[id] {
					continue
				}
				results, err := engine.Check(t.Context(), map[string]any{"/facts.json": facts}, ns)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					for _, f := range r.Failures {
						list, _ := f.Metadata["path"].([]any)
						p, err := toSourcePath(list)
						if err != nil {
							t.Fatal(err)
						}
						got = append(got, id+" "+f.Metadata["subject"].(string)+" "+p)
					}
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("gate and conftest differ (-gate +conftest):\n%s", diff)
			}
		})
	}
	for fixture, rule := range ruleOf {
		if !found[rule] {
			t.Errorf("%s: nothing is found by %s where both engines judge it: let it be judged alone", fixture, rule)
		}
	}
}

// badTrees are the bad fixtures by the tree that they are judged in, and the
// rule of each. Those that need nothing beside their own files share one for
// their category: to compile the catalog takes longer than to judge them.
func badTrees(t *testing.T, rules string) (trees map[string][]string, ruleOf map[string]string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(rules, "*", "*", "testdata", "bad*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	trees, ruleOf = map[string][]string{}, map[string]string{}
	for _, f := range found {
		fixture, err := filepath.Rel(rules, f)
		if err != nil {
			t.Fatal(err)
		}
		fixture = filepath.ToSlash(fixture)
		rule, _, _ := strings.Cut(fixture, "/testdata/")
		ruleOf[fixture] = rule
		tree, _, _ := strings.Cut(rule, "/")
		malformed := rule == "kubernetes/schema" || rule == "kubernetes/probes" // rules fail over it that judge the others
		if !slices.Contains([]string{"kubernetes", "iac", "secrets"}, tree) || malformed || standsAlone(t, f) {
			tree = fixture
		}
		trees[tree] = append(trees[tree], fixture)
	}
	return trees, ruleOf
}

// standsAlone says whether a fixture has inputs, a base, a configuration or
// something else that counts at the root of a tree only.
func standsAlone(t *testing.T, fixture string) bool {
	t.Helper()
	entries, err := os.ReadDir(fixture)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), ".") || fixtureInput.MatchString(e.Name()) && e.Name() != "want.tsv"
	})
}

// layTogether lays out one fixture, or several below directories of their own.
func layTogether(t *testing.T, rules string, fixtures []string) pipeline.Options {
	t.Helper()
	from := filepath.Join(rules, fixtures[0])
	if len(fixtures) > 1 {
		from = t.TempDir()
		for _, f := range fixtures {
			if err := copyTree(filepath.Join(rules, f), filepath.Join(from, filepath.Dir(filepath.Dir(f)), filepath.Base(f)), fixtureInput); err != nil {
				t.Fatal(err)
			}
		}
	}
	opts, err := lay(t.Context(), from, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return opts
}

// ruleOfNamespace turns gate.rules.kubernetes["image-digest"] into its rule.
func ruleOfNamespace(ns string) string {
	rest, ok := strings.CutPrefix(ns, "gate.rules")
	if !ok {
		return ""
	}
	parts := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(`.[]"`, r) })
	return strings.Join(parts, "/")
}

func toSourcePath(list []any) (string, error) {
	raw, err := json.Marshal(list)
	if err != nil {
		return "", err
	}
	var parts []any
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", err
	}
	path := make([]any, len(parts))
	for i, p := range parts {
		path[i] = p
		if n, ok := p.(float64); ok {
			path[i] = int(n)
		}
	}
	return source.Path(path).String(), nil
}
