package terraform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// A usual repository of Terragrunt: a root file with backend and provider,
// shared locals, and units that apply modules of the tree.
func terragruntTree() sourcetest.Tree {
	return sourcetest.Tree{
		"live/root.hcl": `locals {
  common = yamldecode(file("${get_parent_terragrunt_dir()}/common.yaml"))
  region = read_terragrunt_config(find_in_parent_folders("region.hcl")).locals.region
  token  = get_env("TOKEN", "x")
}
remote_state {
  backend = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = {
    bucket = "state-${local.common.account}"
    key    = "${path_relative_to_include()}/terraform.tfstate"
    secret_key = "planted-secret"
  }
}
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<EOF
provider "aws" {
  region = "${local.region}"
  access_key = "${local.token}"
  default_tags {
    tags = { owner = "platform" }
  }
}
EOF
}
inputs = {
  tags   = { a = "root", b = "root" }
  region = local.region
  token  = local.token
}
`,
		"live/common.yaml":     "account: \"123\"\n",
		"live/prod/region.hcl": "locals {\n  region = \"eu-west-1\"\n}\n",
		"live/prod/bucket/terragrunt.hcl": `include "root" {
  path = find_in_parent_folders("root.hcl")
  expose = true
}
terraform {
  source = "../../../modules//bucket?ref=x"
}
dependency "key" {
  config_path  = "../key"
  mock_outputs = { arn = "arn:mock" }
}
inputs = {
  name    = "logs-${include.root.locals.region}"
  kms_key = dependency.key.outputs.arn
  public  = run_cmd("rm", "-rf", "/")
  tags    = { b = "unit" }
}
`,
		"live/prod/remote/terragrunt.hcl": `include {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "tfr:///terraform-aws-modules/vpc/aws?version=5.0.0"
}
inputs = {
  cidr = "10.0.0.0/8"
}
`,
		"modules/bucket/main.tf": `variable "name" {}
variable "kms_key" {}
variable "public" { default = false }
variable "tags" { default = {} }
variable "token" { default = "" }
resource "aws_s3_bucket" "b" {
  bucket = var.name
  tags   = var.tags
  policy = file("${path.module}/policy.json")
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket            = aws_s3_bucket.b.id
  block_public_acls = var.public
}
resource "aws_sns_topic" "t" {
  kms_master_key_id = var.kms_key
}
`,
		"modules/bucket/policy.json": `{"a": 1}`,
	}
}

func TestTerragrunt(t *testing.T) {
	t.Parallel()
	got := collect(t, terragruntTree(), Inputs{Stacks: []string{"modules/bucket"}})
	byID := map[string]facts.Resource{}
	for _, r := range got.Resources {
		byID[r.ID] = r
	}
	bucket := byID["terraform:live/prod/bucket:aws_s3_bucket.b"]
	want := map[string]any{"bucket": "logs-eu-west-1", "tags": map[string]any{"b": "unit"}, "policy": `{"a": 1}`}
	if diff := cmp.Diff(want, bucket.After); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"owner": "platform"}, bucket.InheritedTags); diff != "" {
		t.Error("default tags of the generated provider: ", diff)
	}
	for id, attribute := range map[string]string{
		"terraform:live/prod/bucket:aws_sns_topic.t":                     "kms_master_key_id", // a mock output is not what apply gets
		"terraform:live/prod/bucket:aws_s3_bucket_public_access_block.b": "block_public_acls",
	} {
		if r := byID[id]; r.After[attribute] != nil || r.Unknown[attribute] != true {
			t.Errorf("%s: %s is %v, unknown %v", id, attribute, r.After[attribute], r.Unknown[attribute])
		}
	}
	at := got.Locators[bucket.ID].Locate(source.Path{"bucket"})
	if at.File != "live/prod/bucket/terragrunt.hcl" || at.Line != 13 {
		t.Errorf("at %+v", at.Position)
	}
	if len(at.Related) != 2 || at.Related[0].String() != "modules/bucket/main.tf:7:3" || at.Related[1].String() != "live/prod/bucket/terragrunt.hcl:6:3" {
		t.Errorf("related %+v", at.Related)
	}
	if len(byID) != 5 { // two of the table of remote
		t.Errorf("%d resources: the module is judged by itself too", len(byID))
	}
	var stacks []string
	for _, s := range got.Stacks {
		stacks = append(stacks, s.ID+": "+strings.Join(s.Problems, "; "))
		if diff := cmp.Diff(map[string]any{"type": "s3", "file": "live/root.hcl", "line": int64(6), "config": map[string]any{
			"bucket": "state-123", "key": strings.TrimPrefix(s.Path, "live/") + "/terraform.tfstate", "secret_key": facts.Redacted("sensitive"),
		}}, s.Backend); diff != "" {
			t.Errorf("%s: %s", s.ID, diff)
		}
	}
	wantStacks := []string{"stack:live/prod/bucket: ", `stack:live/prod/remote: `}
	if diff := cmp.Diff(wantStacks, stacks); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]facts.ModuleCall{{Address: "terragrunt", Source: "terraform-aws-modules/vpc/aws", Version: "5.0.0", File: "live/prod/remote/terragrunt.hcl", Line: 5,
		Unread: `the module "terraform-aws-modules/vpc/aws", version "5.0.0", is not in the tree`, ID: "module:live/prod/remote:terragrunt"}}, got.Stacks[1].Modules); diff != "" {
		t.Error(diff)
	}
	provider := got.Locators["stack:live/prod/bucket"].Locate(source.Path{"providers", "aws", "region"})
	if provider.File != "live/root.hcl" || provider.Line != 20 {
		t.Errorf("the generated provider stands at %+v", provider.Position)
	}
	if p := got.Locators["stack:live/prod/remote"].Locate(source.Path{"modules", "terragrunt", "source"}).Position; p.File != "live/prod/remote/terragrunt.hcl" || p.Line != 5 {
		t.Errorf("the source stands at %+v", p)
	}
}

func TestTerragruntFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tree sourcetest.Tree
		want string
	}{
		"broken":                {sourcetest.Tree{"u/terragrunt.hcl": "inputs = {"}, "u/terragrunt.hcl"},
		"includes nothing":      {sourcetest.Tree{"u/terragrunt.hcl": "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n", "u/main.tf": "locals {}\n"}, "what it includes cannot be found"},
		"source by command":     {sourcetest.Tree{"u/terragrunt.hcl": "terraform {\n  source = run_cmd(\"x\")\n}\n"}, "only known when Terragrunt runs"},
		"source outside":        {sourcetest.Tree{"u/terragrunt.hcl": "terraform {\n  source = \"../../../../etc\"\n}\n"}, "lies outside of what was read"},
		"source without module": {sourcetest.Tree{"u/terragrunt.hcl": "terraform {\n  source = \"../m\"\n}\n"}, "holds no configuration files"},
		"nothing":               {sourcetest.Tree{"u/terragrunt.hcl": ""}, "no configuration files of its own"},
		"generated garbage":     {sourcetest.Tree{"u/main.tf": "locals {}\n", "u/terragrunt.hcl": "generate \"p\" {\n  path = \"p.tf\"\n  contents = <<EOF\nprovider {\n\nEOF\n}\n"}, "u/terragrunt.hcl:"},
		"generated by command":  {sourcetest.Tree{"u/main.tf": "locals {}\n", "u/terragrunt.hcl": "generate \"p\" {\n  path = \"p.tf\"\n  contents = run_cmd(\"x\")\n}\n"}, "what generate \"p\" writes is only known"},
		"reads itself":          {sourcetest.Tree{"u/main.tf": "locals {}\n", "u/terragrunt.hcl": "locals {\n  a = read_terragrunt_config(\"terragrunt.hcl\")\n}\ninputs = {\n  a = local.a\n}\n"}, ""},
		"includes itself":       {sourcetest.Tree{"u/main.tf": "locals {}\n", "u/terragrunt.hcl": "include \"a\" {\n  path = \"./terragrunt.hcl\"\n}\n"}, "read each other without end"},
		"nested stacks":         {sourcetest.Tree{"s/terragrunt.stack.hcl": "stack \"x\" {\n  source = \"../y\"\n  path = \"x\"\n}\n"}, "the stack that it applies is not in the tree"},
		"stacks in a circle":    {sourcetest.Tree{"a/terragrunt.stack.hcl": "stack \"b\" {\n  source = \"../b\"\n  path = \"b\"\n}\n", "b/terragrunt.stack.hcl": "stack \"a\" {\n  source = \"../a\"\n  path = \"a\"\n}\n"}, "stacks apply each other without end"},
		"a stack of itself":     {sourcetest.Tree{"a/terragrunt.stack.hcl": "stack \"b\" {\n  source = \"../a\"\n  path = \"b\"\n}\n"}, "stacks apply each other without end"},
		"unit from elsewhere":   {sourcetest.Tree{"s/terragrunt.stack.hcl": "unit \"x\" {\n  source = \"git::https://git.example.com/x.git?ref=v1\"\n  path = \"x\"\n}\n"}, "is not in the tree"},
	} {
		var failed []string
		for _, e := range collect(t, c.tree, Inputs{}).Ledger {
			if e.State == facts.Failed || e.Kind == "module" {
				failed = append(failed, e.Place.String()+" "+e.ID+": "+e.Reason)
			}
		}
		all := strings.Join(failed, "\n")
		if c.want == "" && all != "" || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q, want %q", name, all, c.want)
		}
	}
}

// The units of a stack file are those that it would generate.
func TestTerragruntStack(t *testing.T) {
	t.Parallel()
	got := collect(t, sourcetest.Tree{
		"live/prod/terragrunt.stack.hcl": `locals {
  env = "prod"
}
unit "queue" {
  source = "../../units/queue"
  path   = "queue"
  values = {
    name = "jobs-${local.env}"
  }
}
`,
		"units/queue/terragrunt.hcl": "terraform {\n  source = \"${get_repo_root()}/modules/queue\"\n}\ninputs = {\n  name = values.name\n}\n",
		"modules/queue/main.tf":      "variable \"name\" {}\nresource \"aws_sqs_queue\" \"q\" {\n  name = var.name\n}\n",
	}, Inputs{Stacks: []string{"modules/queue"}})
	if len(got.Resources) != 1 {
		t.Fatalf("%d resources, stacks %+v", len(got.Resources), got.Stacks)
	}
	r := got.Resources[0]
	if r.ID != "terraform:live/prod/.terragrunt-stack/queue:aws_sqs_queue.q" || r.After["name"] != "jobs-prod" {
		t.Errorf("%s %v", r.ID, r.After)
	}
}

func FuzzTerragrunt(f *testing.F) {
	for _, text := range terragruntTree() {
		f.Add(text)
	}
	f.Add("unit \"x\" {\n  source = \"../u\"\n  path = \"../../x\"\n  values = values\n}\n")
	f.Add("locals {\n  a = [local.b, local.b]\n  b = read_terragrunt_config(find_in_parent_folders(\"x.hcl\", \"terragrunt.hcl\"))\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		tree := terragruntTree()
		tree["live/prod/bucket/terragrunt.hcl"] = text
		tree["live/prod/terragrunt.stack.hcl"] = text
		tree["live/x.hcl"] = text
		got := collect(t, tree, Inputs{})
		for id, l := range got.Locators {
			if _, ok := tree[l.Locate(nil).File]; !ok {
				t.Errorf("%s stands in %q", id, l.Locate(nil).File)
			}
		}
	})
}

// A stack that others apply is generated for each of them, with their values.
func TestTerragruntNestedStacks(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"live/terragrunt.stack.hcl": `stack "eu" {
  source = "../stacks/region"
  path   = "eu"
  values = { region = "eu" }
}
stack "us" {
  source = "../stacks/region"
  path   = "us"
  values = { region = "us" }
}
`,
		"stacks/region/terragrunt.stack.hcl": `unit "queue" {
  source = "../../units/queue"
  path   = "queue"
  values = { name = "jobs-${values.region}" }
}
`,
		"units/queue/terragrunt.hcl": `locals {
  vars   = jsondecode(read_tfvars_file("common.tfvars"))
  merged = deep_merge({ tags = { a = "1", b = "1" } }, { tags = { b = "2" } })
}
terraform {
  source = "${get_repo_root()}/modules/queue"
}
inputs = {
  name = values.name
  kms  = local.vars.kms
  tags = local.merged.tags
}
`,
		"common.tfvars":         "kms = \"alias/x\"\n",
		"modules/queue/main.tf": "variable \"name\" {}\nvariable \"kms\" {}\nvariable \"tags\" {}\nresource \"aws_sqs_queue\" \"q\" {\n  name = var.name\n  kms_master_key_id = var.kms\n  tags = var.tags\n}\n",
	}
	tree["units/queue/terragrunt.hcl"] = strings.Replace(tree["units/queue/terragrunt.hcl"], `"common.tfvars"`, `"${get_repo_root()}/common.tfvars"`, 1)
	got := collect(t, tree, Inputs{})
	have := map[string]any{}
	for _, r := range got.Resources {
		have[r.ID] = r.After
	}
	values := func(name string) map[string]any {
		return map[string]any{"name": name, "kms_master_key_id": "alias/x", "tags": map[string]any{"a": "1", "b": "2"}}
	}
	if diff := cmp.Diff(map[string]any{
		"terraform:live/.terragrunt-stack/eu/.terragrunt-stack/queue:aws_sqs_queue.q": values("jobs-eu"),
		"terraform:live/.terragrunt-stack/us/.terragrunt-stack/queue:aws_sqs_queue.q": values("jobs-us"),
	}, have); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Stacks {
		if len(s.Problems) > 0 {
			t.Errorf("%s: %q", s.ID, s.Problems)
		}
	}
}

// Ten stacks that each apply ten others end.
func TestTerragruntStackBomb(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{}
	for level := range 8 {
		var b strings.Builder
		for i := range 10 {
			fmt.Fprintf(&b, "stack \"s%d\" {\n  source = \"../l%d\"\n  path = \"s%d\"\n}\n", i, level+1, i)
		}
		tree[fmt.Sprintf("l%d/terragrunt.stack.hcl", level)] = b.String()
	}
	got := collect(t, tree, Inputs{})
	if !slices.ContainsFunc(got.Stacks, func(s facts.Stack) bool {
		return strings.Contains(strings.Join(s.Problems, ""), "stacks apply more than")
	}) {
		t.Error("the limit is not told")
	}
}
