package pipeline

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// labStack is a stack that a plan is made of, and what becomes of it one line at a time.
const labStack = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

variable "password" {
  type      = string
  sensitive = true
  default   = "a phrase to begin with"
}

resource "aws_s3_bucket" "logs" {
  bucket        = "logs"
  force_destroy = false
}

resource "aws_security_group" "web" {
  name = "web"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}

resource "aws_instance" "web" {
  count                  = 2
  ami                    = "ami-1"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]
}

resource "aws_db_instance" "main" {
  identifier     = "main"
  engine         = "postgres"
  instance_class = "db.t3.micro"
  password       = var.password
}
`

// labChanges are other stacks, by what is replaced in it.
var labChanges = []struct{ name, was, is string }{
	{"value", `"t3.micro"`, `"t3.large"`},
	{"secret", `"a phrase to begin with"`, `"another phrase"`},
	{"address", `"aws_s3_bucket" "logs"`, `"aws_s3_bucket" "log"`},
	{"name", `= "logs"`, `= "logs-eu"`},
	{"flag", `force_destroy = false`, `force_destroy = true`},
	{"nested value", `10.0.0.0/8`, `0.0.0.0/0`},
	{"count", `= 2`, `= 3`},
	{"region", `eu-west-1`, `us-east-1`},
	{"reference", `[aws_security_group.web.id]`, `[aws_security_group.web.id, "sg-1"]`},
	{"engine", `"postgres"`, `"mysql"`},
	{"one more resource", "resource \"aws_db_instance\"", "resource \"aws_sqs_queue\" \"q\" {\n  name = \"q\"\n}\n\nresource \"aws_db_instance\""},
}

// TestPlanlab makes plans with the real terraform, offline: the program at $GATE_PLANLAB
// prints the JSON of the plan of a directory, and keeps the binary one in $OUT_PLAN. A plan
// that is made again keeps its approval, that of another configuration does not have it.
func TestPlanlab(t *testing.T) {
	program := os.Getenv("GATE_PLANLAB")
	if program == "" {
		t.Skip("GATE_PLANLAB names no program that makes plans")
	}
	j := newPlanJudge(t)
	made := 0
	plan := func(stack, before string) []byte {
		t.Helper()
		args := []string{}
		for _, text := range []string{stack, before} {
			if text == "" {
				continue
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, dir)
		}
		var out, errs bytes.Buffer
		cmd := exec.Command(program, args...)
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
		made++
		return out.Bytes()
	}
	retained, same, carried, other := 0, 0, 0, 0
	for _, before := range []string{"", strings.NewReplacer(`"t3.micro"`, `"t3.nano"`, `= "logs"`, `= "logs-old"`, `"a phrase to begin with"`, `"an old phrase"`).Replace(labStack)} {
		first := j.decide(t, plan(labStack, before), "k")
		a := j.approve(t, first.decision)
		if !first.whole || !j.authorised(t, first, a) {
			t.Fatal("not authorised although approved")
		}
		for _, key := range []string{"k", "l", ""} {
			same++
			b := j.decide(t, plan(labStack, before), key)
			if holds := j.authorised(t, b, a); holds != (key == "k") {
				t.Errorf("made again, under the key %q: the approval holds %v", key, holds)
			} else if b.decision.Digest == first.decision.Digest {
				t.Error("the plan was not made again")
			}
			retained++
		}
		for _, c := range labChanges {
			text := strings.Replace(labStack, c.was, c.is, 1)
			if text == labStack {
				t.Fatalf("%s: nothing is changed", c.name)
			}
			other++
			if j.authorised(t, j.decide(t, plan(text, before), "k"), a) {
				carried++
				t.Errorf("another %s: the approval holds", c.name)
			}
		}
	}
	fmt.Printf("planlab: %d plans made, %d of %d made again as they should, %d of %d others authorised\n", made, retained, same, carried, other)
}
