package compare

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/facts"
)

// declared adds what the configuration of stacks without a plan changes.
func (s *summary) declared(f *facts.Facts) {
	for _, list := range [][]facts.Resource{f.Resources, f.Terraform.DeletedResources} {
		for i := range list {
			x := &list[i]
			if step, ok := declaredStep(x); ok {
				if x.After != nil && x.Before != nil {
					step.Attributes = declaredAttributes(s.attributes, x)
					step.Risk = highest(step.Attributes)
				}
				if x.Change.Why == reordered && step.Risk == "" {
					step.Risk = "low"
				}
				s.add(x.Subject, "stack:"+x.Stack, x.Stack, step)
				s.moves(x.Subject, classify.OverResource, x.Type, x.Address, x.Stack, step)
			}
		}
	}
	for i := range f.Terraform.Changes {
		x := &f.Terraform.Changes[i]
		step := declaredChangeStep(x)
		s.add(x.Subject, "stack:"+x.Stack, x.Stack, step)
		s.moves(x.Subject, classify.OverConfiguration, x.Kind, x.Address, x.Stack, step)
	}
}

// declaredAttributes are the telling attributes that change: what is not known is
// no change by that alone, unlike in a plan.
func declaredAttributes(a *Attributes, x *facts.Resource) []decide.Attribute {
	changed := map[string]bool{}
	for _, p := range x.Change.Paths {
		changed[rootOf(p)] = true
	}
	return slices.DeleteFunc(a.Of(x), func(t decide.Attribute) bool { return !changed[rootOf(t.Path)] })
}

// declaredStep is the step of a resource that has no plan, from its configuration;
// false if there is none.
func declaredStep(x *facts.Resource) (decide.Step, bool) {
	c := x.Change
	if x.Origin != "hcl" || x.Mode != "managed" || c == nil {
		return decide.Step{}, false
	}
	action := map[string]string{"created": "create", "updated": "update", "deleted": "delete", "moved": "move"}[c.Action]
	switch {
	case x.Importing:
		action = "import"
	case slices.Equal(x.Actions, []string{"forget"}):
		action = "forget"
	case action == "":
		return decide.Step{}, false
	}
	step := decide.Step{
		Subject: decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address}, Action: action, Outcome: c.Outcome, Paths: c.Paths,
	}
	var reasons []string
	if c.From != "" {
		reasons = append(reasons, "was "+cmp.Or(x.PreviousAddress, strings.TrimPrefix(c.From, "terraform:")))
	}
	if x.Lifecycle["prevent_destroy_removed"] == true {
		reasons = append(reasons, "the change removes its prevent_destroy")
	}
	step.Reason = declaredReason(append(reasons, c.Why)...)
	return step, true
}

// declaredChangeStep is the step of another part of a configuration.
func declaredChangeStep(x *facts.DeclaredChange) decide.Step {
	c := &x.Change
	reasons := []string{}
	if c.From != "" {
		reasons = append(reasons, "was "+strings.TrimPrefix(c.From, "terraform:"+x.Stack+":"))
	}
	return decide.Step{
		Subject: decide.SubjectRef{Kind: x.Kind, Name: x.Address, Address: x.Address}, Outcome: c.Outcome, Paths: c.Paths,
		Action: map[string]string{"created": "create", "updated": "update", "deleted": "delete", "moved": "move"}[c.Action],
		Reason: declaredReason(append(reasons, c.Why)...),
	}
}

// declaredReason says why, and from what a step is told: a plan would know what
// exists.
func declaredReason(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(append(parts, "from configuration, not from a plan"), "; ")
}
