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
