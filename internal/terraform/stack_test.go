package terraform

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestCollectStack(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"s/main.tf": `terraform {
  required_version = "~> 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
  backend "s3" {
    bucket = "b"
    key    = "k"
  }
}

provider "aws" {
  region = "eu-west-1"
  default_tags {
    tags = { owner = "a", team = var.team }
  }
}

provider "aws" {
  alias = "other"
  default_tags {
    tags = { owner = "b" }
  }
}

variable "team" {}

resource "aws_sns_topic" "t" {}

module "m" {
  source    = "./m"
  providers = { aws = aws.other }
}

module "far" {
  source  = "acme/far/aws"
  version = "1.0.0"
}

output "o" {
  value = aws_sns_topic.t.arn
}
`,
		"s/m/main.tf": "resource \"aws_sns_topic\" \"t\" {}\nresource \"random_id\" \"r\" {}\n",
		"s/.terraform.lock.hcl": `provider "registry.terraform.io/hashicorp/aws" {
  version     = "6.1.0"
  constraints = "~> 6.0"
  hashes      = ["h1:a", "zh:b"]
}
`,
	}
	c := collect(t, tree, Inputs{Stacks: []string{"s"}})
	st := c.Stacks[0]
	if diff := cmp.Diff([]facts.ProviderRequirement{
		{Name: "aws", Source: "hashicorp/aws", Constraint: "~> 6.0", Declared: true, Used: true, Key: "registry.terraform.io/hashicorp/aws"},
		{Module: "module.m", Name: "aws", Used: true, Key: "registry.terraform.io/hashicorp/aws"},
		{Module: "module.m", Name: "random", Used: true, Key: "registry.terraform.io/hashicorp/random"},
	}, st.Requirements); diff != "" {
		t.Errorf("requirements: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"registry.terraform.io/hashicorp/aws": map[string]any{"version": "6.1.0", "constraints": "~> 6.0", "hashes": int64(2)}}, st.Lock); diff != "" {
		t.Errorf("lock: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"type": "s3", "file": "s/main.tf", "line": int64(9), "config": map[string]any{"bucket": "b", "key": "k"}}, st.Backend); diff != "" {
		t.Errorf("backend: -want +got\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"aws_sns_topic": 2, "random_id": 1}, st.ResourceCounts); diff != "" {
		t.Errorf("counts: -want +got\n%s", diff)
	}
	got := byAddress(c)
	for address, want := range map[string]map[string]any{
		"aws_sns_topic.t":          {"owner": "a", "team": nil},
		"module.m.aws_sns_topic.t": {"owner": "b"},
	} {
		if diff := cmp.Diff(want, got[address].InheritedTags); diff != "" {
			t.Errorf("tags of %s: -want +got\n%s", address, diff)
		}
	}
	l := c.Locators["stack:s"]
	for want, path := range map[string]source.Path{
		"s/main.tf:2:3":   {"requiredVersion"},
		"s/main.tf:4:11":  {"requirements", "", "aws", "version"},
		"s/m/main.tf:2:1": {"requirements", "module.m", "random", "source"},
		"s/main.tf:11:5":  {"backend", "key"},
		"s/main.tf:9:3":   {"backend", "encrypt"},
		"s/main.tf:16:3":  {"providers", "aws", "region"},
		"s/main.tf:22:1":  {"providers", "aws.other", "region"},
		"s/main.tf:40:3":  {"modules", "module.far", "version"},
		"s/main.tf:38:1":  {"modules", "module.far.module.inner", "source"},
		"s/main.tf:43:1":  {"outputs", "o"},
		"s/main.tf:1:1":   {"lock"},
	} {
		if pos := l.Locate(path).String(); pos != want {
			t.Errorf("%v stands at %s, want %s", path, pos, want)
		}
	}
}

// A plan finds its stack by name, by place, or by what it declares.
func TestCollectMatchesPlans(t *testing.T) {
	t.Parallel()
	plan := []byte(`{"format_version":"1.2","resource_changes":[{"address":"aws_sns_topic.t","type":"aws_sns_topic","name":"t","change":{"actions":["create"],"after":{}}}]}`)
	tree := sourcetest.Tree{
		"a/main.tf": "resource \"aws_sns_topic\" \"t\" {}\n",
		"b/main.tf": "resource \"aws_sqs_queue\" \"q\" {}\n",
		"c/main.tf": "resource \"aws_sns_topic\" \"t\" {}\n",
	}
	for name, c := range map[string]struct {
		stacks []string
		file   PlanFile
		want   string // path of the stack, or the reason of the failure
	}{
		"by name":       {[]string{"a", "b", "c"}, PlanFile{Stack: "c", Name: "p.json"}, "c"},
		"by place":      {[]string{"a", "b", "c"}, PlanFile{Name: "c/p.json"}, "c"},
		"the only one":  {[]string{"b"}, PlanFile{Name: "p.json"}, "b"},
		"by content":    {[]string{"a", "b"}, PlanFile{Name: "p.json"}, "a"},
		"two that fit":  {[]string{"a", "b", "c"}, PlanFile{Name: "p.json"}, "the plan fits 2 stacks: a, c"},
		"none that fit": {[]string{"b", "b/x"}, PlanFile{Name: "p.json"}, "no stack declares what the plan changes"},
		"no stacks":     {nil, PlanFile{Name: "p.json"}, "."},
	} {
		c.file.Data = plan
		got := collect(t, tree, Inputs{Stacks: c.stacks, Plans: []PlanFile{c.file}})
		found := ""
		for _, s := range got.Stacks {
			if s.Plan {
				found = s.Path
			}
		}
		for _, e := range got.Ledger {
			if e.ID == "plan:p.json" {
				found = e.Reason
			}
		}
		if found != c.want {
			t.Errorf("%s: got %q, want %q", name, found, c.want)
		}
	}
}

func TestCollectCompanions(t *testing.T) {
	t.Parallel()
	c := collect(t, sourcetest.Tree{"main.tf": `
resource "aws_s3_bucket" "a" {
  bucket = "named"
}
resource "aws_s3_bucket_public_access_block" "a" {
  bucket = aws_s3_bucket.a.id
}
resource "aws_s3_bucket_policy" "a" {
  bucket = "named"
}
resource "aws_s3_bucket" "many" {
  for_each = toset(["x", "y"])
}
resource "aws_s3_bucket_public_access_block" "many" {
  for_each = aws_s3_bucket.many
  bucket   = each.value.id
}
resource "aws_s3_bucket" "alone" {}
`}, Inputs{Stacks: []string{"."}})
	got := map[string][]string{}
	for _, r := range c.Resources {
		for _, x := range r.Companions {
			got[r.Address] = append(got[r.Address], x.Address)
		}
	}
	many := []string{"aws_s3_bucket_public_access_block.many"}
	for address, want := range map[string][]string{
		"aws_s3_bucket.a":         {"aws_s3_bucket_policy.a", "aws_s3_bucket_public_access_block.a"},
		"aws_s3_bucket_policy.a":  {"aws_s3_bucket_public_access_block.a"},
		`aws_s3_bucket.many["x"]`: many,
		`aws_s3_bucket.many["y"]`: many,
	} {
		if diff := cmp.Diff(want, got[address]); diff != "" {
			t.Errorf("companions of %s: -want +got\n%s", address, diff)
		}
	}
	if got := got["aws_s3_bucket.alone"]; got != nil {
		t.Errorf("companions of the bucket alone: %v", got)
	}
}
