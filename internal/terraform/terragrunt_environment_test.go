package terraform

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"
)

// Files are named from the file that names them, what else is in the tree from
// the unit.
func TestTerragruntFilesOfIncluded(t *testing.T) {
	t.Parallel()
	got := collect(t, sourcetest.Tree{
		"live/root.hcl": `locals {
  fromFile = file("common.txt")
  stage    = yamldecode(file("stage.yaml")).stage
  sizes    = jsondecode(file("${get_terragrunt_dir()}/sizes.json"))
  there    = fileexists("common.txt")
  vars     = jsondecode(read_tfvars_file("own.tfvars"))
}
generate "common" {
  path      = "common_variables.tf"
  if_exists = "overwrite"
  contents  = file("common.tf")
}
generate "tags" {
  path      = "tags.tf"
  if_exists = "overwrite"
  contents  = templatefile("tags.tftpl", { stage = local.stage })
}
inputs = {
  name   = local.fromFile
  delay  = local.sizes.delay
  there  = local.there
  secret = local.vars.own
}
`,
		"live/common.txt": "common", "live/stage.yaml": "stage: dev\n", "live/dev/q/sizes.json": `{"delay": 5}`, "live/dev/q/own.tfvars": "own = \"unit\"\n",
		"live/common.tf":            "variable \"region\" {\n  default = \"eu\"\n}\n",
		"live/tags.tftpl":           "locals {\n  stage = \"${stage}\"\n}\n",
		"live/dev/q/terragrunt.hcl": "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\nterraform {\n  source = \"${get_repo_root()}/modules/q\"\n}\n",
		"modules/q/main.tf": `variable "name" {}
variable "delay" {}
variable "there" {}
variable "secret" {}
resource "aws_sqs_queue" "q" {
  name          = "${var.name}-${local.stage}-${var.region}"
  delay_seconds = var.delay
  fifo_queue    = var.there
  policy        = var.secret
}
`,
	}, Inputs{})
	want := map[string]any{"name": "common-dev-eu", "delay_seconds": int64(5), "fifo_queue": true, "policy": "unit"}
	if diff := cmp.Diff(want, byAddress(got)["aws_sqs_queue.q"].After); diff != "" {
		t.Error(diff)
	}
	for _, s := range got.Stacks {
		if len(s.Problems) > 0 {
			t.Errorf("%s: %q", s.ID, s.Problems)
		}
	}
}

// The environment is what the configuration says, else the default; what neither
// tells is unknown, and the hint says what to write.
func TestTerragruntEnvironment(t *testing.T) {
	t.Parallel()
	source := func(s string) string { return "terraform {\n  source = \"" + s + "\"\n}\n" }
	generate := func(contents string) string {
		return "generate \"p\" {\n  path = \"p.tf\"\n  contents = <<EOF\n" + contents + "EOF\n}\n"
	}
	const module = "resource \"aws_sqs_queue\" \"q\" {\n  name = local.name\n}\n"
	for name, c := range map[string]struct {
		unit   string
		env    map[string]string
		want   any // name of the queue
		reason string
		hint   string
	}{
		"a stand-in in the source":     {source("../${get_env(\"MODULE\")}") + generate("locals {\n  name = \"a\"\n}\n"), map[string]string{"MODULE": "m"}, "a", "", ""},
		"a default in the source":      {source("../${get_env(\"MODULE\", \"m\")}") + generate("locals {\n  name = \"a\"\n}\n"), nil, "a", "", ""},
		"a stand-in wins over default": {source("../m") + generate("locals {\n  name = \"${get_env(\"N\", \"d\")}\"\n}\n"), map[string]string{"N": "e"}, "e", "", ""},
		"neither in the source": {source("../${get_env(\"MODULE\")}"), nil, nil, "the source of its module is only known when Terragrunt runs",
			`standIns: {"u": {"MODULE": …}}`},
		"a directive that is known":     {source("../m") + generate("%{ if get_env(\"CI\", \"\") != \"\" }\nlocals {\n  name = \"ci\"\n}\n%{ else }\nlocals {\n  name = \"person\"\n}\n%{ endif }\n"), nil, "person", "", ""},
		"a directive with a stand-in":   {source("../m") + generate("%{ if get_env(\"CI\", \"\") != \"\" }\nlocals {\n  name = \"ci\"\n}\n%{ else }\nlocals {\n  name = \"person\"\n}\n%{ endif }\n"), map[string]string{"CI": "1"}, "ci", "", ""},
		"a directive beside an unknown": {source("../m") + generate("%{ if get_env(\"CI\", \"\") == \"\" ~}\nlocals {\n  name = \"n\"\n  x = \"${run_cmd(\"x\")}\"\n}\n%{ endif ~}\nlocals {\n  y = \"${get_env(\"Y\")}\"\n}\n"), nil, "n", "", ""},
		"a directive over lines that is unknown": {source("../m") + generate("%{ if get_env(\"CI\") != \"\" }\nlocals {\n  name = \"ci\"\n}\n%{ endif }\n"), nil, nil,
			"what generate \"p\" writes is only known when Terragrunt runs", `standIns: {"u": {"CI": …}}`},
		"a directive in a line":     {source("../m") + generate("locals {\n  name = \"n\"\n  x = \"a%{ if get_env(\"CI\") != \"\" }b%{ else }c%{ endif }\"\n}\n"), nil, "n", "", ""},
		"a loop over what is known": {source("../m") + generate("locals {\n%{ for n in [\"name\", \"x\"] ~}\n  ${n} = \"${n}-v\"\n%{ endfor ~}\n  y = \"${run_cmd(\"x\")}\"\n}\n"), nil, "name-v", "", ""},
		"a loop over what is not":   {source("../m") + generate("locals {\n%{ for n in split(\",\", get_env(\"NAMES\")) ~}\n  ${n} = 1\n%{ endfor ~}\n}\n"), nil, nil, "what generate \"p\" writes is only known", `"NAMES": …`},
	} {
		got := collect(t, sourcetest.Tree{"u/terragrunt.hcl": c.unit, "m/main.tf": module}, Inputs{StandIns: func(dir string) map[string]string {
			if dir != "u" {
				t.Errorf("%s: asked for %q", name, dir)
			}
			return c.env
		}})
		if v := byAddress(got)["aws_sqs_queue.q"].After["name"]; v != c.want {
			t.Errorf("%s: %v, want %v", name, v, c.want)
		}
		var reasons, hints []string
		for _, e := range got.Ledger {
			if e.State == facts.Failed {
				reasons, hints = append(reasons, e.Reason), append(hints, e.Hint)
			}
		}
		reason, hint := strings.Join(reasons, "; "), strings.Join(hints, "; ")
		if (c.reason == "") != (reason == "") || !strings.Contains(reason, c.reason) || !strings.Contains(hint, c.hint) || (c.hint == "") != (hint == "") {
			t.Errorf("%s: %q, hint %q", name, reason, hint)
		}
	}
}

// A source that a condition decides about is named with all that it may be, where
// the condition cannot be told, and is the one that the condition takes otherwise.
func TestTerragruntSourceByCondition(t *testing.T) {
	t.Parallel()
	const module = "resource \"aws_sqs_queue\" \"q\" {\n  name = \"%s\"\n}\n"
	for name, c := range map[string]struct {
		locals, source string
		want           any // name of the queue
		reason         string
	}{
		"a condition that is known":     {"new = true", `local.new ? "../a" : "../b"`, "a", ""},
		"a condition that is not":       {"new = run_cmd(\"x\") == \"y\"", `local.new ? "../a" : "../b"`, nil, `: "../a" or "../b"`},
		"of the environment":            {"new = get_env(\"NEW\") == \"y\"", `local.new ? "../a" : "../b"`, nil, `: "../a" or "../b"`},
		"in a local":                    {"new = run_cmd(\"x\") == \"y\"\n  from = local.new ? \"../a\" : \"../b\"", `local.from`, nil, `: "../a" or "../b"`},
		"in a part":                     {"", `"../${run_cmd("x") == "y" ? "a" : "b"}"`, nil, `: "../a" or "../b"`},
		"one condition in another":      {"", `run_cmd("x") == "y" ? "../a" : (run_cmd("z") == "y" ? "../b" : "../c")`, nil, `: "../a" or "../b" or "../c"`},
		"the same whatever it is":       {"", `run_cmd("x") == "y" ? "../a" : "../a"`, "a", ""},
		"a branch that is not known":    {"", `run_cmd("x") == "y" ? "../a" : run_cmd("z")`, nil, "the source of its module is only known when Terragrunt runs"},
		"a local that leads to itself":  {"from = run_cmd(\"x\") == \"y\" ? local.from : \"../a\"", `local.from`, nil, "the source of its module is only known when Terragrunt runs"},
		"one of a version and one here": {"", `run_cmd("x") == "y" ? "../a" : "tfr:///x/y/aws?version=1.0.0"`, nil, `: "../a" or "tfr:///x/y/aws?version=1.0.0"`},
	} {
		got := collect(t, sourcetest.Tree{
			"u/terragrunt.hcl": "locals {\n  " + c.locals + "\n}\nterraform {\n  source = " + c.source + "\n}\n",
			"a/main.tf":        fmt.Sprintf(module, "a"), "b/main.tf": fmt.Sprintf(module, "b"),
		}, Inputs{})
		if v := byAddress(got)["aws_sqs_queue.q"].After["name"]; v != c.want {
			t.Errorf("%s: %v, want %v", name, v, c.want)
		}
		reason := ""
		for _, e := range got.Ledger {
			if e.Kind == "unit" && e.State == facts.Failed {
				reason += e.Reason
			}
		}
		if (c.reason == "") != (reason == "") || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %q", name, reason)
		}
	}
}
