package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// TestWithoutVariables: of what nobody deploys a field that is a variable is neither
// right nor wrong, and everything else is what it is.
func TestWithoutVariables(t *testing.T) {
	t.Parallel()
	manifest := map[string]any{"spec": map[string]any{
		"whole": "${A}", "part": "reg/x:${TAG}", "default": "${B:=1}", "shell": "$HOME", "number": int64(1), "list": []any{"${C}"},
	}}
	object := func(id, unit string) facts.Object {
		return facts.Object{Subject: facts.Subject{ID: id}, Unit: unit, Manifest: manifest}
	}
	f := &facts.Facts{
		Units:   []facts.Unit{{Subject: facts.Subject{ID: "left"}, Undeployed: true}, {Subject: facts.Subject{ID: "deployed"}}},
		Objects: []facts.Object{object("left#o", "left"), object("deployed#o", "deployed")},
		Containers: []facts.Container{{
			Subject: facts.Subject{ID: "left#o/c"}, Object: "left#o", Unit: "left", Container: map[string]any{"image": "${IMAGE}"}, Pod: map[string]any{"host": "${HOST}"},
		}},
	}
	at := func(keys ...any) source.Path { return keys }
	for _, c := range []struct {
		name, subject, verdict string
		path                   source.Path
		left                   bool
	}{
		{"a variable", "left#o", "fail", at("spec", "whole"), true},
		{"with a default", "left#o", "fail", at("spec", "default"), true},
		{"of a list", "left#o", "fail", at("spec", "list", 0), true},
		{"of a container", "left#o/c", "fail", at("image"), true},
		{"of the pod", "left#o/c", "fail", at("$pod", "host"), true},
		{"of the object", "left#o/c", "fail", at("$object", "spec", "whole"), true},
		{"a part", "left#o", "fail", at("spec", "part"), false},
		{"a part by which it cannot be told", "left#o", "unknown", at("spec", "part"), true},
		{"of a shell", "left#o", "fail", at("spec", "shell"), false},
		{"a number", "left#o", "fail", at("spec", "number"), false},
		{"what is not there", "left#o", "fail", at("spec", "none"), false},
		{"the object", "left#o", "fail", nil, false},
		{"what is deployed", "deployed#o", "fail", at("spec", "whole"), false},
		{"something else", "other", "fail", at("spec", "whole"), false},
	} {
		kept, ledger := WithoutVariables(f, []policy.Result{{Rule: "r", Subject: c.subject, Path: c.path, Verdict: c.verdict}})
		if left := len(kept) == 0; left != c.left || left != (len(ledger) == 1) {
			t.Errorf("%s: left out %t, want %t; the ledger has %d entries", c.name, left, c.left, len(ledger))
		}
	}
	results := []policy.Result{{Subject: "left#o", Path: at("spec", "whole")}, {Subject: "left#o", Path: at("spec", "default")}}
	_, ledger := WithoutVariables(f, results)
	want := []facts.Entry{{Kind: "variable", ID: "left", State: facts.NotApplicable, Count: 2, Reason: "nothing deploys it and fills in ${A}, ${B}: what stands there is not judged"}}
	if diff := cmp.Diff(want, ledger); diff != "" {
		t.Error(diff)
	}
}
