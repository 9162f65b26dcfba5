package terraform

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/source"
	"gate/internal/source/sourcetest"
)

func TestOverrideFiles(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"main.tf": `variable "public" { default = false }
module "m" {
  source = "./m"
  acl    = "private"
}
provider "aws" {
  region = "eu-west-1"
}
terraform {
  backend "s3" {}
}
resource "aws_db_instance" "d" {
  publicly_accessible = var.public
  storage_encrypted   = true
  restore_to_point_in_time {
    source_db_instance_identifier = "a"
  }
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags]
  }
}
`,
		"z_override.tf": `variable "public" { default = true }
module "m" {
  acl = "public-read"
}
provider "aws" {
  access_key = "AKIA"
}
terraform {
  backend "local" {}
}
resource "aws_db_instance" "d" {
  storage_encrypted = false
  restore_to_point_in_time {
    source_db_instance_identifier = "b"
  }
  lifecycle {
    prevent_destroy = false
  }
}
`,
		"m/main.tf": `variable "acl" {}
resource "aws_s3_bucket" "b" { acl = var.acl }
`,
	}
	got, err := Collect(context.Background(), tree, Inputs{Stacks: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	byAddress := map[string]map[string]any{}
	for _, r := range got.Resources {
		byAddress[r.Address] = r.After
		if r.Address == "aws_db_instance.d" {
			if diff := cmp.Diff(map[string]any{"prevent_destroy": false, "ignore_changes": []any{"tags"}}, r.Lifecycle); diff != "" {
				t.Error(diff)
			}
			at := got.Locators[r.ID].Locate(source.Path{"storage_encrypted"})
			if at.File != "z_override.tf" || at.Line != 12 {
				t.Errorf("storage_encrypted at %v", at.Position)
			}
			if at := got.Locators[r.ID].Locate(source.Path{"publicly_accessible"}); at.File != "main.tf" || at.Line != 13 {
				t.Errorf("publicly_accessible at %v", at.Position)
			}
		}
	}
	want := map[string]map[string]any{
		"aws_db_instance.d": {"publicly_accessible": true, "storage_encrypted": false,
			"restore_to_point_in_time": []any{map[string]any{"source_db_instance_identifier": "b"}}},
		"module.m.aws_s3_bucket.b": {"acl": "public-read"},
	}
	if diff := cmp.Diff(want, byAddress); diff != "" {
		t.Error(diff)
	}
	if len(got.Stacks[0].Providers) != 1 || got.Stacks[0].Providers[0].Expressions["access_key"] == nil {
		t.Errorf("providers %v", got.Stacks[0].Providers)
	}
	if got.Stacks[0].Backend["type"] != "local" {
		t.Errorf("backend %v", got.Stacks[0].Backend)
	}
}
