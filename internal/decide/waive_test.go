package decide

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

const entry1 = `  - {id: w1, rule: k8s/privileged, scope: {environment: prod, path: prod/eu.yaml}, owner: "@acme/x", reason: r, ticket: T-1, created: 2026-05-20, expires: 2026-06-10}
`

func TestWaivers(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) string { return strings.Replace(entry1, old, new, 1) }
	tests := []struct {
		name, entries string
		want          []string // findings of privileged and of waivers: rule, subject, effect
		message       string   // of the waiver's finding
	}{
		{"used", entry1, []string{"k8s/privileged eu deny waived by w1"}, ""},
		{"by subject", replace("path: prod/eu.yaml", "subject: eu"), []string{"k8s/privileged eu deny waived by w1"}, ""},
		{"last day", replace("2026-06-10", "2026-06-01"), []string{"k8s/privileged eu deny waived by w1"}, ""},
		{"expired", replace("2026-06-10", "2026-05-31"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" expired on 2026-05-31`},
		{"too long", replace("2026-06-10", "2026-06-20"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" lives 31 days; at most 30 for a rule of severity high`},
		{"malformed", replace("reason: r, ", ""), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is malformed: waivers[0] is missing the key "reason"`},
		{"over-broad", replace("prod/eu.yaml", `"**"`), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is malformed: scope is over-broad: "**" has no literal segment`},
		{"not yet", replace("2026-05-20", "2026-06-02"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is malformed: it was created on 2026-06-02, which is yet to come`},
		{"unknown rule", replace("k8s/privileged", "k8s/priviledged"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is malformed: rule "k8s/priviledged" does not exist; did you mean "k8s/privileged"?`},
		{"unknown environment", replace("environment: prod", "environment: qa"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is malformed: environment "qa" is not configured`},
		{"other environment", replace("environment: prod", "environment: dev"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 warn"}, `waiver "w1" covers nothing: no finding of k8s/privileged is in its scope`},
		{"built-in", replace("k8s/privileged", "gate/waiver"), []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 deny"}, `waiver "w1" is for gate/waiver, which cannot be waived`},
		{"expired in development warns", replace("environment: prod", "environment: dev") + "", []string{"k8s/privileged eu deny", "gate/waiver waiver:w1 warn"}, ""},
		{"two cover the same", entry1 + strings.Replace(replace("id: w1", "id: w0"), "prod/eu.yaml", `"prod/*.yaml"`, 1), []string{"k8s/privileged eu deny waived by w0"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			in.Results = []policy.Result{result("k8s/privileged", "eu")}
			in.Waivers = waivers(t, tt.entries)
			res := decided(t, in)
			got := inShort(res)
			if diff := cmp.Diff(tt.want, got.Findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, f := range res.Findings {
				if f.Rule == RuleWaiver && tt.message != "" && (f.Message != tt.message || f.Location.File != ".gate/waivers.yaml" || f.Location.Line != 3) {
					t.Errorf("%s: %s, want %s", f.Location, f.Message, tt.message)
				}
			}
			if waived := len(tt.want) == 1; waived != (res.Decision == Allow) {
				t.Errorf("decision %s", res.Decision)
			}
		})
	}
}

func TestWaiverOfUnreachedEnvironment(t *testing.T) {
	t.Parallel()
	in := base(t)
	for _, id := range []string{"eu", "us", "image:x"} {
		delete(in.Subjects, id)
	}
	in.Environments[0].Reached, in.Environments[0].Changed = false, false
	in.Waivers = waivers(t, strings.Replace(entry1, "2026-06-10", "2026-05-31", 1))
	want := brief{Findings: []string{"gate/waiver waiver:w1 warn"}, Entries: []string{"dev/ warn"}, Decision: Warn, Complete: true}
	if diff := cmp.Diff(want, inShort(decided(t, in))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnusedWaivers(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*Input){
		"partial run":      func(in *Input) { in.Partial = true },
		"one environment":  func(in *Input) { in.Only = []string{"prod"} },
		"rule not judged":  func(in *Input) { in.Ledger = nil },
		"rule not loaded":  func(in *Input) { in.RuleIDs, in.Rules = []string{"k8s/privileged"}, in.Rules[1:] },
		"rule has failed":  func(in *Input) { in.Ledger[0].State = facts.Failed },
		"rule was skipped": func(in *Input) { in.Ledger[0].State = facts.Skipped },
	} {
		in := base(t)
		in.Waivers = waivers(t, entry1)
		edit(&in)
		if name == "rule not loaded" {
			in.Ledger = in.Ledger[1:]
		}
		if got := inShort(decided(t, in)).Findings; len(got) != 0 {
			t.Errorf("%s: %v; nothing can be said about the waiver", name, got)
		}
	}
}

func TestWaiverNeedsApproval(t *testing.T) {
	t.Parallel()
	for approved, want := range map[string]string{
		"":                                   `waiver "w1" needs the approval of 1 of role "security" under approvedBy and has 0`,
		", approvedBy: [bob]":                `waiver "w1" needs the approval of 1 of role "security" under approvedBy and has 0`,
		", approvedBy: [alice]":              "",
		`, approvedBy: ["@acme/security"]`:   "",
		", approvedBy: [alice], owner: x, a": `waiver "w1" is malformed`,
	} {
		in := base(t)
		in.Results = []policy.Result{result("iac/exposure", "eu")}
		in.Waivers = waivers(t, `  - {id: w1, rule: iac/exposure, scope: {environment: prod, subject: eu}, owner: bob, reason: r, created: 2026-05-25, expires: 2026-06-05`+strings.Replace(approved, ", owner: x, a", ", a: 1", 1)+"}\n")
		res := decided(t, in)
		got := ""
		for _, f := range res.Findings {
			if f.Rule == RuleWaiver {
				got = f.Message
			}
		}
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%q: %q, want %q", approved, got, want)
		}
	}
	// The owner of a waiver cannot approve it.
	in := base(t)
	in.Waivers = waivers(t, "  - {id: w1, rule: iac/exposure, scope: {environment: prod, subject: eu}, owner: alice, approvedBy: [alice], reason: r, created: 2026-05-25, expires: 2026-06-05}\n")
	if got := decided(t, in); len(got.Findings) != 1 || !strings.Contains(got.Findings[0].Message, "has 0") {
		t.Errorf("%v", got.Findings)
	}
}

func TestWaiverUses(t *testing.T) {
	t.Parallel()
	in := base(t)
	more := result("k8s/privileged", "eu")
	more.Path = source.Path{"other"}
	in.Results = []policy.Result{result("k8s/privileged", "eu"), more, result("k8s/privileged", "us")}
	in.Waivers = waivers(t, entry1)
	res := decided(t, in)
	want := []WaiverUse{{ID: "w1", Expires: "2026-06-10", Owner: "@acme/x", Reason: "r", Ticket: "T-1", Count: 2, Rule: "k8s/privileged", Scope: "prod: path prod/eu.yaml"}}
	if diff := cmp.Diff(want, res.Waivers); diff != "" {
		t.Errorf("Waivers (-want +got):\n%s", diff)
	}
	if c := res.Environments[1].Counts; c["waived"] != 2 || c["deny"] != 0 {
		t.Errorf("counts of prod/eu: %v", c)
	}
}

func TestInline(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 6, 20, 0, 0, 0, 0, time.UTC)
	good := func(rule, reason, comment string) *InlineWaiver {
		return &InlineWaiver{Rule: rule, Until: until, Owner: "@x", Reason: reason, Comment: comment}
	}
	const c = `gate:waive a/b until=2026-06-20 owner=@x reason="two words"`
	tests := []struct {
		line string
		want *InlineWaiver
		ok   bool
		err  string
	}{
		{"privileged: true # " + c, good("a/b", "two words", c), true, ""},
		{"#" + c + "\r", good("a/b", "two words", c), true, ""},
		{"// " + c, good("a/b", "two words", c), true, ""},
		{"/* " + c + " */", good("a/b", "two words", c), true, ""},
		{"{{- /* " + c + " */ -}}", good("a/b", "two words", c), true, ""},
		{"{{/* " + c + " */}}", good("a/b", "two words", c), true, ""},
		{"<!-- " + c + " -->", good("a/b", "two words", c), true, ""},
		{"-- " + c, good("a/b", "two words", c), true, ""},
		{"#   gate:waive   acme/main/x_y   until=2026-06-20  owner=@x   reason=short", good("acme/main/x_y", "short", "gate:waive   acme/main/x_y   until=2026-06-20  owner=@x   reason=short"), true, ""},
		{"privileged: true", nil, false, ""},
		{`text: "gate:waive a/b"`, nil, false, ""},
		{"# see gate:waive in the docs", nil, false, ""},
		{"# gate:waiver a/b", nil, false, ""},
		{"# gate:waive", nil, true, `"" is no rule id`},
		{"# gate:waive a/* until=2026-06-20 owner=@x reason=r", nil, true, `"a/*" is no rule id`},
		{"# gate:waive a/b until=2026-06-20 owner=@x", nil, true, "reason is missing"},
		{"# gate:waive a/b until=2026-06-20 reason=r", nil, true, "owner is missing"},
		{"# gate:waive a/b owner=@x reason=r", nil, true, "until is missing"},
		{`# gate:waive a/b until=2026-06-20 owner=@x reason=""`, nil, true, "reason is missing"},
		{"# gate:waive a/b until=soon owner=@x reason=r", nil, true, `until is "soon"; expected a date such as 2027-06-30`},
		{"# gate:waive a/b until=2026-06-20 owner=@x reason=two words", nil, true, `"words" is no key=value`},
		{"# gate:waive a/b until=2026-06-20 until=2026-06-21 owner=@x reason=r", nil, true, "until is given twice"},
		{"# gate:waive a/b until=2026-06-20 owner=@x reason=r ticket=1", nil, true, `unknown key "ticket"; expected until, owner or reason`},
		{`# gate:waive a/b until=2026-06-20 owner=@x reason="open`, nil, true, `"reason=\"open" is no key=value`},
		{"# " + c + strings.Repeat(" ", 5000), nil, true, "line is longer than 4096 bytes"},
	}
	for _, tt := range tests {
		got, ok, err := Inline(tt.line)
		msg := ""
		if err != nil {
			msg = err.Error()
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok || msg != tt.err {
			t.Errorf("Inline(%q) = %v, %q\n%s", tt.line, ok, msg, diff)
		}
	}
}

func FuzzInline(f *testing.F) {
	f.Add(`x: y # gate:waive a/b until=2026-06-20 owner=@x reason="two words"`)
	f.Fuzz(func(t *testing.T, line string) {
		w, ok, err := Inline(line)
		if (w != nil) != (ok && err == nil) {
			t.Fatalf("%v %v %v", w, ok, err)
		}
		if w == nil {
			return
		}
		if w.Rule == "" || w.Owner == "" || w.Reason == "" || w.Until.IsZero() {
			t.Fatalf("accepted %+v", w)
		}
		again, _, err := Inline("# " + w.Comment)
		if err != nil || again.Comment != w.Comment || again.Rule != w.Rule {
			t.Fatalf("%q is read again as %+v, %v", w.Comment, again, err)
		}
	})
}

func TestInlineWaivers(t *testing.T) {
	t.Parallel()
	mark := func(rule, until string) string {
		return fmt.Sprintf(`# gate:waive %s until=%s owner=@x reason="r"`, rule, until)
	}
	ok := mark("k8s/privileged", "2026-06-20")
	tests := []struct {
		name, subject, rule string
		lines               map[int]string // of the file; the finding is at line 7
		edit                func(*Input)
		want                []string
		note                string
	}{
		{"on the line", "dev", "k8s/privileged", map[int]string{7: "privileged: true " + ok}, nil, []string{"k8s/privileged dev deny waived by inline:dev/web.yaml:k8s/privileged"}, ""},
		{"on the line above", "dev", "k8s/privileged", map[int]string{6: "  " + ok}, nil, []string{"k8s/privileged dev deny waived by inline:dev/web.yaml:k8s/privileged"}, ""},
		{"behind something else above", "dev", "k8s/privileged", map[int]string{6: "image: x " + ok}, nil, []string{"k8s/privileged dev deny"}, ""},
		{"two lines above", "dev", "k8s/privileged", map[int]string{5: ok}, nil, []string{"k8s/privileged dev deny"}, ""},
		{"another rule", "dev", "k8s/privileged", map[int]string{7: "a: b " + mark("k8s/probes", "2026-06-20")}, nil, []string{"k8s/privileged dev deny"}, ""},
		{"another rule, and this one above", "dev", "k8s/privileged", map[int]string{7: "a: b " + mark("k8s/probes", "2026-06-20"), 6: ok}, nil, []string{"k8s/privileged dev deny waived by inline:dev/web.yaml:k8s/privileged"}, ""},
		{"not at policy-ref", "dev", "k8s/privileged", map[int]string{7: "a: b " + ok}, func(in *Input) { in.AtPolicyRef = func(string) ([]byte, bool) { return nil, false } }, []string{"k8s/privileged dev deny"},
			"the comment gate:waive at dev/web.yaml:7 counts after the merge: it does not stand at policy-ref yet, at this place"},
		{"no policy-ref", "dev", "k8s/privileged", map[int]string{7: "a: b " + ok}, func(in *Input) { in.AtPolicyRef = nil }, []string{"k8s/privileged dev deny"},
			"the comment gate:waive at dev/web.yaml:7 counts after the merge: it does not stand at policy-ref yet, at this place"},
		{"production", "eu", "k8s/privileged", map[int]string{7: "a: b " + ok}, nil, []string{"k8s/privileged eu deny", "gate/waiver waiver:inline:prod/eu.yaml:k8s/privileged deny"}, ""},
		{"production allowed", "eu", "k8s/privileged", map[int]string{7: "a: b " + ok}, func(in *Input) { in.Config = conf(t, "inlineWaivers: {production: true}\n") }, []string{"k8s/privileged eu deny waived by inline:prod/eu.yaml:k8s/privileged"}, ""},
		{"expired", "dev", "k8s/privileged", map[int]string{7: "a: b " + mark("k8s/privileged", "2026-05-31")}, nil, []string{"k8s/privileged dev deny", "gate/waiver waiver:inline:dev/web.yaml:k8s/privileged warn"}, ""},
		{"too far", "dev", "k8s/privileged", map[int]string{7: "a: b " + mark("k8s/privileged", "2026-07-02")}, nil, []string{"k8s/privileged dev deny", "gate/waiver waiver:inline:dev/web.yaml:k8s/privileged warn"}, ""},
		{"malformed", "dev", "k8s/privileged", map[int]string{7: "a: b # gate:waive k8s/privileged"}, nil, []string{"k8s/privileged dev deny", "gate/waiver waiver:inline:dev/web.yaml:k8s/privileged warn"}, ""},
		{"never", "dev", "secrets/plaintext", map[int]string{7: "a: b " + mark("secrets/plaintext", "2026-06-10")}, nil, []string{"secrets/plaintext dev deny", "gate/waiver waiver:inline:dev/web.yaml:secrets/plaintext warn"}, ""},
		{"approval", "dev", "iac/exposure", map[int]string{7: "a: b " + mark("iac/exposure", "2026-06-10")}, nil, []string{"iac/exposure dev warn", "gate/waiver waiver:inline:dev/web.yaml:iac/exposure warn"}, ""},
		{"place is only near", "dev", "k8s/privileged", map[int]string{7: "a: b " + ok}, func(in *Input) {
			s := in.Subjects["dev"]
			s.Locator = source.Fixed(source.Position{File: "dev/web.yaml", Line: 7, Approximate: true})
			in.Subjects["dev"] = s
		}, []string{"k8s/privileged dev deny"}, ""},
		{"a copy at another place", "dev", "k8s/privileged", map[int]string{7: "a: b " + ok, 9: "c: d " + ok}, func(in *Input) {
			in.Subjects["dev2"] = subject("dev2", scope("dev", "non-prod", ""), "dev/web.yaml", 9)
			in.Results = append(in.Results, result("k8s/privileged", "dev2"))
		}, []string{"k8s/privileged dev deny waived by inline:dev/web.yaml:k8s/privileged", "k8s/privileged dev2 deny", "gate/waiver waiver:inline:dev/web.yaml:k8s/privileged warn"}, ""},
		{"in the values file", "dev", "k8s/privileged", map[int]string{7: "a: b " + ok}, func(in *Input) {
			s := in.Subjects["dev"]
			s.Locator = source.LocatorFunc(func(source.Path) source.Location {
				return source.Location{Position: source.Position{File: "chart/t.yaml", Line: 3, Approximate: true},
					Related: []source.Related{{Role: "values", Position: source.Position{File: "dev/web.yaml", Line: 7}}}}
			})
			in.Subjects["dev"] = s
		}, []string{"k8s/privileged dev deny waived by inline:dev/web.yaml:k8s/privileged"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			in.Results = []policy.Result{result(tt.rule, tt.subject)}
			file := func(lines map[int]string) []byte {
				var text strings.Builder
				for n := 1; n < 12; n++ {
					if lines[n] == "" {
						fmt.Fprintf(&text, "line%d: x", n)
					}
					fmt.Fprintln(&text, lines[n])
				}
				return []byte(text.String())
			}
			in.ReadFile = func(name string) ([]byte, error) {
				if strings.HasPrefix(name, "dev/") || strings.HasPrefix(name, "prod/") {
					return file(tt.lines), nil
				}
				return nil, fs.ErrNotExist
			}
			in.AtPolicyRef = func(string) ([]byte, bool) { return file(tt.lines), true }
			if tt.edit != nil {
				tt.edit(&in)
			}
			res := decided(t, in)
			if diff := cmp.Diff(tt.want, inShort(res).Findings); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			var notes []string
			if tt.note != "" {
				notes = []string{tt.note}
			}
			if diff := cmp.Diff(notes, res.Notes, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}
