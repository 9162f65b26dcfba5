package approve

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/envelope"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func signer(t testing.TB, name string) envelope.Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := envelope.NewSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sample is a decision of the package that writes them.
func sample(t testing.TB, change func(p *attest.Predicate)) *attest.Decision {
	t.Helper()
	data, err := os.ReadFile("../attest/testdata/decision.json")
	if err != nil {
		t.Fatal(err)
	}
	var st map[string]any
	if err := json.Unmarshal(data, &st); err != nil {
		t.Fatal(err)
	}
	payload, err := envelope.Canonical(st)
	if err != nil {
		t.Fatal(err)
	}
	d, err := attest.Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&d.Predicate)
		sum := sha256.Sum256(append(payload, 'x'))
		d.Digest = strings.Repeat("0", 8) + string(bytes.ToLower([]byte(hexOf(sum[:]))))[8:]
	}
	return d
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, c := range b {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}

func approval(t testing.TB, d *attest.Decision, key string, given Given) *Approval {
	t.Helper()
	s := signer(t, key)
	given.Key = s.Public()
	if given.Verdict == "" {
		given.Verdict = Approves
	}
	if given.At.IsZero() {
		given.At = noon
	}
	if given.ValidFor == 0 {
		given.ValidFor = time.Hour
	}
	payload, err := Build(d, given)
	if err != nil {
		t.Fatal(err)
	}
	data, err := envelope.SignBundle(payload, envelope.PayloadType, s)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestCarry: the effect is the key, at the same place, to which the policy says the same.
func TestCarry(t *testing.T) {
	t.Parallel()
	known := func(p *attest.Predicate) {
		p.PredictedTransition.TransitionDigest, p.PredictedTransition.TransitionBinding = strings.Repeat("a", 64), equivalent
	}
	for name, tt := range map[string]struct {
		was, now func(p *attest.Predicate)
		want     string
	}{
		"another run": {nil, func(p *attest.Predicate) {
			p.EvaluatedAt, p.Identity.CommitSHA, p.Identity.Base = "2026-11-23T13:00:00Z", "other", "moved"
		}, Retained},
		"another effect":         {nil, func(p *attest.Predicate) { p.PredictedTransition.TransitionDigest = strings.Repeat("b", 64) }, Renew},
		"an unknown effect":      {nil, func(p *attest.Predicate) { p.PredictedTransition.TransitionDigest = "" }, Renew},
		"both effects unknown":   {func(p *attest.Predicate) { p.PredictedTransition.TransitionDigest = "" }, func(p *attest.Predicate) { p.PredictedTransition.TransitionDigest = "" }, Renew},
		"a secret":               {func(p *attest.Predicate) { p.PredictedTransition.TransitionBinding = "exact" }, func(p *attest.Predicate) { p.PredictedTransition.TransitionBinding = "exact" }, Renew},
		"another repository":     {nil, func(p *attest.Predicate) { p.Identity.Repository = "github.com/evil/platform" }, Void},
		"another environment":    {nil, func(p *attest.Predicate) { p.Target.Environment = "dev" }, Void},
		"another target":         {nil, func(p *attest.Predicate) { p.Target.Name = "us" }, Void},
		"another policy outcome": {nil, func(p *attest.Predicate) { p.Decision.PolicyDecision = "deny" }, Void},
		"another requirement": {nil, func(p *attest.Predicate) {
			p.Decision.Requirements = append(p.Decision.Requirements, attest.Requirement{ID: "x", Count: 1})
		}, Void},
		"another waiver": {nil, func(p *attest.Predicate) {
			p.Decision.ExceptionsUsed = append(p.Decision.ExceptionsUsed, attest.Exception{ID: "w9"})
		}, Void},
	} {
		both := func(change func(p *attest.Predicate)) func(p *attest.Predicate) {
			return func(p *attest.Predicate) {
				known(p)
				if change != nil {
					change(p)
				}
			}
		}
		a := approval(t, sample(t, both(tt.was)), "bob", Given{})
		now := sample(t, both(tt.now))
		now.Digest = strings.Repeat("c", 64)
		if got, why := a.Carry(now); got != tt.want || (why == "") != (got == Retained) {
			t.Errorf("%s: %s (%s), want %s", name, got, why, tt.want)
		}
	}
	d := sample(t, nil)
	if got, _ := approval(t, d, "bob", Given{}).Carry(d); got != Exact {
		t.Errorf("of the decision itself: %s", got)
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	key := func(name string) string { return signer(t, name).KeyID() }
	c := configured(t, strings.NewReplacer("ALICE", key("alice"), "TWO", key("bob two"), "BOB", key("bob"), "CAROL", key("carol")).Replace(`people:
  alice: {forge: ["github:alice"], git: [alice@example.com], keys: ["ALICE"]}
  bob: {forge: ["github:bob"], git: [bob@example.com], keys: ["BOB", "TWO"]}
  carol: {forge: ["github:carol"], git: [carol@example.com], keys: ["CAROL"]}
roles:
  security: {members: [carol]}
`))
	d := sample(t, func(p *attest.Predicate) {
		p.Identity.AuthorHandle, p.Identity.Authors = "github:alice", []string{"alice@example.com"}
		p.Decision.Requirements = []attest.Requirement{{ID: "any", Count: 2}, {ID: "security", Role: "security", Count: 1}}
	})
	for _, tt := range []struct {
		name    string
		given   []*Approval
		authors []string
		revoked []config.Revocation
		open    []int
		why     string
	}{
		{name: "two people", given: []*Approval{approval(t, d, "bob", Given{}), approval(t, d, "carol", Given{})}, open: []int{0, 0}},
		{name: "one with two keys", given: []*Approval{approval(t, d, "bob", Given{}), approval(t, d, "bob two", Given{})}, open: []int{1, 1}},
		{name: "the same twice", given: []*Approval{approval(t, d, "carol", Given{}), approval(t, d, "carol", Given{})}, open: []int{1, 0}},
		{name: "the author", given: []*Approval{approval(t, d, "alice", Given{}), approval(t, d, "bob", Given{})}, open: []int{1, 1}, why: "by alice, who wrote the change"},
		{name: "a stranger", given: []*Approval{approval(t, d, "eve", Given{})}, open: []int{2, 1}, why: "which is nobody's key"},
		{name: "too late", given: []*Approval{approval(t, d, "bob", Given{At: noon.Add(-2 * time.Hour)})}, open: []int{2, 1}, why: "by bob ended at"},
		{name: "for years", given: []*Approval{approval(t, d, "bob", Given{ValidFor: 9000 * time.Hour})}, open: []int{2, 1}, why: "by bob lasts longer than 168h0m0s"},
		{name: "of the future", given: []*Approval{approval(t, d, "bob", Given{At: noon.Add(10 * time.Minute)})}, open: []int{2, 1}, why: "which is to come"},
		{name: "in a role that it is not asked for", given: []*Approval{approval(t, d, "carol", Given{Role: "platform"})}, open: []int{1, 1}},
		{name: "in the role", given: []*Approval{approval(t, d, "carol", Given{Role: "security"})}, open: []int{1, 0}},
		{name: "rejected by one", given: []*Approval{approval(t, d, "bob", Given{}), approval(t, d, "carol", Given{Verdict: Rejects})}, open: []int{1, 1}, why: "carol rejects it"},
		{name: "rejected and approved by one", given: []*Approval{approval(t, d, "carol", Given{}), approval(t, d, "carol", Given{Verdict: Rejects})}, open: []int{2, 1}},
		{name: "a revoked key", given: []*Approval{approval(t, d, "bob", Given{})}, revoked: []config.Revocation{{Key: key("bob"), Reason: "stolen"}}, open: []int{2, 1}, why: "was revoked: stolen"},
		{name: "another revoked key", given: []*Approval{approval(t, d, "bob", Given{})}, revoked: []config.Revocation{{Key: key("carol"), Reason: "stolen"}}, open: []int{1, 1}},
		{name: "revoked", given: []*Approval{approval(t, d, "bob", Given{})}, revoked: []config.Revocation{{Approval: approval(t, d, "bob", Given{}).Digest, Reason: "stolen"}}, open: []int{2, 1}, why: "was revoked: stolen"},
		{name: "authors that nobody knows", given: []*Approval{approval(t, d, "bob", Given{})}, authors: []string{"x@example.com"}, open: []int{2, 1}, why: "it is not known who x@example.com is"},
	} {
		ask := CaseOf(d)
		if tt.authors != nil {
			ask.Mails = tt.authors
		}
		e := Evidence{Approvals: tt.given, Now: noon, Revoked: tt.revoked}
		got := Match(NewPeople(c), ask, e)
		var open []int
		var why []string
		for _, a := range got {
			open, why = append(open, a.Open), append(why, a.Why...)
		}
		if diff := cmp.Diff(tt.open, open); diff != "" || !strings.Contains(strings.Join(why, "\n"), tt.why) {
			t.Errorf("%s: open %s\nwhy %q, want %s", tt.name, diff, why, tt.why)
		}
	}
}

// TestParseApproval: what is not exactly an approval is none.
func TestParseApproval(t *testing.T) {
	t.Parallel()
	d := sample(t, nil)
	s := signer(t, "bob")
	payload, err := Build(d, Given{Verdict: Approves, At: noon, ValidFor: time.Hour, Key: s.Public()})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(string) string{
		"an unknown field":   func(p string) string { return strings.Replace(p, `"reason"`, `"raeson":"","reason"`, 1) },
		"a missing field":    func(p string) string { return strings.Replace(p, `"reason":"",`, "", 1) },
		"a field twice":      func(p string) string { return strings.Replace(p, `"reason":""`, `"reason":"","reason":""`, 1) },
		"white space":        func(p string) string { return strings.Replace(p, `":`, `": `, 1) },
		"another verdict":    func(p string) string { return strings.Replace(p, `"approve"`, `"maybe"`, 1) },
		"another type":       func(p string) string { return strings.Replace(p, "gate:approval:v1", "gate:decision:v1", 1) },
		"no time":            func(p string) string { return strings.Replace(p, "2026-11-23T12:00:00Z", "noon", 1) },
		"it ends before":     func(p string) string { return strings.Replace(p, "2026-11-23T13:00:00Z", "2026-11-23T11:00:00Z", 1) },
		"no decision":        func(p string) string { return strings.Replace(p, `"decision"`, `"tfplan"`, 1) },
		"a half":             func(p string) string { return p[:len(p)/2] },
		"nothing":            func(string) string { return "" },
		"a second statement": func(p string) string { return p + p },
	} {
		text := change(string(payload))
		if text == string(payload) {
			t.Fatalf("%s: nothing was changed", name)
		}
		data, err := envelope.SignBundle([]byte(text), envelope.PayloadType, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(payload); !errors.Is(err, ErrMalformed) { // nobody signed it
		t.Errorf("without a signature: %v", err)
	}
	// Another key than the one that it names.
	data, err := envelope.SignBundle(payload, envelope.PayloadType, signer(t, "eve"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(data)
	if err != nil || a.Signers() != nil {
		t.Errorf("signed by another key: %v %v", err, a.Signers())
	}
}

func TestReadReviews(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ data, want string }{
		"pages":             {`[[` + review("bob", "APPROVED") + `], [` + review("carol", "APPROVED") + `]]`, ""},
		"gitlab":            {`{"approvals": {"approved_by": [{"user": {"username": "bob"}}]}, "project": {"reset_approvals_on_push": true}, "sha": "` + head + `"}`, ""},
		"gitlab, keeps":     {`{"approvals": {"approved_by": [{"user": {"username": "bob"}}]}, "project": {"reset_approvals_on_push": false}, "sha": "x"}`, "it is not known which commit was approved"},
		"gitlab, no head":   {`{"approvals": {"approved_by": [{"user": {"username": "bob"}}]}, "project": {"reset_approvals_on_push": true}}`, "sha is needed"},
		"gitlab alone":      {`{"approved_by": []}`, `unknown key "approved_by"`},
		"an unknown key":    {`{"reviews": [], "team": {}}`, `unknown key "team"`},
		"a key twice":       {`{"reviews": [], "reviews": []}`, "reviews"},
		"a text":            {`"approved"`, "want a list"},
		"no type":           {`[{"user": {"login": "bob"}, "state": "APPROVED", "commit_id": "x"}]`, "user.type"},
		"no commit":         {`[{"user": {"login": "bob", "type": "User"}, "state": "APPROVED"}]`, "commit_id is needed"},
		"an unknown state":  {`[` + review("bob", "SHIPPED") + `]`, "none of GitHub's"},
		"teams of one":      {`{"reviews": [], "teams": {"@a/b": "bob"}}`, "want @organisation/team"},
		"teams of nobody":   {`{"reviews": [], "teams": {"a/b": []}}`, "want @organisation/team"},
		"a deleted account": {`[{"user": null, "state": "APPROVED", "commit_id": "x"}]`, ""},
		"half of it":        {`[{"user": {"login": "bob"`, "read the reviews"},
	} {
		s, err := ReadReviews([]byte(tt.data))
		if tt.want == "" && (err != nil || s.Forge == "") || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func FuzzReadReviews(f *testing.F) {
	f.Add([]byte(`{"reviews": [` + review("bob", "APPROVED") + `], "teams": {"@a/b": ["c"]}}`))
	f.Add([]byte(`{"approvals": {"approved_by": [{"user": {"username": "bob"}}]}, "project": {"reset_approvals_on_push": true}, "sha": "x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadReviews(data)
		if err != nil {
			return
		}
		for _, r := range s.Reviews {
			if r.Approves && (r.Commit == "" || r.Handle == "") {
				t.Errorf("%+v approves nothing", r)
			}
		}
	})
}

// FuzzParse: what is read is what was signed, and counts for nothing that it is not about.
func FuzzParse(f *testing.F) {
	d, other := sample(f, nil), sample(f, func(*attest.Predicate) {})
	other.Predicate.PredictedTransition.TransitionDigest = ""
	s := signer(f, "bob")
	payload, err := Build(d, Given{Verdict: Approves, At: noon, ValidFor: time.Hour, Key: s.Public()})
	if err != nil {
		f.Fatal(err)
	}
	bundle, err := envelope.SignBundle(payload, envelope.PayloadType, s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle)
	f.Add(bundle[:len(bundle)/2])
	f.Add(append(bundle, bundle...))
	f.Add([]byte(`{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("another error: %v", err)
			}
			return
		}
		if len(a.Signers()) > 0 && !bytes.Equal(a.Payload, payload) && a.Predicate.PublicKey == base64.StdEncoding.EncodeToString(keyBytes(t, s)) {
			t.Errorf("bob has signed %s", a.Payload)
		}
		if what, _ := a.Carry(other); a.Decision != other.Digest && (what == Exact || what == Retained) {
			t.Errorf("it is %s for a change that is not known", what)
		}
	})
}

func keyBytes(t *testing.T, s envelope.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func FuzzPayload(f *testing.F) {
	d := sample(f, nil)
	s := signer(f, "bob")
	payload, err := Build(d, Given{Verdict: Approves, At: noon, ValidFor: time.Hour, Key: s.Public()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload)
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := parse(data)
		if err == nil && !bytes.Equal(a.Payload, data) {
			t.Error("another payload than what was read")
		}
	})
}

// TestSchema: what is written is what the schema describes, with exactly its fields.
func TestSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../schemas/approval.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	a := approval(t, sample(t, nil), "bob", Given{Role: "security", Reason: "fine"})
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
}
