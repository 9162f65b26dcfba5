package transition

import (
	"testing"

	"gate/internal/facts"
)

// An effect that was not read whole has no digest, whatever else is known of
// it, and only the scope that it is about is spoiled.
func TestUnknown(t *testing.T) {
	t.Parallel()
	gone := facts.Object{Subject: facts.Subject{ID: "manifests:prod#/Namespace//gone", Scope: facts.Scope{Environment: "prod", Target: "eu"}}}
	unknown := func(id, environment, target string) []facts.UnknownChange {
		return []facts.UnknownChange{{
			Subject: facts.Subject{ID: id, Scope: facts.Scope{Environment: environment, Target: target}}, Side: "head", Reason: "it cannot be read",
		}}
	}
	eu := func(s facts.Scope) bool { return s.Environment == "prod" && (s.Target == "" || s.Target == "eu") }
	for _, c := range []struct {
		name    string
		unknown []facts.UnknownChange
		covers  func(facts.Scope) bool
		known   bool
	}{
		{"everything is known", nil, eu, true},
		{"an object of the target", unknown("manifests:prod#/ConfigMap//a", "prod", "eu"), eu, false},
		{"a unit of every target", unknown("helm:web", "prod", ""), eu, false},
		{"another target", unknown("helm:web", "prod", "us"), eu, true},
		{"another environment", unknown("helm:web", "dev", ""), eu, true},
		{"what could be of any environment", unknown("helm:web", "", ""), eu, false},
		{"another environment, of a transition of all", unknown("helm:web", "dev", ""), nil, false},
	} {
		f := &facts.Facts{DeletedObjects: []facts.Object{gone}, Change: facts.Change{Unknown: c.unknown}}
		got, err := Of(f, Options{Covers: c.covers})
		if err != nil {
			t.Fatal(err)
		}
		digest, err := got.Digest()
		if err != nil {
			t.Fatal(err)
		}
		binding := Exact
		if c.known {
			binding = Equivalent
		}
		if (digest != "") != c.known || got.Binding() != binding {
			t.Errorf("%s: digest %q, binding %s", c.name, digest, got.Binding())
		}
		if len(got.Actions) != 1 || len(got.Unknown) == 0 != c.known {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A plan that is not whole, or is not the JSON of the binary plan, does not say what
// happens: not even beside a deletion that it does tell.
func TestUnknownPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack facts.Stack
		known bool
	}{
		"whole":          {facts.Stack{Plan: true, Complete: true, PlanLink: facts.PlanVerified}, true},
		"without a plan": {facts.Stack{Problems: []string{"a file cannot be read"}}, true}, // the comparison with the base tells
		"errored":        {facts.Stack{Plan: true, Complete: true, Errored: true}, false},
		"deferred":       {facts.Stack{Plan: true}, false},
		"forged":         {facts.Stack{Plan: true, Complete: true, PlanLink: facts.PlanDiffers}, false},
		"unread":         {facts.Stack{Plan: true, Complete: true, Problems: []string{"it cannot be read"}}, false},
	} {
		c.stack.Path = "s"
		c.stack.Scope = facts.Scope{Environment: "prod", Target: "eu"}
		f := &facts.Facts{
			Resources: []facts.Resource{{
				Subject: facts.Subject{ID: "terraform:s:a.b", Scope: c.stack.Scope}, Stack: "s", Mode: "managed", Origin: "plan", Actions: []string{"delete"},
			}},
			Terraform: facts.Terraform{Stacks: []facts.Stack{c.stack}},
		}
		for target, known := range map[string]bool{"eu": c.known, "us": true} {
			got, err := Of(f, Options{Covers: func(s facts.Scope) bool { return s.Target == target }})
			if err != nil {
				t.Fatal(err)
			}
			digest, err := got.Digest()
			if err != nil {
				t.Fatal(err)
			}
			if (digest != "") != known || (got.Binding() == Equivalent) != known {
				t.Errorf("%s, target %s: digest %q, binding %s", name, target, digest, got.Binding())
			}
		}
	}
}
