package terraform

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func collect(t testing.TB, tree sourcetest.Tree, in Inputs) *Collected {
	t.Helper()
	c, err := Collect(context.Background(), tree, in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func byAddress(c *Collected) map[string]facts.Resource {
	out := map[string]facts.Resource{}
	for _, r := range c.Resources {
		out[r.Address] = r
	}
	return out
}

// What is known of a configuration without a plan, and what is not.
func TestCollectConfiguration(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"main.tf": `
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.0" }
  }
  backend "s3" {
    bucket     = "state"
    access_key = "AKIAPLANTED"
  }
}
provider "aws" {
  region     = var.region
  secret_key = "planted-provider-secret"
  default_tags {
    tags = { owner = var.region }
  }
}
variable "region" { default = "eu-west-1" }
variable "size" { type = number }
variable "names" {
  type    = list(object({ n = string, big = optional(bool, true) }))
  default = [{ n = "a" }, { n = "b", big = false }]
}
variable "token" {
  sensitive = true
  default   = "planted-variable-secret"
}
locals {
  all  = merge({ x = 1 }, { y = var.size })
  loop = local.loop
}
resource "aws_instance" "i" {
  for_each   = { for v in var.names : v.n => v }
  count_like = length(local.all)
  big        = each.value.big
  region     = var.region
  size       = var.size
  loop       = local.loop
  user_data  = "token=${var.token}"
  vpc        = aws_vpc.v.id
  cidr       = aws_vpc.v.cidr_block
  list       = ["a", aws_vpc.v.id]
  password   = "planted-password"
  file       = trimspace(file("${path.module}/x.txt"))
  dynamic "disk" {
    for_each = [10, 20]
    iterator = d
    content {
      size = d.value
      key  = aws_kms_key.k.arn
    }
  }
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [tags["a"], user_data]
  }
}
resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_kms_key" "k" {}
resource "aws_eip" "none" {
  count = 0
}
resource "aws_eip" "some" {
  count = length(aws_vpc.v.subnets)
}
module "m" {
  source = "./m"
  count  = 2
  name   = "n${count.index}"
}
output "o" { value = module.m[1].out }
output "secret" {
  value     = var.token
  sensitive = true
}
`,
		"terraform.tfvars": "region = \"eu-central-1\"\n",
		"m/main.tf":        "variable \"name\" {}\nresource \"aws_sqs_queue\" \"q\" {\n  name = upper(var.name)\n}\noutput \"out\" {\n  value = aws_sqs_queue.q.name\n}\n",
		"x.txt":            "text\n",
	}
	c := collect(t, tree, Inputs{Stacks: []string{"."}})
	got := byAddress(c)
	var addresses []string
	for _, r := range c.Resources {
		addresses = append(addresses, r.Address)
	}
	want := []string{"aws_eip.some", `aws_instance.i["a"]`, `aws_instance.i["b"]`, "aws_kms_key.k", "aws_vpc.v", "module.m[0].aws_sqs_queue.q", "module.m[1].aws_sqs_queue.q"}
	if diff := cmp.Diff(want, addresses); diff != "" {
		t.Errorf("addresses: -want +got\n%s", diff)
	}
	i := got[`aws_instance.i["b"]`]
	redacted := map[string]any{"$redacted": "sensitive"}
	if diff := cmp.Diff(map[string]any{
		"count_like": int64(2), "big": false, "region": "eu-central-1", "user_data": redacted, "cidr": "10.0.0.0/16", "list": []any{"a", nil},
		"password": redacted, "file": "text",
		"disk": []any{map[string]any{"size": int64(10)}, map[string]any{"size": int64(20)}},
	}, i.After); diff != "" {
		t.Errorf("after: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{
		"size": true, "vpc": true, "loop": true, "list": []any{map[string]any{}, true},
		"disk": []any{map[string]any{"key": true}, map[string]any{"key": true}},
	}, i.Unknown); diff != "" {
		t.Errorf("unknown: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([][]any{{"password"}, {"user_data"}}, i.Sensitive); diff != "" {
		t.Errorf("sensitive: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"prevent_destroy": true, "ignore_changes": []any{"tags.a", "user_data"}}, i.Lifecycle); diff != "" {
		t.Errorf("lifecycle: -want +got\n%s", diff)
	}
	if i.Provider != "hashicorp/aws" || i.Origin != "hcl" || i.ID != `terraform:.:aws_instance.i["b"]` {
		t.Errorf("provider %q, origin %q, id %q", i.Provider, i.Origin, i.ID)
	}
	if name := got["module.m[1].aws_sqs_queue.q"].After["name"]; name != "N1" {
		t.Errorf("name in the module is %v, want N1", name)
	}
	st := c.Stacks[0]
	if diff := cmp.Diff([]string{">= 1.5"}, st.RequiredVersion); diff != "" {
		t.Errorf("required version: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]facts.ModuleCall{{Address: "module.m", Source: "./m", File: "main.tf", Line: 69}}, st.Modules); diff != "" {
		t.Errorf("modules: -want +got\n%s", diff)
	}
	text, err := json.Marshal([]any{c.Resources, c.Stacks, c.Ledger})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"planted", "AKIA"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in the facts: %s", secret, text)
		}
	}
	if !strings.Contains(string(text), `"value":"N1"`) {
		t.Error("the output of the module's second instance is missing")
	}
}

func TestCollectDocuments(t *testing.T) {
	t.Parallel()
	c := collect(t, sourcetest.Tree{"main.tf": `
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::x", aws_s3_bucket.b.arn]
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = ["o-1"]
    }
  }
}
locals {
  doc = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = aws_s3_bucket.b.arn }] })
}
resource "aws_s3_bucket" "b" {}
resource "aws_iam_policy" "data" {
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_policy" "local" {
  policy = local.doc
}
resource "aws_iam_policy" "heredoc" {
  policy = <<-JSON
    {"Statement": {"Action": "sts:*", "Resource": "${aws_s3_bucket.b.arn}/*"}}
  JSON
}
resource "aws_iam_policy" "known" {
  policy = "{\"Statement\": []}"
}
module "m" {
  source = "./m"
  policy = local.doc
}
`, "m/main.tf": "variable \"policy\" {}\nresource \"aws_iam_role\" \"r\" {\n  inline_policy {\n    policy = var.policy\n  }\n}\n"}, Inputs{Stacks: []string{"."}})
	got := byAddress(c)
	local := map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Action": "*", "Resource": "<unknown>"}}}
	for address, want := range map[string]facts.ResourceDocument{
		"aws_iam_policy.data": {Path: []any{"policy"}, Partial: true, Value: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "s3:*", "Resource": []any{"arn:aws:s3:::x", "<unknown>"},
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": []any{"o-1"}}},
		}}}},
		"aws_iam_policy.local":    {Path: []any{"policy"}, Value: local, Partial: true},
		"aws_iam_policy.heredoc":  {Path: []any{"policy"}, Value: map[string]any{"Statement": map[string]any{"Action": "sts:*", "Resource": "<unknown>/*"}}, Partial: true},
		"aws_iam_policy.known":    {Path: []any{"policy"}, Value: map[string]any{"Statement": []any{}}},
		"module.m.aws_iam_role.r": {Path: []any{"inline_policy", 0, "policy"}, Value: local, Partial: true},
	} {
		if diff := cmp.Diff([]facts.ResourceDocument{want}, got[address].Documents); diff != "" {
			t.Errorf("%s: -want +got\n%s", address, diff)
		}
	}
}

// A broken file is failed with its line; the rest is read.
func TestCollectFaults(t *testing.T) {
	t.Parallel()
	c := collect(t, sourcetest.Tree{
		"a/main.tf":   "resource \"aws_vpc\" \"v\" {\n  cidr_block = \n}\n",
		"a/other.tf":  "resource \"aws_s3_bucket\" \"b\" {}\n",
		"a/twice.tf":  "resource \"aws_s3_bucket\" \"b\" {}\n",
		"b/deep.tf":   "locals {\n x = " + strings.Repeat("(", 5000) + "\n}\n",
		"c/utf.tf":    "resource \"aws_vpc\" \"\xff\" {}\n",
		"d/readme.md": "",
	}, Inputs{Stacks: []string{"a", "b", "c", "d"}, Plans: []PlanFile{{Stack: "a", Name: "p.json", Data: []byte("{")}}})
	failed := map[string]string{}
	for _, e := range c.Ledger {
		if e.State == facts.Failed {
			failed[e.Kind+" "+e.ID] = e.Place.String() + " " + e.Reason
		}
	}
	for id, want := range map[string]string{
		"file a/main.tf":   "a/main.tf:2 Invalid expression",
		"file a/twice.tf":  "declared twice, first in a/other.tf:1",
		"file b/deep.tf":   "b/deep.tf:2 expressions are nested too deeply",
		"file c/utf.tf":    "c/utf.tf:1",
		"unit stack:d":     "no configuration files",
		"unit plan:p.json": "expected a member name",
		"unit stack:a":     "its plan could not be read",
	} {
		if !strings.Contains(failed[id], want) {
			t.Errorf("%s: got %q, want %q", id, failed[id], want)
		}
	}
	if _, ok := byAddress(c)["aws_s3_bucket.b"]; !ok {
		t.Error("the rest of the stack was not read")
	}
}

// Expressions that would fill memory or time are unknown, quickly.
func TestCollectHostile(t *testing.T) {
	t.Parallel()
	double := "locals {\n l0 = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n"
	for i := 1; i < 60; i++ {
		n, p := string(rune('0'+i/10))+string(rune('0'+i%10)), string(rune('0'+(i-1)/10))+string(rune('0'+(i-1)%10))
		if i == 1 {
			p = "0"
		}
		double += " l" + n + " = \"${local.l" + p + "}${local.l" + p + "}\"\n"
	}
	for name, text := range map[string]string{
		"doubling": double + "}\nresource \"a_b\" \"c\" {\n  x = local.l59\n}\n",
		"width":    "resource \"a_b\" \"c\" {\n  x = format(\"%999999999d\", 1)\n}\n",
		"number":   "resource \"a_b\" \"c\" {\n  x = \"${1e999999999}\"\n}\n",
		"json":     "resource \"a_b\" \"c\" {\n  x = tostring(jsondecode(\"1e999999999\"))\n}\n",
		"product":  "resource \"a_b\" \"c\" {\n  x = setproduct(range(1000), range(1000), range(1000))\n}\n",
		"loops":    "resource \"a_b\" \"c\" {\n  x = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]\n}\n",
		"replace":  "locals {\n  a = join(\"\", [for i in range(1000) : \"0123456789\"])\n}\nresource \"a_b\" \"c\" {\n  x = replace(local.a, \"\", replace(local.a, \"\", local.a))\n}\n",
		"cycle":    "locals {\n  a = local.b\n  b = local.a\n}\nresource \"a_b\" \"c\" {\n  x = local.a\n}\n",
		"self":     "module \"m\" {\n  source = \"./\"\n}\nresource \"a_b\" \"c\" {\n  x = file(\"../../etc/passwd\")\n}\n",
		"count":    "resource \"a_b\" \"c\" {\n  x = a_b.c.x\n}\nresource \"a_b\" \"d\" {\n  count = 999999999\n}\n",
	} {
		start := time.Now()
		c := collect(t, sourcetest.Tree{"main.tf": text}, Inputs{Stacks: []string{"."}})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %s", name, d)
		}
		r, ok := byAddress(c)["a_b.c"]
		if !ok || r.Unknown["x"] != true {
			t.Errorf("%s: x is %.40v, want unknown", name, r.After["x"])
		}
	}
}

func FuzzCollect(f *testing.F) {
	f.Add("resource \"a_b\" \"c\" {\n  for_each = toset([\"x\"])\n  y = jsonencode({ a = each.key })\n}\n")
	f.Add("locals {\n  a = [for x in [1, 2] : x if x > 1]\n}\nmodule \"m\" {\n  source = \"./m\"\n}\n")
	f.Add("data \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions = [\"*\"]\n  }\n}\noutput \"o\" {\n  value = data.aws_iam_policy_document.d.json\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := collect(t, sourcetest.Tree{"main.tf": text, "x.tf.json": "{}"}, Inputs{Stacks: []string{"."}})
		if _, err := json.Marshal([]any{c.Resources, c.Stacks}); err != nil {
			t.Fatalf("facts cannot be written: %v", err)
		}
		for id, l := range c.Locators {
			if l.Locate(nil).File == "" {
				t.Fatalf("%s has no place", id)
			}
		}
	})
}
