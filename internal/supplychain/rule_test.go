package supplychain

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/rego"

	"gate/internal/facts"
)

// TestImageSignedRule holds what a fixture cannot: images whose signature
// cannot be told apart from an absent one.
func TestImageSignedRule(t *testing.T) {
	t.Parallel()
	web := digestOf("web")
	with := func(store, reason string, list ...facts.Attestation) facts.Image {
		img := image("web", web)
		img.Environment, img.Store, img.Reason, img.Attestations = "prod", store, reason, list
		if list == nil {
			img.Attestations = []facts.Attestation{}
		}
		return img
	}
	sig := func(outcome, reason string) facts.Attestation {
		return facts.Attestation{PredicateType: signPredicate, Outcome: outcome, Reason: reason}
	}
	ref := "registry.example.com/web@" + web
	type result struct{ Msg, Cause string }
	tests := []struct {
		name          string
		img           facts.Image
		deny, unknown []result
	}{
		{name: "verified", img: with(StoreRead, "", sig(Verified, ""))},
		{name: "verified beside unknown and invalid", img: with(StoreRead, "", sig(Unknown, "u"), sig(Invalid, "i"), sig(Verified, ""))},
		{name: "verified in a store with a damaged file", img: with(StoreUnavailable, "files: 1", sig(Verified, ""))},
		{name: "absent", img: with(StoreRead, ""),
			deny: []result{{Msg: `image "` + ref + `" has no trusted signature: none was collected for its digest`}}},
		{name: "invalid", img: with(StoreRead, "", sig(Invalid, "not signed by a key"), sig(Invalid, "not signed by a key")),
			deny: []result{{Msg: `image "` + ref + `" has no trusted signature: not signed by a key`}}},
		{name: "another predicate", img: with(StoreRead, "", facts.Attestation{PredicateType: vsaPredicate, Outcome: Verified}),
			deny: []result{{Msg: `image "` + ref + `" has no trusted signature: none was collected for its digest, only ` + vsaPredicate}}},
		{name: "unknown", img: with(StoreRead, "", sig(Unknown, "a key could not be read"), sig(Invalid, "i")),
			unknown: []result{{`whether image "` + ref + `" is signed cannot be told: a key could not be read`, "unavailable"}}},
		{name: "damaged store", img: with(StoreUnavailable, "files: 1", sig(Invalid, "i")),
			unknown: []result{{`whether image "` + ref + `" is signed cannot be told: files: 1`, "unavailable"}}},
		{name: "damaged store without a reason", img: with(StoreUnavailable, ""),
			unknown: []result{{`whether image "` + ref + `" is signed cannot be told: its attestations could not be read`, "unavailable"}}},
		{name: "not collected", img: with(StoreNotCollected, ""),
			unknown: []result{{`whether image "` + ref + `" is signed cannot be told: its attestations were not collected`, "unavailable"}}},
		{name: "a store of a later version", img: with("elsewhere", ""),
			unknown: []result{{`whether image "` + ref + `" is signed cannot be told: its attestations could not be read`, "unavailable"}}},
	}
	query, err := rego.New(
		rego.Query(`deny := data.gate.rules["supply-chain"]["image-signed"].deny; unknown := data.gate.rules["supply-chain"]["image-signed"].unknown`),
		rego.Load([]string{
			filepath.Join("..", "..", "rules", "lib", "lib.rego"),
			filepath.Join("..", "..", "rules", "supply-chain", "image-signed", "image-signed.rego"),
		}, nil),
		rego.StrictBuiltinErrors(true),
	).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := facts.Facts{Images: []facts.Image{tt.img}, Params: map[string]map[string]map[string]any{
				"prod": {"supply-chain/image-signed": {"predicateTypes": []string{signPredicate, SimpleSigning}}},
			}}
			rs, err := query.Eval(context.Background(), rego.EvalInput(f))
			if err != nil || len(rs) != 1 {
				t.Fatalf("%v, %v", rs, err)
			}
			for set, want := range map[string][]result{"deny": tt.deny, "unknown": tt.unknown} {
				raw, err := json.Marshal(rs[0].Bindings[set])
				if err != nil {
					t.Fatal(err)
				}
				var got []result
				if err := json.Unmarshal(raw, &got); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %s", set, cmp.Diff(want, got))
				}
			}
		})
	}
}
