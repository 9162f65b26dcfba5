package repository

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/classify"
	"gate/internal/doc"
)

const wholeContract = `productionChangeContract:
  identity: {changeId: "github.com/acme/platform#7", repository: github.com/acme/platform, pullRequest: 7, commitSha: c0ffee, author: alice}
  target: {environment: prod, account: "111122223333", region: eu-west-1, cluster: eu-1, namespace: shop, stack: stacks/db, service: shop}
  classification: {changeType: database-change, riskClass: high, destructive: false, regulatedData: true}
  predictedTransition: {planArtifact: "oci://x", planHash: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, diffSummary: "oci://y"}
  decision: {policyDecision: require-approval, policyArtifact: "oci://z", requiredApprovers: [dba], exceptionsUsed: []}
  authorization: {approvedBy: [bob], approvalTimestamp: 2026-11-01T12:00:00Z, approvalBindingHash: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb}
  execution: {runnerIdentity: ci, startedAt: "2026-11-01T13:00:00Z", completedAt: "2026-11-01T13:01:00Z", result: success}
  verification: {postCheckArtifact: "oci://p", driftAfterChange: none}
  evidence: {evidenceId: ev-1, retentionClass: standard}
`

func TestReadContract(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"whole":                   {wholeContract, ""},
		"before anything is done": {"productionChangeContract: {identity: {changeId: a}}", ""},
		"JSON":                    {`{"productionChangeContract": {"classification": {"destructive": true}}}`, ""},
		"empty":                   {"", "documents"},
		"nothing":                 {"{}", "want a mapping"},
		"another thing":           {"identity: {changeId: a}", "identity"},
		"unknown field":           {"productionChangeContract: {approved: true}", "approved"},
		"unknown field below":     {"productionChangeContract: {target: {zone: a}}", "zone"},
		"in capital letters":      {"productionChangeContract: {Identity: {}}", "Identity"},
		"a field twice":           {"productionChangeContract: {target: {region: a, region: b}}", "region"},
		"a field twice, in JSON":  {`{"productionChangeContract": {"target": {}, "target": {}}}`, "target"},
		"cut":                     {`{"productionChangeContract": {"identity": {"changeId": "a`, ""},
		"two documents":           {"productionChangeContract: {}\n---\nproductionChangeContract: {}\n", "2 documents"},
		"null":                    {"productionChangeContract: {evidence: null}", "null"},
		"a null contract":         {"productionChangeContract:", "null"},
		"a number for a text":     {"productionChangeContract: {target: {account: 111122223333}}", "account"},
		"a text for a bool":       {`productionChangeContract: {classification: {destructive: "false"}}`, "destructive"},
		"a text for a list":       {"productionChangeContract: {authorization: {approvedBy: bob}}", "approvedBy"},
		"a text for a number":     {`productionChangeContract: {identity: {pullRequest: "7"}}`, "pullRequest"},
		"a negative number":       {"productionChangeContract: {identity: {pullRequest: -7}}", "pullRequest"},
		"an unknown risk":         {"productionChangeContract: {classification: {riskClass: huge}}", "classification.riskClass"},
		"an unknown result":       {"productionChangeContract: {execution: {result: ok}}", "execution.result"},
		"no hash":                 {"productionChangeContract: {predictedTransition: {planHash: abc}}", "planHash"},
		"no time":                 {"productionChangeContract: {execution: {startedAt: yesterday}}", "startedAt"},
		"too large":               {wholeContract + strings.Repeat("#\n", maxContractBytes), "larger than"},
	} {
		_, _, err := ReadContract("contract", []byte(tc.text))
		good := name == "whole" || name == "before anything is done" || name == "JSON"
		if good != (err == nil) || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// The schema names the fields of the type, and the words are those of the classification.
func TestContractSchema(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "schemas", "contract.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	top := doc.Map(schema, "properties", "productionChangeContract")
	var got, want []string
	for part, s := range doc.Map(top, "properties") {
		if doc.At(s, "additionalProperties") != false {
			t.Errorf("%s is open", part)
		}
		for field, f := range doc.Map(s, "properties") {
			kind := doc.Text(f, "type")
			if doc.List(f, "enum") != nil {
				kind = "string"
			}
			got = append(got, part+"."+field+" "+kind)
		}
	}
	name := func(f reflect.StructField) string { n, _, _ := strings.Cut(f.Tag.Get("json"), ","); return n }
	for p := range reflect.TypeFor[Contract]().Fields() {
		for f := range p.Type.Fields() {
			kind := map[string]string{"string": "string", "int": "integer", "*bool": "boolean", "[]string": "array"}[f.Type.String()]
			want = append(want, name(p)+"."+name(f)+" "+kind)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || doc.At(top, "additionalProperties") != false {
		t.Errorf("schema (-type +schema):\n%s", diff)
	}
	for _, w := range new(Contract).words() {
		part, field, _ := strings.Cut(w.name, ".")
		if diff := cmp.Diff(w.allowed, doc.Texts(top, "properties", part, "properties", field, "enum")); diff != "" {
			t.Errorf("%s (-type +schema):\n%s", w.name, diff)
		}
	}
	words := new(Contract).words()
	if diff := cmp.Diff([][]string{classify.ChangeTypes, classify.RiskClasses}, [][]string{words[0].allowed, words[1].allowed}); diff != "" {
		t.Error(diff)
	}
}

// What is read is read again from what it is written as.
func FuzzContract(f *testing.F) {
	f.Add(wholeContract)
	f.Add(`{"productionChangeContract": {"classification": {"destructive": true}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := ReadContract("contract", []byte(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(map[string]any{"productionChangeContract": c})
		if err != nil {
			t.Fatal(err)
		}
		if len(again) > maxContractBytes {
			return
		}
		read, _, err := ReadContract("contract", again)
		if diff := cmp.Diff(c, read); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}
