package pipeline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

// declarations writes what is said of stacks that have no plan, with the line of
// each step.
func declarations(c *chain) []string {
	out := []string{}
	f := c.facts()
	places := c.places()
	line := func(id string, change *facts.ResourceChange, marks ...string) {
		if change == nil || change.Action == "unchanged" && len(marks) == 0 {
			return
		}
		s := strings.Join(append([]string{change.Action, strings.TrimPrefix(id, "terraform:")}, marks...), " ")
		if len(change.Paths) > 0 {
			s += ": " + strings.Join(change.Paths, " ")
		}
		if change.From != "" {
			s += " from " + strings.TrimPrefix(change.From, "terraform:")
		}
		if change.Action == "updated" && change.Why != "" && change.Outcome == facts.OutcomeApplied {
			s += " (" + change.Why + ")"
		}
		if o := change.Outcome; o != "" && o != facts.OutcomeApplied {
			s += " " + o
		}
		l := places[id]
		if l == nil {
			l = c.record.Locators[id]
		}
		at := source.Location{}
		if l != nil {
			at = l.Locate(nil)
		}
		out = append(out, s+fmt.Sprintf(" at %s:%d", at.File, at.Line))
	}
	for _, x := range f.Resources {
		if x.Mode != "managed" {
			continue
		}
		var marks []string
		if x.Importing {
			marks = []string{"imported"}
		}
		line(x.ID, x.Change, marks...)
	}
	for _, x := range f.Terraform.DeletedResources {
		line(x.ID, x.Change, "("+strings.Join(x.Actions, " ")+")")
	}
	for _, x := range f.Terraform.Changes {
		line(x.ID, &x.Change)
	}
	for _, u := range f.Change.Unknown {
		out = append(out, "unknown "+u.ID+": "+u.Reason)
	}
	for _, e := range c.record.Ledger {
		if e.Kind == "base" && e.State == facts.Failed {
			out = append(out, "failed "+e.ID)
		}
	}
	return out
}

// aside is a stack that no change of these tests touches.
const aside = "-- aside/main.tf --\nresource \"aws_sqs_queue\" \"q\" {\n  name = \"q\"\n}\n"

// declaredOf is what a change says of stacks, the same whether or not those that it
// does not reach are evaluated.
func declaredOf(t *testing.T, base, head string) []string {
	t.Helper()
	got := declarations(changeFacts(t, base, head))
	narrow := factsOf(t, base+"\n"+aside, head+"\n"+aside, true)
	if diff := cmp.Diff(got, declarations(narrow)); diff != "" {
		t.Errorf("(-whole +changed only):\n%s", diff)
	}
	if !slices.Contains(narrow.read.terraform.Idle, "aside") {
		t.Error("a stack that is not touched was evaluated")
	}
	return got
}

// edit is a tree with one text replaced.
func edit(t *testing.T, tree, old, with string) string {
	t.Helper()
	if strings.Count(tree, old) != 1 {
		t.Fatalf("%q stands %d times in the tree", old, strings.Count(tree, old))
	}
	return strings.Replace(tree, old, with, 1)
}

// database is a stack whose values come from all places that there are.
const database = `-- s/main.tf --
variable "protect" {
  default = true
}
variable "size" {}
variable "token" {
  sensitive = true
}
locals {
  class = "db.${var.size}"
  rules = {
    a = { priority = 1 }
    b = { priority = 2 }
  }
}
resource "aws_db_instance" "db" {
  identifier          = "orders"
  instance_class      = local.class
  deletion_protection = var.protect
  password            = var.token
  subnet              = aws_subnet.one.id
}
resource "aws_subnet" "one" {
  cidr_block = "10.0.0.0/24"
}
resource "aws_wafv2_rule_group" "waf" {
  rule {
    name = "first"
  }
  rule {
    name = "second"
  }
}
resource "aws_route" "r" {
  for_each = local.rules
  priority = each.value.priority
}
module "web" {
  source = "../modules/web"
  type   = "t3.medium"
}
-- s/terraform.tfvars --
size    = "medium"
protect = true
token   = "planted-secret-1"
-- modules/web/main.tf --
variable "type" {}
variable "n" {
  default = 2
}
resource "aws_instance" "web" {
  count         = var.n
  instance_type = var.type
}
data "aws_ami" "a" {
  most_recent = true
}
-- README.md --
text
`

func TestDeclared(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		old, with string // in database
		want      []string
	}{
		{"a protection by a variable file", "protect = true\ntoken", "protect = false\ntoken", []string{
			"updated s:aws_db_instance.db: deletion_protection at s/terraform.tfvars:2"}},
		{"a variable file that no longer says it", "size    = \"medium\"\nprotect = true\n", "size    = \"medium\"\n", nil},
		{"a default that nobody takes", "  default = true", "  default = false", nil},
		{"a size by a local", "db.${var.size}", "db.x${var.size}", []string{
			"updated s:aws_db_instance.db: instance_class at s/main.tf:9"}},
		{"a size by a variable behind a local", "size    = \"medium\"", "size    = \"large\"", []string{
			"updated s:aws_db_instance.db: instance_class at s/terraform.tfvars:1"}},
		{"a secret", "planted-secret-1", "planted-secret-2", []string{
			"updated s:aws_db_instance.db: password at s/terraform.tfvars:3"}},
		{"a block of a rule", "  rule {\n    name = \"second\"\n  }\n", "", []string{
			"updated s:aws_wafv2_rule_group.waf: rule at s/main.tf:29"}},
		{"a name in a block", "name = \"second\"", "name = \"other\"", []string{
			"updated s:aws_wafv2_rule_group.waf: rule[1].name at s/main.tf:30"}},
		{"an argument of a module", "t3.medium", "t3.large", []string{
			"updated s:module.web.aws_instance.web[0]: instance_type at s/main.tf:39",
			"updated s:module.web.aws_instance.web[1]: instance_type at s/main.tf:39"}},
		{"a value that is not known is another one", "aws_subnet.one.id", "aws_subnet.one.arn", []string{
			"updated s:aws_db_instance.db: subnet at s/main.tf:20"}},
		{"count by a default", "  default = 2", "  default = 1", []string{
			"deleted s:module.web.aws_instance.web[1] (delete) at modules/web/main.tf:3"}},
		{"more by a default", "  default = 2", "  default = 3", []string{
			"created s:module.web.aws_instance.web[2] at modules/web/main.tf:3"}},
		{"a key is gone", "    b = { priority = 2 }\n", "", []string{
			"deleted s:aws_route.r[\"b\"] (delete) at s/main.tf:12"}},
		{"a value of a key", "priority = 2", "priority = 3", []string{
			"updated s:aws_route.r[\"b\"]: priority at s/main.tf:12"}},
		{"a resource is gone", "resource \"aws_subnet\" \"one\" {\n  cidr_block = \"10.0.0.0/24\"\n}\n", "", []string{
			"deleted s:aws_subnet.one (delete) at s/main.tf:22"}},
		{"a new one", "resource \"aws_subnet\" \"one\"", "resource \"aws_sns_topic\" \"t\" {\n}\nresource \"aws_subnet\" \"one\"", []string{
			"created s:aws_sns_topic.t at s/main.tf:22"}},
		{"a rename without a word", "\"aws_subnet\" \"one\"", "\"aws_subnet\" \"two\"", []string{
			"created s:aws_subnet.two at s/main.tf:22",
			"deleted s:aws_subnet.one (delete) at s/main.tf:22"}},
		{"a module call is gone", "module \"web\" {\n  source = \"../modules/web\"\n  type   = \"t3.medium\"\n}\n", "", []string{
			"deleted s:module.web.aws_instance.web[0] (delete) at s/main.tf:36",
			"deleted s:module.web.aws_instance.web[1] (delete) at s/main.tf:36"}},
		{"prevent_destroy", "  cidr_block = \"10.0.0.0/24\"", "  cidr_block = \"10.0.0.0/24\"\n  lifecycle {\n    prevent_destroy = true\n  }", []string{
			"updated s:aws_subnet.one: lifecycle.prevent_destroy at s/main.tf:25"}},
		{"ignored", "  cidr_block = \"10.0.0.0/24\"", "  cidr_block = \"10.0.1.0/24\"\n  lifecycle {\n    ignore_changes = [cidr_block]\n  }", []string{
			"updated s:aws_subnet.one: lifecycle.ignore_changes at s/main.tf:25"}},
		{"another region", "  cidr_block", "  provider = aws.west\n  cidr_block", []string{
			"updated s:aws_subnet.one: provider at s/main.tf:23"}},
		{"a remark", "locals {", "# why\nlocals {", nil},
		{"the layout", "  cidr_block = \"10", "  cidr_block                     =    \"10", nil},
		{"a data source", "most_recent = true", "most_recent = false", nil},
		{"another file", "-- README.md --\ntext", "-- s/README.md --\nother", nil},
		{"an override file", "-- README.md --", "-- s/override.tf --\nresource \"aws_db_instance\" \"db\" {\n  deletion_protection = false\n}\n-- README.md --", []string{
			"updated s:aws_db_instance.db: deletion_protection at s/override.tf:2"}},
		{"another variable file", "-- README.md --", "-- s/x.auto.tfvars --\nprotect = false\n-- README.md --", []string{
			"updated s:aws_db_instance.db: deletion_protection at s/x.auto.tfvars:1"}},
		{"an import of what is new", "-- README.md --", "-- s/new.tf --\nresource \"aws_sns_topic\" \"t\" {}\nimport {\n  to = aws_sns_topic.t\n  id = \"x\"\n}\n-- README.md --", []string{
			"created s:aws_sns_topic.t imported at s/new.tf:1"}},
		{"an import of what is there", "-- README.md --", "-- s/new.tf --\nimport {\n  to = aws_subnet.one\n  id = \"x\"\n}\n-- README.md --", []string{
			"unchanged s:aws_subnet.one imported at s/main.tf:22"}},
		{"a moved resource that others refer to", "subnet              = aws_subnet.one.id\n}\nresource \"aws_subnet\" \"one\"", "subnet              = aws_subnet.two.id\n}\nmoved {\n  from = aws_subnet.one\n  to   = aws_subnet.two\n}\nresource \"aws_subnet\" \"two\"", []string{
			"moved s:aws_subnet.two from s:aws_subnet.one at s/main.tf:26"}},
		{"a count, and a reference to its first", "subnet              = aws_subnet.one.id\n}\nresource \"aws_subnet\" \"one\" {", "subnet              = aws_subnet.one[0].id\n}\nresource \"aws_subnet\" \"one\" {\n  count = 2", []string{
			"moved s:aws_subnet.one[0] from s:aws_subnet.one at s/main.tf:22",
			"created s:aws_subnet.one[1] at s/main.tf:22"}},
		{"a moved module", "module \"web\"", "moved {\n  from = module.web\n  to   = module.site\n}\nmodule \"site\"", []string{
			"moved s:module.site.aws_instance.web[0] from s:module.web.aws_instance.web[0] at s/main.tf:41",
			"moved s:module.site.aws_instance.web[1] from s:module.web.aws_instance.web[1] at s/main.tf:41"}},
		{"a removed block", "resource \"aws_subnet\" \"one\" {\n  cidr_block = \"10.0.0.0/24\"\n}", "removed {\n  from = aws_subnet.one\n  lifecycle {\n    destroy = false\n  }\n}", []string{
			"deleted s:aws_subnet.one (forget) orphaned at s/main.tf:22"}},
		{"a removed block that destroys", "resource \"aws_subnet\" \"one\" {\n  cidr_block = \"10.0.0.0/24\"\n}", "removed {\n  from = aws_subnet.one\n  lifecycle {\n    destroy = true\n  }\n}", []string{
			"deleted s:aws_subnet.one (delete) at s/main.tf:22"}},
		{"an unreadable file of the head", "-- README.md --", "-- s/new.tf --\nresource \"a\" {\n-- README.md --", []string{
			"unknown stack:s: s/new.tf:1: Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := declaredOf(t, database, edit(t, database, c.old, c.with))
			if c.want == nil {
				c.want = []string{}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

const (
	remoteModule = "-- s/main.tf --\nmodule \"vpc\" {\n  source  = \"acme/vpc/aws\"\n  version = \"5.0.0\"\n  cidr    = \"10.0.0.0/16\"\n}\nresource \"aws_instance\" \"a\" {\n  subnet = module.vpc.subnet\n}\n"
	localModule  = "-- s/main.tf --\nmodule \"m\" {\n  source = \"./m\"\n}\nresource \"aws_sns_topic\" \"t\" {}\n-- s/m/main.tf --\nresource \"aws_sqs_queue\" \"q\" {}\n"
	settings     = "-- s/main.tf --\nterraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \"~> 5.0\"\n    }\n  }\n  backend \"s3\" {\n    bucket = \"state\"\n    key    = \"s\"\n  }\n}\nprovider \"aws\" {\n  region = \"eu-west-1\"\n}\nresource \"aws_sns_topic\" \"t\" {}\n"
	locked       = "-- s/.terraform.lock.hcl --\nprovider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.1.0\"\n}\n"
	unknownCount = "-- s/main.tf --\nvariable \"n\" {}\nresource \"aws_sqs_queue\" \"q\" {\n  count = var.n\n  name  = \"q\"\n}\n"
	rendered1    = "-- s/main.tf --\nresource \"aws_instance\" \"a\" {\n  user_data = templatefile(\"init.sh\", { id = aws_vpc.v.id })\n  hash      = filebase64sha256(\"code.zip\")\n}\nresource \"aws_vpc\" \"v\" {}\n-- s/init.sh --\necho ${id}\n-- s/code.zip --\nold\n"
	dynamic      = "-- s/main.tf --\nlocals {\n  ports = [80, 443]\n}\nresource \"aws_security_group\" \"g\" {\n  dynamic \"ingress\" {\n    for_each = local.ports\n    content {\n      from_port = ingress.value\n    }\n  }\n}\n"
	ignoring     = "-- s/main.tf --\nresource \"aws_ecs_service\" \"s\" {\n  desired_count = 2\n  lifecycle {\n    ignore_changes = [desired_count]\n  }\n}\n"
	jsonSyntax   = "-- s/main.tf.json --\n{\"resource\": {\"aws_sqs_queue\": {\"q\": {\"name\": \"q\", \"policy\": \"${aws_iam_role.r.arn}\"}}}}\n"
)

func TestDeclaredSides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, base string
		old, with  string // in base
		want       []string
	}{
		{"a remote module of another version", remoteModule, "5.0.0", "5.1.0", []string{
			"updated s:module.vpc: version unknown at s/main.tf:3"}},
		{"an argument of a remote module", remoteModule, "10.0.0.0/16", "10.1.0.0/16", []string{
			"updated s:module.vpc: cidr unknown at s/main.tf:4"}},
		{"what a remote module returns", remoteModule, "module.vpc.subnet", "module.vpc.other", []string{
			"updated s:aws_instance.a: subnet at s/main.tf:7"}},
		{"a remote module is gone", remoteModule, remoteModule, "-- s/main.tf --\nresource \"aws_instance\" \"a\" {\n  subnet = \"x\"\n}\n", []string{
			"updated s:aws_instance.a: subnet at s/main.tf:2",
			"deleted s:module.vpc unknown at s/main.tf:1"}},
		{"a renamed remote module", remoteModule, remoteModule, "-- s/main.tf --\nmoved {\n  from = module.vpc\n  to   = module.net\n}\n" + strings.ReplaceAll(strings.Replace(strings.TrimPrefix(remoteModule, "-- s/main.tf --\n"), "\"vpc\"", "\"net\"", 1), "module.vpc", "module.net"), []string{
			"moved s:module.net from s:module.vpc unknown at s/main.tf:5"}},
		{"a module goes elsewhere", localModule, "\"./m\"", "\"acme/m/aws\"", []string{
			"unknown stack:s: module.m cannot be read at the head"}},
		{"a module comes from elsewhere", strings.Replace(localModule, "./m", "acme/m/aws", 1), "\"acme/m/aws\"", "\"./m\"", []string{
			"unknown stack:s: module.m cannot be read at the base"}},
		{"another module", localModule + "-- s/n/main.tf --\nresource \"aws_sqs_queue\" \"q\" {\n  fifo = true\n}\n", "\"./m\"", "\"./n\"", []string{
			"updated s:module.m.aws_sqs_queue.q: fifo at s/main.tf:2"}},
		{"a resource moves into a remote module", remoteModule + "resource \"aws_vpc\" \"v\" {}\n", "resource \"aws_vpc\" \"v\" {}", "moved {\n  from = aws_vpc.v\n  to   = module.vpc.aws_vpc.this\n}", []string{
			"unknown stack:s: module.vpc cannot be read at the head"}},
		{"a resource of a module that is written down twice", localModule, "resource \"aws_sns_topic\"", "module \"m2\" {\n  source = \"./m\"\n}\nresource \"aws_sns_topic\"", []string{
			"created s:module.m2.aws_sqs_queue.q at s/main.tf:4"}},
		{"another state", settings, "\"s\"\n", "\"t\"\n", []string{
			"updated s:backend: key unknown at s/main.tf:10"}},
		{"another region", settings, "eu-west-1", "us-east-1", []string{
			"updated s:provider.aws: region unknown at s/main.tf:14"}},
		{"another version of a provider", settings, "~> 5.0", "~> 6.0", []string{
			"updated s:provider[\"registry.terraform.io/hashicorp/aws\"]: version unknown at s/main.tf:3"}},
		{"a constraint beside a lock", settings + locked, "~> 5.0", "~> 5.1", nil},
		{"a locked version", settings + locked, "5.1.0", "5.2.0", []string{
			"updated s:provider[\"registry.terraform.io/hashicorp/aws\"]: version unknown at s/.terraform.lock.hcl:2"}},
		{"a count that is not known, and another argument", unknownCount, "\"q\"\n}", "\"r\"\n}", []string{
			"updated s:aws_sqs_queue.q: name at s/main.tf:4"}},
		{"a count that is not known becomes another one", unknownCount, "= var.n", "= var.n + 1", []string{
			"updated s:aws_sqs_queue.q: count at s/main.tf:3"}},
		{"a count becomes known", unknownCount, "= var.n", "= 2", []string{
			"unknown stack:s: which instances of aws_sqs_queue.q there are is not known at the base"}},
		{"what a template reads", rendered1, "echo", "exec", []string{
			"updated s:aws_instance.a: user_data at s/init.sh:1"}},
		{"a file of which only the sum counts", rendered1, "old", "new", []string{
			"updated s:aws_instance.a: hash at s/code.zip:1"}},
		{"a local list behind a dynamic block", dynamic, "443]", "8080]", []string{
			"updated s:aws_security_group.g: ingress[1].from_port at s/main.tf:2"}},
		{"a shorter one", dynamic, "80, 443", "80", []string{
			"updated s:aws_security_group.g: ingress at s/main.tf:2"}},
		{"the order of a list", dynamic, "80, 443", "443, 80", []string{
			"updated s:aws_security_group.g: ingress (only the order differs) at s/main.tf:2"}},
		{"another provider for a remote module", remoteModule, "  cidr ", "  providers = {\n    aws = aws.west\n  }\n  cidr ", []string{
			"updated s:module.vpc: providers unknown at s/main.tf:4"}},
		{"only what is ignored", ignoring, "= 2", "= 3", []string{
			"updated s:aws_ecs_service.s: desired_count not-applied at s/main.tf:2"}},
		{"a value in JSON", jsonSyntax, "\"name\": \"q\"", "\"name\": \"r\"", []string{
			"updated s:aws_sqs_queue.q: name at s/main.tf.json:1"}},
		{"a reference in JSON", jsonSyntax, "r.arn", "s.arn", []string{
			"updated s:aws_sqs_queue.q: policy at s/main.tf.json:1"}},
		{"the layout of JSON", jsonSyntax, ", \"policy\"", ",\n   \"policy\"", nil},
		{"a file that cannot be read on either side", localModule + "-- s/bad.tf --\nresource \"a\" {\n", "\"aws_sns_topic\" \"t\" {}", "\"aws_sns_topic\" \"t\" {\n  name = \"x\"\n}", []string{
			"updated s:aws_sns_topic.t: name at s/main.tf:5",
			"unknown stack:s: s/bad.tf:1: Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file",
			"unknown stack:s: s/bad.tf:1: Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file",
			"failed stack:s"}},
		{"nor a README beside it", localModule + "-- s/bad.tf --\nresource \"a\" {\n-- s/README.md --\nx\n", "-- s/README.md --\nx", "-- s/README.md --\ny", nil},
		{"a file that the change mends", localModule + "-- s/bad.tf --\nresource \"a\" {\n", "resource \"a\" {\n", "resource \"a\" \"b\" {\n}\n", []string{
			"unknown stack:s: s/bad.tf:1: Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file",
			"failed stack:s"}},
		{"a stack is gone", settings + "-- README.md --\n", settings, "-- x --\n", []string{
			"deleted s:aws_sns_topic.t (forget) orphaned at s/main.tf:0"}},
		{"a new stack", settings, settings, settings + strings.ReplaceAll(settings, "-- s/", "-- new/"), []string{
			"created new:aws_sns_topic.t at new/main.tf:16"}},
		{"a renamed stack", settings, "-- s/", "-- new/", []string{
			"moved new:aws_sns_topic.t from s:aws_sns_topic.t at new/main.tf:16"}},
		{"a module that nobody calls any more, and is gone", localModule, localModule, "-- s/main.tf --\nresource \"aws_sns_topic\" \"t\" {}\n", []string{
			"deleted s:module.m.aws_sqs_queue.q (delete) at s/main.tf:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := declaredOf(t, c.base, edit(t, c.base, c.old, c.with))
			if c.want == nil {
				c.want = []string{}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

const terragruntUnits = `-- root.hcl --
locals {
  size = "small"
}
remote_state {
  backend = "s3"
  config = {
    bucket = "state"
    key    = "${path_relative_to_include()}/terraform.tfstate"
  }
}
inputs = {
  size = local.size
}
-- live/db/terragrunt.hcl --
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../modules/db"
}
dependency "net" {
  config_path = "../net"
}
inputs = {
  protect = true
  subnet  = dependency.net.outputs.subnet
}
-- live/net/terragrunt.hcl --
include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "git::https://example.com/net.git?ref=v1"
}
inputs = {
  cidr = "10.0.0.0/16"
}
-- modules/db/main.tf --
variable "protect" {}
variable "size" {}
variable "subnet" {}
resource "aws_db_instance" "db" {
  deletion_protection = var.protect
  instance_class      = "db.${var.size}"
  subnet              = var.subnet
}
`

func TestDeclaredTerragrunt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		old, with string
		want      []string
	}{
		{"an input", "protect = true", "protect = false", []string{
			"updated live/db:aws_db_instance.db: deletion_protection at live/db/terragrunt.hcl:11"}},
		{"an input that is not known", "outputs.subnet", "outputs.other", []string{
			"updated live/db:aws_db_instance.db: subnet at live/db/terragrunt.hcl:12"}},
		{"a local of what is included", "\"small\"", "\"large\"", []string{
			"updated live/db:aws_db_instance.db: instance_class at root.hcl:2",
			"updated live/net:terragrunt: size unknown at root.hcl:2"}},
		{"the module", "\"db.$", "\"db.x$", []string{
			"updated live/db:aws_db_instance.db: instance_class at modules/db/main.tf:6"}},
		{"an input of a module from elsewhere", "10.0", "10.1", []string{
			"updated live/net:terragrunt: cidr unknown at live/net/terragrunt.hcl:8"}},
		{"a module from elsewhere", "ref=v1", "ref=v2", []string{
			"updated live/net:terragrunt: source unknown at live/net/terragrunt.hcl:5"}},
		{"the state", "bucket = \"state\"", "bucket = \"other\"", []string{
			"updated live/db:backend: config.bucket unknown at root.hcl:7",
			"updated live/net:backend: config.bucket unknown at root.hcl:7"}},
		{"a remark", "locals {", "# why\nlocals {", nil},
		{"a unit is gone", terragruntUnits[strings.Index(terragruntUnits, "-- live/net"):strings.Index(terragruntUnits, "-- modules")], "", []string{
			"deleted live/net:terragrunt orphaned at live/net/terragrunt.hcl:0"}},
		{"a renamed unit", "-- live/db/terragrunt.hcl", "-- live/data/terragrunt.hcl", []string{
			"moved live/data:aws_db_instance.db from live/db:aws_db_instance.db at live/data/terragrunt.hcl:5",
			"updated live/data:backend: config.key unknown at live/data/terragrunt.hcl:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := declaredOf(t, terragruntUnits, edit(t, terragruntUnits, c.old, c.with))
			if c.want == nil {
				c.want = []string{}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// The order of blocks, and the file of a stack that they stand in, say nothing.
func TestDeclaredOrder(t *testing.T) {
	t.Parallel()
	files := sourcetest.Parse(database)
	blocks := regexp.MustCompile(`(?m)^}\n`).Split(files["s/main.tf"], -1)
	blocks = blocks[:len(blocks)-1]
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		head := maps.Clone(files)
		delete(head, "s/main.tf")
		for _, i := range random.Perm(len(blocks)) {
			name := fmt.Sprintf("s/%c.tf", 'a'+rune(random.IntN(3)))
			head[name] += blocks[i] + "}\n"
		}
		text := ""
		for _, name := range slices.Sorted(maps.Keys(head)) {
			text += "-- " + name + " --\n" + head[name]
		}
		if got := declarations(changeFacts(t, database, text)); len(got) > 0 {
			t.Fatalf("%s\n%v", text, got)
		}
	}
}
