package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const goodWaiver = `apiVersion: gate/v1
maxDays: {low: 60}
waivers:
  - id: w1
    rule: kubernetes/host-path
    scope: {environment: prod, path: "apps/logs/**"}
    owner: "@acme/logs"
    reason: node logs are read until the collector is replaced
    ticket: OPS-1
    approvedBy: [alice]
    created: 2026-01-01
    expires: 2026-01-20
`

func TestParseWaivers(t *testing.T) {
	t.Parallel()
	got, err := ParseWaivers(".gate/waivers.yaml", []byte(goodWaiver))
	if err != nil {
		t.Fatal(err)
	}
	want := &Waivers{APIVersion: "gate/v1", MaxDays: map[string]int{"low": 60}, File: ".gate/waivers.yaml", Waivers: []Waiver{{
		ID: "w1", Rule: "kubernetes/host-path", Scope: WaiverScope{Environment: "prod", Path: "apps/logs/**"}, Owner: "@acme/logs",
		Reason: "node logs are read until the collector is replaced", Ticket: "OPS-1", ApprovedBy: []string{"alice"},
		Created: day("2026-01-01"), Expires: day("2026-01-20"), Line: 4,
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseWaivers (-want +got):\n%s", diff)
	}
	if d := [3]int{got.Days("low"), got.Days("critical"), got.Days("?")}; d != [3]int{60, 14, 14} {
		t.Errorf("Days = %v", d)
	}
	if got.Waivers[0].Expired(day("2026-01-20")) || !got.Waivers[0].Expired(day("2026-01-21")) {
		t.Error("a waiver counts up to and including its last day")
	}
}

func TestWaiverFaultsStayWithTheEntry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"unknown key", "ticket:", "tickets:", []string{`unknown key "tickets"; did you mean "ticket"?`}},
		{"no reason", "    reason: node logs are read until the collector is replaced\n", "", []string{`waivers[0] is missing the key "reason"`}},
		{"empty owner", `"@acme/logs"`, `""`, []string{"waivers[0].owner is empty"}},
		{"bad date", "2026-01-20", "soon", []string{`waivers[0].expires is "soon"; expected a date such as 2027-06-30`}},
		{"before created", "2026-01-20", "2025-01-20", []string{"waiver expires before it was created"}},
		{"no scope", `{environment: prod, path: "apps/logs/**"}`, "{environment: prod}", []string{"scope needs either a path or a subject"}},
		{"over-broad", "apps/logs/**", "**/*.yaml", []string{`scope is over-broad: "**/*.yaml" has no literal segment`}},
		{"all environments", "environment: prod", `environment: "*"`, []string{`scope is over-broad: environment "*" with the pattern "apps/logs/**"; expected an exact path or subject, or one environment`}},
		{"bad glob", "apps/logs/**", "apps/[", []string{`scope.path: glob "apps/[" is malformed`}},
		{"pattern of rules", "kubernetes/host-path", "kubernetes/*", []string{`rule "kubernetes/*" is a pattern; expected one rule id`}},
	}
	for _, tt := range tests {
		w, err := ParseWaivers("w.yaml", []byte(strings.Replace(goodWaiver, tt.old, tt.new, 1)))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, w.Waivers[0].Faults); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	w, err := ParseWaivers("w.yaml", []byte(goodWaiver+strings.SplitN(goodWaiver, "waivers:\n", 2)[1]))
	if err != nil || len(w.Waivers) != 2 || w.Waivers[0].Faults != nil {
		t.Fatalf("%v, %v", w, err)
	}
	if diff := cmp.Diff([]string{`id "w1" is already waivers[0]`}, w.Waivers[1].Faults); diff != "" {
		t.Error(diff)
	}
}

func TestWaiverFileFaults(t *testing.T) {
	t.Parallel()
	_, err := ParseWaivers("w.yaml", []byte("apiVersion: gate/v1\nmaxDays: {low: 999, lo: 1}\nwaiver: []\n"))
	want := []string{
		`w.yaml:1:1: the file is missing the key "waivers"`,
		`w.yaml:2:11: maxDays.low is 999; expected 1 to 180`,
		`w.yaml:2:21: maxDays.lo is "lo"; did you mean "low"?`,
		`w.yaml:3:1: unknown key "waiver"; did you mean "waivers"?`,
	}
	if diff := cmp.Diff(want, messages(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestWaiverScopeCovers(t *testing.T) {
	t.Parallel()
	id := `terraform:stacks/data:aws_db_instance.this["main"]`
	tests := []struct {
		scope     WaiverScope
		env, file string
		want      bool
	}{
		{WaiverScope{Environment: "prod", Path: "apps/**"}, "prod", "apps/web/a.yaml", true},
		{WaiverScope{Environment: "prod", Path: "apps/**"}, "dev", "apps/web/a.yaml", false},
		{WaiverScope{Path: "apps/**"}, "prod", "apps/web/a.yaml", false},
		{WaiverScope{Path: ".github/workflows/ci.yml"}, "", ".github/workflows/ci.yml", true},
		{WaiverScope{Environment: "prod", Path: "apps/*"}, "prod", "apps/web/a.yaml", false},
		{WaiverScope{Environment: "prod", Path: "web/a.yaml"}, "prod", "apps/web/a.yaml", false}, // anchored
		{WaiverScope{Environment: "*", Subject: id}, "prod", "x.tf", true},
		{WaiverScope{Environment: "prod", Subject: `aws_db_instance.this["main"]`}, "prod", "x.tf", true},
		{WaiverScope{Environment: "prod", Subject: "terraform:stacks/*:aws_db_*"}, "prod", "x.tf", true},
		{WaiverScope{Environment: "prod", Subject: "aws_db"}, "prod", "x.tf", false},
		{WaiverScope{Environment: "prod"}, "prod", "x.tf", false},
		{WaiverScope{Environment: "prod", Path: "**/x.tf", Subject: "aws_db"}, "prod", "x.tf", false},
	}
	for i, tt := range tests {
		if got := tt.scope.Covers(tt.env, tt.file, id, `aws_db_instance.this["main"]`); got != tt.want {
			t.Errorf("%d: %+v covers %v, want %v", i, tt.scope, got, tt.want)
		}
	}
}

func TestParseTrustFaults(t *testing.T) {
	t.Parallel()
	text := `apiVersion: gate/v1
images:
  - {name: a, match: ["ghcr.io/acme/**"], keys: [{file: ../k.pub}, {pem: x}]}
  - {name: a, match: [], keys: []}
decisions:
  - {name: ci, identities: [{issuer: "http://i", subject: "**"}, {issuer: "https://i"}]}
  - {name: k, keys: [{pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}]}
revoked:
  - {reason: r}
  - {decision: ABC, key: abc, reason: ""}
`
	want := []string{
		`t.yaml:3:51: images[0].keys[0].file: path "../k.pub" leads upwards; expected one inside the repository`,
		`t.yaml:3:69: pem is no PEM block`,
		`t.yaml:4:5: entry trusts nobody; expected keys or identities`,
		`t.yaml:4:6: "a" is already images[0]`,
		`t.yaml:4:15: match is empty; the entry would cover no image`,
		`t.yaml:6:30: issuer "http://i" is no https URL`,
		`t.yaml:6:50: subject "**" trusts everybody; expected an identity`,
		`t.yaml:6:66: decisions[0].identities[1] is missing the key "subject"`,
		`t.yaml:7:23: pem is a private key; expected a public one. Treat the key as disclosed`,
		`t.yaml:9:5: entry revokes 0 things; expected one of decision, approval or key`,
		`t.yaml:10:5: entry revokes 2 things; expected one of decision, approval or key`,
		`t.yaml:10:6: "ABC" is no SHA-256; expected 64 digits of lower-case hex`,
		`t.yaml:10:21: "abc" is no key fingerprint; expected SHA256: and 43 characters of base64`,
		`t.yaml:10:31: revoked[1].reason is empty`,
	}
	_, err := ParseTrust("t.yaml", []byte(text))
	if diff := cmp.Diff(want, messages(err)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func FuzzParseWaivers(f *testing.F) {
	f.Add([]byte(goodWaiver))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ParseWaivers("w.yaml", data)
		if (w == nil) == (err == nil) {
			t.Fatalf("waivers %v, error %v", w, err)
		}
		if w == nil {
			return
		}
		for _, e := range w.Waivers {
			if len(e.Faults) == 0 && (e.Reason == "" || e.Owner == "" || e.Expires.IsZero() || e.Created.IsZero()) {
				t.Fatalf("accepted %+v", e)
			}
			e.Scope.Covers("prod", "a/b", "c")
		}
	})
}

func FuzzParseTrust(f *testing.F) {
	f.Add([]byte("apiVersion: gate/v1\nimages: [{name: a, match: [b], keys: [{file: c}]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if trust, err := ParseTrust("t.yaml", data); (trust == nil) == (err == nil) {
			t.Fatalf("trust %v, error %v", trust, err)
		}
	})
}
