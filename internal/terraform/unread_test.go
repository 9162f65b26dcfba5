package terraform

import (
	"context"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// TestUnreadModules: each call that makes something nobody read is told, once.
func TestUnreadModules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, files string
		want        map[string]string
	}{
		{"a registry, twice by for_each", `-- main.tf --
module "a" {
  source   = "acme/a/aws"
  version  = "~> 1.0"
  for_each = toset(["x", "y"])
}
`, map[string]string{"module:.:module.a": `the module "acme/a/aws", version "~> 1.0", is not in the tree`}},
		{"no instance", `-- main.tf --
module "a" {
  source = "acme/a/aws"
  count  = 0
}
module "b" {
  source   = "acme/b/aws"
  for_each = {}
}
`, map[string]string{}},
		{"inside of what is not called", `-- main.tf --
module "a" {
  source = "./a"
  count  = 0
}
-- a/main.tf --
module "b" {
  source = "acme/b/aws"
}
`, map[string]string{}},
		{"instances that are not known", `-- main.tf --
variable "n" {}
module "a" {
  source = "acme/a/aws"
  count  = var.n
}
`, map[string]string{"module:.:module.a": `the module "acme/a/aws" is not in the tree`}},
		{"a source by a variable", `-- main.tf --
variable "s" {}
module "a" {
  source = var.s
}
`, map[string]string{"module:.:module.a": "the source of the module is not written down"}},
		{"a module that calls itself", `-- main.tf --
module "a" {
  source = "./a"
}
-- a/main.tf --
module "a" {
  source = "./"
}
`, map[string]string{"module:.:module.a" + strings.Repeat(".module.a", maxModuleDepth): "modules call each other more than 16 deep"}},
		{"a downloaded module of the tree", `-- main.tf --
module "a" {
  source = "acme/a/aws"
}
-- .terraform/modules/modules.json --
{"Modules":[{"Key":"","Dir":"."},{"Key":"a","Dir":".terraform/modules/a"}]}
-- .terraform/modules/a/main.tf --
resource "aws_s3_bucket" "b" {}
`, map[string]string{}},
		{"a downloaded module that is another one", `-- main.tf --
module "a" {
  source = "acme/a/aws"
}
-- .terraform/modules/modules.json --
{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"registry.terraform.io/acme/harmless/aws","Dir":".terraform/modules/a"}]}
-- .terraform/modules/a/main.tf --
resource "aws_s3_bucket" "b" {}
`, map[string]string{"module:.:module.a": `the module "acme/a/aws" is not in the tree`}},
		{"a downloaded module of the registry", `-- main.tf --
module "a" {
  source = "acme/a/aws"
}
-- .terraform/modules/modules.json --
{"Modules":[{"Key":"a","Source":"registry.terraform.io/acme/a/aws","Version":"1.0.0","Dir":".terraform/modules/a"}]}
-- .terraform/modules/a/main.tf --
resource "aws_s3_bucket" "b" {}
`, map[string]string{}},
		{"a downloaded module of a repository", `-- main.tf --
module "a" {
  source = "github.com/acme/modules//a"
}
-- .terraform/modules/modules.json --
{"Modules":[{"Key":"a","Source":"git::https://github.com/acme/modules.git//a","Dir":".terraform/modules/a"}]}
-- .terraform/modules/a/main.tf --
resource "aws_s3_bucket" "b" {}
`, map[string]string{}},
		{"a JSON configuration", `-- main.tf.json --
{"module": {"a": {"source": "git@example.com:a.git"}}}
`, map[string]string{"module:.:module.a": `the module "git@example.com:a.git" is not in the tree`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out, err := Collect(context.Background(), sourcetest.Parse(c.files), Inputs{Stacks: []string{"."}})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, e := range out.Ledger {
				if e.Kind == "module" {
					got[e.ID] = e.Reason
					if e.State != facts.Skipped || e.Input != "plan" || e.Place.Line == 0 {
						t.Errorf("%s: %+v", e.ID, e)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
