package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// A thousand findings must stay readable, and what is left out be counted.
func TestTextManyFindings(t *testing.T) {
	t.Parallel()
	r := quietResult()
	for i := range 1000 {
		rule := "kubernetes/a"
		if i%10 == 0 {
			rule = "kubernetes/b"
		}
		r.Findings = append(r.Findings, decide.Finding{
			Rule: rule, Severity: "high", Effect: decide.Deny, Message: fmt.Sprintf("container %d is wrong", i), Remediation: "Mend it. At length.",
			Location: source.Location{Position: at(fmt.Sprintf("apps/%04d.yaml", i), 1, 1, 2)},
		})
	}
	out := render(t, "text", Input{Result: r})
	for _, want := range []string{
		"deny: 1,000 findings\n",
		"… 850 more places [kubernetes/a] (see --format json)",
		"… 50 more places [kubernetes/b] (see --format json)",
		"kubernetes/a  high       900", "kubernetes/b  high       100",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(out, " is wrong"); n != 100 {
		t.Errorf("%d findings in full", n)
	}
	if n := strings.Count(out, "At length."); n != 2 {
		t.Errorf("the remediation is printed in full %d times", n)
	}
	if n := strings.Count(render(t, "text", Input{Result: r, Details: -1}), " is wrong"); n != 1000 {
		t.Errorf("%d findings without a limit", n)
	}
	if n := strings.Count(render(t, "text", Input{Result: r, Details: 1}), " is wrong"); n != 2 {
		t.Errorf("%d findings with a limit of 1", n)
	}
}

func TestTextIncompleteComesFirst(t *testing.T) {
	t.Parallel()
	r := quietResult()
	r.Complete = false
	for i := range 60 {
		r.Coverage.Entries = append(r.Coverage.Entries, facts.Entry{Kind: "unit", ID: fmt.Sprintf("helm:c%02d", i), State: facts.Failed, Reason: "boom", Hint: "run x"})
	}
	out := render(t, "text", Input{Result: r})
	for _, want := range []string{"\n\nincomplete: 60 things not judged\n  helm:c00: boom [unit]\n  helm:c01: boom [unit]\n", "    hint: run x\n  … 40 more: unit 40 (see --format json)\n", "\n          and 59 more of this form"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if !strings.HasPrefix(out, "decision: allow, incomplete: 60 things could not be judged\n") || !strings.HasSuffix(out, "decision: allow, incomplete (policy: none)\n") {
		t.Errorf("first and last line:\n%s", out)
	}
}

func TestTextNothingToCheck(t *testing.T) {
	t.Parallel()
	out := render(t, "text", Input{Result: &decide.Result{Decision: decide.Allow, Complete: true}})
	if want := "decision: allow, complete; nothing to check was found\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func TestTextColor(t *testing.T) {
	t.Parallel()
	in := sampleInput()
	plain := render(t, "text", in)
	in.Color = true
	colored := render(t, "text", in)
	if strings.Contains(plain, "\x1b") || !strings.Contains(colored, "\x1b[31m") {
		t.Error("colours do not follow Color")
	}
	for _, seq := range []string{"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"} {
		colored = strings.ReplaceAll(colored, seq, "")
	}
	if diff := cmp.Diff(plain, colored); diff != "" {
		t.Errorf("colour changes the text:\n%s", diff)
	}
}

func TestSnippet(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 200) + "BAD" + strings.Repeat("z", 200)
	tests := []struct {
		name, text string
		pos        source.Position
		want       []string
	}{
		{"middle", "one\ntwo\nthree\n", at("f", 2, 1, 4), []string{"1 | one", "2 | two", "  | ^~~", "3 | three"}},
		{"last line", "one\ntwo\n", at("f", 2, 2, 3), []string{"1 | one", "2 | two", "  |  ^"}},
		{"gutter", strings.Repeat("x\n", 12), at("f", 9, 1, 2), []string{" 8 | x", " 9 | x", "   | ^", "10 | x"}},
		{"approximate", "one\n", source.Position{File: "f", Line: 1, Column: 1, EndColumn: 2, Approximate: true}, []string{"1 | one"}},
		{"whole file", "one\n", source.Position{File: "f"}, nil},
		{"beyond", "one\n", at("f", 7, 1, 2), nil},
		{"tabs", "\t\tkey: v\n", at("f", 1, 3, 6), []string{"1 |     key: v", "  |     ^~~"}},
		{"wide", "日本: x\n", at("f", 1, 5, 6), []string{"1 | 日本: x", "  |       ^"}},
		{"astral", "🚀🚀: x\n", at("f", 1, 7, 8), []string{"1 | 🚀🚀: x", "  |       ^"}},
		{"escape", "a\x1b[31mb: x\n", at("f", 1, 7, 8), []string{`1 | a\x1b[31mb: x`, "  |          ^"}},
		{"long", long + "\n", at("f", 1, 201, 204), []string{
			"1 | …" + strings.Repeat("a", 43) + "BAD…", "  | " + strings.Repeat(" ", 44) + "^~~",
		}},
		{"CRLF", "a: b\r\nc: d\r\n", at("f", 1, 4, 5), []string{"1 | a: b", "  |    ^", "2 | c: d"}},
	}
	for _, tt := range tests {
		r := quietResult()
		r.Findings = []decide.Finding{{Rule: "a/b", Severity: "low", Effect: decide.Warn, Message: "m", Location: source.Location{Position: tt.pos}}}
		out := render(t, "text", Input{Result: r, Width: 60, Source: func(string) ([]byte, error) { return []byte(tt.text), nil }})
		_, out, _ = strings.Cut(out, "[a/b]\n")
		out, _, _ = strings.Cut(out, "  severity low")
		var got []string
		for _, l := range strings.Split(strings.TrimRight(out, "\n"), "\n") {
			if l != "" {
				got = append(got, strings.TrimPrefix(l, "  "))
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestCollapse(t *testing.T) {
	t.Parallel()
	base := decide.Finding{Rule: "a/b", Effect: decide.Deny, Message: "m", Subject: decide.SubjectRef{Kind: "Pod", Name: "x"}, Location: source.Location{Position: at("f", 1, 1, 2)}}
	with := func(change func(*decide.Finding)) decide.Finding {
		f := base
		change(&f)
		return f
	}
	v := newView(Input{Result: quietResult()})
	groups := v.collapse([]decide.Finding{
		with(func(f *decide.Finding) { f.Environment, f.Target = "prod", "us" }),
		with(func(f *decide.Finding) { f.Environment, f.Target = "prod", "eu" }),
		with(func(f *decide.Finding) { f.Environment, f.Target = "prod", "eu"; f.Subject.Name = "y" }),
		with(func(f *decide.Finding) { f.Message = "other" }),
		with(func(f *decide.Finding) { f.Location.Line = 2 }),
		with(func(f *decide.Finding) { f.Effect = decide.Warn; f.Environment = "dev" }),
	})
	var got []string
	for _, g := range groups {
		got = append(got, fmt.Sprint(g.Effect, " ", g.Message, " ", g.Location.Line, " ", g.scopes, " ", g.subjects, " ", len(g.members)))
	}
	want := []string{"deny m 1 [dev prod/eu prod/us] [Pod x Pod y] 4", "deny other 1 [] [Pod x] 1", "deny m 2 [] [Pod x] 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSatisfied(t *testing.T) {
	t.Parallel()
	r := quietResult()
	r.Requirements = []decide.Requirement{
		{Environment: "prod", Target: "eu", Because: []string{"a/b"}, Satisfied: true},
		{Environment: "prod", Target: "us", Because: []string{"a/b", "c/d"}},
		{Environment: "prod", Because: []string{"e/f"}, Satisfied: true},
	}
	v := newView(Input{Result: r})
	tests := []struct {
		name string
		f    decide.Finding
		want bool
	}{
		{"given", decide.Finding{Rule: "a/b", Effect: decide.RequireApproval, Scope: facts.Scope{Environment: "prod", Target: "eu"}}, true},
		{"open", decide.Finding{Rule: "a/b", Effect: decide.RequireApproval, Scope: facts.Scope{Environment: "prod", Target: "us"}}, false},
		{"every target", decide.Finding{Rule: "a/b", Effect: decide.RequireApproval, Scope: facts.Scope{Environment: "prod"}}, false},
		{"no requirement", decide.Finding{Rule: "x/y", Effect: decide.RequireApproval, Scope: facts.Scope{Environment: "prod", Target: "eu"}}, false},
		{"deny is never approved", decide.Finding{Rule: "a/b", Effect: decide.Deny, Scope: facts.Scope{Environment: "prod", Target: "eu"}}, false},
		{"of the repository, one open", decide.Finding{Rule: "a/b", Effect: decide.RequireApproval}, false},
		{"of the repository, given", decide.Finding{Rule: "e/f", Effect: decide.RequireApproval}, true},
	}
	for _, tt := range tests {
		if got := v.satisfied(tt.f); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
