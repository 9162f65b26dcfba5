package terraform

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/doc"
)

// Plans of Terraform 1.11.4 that list no resource: nothing to destroy, and nothing
// that changed outside of Terraform. The latter says nothing of a change.
func TestPlansThatListNothing(t *testing.T) {
	t.Parallel()
	unplanned := "the plan lists no resource although its configuration declares 2 and the state holds some: it was made with -refresh-only"
	for name, c := range map[string]struct{ change, drift []string }{
		"40-destroy-of-nothing":         {nil, nil},
		"41-refresh-only-clean":         {[]string{unplanned}, nil},
		"02-update-replace-delete-move": {nil, []string{"the plan is not refresh-only: it plans delete-create of module.net[\"a\"].terraform_data.this"}},
	} {
		p, _ := readPlan(t, name)
		p.mustChange()
		if diff := cmp.Diff(c.change, p.Problems); diff != "" {
			t.Errorf("%s as a plan of a change: -want +got\n%s", name, diff)
		}
		p, _ = readPlan(t, name)
		p.mustRefreshOnly()
		if diff := cmp.Diff(c.drift, p.Problems); diff != "" || p.Stack.Complete != (c.drift == nil) {
			t.Errorf("%s as a plan of drift: -want +got\n%s complete: %t", name, diff, p.Stack.Complete)
		}
	}
}

// A plan from which the changes were cut, and one that shows what it would make of
// them, are no plans of nothing.
func TestPlanWithoutItsChanges(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "plans", "11-aws-db-replace-drift.json"))
	if err != nil {
		t.Fatal(err)
	}
	var plan map[string]any
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	delete(plan, "resource_changes")
	delete(plan, "resource_drift")
	for _, member := range []string{"", "planned_values"} {
		delete(plan, member)
		text, _ := json.Marshal(plan)
		p, err := ReadPlan("p", text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Problems) != 1 || p.Stack.Complete {
			t.Errorf("without %q: %v", member, p.Problems)
		}
	}
}

// readDrift reads a plan of testdata/drift.
func readDrift(t *testing.T, name string, edit func(plan map[string]any)) *Plan {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "drift", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		var plan map[string]any
		if err := json.Unmarshal(data, &plan); err != nil {
			t.Fatal(err)
		}
		edit(plan)
		data, _ = json.Marshal(plan)
	}
	p, err := ReadPlan(name+".json", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(map[string]any{"r": p.Resources, "s": p.Stack, "p": p.Problems}); bytes.Contains(text, []byte("hunter22")) {
		t.Errorf("%s tells the password", name)
	}
	return p
}

// What drifted, by address; of an update its paths.
func drifts(p *Plan) map[string]string {
	out := map[string]string{}
	for _, d := range p.Stack.Drift {
		out[d.Address] = strings.Join(append([]string{strings.Join(d.Actions, "-")}, d.Change.Paths...), " ")
	}
	return out
}

// Plans of each version say the same of what changed outside of Terraform, though
// 0.15.4 to 1.0.0 wrote neither addresses nor indices, and an entry for every resource:
// https://github.com/hashicorp/terraform/pull/28975.
func TestDriftOfVersions(t *testing.T) {
	t.Parallel()
	const group, db, bucket = "aws_autoscaling_group.web", "aws_db_instance.main", `].aws_s3_bucket.this[`
	gone := func(last string) map[string]string {
		return map[string]string{
			`module.logs["a"` + bucket + "0]": "update force_destroy", `module.logs["a"` + bucket + "1]": "update force_destroy",
			`module.logs["b"` + bucket + "0]": "update force_destroy", `module.logs["b"].aws_s3_bucket.this` + last: "delete",
		}
	}
	both := map[string]string{group: "update desired_capacity", db: "update publicly_accessible"}
	known := map[string]string{group: "update desired_capacity"}
	unplanned := "the plan lists no resource although its configuration declares 2 and the state holds some: it was made with -refresh-only"
	changes := "the plan is not refresh-only: it plans update of aws_autoscaling_group.web"
	for name, c := range map[string]struct {
		drift             map[string]string
		ofChange, ofDrift string // problem of the plan
	}{
		"0.15.5-drift":              {both, unplanned, ""},
		"1.0.0-drift":               {both, unplanned, ""},
		"1.0.11-drift":              {both, unplanned, ""},
		"1.1.9-drift":               {both, unplanned, ""},
		"1.11.4-drift":              {both, unplanned, ""},
		"0.15.5-known":              {known, unplanned, ""},
		"1.11.4-known":              {known, unplanned, ""},
		"0.15.5-instances":          {gone(""), unplanned, ""}, // which of them is gone stands nowhere
		"1.11.4-instances":          {gone("[1]"), unplanned, ""},
		"0.15.5-clean":              {map[string]string{}, unplanned, ""},
		"1.11.4-clean":              {map[string]string{}, unplanned, ""},
		"0.15.5-destroy-of-nothing": {map[string]string{}, "", ""},
		"1.11.4-destroy-of-nothing": {map[string]string{}, "", ""},
		"0.15.5-change":             {known, "", changes},
		"1.11.4-change":             {known, "", changes},
	} {
		p := readDrift(t, name, nil)
		if diff := cmp.Diff(c.drift, drifts(p)); diff != "" {
			t.Errorf("%s: what drifted (-want +got):\n%s", name, diff)
		}
		p.mustChange()
		if got := strings.Join(p.Problems, "; "); got != c.ofChange || p.Stack.Complete != (c.ofChange == "") {
			t.Errorf("%s as a plan of a change: %q, want %q; complete: %t", name, got, c.ofChange, p.Stack.Complete)
		}
		p = readDrift(t, name, nil)
		p.mustRefreshOnly()
		if got := strings.Join(p.Problems, "; "); got != c.ofDrift || p.Stack.Complete != (c.ofDrift == "") {
			t.Errorf("%s as a plan of drift: %q, want %q; complete: %t", name, got, c.ofDrift, p.Stack.Complete)
		}
	}
}

// Two instances that are gone, and two of the same values, stand nowhere twice.
func TestDriftOfEqualInstances(t *testing.T) {
	t.Parallel()
	want := drifts(readDrift(t, "0.15.5-instances", nil))
	p := readDrift(t, "0.15.5-instances", func(plan map[string]any) {
		for _, d := range doc.List(plan, "resource_drift") {
			if doc.At(d, "change", "after") == nil {
				plan["resource_drift"] = append(doc.List(plan, "resource_drift"), d)
				break
			}
		}
	})
	if diff := cmp.Diff(want, drifts(p)); diff != "" {
		t.Errorf("two are gone (-want +got):\n%s", diff)
	}
	p = readDrift(t, "0.15.5-instances", func(plan map[string]any) {
		var same any
		for _, d := range doc.List(plan, "resource_drift") {
			if doc.Text(d, "module_address") == `module.logs["a"]` {
				doc.Map(d)["change"] = firstOf(&same, doc.At(d, "change"))
			}
		}
		for _, m := range doc.List(plan, "prior_state", "values", "root_module", "child_modules") {
			for _, r := range doc.List(m, "resources") {
				if doc.Text(m, "address") == `module.logs["a"]` {
					doc.Map(r)["values"] = doc.At(same, "after")
				}
			}
		}
	})
	if diff := cmp.Diff(want, drifts(p)); diff != "" {
		t.Errorf("two are equal (-want +got):\n%s", diff)
	}
}

// firstOf is the first value that it was called with.
func firstOf(first *any, v any) any {
	if *first == nil {
		*first = v
	}
	return *first
}
