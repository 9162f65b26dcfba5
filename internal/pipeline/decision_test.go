package pipeline

import (
	"testing"

	"gate/internal/attest"
	"gate/internal/facts"
	"gate/internal/source/sourcetest"
	"gate/internal/terraform"

	"github.com/google/go-cmp/cmp"
)

// planned is a stack with a plan, in one environment and target.
func planned(path, environment, target, link string) facts.Stack {
	s := facts.Stack{Path: path, Plan: true, PlanLink: link}
	s.ID, s.Scope = "stack:"+path, facts.Scope{Environment: environment, Target: target}
	return s
}

// A decision binds the plans of its environment and target; it says that they
// were verified only if every one of them was.
func TestSubjectsOf(t *testing.T) {
	t.Parallel()
	verified, unverified := facts.PlanVerified, facts.PlanUnverified
	for _, tt := range []struct {
		name   string
		stacks []facts.Stack
		binary map[string]bool // stacks whose binary plan was handed in
		want   []string        // subjects with digests
		link   attest.PlanLink
	}{
		{name: "no stack", link: attest.NoPlan},
		{
			name: "one that is verified", stacks: []facts.Stack{planned("a", "prod", "eu", verified)}, binary: map[string]bool{"a": true},
			want: []string{"tfplan:a binary-a", "plan-json:a json-a"}, link: attest.PlanVerified,
		},
		{
			name: "one without its binary", stacks: []facts.Stack{planned("a", "prod", "eu", unverified)},
			want: []string{"plan-json:a json-a"}, link: attest.PlanUnverified,
		},
		{
			name:   "the first of two is unverified",
			stacks: []facts.Stack{planned("a", "prod", "eu", unverified), planned("b", "prod", "eu", verified)}, binary: map[string]bool{"b": true},
			want: []string{"plan-json:a json-a", "tfplan:b binary-b", "plan-json:b json-b"}, link: attest.PlanUnverified,
		},
		{
			name:   "the last of two is unverified",
			stacks: []facts.Stack{planned("a", "prod", "eu", verified), planned("b", "prod", "eu", unverified)}, binary: map[string]bool{"a": true, "b": true},
			want: []string{"tfplan:a binary-a", "plan-json:a json-a", "tfplan:b binary-b", "plan-json:b json-b"}, link: attest.PlanUnverified,
		},
		{
			name:   "both are verified",
			stacks: []facts.Stack{planned("a", "prod", "eu", verified), planned("b", "prod", "", verified)}, binary: map[string]bool{"a": true, "b": true},
			want: []string{"tfplan:a binary-a", "plan-json:a json-a", "tfplan:b binary-b", "plan-json:b json-b"}, link: attest.PlanVerified,
		},
		{
			name: "those that are unverified are applied elsewhere",
			stacks: []facts.Stack{
				planned("a", "prod", "eu", verified), planned("b", "prod", "us", unverified), planned("c", "dev", "", unverified),
			},
			binary: map[string]bool{"a": true},
			want:   []string{"tfplan:a binary-a", "plan-json:a json-a"}, link: attest.PlanVerified,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &chain{opened: &opened{tree: sourcetest.Tree{}}, gathered: &gathered{}, read: &read{
				planOf: map[string]int{}, plans: plans{digests: map[string]string{}},
			}}
			c.gathered.facts.Terraform.Stacks = tt.stacks
			for i, s := range tt.stacks {
				f := terraform.PlanFile{Stack: s.Path, Name: "plan:" + s.Path}
				c.read.plans.digests[f.Name] = "json-" + s.Path
				if tt.binary[s.Path] {
					f.Binary = &terraform.BinaryFile{Name: "plan-file:" + s.Path}
					c.read.plans.digests[f.Binary.Name] = "binary-" + s.Path
				}
				c.read.planOf[s.Path] = i
				c.read.plans.files = append(c.read.plans.files, f)
			}
			subjects, link, err := c.subjectsOf("prod", "eu")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range subjects {
				got = append(got, s.Name+" "+s.SHA256)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if link != tt.link {
				t.Errorf("link %s, want %s", link, tt.link)
			}
		})
	}
}
