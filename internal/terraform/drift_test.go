package terraform

import (
	"encoding/json"
	"os"
	"path/filepath"
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

// Terraform 0.15.4 to 1.0.0 wrote no addresses into resource_drift, and an entry for
// every resource: https://github.com/hashicorp/terraform/pull/28975. This plan is one of
// a later version in that form.
func TestDriftWithoutAddresses(t *testing.T) {
	t.Parallel()
	want, data := readPlan(t, "11-aws-db-replace-drift")
	var plan map[string]any
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	var drift []any
	for _, d := range doc.List(plan, "resource_drift") {
		same, _ := doc.Clone(d).(map[string]any)
		same["name"] = "unchanged"
		same["change"] = map[string]any{"actions": []any{"update"}, "before": map[string]any{"a": "b"}, "after": map[string]any{"a": "b"}}
		drift = append(drift, d, same)
	}
	for _, d := range drift {
		delete(doc.Map(d), "address")
	}
	plan["resource_drift"] = drift
	text, _ := json.Marshal(plan)
	got, err := ReadPlan("11-aws-db-replace-drift.json", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Stack.Drift) == 0 {
		t.Fatal("the plan has no drift")
	}
	if diff := cmp.Diff(want.Stack.Drift, got.Stack.Drift); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
