package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/rules"

	"github.com/google/go-cmp/cmp"
)

const metadata = `# METADATA
# title: A test rule
# description: It serves a test.
# custom:
#   severity: high
#   effects: {prod: deny, non-prod: warn}
#   over: {subject: containers}
#   scope: subject
#   params: {limit: {type: number, default: 3, description: "a number"}}
#   remediation: Mend it.
#   language: yaml
#   before: "a: 1"
#   after: "a: 2"
#   references: [{title: "T", url: "https://example.com"}]
#   waivable: "yes"
#   since: 0.1.0
package gate.rules.kubernetes["test-rule"]
`

func catalogFS(module string) fstest.MapFS {
	return fstest.MapFS{
		"kubernetes/test-rule/test-rule.rego": {Data: []byte(module)},
		"data/table.yaml":                     {Data: []byte("table: {a: 1}\n")},
		"lib/lib.rego":                        {Data: []byte("package gate.lib\n\none := 1\n")},
	}
}

func load(t *testing.T, body string) *Catalog {
	t.Helper()
	c, err := Load(catalogFS(metadata+body), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Compile(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEvaluateResolvesResults(t *testing.T) {
	c := load(t, `
deny contains {"subject": c.id, "path": ["ports", 0, "name"], "msg": "bad"} if {
	some c in input.containers
	c.name == "bad"
}

unknown contains {"subject": c.id, "path": [], "msg": "later", "cause": "computed"} if {
	some c in input.containers
	c.name == "later"
}
`)
	f := &facts.Facts{}
	for i := range 2*batchSize + 1 { // three batches
		name := "good"
		switch i {
		case 0, batchSize, 2 * batchSize:
			name = "bad"
		case 1:
			name = "later"
		}
		f.Containers = append(f.Containers, facts.Container{Subject: facts.Subject{ID: fmt.Sprintf("c%04d", i)}, Name: name})
	}
	got, err := c.Evaluate(t.Context(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	bad := func(id string) Result {
		return Result{Rule: "kubernetes/test-rule", Subject: id, Path: source.Path{"ports", 0, "name"}, Message: "bad", Verdict: "fail"}
	}
	want := []Result{
		bad("c0000"),
		{Rule: "kubernetes/test-rule", Subject: "c0001", Path: source.Path{}, Message: "later", Verdict: "unknown", Cause: "computed"},
		bad(fmt.Sprintf("c%04d", batchSize)), bad(fmt.Sprintf("c%04d", 2*batchSize)),
	}
	if diff := cmp.Diff(want, got.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	wantLedger := []facts.Entry{{Kind: "rule", ID: "kubernetes/test-rule", State: facts.Evaluated, Count: 2*batchSize + 1}}
	if diff := cmp.Diff(wantLedger, got.Ledger); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ src, head, pkg string }{
		{"# METADATA\n# title: package x\npackage a.b # c\n\nx := 1\n", "# METADATA\n# title: package x\npackage a.b", "data.a.b"},
		{"package a\n", "package a", "data.a"},
		{"package\ta[\"b-c\"]\r\nx := 1", "package\ta[\"b-c\"]", "data.a[\"b-c\"]"},
		{"packages := 1\n", "packages := 1\n", ""},
		{"package \nx := 1\n", "package \nx := 1\n", ""},
		{"", "", ""},
	} {
		head, pkg := split(tt.src)
		if head != tt.head || pkg != tt.pkg {
			t.Errorf("%q: %q, %q, want %q, %q", tt.src, head, pkg, tt.head, tt.pkg)
		}
	}
}

func TestEvaluateFailsClosed(t *testing.T) {
	one := &facts.Facts{Containers: []facts.Container{{Subject: facts.Subject{ID: "c"}, Name: "x"}}}
	tests := []struct {
		name, body string
		facts      *facts.Facts
		state      facts.State
		reason     string
	}{
		{"a built-in error", "deny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\"} if {\n\tsome c in input.containers\n\tto_number(c.name) > 1\n}\n", one, facts.Failed, "to_number"},
		{"a conflict", "f(x) := 1 if x == \"x\"\n\nf(x) := 2 if x != \"y\"\n\ndeny contains {\"subject\": \"c\", \"path\": [], \"msg\": \"m\"} if {\n\tsome c in input.containers\n\tf(c.name) == 1\n}\n", one, facts.Failed, "conflict"},
		{"no message", "deny contains {\"subject\": c.id, \"path\": []} if {\n\tsome c in input.containers\n}\n", one, facts.Failed, "msg is missing"},
		{"an unknown key", "deny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\", \"message\": \"m\"} if {\n\tsome c in input.containers\n}\n", one, facts.Failed, `unknown key "message"`},
		{"a path that is no path", "deny contains {\"subject\": c.id, \"path\": \"image\", \"msg\": \"m\"} if {\n\tsome c in input.containers\n}\n", one, facts.Failed, "path is no array"},
		{"a level that is no effect", "deny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\", \"level\": \"pass\"} if {\n\tsome c in input.containers\n}\n", one, facts.Failed, `level "pass"`},
		{"too many steps", "deny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\"} if {\n\tsome c in input.containers\n\tcount([1 | some i in numbers.range(1, 30000); some j in numbers.range(1, 30000); i == j + 99999]) > 0\n}\n", one, facts.Failed, "more than 402000 steps, for 1 subjects"},
		{"deny is no set", "deny := {\"c\": {\"subject\": \"c\", \"path\": [], \"msg\": \"m\"}} if input.containers\n", one, facts.Failed, "deny is not defined as a set"},
		{"no subject", "deny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\"} if {\n\tsome c in input.containers\n}\n", &facts.Facts{}, facts.NotApplicable, "no containers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, "\n"+tt.body).Evaluate(t.Context(), tt.facts, Options{Steps: 400_000})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Ledger) != 1 || got.Ledger[0].State != tt.state || !strings.Contains(got.Ledger[0].Reason, tt.reason) {
				t.Errorf("ledger = %+v, want %s because of %q", got.Ledger, tt.state, tt.reason)
			}
			if len(got.Results) != 0 {
				t.Errorf("results = %v, want none", got.Results)
			}
		})
	}
}

func TestEvaluateSkipsWithoutInput(t *testing.T) {
	c, err := Load(catalogFS(strings.Replace(metadata, "#   scope: subject", "#   scope: subject\n#   needs: [protection]", 1)+"\ndeny contains {\"subject\": \"repository\", \"path\": [], \"msg\": \"m\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &facts.Facts{Containers: []facts.Container{{}}}
	got, err := c.Evaluate(t.Context(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []facts.Entry{{Kind: "rule", ID: "kubernetes/test-rule", State: facts.Skipped, Reason: "no protection", Count: 1}}
	if diff := cmp.Diff(want, got.Ledger); diff != "" || len(got.Results) != 0 {
		t.Errorf("without the input (-want +got):\n%s%v", diff, got.Results)
	}
	got, err = c.Evaluate(t.Context(), f, Options{Provided: map[string]bool{"protection": true}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 1 {
		t.Errorf("with the input: results = %v, want one", got.Results)
	}
}

func TestEvaluateEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := load(t, "\ndeny contains {\"subject\": c.id, \"path\": [], \"msg\": \"m\"} if {\n\tsome c in input.containers\n}\n")
	if _, err := c.Evaluate(ctx, &facts.Facts{Containers: []facts.Container{{}}}, Options{}); err == nil {
		t.Error("a cancelled evaluation returned no error")
	}
}

func TestLoadIsStrict(t *testing.T) {
	deny := "\ndeny contains {\"subject\": \"c\", \"path\": [], \"msg\": \"m\"}\n"
	tests := []struct{ name, module, want string }{
		{"no metadata", "package gate.rules.kubernetes[\"test-rule\"]\n" + deny, "no METADATA"},
		{"a foreign package", strings.Replace(metadata, "test-rule\"]", "other\"]", 1) + deny, "package is"},
		{"an unknown key", strings.Replace(metadata, "#   severity:", "#   sevrity: low\n#   severity:", 1) + deny, "sevrity"},
		{"an unknown severity", strings.Replace(metadata, "severity: high", "severity: huge", 1) + deny, `severity is "huge"`},
		{"one class only", strings.Replace(metadata, "{prod: deny, non-prod: warn}", "{prod: deny}", 1) + deny, "effects"},
		{"an unknown effect", strings.Replace(metadata, "non-prod: warn}", "non-prod: maybe}", 1) + deny, `"maybe"`},
		{"an approval of nobody", strings.Replace(metadata, "{prod: deny,", "{prod: require-approval,", 1) + deny, "requires"},
		{"an unknown subject", strings.Replace(metadata, "subject: containers", "subject: pods", 1) + deny, `"pods"`},
		{"an unknown input", strings.Replace(metadata, "#   scope: subject", "#   scope: subject\n#   needs: [weather]", 1) + deny, `"weather"`},
		{"a default of another type", strings.Replace(metadata, "default: 3", "default: \"3\"", 1) + deny, "is no number"},
		{"no remediation", strings.Replace(metadata, "#   remediation: Mend it.\n", "", 1) + deny, "remediation is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(catalogFS(tt.module), nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one about %q", err, tt.want)
			}
		})
	}
}

// Every function that reaches out, or whose answer is not a function of its
// arguments, is refused when the policy is compiled.
// TestDataDigest: whatever stands below data decides verdicts.
func TestDataDigest(t *testing.T) {
	t.Parallel()
	digest := func(files map[string]string) string {
		fsys := catalogFS("package gate.rules.demo.sample\n")
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		c := newCatalog()
		if err := c.readTables(fsys); err != nil {
			t.Fatal(err)
		}
		return c.DataDigest
	}
	seen := map[string]int{}
	for i, files := range []map[string]string{
		{}, {"data/a.yaml": "a: 1\n"}, {"data/a.yaml": "a: 2\n"}, {"data/modules/x/1.tf": "1"}, {"data/modules/x/1.tf": "2"}, {"data/modules/y/1.tf": "1"},
	} {
		d := digest(files)
		if other, ok := seen[d]; ok {
			t.Errorf("%v has the digest of the data %d", files, other)
		}
		seen[d] = i
	}
}

func TestForbiddenBuiltins(t *testing.T) {
	calls := []string{
		`http.send({"method": "get", "url": "http://127.0.0.1:1"})`,
		`net.lookup_ip_addr("localhost")`,
		`net.cidr_expand("10.0.0.0/8")`,
		`opa.runtime()`,
		`rego.parse_module("x", "package x")`,
		`json.match_schema({}, {"$ref": "file:///etc/passwd"})`,
		`json.verify_schema({"$ref": "file:///etc/passwd"})`,
		`time.now_ns()`,
		`rand.intn("x", 10)`,
		`uuid.rfc4122("x")`,
		`parse_config_file("/etc/passwd")`,
		`parse_combined_config_files(["/etc/passwd"])`,
		`io.jwt.decode_verify("x", {})`,
		`providers.aws.sign_req({}, {}, 0)`,
	}
	for _, call := range calls {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			c, err := Load(catalogFS(metadata+"\ndeny contains {\"subject\": \"c\", \"path\": [], \"msg\": \"m\"} if {\n\t"+call+"\n}\n"), nil)
			if err == nil {
				err = c.Compile()
			}
			if err == nil || !strings.Contains(err.Error(), "undefined function") {
				t.Errorf("error = %v, want an undefined function", err)
			}
		})
	}
}

func TestParseConfigIsPure(t *testing.T) {
	c := load(t, `
deny contains {"subject": "c", "path": [], "msg": sprintf("%v", [doc.a])} if {
	doc := parse_config("yaml", "a: 1")
}
`)
	got, err := c.Evaluate(t.Context(), &facts.Facts{Containers: []facts.Container{{}}}, Options{})
	if err != nil || len(got.Results) != 1 || got.Results[0].Message != "1" {
		t.Errorf("got %+v, %v; want the message 1", got, err)
	}
}

// What is seen of a rule without parsing it is what its annotation says.
func TestHead(t *testing.T) {
	seen := map[string]Head{}
	c, err := Load(rules.FS, func(h Head) bool {
		seen[h.ID] = h
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Rules() {
		if diff := cmp.Diff(Head{ID: r.ID, Over: r.Over, Drift: r.Drift}, seen[r.ID]); diff != "" {
			t.Errorf("%s (-annotation +seen):\n%s", r.ID, diff)
		}
	}
}

// The built-in catalog as a whole: what a run leaves out is compiled here.
func TestBuiltInCatalogCompiles(t *testing.T) {
	c, err := Load(rules.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Compile(); err != nil {
		t.Fatal(err)
	}
}

// No rule fails on the second batch, from which small kinds are left out.
func TestBuiltInCatalogJudgesLaterBatches(t *testing.T) {
	c, err := Load(rules.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &facts.Facts{Environments: []facts.Environment{{Name: "prod"}}, Terraform: facts.Terraform{Stacks: []facts.Stack{{Path: "."}}}}
	for i := range batchSize + 1 {
		f.Resources = append(f.Resources, facts.Resource{Subject: facts.Subject{ID: fmt.Sprintf("r%04d", i)}, Mode: "managed", Type: "aws_vpc", After: map[string]any{}})
	}
	got, err := c.Evaluate(t.Context(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got.Ledger {
		if e.State == facts.Failed {
			t.Errorf("%s: %s", e.ID, e.Reason)
		}
	}
}
