package terraform

import (
	"strings"
	"testing"

	"gate/internal/source/sourcetest"
)

// Files of the command line come last, in their order; one that is missing
// makes the stack incomplete.
func TestVarFiles(t *testing.T) {
	t.Parallel()
	tree := sourcetest.Tree{
		"s/main.tf":        "variable \"a\" { default = \"default\" }\nvariable \"b\" {}\nresource \"aws_sns_topic\" \"t\" {\n  name         = var.a\n  display_name = var.b\n}\n",
		"s/x.auto.tfvars":  "a = \"auto\"\nb = \"auto\"\n",
		"envs/prod.tfvars": "a = \"prod\"\n",
		"envs/last.tfvars": "a = \"last\"\n",
	}
	got := collect(t, tree, Inputs{Stacks: []string{"s"}, VarFiles: map[string][]string{"s": {"envs/prod.tfvars", "envs/last.tfvars"}}})
	if after := got.Resources[0].After; after["name"] != "last" || after["display_name"] != "auto" {
		t.Errorf("%v", after)
	}
	got = collect(t, tree, Inputs{Stacks: []string{"s"}, VarFiles: map[string][]string{"s": {"envs/none.tfvars", "../../etc/passwd"}}})
	if all := strings.Join(got.Stacks[0].Problems, "; "); !strings.Contains(all, "envs/none.tfvars") || !strings.Contains(all, "etc/passwd") {
		t.Errorf("problems %q", all)
	}
}
