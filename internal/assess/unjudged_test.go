package assess

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	admissionv1 "k8s.io/api/admissionregistration/v1"
)

// told are the entries of a ledger about the policy p, and failed ones.
func told(ledger []facts.Entry) []string {
	var out []string
	for _, e := range ledger {
		if e.State == facts.Failed || strings.HasSuffix(e.ID, "//p") {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", e.State, e.ID[strings.LastIndex(e.ID, "/")+1:], e.Count, e.Reason)))
		}
	}
	return out
}

// What is not evaluated is missing where a rejection would stop the change.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	const asks = "  validations: [{expression: 'authorizer.group(\"\").resource(\"pods\").check(\"get\").allowed()'}]"
	const why = `whether a validation holds is not known: it depends on who asks`
	two := aMap + "---\n" + strings.Replace(aMap, "name: a", "name: b", 1)
	unchanged := func(list []Object, names ...string) []Object {
		for i := range list {
			for _, n := range names {
				if list[i].Name == n {
					list[i].Change = &facts.ResourceChange{Action: "unchanged"}
				}
			}
		}
		return list
	}
	for name, c := range map[string]struct {
		tree []Object
		o    Options
		want []string
	}{
		"denies":       {tree(t, bound(asks)+two), Options{}, []string{"failed a 2 " + `ValidatingAdmissionPolicy "p" is not evaluated: ` + why, "evaluated p 0"}},
		"only changed": {unchanged(tree(t, bound(asks)+two), "p", "a"), Options{}, []string{"failed a 1 " + `ValidatingAdmissionPolicy "p" is not evaluated: ` + why, "failed b 1 " + `ValidatingAdmissionPolicy "p" is not evaluated: ` + why, "evaluated p 0"}},
		"a warning":    {tree(t, bound(asks)+two), Options{Stops: func(facts.Scope) bool { return false }}, []string{"evaluated p 0 not evaluated on configmap \"shop/a\" and 1 more: " + why}},
		"audits":       {tree(t, strings.Replace(bound(asks), "[Deny]", "[Audit]", 1)+aMap), Options{}, []string{"evaluated p 0 not evaluated on configmap \"shop/a\": " + why}},
		"ignored":      {tree(t, bound("  failurePolicy: Ignore\n  validations: [{expression: 'object.data.x == \"\"'}]")+aMap), Options{}, []string{`evaluated p 1 not evaluated on configmap "shop/a": failurePolicy Ignore lets in what it cannot evaluate: expression 'object.data.x == ""' resulted in error: no such key: x`}},
		"passes":       {tree(t, bound("  validations: [{expression: 'true'}]")+two), Options{}, []string{"evaluated p 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, ledger := Admission(t.Context(), c.tree, c.o)
			if diff := cmp.Diff(c.want, told(ledger)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the change does not reach is marked, so that it can be held against the base.
func TestUnjudgedBefore(t *testing.T) {
	t.Parallel()
	list := tree(t, bound("  validations: [{expression: 'request.userInfo.username == \"\"'}]")+aMap)
	for _, changed := range []bool{false, true} {
		for i := range list {
			list[i].Change = &facts.ResourceChange{Action: "unchanged"}
		}
		if changed {
			list[0].Change.Action = "updated" // the policy
		}
		_, ledger := Admission(t.Context(), list, Options{})
		if len(failures(ledger)) != 1 || ledger[0].Existing == changed {
			t.Errorf("policy changed %t: %+v", changed, ledger)
		}
	}
}

// The end of the run leaves nothing evaluated behind.
func TestAdmissionEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ledger := Admission(ctx, tree(t, bound("  validations: [{expression: 'true'}]")+aMap), Options{})
	if diff := cmp.Diff([]string{`failed /ConfigMap/shop/a: ValidatingAdmissionPolicy "p" is not evaluated: the run ended before it was`}, failures(ledger)); diff != "" {
		t.Error(diff)
	}
}

// What a policy costs in all is bounded, and more objects may cost more.
func TestMeter(t *testing.T) {
	t.Parallel()
	m := &meter{used: 120, measure: "steps of Rego", base: 100, each: 10}
	for objects, want := range map[int]string{1: "it costs more than 110 steps of Rego for 1 objects", 2: "", 3: ""} {
		if got := m.over(objects); got != want {
			t.Errorf("%d objects: %q, want %q", objects, got, want)
		}
	}
	if got := (*meter)(nil).over(1); got != "" {
		t.Errorf("no meter: %q", got)
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	variables := []admissionv1.Variable{
		{Name: "who", Expression: "request.userInfo.username"},
		{Name: "bot", Expression: "variables.who == 'bot'"},
		{Name: "name", Expression: "object.metadata.name"},
		{Name: "tier", Expression: "namespaceObject.metadata.labels['tier']"},
	}
	const who = "it depends on who asks"
	for text, want := range map[string]struct {
		offline   string
		namespace bool
	}{
		"object.spec.replicas > 1":                            {},
		"authorizer.group('').resource('pods').check('get')":  {who, false},
		"request.operation == 'CREATE'":                       {},
		"has(request.userInfo)":                               {who, false},
		"has(request.namespace)":                              {},
		"request.?userInfo.?username.orValue('') == ''":       {who, false},
		"request.?namespace.orValue('') == ''":                {},
		"[request].all(r, r.userInfo.username != '')":         {who, false},
		"object.metadata.name == 'authorizer'":                {},
		"object.authorizer == object.request.userInfo":        {},
		"variables.name == ''":                                {},
		"variables.bot":                                       {who, false},
		"variables.?bot.orValue(false)":                       {who, false},
		"[variables].all(v, v.name == '')":                    {who, true},
		"has(variables.tier)":                                 {"", true},
		"object.items.all(i, i.namespaceObject == '')":        {},
		"object.items.all(i, i == namespaceObject.metadata)":  {"", true},
		"object.( // does not parse: the compiler says so":    {},
		"`authorizer` // an identifier in quotes is a syntax": {},
	} {
		offline, namespace := needs(text, variables)
		if offline != want.offline || namespace != want.namespace {
			t.Errorf("%s: %q, %t, want %q, %t", text, offline, namespace, want.offline, want.namespace)
		}
	}
}

// The CEL of a cluster is that of the release before it.
func TestDialect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, oldest string // the first release that takes it
	}{
		{"object.a == 1", "1.26"},
		{"object.?a.orValue(1) == 1", "1.29"},
		{"quantity('1Gi').isGreaterThan(quantity('1Mi'))", "1.29"},
		{"sets.contains([1], [1])", "1.30"},
		{"ip('10.0.0.1').family() == 4", "1.31"},
		{"cidr('10.0.0.0/8').containsIP('10.0.0.1')", "1.31"},
		{"!format.dns1123Label().validate('a').hasValue()", "1.32"},
		{"semver('1.2.3').major() == 1", "1.34"},
	} {
		spec := admissionv1.ValidatingAdmissionPolicySpec{Validations: []admissionv1.Validation{{Expression: c.text}}}
		first := parseVersion(c.oldest)
		for of, compiles := range map[version]bool{first: true, {1, first.minor - 1}: first.minor == 26, newest: true, {1, 99}: true} {
			if got := len(compilePrograms(spec, dialect{of}).faulty()) == 0; got != compiles {
				t.Errorf("%s in %s: compiles %t, want %t", c.text, of, got, compiles)
			}
		}
	}
}

func TestClusterVersions(t *testing.T) {
	t.Parallel()
	unit := func(id, environment string) facts.Unit {
		return facts.Unit{Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: environment}}}
	}
	got := clusterVersions([]facts.Unit{unit("a", "prod"), unit("b", "prod"), unit("c", "prod"), unit("d", "dev"), unit("e", ""), unit("f", "")},
		map[string]string{"a": "1.33", "b": "1.31.4", "e": "1.29"})
	want := map[string]string{"a": "1.33", "b": "1.31.4", "c": "1.31.4", "d": "", "e": "1.29", "f": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadingOfModules(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]regoReading{
		`violation[{"msg": "m"}] { input.review.object.data.inventory }`:                     {},
		`violation[{"msg": "m"}] { data.inventory.cluster }`:                                 {cluster: true},
		`violation[{"msg": "m"}] { data["inventory"].cluster }`:                              {cluster: true},
		`violation[{"msg": "m"}] { x := "inventory"; data[x].cluster }`:                      {cluster: true},
		`violation[{"msg": "m"}] { d := data; d.inventory }`:                                 {cluster: true},
		`violation[{"msg": "m"}] { object.get(data, "inventory", {}) == {} }`:                {cluster: true},
		"import data.inventory as i\nviolation[{\"msg\": \"m\"}] { i.cluster }":              {cluster: true},
		`violation[{"msg": "m"}] { data.t.own }`:                                             {},
		`violation[{"msg": "m"}] { data.lib.x.own }`:                                         {},
		`violation[{"msg": "m"}] { data.lib.y.own }`:                                         {cluster: true},
		`violation[{"msg": "m"}] { input.review.userInfo.username }`:                         {who: true},
		`violation[{"msg": "m"}] { r := input.review; r["userInfo"].username }`:              {who: true},
		`violation[{"msg": "m"}] { object.get(input.review, ["userInfo"], 1) == 1 }`:         {who: true},
		`violation[{"msg": "m"}] { input.review._unstable.namespace.metadata.labels.x }`:     {namespace: true},
		`violation[{"msg": "m"}] { external_data({"provider": "p", "keys": []}).errors }`:    {outside: true},
		"own { true }\nviolation[{\"msg\": \"m\"}] { own; input.parameters.data.inventory }": {},
	} {
		var modules []*ast.Module
		for _, text := range []string{"package t\n" + text, "package lib.x\nown { true }"} {
			m, err := ast.ParseModuleWithOpts("t.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV0})
			if err != nil {
				t.Fatal(err)
			}
			modules = append(modules, m)
		}
		if diff := cmp.Diff(want, readingOfModules(modules), cmp.AllowUnexported(regoReading{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}
