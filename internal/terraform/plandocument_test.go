package terraform

import (
	"encoding/json"
	"fmt"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

// A plan is what was written, member by member, but for what is sensitive.
func TestPlanDocument(t *testing.T) {
	t.Parallel()
	const plan = `{
  "format_version": "1.2", "terraform_version": "1.9.0", "unheard_of": {"by": "this version"},
  "variables": {"password": {"value": %[1]q}, "region": {"value": "eu"}, "unset": {}},
  "planned_values": {
    "outputs": {"p": {"sensitive": true, "value": %[1]q}, "q": {"sensitive": false, "value": [1, null]}},
    "root_module": {"child_modules": [{"address": "module.m", "resources": [
      {"address": "module.m.a.b", "type": "a", "values": {"v": "of the state", "size": 3, "list": ["x", %[2]q]}, "sensitive_values": {"v": true, "list": [false, true]}}]}]}},
  "resource_changes": [{"address": "module.m.a.b", "type": "a", "provider_name": "registry.terraform.io/x/a",
    "change": {"actions": ["update"], "before": {"v": %[2]q}, "after": {"v": %[2]q, "note": "a %[1]s b", "n": null}, "before_sensitive": {"v": true}, "after_sensitive": {"v": true}, "after_unknown": {"id": true}}}],
  "resource_drift": [{"type": "random_password", "change": {"actions": ["update"], "before": {"result": "by its name"}, "after": null}}],
  "deferred_changes": [{"reason": "x", "resource_change": {"type": "a", "change": {"after": {"v": "of a deferred one"}, "after_sensitive": true}}}],
  "output_changes": {"p": {"actions": ["create"], "before": null, "after": %[1]q, "after_sensitive": true}, "q": {"after": "plain"}},
  "prior_state": {"values": {"root_module": {"resources": [{"type": "a", "values": {"v": "of the past"}, "sensitive_values": {"v": true}}]}}},
  "configuration": {
    "provider_config": {"a": {"expressions": {"token": {"constant_value": "of a provider"}, "region": {"constant_value": "eu"}}}},
    "root_module": {
      "variables": {"password": {"sensitive": true, "default": %[1]q}},
      "resources": [{"type": "a", "expressions": {"v": {"constant_value": %[2]q}, "block": [{"secret_key": {"constant_value": "of a block"}, "x": {"references": ["var.y"]}}]}}],
      "module_calls": {"m": {"source": "./m", "expressions": {"api_key": {"constant_value": "of a call"}}, "module": {"variables": {"s": {"sensitive": true, "default": "of a module"}}}}}}}
}`
	const hidden = `{"$redacted": "sensitive"}`
	got, err := PlanDocument("plan.json", fmt.Appendf(nil, plan, "correct horse", "battery staple"), func(_ string, v map[string]any) map[string]any {
		if v["note"] == "detected" {
			v["note"] = facts.Redacted("secret")
		}
		return v
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal([]byte(`{
  "format_version": "1.2", "terraform_version": "1.9.0", "unheard_of": {"by": "this version"},
  "variables": {"password": {"value": `+hidden+`}, "region": {"value": "eu"}, "unset": {}},
  "planned_values": {
    "outputs": {"p": {"sensitive": true, "value": `+hidden+`}, "q": {"sensitive": false, "value": [1, null]}},
    "root_module": {"child_modules": [{"address": "module.m", "resources": [
      {"address": "module.m.a.b", "type": "a", "values": {"v": `+hidden+`, "size": 3, "list": ["x", `+hidden+`]}, "sensitive_values": {"v": true, "list": [false, true]}}]}]}},
  "resource_changes": [{"address": "module.m.a.b", "type": "a", "provider_name": "registry.terraform.io/x/a",
    "change": {"actions": ["update"], "before": {"v": `+hidden+`}, "after": {"v": `+hidden+`, "note": `+hidden+`, "n": null}, "before_sensitive": {"v": true}, "after_sensitive": {"v": true}, "after_unknown": {"id": true}}}],
  "resource_drift": [{"type": "random_password", "change": {"actions": ["update"], "before": {"result": `+hidden+`}, "after": null}}],
  "deferred_changes": [{"reason": "x", "resource_change": {"type": "a", "change": {"after": {"v": `+hidden+`}, "after_sensitive": true}}}],
  "output_changes": {"p": {"actions": ["create"], "before": null, "after": `+hidden+`, "after_sensitive": true}, "q": {"after": "plain"}},
  "prior_state": {"values": {"root_module": {"resources": [{"type": "a", "values": {"v": `+hidden+`}, "sensitive_values": {"v": true}}]}}},
  "configuration": {
    "provider_config": {"a": {"expressions": {"token": {"constant_value": `+hidden+`}, "region": {"constant_value": "eu"}}}},
    "root_module": {
      "variables": {"password": {"sensitive": true, "default": `+hidden+`}},
      "resources": [{"type": "a", "expressions": {"v": {"constant_value": `+hidden+`}, "block": [{"secret_key": {"constant_value": `+hidden+`}, "x": {"references": ["var.y"]}}]}}],
      "module_calls": {"m": {"source": "./m", "expressions": {"api_key": {"constant_value": `+hidden+`}}, "module": {"variables": {"s": {"sensitive": true, "default": `+hidden+`}}}}}}}
}`), &want); err != nil {
		t.Fatal(err)
	}
	var read any
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}

	detected, err := PlanDocument("plan.json", []byte(`{"format_version": "1.2", "resource_changes": [{"type": "a", "change": {"after": {"note": "detected"}}}]}`),
		func(_ string, v map[string]any) map[string]any {
			return map[string]any{"note": facts.Redacted("secret")}
		})
	if text := fmt.Sprint(detected); err != nil || text != "map[format_version:1.2 resource_changes:[map[change:map[after:map[note:map[$redacted:secret]]] type:a]]]" {
		t.Errorf("%s, %v", text, err)
	}
	for _, broken := range []string{"", "[]", "{", `{"a": 1, "a": 2}`} {
		if _, err := PlanDocument("plan.json", []byte(broken), nil); err == nil {
			t.Errorf("%q: no error", broken)
		}
	}
}
