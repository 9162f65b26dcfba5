package compare

import (
	"testing"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// A step of a configuration says so, and what of it is not known.
func TestDeclaredSteps(t *testing.T) {
	t.Parallel()
	resource := func(address string, actions []string, c *facts.ResourceChange) facts.Resource {
		return facts.Resource{
			Subject: facts.Subject{ID: "terraform:s:" + address}, Stack: "s", Address: address, Mode: "managed", Type: "aws_x", Name: "x",
			Origin: "hcl", Actions: actions, Change: c,
		}
	}
	imported := resource("aws_x.imported", nil, &facts.ResourceChange{Action: "unchanged"})
	imported.Importing = true
	data := resource("data.aws_x.x", nil, &facts.ResourceChange{Action: "updated"})
	data.Mode = "data"
	bare := resource("aws_x.bare", nil, &facts.ResourceChange{Action: "updated", Paths: []string{"lifecycle.prevent_destroy"}, Outcome: facts.OutcomeApplied})
	bare.Lifecycle = map[string]any{"prevent_destroy_removed": true}
	moved := resource("aws_x.moved", nil, &facts.ResourceChange{Action: "moved", From: "terraform:s:aws_x.old"})
	moved.PreviousAddress = "aws_x.old"
	f := &facts.Facts{Resources: []facts.Resource{
		resource("aws_x.untold", nil, nil), resource("aws_x.same", nil, &facts.ResourceChange{Action: "unchanged"}), data,
		resource("aws_x.new", nil, &facts.ResourceChange{Action: "created", Outcome: facts.OutcomeApplied}),
		resource("aws_x.kept", nil, &facts.ResourceChange{Action: "updated", Paths: []string{"n"}, Outcome: facts.OutcomeNotApplied, Why: "ignored"}),
		imported, bare, moved,
	}}
	f.Terraform.DeletedResources = []facts.Resource{
		resource("aws_x.gone", []string{"delete"}, &facts.ResourceChange{Action: "deleted", Outcome: facts.OutcomeApplied}),
		resource("aws_x.left", []string{"forget"}, &facts.ResourceChange{Action: "deleted", Outcome: facts.OutcomeOrphaned, Why: "left"}),
	}
	f.Terraform.Changes = []facts.DeclaredChange{{
		Subject: facts.Subject{ID: "terraform:s:module.m"}, Stack: "s", Kind: "module", Address: "module.m",
		Change: facts.ResourceChange{Action: "updated", Paths: []string{"version"}, Outcome: facts.OutcomeUnknown, Why: "not in the tree"},
	}}
	s := summary{byKey: map[transitionKey]*decide.TransitionSummary{}, locators: source.Index{}}
	s.declared(f)
	got := []string{}
	for _, step := range s.byKey[transitionKey{of: "stack:s"}].Steps {
		got = append(got, step.Action+" "+step.Subject.Address+" "+step.Outcome+": "+step.Reason)
	}
	want := []string{
		"create aws_x.new applied: from configuration, not from a plan",
		"update aws_x.kept not-applied: ignored; from configuration, not from a plan",
		"import aws_x.imported applied: from configuration, not from a plan",
		"update aws_x.bare applied: the change removes its prevent_destroy; from configuration, not from a plan",
		"move aws_x.moved applied: was aws_x.old; from configuration, not from a plan",
		"delete aws_x.gone applied: from configuration, not from a plan",
		"forget aws_x.left orphaned: left; from configuration, not from a plan",
		"update module.m unknown: not in the tree; from configuration, not from a plan",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A protection that is switched off is told; what nobody knows is no change.
func TestDeclaredAttributes(t *testing.T) {
	t.Parallel()
	r := facts.Resource{
		Subject: facts.Subject{ID: "terraform:s:aws_db_instance.db"}, Stack: "s", Address: "aws_db_instance.db", Mode: "managed", Type: "aws_db_instance", Origin: "hcl",
		Before: map[string]any{"deletion_protection": true}, After: map[string]any{"deletion_protection": false}, Unknown: map[string]any{"publicly_accessible": true},
		Expressions: map[string]any{"publicly_accessible": map[string]any{"references": []any{"var.public"}}},
		Change:      &facts.ResourceChange{Action: "updated", Paths: []string{"deletion_protection"}, Outcome: facts.OutcomeApplied},
	}
	s := summary{byKey: map[transitionKey]*decide.TransitionSummary{}, locators: source.Index{}, attributes: attributeTable(t)}
	s.declared(&facts.Facts{Resources: []facts.Resource{r}})
	step := s.byKey[transitionKey{of: "stack:s"}].Steps[0]
	want := []decide.Attribute{{Path: "deletion_protection", Class: "protection", Before: "true", After: "false", Risk: "high"}}
	if d := cmp.Diff(want, step.Attributes); d != "" || step.Risk != "high" {
		t.Errorf("risk %q: %s", step.Risk, d)
	}
}
