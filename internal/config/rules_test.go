package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func specs() []RuleSpec {
	return []RuleSpec{
		{ID: "kubernetes/host-path", Severity: "high", Effects: map[string]string{"prod": "deny", "non-prod": "warn"}, Waivable: "yes",
			Params: map[string]ParamSpec{"allowed": {Type: "array", Default: []any{}}, "readOnly": {Type: "boolean", Default: true}, "max": {Type: "number", Default: 3.0}}},
		{ID: "secrets/plaintext-secret", Severity: "critical", Effects: map[string]string{"prod": "deny", "non-prod": "deny"}, Waivable: "never"},
		{ID: "iac/critical-deletion", Severity: "critical", Effects: map[string]string{"prod": "require-approval", "non-prod": "warn"}, Waivable: "approval", Requires: "elevated"},
	}
}

const twoEnvironments = "environments: [{name: prod, class: prod}, {name: prod-us, class: prod}, {name: dev, class: non-prod}]\n"

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"good", "rules: {kubernetes/host-path: {effect: off, params: {allowed: [/var/log], readOnly: false, max: 4}}, acme/main/labels: {effect: warn}}\npolicies: [{path: policy/acme}]\n", nil},
		{"unknown rule", "rules: {kubernetes/hostpath: {effect: off}}\n", []string{`.gate.yaml:3:9: unknown rule "kubernetes/hostpath"; did you mean "kubernetes/host-path"?`}},
		{"rule of a policy that is not there", "rules: {acme/main/labels: {effect: warn}}\n", []string{
			`.gate.yaml:3:9: unknown rule "acme/main/labels"; gate rules list names all`}},
		{"parameters", "rules: {kubernetes/host-path: {params: {allowd: [], max: \"4\"}, environments: {dev: {params: {readOnly: 1}}}}, secrets/plaintext-secret: {params: {x: 1}}}\n", []string{
			`.gate.yaml:3:41: rule kubernetes/host-path has no parameter "allowd"; did you mean "allowed"?`,
			`.gate.yaml:3:53: parameter "max" of kubernetes/host-path is "4"; expected a number`,
			`.gate.yaml:3:94: parameter "readOnly" of kubernetes/host-path is 1; expected a boolean`,
			`.gate.yaml:3:147: rule secrets/plaintext-secret has no parameters; "x" is unknown`}},
		{"never", "rules: {secrets/plaintext-secret: {effect: warn, enforceFrom: 2030-01-01, environments: {dev: {effect: off}}}}\n", []string{
			`.gate.yaml:3:36: rule secrets/plaintext-secret cannot be waived and stays at deny for class prod; it cannot be warn`,
			`.gate.yaml:3:36: rule secrets/plaintext-secret cannot be waived and stays at deny for class non-prod; it cannot be warn`,
			`.gate.yaml:3:50: rule secrets/plaintext-secret cannot be waived; it is enforced from the first day`,
			`.gate.yaml:3:96: rule secrets/plaintext-secret cannot be waived and stays at deny for class non-prod; it cannot be off`}},
		{"never, by environment", "rules: {secrets/plaintext-secret: {effect: {prod: deny, dev: warn}}}\n", []string{
			`.gate.yaml:3:57: rule secrets/plaintext-secret cannot be waived and stays at deny for class non-prod; it cannot be warn`}},
		{"policy named like a category", "policies: [{path: policy/kubernetes}]\n", []string{
			`.gate.yaml:3:12: policy entry is named "kubernetes" like a category of the catalog; set another name`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, messages(parse(t, twoEnvironments+tt.text).Check(specs()))); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
	if err := (*Config)(nil).Check(specs()); err != nil {
		t.Error(err)
	}
}

func TestEffectOf(t *testing.T) {
	t.Parallel()
	now := day("2026-06-01")
	rule, never := specs()[0], specs()[1]
	tests := []struct {
		name, text string
		rule       RuleSpec
		env        string
		class      Class
		now        time.Time
		want       string
	}{
		{"default prod", "", rule, "prod", Prod, now, "deny"},
		{"default non-prod", "", rule, "dev", NonProd, now, "warn"},
		{"scalar", "rules: {kubernetes/host-path: {effect: off}}", rule, "prod", Prod, now, "off"},
		{"class", "rules: {kubernetes/host-path: {effect: {prod: require-approval}}}", rule, "prod-us", Prod, now, "require-approval"},
		{"other class untouched", "rules: {kubernetes/host-path: {effect: {prod: require-approval}}}", rule, "dev", NonProd, now, "warn"},
		{"environment before class", "rules: {kubernetes/host-path: {effect: {prod: deny, prod-us: warn}}}", rule, "prod-us", Prod, now, "warn"},
		{"entry of the environment first", "rules: {kubernetes/host-path: {effect: {prod-us: warn}, environments: {prod-us: {effect: deny}}}}", rule, "prod-us", Prod, now, "deny"},
		{"no environment goes by class", "rules: {kubernetes/host-path: {effect: {prod: warn, dev: off}}}", rule, "", Prod, now, "warn"},
		{"before enforcement", "rules: {kubernetes/host-path: {enforceFrom: 2026-06-02}}", rule, "prod", Prod, now, "warn"},
		{"enforcement begins", "rules: {kubernetes/host-path: {enforceFrom: 2026-06-01}}", rule, "prod", Prod, now, "deny"},
		{"off stays off", "rules: {kubernetes/host-path: {effect: off, enforceFrom: 2026-06-02}}", rule, "prod", Prod, now, "off"},
		{"never is not loosened", "rules: {secrets/plaintext-secret: {effect: off, enforceFrom: 2030-01-01}}", never, "dev", NonProd, now, "deny"},
	}
	for _, tt := range tests {
		c := parse(t, twoEnvironments+tt.text)
		if got := c.EffectOf(tt.rule, tt.env, tt.class, tt.now); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (*Config)(nil).EffectOf(rule, "", NonProd, now); got != "warn" {
		t.Errorf("without a configuration: %q", got)
	}
	if got := (*Config)(nil).EffectOf(RuleSpec{ID: "x"}, "", NonProd, now); got != "deny" {
		t.Errorf("a rule without effects: %q, want deny", got)
	}
}

func TestExistingEffect(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ baseline, rule, want string }{
		{"", "a/b", "warn"},
		{"baseline: {existing: deny}\n", "a/b", "deny"},
		{"baseline: {existing: \"off\", rules: {a/b: require-approval}}\n", "a/b", "require-approval"},
		{"baseline: {existing: \"off\", rules: {a/b: require-approval}}\n", "a/c", "off"},
		{"baseline: {until: 2026-06-01}\n", "a/b", "warn"},
		{"baseline: {until: 2026-05-31}\n", "a/b", "deny"},
	} {
		cfg, err := Parse(".gate.yaml", []byte("apiVersion: gate/v1\n"+c.baseline))
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.ExistingEffect(c.rule, now); got != c.want {
			t.Errorf("%q: %s is %s, want %s", c.baseline, c.rule, got, c.want)
		}
	}
	if got := (*Config)(nil).ExistingEffect("a/b", now); got != "warn" {
		t.Errorf("without a configuration %s", got)
	}
	if _, err := Parse(".gate.yaml", []byte("apiVersion: gate/v1\nbaseline: {existing: waive}\n")); err == nil {
		t.Error("an effect that is none is taken")
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	c := parse(t, twoEnvironments+"rules: {kubernetes/host-path: {params: {max: 5, allowed: [a]}, environments: {dev: {params: {allowed: [b]}}}}}")
	got := Params(c, specs()[:1])
	base := map[string]any{"allowed": []any{"a"}, "readOnly": true, "max": int64(5)}
	want := map[string]map[string]map[string]any{
		"":        {"kubernetes/host-path": base},
		"prod":    {"kubernetes/host-path": base},
		"prod-us": {"kubernetes/host-path": base},
		"dev":     {"kubernetes/host-path": {"allowed": []any{"b"}, "readOnly": true, "max": int64(5)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Params (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]map[string]any{"": {"secrets/plaintext-secret": {}}}, Params(nil, specs()[1:2])); diff != "" {
		t.Errorf("Params without configuration (-want +got):\n%s", diff)
	}
}

func TestApprovalFor(t *testing.T) {
	t.Parallel()
	plain := parse(t, twoEnvironments)
	set := parse(t, twoEnvironments+"approvals: {prod: {low: 0}, non-prod: {high: 1}}")
	roles := parse(t, twoEnvironments+"roles: {elevated: {teams: [acme/leads]}}")
	for _, tt := range []struct {
		c     *Config
		class Class
		risk  string
		want  Approval
	}{
		{nil, Prod, "critical", Approval{}},
		{plain, Prod, "low", Approval{Count: 1}},
		{plain, Prod, "critical", Approval{Count: 2}},
		{roles, Prod, "critical", Approval{Count: 2, Roles: []string{"elevated"}}},
		{roles, Prod, "unheard-of", Approval{Count: 2, Roles: []string{"elevated"}}},
		{plain, NonProd, "critical", Approval{}},
		{set, Prod, "low", Approval{}},
		{set, Prod, "high", Approval{Count: 2}},
		{set, NonProd, "high", Approval{Count: 1}},
	} {
		if diff := cmp.Diff(tt.want, tt.c.ApprovalFor(tt.class, tt.risk)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.class, tt.risk, diff)
		}
	}
}

func TestMissingRoles(t *testing.T) {
	t.Parallel()
	const byDefault = `role "elevated" is not under roles, yet iac/critical-deletion may require its approval; roles: {elevated: {members: [NAME]}} says who gives it`
	for text, want := range map[string][2][]string{
		twoEnvironments: {nil, {byDefault}},
		"environments: [{name: dev, class: non-prod}]":                                                                                    {},
		"environments: [{name: dev, class: non-prod}]\nrules: {iac/critical-deletion: {effect: require-approval}}":                        {{byDefault}, nil},
		"environments: [{name: p, class: prod}]\nrules: {iac/critical-deletion: {effect: {p: require-approval}}}":                         {{byDefault}, nil},
		"environments: [{name: p, class: prod}]\nrules: {iac/critical-deletion: {effect: deny}}":                                          {},
		"environments: [{name: p, class: prod}]\npeople: {a: {}}\nroles: {elevated: {members: [a]}}":                                      {},
		"environments: [{name: p, class: prod}, {name: q, class: prod}]\nrules: {iac/critical-deletion: {effect: {q: require-approval}}}": {{byDefault}, nil},
	} {
		asked, others := parse(t, text).MissingRoles(specs(), day("2026-01-01"))
		if diff := cmp.Diff(want, [2][]string{asked, others}); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}
