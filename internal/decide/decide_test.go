package decide

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gate/internal/classify"
	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
	"gate/rules"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

const platform = `apiVersion: gate/v1
environments:
  - {name: prod, class: prod, targets: [{name: eu}, {name: us}]}
  - {name: dev, class: non-prod}
people: {alice: {}, bob: {}}
roles:
  security: {members: [alice], teams: ["@acme/security"]}
  elevated: {members: [alice, bob], count: 2}
optional: [protection]
`

func conf(t testing.TB, more string) *config.Config {
	t.Helper()
	c, err := config.Parse(".gate.yaml", []byte(platform+more))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func waivers(t testing.TB, entries string) *config.Waivers {
	t.Helper()
	w, err := config.ParseWaivers(".gate/waivers.yaml", []byte("apiVersion: gate/v1\nwaivers:\n"+entries))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func effects(prod, nonProd string) map[string]string {
	return map[string]string{"prod": prod, "non-prod": nonProd}
}

func catalog() []policy.Rule {
	warn := effects("warn", "warn")
	return []policy.Rule{
		{ID: "k8s/privileged", Severity: "high", Effects: effects("deny", "deny"), UnknownEffect: warn, Waivable: "yes", Title: "Not privileged", Remediation: "drop it", Over: policy.Over{Subject: "containers"}},
		{ID: "k8s/probes", Severity: "low", Effects: effects("warn", "warn"), UnknownEffect: warn, Waivable: "yes", Over: policy.Over{Subject: "containers"}},
		{ID: "k8s/network", Severity: "medium", Effects: effects("warn", "off"), UnknownEffect: warn, Waivable: "yes", Scope: "tree", Over: policy.Over{Subject: "objects"}},
		{ID: "iac/exposure", Severity: "critical", Effects: effects("require-approval", "warn"), UnknownEffect: effects("require-approval", "warn"), Waivable: "approval", Requires: "security", Over: policy.Over{Subject: "resources"}},
		{ID: "iac/deletion", Severity: "critical", Effects: effects("require-approval", "warn"), UnknownEffect: warn, Waivable: "yes", Requires: "elevated", Over: policy.Over{Subject: "resources"}},
		{ID: "secrets/plaintext", Severity: "critical", Effects: effects("deny", "deny"), UnknownEffect: warn, Waivable: "never", Over: policy.Over{Subject: "secrets"}},
		{ID: "supply/signed", Severity: "high", Effects: effects("deny", "warn"), UnknownEffect: warn, Waivable: "yes", Needs: []string{"attestations"}, Over: policy.Over{Subject: "images"}},
		{ID: "repository/protection", Severity: "high", Effects: effects("deny", "warn"), UnknownEffect: warn, Waivable: "yes", Needs: []string{"protection"}, Over: policy.Over{Subject: "repository"}},
		{ID: "change/incident", Severity: "high", Effects: effects("deny", "deny"), UnknownEffect: warn, Waivable: "yes", Needs: []string{"pull-request"}, Over: policy.Over{Subject: "change"}},
	}
}

func scope(env, class, target string) facts.Scope {
	return facts.Scope{Environment: env, Class: class, Target: target}
}

func subject(id string, s facts.Scope, file string, line int) SubjectContext {
	return SubjectContext{Scope: s, Ref: SubjectRef{ID: id, Kind: "Deployment", Name: "web"}, Locator: source.Fixed(source.Position{File: file, Line: line, Column: 3})}
}

// base is a run over one container in each place, everything handed in.
func base(t testing.TB) Input {
	in := Input{
		Config: conf(t, ""), Rules: catalog(), Now: now, Judged: 5,
		Subjects: map[string]SubjectContext{
			"eu":         subject("eu", scope("prod", "prod", "eu"), "prod/eu.yaml", 7),
			"us":         subject("us", scope("prod", "prod", "us"), "prod/us.yaml", 7),
			"dev":        subject("dev", scope("dev", "non-prod", ""), "dev/web.yaml", 7),
			"change":     subject("change", scope("", "prod", ""), ".gate.yaml", 1),
			"file:a/b":   subject("file:a/b", scope("", "prod", ""), "a/b", 1),
			"image:x":    subject("image:x", scope("prod", "prod", "eu"), "prod/eu.yaml", 9),
			"repository": subject("repository", scope("", "prod", ""), ".github/CODEOWNERS", 1),
		},
		Environments: []facts.Environment{
			{Name: "prod", Targets: []facts.Target{{Name: "eu"}, {Name: "us"}}, Reached: true, Changed: true},
			{Name: "dev", Reached: true},
		},
		Provided: map[string]bool{"attestations": true, "protection": true, "pull-request": true},
	}
	for _, r := range in.Rules {
		in.Ledger = append(in.Ledger, facts.Entry{Kind: "rule", ID: r.ID, State: facts.Evaluated, Count: 1})
	}
	return in
}

func result(rule, subject string) policy.Result {
	return policy.Result{Rule: rule, Subject: subject, Path: source.Path{"image"}, Message: "m", Verdict: "fail"}
}

func decided(t testing.TB, in Input) *Result {
	t.Helper()
	res, err := Decide(in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// brief is what the tables compare: findings as "rule subject effect", and the
// answer of each entry as "environment/target decision".
type brief struct {
	Findings, Entries []string
	Decision          Effect
	Complete          bool
	Exit              int
}

func inShort(r *Result) brief {
	b := brief{Decision: r.Decision, Complete: r.Complete, Exit: r.ExitCode("", false)}
	for _, f := range r.Findings {
		s := f.Rule + " " + f.Subject.ID + " " + string(f.Effect)
		if f.Waived != nil {
			s += " waived by " + f.Waived.ID
		}
		b.Findings = append(b.Findings, s)
	}
	for _, e := range r.Environments {
		s := e.Environment + "/" + e.Target + " " + string(e.Decision)
		if !e.Complete {
			s += " incomplete"
		}
		b.Entries = append(b.Entries, s)
	}
	return b
}

func TestDecide(t *testing.T) {
	t.Parallel()
	allow := func(changed map[string]string) []string {
		var out []string
		for _, e := range []string{"dev/", "prod/eu", "prod/us"} {
			d := changed[e]
			if d == "" {
				d = "allow"
			}
			out = append(out, e+" "+d)
		}
		return out
	}
	tests := []struct {
		name string
		edit func(in *Input)
		want brief
	}{
		{"nothing found", func(*Input) {}, brief{Entries: allow(nil), Decision: Allow, Complete: true}},
		{"deny in one target", func(in *Input) { in.Results = []policy.Result{result("k8s/privileged", "us")} },
			brief{Findings: []string{"k8s/privileged us deny"}, Entries: allow(map[string]string{"prod/us": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"effect by class, off is dropped", func(in *Input) {
			in.Results = []policy.Result{result("k8s/network", "eu"), result("k8s/network", "dev")}
		}, brief{Findings: []string{"k8s/network eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn"}), Decision: Warn, Complete: true}},
		{"approval", func(in *Input) { in.Results = []policy.Result{result("iac/exposure", "eu")} },
			brief{Findings: []string{"iac/exposure eu require-approval"}, Entries: allow(map[string]string{"prod/eu": "require-approval"}), Decision: RequireApproval, Complete: true, Exit: 5}},
		{"no target counts in all", func(in *Input) {
			in.Subjects["all"] = subject("all", scope("prod", "prod", ""), "prod/x.yaml", 1)
			in.Results = []policy.Result{result("k8s/probes", "all")}
		}, brief{Findings: []string{"k8s/probes all warn"}, Entries: allow(map[string]string{"prod/eu": "warn", "prod/us": "warn"}), Decision: Warn, Complete: true}},
		{"the repository counts where the change reaches", func(in *Input) { in.Results = []policy.Result{result("change/incident", "change")} },
			brief{Findings: []string{"change/incident change deny"}, Entries: allow(map[string]string{"prod/eu": "deny", "prod/us": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"and everywhere if it reaches nothing", func(in *Input) {
			in.Environments[0].Changed = false
			in.Results = []policy.Result{result("change/incident", "file:a/b")}
		}, brief{Findings: []string{"change/incident file:a/b deny"}, Entries: allow(map[string]string{"dev/": "deny", "prod/eu": "deny", "prod/us": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"a subject that nobody knows counts as production", func(in *Input) { in.Results = []policy.Result{result("supply/signed", "?")} },
			brief{Findings: []string{"supply/signed ? deny"}, Entries: allow(map[string]string{"prod/eu": "deny", "prod/us": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"a rule that nobody knows denies", func(in *Input) { in.Results = []policy.Result{result("acme/main/x", "dev")} },
			brief{Findings: []string{"acme/main/x dev deny"}, Entries: allow(map[string]string{"dev/": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"without an environment", func(in *Input) {
			in.Subjects["lost"] = subject("lost", scope("", "prod", ""), "x.yaml", 1)
			in.Results = []policy.Result{result("supply/signed", "lost")}
		}, brief{Findings: []string{"supply/signed lost deny"}, Entries: append([]string{"/ deny"}, allow(nil)...), Decision: Deny, Complete: true, Exit: 1}},
		{"scope that cannot be told", func(in *Input) {
			s := subject("lost", scope("", "prod", ""), "x.yaml", 1)
			s.Conflict = "environment cannot be told: x"
			in.Subjects["lost"], in.Subjects["lost2"] = s, s
		}, brief{Findings: []string{"gate/scope lost deny"}, Entries: append([]string{"/ deny"}, allow(nil)...), Decision: Deny, Complete: true, Exit: 1}},
		{"service that cannot be told", func(in *Input) {
			s := in.Subjects["eu"]
			s.Conflict = "service cannot be told: x"
			in.Subjects["eu"] = s
		}, brief{Findings: []string{"gate/scope eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn"}), Decision: Warn, Complete: true}},
		{"the strictest of what is said counts", func(in *Input) {
			s := subject("far", scope("", "prod", ""), "x.yaml", 1)
			s.Settled = "no environment lists the destination x: judged as production"
			in.Subjects["far"] = s
		}, brief{Findings: []string{"gate/scope far warn"}, Entries: append([]string{"/ warn"}, allow(nil)...), Decision: Warn, Complete: true}},
		{"level of a result", func(in *Input) {
			r, s := result("k8s/privileged", "eu"), result("k8s/probes", "us")
			r.Level, s.Level = "warn", "deny"
			in.Results = []policy.Result{r, s}
		}, brief{Findings: []string{"k8s/probes us deny", "k8s/privileged eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn", "prod/us": "deny"}), Decision: Deny, Complete: true, Exit: 1}},
		{"configured effect replaces a stricter level, not a milder one", func(in *Input) {
			in.Config = conf(t, "rules: {k8s/privileged: {effect: require-approval}, k8s/probes: {effect: warn}}\n")
			r, s := result("k8s/privileged", "eu"), result("k8s/probes", "us")
			r.Level, s.Level = "warn", "deny"
			in.Results = []policy.Result{r, s}
		}, brief{Findings: []string{"k8s/privileged eu warn", "k8s/probes us warn"}, Entries: allow(map[string]string{"prod/eu": "warn", "prod/us": "warn"}), Decision: Warn, Complete: true}},
		{"a milder level does not exceed the configured effect", func(in *Input) {
			in.Config = conf(t, "rules: {k8s/privileged: {effect: warn}}\n")
			r := result("k8s/privileged", "eu")
			r.Level = "require-approval"
			in.Results = []policy.Result{r}
		}, brief{Findings: []string{"k8s/privileged eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn"}), Decision: Warn, Complete: true}},
		{"not yet enforced, levels too", func(in *Input) {
			in.Config = conf(t, "rules: {k8s/privileged: {enforceFrom: 2026-06-02}, k8s/probes: {enforceFrom: 2026-06-02}}\n")
			r, s := result("k8s/privileged", "eu"), result("k8s/probes", "us")
			s.Level = "deny"
			in.Results = []policy.Result{r, s}
		}, brief{Findings: []string{"k8s/privileged eu warn", "k8s/probes us warn"}, Entries: allow(map[string]string{"prod/eu": "warn", "prod/us": "warn"}), Decision: Warn, Complete: true}},
		{"known only after apply", func(in *Input) {
			r, s := result("iac/deletion", "eu"), result("iac/exposure", "us")
			r.Verdict, r.Cause, s.Verdict, s.Cause = "unknown", "computed", "unknown", "computed"
			in.Results = []policy.Result{r, s}
		}, brief{Findings: []string{"iac/exposure us require-approval", "iac/deletion eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn", "prod/us": "require-approval"}), Decision: RequireApproval, Complete: true, Exit: 5}},
		{"unavailable is not passed", func(in *Input) {
			r := result("supply/signed", "eu")
			r.Verdict, r.Cause = "unknown", "unavailable"
			in.Results = []policy.Result{r}
		}, brief{Entries: allow(map[string]string{"prod/eu": "allow incomplete"}), Decision: Allow, Exit: 3}},
		{"failure of one subject", func(in *Input) {
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "unit", ID: "us", State: facts.Failed})
		}, brief{Entries: allow(map[string]string{"prod/us": "allow incomplete"}), Decision: Allow, Exit: 3}},
		{"failure of nobody knows what", func(in *Input) {
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "file", ID: "x", State: facts.Failed})
			in.Results = []policy.Result{result("iac/exposure", "eu")}
		}, brief{Findings: []string{"iac/exposure eu require-approval"}, Entries: allow(map[string]string{"dev/": "allow incomplete", "prod/eu": "require-approval incomplete", "prod/us": "allow incomplete"}), Decision: RequireApproval, Exit: 3}},
		{"denied before incomplete", func(in *Input) {
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "file", ID: "x", State: "?"})
			in.Results = []policy.Result{result("k8s/privileged", "dev")}
		}, brief{Findings: []string{"k8s/privileged dev deny"}, Entries: allow(map[string]string{"dev/": "deny incomplete", "prod/eu": "allow incomplete", "prod/us": "allow incomplete"}), Decision: Deny, Exit: 1}},
		{"expired exclusion", func(in *Input) {
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "file", ID: "x", State: facts.Excluded, Until: "2026-05-31"}, facts.Entry{Kind: "file", ID: "y", State: facts.Excluded, Until: "2026-06-01"})
		}, brief{Entries: allow(map[string]string{"dev/": "allow incomplete", "prod/eu": "allow incomplete", "prod/us": "allow incomplete"}), Decision: Allow, Exit: 3}},
		{"missing plan of a production stack", func(in *Input) {
			in.Subjects["stack"] = subject("stack", scope("prod", "prod", "eu"), "s/main.tf", 1)
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "unit", ID: "stack", State: facts.Skipped, Input: "plan"})
		}, brief{Entries: allow(map[string]string{"prod/eu": "allow incomplete"}), Decision: Allow, Exit: 3}},
		{"missing plan that is optional", func(in *Input) {
			in.Config = conf(t, "")
			in.Config.Optional = append(in.Config.Optional, "plan")
			in.Subjects["stack"] = subject("stack", scope("prod", "prod", "eu"), "s/main.tf", 1)
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "unit", ID: "stack", State: facts.Skipped, Input: "plan"})
		}, brief{Entries: allow(nil), Decision: Allow, Complete: true}},
		{"missing plan of a development stack", func(in *Input) {
			in.Subjects["stack"] = subject("stack", scope("dev", "non-prod", ""), "s/main.tf", 1)
			in.Ledger = append(in.Ledger, facts.Entry{Kind: "unit", ID: "stack", State: facts.Skipped, Input: "plan"})
		}, brief{Entries: allow(nil), Decision: Allow, Complete: true}},
		{"nothing to check", func(in *Input) { in.Judged = 0 }, brief{Entries: allow(nil), Decision: Allow, Complete: true, Exit: 4}},
		{"only one environment", func(in *Input) {
			in.Only = []string{"dev"}
			in.Results = []policy.Result{result("k8s/privileged", "eu"), result("k8s/probes", "dev")}
		}, brief{Findings: []string{"k8s/probes dev warn"}, Entries: []string{"dev/ warn"}, Decision: Warn, Complete: true}},
		{"no configuration", func(in *Input) {
			in.Config, in.Environments = nil, nil
			in.Subjects = map[string]SubjectContext{"a": subject("a", scope("", "", ""), "a.yaml", 1)}
			in.Results = []policy.Result{result("iac/exposure", "a")}
		}, brief{Findings: []string{"iac/exposure a warn"}, Entries: []string{"/ warn"}, Decision: Warn, Complete: true}},
		{"said twice", func(in *Input) {
			in.Results = []policy.Result{result("k8s/probes", "eu"), result("k8s/probes", "eu")}
		}, brief{Findings: []string{"k8s/probes eu warn"}, Entries: allow(map[string]string{"prod/eu": "warn"}), Decision: Warn, Complete: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			tt.edit(&in)
			if diff := cmp.Diff(tt.want, inShort(decided(t, in)), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Decide (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotJudged(t *testing.T) {
	t.Parallel()
	skip := func(in *Input) {
		in.Provided = nil
		for i, e := range in.Ledger {
			if e.ID == "supply/signed" || e.ID == "repository/protection" || e.ID == "change/incident" {
				in.Ledger[i].State, in.Ledger[i].Reason = facts.Skipped, "no x"
			}
		}
	}
	want := []NotJudged{
		{Rule: "change/incident", Environment: "dev", Effect: Deny, Reason: "no pull-request"},
		{Rule: "change/incident", Environment: "prod", Effect: Deny, Reason: "no pull-request", Required: true},
		{Rule: "repository/protection", Environment: "dev", Effect: Warn, Reason: "no protection"},
		{Rule: "repository/protection", Environment: "prod", Effect: Deny, Reason: "no protection"}, // optional
		{Rule: "supply/signed", Environment: "prod", Effect: Deny, Reason: "no attestations", Required: true},
	}
	in := base(t)
	skip(&in)
	got := decided(t, in)
	if diff := cmp.Diff(want, got.NotJudged); diff != "" {
		t.Errorf("NotJudged (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"dev/ allow", "prod/eu allow incomplete", "prod/us allow incomplete"}, inShort(got).Entries); diff != "" {
		t.Error(diff)
	}

	local := base(t)
	skip(&local)
	local.Local = true
	if got := decided(t, local); !got.Complete || len(got.NotJudged) != 5 {
		t.Errorf("a local run only lists what is missing: complete %v, %d", got.Complete, len(got.NotJudged))
	}
	zero := base(t)
	skip(&zero)
	for i := range zero.Ledger {
		if zero.Ledger[i].State == facts.Skipped {
			zero.Ledger[i].State = facts.NotApplicable
		}
	}
	if got := decided(t, zero); !got.Complete || len(got.NotJudged) != 0 {
		t.Errorf("a rule without subjects lacks nothing: %v", got.NotJudged)
	}
}

// What a rule lacks is required where a configuration exists and the rule could
// have stopped the change, by an approval too.
func TestNotJudgedIsRequired(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(in *Input)
		want bool
	}{
		{"a rule that asks for an approval", func(*Input) {}, true},
		{"a rule that warns", func(in *Input) { in.Config = conf(t, "rules: {iac/exposure: {effect: warn}}\n") }, false},
		{"no configuration", func(in *Input) { in.Config, in.Environments[0].Class = nil, "prod" }, false},
	} {
		in := base(t)
		in.Subjects["terraform:x"] = subject("terraform:x", scope("prod", "prod", "eu"), "s/main.tf", 1)
		tt.edit(&in)
		for i := range in.Rules {
			if in.Rules[i].ID == "iac/exposure" {
				in.Rules[i].Needs = []string{"plan"}
				in.Ledger[i].State = facts.Skipped
			}
		}
		res := decided(t, in)
		required := false
		for _, n := range res.NotJudged {
			if n.Rule == "iac/exposure" && n.Environment == "prod" {
				required = n.Required
			}
		}
		if required != tt.want || res.Complete == tt.want {
			t.Errorf("%s: required %v, complete %v; want %v", tt.name, required, res.Complete, tt.want)
		}
	}
}

// An approval is asked for by what is applied and by findings that count.
func TestRequirementsOfWhatCounts(t *testing.T) {
	t.Parallel()
	because := func(in Input) map[string][]string {
		out := map[string][]string{}
		for _, q := range decided(t, in).Requirements {
			out[q.ID] = q.Because
		}
		return out
	}
	in := base(t)
	in.Results = []policy.Result{result("iac/deletion", "eu")}
	in.Waivers = waivers(t, "  - {id: w1, rule: iac/deletion, scope: {environment: prod, subject: eu}, owner: bob, reason: r, created: 2026-05-25, expires: 2026-06-01}\n")
	want := map[string][]string{"prod/eu/-": {"approvals"}, "prod/eu/elevated": {"approvals"}, "prod/us/-": {"approvals"}}
	if diff := cmp.Diff(want, because(in)); diff != "" {
		t.Errorf("a waived finding asks for nothing, its risk does (-want +got):\n%s", diff)
	}
	in.Waivers, in.NothingApplied = nil, true
	if diff := cmp.Diff(map[string][]string{"prod/eu/elevated": {"iac/deletion"}}, because(in)); diff != "" {
		t.Errorf("nothing is applied (-want +got):\n%s", diff)
	}
}

// The class is the highest of what the table says and of what the findings do, and
// each of them is named.
func TestClassification(t *testing.T) {
	t.Parallel()
	in := base(t)
	table, err := classify.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	gone := classify.Moved{Subject: facts.Subject{ID: "us", Scope: scope("prod", "prod", "us")}, Over: classify.OverObject, Type: "/Service", Name: "Service shop/api", Action: classify.Delete}
	in.Classified = table.Evaluate([]classify.Moved{gone}, &facts.Facts{})
	in.Results = []policy.Result{result("iac/deletion", "eu"), result("k8s/probes", "us")}
	var got []string
	for _, e := range decided(t, in).Environments {
		if e.Risk != e.Classification.RiskClass {
			t.Errorf("%s/%s: risk %s, classification %s", e.Environment, e.Target, e.Risk, e.Classification.RiskClass)
		}
		text := e.Environment + "/" + e.Target + " " + e.Risk
		for _, r := range e.Classification.Rows {
			text += fmt.Sprintf(", %s %s %d %v", r.ID, r.RiskClass, r.Count, r.Subjects)
		}
		got = append(got, text)
	}
	want := []string{"dev/ low", "prod/eu critical, iac/deletion critical 1 [Deployment web]", "prod/us high, object-deleted high 1 [Service shop/api]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	in := base(t)
	in.Results = []policy.Result{result("iac/exposure", "eu"), result("iac/deletion", "eu"), result("k8s/probes", "us")}
	table, err := classify.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	in.Classified = table.Evaluate([]classify.Moved{{Subject: facts.Subject{ID: "us", Scope: scope("prod", "prod", "us")}, Over: classify.OverObject, Type: "/Service", Action: classify.Delete}}, &facts.Facts{})
	got := decided(t, in)
	want := []Requirement{
		{ID: "prod/eu/-", Environment: "prod", Target: "eu", Count: 2, Because: []string{"approvals"},
			How: "anyone but the author approves the latest commit in the pull request; this is the default, and approvals.prod.critical of .gate.yaml sets another number"},
		{ID: "prod/eu/elevated", Environment: "prod", Target: "eu", Role: "elevated", Count: 2, Because: []string{"approvals", "iac/deletion"},
			How: "alice or bob approves the latest commit in the pull request"},
		{ID: "prod/eu/security", Environment: "prod", Target: "eu", Role: "security", Count: 1, Because: []string{"iac/exposure"},
			How: "alice or a member of @acme/security approves the latest commit in the pull request"},
		{ID: "prod/us/-", Environment: "prod", Target: "us", Count: 2, Because: []string{"approvals"},
			How: "anyone but the author approves the latest commit in the pull request; this is the default, and approvals.prod.high of .gate.yaml sets another number"},
	}
	for i, q := range want {
		want[i].Open = q.Count
	}
	if diff := cmp.Diff(want, got.Requirements); diff != "" {
		t.Errorf("Requirements (-want +got):\n%s", diff)
	}
	var risks []string
	for _, e := range got.Environments {
		risks = append(risks, e.Environment+"/"+e.Target+" "+e.Risk)
	}
	if diff := cmp.Diff([]string{"dev/ low", "prod/eu critical", "prod/us high"}, risks); diff != "" {
		t.Errorf("risk (-want +got):\n%s", diff)
	}
	for i := range got.Environments {
		for j := range got.Environments[i].Requirements {
			got.Environments[i].Requirements[j].Satisfied = true
		}
	}
	if code := got.ExitCode("", false); code != ExitAllowed {
		t.Errorf("exit %d with all requirements met", code)
	}

	in.Config = conf(t, "approvals: {prod: {critical: {count: 0}, high: 0}}\n")
	in.Config.Roles = nil
	got = decided(t, in)
	wantNotes := []string{
		`production needs no approval at risk critical, because approvals.prod.critical of .gate.yaml says so`,
		`production needs no approval at risk high, because approvals.prod.high of .gate.yaml says so`,
		`role "elevated" is required by iac/deletion: nobody holds it; name them in .gate.yaml of the target branch: roles: {elevated: {teams: [ORGANISATION/TEAM]}}`,
		`role "security" is required by iac/exposure: nobody holds it; name them in .gate.yaml of the target branch: roles: {security: {teams: [ORGANISATION/TEAM]}}`,
	}
	if diff := cmp.Diff(wantNotes, got.Notes); diff != "" {
		t.Errorf("Notes (-want +got):\n%s", diff)
	}
}

// Every requirement says who can meet it, and how.
func TestHow(t *testing.T) {
	t.Parallel()
	set := conf(t, "approvals: {prod: {low: 3}}\n")
	set.Roles["keys"] = config.Role{Members: []string{"alice"}, Source: []string{"signature"}}
	set.Roles["many"] = config.Role{Members: []string{"a", "b", "c"}, Teams: []string{"x/y", "x/z"}, Source: []string{"signature", "review"}}
	for _, c := range []struct {
		name string
		cfg  *config.Config
		role string
		want string
	}{
		{"a configured minimum", set, "", "anyone but the author approves the latest commit in the pull request"},
		{"owners", set, config.OwnersRole, "a code owner that the finding names approves the latest commit in the pull request"},
		{"by signature alone", set, "keys", "alice signs an approval of the decision"},
		{"more people than fit", set, "many", "a, b, c, a member of x/y or one of 1 more approves the latest commit in the pull request"},
		{"a role that nobody holds", set, "release", "nobody holds it; name them in .gate.yaml of the target branch: roles: {release: {teams: [ORGANISATION/TEAM]}}"},
		{"no configuration", nil, "security", "nobody holds it; name them in .gate.yaml of the target branch: roles: {security: {teams: [ORGANISATION/TEAM]}}"},
	} {
		r := &ruling{Input: Input{Config: c.cfg}}
		if diff := cmp.Diff(c.want, r.how(c.role, config.Prod, "low")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	need := []EnvironmentDecision{{Decision: RequireApproval, Requirements: []Requirement{{ID: "x"}}}}
	tests := []struct {
		res    Result
		failOn Effect
		empty  bool
		want   int
	}{
		{Result{Decision: Allow, Complete: true, Judged: 1}, "", false, 0},
		{Result{Decision: Warn, Complete: true, Judged: 1}, "", false, 0},
		{Result{Decision: Warn, Complete: true, Judged: 1}, Warn, false, 1},
		{Result{Decision: Allow, Complete: true, Judged: 1}, Warn, false, 0},
		{Result{Decision: Deny, Judged: 1}, "", false, 1},
		{Result{Decision: Deny}, Deny, false, 1},
		{Result{Decision: Allow, Judged: 1}, "", false, 3},
		{Result{Decision: Allow}, "", true, 3},
		{Result{Decision: RequireApproval, Environments: need, Judged: 1}, "", false, 3},
		{Result{Decision: RequireApproval, Complete: true, Environments: need, Judged: 1}, "", false, 5},
		{Result{Decision: RequireApproval, Complete: true, Environments: need, Judged: 1}, Warn, false, 5},
		{Result{Decision: RequireApproval, Complete: true, Environments: need, Judged: 1}, Deny, false, 0},
		{Result{Decision: RequireApproval, Complete: true, Judged: 1, Environments: []EnvironmentDecision{{Decision: RequireApproval}}}, "", false, 5},
		{Result{Decision: Allow, Complete: true}, "", false, 4},
		{Result{Decision: Allow, Complete: true}, "", true, 0},
	}
	for i, tt := range tests {
		if got := tt.res.ExitCode(tt.failOn, tt.empty); got != tt.want {
			t.Errorf("%d: exit %d, want %d", i, got, tt.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	in := base(t)
	a, b := result("k8s/probes", "eu"), result("k8s/probes", "eu")
	b.Message = "n"
	in.Results = []policy.Result{a, b, result("k8s/probes", "us")}
	before := decided(t, in)
	prints := map[string]bool{}
	for _, f := range before.Findings {
		if len(f.Fingerprint) != 32 {
			t.Errorf("fingerprint %q", f.Fingerprint)
		}
		prints[f.Fingerprint] = true
	}
	if len(prints) != 3 {
		t.Errorf("%d distinct fingerprints, want 3", len(prints))
	}
	// Lines move; the identity stays.
	in.Subjects["eu"] = subject("eu", scope("prod", "prod", "eu"), "prod/moved.yaml", 99)
	for _, f := range decided(t, in).Findings {
		if !prints[f.Fingerprint] {
			t.Errorf("%s got a new fingerprint", f.Subject.ID)
		}
	}
	if got := before.Findings[0].Fingerprint; got != "934d60649da7ab4ae5d3d6f5604e6282" {
		t.Errorf("the identity of a finding is an interface; it became %s", got)
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	in := base(t)
	in.Rules, in.Ledger = nil, []facts.Entry{
		{Kind: "file", ID: "a", State: facts.Evaluated}, {Kind: "file", ID: "b", State: facts.Excluded, Until: "2027-01-01"},
		{Kind: "unit", ID: "u", State: facts.Evaluated}, {Kind: "object", ID: "o", State: facts.NotApplicable},
		{Kind: "resource", ID: "r", State: facts.Failed, Reason: "x"}, {Kind: "policy", ID: "p", State: facts.Evaluated}, {Kind: "exclude", ID: "e", State: facts.Failed},
	}
	want := Coverage{
		Files:     map[facts.State]int{facts.Evaluated: 1, facts.Excluded: 1},
		Units:     map[facts.State]int{facts.Evaluated: 1},
		Objects:   map[facts.State]int{facts.NotApplicable: 1},
		Resources: map[facts.State]int{facts.Failed: 1},
		Rules:     map[facts.State]int{facts.Evaluated: 1},
		Entries:   []facts.Entry{in.Ledger[6], in.Ledger[4], in.Ledger[1], in.Ledger[5], in.Ledger[2]},
	}
	if diff := cmp.Diff(want, decided(t, in).Coverage); diff != "" {
		t.Errorf("Coverage (-want +got):\n%s", diff)
	}
}

func TestDecideNeedsTime(t *testing.T) {
	t.Parallel()
	if _, err := Decide(Input{}); err == nil {
		t.Error("a decision without a time was made")
	}
	if res := decided(t, Input{Now: now}); res.Decision != Allow || res.ExitCode("", false) != ExitNothingToCheck {
		t.Errorf("empty input: %+v", inShort(res))
	}
}
