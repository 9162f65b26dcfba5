package attest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/source/sourcetest"
)

func publicKey(t testing.TB, s envelope.Signer) envelope.PublicKey {
	t.Helper()
	k, err := envelope.NewPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func writeFile(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// unchanged is a target branch that says what it said when a decision was made.
func unchanged(d *Decision) *Standing {
	is := d.Predicate.Decision.Digests
	return &Standing{Source: d.Predicate.Decision.PolicySource, Policy: is.Policy, Data: is.Data, Judging: is.Judging}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	ours, theirs := testSigner(t, "ours"), testSigner(t, "theirs")
	dir := t.TempDir()
	plan := writeFile(t, filepath.Join(dir, "plan.bin"), planBytes)
	jsonFile := writeFile(t, filepath.Join(dir, "plan.json"), planJSON)
	otherFile := writeFile(t, filepath.Join(dir, "other.bin"), "another plan")

	tests := []struct {
		name   string
		input  func(*Input)       // of the decision
		change func(*VerifyInput) // of the check
		want   []Reason
		code   int
	}{
		{name: "authorised"},
		{name: "allow", input: func(in *Input) { in.entry().Decision = decide.Allow }},
		{name: "unsigned", change: func(v *VerifyInput) { v.Decision.Signed = false }, want: []Reason{ReasonUnsigned}, code: 1},
		{name: "another signer", change: func(v *VerifyInput) { v.Keys = []envelope.PublicKey{publicKey(t, theirs)} }, want: []Reason{ReasonSignature}, code: 1},
		{name: "no key", change: func(v *VerifyInput) { v.Keys = nil }, want: []Reason{ReasonSignature}, code: 1},
		{name: "unreadable key", change: func(v *VerifyInput) { v.Keys, v.KeyFaults = nil, []error{errors.New("permission denied")} }, want: []Reason{ReasonUnknown}, code: 3},
		{name: "another key is unreadable", change: func(v *VerifyInput) { v.KeyFaults = []error{errors.New("permission denied")} }},
		{name: "decision of dev in prod", change: func(v *VerifyInput) { v.Environment = "dev" }, want: []Reason{ReasonEnvironment}, code: 1},
		{name: "another target", change: func(v *VerifyInput) { v.Target = "us" }, want: []Reason{ReasonTarget}, code: 1},
		{name: "no target said", change: func(v *VerifyInput) { v.Target = "" }, want: []Reason{ReasonTarget}, code: 1},
		{name: "another repository", change: func(v *VerifyInput) { v.Repository = "github.com/acme/other" }, want: []Reason{ReasonRepository}, code: 1},
		{name: "the decision was revoked", change: func(v *VerifyInput) {
			v.Revoked = []config.Revocation{{Decision: v.Decision.Digest, Reason: "wrong"}}
		}, want: []Reason{ReasonRevoked}, code: 1},
		{name: "the key was revoked", change: func(v *VerifyInput) {
			v.Revoked = []config.Revocation{{Key: publicKey(t, testSigner(t, "ours")).ID, Reason: "stolen"}}
		}, want: []Reason{ReasonRevoked}, code: 1},
		{name: "others were revoked", change: func(v *VerifyInput) {
			v.Revoked = []config.Revocation{{Approval: v.Decision.Digest, Reason: "x"}, {Key: "SHA256:x", Reason: "x"}}
		}},
		{name: "longer than production may, nothing said", input: func(in *Input) { in.ValidFor = 24*time.Hour + time.Second }, want: []Reason{ReasonValidity}, code: 1},
		{name: "longer than production may, more allowed", input: func(in *Input) { in.ValidFor = 25 * time.Hour },
			change: func(v *VerifyInput) { v.MaxValidity = 48 * time.Hour }, want: []Reason{ReasonValidity}, code: 1},
		{name: "a week elsewhere", input: func(in *Input) { in.ValidFor, in.entry().Class = 7*24*time.Hour, "non-prod" }},
		{name: "more than a week elsewhere", input: func(in *Input) { in.ValidFor, in.entry().Class = 7*24*time.Hour+time.Second, "non-prod" }, want: []Reason{ReasonValidity}, code: 1},
		{name: "it lasts too long", change: func(v *VerifyInput) { v.MaxValidity = time.Minute }, want: []Reason{ReasonValidity}, code: 1},
		{name: "repository not known", change: func(v *VerifyInput) { v.Repository = "" }, want: []Reason{ReasonUnknown}, code: 3},
		{name: "the caller names the key, in production", change: func(v *VerifyInput) { v.Standing, v.Given = nil, true }, want: []Reason{ReasonGivenTrust}, code: 1},
		{name: "the caller names the key, and that will do", change: func(v *VerifyInput) { v.Standing, v.Given, v.GivenAccepted = nil, true, true }},
		{name: "the caller names the key, elsewhere", input: func(in *Input) { in.entry().Class = "non-prod" }, change: func(v *VerifyInput) { v.Standing, v.Given = nil, true }},
		{name: "other rules", change: func(v *VerifyInput) { v.Standing.Policy = "x" }, want: []Reason{ReasonStale}, code: 5},
		{name: "other tables", change: func(v *VerifyInput) { v.Standing.Data = "x" }, want: []Reason{ReasonStale}, code: 5},
		{name: "another configuration", change: func(v *VerifyInput) { v.Standing.Judging = "x" }, want: []Reason{ReasonStale}, code: 5},
		{name: "a date has passed", change: func(v *VerifyInput) { v.Standing.Turns = []string{"baseline.until"} }, want: []Reason{ReasonStale}, code: 5},
		{name: "a waiver has lapsed", change: func(v *VerifyInput) { v.Standing.Lapsed = []string{"W-1 expired"} }, want: []Reason{ReasonWaiver}, code: 1},
		{name: "a freeze has begun", change: func(v *VerifyInput) { v.Standing.Frozen = []Freeze{{From: "a", To: "b"}} }, want: []Reason{ReasonFreeze}, code: 1},
		{name: "the freeze it was judged in", change: func(v *VerifyInput) {
			v.Standing.Frozen = []Freeze{{From: "a", To: "b"}}
			v.Decision.Predicate.Decision.Freezes = v.Standing.Frozen
		}},
		{name: "all of it, and judged again", change: func(v *VerifyInput) {
			v.Standing = &Standing{Policy: "x", Turns: []string{"t"}, Frozen: []Freeze{{From: "a"}}, Again: &Reevaluation{}}
		}},
		{name: "judged again, and worse", change: func(v *VerifyInput) {
			v.Standing = &Standing{Policy: "x", Again: &Reevaluation{Worse: []string{"no"}}}
		}, want: []Reason{ReasonPolicy}, code: 1},
		{name: "not to be judged again", change: func(v *VerifyInput) {
			v.Standing.Policy, v.Standing.Again = "x", &Reevaluation{Unread: "no"}
		}, want: []Reason{ReasonUnknown, ReasonStale}, code: 3},
		{name: "the job of another repository", change: func(v *VerifyInput) { v.Runner = &Runner{Repository: "github.com/acme/other"} }, want: []Reason{ReasonRunner}, code: 1},
		{name: "a job that may not", change: func(v *VerifyInput) { v.Runner = &Runner{Refused: "runs elsewhere"} }, want: []Reason{ReasonRunner}, code: 1},
		{name: "a job without a token", change: func(v *VerifyInput) { v.Runner = &Runner{Unread: errors.New("none")} }, want: []Reason{ReasonUnknown}, code: 3},
		{name: "the job of this one", change: func(v *VerifyInput) { v.Runner = &Runner{Repository: "github.com/acme/platform"} }},
		{name: "more approvals are asked for now", change: func(v *VerifyInput) {
			v.Requirements = []Requirement{{ID: "q9", Count: 1}}
		}, want: []Reason{ReasonApprovals}, code: 5},
		{name: "last second", change: func(v *VerifyInput) { v.Now = judged.Add(24*time.Hour - time.Second) }},
		{name: "expired", change: func(v *VerifyInput) { v.Now = judged.Add(24 * time.Hour) }, want: []Reason{ReasonExpired}, code: 1},
		{name: "clock a little behind", change: func(v *VerifyInput) { v.Now = judged.Add(-time.Minute) }},
		{name: "from the future", change: func(v *VerifyInput) { v.Now = judged.Add(-time.Hour) }, want: []Reason{ReasonNotYetValid}, code: 1},
		{name: "denied", input: func(in *Input) { in.entry().Decision = decide.Deny }, want: []Reason{ReasonDenied}, code: 1},
		{name: "incomplete", input: func(in *Input) { in.entry().Complete = false }, want: []Reason{ReasonIncomplete}, code: 1},
		{name: "required rule not judged", input: func(in *Input) { in.Result.NotJudged[0].Required = true }, want: []Reason{ReasonIncomplete}, code: 1},
		{name: "untrusted policies", input: func(in *Input) { in.Result.PolicySource = "untrusted: --config" }, want: []Reason{ReasonPolicySource}, code: 1},
		{name: "untrusted policies that look like a commit", input: func(in *Input) { in.Result.PolicySource = "untrusted: x@" + baseCommit }, want: []Reason{ReasonPolicySource}, code: 1},
		{name: "no policies", input: func(in *Input) { in.Result.PolicySource = "none" }, want: []Reason{ReasonPolicySource}, code: 1},
		{name: "a short commit", input: func(in *Input) { in.Result.PolicySource = "main@ba5e" }, want: []Reason{ReasonPolicySource}, code: 1},
		{name: "plan JSON alone in production", want: []Reason{ReasonPlanLink}, code: 1,
			input:  func(in *Input) { in.Subjects, in.PlanLink = in.Subjects[1:], PlanUnverified },
			change: func(v *VerifyInput) { delete(v.Subjects, SubjectPlan) }},
		{name: "plan JSON alone elsewhere",
			input: func(in *Input) {
				in.Subjects, in.PlanLink, in.entry().Class = in.Subjects[1:], PlanUnverified, "non-prod"
			},
			change: func(v *VerifyInput) { delete(v.Subjects, SubjectPlan) }},
		{name: "another plan", change: func(v *VerifyInput) { v.Subjects[SubjectPlan] = otherFile }, want: []Reason{ReasonSubjectMismatch}, code: 1},
		{name: "only one of two subjects", change: func(v *VerifyInput) { delete(v.Subjects, SubjectPlan) }, want: []Reason{ReasonSubjectMissing}, code: 1},
		{name: "no subject", change: func(v *VerifyInput) { v.Subjects = nil }, want: []Reason{ReasonSubjectMissing, ReasonSubjectMissing}, code: 1},
		{name: "one subject too many", change: func(v *VerifyInput) { v.Subjects["rendered-set"] = plan }, want: []Reason{ReasonSubjectUnknown}, code: 1},
		{name: "subjects swapped", change: func(v *VerifyInput) {
			v.Subjects[SubjectPlan], v.Subjects[SubjectPlanJSON] = v.Subjects[SubjectPlanJSON], v.Subjects[SubjectPlan]
		}, want: []Reason{ReasonSubjectMismatch, ReasonSubjectMismatch}, code: 1},
		{name: "file missing", change: func(v *VerifyInput) { v.Subjects[SubjectPlan] = filepath.Join(dir, "none") }, want: []Reason{ReasonUnknown}, code: 3},
		{name: "a directory for a file", change: func(v *VerifyInput) { v.Subjects[SubjectPlan] = dir }, want: []Reason{ReasonUnknown}, code: 3},
		{name: "a refusal wins over unknown", change: func(v *VerifyInput) { v.Subjects[SubjectPlan], v.Environment = dir, "dev" }, want: []Reason{ReasonEnvironment, ReasonUnknown}, code: 1},
		{name: "approvals missing", input: func(in *Input) {
			in.entry().Decision = decide.RequireApproval
			in.entry().Requirements = []decide.Requirement{{ID: "q1", Role: "elevated", Count: 2}}
		}, want: []Reason{ReasonApprovals}, code: 5},
		{name: "approvals of the configuration missing", input: func(in *Input) {
			in.entry().Requirements = []decide.Requirement{{ID: "q1", Count: 1, Because: []string{"approvals"}, Satisfied: true}}
		}, want: []Reason{ReasonApprovals}, code: 5},
		{name: "require-approval without a requirement", input: func(in *Input) { in.entry().Decision = decide.RequireApproval }, want: []Reason{ReasonApprovals}, code: 5},
		{name: "unknown wins over approvals", input: func(in *Input) { in.entry().Decision = decide.RequireApproval },
			change: func(v *VerifyInput) { v.Subjects[SubjectPlan] = dir }, want: []Reason{ReasonUnknown, ReasonApprovals}, code: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := sample()
			if tt.input != nil {
				tt.input(&in)
			}
			vi := VerifyInput{
				Decision: signed(t, in, ours), Keys: []envelope.PublicKey{publicKey(t, theirs), publicKey(t, ours)},
				Subjects:    map[string]string{SubjectPlan: plan, SubjectPlanJSON: jsonFile},
				Environment: "prod", Target: "eu", Repository: "github.com/acme/platform", Now: judged.Add(time.Hour),
			}
			vi.Standing = unchanged(vi.Decision)
			if tt.change != nil {
				tt.change(&vi)
			}
			v := Verify(vi)
			var got []Reason
			for _, r := range v.Refusals {
				got = append(got, r.Reason)
				if r.Message == "" {
					t.Errorf("%s has no message", r.Reason)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			var refused []Reason // each by the check that is its own
			for _, c := range v.Checks() {
				if ok := c.Outcome == OutcomeOK || c.Outcome == OutcomeGiven; ok != (len(c.Refusals) == 0) && v.looked {
					t.Errorf("check %s is %s with %v", c.Name, c.Outcome, c.Refusals)
				}
				for _, r := range c.Refusals {
					refused = append(refused, r.Reason)
				}
			}
			if len(refused) != len(got) {
				t.Errorf("checks tell %v of %v", refused, got)
			}
			if v.ExitCode() != tt.code || v.Authorised() != (tt.code == 0) {
				t.Errorf("exit code %d, want %d; authorised %v", v.ExitCode(), tt.code, v.Authorised())
			}
			if v.Authorised() && v.KeyID != ours.KeyID() {
				t.Errorf("signed by %q", v.KeyID)
			}
		})
	}
}

// TestVerifyZeroApprovals says so where production needs no approval.
func TestVerifyZeroApprovals(t *testing.T) {
	t.Parallel()
	v := Verify(VerifyInput{Decision: signed(t, sample(), testSigner(t, "ours")), Keys: []envelope.PublicKey{publicKey(t, testSigner(t, "ours"))}, Now: judged})
	if !slices.Contains(v.Notes, "the configuration asks for no approval of this production change") {
		t.Errorf("notes %q", v.Notes)
	}
}

func TestVerifyClosure(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Odd{
		Tree:        sourcetest.Tree{"charts/web/Chart.yaml": "name: web\n", "charts/web/run.sh": "#!/bin/sh\n", "values.link": "name: web\n"},
		Executables: []string{"charts/web/run.sh"}, Links: []string{"values.link"},
	}
	files := []string{"values.link", "charts/web/run.sh", "charts/web/Chart.yaml", "charts/web/Chart.yaml"}
	subject, err := CloseFiles(SubjectClosure, tree, files)
	if err != nil {
		t.Fatal(err)
	}
	// The digest written out, so that another program can be held against it.
	want := sum("100644 charts/web/Chart.yaml " + sum("name: web\n") + "\n100755 charts/web/run.sh " + sum("#!/bin/sh\n") + "\n120000 values.link " + sum("name: web\n") + "\n")
	if subject.SHA256 != want {
		t.Fatalf("closure %s, want %s", subject.SHA256, want)
	}
	if _, err := CloseFiles(SubjectClosure, tree, []string{"none"}); err == nil {
		t.Error("a file that does not exist was closed over")
	}

	checkout := func(t *testing.T) string {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, "charts/web/Chart.yaml"), "name: web\n")
		script := writeFile(t, filepath.Join(dir, "charts/web/run.sh"), "#!/bin/sh\n")
		if err := os.Chmod(script, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("charts/web/Chart.yaml", filepath.Join(dir, "values.link")); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	tests := []struct {
		name   string
		change func(t *testing.T, dir string) error
		code   int
	}{
		{"as judged", func(*testing.T, string) error { return nil }, 0},
		{"a file beside it", func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "README.md"), []byte("x"), 0o644)
		}, 0},
		{"content", func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "charts/web/Chart.yaml"), []byte("name: evil\n"), 0o644)
		}, 1},
		{"mode", func(_ *testing.T, dir string) error { return os.Chmod(filepath.Join(dir, "charts/web/run.sh"), 0o644) }, 1},
		{"link became a file", func(_ *testing.T, dir string) error {
			if err := os.Remove(filepath.Join(dir, "values.link")); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "values.link"), []byte("name: web\n"), 0o644)
		}, 1},
		{"file is gone", func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, "charts/web/run.sh")) }, 3},
		{"link leaves", func(t *testing.T, dir string) error {
			outside := writeFile(t, filepath.Join(t.TempDir(), "Chart.yaml"), "name: web\n")
			if err := os.Remove(filepath.Join(dir, "values.link")); err != nil {
				return err
			}
			return os.Symlink(outside, filepath.Join(dir, "values.link"))
		}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := sample()
			in.Subjects, in.PlanLink = []Artifact{subject}, NoPlan
			dir := checkout(t)
			if err := tt.change(t, dir); err != nil {
				t.Fatal(err)
			}
			s := testSigner(t, "ours")
			v := Verify(VerifyInput{
				Decision: signed(t, in, s), Keys: []envelope.PublicKey{publicKey(t, s)}, Now: judged,
				Environment: "prod", Target: "eu", Repository: "github.com/acme/platform", Subjects: map[string]string{SubjectClosure: dir},
			})
			if v.ExitCode() != tt.code {
				t.Errorf("exit code %d, want %d: %+v", v.ExitCode(), tt.code, v.Refusals)
			}
		})
	}
}

func TestDecisionKeys(t *testing.T) {
	t.Parallel()
	pemOf := func(name string) config.Key { return config.Key{File: name} }
	read := func(name string) ([]byte, error) {
		if name == "broken" {
			return nil, os.ErrPermission
		}
		return publicPEM(t, testSigner(t, name)), nil
	}
	trust := &config.Trust{Decisions: []config.SignerTrust{
		{Name: "prod", Repositories: []string{"github.com/acme/*"}, Environments: []string{"prod"}, Keys: []config.Key{pemOf("prod")}},
		{Name: "dev", Environments: []string{"dev"}, Keys: []config.Key{pemOf("dev")}},
		{Name: "all", Keys: []config.Key{pemOf("all")}},
		{Name: "broken", Environments: []string{"stage"}, Keys: []config.Key{pemOf("broken")}},
	}}
	tests := []struct {
		repository, environment string
		want                    []string
		faults                  int
	}{
		{"github.com/acme/platform", "prod", []string{"prod", "all"}, 0},
		{"github.com/acme-evil/platform", "prod", []string{"all"}, 0},
		{"github.com/acme/a/b", "prod", []string{"all"}, 0},
		{"", "prod", []string{"all"}, 0},
		{"github.com/acme/platform", "dev", []string{"dev", "all"}, 0},
		{"github.com/acme/platform", "production", []string{"all"}, 0},
		{"github.com/acme/platform", "stage", []string{"all"}, 1},
	}
	for _, tt := range tests {
		keys, faults := DecisionKeys(trust, tt.repository, tt.environment, read)
		var got, want []string
		for _, k := range keys {
			got = append(got, k.ID)
		}
		for _, w := range tt.want {
			want = append(want, testSigner(t, w).KeyID())
		}
		if diff := cmp.Diff(want, got); diff != "" || len(faults) != tt.faults {
			t.Errorf("%s %s: %s, faults %v", tt.repository, tt.environment, diff, faults)
		}
	}
	if keys, faults := DecisionKeys(nil, "a", "b", read); keys != nil || faults != nil {
		t.Errorf("no trust file gave %v, %v", keys, faults)
	}
}

// A file that is added to what a controller reads as a whole was not judged.
func TestVerifyAddedFile(t *testing.T) {
	t.Parallel()
	tests := []struct {
		add  string
		want bool // refused
	}{
		{"apps/b.yaml", true}, {"apps/b.yml", true}, {"apps/b.json", true}, {"charts/we[b]/templates/x.tpl", true}, {"charts/we[b]/charts/s.tgz", true},
		{"apps/README.md", false}, {"apps/sub/b.yaml", false}, {"charts/web/x.yaml", false}, {"other.yaml", false},
		{"all/new/deep/b.yaml", true}, {"all/new/README.md", false}, {".git/apps/b.yaml", false},
	}
	for _, test := range tests {
		t.Run(test.add, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files := []string{"all/x/a.yaml", "apps/a.yaml", "charts/we[b]/Chart.yaml"}
			for _, f := range files {
				writeFile(t, filepath.Join(dir, f), "a: 1\n")
			}
			covers := []string{CoverManifests("all", true), CoverManifests("apps", false), CoverAll("charts/we[b]")}
			if err := added(dir, covers, files); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(dir, test.add), "b: 1\n")
			if err := added(dir, covers, files); errors.Is(err, errAdded) != test.want {
				t.Errorf("%v, want refused: %v", err, test.want)
			}
		})
	}
}
