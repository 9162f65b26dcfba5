package envelope

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type sample struct {
	Decision string           `json:"policyDecision"`
	Nested   *inner           `json:"nested,omitempty"`
	List     []inner          `json:"list,omitempty"`
	ByName   map[string]inner `json:"byName,omitempty"`
	Free     any              `json:"free,omitempty"`
	When     time.Time        `json:"when,omitzero"`
	hidden   string
	embedded
}

type inner struct {
	A int `json:"a"`
}

type embedded struct {
	Extra string `json:"extra,omitempty"`
}

func TestDecodeStrict(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{ // want is part of the error, empty for none
		{"plain", `{"policyDecision":"allow"}`, ""},
		{"all fields", `{"policyDecision":"a","nested":{"a":1},"list":[{"a":1},{"a":2}],"byName":{"x":{"a":1}},"free":{"X":1,"x":2},"when":"2026-01-02T03:04:05Z","extra":"e"}`, ""},
		{"null", `{"policyDecision":null,"nested":null}`, ""},
		{"duplicate", `{"policyDecision":"deny","policyDecision":"allow"}`, `key "policyDecision" stands twice in the document`},
		{"duplicate by escape", `{"policyDecision":"deny","policyDecisio\u006e":"allow"}`, "stands twice"},
		{"duplicate in any", `{"free":{"a":[{"b":1,"b":2}]}}`, `key "b" stands twice in "free.a[0]"`},
		{"duplicate in map", `{"byName":{"x":{"a":1},"x":{"a":2}}}`, "stands twice"},
		{"case variant", `{"PolicyDecision":"allow"}`, `it is written "policyDecision"`},
		{"case variant below", `{"list":[{"A":1}]}`, `unknown field "A" in "list[0]": it is written "a"`},
		{"fold to kelvin sign", `{"policyDeci\u017Fion":"allow"}`, "unknown field"},
		{"case variant in map", `{"byName":{"x":{"A":1}}}`, "unknown field"},
		{"unknown", `{"policyDecision":"allow","more":1}`, `unknown field "more" in the document`},
		{"unexported", `{"hidden":"x"}`, "unknown field"},
		{"trailing value", `{"policyDecision":"allow"} {}`, "data after the value"},
		{"trailing bracket", `{"policyDecision":"allow"}]`, "data after the value"},
		{"trailing space", "{\"policyDecision\":\"allow\"}\n", ""},
		{"truncated", `{"policyDecision":"allow"`, "unexpected EOF"},
		{"empty", ``, "unexpected EOF"},
		{"wrong type", `{"policyDecision":1}`, "cannot unmarshal number"},
		{"array for object", `[]`, "cannot unmarshal array"},
		{"mismatched bracket", `{"list":[}`, "invalid character"},
		{"not UTF-8", "{\"policyDecision\":\"\xff\"}", "not valid UTF-8"},
		{"lone high surrogate", `{"policyDecision":"\ud800"}`, "surrogate"},
		{"lone low surrogate", `{"policyDecision":"\udc00"}`, "surrogate"},
		{"surrogate pair", `{"policyDecision":"\ud83d\ude00"}`, ""},
		{"escaped backslash before u", `{"policyDecision":"\\ud800"}`, ""},
		{"deep", `{"free":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `}`, "nested more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var v sample
			err := DecodeStrict([]byte(tt.in), &v)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("unexpected error: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			_ = v.hidden
		})
	}
}

func TestDecodeStrictNeedsPointer(t *testing.T) {
	t.Parallel()
	if err := DecodeStrict([]byte(`{}`), sample{}); err == nil {
		t.Error("a value was accepted")
	}
	if err := DecodeStrict([]byte(`{}`), nil); err == nil {
		t.Error("nil was accepted")
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	got, err := Canonical(struct {
		Z string         `json:"z"`
		A map[string]any `json:"a"`
	}{"<&>", map[string]any{"b": json.Number("10000000000000000001"), "a": nil}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"a":{"a":null,"b":10000000000000000001},"z":"<&>"}`, string(got)); diff != "" {
		t.Error(diff)
	}
}

// FuzzDecodeStrict checks that what is accepted means one thing: it decodes
// the same after a canonical round trip.
func FuzzDecodeStrict(f *testing.F) {
	for _, s := range []string{`{"policyDecision":"allow","free":[1,{"a":null}]}`, `{"a":1,"a":2}`, `"\ud800"`, `[[[`, `{} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if err := DecodeStrict(data, &v); err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted invalid JSON %q", data)
		}
		one, err := Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		var again any
		if err := DecodeStrict(one, &again); err != nil {
			t.Fatalf("canonical form %q: %v", one, err)
		}
		if diff := cmp.Diff(v, again); diff != "" {
			t.Fatal(diff)
		}
		var s sample
		_ = DecodeStrict(data, &s)
	})
}
