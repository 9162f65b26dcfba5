package policy

import (
	"strings"
	"testing"
)

const registryRule = `# METADATA
# title: Names
# description: Some names are not allowed.
# custom:
#   severity: medium
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params:
#     names: {type: array, default: [bad], description: "names that no container may have"}
#   remediation: Choose another.
#   language: yaml
#   before: "a"
#   after: "b"
#   references: [{title: "house rules", url: "https://example.com"}]
#   waivable: "yes"
#   since: 0.1.0
package registry

import data.gate.lib
import data.gate.lib.kubernetes
import data.helpers

`

func ownRule(body string) Set {
	return Set{
		Entry: "acme",
		Modules: map[string][]byte{
			"rules/acme/registry.rego": []byte(registryRule + body),
			"rules/acme/helpers.rego":  []byte("package helpers\n\nf(x) := x\n"),
			"rules/acme/x_test.rego":   []byte("package registry_test\n\nthis does not parse"),
		},
		Data: map[string][]byte{"conf/a.yaml": []byte("table: {a: 1}\n")}, DataPaths: []string{"conf/a.yaml"},
	}
}

// What a rule names and nothing has would be undefined, and the rule pass in silence.
func TestWrongGuesses(t *testing.T) {
	t.Parallel()
	const right = `deny contains finding if {
	some c in input.containers
	c.name in lib.params(c, "acme/registry/deny").names
	finding := {"subject": c.id, "path": ["name"], "msg": helpers.f(kubernetes.quoted([c.name]))}
}
`
	for name, tt := range map[string]struct{ body, want string }{
		"right":                           {right, ""},
		"a table":                         {right + "a := data.table.a\n", ""},
		"a table that is not there":       {right + "a := data.tabel.a\n", `registry.rego:29: data.tabel: neither a package nor the data of this entry has it; did you mean "table"?`},
		"a list that it is not shown":     {right + "a := input.objects\n", "registry.rego:29: input.objects: a rule over containers of scope subject is shown those in parts, and no objects; what is said of all stands in input.index"},
		"a small list":                    {right + "a := input.units\n", ""},
		"a tree of objects":               {strings.ReplaceAll(right, "input.containers", "input.images") + "a := input.objects\n", "and no images"},
		"a set of conftest":               {right + "warn contains \"x\" if input.change\n", "registry.rego:29: warn: nobody asks for it; a rule of style catalog is one set, deny"},
		"a set with another name":         {right + "deny_more contains \"x\" if input.change\n", "deny_more: nobody asks for it"},
		"a function of such a name":       {right + "warned(x) := x\n", ""},
		"a table of the catalog":          {right + "a := data.recovery.a\n", "data.recovery: neither"},
		"another rule's id":               {strings.ReplaceAll(right, "acme/registry/deny", "acme/regitry/deny"), `did you mean "acme/registry/deny"?`},
		"the id without its end":          {strings.ReplaceAll(right, "acme/registry/deny", "acme/registry"), `did you mean "acme/registry/deny"?`},
		"another name":                    {strings.ReplaceAll(right, ".names", ".nams"), `rule acme/registry/deny has no parameter "nams" in its annotation, under custom.params; did you mean "names"?`},
		"another name, by a variable":     {right + "a if {\n\tp := lib.params(input.change, \"acme/registry/deny\")\n\tp.nams\n}\n", `no parameter "nams"`},
		"a name, by a variable":           {right + "a if {\n\tp := lib.params(input.change, \"acme/registry/deny\")\n\tp.names\n}\n", ""},
		"a variable of something else":    {right + "a if {\n\tp := lib.params(input.change, \"acme/registry/deny\")\n\tp.names\n\tsome q in [x | some p in input.units; x := p.number]\n\tq\n}\n", ""},
		"by hand":                         {right + "a := input.params[\"\"][\"acme/registry/deny\"].names\n", ""},
		"by hand, another name":           {right + "a := input.params[input.change.environment][\"acme/registry/deny\"].nams\n", `no parameter "nams"`},
		"by hand, another rule":           {right + "a := input.params[\"\"][\"registry\"].names\n", `no such rule`},
		"by hand, without an environment": {right + "a := input.params.names\n", `input.params.names: parameters stand by environment and rule: gate.lib.params(subject, "acme/registry/deny").names`},
		"another key of input":            {right + "a := input.parameters.names\n", "input.parameters: a rule of style catalog judges what gate facts prints"},
		"a manifest as input":             {right + "a := input.kind\n", `which has no "kind"; it has assessments, change`},
		"a key by a variable":             {right + "a := {k | some k, _ in input}\n", ""},
		"in a comprehension":              {right + "a := [x | some x in input.container]\n", `did you mean "containers"?`},
		"a rule of the catalog":           {right + "a := data.gate.rules.kubernetes[\"image-digest\"].deny\n", "the packages that may be imported are data.gate.lib,"},
		"a function without its import":   {right + "a := data.gate.lib.iac.text(1)\n", "import the package of the library that has it"},
		"a function that is not there":    {right + "a := lib.nothing(1)\n", "undefined function data.gate.lib.nothing"},
		"a misspelt function":             {right + "a := spritnf(\"\", [])\n", `undefined function spritnf; did you mean "sprintf"?`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := ownRule(tt.body).Catalog()
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "" && c.File("acme/registry/deny") != "rules/acme/registry.rego":
				t.Errorf("file is %q", c.File("acme/registry/deny"))
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// Why a set does not load says what leads on, in both styles.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ rego, module, want string }{
		"the older language":          {"", "package main\n\ndeny[msg] { input.x; msg := \"x\" }\n", "set rego: v0 on the entry"},
		"the newer language":          {"v0", "package main\n\ndeny contains msg if {\n\tinput.x\n\tmsg := \"x\"\n}\n", "leave out rego: v0"},
		"neither":                     {"", "package main\n\ndeny contains", "!hint"},
		"the network":                 {"", "package main\n\ndeny contains \"m\" if http.send({})\n", "undefined function http.send: refused, because it reaches the network; commit what it would fetch"},
		"the clock":                   {"", "package main\n\ndeny contains \"m\" if time.now_ns() > 1\n", "input.now"},
		"a family":                    {"", "package main\n\ndeny contains \"m\" if io.jwt.decode(\"x\")\n", "refused, because it reads tokens"},
		"conftest's own":              {"", "package main\n\ndeny contains \"m\" if parse_config_file(\"x\")\n", "refused, because it reads files of the machine; name the files under match"},
		"the list":                    {"", "package main\n\ndeny contains \"m\" if opa.runtime()\n", "(gate policy builtins lists what may be called)"},
		"a misspelt one":              {"", "package main\n\ndeny contains \"m\" if startwith(\"x\", \"y\")\n", `did you mean "startswith"?`},
		"nothing that is one":         {"", "package main\n\ndeny contains \"m\" if my_very_own_thing(\"x\")\n", "!refused"},
		"the older one is refused so": {"v0", "package main\n\ndeny[\"m\"] { http.send({}) }\n", "refused, because it reaches the network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := set(tt.module)
			s.Rego = tt.rego
			_, conftest := s.rules()
			faults := []error{conftest}
			if strings.HasSuffix(name, "language") { // the other faults come after that of the annotation
				_, catalog := s.Catalog()
				faults = append(faults, catalog)
			}
			for _, err := range faults {
				unwanted, absent := strings.CutPrefix(tt.want, "!")
				if err == nil || strings.Contains(err.Error(), unwanted) == absent {
					t.Errorf("error %v, want %q", err, tt.want)
				}
			}
		})
	}
}

// Every function is either allowed or refused for a reason.
func TestBuiltins(t *testing.T) {
	t.Parallel()
	allowed, refused := 0, map[string]string{}
	for _, b := range Builtins() {
		if b.Refused == "" {
			allowed++
			continue
		}
		refused[b.Name] = b.Refused
	}
	for _, name := range []string{"http.send", "opa.runtime", "time.now_ns", "parse_config_file", "io.jwt.decode"} {
		if refused[name] == "" {
			t.Errorf("%s is not refused", name)
		}
	}
	if allowed < 100 || refused["sprintf"] != "" || refused["parse_config"] != "" {
		t.Errorf("%d are allowed, refused are %v", allowed, refused)
	}
	for name, why := range refused {
		if strings.Contains(why, "nobody has found") {
			t.Logf("%s has no reason of its own", name)
		}
	}
}

// A rule of a namespace that the entry leaves out may ask for its own parameters.
func TestGuessesOfOtherNamespaces(t *testing.T) {
	t.Parallel()
	s := ownRule("deny contains \"x\" if lib.params(input.change, \"acme/registry/deny\").names\n")
	text := strings.NewReplacer("import data.gate.lib.kubernetes\n", "", "import data.helpers\n", "").Replace(string(s.Modules["rules/acme/registry.rego"]))
	s.Modules["rules/acme/registry.rego"] = []byte(text)
	s.Modules["rules/acme/other.rego"] = []byte(strings.NewReplacer("package registry", "package other", "acme/registry", "acme/other").Replace(text))
	s.Namespaces = []string{"other"}
	c, err := s.Catalog()
	if err != nil || len(c.Rules()) != 1 {
		t.Errorf("%v", err)
	}
}

// The page of the library holds what rules call, with what it is, and nothing besides.
func TestLibrary(t *testing.T) {
	t.Parallel()
	page, err := Library()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n## gate.lib\n", "| `params(subject, rule)` | params returns the merged parameters", "\n## gate.lib.kubernetes\n", "| `pods(o)` | "} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "`doubtful(") {
		t.Error("the page shows what no rule calls")
	}
}

func TestWrongAnnotations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ old, changed, want string }{
		"a misspelt key": {"#   since:", "#   sinse:", `registry.rego:1: rule acme/registry/deny: metadata: unknown key "sinse"; did you mean "since"?`},
		"a list":         {"#   severity: medium", "#   severity: [medium]", "severity is array; expected string"},
		"a parameter":    {"type: array", "typ: array", `unknown key "typ"; did you mean "type"?`},
	} {
		s := ownRule("deny contains {} if false\n")
		s.Modules["rules/acme/registry.rego"] = []byte(strings.Replace(string(s.Modules["rules/acme/registry.rego"]), tt.old, tt.changed, 1))
		if _, err := s.Catalog(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func TestOtherLanguage(t *testing.T) {
	t.Parallel()
	const older, newer, both = "package a\n\ndeny[x] { x := 1 }\n", "package b\n\ndeny contains 1 if true\n", "package c\n\nx := 1\n"
	for name, tt := range map[string]struct {
		rego    string
		modules []string
		want    string
	}{
		"all older":                    {"", []string{older, both}, "set rego: v0 on the entry"},
		"one older":                    {"", []string{older, newer}, "0.rego: the older language, beside files of the newer"},
		"all newer":                    {"v0", []string{newer, both}, "leave out rego: v0"},
		"one newer":                    {"v0", []string{older, newer}, "1.rego: the newer language, beside files of the older"},
		"neither":                      {"", []string{"package a\n\n{{", older}, ""},
		"nothing is wrong with either": {"", []string{newer, both}, ""},
	} {
		s := Set{Rego: tt.rego, Modules: map[string][]byte{}}
		for i, text := range tt.modules {
			s.Modules[string(rune('0'+i))+".rego"] = []byte(text)
		}
		if got := s.otherLanguage(); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
