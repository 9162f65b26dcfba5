package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkProgramPlan610, 6010 and 58000 are plans of so many resources, of
// about 2.6 KiB each; the goals are 0.5 s, 2 s and 200 MiB, and 1 GiB for the
// one of 150 MB.
func BenchmarkProgramPlan610(b *testing.B)   { benchmarkPlan(b, 610) }
func BenchmarkProgramPlan6010(b *testing.B)  { benchmarkPlan(b, 6010) }
func BenchmarkProgramPlan58000(b *testing.B) { benchmarkPlan(b, 58000) }

func benchmarkPlan(b *testing.B, resources int) {
	dir := b.TempDir()
	file := filepath.Join(b.TempDir(), "plan.json")
	if err := os.WriteFile(file, planOf(b, resources), 0o600); err != nil {
		b.Fatal(err)
	}
	run(b, program(b), 5, "check", dir, "--plan", file, "--format", "json")
}

// planOf repeats what the plan of the fixtures creates and replaces.
func planOf(b *testing.B, resources int) []byte {
	b.Helper()
	data, err := os.ReadFile("../internal/terraform/testdata/planfile/plan.json")
	if err != nil {
		b.Fatal(err)
	}
	var plan map[string]any
	if err := json.Unmarshal(data, &plan); err != nil {
		b.Fatal(err)
	}
	delete(plan, "resource_drift")
	changes, _ := plan["resource_changes"].([]any)
	var out []any
	for i := 0; len(out) < resources; i++ {
		for _, c := range changes {
			change, _ := c.(map[string]any)
			address, _ := change["address"].(string)
			if change["mode"] != "managed" || address == "" || address[len(address)-1] == ']' || len(out) == resources {
				continue
			}
			copied := map[string]any{}
			for k, v := range change {
				copied[k] = v
			}
			delete(copied, "previous_address")
			copied["address"], copied["index"] = fmt.Sprintf("%s[%d]", address, i), i
			out = append(out, copied)
		}
	}
	plan["resource_changes"] = out
	data, err = json.Marshal(plan)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
