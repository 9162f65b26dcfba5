package pipeline

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Which binary plan is compared with which plan JSON, and what is said of one
// that is compared with none.
func TestPlansPair(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		plans, binary []string // stacks
		want, failed  []string
	}{
		{name: "of one stack", plans: []string{"a"}, binary: []string{"a"}, want: []string{"plan:a + plan-file:a"}},
		{name: "each of its own stack", plans: []string{"a", "b"}, binary: []string{"b", "a"}, want: []string{"plan:a + plan-file:a", "plan:b + plan-file:b"}},
		{
			name: "two for one stack", plans: []string{"a"}, binary: []string{"a", "a"},
			want: []string{"plan:a + plan-file:a"}, failed: []string{"plan-file:a#2"},
		},
		{
			name: "two for two of one stack", plans: []string{"a", "a"}, binary: []string{"a", "a"},
			want: []string{"plan:a + plan-file:a", "plan:a#2 + plan-file:a#2"},
		},
		{name: "a single pair without a stack", plans: []string{""}, binary: []string{""}, want: []string{"plan + plan-file"}},
		{name: "a single binary without a stack", plans: []string{"a"}, binary: []string{""}, want: []string{"plan:a + plan-file"}},
		{name: "a single plan without a stack", plans: []string{""}, binary: []string{"a"}, want: []string{"plan + plan-file:a"}},
		{
			name: "without a stack, of two plans", plans: []string{"a", "b"}, binary: []string{""},
			want: []string{"plan:a", "plan:b"}, failed: []string{"plan-file"},
		},
		{name: "of another stack", plans: []string{"a"}, binary: []string{"b"}, want: []string{"plan:a"}, failed: []string{"plan-file:b"}},
		{
			name: "the exact one goes first", plans: []string{""}, binary: []string{"a", ""},
			want: []string{"plan + plan-file:a"}, failed: []string{"plan-file"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := Options{ReadInput: func(string) ([]byte, error) { return []byte("{}"), nil }}
			for _, s := range tt.plans {
				o.Plans = append(o.Plans, Input{Stack: s, File: "f"})
			}
			for _, s := range tt.binary {
				o.PlanFiles = append(o.PlanFiles, Input{Stack: s, File: "f"})
			}
			said := newRecord()
			var got, failed []string
			for _, f := range readPlans(&o, &said).files {
				if f.Binary != nil {
					f.Name += " + " + f.Binary.Name
				}
				got = append(got, f.Name)
			}
			for _, e := range said.Ledger {
				failed = append(failed, e.ID)
			}
			if diff := cmp.Diff([][]string{tt.want, tt.failed}, [][]string{got, failed}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A plan that cannot be read is an input that is missing, and its binary is
// compared with nothing.
func TestPlansUnread(t *testing.T) {
	t.Parallel()
	o := Options{
		Plans: []Input{{Stack: "a", File: "lost"}, {Stack: "b", File: "there"}}, PlanFiles: []Input{{Stack: "a", File: "there"}},
		ReadInput: func(file string) ([]byte, error) {
			if file == "lost" {
				return nil, fmt.Errorf("no %s", file)
			}
			return []byte("{}"), nil
		},
	}
	said := newRecord()
	p := readPlans(&o, &said)
	if len(p.files) != 1 || p.files[0].Name != "plan:b" || p.files[0].Binary != nil {
		t.Errorf("plans %v", p.files)
	}
	var failed []string
	for _, e := range said.Ledger {
		failed = append(failed, fmt.Sprint(e.Kind, " ", e.ID, " ", e.State))
	}
	if diff := cmp.Diff([]string{"input plan:a failed", "input plan-file:a failed"}, failed); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
