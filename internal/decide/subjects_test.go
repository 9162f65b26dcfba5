package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// What the decision knows of subjects: what the change does to them, why their
// scope cannot be told, and files that nothing but a place makes subjects.
func TestSubjects(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{}
	resource := func(id string, actions ...string) {
		r := facts.Resource{Type: "aws_x", Actions: actions}
		r.ID = id
		f.Resources = append(f.Resources, r)
	}
	resource("create", "create")
	resource("update", "update")
	resource("delete", "delete")
	resource("forget", "forget")
	resource("replace", "delete", "create")
	resource("replace first", "create", "delete")
	resource("forgotten copy", "create", "forget")
	resource("no-op", "no-op")
	resource("read", "read")
	resource("no plan")
	object := facts.Object{Change: &facts.ResourceChange{Action: "moved"}}
	object.ID = "object"
	gone := facts.Object{Change: &facts.ResourceChange{Action: "deleted"}}
	gone.ID = "gone"
	f.Objects, f.DeletedObjects = []facts.Object{object}, []facts.Object{gone}
	file := facts.File{Path: "a.tf"}
	file.ID, file.Environment = "file:a.tf", "prod"
	f.Change.Files = []facts.File{file}
	at := source.Fixed(source.Position{File: "x"})
	places := source.Index{"file:a.tf": at, "file:own.yaml": at, "object": at, "elsewhere": at}
	got := Subjects(f, places, map[string]Doubt{"object": {Conflict: "two fit"}}, func(file string) facts.Scope { return facts.Scope{Environment: "of " + file} })
	type told struct{ Action, Environment, Conflict, Kind string }
	short := map[string]told{}
	for id, s := range got {
		if id != "" { // the change and the repository, without ids here
			short[id] = told{s.Action, s.Scope.Environment, s.Conflict, s.Ref.Kind}
		}
	}
	want := map[string]told{
		"create": {Action: "created", Kind: "aws_x"}, "update": {Action: "updated", Kind: "aws_x"}, "delete": {Action: "deleted", Kind: "aws_x"},
		"forget": {Action: "deleted", Kind: "aws_x"}, "replace": {Action: "replaced", Kind: "aws_x"}, "replace first": {Action: "replaced", Kind: "aws_x"},
		"forgotten copy": {Action: "replaced", Kind: "aws_x"}, "no-op": {Action: "unchanged", Kind: "aws_x"}, "read": {Action: "unchanged", Kind: "aws_x"},
		"no plan": {Kind: "aws_x"},
		"object":  {Action: "moved", Conflict: "two fit"}, "gone": {Action: "deleted"},
		"file:a.tf": {Environment: "prod", Kind: "file"}, "file:own.yaml": {Environment: "of own.yaml", Kind: "file"},
	}
	if diff := cmp.Diff(want, short); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got["object"].Locator == nil || got["gone"].Locator != nil {
		t.Error("an object is not located by its id")
	}
}

// What a module is given is known to those who call it: it is asked for nothing
// that its callers answer, unless it belongs to an environment.
func TestLibrarySubjects(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{}
	for _, c := range []struct{ path, role, environment string }{
		{"root", facts.StackRoot, ""}, {"module", facts.StackModule, ""}, {"example", facts.StackExample, ""}, {"live", facts.StackModule, "prod"},
	} {
		scope := facts.Scope{Environment: c.environment}
		s := facts.Stack{Subject: facts.Subject{ID: "stack:" + c.path, Scope: scope}, Path: c.path, Role: c.role}
		s.Modules = []facts.ModuleCall{{ID: c.path + ":module"}}
		f.Terraform.Stacks = append(f.Terraform.Stacks, s)
		f.Resources = append(f.Resources, facts.Resource{Subject: facts.Subject{ID: c.path + ":resource", Scope: scope}, Stack: c.path},
			facts.Resource{Subject: facts.Subject{ID: c.path + ":given", Scope: scope}, Stack: c.path + "@x.tfvars"})
	}
	got := map[string]bool{}
	for id, s := range Subjects(f, source.Index{}, nil, nil) {
		if s.Library {
			got[id] = true
		}
	}
	want := map[string]bool{"stack:module": true, "module:module": true, "module:resource": true, "stack:example": true, "example:module": true, "example:resource": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
