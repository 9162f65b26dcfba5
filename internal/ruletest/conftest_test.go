package ruletest

import (
	"encoding/json"
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
	fixtures, err := filepath.Glob(filepath.Join(rules, "*", "*", "testdata", "bad*"))
	if err != nil || len(fixtures) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, fixture := range fixtures {
		t.Run(strings.TrimPrefix(filepath.ToSlash(fixture), "../../rules/"), func(t *testing.T) {
			opts, err := lay(t.Context(), fixture, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
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
