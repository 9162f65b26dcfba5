package compare

import (
	"fmt"
	"testing"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

func planned(address string, actions ...string) facts.Resource {
	return facts.Resource{
		Subject: facts.Subject{ID: "s:" + address}, Stack: "s", Address: address, Mode: "managed", Origin: "plan", Actions: actions,
		After: map[string]any{"size": 1},
	}
}

// protected is a resource of a configuration that must not be destroyed.
const protected = "resource \"db\" \"a\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n"

func TestStacksRemovedProtection(t *testing.T) {
	t.Parallel()
	base := sourcetest.Tree{"s/main.tf": protected + "resource \"db\" \"b\" {}\n"}
	moved, declared, data, still := planned("db.z", "update"), planned("db.a", "delete"), planned("db.a", "read"), planned("db.a", "update")
	moved.PreviousAddress = "db.a"
	declared.Origin, data.Mode = "hcl", "data"
	still.Lifecycle = map[string]any{"prevent_destroy": true}
	other := planned("db.a", "update")
	other.Stack = "elsewhere"
	kept := planned("db.a", "update")
	kept.Lifecycle = map[string]any{"create_before_destroy": true}
	for _, c := range []struct {
		name     string
		resource facts.Resource
		want     map[string]any
	}{
		{"it is gone", planned("db.a", "update"), map[string]any{"prevent_destroy_removed": true}},
		{"what else is said stays", kept, map[string]any{"create_before_destroy": true, "prevent_destroy_removed": true}},
		{"it is there", still, map[string]any{"prevent_destroy": true}},
		{"there was none", planned("db.b", "update"), nil},
		{"there was no such resource", planned("db.c", "create"), nil},
		{"under its former address", moved, map[string]any{"prevent_destroy_removed": true}},
		{"without a plan", declared, nil},
		{"of a data source", data, nil},
		{"of a stack that the base has not", other, nil},
	} {
		in := []facts.Resource{c.resource}
		got, _ := Stacks(&Trees{Base: base, Head: sourcetest.Tree{}}, in, source.Index{})
		if diff := cmp.Diff(c.want, got[0].Lifecycle); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.resource, in[0]); diff != "" || c.resource.Lifecycle["prevent_destroy_removed"] != nil {
			t.Errorf("%s: the resource that was handed in is changed: %s", c.name, diff)
		}
	}
}

func TestStacksPlaces(t *testing.T) {
	t.Parallel()
	const (
		two   = "resource \"db\" \"a\" {\n}\nresource \"db\" \"b\" {\n}\n"
		one   = "resource \"db\" \"b\" {\n}\n"
		call  = "# modules\nmodule \"m\" {\n  source = \"../m\"\n}\n"
		about = "s/main.tf:9~" // what head says of it
	)
	gone := func(address string, actions ...string) facts.Resource {
		r := planned(address, actions...)
		r.After = nil
		return r
	}
	moved := gone("db.z", "delete")
	moved.PreviousAddress = "db.a"
	for _, c := range []struct {
		name       string
		resource   facts.Resource
		base, head sourcetest.Tree
		lines      map[string]int
		files      []facts.File
		exact      bool // the head still has its block
		noHead     bool // and no place at all
		want       string
	}{
		{name: "the block is taken out", resource: gone("db.a", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, lines: map[string]int{"s/main.tf": 1}, want: "s/main.tf:1~"},
		{name: "forgotten", resource: planned("db.b", "forget"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": "resource \"db\" \"a\" {\n}\n"}, lines: map[string]int{"s/main.tf": 3}, want: "s/main.tf:2~"},
		{name: "under its former address", resource: moved, base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, lines: map[string]int{"s/main.tf": 1}, want: "s/main.tf:1~"},
		{name: "the block is there, its instance is not", resource: gone("db.a", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, lines: map[string]int{"s/main.tf": 1}, exact: true, want: "s/main.tf:9"},
		{name: "the file is as it was", resource: gone("db.a", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": two}, want: about},
		{name: "the file is gone", resource: gone("db.a", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{}, lines: map[string]int{"s/main.tf": 1}, want: about},
		{name: "the file is renamed", resource: gone("db.a", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/b.tf": one}, lines: map[string]int{"s/b.tf": 1},
			files: []facts.File{{Path: "s/b.tf", Previous: "s/main.tf"}}, want: "s/b.tf:1~"},
		{name: "the call of its module", resource: gone("module.m.db.b", "delete"),
			base: sourcetest.Tree{"s/main.tf": call, "m/main.tf": two}, head: sourcetest.Tree{"s/main.tf": "# modules\n", "m/main.tf": two}, lines: map[string]int{"s/main.tf": 2}, want: "s/main.tf:1~"},
		{name: "the block in its module, before the call", resource: gone("module.m.db.a", "delete"),
			base: sourcetest.Tree{"s/main.tf": call, "m/main.tf": two}, head: sourcetest.Tree{"s/main.tf": "# modules\n", "m/main.tf": one}, lines: map[string]int{"s/main.tf": 2, "m/main.tf": 1}, want: "m/main.tf:1~"},
		{name: "what the base did not have either", resource: gone("db.other", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, lines: map[string]int{"s/main.tf": 1}, want: about},
		{name: "a head that says nothing", resource: gone("db.other", "delete"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{}, noHead: true, want: ":0"},
		{name: "replaced", resource: planned("db.a", "delete", "create"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, want: "as at head"},
		{name: "updated", resource: planned("db.a", "update"), base: sourcetest.Tree{"s/main.tf": two}, head: sourcetest.Tree{"s/main.tf": one}, want: "as at head"},
	} {
		head := source.Index{}
		if !c.noHead {
			head[c.resource.ID] = source.LocatorFunc(func(source.Path) source.Location {
				return source.Location{Position: source.Position{File: "s/main.tf", Line: 9, Approximate: !c.exact}}
			})
		}
		_, places := Stacks(&Trees{Base: c.base, Head: c.head, Lines: c.lines, Files: c.files}, []facts.Resource{c.resource}, head)
		got := "as at head"
		if l := places[c.resource.ID]; l != nil {
			at := l.Locate(nil)
			if got = fmt.Sprintf("%s:%d", at.File, at.Line); at.Approximate {
				got += "~"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
