package compare

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// told writes a summary down: a line for each stack or unit, one for each step.
func told(list []decide.TransitionSummary) []string {
	var out []string
	for _, t := range list {
		out = append(out, fmt.Sprintf("%s/%s %s (%s)", t.Environment, t.Target, t.Of, t.Name))
		for _, s := range t.Steps {
			name := s.Subject.Address
			if name == "" {
				name = s.Subject.Namespace + "/" + s.Subject.Name
			}
			line := fmt.Sprintf("  %s %s %s, %s", s.Action, s.Subject.Kind, name, s.Risk)
			if s.Reason != "" {
				line += ": " + s.Reason
			}
			if len(s.Forces) > 0 {
				line += " (" + strings.Join(s.Forces, " ") + ")"
			}
			if s.File != "" {
				line += fmt.Sprintf(" at %s:%d", s.File, s.Line)
			}
			out = append(out, line)
		}
	}
	return out
}

func TestSummaryOfResources(t *testing.T) {
	t.Parallel()
	resource := func(change func(*facts.Resource), actions ...string) facts.Resource {
		r := facts.Resource{
			Subject: facts.Subject{ID: "r", Scope: facts.Scope{Environment: "prod", Target: "eu"}}, Stack: "s", Address: "db.a", Type: "db", Name: "a",
			Mode: "managed", Origin: "plan", Actions: actions,
		}
		if change != nil {
			change(&r)
		}
		return r
	}
	because := func(reason string) func(*facts.Resource) {
		return func(r *facts.Resource) { r.ActionReason = reason }
	}
	for _, c := range []struct {
		name     string
		resource facts.Resource
		want     string
	}{
		{"created", resource(nil, "create"), "create db db.a, low"},
		{"updated", resource(nil, "update"), "update db db.a, low"},
		{"deleted", resource(nil, "delete"), "delete db db.a, high"},
		{"forgotten", resource(nil, "forget"), "forget db db.a, medium: stays and is no longer managed"},
		{"left alone", resource(nil, "no-op"), ""},
		{"imported", resource(func(r *facts.Resource) { r.Importing = true }, "no-op"), "import db db.a, low"},
		{"imported and updated", resource(func(r *facts.Resource) { r.Importing = true }, "update"), "update db db.a, low"},
		{"moved", resource(func(r *facts.Resource) { r.PreviousAddress = "db.z" }, "no-op"), "move db db.a, low: was db.z"},
		{"moved nowhere", resource(func(r *facts.Resource) { r.PreviousAddress = "db.a" }, "no-op"), ""},
		{"replaced", resource(nil, "delete", "create"), "replace db db.a, high"},
		{"created before it is destroyed", resource(nil, "create", "delete"), "replace db db.a, high: created before it is destroyed"},
		{"left behind", resource(nil, "create", "forget"), "replace db db.a, high: what exists is left behind"},
		{"what forces it, sorted", resource(func(r *facts.Resource) { r.ReplacePaths = [][]any{{"zone"}, {"disk", 0, "size"}} }, "delete", "create"),
			"replace db db.a, high (disk[0].size zone)"},
		{"a reason of the plan", resource(because("delete_because_no_module"), "delete"), "delete db db.a, high: its module is no longer in the configuration"},
		{"a reason that nobody knows", resource(because("because"), "delete"), "delete db db.a, high"},
		{"every reason", resource(func(r *facts.Resource) {
			r.ActionReason, r.Deposed, r.PreviousAddress, r.Lifecycle = "replace_because_tainted", "1234", "db.z", map[string]any{"prevent_destroy_removed": true}
		}, "create", "delete"), "replace db db.a, high: it is tainted; the change removes its prevent_destroy; left over of an earlier replacement; created before it is destroyed; was db.z"},
		{"regulated data", resource(func(r *facts.Resource) { r.Regulated = true }, "update"), "update db db.a, medium"},
		{"without a plan", resource(func(r *facts.Resource) { r.Origin = "hcl" }, "create"), ""},
		{"a data source", resource(func(r *facts.Resource) { r.Mode = "data" }, "create"), ""},
	} {
		var want []string
		if c.want != "" {
			want = []string{"prod/eu stack:s (s)", "  " + c.want}
		}
		if diff := cmp.Diff(want, told(summarised(Steps{Facts: &facts.Facts{Resources: []facts.Resource{c.resource}}}))); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestSummaryOfObjects(t *testing.T) {
	t.Parallel()
	object := func(name string, c *facts.ResourceChange) facts.Object {
		return facts.Object{
			Subject: facts.Subject{ID: "u#" + name, Scope: facts.Scope{Environment: "prod"}}, Unit: "u", Kind: "Service", Namespace: "shop", Name: name, Change: c,
		}
	}
	f := &facts.Facts{
		Units: []facts.Unit{{Subject: facts.Subject{ID: "u"}, Path: "charts/u"}},
		Objects: []facts.Object{
			object("not-known", nil), object("same", &facts.ResourceChange{Action: "unchanged"}),
			object("new", &facts.ResourceChange{Action: "created"}), object("other", &facts.ResourceChange{Action: "updated"}),
			object("moved", &facts.ResourceChange{Action: "moved", From: "v#moved"}),
		},
		DeletedObjects: []facts.Object{
			object("gone", &facts.ResourceChange{Action: "deleted"}),
			{Subject: facts.Subject{ID: "kustomize:apps/w@prod#x"}, Unit: "kustomize:apps/w@prod", Kind: "Namespace", Name: "x", Change: &facts.ResourceChange{Action: "deleted"}},
		},
	}
	places := source.Index{"u#gone": source.Fixed(source.Position{File: "charts/u/a.yaml", Line: 3})}
	findings := []decide.Finding{
		{Subject: decide.SubjectRef{ID: "u#new"}, Severity: "critical", Effect: decide.Deny},
		{Subject: decide.SubjectRef{ID: "u#other"}, Severity: "critical", Effect: decide.Off},
	}
	want := []string{
		"/ kustomize:apps/w@prod (apps/w)",
		"  delete Namespace /x, high",
		"prod/ u (charts/u)",
		"  delete Service shop/gone, high at charts/u/a.yaml:3",
		"  create Service shop/new, critical",
		"  move Service shop/moved, low: was v#moved",
		"  update Service shop/other, low",
	}
	if diff := cmp.Diff(want, told(summarised(Steps{Facts: f, Locators: places}, findings...))); diff != "" {
		t.Error(diff)
	}
}

// A step of what deploys others says what its change does to them, if it is
// applied.
func TestSummaryOfDeployers(t *testing.T) {
	t.Parallel()
	suspended := func(name, outcome string) facts.Object {
		manifest := func(suspend bool) map[string]any {
			return map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": map[string]any{"name": name}, "spec": map[string]any{"path": "./" + name, "suspend": suspend}}
		}
		return facts.Object{
			Subject: facts.Subject{ID: "u#" + name}, Unit: "u", Kind: "Kustomization", Name: name, Manifest: manifest(true),
			Change: &facts.ResourceChange{Action: "updated", Paths: []string{"spec.suspend"}, Before: manifest(false), Outcome: outcome, Why: map[string]string{facts.OutcomeNotApplied: "root is suspended"}[outcome]},
		}
	}
	f := &facts.Facts{Units: []facts.Unit{{Subject: facts.Subject{ID: "u"}, Path: "u"}}, Objects: []facts.Object{suspended("apps", facts.OutcomeApplied), suspended("db", facts.OutcomeNotApplied)}}
	want := map[string]string{"u#apps": "from now on nothing of ./apps is reconciled", "u#db": "root is suspended"}
	got := map[string]string{}
	for _, step := range summarised(Steps{Facts: f})[0].Steps {
		got[step.Subject.ID] = step.Reason
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSummaryOfDrift(t *testing.T) {
	t.Parallel()
	drifted := func(address, mode string, change *facts.ResourceChange, actions ...string) facts.Resource {
		return facts.Resource{Subject: facts.Subject{ID: "drift:" + address}, Type: "db", Address: address, Mode: mode, Actions: actions, Change: change}
	}
	f := &facts.Facts{Terraform: facts.Terraform{Stacks: []facts.Stack{{
		Subject: facts.Subject{ID: "stack:s", Scope: facts.Scope{Environment: "prod"}}, Path: "s",
		Drift: []facts.Resource{
			drifted("db.a", "managed", &facts.ResourceChange{Paths: []string{"size", "zone"}}, "update"),
			drifted("db.b", "managed", &facts.ResourceChange{Paths: []string{"size"}}, "delete"),
			drifted("db.c", "managed", nil, "update"),
			drifted("db.d", "data", nil, "update"),
		},
	}}}}
	if got := told(summarised(Steps{Facts: f})); got != nil {
		t.Errorf("drift is no step of a change: %v", got)
	}
	want := []string{
		"prod/ stack:s (s)",
		"  drift db db.a, low: changed outside of Terraform: size, zone",
		"  drift db db.b, low: deleted outside of Terraform",
		"  drift db db.c, low: changed outside of Terraform; accepted until 2027-01-01",
	}
	if diff := cmp.Diff(want, told(summarised(Steps{Facts: f, Drift: map[string]string{"drift:db.c": "accepted until 2027-01-01"}}))); diff != "" {
		t.Error(diff)
	}
}

func TestSummaryOfEnvironments(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{}
	for _, s := range []facts.Scope{{Environment: "prod", Target: "us"}, {Environment: "prod", Target: "eu"}, {Environment: "dev"}, {}} {
		for _, unit := range []string{"v", "u"} {
			f.Objects = append(f.Objects, facts.Object{
				Subject: facts.Subject{ID: unit + s.Environment + s.Target, Scope: s}, Unit: unit, Change: &facts.ResourceChange{Action: "created"},
			})
		}
	}
	for _, c := range []struct {
		only, want []string
	}{
		{nil, []string{"/ u", "/ v", "dev/ u", "dev/ v", "prod/eu u", "prod/eu v", "prod/us u", "prod/us v"}},
		{[]string{"dev"}, []string{"/ u", "/ v", "dev/ u", "dev/ v"}},
		{[]string{}, []string{"/ u", "/ v"}},
	} {
		var got []string
		for _, s := range summarised(Steps{Facts: f, Only: c.only}) {
			got = append(got, s.Environment+"/"+s.Target+" "+s.Of)
			if len(s.Steps) != 1 {
				t.Errorf("only %v: %s has %d steps", c.only, s.Of, len(s.Steps))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("only %v: %s", c.only, diff)
		}
	}
}
