package attest

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gate/internal/envelope"
	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// notRead is a run of which the change of an environment and target is not
// known whole.
func notRead(environment, target string) Input {
	in := sample()
	in.Facts.Change.Unknown = []facts.UnknownChange{{
		Subject: facts.Subject{ID: "helm:web", Scope: facts.Scope{Environment: environment, Target: target}}, Side: "head", Reason: "the unit cannot be rendered",
	}}
	return in
}

// What a change does to another environment or target spoils nothing.
func TestBuildOfAnUnknownTransition(t *testing.T) {
	t.Parallel()
	known := decode(t, build(t, sample())).PredictedTransition
	for _, c := range []struct {
		environment, target string
		known               bool
	}{{"prod", "eu", false}, {"prod", "", false}, {"", "", false}, {"prod", "us", true}, {"dev", "", true}} {
		got := decode(t, build(t, notRead(c.environment, c.target))).PredictedTransition
		want := known
		if !c.known {
			want.TransitionDigest, want.TransitionBinding = "", "exact"
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("unknown in %q, %q: %s", c.environment, c.target, diff)
		}
	}
}

// Readers take an empty digest for exact bindings only, as the schema does.
func TestReadUnknownTransition(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "schemas", "decision.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	unknown := string(build(t, notRead("prod", "eu")))
	for _, c := range []struct{ name, old, new, want string }{
		{"as it was written", "", "", ""},
		{"equivalent to nothing", `"transitionBinding":"exact"`, `"transitionBinding":"equivalent"`, "not known"},
		{"without the member", `,"transitionDigest":""`, "", "canonical form"},
		{"no digest", `"transitionDigest":""`, `"transitionDigest":"unknown"`, "not a SHA-256"},
	} {
		payload := []byte(strings.Replace(unknown, c.old, c.new, 1))
		if c.old != "" && string(payload) == unknown {
			t.Fatalf("%s: nothing is replaced in %s", c.name, unknown)
		}
		_, err := Parse(payload)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); (err == nil) != (c.want == "") {
			t.Errorf("%s: the schema says %v", c.name, err)
		}
	}
}

func TestShowUnknownTransition(t *testing.T) {
	t.Parallel()
	d, err := Parse(build(t, notRead("prod", "eu")))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := Show(&text, d); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "effect not known as a whole  approvals bind to these bytes only") {
		t.Error(text.String())
	}
}

// A decision about an effect that nobody knows whole authorises nothing, even
// if it claims to be complete.
func TestVerifyUnknownTransition(t *testing.T) {
	t.Parallel()
	ours := testSigner(t, "ours")
	dir := t.TempDir()
	for _, c := range []struct {
		environment string
		complete    bool
		want        []Reason
	}{{"prod", true, []Reason{ReasonIncomplete}}, {"prod", false, []Reason{ReasonIncomplete}}, {"dev", true, nil}} {
		in := notRead(c.environment, "")
		in.entry().Complete = c.complete
		v := Verify(VerifyInput{
			Decision: signed(t, in, ours), Keys: []envelope.PublicKey{publicKey(t, ours)},
			Subjects: map[string]string{
				SubjectPlan: writeFile(t, filepath.Join(dir, "plan.bin"), planBytes), SubjectPlanJSON: writeFile(t, filepath.Join(dir, "plan.json"), planJSON),
			},
			Environment: "prod", Target: "eu", Repository: in.Result.Change.Repository, Now: judged.Add(time.Hour),
		})
		var got []Reason
		for _, r := range v.Refusals {
			got = append(got, r.Reason)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("unknown in %q, complete %v: %s", c.environment, c.complete, diff)
		}
	}
}
