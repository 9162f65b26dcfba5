package terraform

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func TestVariants(t *testing.T) {
	t.Parallel()
	const topic = "variable \"a\" { default = \"default\" }\nresource \"aws_sns_topic\" \"t\" { name = var.a }\n"
	for name, c := range map[string]struct {
		tree  sourcetest.Tree
		in    Inputs
		files []string
		want  map[string]any // names of topics by id
		state map[string]facts.State
	}{
		"a file beside the stack, and one below it": {
			tree:  sourcetest.Tree{"s/main.tf": topic, "s/prod.tfvars": "a = \"prod\"\n", "s/envs/eu.tfvars.json": "{\"a\": \"eu\"}\n"},
			files: []string{"s/prod.tfvars", "s/envs/eu.tfvars.json"},
			want:  map[string]any{"terraform:s@prod.tfvars:aws_sns_topic.t": "prod", "terraform:s@envs/eu.tfvars.json:aws_sns_topic.t": "eu"},
			state: map[string]facts.State{"stack:s@prod.tfvars": facts.Evaluated, "stack:s@envs/eu.tfvars.json": facts.Evaluated},
		},
		"files that are loaded anyway, or named": {
			tree:  sourcetest.Tree{"s/main.tf": topic, "s/terraform.tfvars": "a = \"x\"\n", "s/x.auto.tfvars": "a = \"y\"\n", "s/named.tfvars": "a = \"z\"\n"},
			in:    Inputs{VarFiles: map[string][]string{"s": {"s/named.tfvars"}}},
			files: []string{"s/terraform.tfvars", "s/x.auto.tfvars", "s/named.tfvars"},
			want:  map[string]any{}, state: map[string]facts.State{},
		},
		"one that declares the same": {
			tree:  sourcetest.Tree{"s/main.tf": topic, "s/prod.tfvars": "a = \"default\"\n"},
			files: []string{"s/prod.tfvars"},
			want:  map[string]any{}, state: map[string]facts.State{"stack:s@prod.tfvars": facts.NotApplicable},
		},
		"variables of another stack, and what no stack declares": {
			tree:  sourcetest.Tree{"s/main.tf": topic, "envs/b.tfvars": "b = 1\n", "envs/both.tfvars": "a = \"x\"\nb = 1\n", "s/b.tfvars": "b = 1\n"},
			files: []string{"envs/b.tfvars", "envs/both.tfvars", "s/b.tfvars"},
			want:  map[string]any{}, state: map[string]facts.State{},
		},
		"the nearest of two stacks": {
			tree:  sourcetest.Tree{"eu/s/main.tf": topic, "us/s/main.tf": topic, "vars/us.tfvars": "a = \"us\"\n"},
			in:    Inputs{Stacks: []string{"eu/s", "us/s"}},
			files: []string{"vars/us.tfvars"},
			want:  map[string]any{"terraform:eu/s@vars/us.tfvars:aws_sns_topic.t": "us", "terraform:us/s@vars/us.tfvars:aws_sns_topic.t": "us"}, // neither is
			state: map[string]facts.State{"stack:eu/s@vars/us.tfvars": facts.Evaluated, "stack:us/s@vars/us.tfvars": facts.Evaluated},
		},
		"a file that cannot be read": {
			tree:  sourcetest.Tree{"s/main.tf": topic, "s/prod.tfvars": "a = \n"},
			files: []string{"s/prod.tfvars"},
			want:  map[string]any{}, state: map[string]facts.State{"s/prod.tfvars": facts.Failed},
		},
		"what only OpenTofu reads": {
			tree: sourcetest.Tree{"s/main.tf": topic, "s/main.tofu": "variable \"a\" { default = \"tofu\" }\nresource \"aws_sns_topic\" \"t\" { name = var.a }\n"},
			want: map[string]any{"terraform:s@terraform:aws_sns_topic.t": "default"}, state: map[string]facts.State{"stack:s@terraform": facts.Evaluated},
		},
	} {
		if c.in.Stacks == nil {
			c.in.Stacks = []string{"s"}
		}
		all, err := Collect(t.Context(), c.tree, c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Variants(t.Context(), c.tree, all, c.files)
		if err != nil {
			t.Fatal(err)
		}
		names, states := map[string]any{}, map[string]facts.State{}
		for _, r := range got.Resources {
			names[r.ID] = r.After["name"]
		}
		for _, e := range got.Ledger {
			if e.Kind != "resource" {
				states[e.ID] = e.State
			}
		}
		if diff := cmp.Diff(c.want, names); diff != "" {
			t.Errorf("%s: resources (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.state, states); diff != "" {
			t.Errorf("%s: ledger (-want +got):\n%s", name, diff)
		}
	}
}
