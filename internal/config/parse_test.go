package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gate/internal/source"
)

func full(t *testing.T) *Config {
	t.Helper()
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(".gate.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse(".gate.yaml", []byte("apiVersion: gate/v1\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// messages lists joined errors one a line, as "line: message".
func messages(err error) []string {
	if err == nil {
		return nil
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range list.Unwrap() {
			out = append(out, messages(e)...)
		}
		return out
	}
	return []string{err.Error()}
}

func TestParseFull(t *testing.T) {
	t.Parallel()
	from := day("2027-01-01")
	review := day("2027-03-01")
	want := &Config{
		APIVersion: "gate/v1",
		Environments: []Environment{
			{Name: "prod", Class: Prod, Paths: []string{"**/prod/**"}, Regulated: true, Targets: []Target{
				{Name: "eu", Account: "111122223333", Region: "eu-west-1", Cluster: "prod-eu-1", Namespaces: []string{"*"}, Paths: []string{"clusters/prod-eu-1/**"}},
				{Name: "us", Account: "111122223333", Region: "us-east-1", Cluster: "prod-us-1"},
			}},
			{Name: "dev", Class: NonProd, Paths: []string{"**/dev/**"}},
		},
		Units: []Unit{
			{Chart: "charts/web", Release: "web", Namespace: "web", Environment: "prod", Target: "eu", Values: []string{"charts/web/values-prod.yaml"}, KubeVersion: "1.33", APIVersions: []string{"monitoring.coreos.com/v1"}},
			{Kustomization: "apps/pay/overlays/live", Environment: "prod"},
		},
		Stacks: []Stack{{Path: "stacks/network", Environment: "prod", Target: "eu"}},
		Services: []Service{{Name: "payments", Paths: []string{"apps/payments/**"}, Owner: "@acme/payments", DataClass: "regulated",
			Match: ServiceMatch{Namespaces: []string{"payments"}, Labels: map[string]string{"team": "pay"}}}},
		Rules: map[string]RuleConfig{
			"kubernetes/ingress-host": {
				Params:       map[string]any{"allowedDomains": []any{"*.example.com"}},
				Environments: map[string]RuleEnvironmentConfig{"prod": {Effect: "deny", Params: map[string]any{"allowedDomains": []any{"shop.example.com"}}}},
			},
			"kubernetes/host-path": {Effect: map[string]string{"prod": "deny", "non-prod": "warn", "dev": "off"}, EnforceFrom: &from},
			"kubernetes/probes":    {Effect: map[string]string{"*": "warn"}},
		},
		People: map[string]Person{
			"alice": {Forge: []string{"github:alice"}, Git: []string{"alice@example.com"}, Keys: []string{"SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"},
				Identities: []Identity{{Issuer: "https://accounts.example.com", Subject: "alice@example.com"}}},
			"bob": {Forge: []string{"github:bob"}},
		},
		Roles: map[string]Role{
			"security": {Members: []string{"alice"}, Teams: []string{"@acme/security"}},
			"elevated": {Members: []string{"alice", "bob"}, Count: 2, Source: []string{"signature"}},
		},
		Approvals: map[Class]map[string]Approval{Prod: {"low": {Count: 1}, "medium": {Count: 1}, "high": {Count: 2}, "critical": {Count: 2, Roles: []string{"elevated"}}}},
		Cache:     Cache{Decisions: []string{"/var/cache/gate"}},
		Exclude:   []Exclude{{Paths: []string{"examples/**"}, Reason: "documentation", Owner: "@acme/docs", Expires: day("2027-06-30"), Line: 31}},
		Optional:  []string{"plan"},
		Drift:     []Drift{{Class: "controller", Match: "aws_autoscaling_group.*", Owner: "@acme/platform", Reason: "scaled by the autoscaler", ReviewBy: &review}},
		Freezes:   []Freeze{{Environment: "prod", From: day("2026-12-20"), To: day("2027-01-03"), Reason: "year end"}},
		Policies: []Policy{{Name: "acme", Path: "policy/acme", Paths: []string{"vendor/policy"}, Parser: "yaml", Style: "conftest", Rego: "v1", Namespaces: []string{"main"}, Data: []string{"policy/data.yaml"},
			Documents: "rendered", Match: []string{"apps/**"}}},
		Waivers:       ".gate/waivers.yaml",
		Trust:         ".gate/trust.yaml",
		InlineWaivers: InlineWaivers{Production: true},
		File:          ".gate.yaml",
	}
	if diff := cmp.Diff(want, full(t), cmpopts.IgnoreFields(Config{}, "Places")); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []string // place and message, without the file's name
	}{
		{"unknown key", "enviroments: []\n", []string{`2:1: unknown key "enviroments"; did you mean "environments"?`}},
		{"key of other case", "Environments: []\n", []string{`2:1: unknown key "Environments"; did you mean "environments"?`}},
		{"unknown key below", "environments:\n  - {name: a, class: prod, path: []}\n", []string{`3:28: unknown key "path"; did you mean "paths"?`}},
		{"all faults at once", "environments:\n  - {name: a, class: production}\n  - {name: a}\noptional: [plans]\n", []string{
			`3:15: environments[0].class is "production"; expected prod or non-prod`,
			`4:5: environments[1] is missing the key "class"`,
			`4:6: "a" is already environments[0]`,
			`5:12: optional[0] is "plans"; did you mean "plan"?`,
		}},
		{"wrong types", "environments: {}\nrules: []\nfreezes: x\n", []string{
			`2:1: environments is a mapping; expected a list`,
			`3:1: rules is a list; expected a mapping`,
			`4:1: freezes is "x"; expected a list`,
		}},
		{"a name of another type is told once", "environments:\n  - {name: [a], class: prod}\n  - {name: \"\", class: prod}\n", []string{
			`3:6: environments[0].name is a list; expected a string`, `4:6: environments[1].name is empty`}},
		{"empty key", "optional:\n", []string{`2:1: optional is empty; expected a list`}},
		{"scalar for a list", "environments:\n  - {name: a, class: prod, paths: x}\n", []string{`3:28: environments[0].paths is "x"; expected a list`}},
		{"number for a string", "waivers: 1\n", []string{`2:1: waivers is 1; expected a string`}},
		{"date", "exclude: [{paths: [a/b], reason: r, owner: o, expires: soon}]\n", []string{`2:47: exclude[0].expires is "soon"; expected a date such as 2027-06-30`}},
		{"exclude without end", "exclude: [{paths: [a/b], reason: \" \", owner: o}]\n", []string{
			`2:11: exclude[0] is missing the key "expires"`, `2:26: exclude[0].reason is empty`}},
		{"exclude everything", "exclude: [{paths: [\"**\"], reason: r, owner: o, expires: 2027-01-01}]\n", []string{`2:20: glob "**" excludes nearly everything; expected at least one literal segment`}},
		{"exclude nothing", "exclude: [{reason: r, owner: o, expires: 2027-01-01}]\n", []string{`2:11: exclude entry needs either paths or a unit`}},
		{"effect", "rules: {a/b: {effect: block}, c/d: {effect: {stage: warn}, environments: {qa: {effect: dney}}}}\n", []string{
			`2:15: rules["a/b"].effect is "block"; expected off, warn, require-approval or deny`,
			`2:46: "stage" is neither a class nor an environment; expected prod or non-prod`,
			`2:75: environment "qa" is not configured`,
			`2:80: rules["c/d"].environments.qa.effect is "dney"; did you mean "deny"?`,
		}},
		{"glob", "environments: [{name: a, class: prod, paths: [\"a/[b\", \"/abs/**\", \"../x\", \"./y\", \"\"]}]\n", []string{
			`2:47: environments[0].paths[0]: glob "a/[b" is malformed`,
			`2:55: environments[0].paths[1]: path "/abs/**" is absolute; expected one from the root of the repository`,
			`2:66: environments[0].paths[2]: path "../x" leads upwards; expected one inside the repository`,
			`2:74: environments[0].paths[3]: path "./y" begins with "./"; expected "y"`,
			`2:81: environments[0].paths[4]: glob is empty`,
		}},
		{"costly glob", "environments: [{name: a, class: prod, paths: [\"" + strings.Repeat("{a,b}", 30) + "\"]}]\n", []string{
			`2:47: environments[0].paths[0]: glob "` + strings.Repeat("{a,b}", 12) + `…" has nested or too many alternatives; expected at most 256 combinations`}},
		{"same glob twice", "environments:\n  - {name: a, class: prod, paths: [\"x/**\"]}\n  - {name: b, class: prod, paths: [\"x/**\"]}\n", []string{
			`4:36: glob "x/**" belongs to environment "a" already; the same paths cannot be both`}},
		{"directories of results", "cache: {decisions: [/var/cache/gate, cache, /a/../b, /c/, \"\"]}\n", []string{
			`2:38: directory "cache"; expected an absolute path, without . and .. and / at its end`,
			`2:45: directory "/a/../b"; expected an absolute path, without . and .. and / at its end`,
			`2:54: directory "/c/"; expected an absolute path, without . and .. and / at its end`,
			`2:59: directory ""; expected an absolute path, without . and .. and / at its end`,
		}},
		{"class as a name", "environments: [{name: prod, class: non-prod}]\n", []string{`2:17: environment "prod" is of class "non-prod"; a name that is a class must be of that class`}},
		{"targets", "environments: [{name: a, class: prod, targets: [{name: x}, {name: x}, {name: \"a b\"}]}]\n", []string{
			`2:61: target "x" is already defined in this environment`,
			`2:72: environments[0].targets[2].name is "a b"; expected letters, digits, '.', '_' and '-', at most 63`}},
		{"units", "environments: [{name: a, class: prod, targets: [{name: east}]}]\nunits:\n  - {release: x}\n  - {chart: c, environment: b}\n  - {chart: c, environment: a, target: est}\n  - {chart: c, target: east}\n  - {chart: c, kustomization: d}\n  - {chart: e}\n  - {chart: e}\n", []string{
			`4:5: unit names neither a chart nor a kustomization, Jsonnet program or CUE package`,
			`5:16: environment "b" is not configured; did you mean "a"?`,
			`6:32: environment "a" has no target "est"; did you mean "east"?`,
			`7:16: target "east" is given without an environment`,
			`8:16: unit names both a chart and a kustomization; expected one of them`,
			`10:5: unit is the same as units[5]: path, release, namespace, environment and target are equal`}},
		{"units of programs", "units:\n  - {jsonnet: a.jsonnet, chart: b}\n  - {cue: a, libs: [x]}\n  - {jsonnet: ../a.jsonnet, tags: {a: b}}\n  - {jsonnet: a.jsonnet, tlas: {n: a}}\n  - {jsonnet: a.jsonnet, tlas: {n: b}}\n  - {jsonnet: b.jsonnet, extVars: {n: a}, extCode: {n: a}}\n  - {cue: b, tags: {n: 1}}\n", []string{
			`3:6: unit names both a chart and a jsonnet; expected one of them`,
			`4:14: libs does not belong to a unit with cue; expected one with jsonnet`,
			`5:6: units[2].jsonnet: path "../a.jsonnet" leads upwards; expected one inside the repository`,
			`5:29: tags does not belong to a unit with jsonnet; expected one with cue`,
			`8:53: variable "n" is set as text and as code`,
			`9:21: units[6].tags.n is 1; expected a string`,
		}},
		{"people and roles", "people:\n  alice: {forge: [\"github:alice\"], keys: [\"abc\"]}\n  al: {forge: [\"github:Alice\"], git: [x]}\nroles:\n  security: {members: [alcie]}\n  empty: {}\n  many: {members: [alice], count: 2, source: [review, sign]}\napprovals: {prod: {high: {count: 1, roles: [secruity]}, huge: 1}}\n", []string{
			`3:19: forge handle "github:alice" belongs to "al" already; one identity is one person`,
			`3:43: "abc" is no key fingerprint; expected SHA256: and 43 characters of base64`,
			`4:39: "x" is no e-mail address`,
			`6:24: person "alcie" is not under people; did you mean "alice"?`,
			`7:3: role "empty" has neither members nor teams; nobody could approve`,
			`8:28: role "many" needs 2 approvals and has 1 members`,
			`8:55: roles.many.source[1] is "sign"; expected review, deployment or signature`,
			`9:45: role "secruity" is not under roles; did you mean "security"?`,
			`9:57: approvals.prod.huge is "huge"; expected low, medium, high or critical`}},
		{"freeze", "environments: [{name: a, class: prod}]\nfreezes: [{environment: a, from: 2027-01-02, to: 2027-01-01, reason: x}]\n", []string{`3:46: freeze ends before it begins`}},
		{"policies", "policies:\n  - {path: p, namespaces: [gate.rules], style: rego, rego: v2}\n  - {path: q/p}\n  - {name: x}\n  - {path: ., paths: [../x], parser: ymal}\n", []string{
			`3:28: namespace "gate.rules" is reserved; expected one outside of gate`,
			`3:41: policies[0].style is "rego"; expected catalog or conftest`,
			`3:54: policies[0].rego is "v2"; did you mean "v0"?`,
			`4:5: policy entry "p" has the same name as policies[0]; expected distinct names, since rule ids begin with them`,
			`5:5: policy entry names no policies; expected the key path, or conftest`,
			`6:23: policies[3].paths[0]: path "../x" leads upwards; expected one inside the repository`,
			`6:30: policies[3].parser is "ymal"; did you mean "yaml"?`}},
		{"validity in days", "decision: {maxValidity: 7d}\n", []string{`2:12: "7d" is no duration in whole seconds; expected one such as "24h"`}},
		{"no validity", "decision: {maxValidity: 1ms}\n", []string{`2:12: "1ms" is no duration in whole seconds; expected one such as "24h"`}},
		{"validity without end", "decision: {maxValidity: 169h}\n", []string{`2:12: "169h" is too long; expected 168h0m0s at most`}},
		{"trust path", "trust: ../trust.yaml\n", []string{`2:1: trust: path "../trust.yaml" leads upwards; expected one inside the repository`}},
		{"duplicate key", "optional: []\noptional: []\n", []string{`3:1: key "optional" is already defined in this mapping`}},
		{"two documents", "---\na: b\n", []string{`3: file holds more than one YAML document; expected one`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := Parse(".gate.yaml", []byte("apiVersion: gate/v1\n"+tt.text))
			if c != nil {
				t.Error("a configuration with faults was returned")
			}
			var want []string
			for _, w := range tt.want {
				want = append(want, ".gate.yaml:"+w)
			}
			if diff := cmp.Diff(want, messages(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			var se *source.Error
			if !errors.As(err, &se) || se.File == "" {
				t.Errorf("error %v is no *source.Error", err)
			}
		})
	}
}

func TestParseNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      `.gate.yaml: file is empty; expected at least "apiVersion: gate/v1"`,
		"# only a comment\n":    `.gate.yaml: file is empty; expected at least "apiVersion: gate/v1"`,
		"environments: []\n":    `.gate.yaml:1:1: the file is missing the key "apiVersion"`,
		"apiVersion: gate/v2\n": `.gate.yaml:1:1: apiVersion is "gate/v2"; did you mean "gate/v1"?`,
		"[]\n":                  `.gate.yaml:1:1: the file is a list; expected a mapping`,
		"a: [\n":                `.gate.yaml:1: `,
	} {
		_, err := Parse(".gate.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestManyFaults(t *testing.T) {
	t.Parallel()
	var keys, entries strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
		fmt.Fprintf(&entries, "  - {id: w%d}\n", i)
	}
	_, err := Parse("c", []byte("apiVersion: gate/v1\n"+keys.String()))
	if n := len(messages(err)); n != maxFaults+1 {
		t.Errorf("%d faults", n)
	}
	// Entries whose faults were not looked at must not count as sound.
	if w, err := ParseWaivers("w", []byte("apiVersion: gate/v1\nwaivers:\n"+entries.String())); w != nil || err == nil {
		t.Error("a waiver file with faults without end was accepted")
	}
}

func TestExcluded(t *testing.T) {
	t.Parallel()
	c := parse(t, "exclude:\n  - {paths: [\"docs/**\"], reason: old, owner: o, expires: 2026-01-01}\n  - {paths: [\"docs/a/**\"], reason: new, owner: o, expires: 2026-03-31}\n  - {unit: charts/web, reason: u, owner: o, expires: 2026-03-31}\n")
	for _, tt := range []struct {
		path, now, reason string
		ok, expired       bool
	}{
		{"docs/a/x.yaml", "2026-02-01", "new", true, false},
		{"docs/b.yaml", "2026-01-01", "old", true, false}, // the last day counts
		{"docs/b.yaml", "2026-01-02", "old", true, true},
		{"src/docs/b.yaml", "2026-01-01", "", false, false},
	} {
		e, ok := c.Excluded(tt.path, day(tt.now))
		if ok != tt.ok || e.Reason != tt.reason || (ok && e.Expired(day(tt.now)) != tt.expired) {
			t.Errorf("Excluded(%s, %s) = %v, %v", tt.path, tt.now, e, ok)
		}
	}
	if _, ok := c.ExcludedUnit("helm:charts/web@web", "charts/web", day("2026-02-01")); !ok {
		t.Error("unit is not excluded by its path")
	}
	if _, ok := (*Config)(nil).Excluded("a", day("2026-01-01")); ok {
		t.Error("no configuration excludes something")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"environments", "units", "stacks", "people", "policies"}
	for word, want := range map[string]string{
		"enviroments": "environments", "unit": "units", "Units": "units", "stakcs": "stacks", "polices": "policies", "zzz": "", "": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("apiVersion: gate/v1\nrules: {a: {effect: &a {prod: *a}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(".gate.yaml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
		if err != nil {
			for _, e := range messages(err) {
				if e == "" {
					t.Fatal("empty message")
				}
			}
			return
		}
		NewResolver(c, ResolverInput{}).Scope(Hint{Paths: []string{"a/prod/b.yaml"}, Cluster: "x", Unit: "charts/web"})
	})
}
