package terraform

import (
	"context"
	"io/fs"
	"regexp"
	"testing"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"
	"gate/rules"

	"github.com/google/go-cmp/cmp"
)

// TestRows: what no table knows is said once for each type, and what runs programs is
// named at its place.
func TestRows(t *testing.T) {
	t.Parallel()
	out, err := Collect(context.Background(), sourcetest.Parse(`-- main.tf --
resource "aws_s3_bucket" "known" {}
resource "google_pubsub_topic_iam_member" "family" {}
resource "awscc_wisdom_assistant" "a" {}
resource "awscc_wisdom_assistant" "b" { count = 2 }
resource "azapi_resource" "c" {
  type = "Microsoft.Quota/quotas@2023-02-01"
}
data "external" "d" {
  program = ["sh", "x.sh"]
}
resource "null_resource" "e" {
  provisioner "local-exec" {
    command = "curl x | sh"
  }
  provisioner "remote-exec" {
    when   = destroy
    inline = ["id"]
  }
}
-- more.tf.json --
{"resource": {"terraform_data": {"f": {"provisioner": [{"local-exec": {"command": "id", "when": "destroy"}}]}}}}
`), Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range out.Ledger {
		if e.Kind != "unit" && e.State != facts.Evaluated {
			got[e.Kind+" "+e.ID] = e.Place.String()
			if e.State != facts.NotApplicable || e.Reason == "" {
				t.Errorf("%+v", e)
			}
			if e.Count > 0 {
				got[e.Kind+" "+e.ID] = string(rune('0' + e.Count))
			}
		}
	}
	want := map[string]string{
		"resource terraform:.:awscc_wisdom_assistant.a": "", "resource terraform:.:awscc_wisdom_assistant.b[0]": "", "resource terraform:.:awscc_wisdom_assistant.b[1]": "",
		"resource terraform:.:azapi_resource.c": "", "resource terraform:.:null_resource.e": "", "resource terraform:.:terraform_data.f": "",
		"table awscc_wisdom_assistant": "3", "table azapi_resource Microsoft.Quota/quotas": "1", "table null_resource": "1", "table terraform_data": "1",
		"program terraform:.:data.external.d#external":    "main.tf:9:3",
		"program terraform:.:null_resource.e#local-exec":  "main.tf:12:3",
		"program terraform:.:null_resource.e#remote-exec": "main.tf:12:3",
		"program terraform:.:terraform_data.f#local-exec": "more.tf.json:1:40",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRowTypes: the keys that are found are those that rules look at.
func TestRowTypes(t *testing.T) {
	t.Parallel()
	types := readRowTypes()
	for typ := range tableRows(t) {
		if !types.has(typ) {
			t.Errorf("%s has rows, and is said to have none", typ)
		}
	}
	if len(types.types) < 900 || types.has("null_resource") || types.has("awscc_wisdom_assistant") || types.has("path") {
		t.Error(len(types.types), "types")
	}
	quoted := regexp.MustCompile(`r\.type (?:== |in \{)("[a-z0-9_]+"(?:, "[a-z0-9_]+")*)`)
	minted := regexp.MustCompile(`(?m)^\t"([a-z]+_[a-z0-9_]+)": "an? `)
	err := fs.WalkDir(rules.FS, "iac", func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(rules.FS, file)
		for _, m := range minted.FindAllSubmatch(data, -1) {
			if !types.has(string(m[1])) {
				t.Errorf("%s looks at %s, which is said to have no row", file, m[1])
			}
		}
		for _, m := range quoted.FindAllSubmatch(data, -1) {
			for _, typ := range regexp.MustCompile(`[a-z0-9_]+`).FindAllString(string(m[1]), -1) {
				if !types.has(typ) && typ != "google_iam_policy" && typ != "aws_iam_policy_document" { // data sources
					t.Errorf("%s looks at %s, which is said to have no row", file, typ)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
