package terraform

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// notLinked are the parts of a plan JSON of which nothing is made that is not said
// elsewhere.
var notLinked = regexp.MustCompile(`^(format_version|timestamp|applyable|complete|checks|planned_values|prior_state|relevant_attributes)$|` +
	`^configuration\..*\.(address|schema_version)$|^configuration\.root_module\.variables\.\w+\.default$|^resource_changes\[\d+\]\.index$`)

// vainMark says whether a mark hides a text that may be a secret by the schema of its
// provider, or nothing. No rule takes what is hidden for harmless.
func vainMark(root map[string]any, at source.Path) bool {
	if len(at) < 4 || at[0] != "resource_changes" || at[3] != "before_sensitive" && at[3] != "after_sensitive" {
		return false
	}
	path := slices.Clone(at)
	path[3] = strings.TrimSuffix(path[3].(string), "_sensitive")
	switch v := doc.At(root, path...).(type) {
	case nil:
		return true
	case string:
		return !plainText(v)
	}
	return false
}

// Every single leaf of a plan JSON is compared with the binary plan, but for those
// of which nothing is made.
func TestPlanLinkWhole(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"planfile", "programs"} {
		binary, err1 := os.ReadFile("testdata/" + dir + "/tfplan")
		plan, err2 := os.ReadFile("testdata/" + dir + "/plan.json")
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		b, err := ReadPlanBinary("tfplan", binary)
		if err != nil {
			t.Fatal(err)
		}
		var root map[string]any
		if err := json.Unmarshal(plan, &root); err != nil {
			t.Fatal(err)
		}
		verified := func() bool {
			data, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ReadPlan("plan.json", data, b)
			return err == nil && p.Stack.PlanLink == facts.PlanVerified
		}
		if !verified() {
			t.Fatalf("%s: the plan is not verified", dir)
		}
		tried, passed := 0, 0
		var walk func(v any, at source.Path)
		walk = func(v any, at source.Path) {
			at = slices.Clip(at)
			if notLinked.MatchString(at.String()) || dir == "planfile" && len(at) == 4 && (at[3] == "before" || at[3] == "after") {
				return // the latter in TestPlanLinkEveryLeaf
			}
			try := func(what string, change, back func()) {
				tried++
				change()
				if verified() && !vainMark(root, at) {
					passed++
					t.Errorf("%s: %s %s is not noticed", dir, what, at)
				}
				back()
			}
			set := func(v any) {
				switch parent := doc.At(root, at[:len(at)-1]...).(type) {
				case map[string]any:
					parent[at[len(at)-1].(string)] = v
				case []any:
					parent[at[len(at)-1].(int)] = v
				}
			}
			switch v := v.(type) {
			case map[string]any:
				for _, k := range slices.Sorted(maps.Keys(v)) {
					walk(v[k], append(at, k))
				}
			case []any:
				for i, e := range v {
					walk(e, append(at, i))
				}
			case nil:
				try("a value at", func() { set("planted") }, func() { set(nil) })
			case bool:
				try("another", func() { set(!v) }, func() { set(v) })
			case string:
				if at[len(at)-1] == "provider_config_key" && v == "aws" && dir == "programs" {
					try("another", func() { set("aws.west") }, func() { set(v) })
				} else if at[len(at)-1] != "provider_config_key" { // one that is no configuration says nothing
					try("another", func() { set(v + "x") }, func() { set(v) })
				}
			case float64:
				try("another", func() { set(v + 1) }, func() { set(v) })
			}
		}
		walk(root, nil)
		t.Logf("%s: %d leaves, %d not noticed", dir, tried, passed)
	}
}
