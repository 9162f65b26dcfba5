package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	intoto "github.com/in-toto/attestation/go/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/facts"
)

var update = flag.Bool("update", false, "write golden files")

var judged = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const baseCommit = "ba5eba5eba5eba5eba5eba5eba5eba5eba5eba5e"

const planJSON, planBytes = `{"format_version":"1.2"}`, "binary plan"

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// sample is a run that holds something of everything.
func sample() Input {
	prod := facts.Scope{Environment: "prod", Class: "prod", Target: "eu", Service: "payments", Owner: "@acme/payments", Regulated: true}
	other := facts.Scope{Environment: "prod", Class: "prod", Target: "us", Service: "search"}
	f := &facts.Facts{
		Environments: []facts.Environment{{Name: "prod", Targets: []facts.Target{
			{Name: "eu", Account: "111122223333", Region: "eu-west-1", Cluster: "prod-eu-1", Namespaces: []string{"b", "a", "a"}},
			{Name: "us", Account: "999"},
		}}},
		Units: []facts.Unit{{Subject: facts.Subject{ID: "helm:web", Scope: prod}, Path: "charts/web"}},
		Objects: []facts.Object{
			{Subject: facts.Subject{ID: "o1", Scope: prod}, Kind: "Deployment", Change: &facts.ResourceChange{Action: "updated"}},
			{Subject: facts.Subject{ID: "o2", Scope: prod}, Kind: "ConfigMap", Change: &facts.ResourceChange{Action: "unchanged"}},
			{Subject: facts.Subject{ID: "o3", Scope: other}, Kind: "Deployment", Change: &facts.ResourceChange{Action: "deleted"}},
		},
		Resources: []facts.Resource{
			{Subject: facts.Subject{ID: "r1", Scope: prod}, Mode: "managed", Type: "aws_db_instance", Origin: "plan", Actions: []string{"delete", "create"}},
			{Subject: facts.Subject{ID: "r2", Scope: prod}, Mode: "managed", Type: "aws_s3_bucket", Origin: "plan", Actions: []string{"create"}},
			{Subject: facts.Subject{ID: "r3", Scope: prod}, Mode: "managed", Type: "aws_s3_bucket", Origin: "plan", Actions: []string{"no-op"}},
			{Subject: facts.Subject{ID: "r4", Scope: prod}, Mode: "data", Type: "aws_ami", Origin: "plan", Actions: []string{"read"}},
		},
		Terraform: facts.Terraform{Stacks: []facts.Stack{{Subject: facts.Subject{Scope: prod}, Path: "stacks/db"}, {Subject: facts.Subject{Scope: other}, Path: "stacks/us"}}},
		Evidence:  []facts.Evidence{{Subject: facts.Subject{Scope: prod}, EvidenceID: "ev-1", RetentionClass: "regulated"}},
	}
	r := &decide.Result{
		Tool: decide.Tool{Name: "gate", Version: "0.1.0"}, Now: judged.Format(time.RFC3339),
		Change: facts.Change{
			Repository: "github.com/acme/platform", Commit: "c0ffee", Head: "beef", Base: "ba5e", MergeBase: "ba5e", Tree: "7ree",
			Branch: "feature", Author: "alice", PullRequest: &facts.PullRequest{Number: 7},
		},
		PolicySource: "origin/main@" + baseCommit, Decision: decide.Warn, Complete: true, Cached: decide.Cached{Files: 40, Builds: 3},
		Environments: []decide.EnvironmentDecision{
			{Environment: "prod", Class: "prod", Target: "us", Decision: decide.Deny, Risk: "low"},
			{Environment: "prod", Class: "prod", Target: "eu", Decision: decide.Warn, Complete: true, Scope: decide.ScopeTree, Risk: "high", Counts: map[string]int{"warn": 2, "waived": 3}, Classification: classified(prod)},
		},
		Findings: []decide.Finding{
			{Rule: "iac/a", Scope: prod, Entries: []int{1}, Waived: &decide.WaiverUse{ID: "W-1", Expires: "2027-01-01", Owner: "@acme/db", Reason: "migration <&>", Ticket: "OPS-1", Rule: "iac/a", Scope: "prod: path stacks/**"}},
			{Rule: "iac/a", Scope: prod, Entries: []int{1}, Waived: &decide.WaiverUse{ID: "W-1", Expires: "2027-01-01", Owner: "@acme/db", Reason: "migration <&>", Ticket: "OPS-1", Rule: "iac/a", Scope: "prod: path stacks/**"}},
			{Rule: "iac/b", Scope: other, Entries: []int{0}, Waived: &decide.WaiverUse{ID: "W-2"}},
			{Rule: "repository/c", Entries: []int{0, 1}, Waived: &decide.WaiverUse{ID: "W-3", Expires: "2027-01-01", Owner: "o", Reason: "r", Inline: true, Rule: "repository/c", Scope: "a.yaml"}},
		},
		NotJudged: []decide.NotJudged{
			{Rule: "supply-chain/image-signed", Environment: "prod", Effect: decide.Deny, Reason: "no attestations"},
			{Rule: "x/y", Environment: "dev", Effect: decide.Deny, Reason: "no plan"},
		},
		Coverage: decide.Coverage{
			Files: map[facts.State]int{facts.Evaluated: 3, facts.Excluded: 1}, Units: map[facts.State]int{facts.Evaluated: 1},
			Entries: []facts.Entry{
				{Kind: "unit", ID: "helm:web", State: facts.Evaluated},
				{Kind: "file", ID: "examples/a.yaml", State: facts.Excluded, Reason: "documentation", Owner: "@acme/docs", Until: "2027-06-30"},
			},
		},
		Digests: decide.Digests{Policy: sum("policy"), Data: sum("data"), Config: sum("config"), Judging: sum("judging"), Facts: sum("facts"), Inputs: map[string]string{"plan": sum("plan")}},
	}
	return Input{
		Result: r, Facts: f, Entry: 1, PlanLink: PlanVerified, ValidFor: 24 * time.Hour,
		Subjects: []Artifact{
			{Name: SubjectName(SubjectPlan, ""), SHA256: sum(planBytes)},
			{Name: SubjectPlanJSON, SHA256: sum(planJSON)},
		},
		Reports: map[string]string{"sarif": sum("sarif")},
	}
}

// classified is a classification that holds something of everything.
func classified(at facts.Scope) classify.Classification {
	one := classify.Reach{Count: 1, Names: []string{"x"}}
	many := classify.Reach{Count: 12, Names: []string{"a", "b", "c"}}
	return classify.Classification{
		ChangeType: "database-change", RiskClass: "high", Destructive: true, RegulatedData: at.Regulated,
		Rows: []classify.Row{
			{ID: "resource-replaced", RiskClass: "high", Why: "it is deleted and made again", Count: 1, Subjects: []string{"aws_db_instance.main"}},
			{ID: "terraform", RiskClass: "low", ChangeType: "database-change", Why: "infrastructure", Count: 9, Subjects: []string{"a", "b\nrisk  low"}},
		},
		BlastRadius: classify.BlastRadius{Environments: one, Accounts: one, Regions: one, Clusters: one, Namespaces: many, Services: one, Owners: one, Resources: many},
	}
}

// What only the base has is deleted: it counts where it was, and the digest
// tells it.
func TestDeletedObjects(t *testing.T) {
	t.Parallel()
	in := sample()
	in.Facts.Resources, in.Facts.Objects = nil, nil
	none := decode(t, build(t, in))
	for _, scope := range []facts.Scope{{Environment: "prod", Target: "eu"}, {Environment: "prod", Target: "us"}} {
		in.Facts.DeletedObjects = append(in.Facts.DeletedObjects, facts.Object{
			Subject: facts.Subject{ID: "gone-" + scope.Target, Scope: scope}, Kind: "Namespace", Change: &facts.ResourceChange{Action: "deleted"},
		})
	}
	got := decode(t, build(t, in))
	if diff := cmp.Diff(Summary{Deleted: 1}, got.PredictedTransition.Summary); diff != "" {
		t.Error(diff)
	}
	if got.PredictedTransition.TransitionDigest == none.PredictedTransition.TransitionDigest {
		t.Error("the digest does not tell the deletion")
	}
}

func decode(t *testing.T, payload []byte) Predicate {
	t.Helper()
	var st statement
	if err := json.Unmarshal(payload, &st); err != nil {
		t.Fatal(err)
	}
	return st.Predicate
}

func (in Input) entry() *decide.EnvironmentDecision { return &in.Result.Environments[in.Entry] }

func build(t testing.TB, in Input) []byte {
	t.Helper()
	payload, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func testSigner(t testing.TB, name string) envelope.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := envelope.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signed(t testing.TB, in Input, s envelope.Signer) *Decision {
	t.Helper()
	data, err := Sign(build(t, in), s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-update writes it): %s", path, diff)
	}
}

func TestBuildGolden(t *testing.T) {
	t.Parallel()
	payload := build(t, sample())
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, payload, "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	golden(t, "decision.json", pretty.Bytes())

	d, err := Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	if d.Digest != sum(string(payload)) || d.Signed {
		t.Errorf("digest %s, signed %v", d.Digest, d.Signed)
	}
	var text bytes.Buffer
	if err := Show(&text, d); err != nil {
		t.Fatal(err)
	}
	golden(t, "show.txt", text.Bytes())
}

func TestBuildIsDeterministic(t *testing.T) {
	t.Parallel()
	first := build(t, sample())
	for range 20 {
		in := sample()
		slices.Reverse(in.Subjects)
		slices.Reverse(in.Result.Findings)
		slices.Reverse(in.Facts.Objects)
		if !bytes.Equal(first, build(t, in)) {
			t.Fatal("two builds of the same run differ")
		}
	}
}

// TestBuildIsInToto reads the statement with in-toto's own types.
func TestBuildIsInToto(t *testing.T) {
	t.Parallel()
	var st intoto.Statement
	var generic map[string]any
	payload := build(t, sample())
	if err := json.Unmarshal(payload, &generic); err != nil {
		t.Fatal(err)
	}
	st.Type, _ = generic["_type"].(string)
	st.PredicateType, _ = generic["predicateType"].(string)
	for _, s := range generic["subject"].([]any) {
		m := s.(map[string]any)
		st.Subject = append(st.Subject, &intoto.ResourceDescriptor{Name: m["name"].(string), Digest: map[string]string{"sha256": m["digest"].(map[string]any)["sha256"].(string)}})
	}
	if st.Type != intoto.StatementTypeUri || len(st.Subject) != 2 {
		t.Errorf("statement %v", &st)
	}
	for _, s := range st.Subject {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	if _, err := envelope.ReadStatement(payload); err != nil {
		t.Error(err)
	}
}

// TestSchema holds the schema and the Go types together: decisions validate,
// and each object of the schema has exactly the fields of its type.
func TestSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "schemas", "decision.schema.json")
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	full := sample()
	full.entry().Requirements = []decide.Requirement{{ID: "q", Role: "elevated", Count: 2, Because: []string{"approvals"}, Satisfied: true}}
	full.entry().Decision = decide.RequireApproval
	for name, in := range map[string]Input{"sample": sample(), "full": full, "least": least()} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(build(t, in)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	sameFields(t, "statement", doc, reflect.TypeFor[statement]())
}

// sameFields compares properties and required with the json names of a type.
func sameFields(t *testing.T, at string, schema map[string]any, typ reflect.Type) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Slice:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			t.Errorf("%s: no items in the schema", at)
			return
		}
		sameFields(t, at+"[]", items, typ.Elem())
	case reflect.Struct:
		properties, _ := schema["properties"].(map[string]any)
		var names, required []string
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			names = append(names, name)
			if p, ok := properties[name].(map[string]any); ok {
				sameFields(t, at+"."+name, p, typ.Field(i).Type)
			}
		}
		for _, r := range schema["required"].([]any) {
			required = append(required, r.(string))
		}
		var have []string
		for p := range properties {
			have = append(have, p)
		}
		slices.Sort(names)
		slices.Sort(have)
		slices.Sort(required)
		if !slices.Equal(names, have) || !slices.Equal(names, required) || schema["additionalProperties"] != false {
			t.Errorf("%s: type has %v, schema %v, required %v", at, names, have, required)
		}
	}
}

// least is a run in a repository without configuration, remote or base.
func least() Input {
	return Input{
		Result: &decide.Result{
			Tool: decide.Tool{Name: "gate", Version: "0.1.0"}, Now: judged.Format(time.RFC3339), PolicySource: "none",
			Change:       facts.Change{Commit: "c0ffee"},
			Environments: []decide.EnvironmentDecision{{Class: "non-prod", Decision: decide.Allow, Complete: true, Scope: decide.ScopeTree, Risk: "low", Classification: (*classify.Outcome)(nil).Of("", "")}},
		},
		Facts: &facts.Facts{}, ValidFor: time.Hour,
		Subjects: []Artifact{{Name: SubjectClosure, SHA256: sum(""), Files: []string{"b", "a"}}},
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Input)
		want   string
	}{
		{"no subject", func(in *Input) { in.Subjects = nil }, "no subject"},
		{"odd subject", func(in *Input) { in.Subjects[0].Name = "plan" }, `subject "plan" is not one of`},
		{"subject twice", func(in *Input) { in.Subjects[0].Name = SubjectPlanJSON }, "stands twice"},
		{"bad digest", func(in *Input) { in.Subjects[0].SHA256 = strings.ToUpper(sum("x")) }, "not a SHA-256"},
		{"plan link without the plan", func(in *Input) { in.Subjects = in.Subjects[1:] }, "not both subjects"},
		{"no plan link with a plan", func(in *Input) { in.PlanLink = NoPlan }, "plan link is none"},
		{"unverified plan link without plan JSON", func(in *Input) { in.Subjects, in.PlanLink = in.Subjects[:1], PlanUnverified }, "plan-json is no subject"},
		{"closure without files", func(in *Input) { in.Subjects = append(in.Subjects, Artifact{Name: SubjectClosure, SHA256: sum("")}) }, "does not fit"},
		{"closure that leaves", func(in *Input) {
			in.Subjects = append(in.Subjects, Artifact{Name: SubjectClosure, SHA256: sum(""), Files: []string{"../x"}})
		}, "not relative"},
		{"no risk class", func(in *Input) { in.entry().Classification.RiskClass = "" }, "riskClass"},
		{"a risk class of no row", func(in *Input) { in.entry().Classification.Rows = in.entry().Classification.Rows[1:] }, "classification.riskClass is high, its rows say low"},
		{"a row of nothing", func(in *Input) { in.entry().Classification.Rows[1].Count = 0 }, `row "terraform"`},
		{"a row without a name", func(in *Input) { in.entry().Classification.Rows[1].ID = "" }, `row ""`},
		{"more names than things", func(in *Input) { in.entry().Classification.BlastRadius.Clusters.Count = 0 }, "blastRadius.clusters"},
		{"no class", func(in *Input) { in.entry().Class = "" }, "target.class"},
		{"off is no decision", func(in *Input) { in.entry().Decision = decide.Off }, "policyDecision"},
		{"no policy source", func(in *Input) { in.Result.PolicySource = "" }, "policySource"},
		{"no validity", func(in *Input) { in.ValidFor = 0 }, "positive"},
		{"no time", func(in *Input) { in.Result.Now = "today" }, "time of the run"},
		{"no such entry", func(in *Input) { in.Entry = 2 }, "entry 2 of 2"},
		{"no facts", func(in *Input) { in.Facts = nil }, "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := sample()
			tt.change(&in)
			if _, err := Build(in); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// TestNoApprovals checks that nothing about given approvals gets in.
func TestNoApprovals(t *testing.T) {
	t.Parallel()
	a, b := sample(), sample()
	q := decide.Requirement{ID: "q", Role: "elevated", Count: 2}
	a.entry().Requirements = []decide.Requirement{q}
	q.Satisfied = true
	b.entry().Requirements = []decide.Requirement{q}
	if !bytes.Equal(build(t, a), build(t, b)) {
		t.Error("a satisfied requirement changes the decision")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	payload := string(build(t, sample()))
	swap := func(old, new string) string {
		if !strings.Contains(payload, old) {
			t.Fatalf("%q does not stand in the payload", old)
		}
		return strings.Replace(payload, old, new, 1)
	}
	tests := []struct{ name, in, want string }{
		{"duplicate", swap(`"policyDecision":"warn"`, `"policyDecision":"deny","policyDecision":"warn"`), "stands twice"},
		{"case variant", swap(`"policyDecision"`, `"PolicyDecision"`), "unknown field"},
		{"unknown field", swap(`"complete":true`, `"complete":true,"approved":true`), "unknown field"},
		{"missing field", swap(`"complete":true,`, ``), "canonical"},
		{"null list", swap(`"requirements":[]`, `"requirements":null`), "requirements is null"},
		{"white space", swap(`"complete":true`, `"complete": true`), "canonical"},
		{"unsorted keys", swap(`"complete":true,"counts":{"waived":3,"warn":2}`, `"counts":{"waived":3,"warn":2},"complete":true`), "canonical"},
		{"trailing data", payload + `{}`, "after the value"},
		{"truncated", payload[:len(payload)-3], "unexpected EOF"},
		{"empty", "", "unexpected EOF"},
		{"no decision", swap(`"policyDecision":"warn"`, `"policyDecision":"maybe"`), "policyDecision"},
		{"other predicate", swap(PredicateType, "https://slsa.dev/verification_summary/v1"), "predicate type"},
		{"time turned around", swap(`"validUntil":"2026-11-24`, `"validUntil":"2026-11-22`), "not after"},
		{"time without zone", swap(`"validUntil":"2026-11-24T12:00:00Z"`, `"validUntil":"2026-11-24T12:00:00"`), "RFC 3339"},
		{"subject renamed", swap(`{"digest":{"sha256":"`+sum(planBytes)+`"},"name":"tfplan"}`, `{"digest":{"sha256":"`+sum(planBytes)+`"},"name":"tfplan:x"}`), "artifacts"},
		{"SBOM", `{"spdxVersion":"SPDX-2.3"}`, "predicate type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(tt.in)); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestShowQuotesHostileText(t *testing.T) {
	t.Parallel()
	in := sample()
	in.Result.Change.Author = "alice\ndecision  allow, complete"
	in.Result.Findings[0].Waived.Reason = "\x1b[2Jgone \u202e"
	d, err := Parse(build(t, in))
	if err != nil {
		t.Fatal(err)
	}
	d.Predicate.Decision.NotJudged = []NotJudged{{Rule: "a/b", Effect: "warn\x1b[2J", Reason: "no\u2028thing"}}
	var out bytes.Buffer
	if err := Show(&out, d); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.ContainsAny(s, "\u2028") || strings.Contains(s, "\x1b") || strings.Contains(s, "\u202e") || strings.Contains(s, "\ndecision  allow, complete") {
		t.Errorf("hostile text came through:\n%s", s)
	}
}

// FuzzParse checks that what is read as a decision is exactly what would be
// written, and that showing and verifying it never panics.
func FuzzParse(f *testing.F) {
	f.Add(build(f, sample()))
	f.Add(build(f, least()))
	s := testSigner(f, "fuzz")
	bundle, err := Sign(build(f, sample()), s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Show(&out, d); err != nil {
			t.Fatal(err)
		}
		if v := Verify(VerifyInput{Decision: d, Now: judged}); v.Authorised() {
			t.Fatalf("authorised without a key: %s", data)
		}
		again, err := parse(d.Payload)
		if err != nil || again.Digest != d.Digest {
			t.Fatalf("payload reads differently: %v", err)
		}
	})
}
