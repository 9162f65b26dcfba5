package transition

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/terraform"
	"gate/internal/transition/transitiontest"
)

// realPlans are plan JSONs by name: those of the repository, or of the folder plans
// of $CORPUS.
func realPlans(t *testing.T) map[string][]byte {
	t.Helper()
	patterns := []string{"../terraform/testdata/plans/*.json", "../terraform/testdata/planfile/*.json", "../terraform/testdata/drift/*-change.json", "../terraform/testdata/programs/*.json"}
	if dir := os.Getenv("CORPUS"); dir != "" {
		patterns = []string{filepath.Join(dir, "plans", "*.json"), filepath.Join(dir, "plans", "*.json.gz")}
	}
	out, err := transitiontest.Read(patterns...)
	if err != nil || len(out) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	return out
}

// ofPlan is what the plan does, and its digest.
func ofPlan(t *testing.T, root map[string]any) (Transition, string) {
	t.Helper()
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	p, err := terraform.ReadPlan("plan.json", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Stack.ID, p.Stack.Path, p.Stack.Problems = "stack:s", "s", p.Problems
	f := &facts.Facts{Resources: p.Resources, Terraform: facts.Terraform{Stacks: []facts.Stack{p.Stack}}}
	for i := range f.Resources {
		r := &f.Resources[i]
		r.Stack, r.ID = "s", "terraform:s:"+r.Address+strings.TrimSuffix("#"+r.Deposed, "#")
	}
	tr, err := Of(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tr.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return tr, d
}

// Each single change of what a real plan does has a digest of its own, or none but
// of a plan that may be bound exactly only. What does not matter changes nothing.
func TestSingleChangesOfPlans(t *testing.T) {
	t.Parallel()
	tried, collisions := 0, 0
	for name, data := range realPlans(t) {
		if strings.HasPrefix(name, "drift/0.15") { // without marks and references
			continue
		}
		root, err := transitiontest.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		_, want := ofPlan(t, root)
		if want == "" {
			continue
		}
		for _, m := range transitiontest.Noise() {
			if _, got := ofPlan(t, m.Of(root)); got != want {
				t.Errorf("%s: %s: another digest", name, m.Name)
			}
		}
		seen := map[string]string{want: "the plan itself"}
		for _, m := range transitiontest.Sample(transitiontest.Substance(root), max(20, 40<<20/len(data))) { // of large plans a sample
			tr, got := ofPlan(t, m.Of(root))
			if tried++; got == "" {
				continue
			}
			if other, taken := seen[got]; taken {
				collisions++
				t.Errorf("%s: %s: the digest of %s (%s)", name, m.Name, other, tr.Binding())
			}
			seen[got] = m.Name
		}
	}
	t.Logf("%d single changes, %d collisions", tried, collisions)
	if tried < 300 {
		t.Errorf("only %d single changes", tried)
	}
}
