package decide

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// TestStates sets the findings of a head beside those of its base.
func TestStates(t *testing.T) {
	t.Parallel()
	result := func(rule, subject string, msg string, path ...any) policy.Result {
		return policy.Result{Rule: rule, Subject: subject, Message: msg, Path: path}
	}
	privileged := func(subject string, index int) policy.Result {
		return result("k8s/privileged", subject, "container a of "+subject, "containers", index)
	}
	for _, c := range []struct {
		name         string
		config       string
		before, head []policy.Result
		renamed      map[string]string
		touched      string // subject that the change touches
		want         []string
		fixed        []string
	}{
		{name: "as it was", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0)},
			want: []string{"k8s/privileged eu existing warn"}},
		{name: "a new one beside it", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0), privileged("us", 0)},
			want: []string{"k8s/privileged us new deny", "k8s/privileged eu existing warn"}},
		{name: "gone", before: []policy.Result{privileged("eu", 0)}, fixed: []string{"k8s/privileged eu"}},
		{name: "a list was renumbered", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 3)},
			want: []string{"k8s/privileged eu existing warn"}},
		{name: "a second one of the same words", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0), privileged("eu", 1)},
			want: []string{"k8s/privileged eu new deny", "k8s/privileged eu existing warn"}},
		{name: "other words at the same field", before: []policy.Result{result("k8s/privileged", "eu", "two", "x")}, head: []policy.Result{result("k8s/privileged", "eu", "three", "x")},
			want: []string{"k8s/privileged eu new deny"}, fixed: []string{"k8s/privileged eu"}},
		{name: "other words at another field", before: []policy.Result{result("k8s/privileged", "eu", "two", "x")}, head: []policy.Result{result("k8s/privileged", "eu", "three", "y")},
			want: []string{"k8s/privileged eu new deny"}, fixed: []string{"k8s/privileged eu"}},
		{name: "a rule over the tree names others beside what is left alone", before: []policy.Result{result("k8s/network", "eu", "as a, b", "x")}, head: []policy.Result{result("k8s/network", "eu", "as a, c", "x")}, touched: "us",
			want: []string{"k8s/network eu existing warn"}},
		{name: "and beside what is touched", before: []policy.Result{result("k8s/network", "eu", "as a, b", "x")}, head: []policy.Result{result("k8s/network", "eu", "as a, c", "x")}, touched: "eu",
			want: []string{"k8s/network eu new warn"}, fixed: []string{"k8s/network eu"}},
		{name: "a second one of the tree", before: []policy.Result{result("k8s/network", "eu", "as a", "x")}, head: []policy.Result{result("k8s/network", "eu", "as a", "x"), result("k8s/network", "eu", "as b", "x")}, touched: "us",
			want: []string{"k8s/network eu existing warn", "k8s/network eu new warn"}},
		{name: "another rule", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{result("k8s/probes", "eu", "container a of eu", "containers", 0)},
			want: []string{"k8s/probes eu new warn"}, fixed: []string{"k8s/privileged eu"}},
		{name: "a renamed subject", before: []policy.Result{privileged("us", 0)}, head: []policy.Result{privileged("eu", 0)}, renamed: map[string]string{"us": "eu"},
			want: []string{"k8s/privileged eu new deny"}, fixed: []string{"k8s/privileged us"}}, // of another target
		{name: "what the change touches and nothing waives", before: []policy.Result{result("secrets/plaintext", "eu", "p")}, head: []policy.Result{result("secrets/plaintext", "eu", "p")}, touched: "eu",
			want: []string{"secrets/plaintext eu existing deny"}},
		{name: "what nothing waives and the change leaves alone", before: []policy.Result{result("secrets/plaintext", "eu", "p")}, head: []policy.Result{result("secrets/plaintext", "eu", "p")}, touched: "us",
			want: []string{"secrets/plaintext eu existing warn"}},
		{name: "what the change touches and may be waived", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0)}, touched: "eu",
			want: []string{"k8s/privileged eu existing warn"}},
		{name: "the configuration keeps the effect", config: "baseline: {existing: deny}\n", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0)},
			want: []string{"k8s/privileged eu existing deny"}},
		{name: "for one rule", config: "baseline: {rules: {k8s/privileged: require-approval}}\n", before: []policy.Result{privileged("eu", 0), result("k8s/probes", "eu", "m")}, head: []policy.Result{privileged("eu", 0), result("k8s/probes", "eu", "m")},
			want: []string{"k8s/privileged eu existing require-approval", "k8s/probes eu existing warn"}},
		{name: "until a day that is over", config: "baseline: {until: 2026-05-31}\n", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0)},
			want: []string{"k8s/privileged eu existing deny"}},
		{name: "until a day that is not", config: "baseline: {until: 2026-06-01}\n", before: []policy.Result{privileged("eu", 0)}, head: []policy.Result{privileged("eu", 0)},
			want: []string{"k8s/privileged eu existing warn"}},
		{name: "what holds for an environment", before: []policy.Result{result("k8s/privileged", "environment/prod", "all")}, head: []policy.Result{result("k8s/privileged", "environment/prod", "all")},
			want: []string{"k8s/privileged environment/prod existing warn"}},
		{name: "what a change meets in an environment", before: []policy.Result{result("change/freeze", "environment/prod", "frozen")}, head: []policy.Result{result("change/freeze", "environment/prod", "frozen")},
			want: []string{"change/freeze environment/prod new deny"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			in.Config = conf(t, c.config)
			prod := subject("environment/prod", scope("prod", "prod", ""), ".gate.yaml", 1)
			prod.Ref.Kind = "environment"
			in.Subjects["environment/prod"] = prod
			in.Results = c.before
			before, err := Decide(in)
			if err != nil {
				t.Fatal(err)
			}
			in.Results = c.head
			in.Before = &Before{Findings: before.Findings, Renamed: c.renamed, Touched: func(f *Finding) bool { return f.Subject.ID == c.touched }}
			res, err := Decide(in)
			if err != nil {
				t.Fatal(err)
			}
			var got, fixed []string
			for _, f := range res.Findings {
				got = append(got, strings.Join([]string{f.Rule, f.Subject.ID, f.State, string(f.Effect)}, " "))
			}
			for _, f := range res.Fixed {
				fixed = append(fixed, f.Rule+" "+f.Subject.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.fixed, fixed); diff != "" {
				t.Errorf("fixed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNotMended: what the head could not read or judge is not mended.
func TestNotMended(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		subject, rule string
		ledger        facts.Entry
		fixed         bool
	}{
		{"helm:c@web#/Pod/a/b/c", "k/x", facts.Entry{}, true},
		{"helm:c@web#/Pod/a/b/c", "k/x", facts.Entry{Kind: "unit", ID: "helm:c@web"}, false},
		{"helm:c@web#/Pod/a/b/c", "k/x", facts.Entry{Kind: "unit", ID: "helm:c@site"}, true},
		{"helm:c@old#/Pod/a/b", "k/x", facts.Entry{Kind: "unit", ID: "helm:c@new"}, false},
		{"assessment:j:c:helm:c@web#/Pod/a/b:spec", "k/x", facts.Entry{Kind: "unit", ID: "helm:c@web"}, false},
		{"secret:d:helm:c@web#/Pod/a/b/spec:1", "k/x", facts.Entry{Kind: "unit", ID: "helm:c@web"}, false},
		{"terraform:s:aws_vpc.a", "k/x", facts.Entry{Kind: "unit", ID: "stack:s"}, false},
		{"stack:s", "k/x", facts.Entry{Kind: "unit", ID: "stack:s"}, false},
		{"file:a.yaml", "k/x", facts.Entry{Kind: "file", ID: "a.yaml"}, false},
		{"file:a.yaml", "k/x", facts.Entry{Kind: "file", ID: "b.yaml"}, true},
		{"x", "k/x", facts.Entry{Kind: "rule", ID: "k/x"}, false},
		{"x", "team/main/x", facts.Entry{Kind: "policy", ID: "team/main"}, false},
		{"x", "team/main/x", facts.Entry{Kind: "policy", ID: "team"}, false},
		{"x", "k/x", facts.Entry{Kind: "run", ID: "deadline"}, false},
	} {
		c.ledger.State = facts.Failed
		r := &ruling{
			Input:  Input{Before: &Before{Findings: []Finding{{Rule: c.rule, Subject: SubjectRef{ID: c.subject}}}, Renamed: map[string]string{"helm:c@old#/Pod/a/b": "helm:c@new#/Pod/a/b"}}},
			ledger: []facts.Entry{c.ledger},
		}
		if got := len(r.states()) == 1; got != c.fixed {
			t.Errorf("%s by %s, %s failed: fixed %v", c.subject, c.rule, c.ledger.ID, got)
		}
	}
}

// An existing finding does not raise the risk of the change.
func TestExistingIsNoRisk(t *testing.T) {
	t.Parallel()
	in := base(t)
	in.Results = []policy.Result{{Rule: "k8s/privileged", Subject: "eu", Message: "m", Path: source.Path{"x"}}}
	before, err := Decide(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Before = &Before{Findings: before.Findings}
	after, err := Decide(in)
	if err != nil {
		t.Fatal(err)
	}
	risk := func(r *Result) string {
		for _, d := range r.Environments {
			if d.Environment == "prod" && d.Target == "eu" {
				return d.Risk
			}
		}
		return ""
	}
	if risk(before) != "high" || risk(after) != "low" {
		t.Errorf("risk %s without a base and %s with one, want high and low", risk(before), risk(after))
	}
}
