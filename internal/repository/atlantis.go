package repository

import (
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/shell"
)

// atlantis follows the apply steps of the workflows that an atlantis.yaml defines and
// its projects name. Those of the server are not in the tree.
// https://www.runatlantis.io/docs/custom-workflows
func (f *follower) atlantis(w *facts.Workflow) {
	flows := doc.Map(w.Document, "workflows")
	for _, project := range doc.List(w.Document, "projects") {
		name := doc.Text(project, "workflow")
		if flows[name] == nil {
			continue
		}
		dir := doc.Text(project, "dir")
		f.job = first([]string{"", doc.Text(project, "name"), dir, "."})
		s := f.begin(map[string]string{"WORKSPACE": doc.Text(project, "workspace"), workspaceSelected: doc.Text(project, "workspace")})
		if doc.Text(project, "workspace") == "" {
			delete(s.Vars, "WORKSPACE")
			delete(s.Vars, workspaceSelected)
		}
		s.Dir = shell.Within(root, dir)
		f.atlantisSteps(w.Path, doc.At(flows[name], "apply"), []any{"workflows", name, "apply"}, s)
	}
}

// atlantisSteps runs the steps of an apply; without any there is the one of Atlantis.
func (f *follower) atlantisSteps(file string, apply any, at []any, s *shell.State) {
	list, own := doc.At(apply, "steps").([]any)
	if !own {
		list, at = []any{"apply"}, at[:2]
	}
	for i, step := range list {
		here := sub(at, "steps", i)
		if !own {
			here = at
		}
		in := script{file: file, line: f.lines(file, here)}
		switch m := step.(type) {
		case string:
			if m == "apply" {
				f.atlantisApply(in, s)
			}
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(m)) {
				switch key {
				case "apply":
					f.atlantisApply(in, s)
				case "env", "multienv":
					n := s.With(s.Dir, true, s.Vars)
					delete(n.Vars, doc.Text(m, key, "name"))
					if v := doc.Text(m, key, "value"); v != "" {
						n.Vars[doc.Text(m, key, "name")] = v
					}
					s = n
				case "run":
					text := doc.Text(m, "run")
					if text == "" {
						text = doc.Text(m, "run", "command")
						here = sub(here, "run", "command")
					} else {
						here = sub(here, "run")
					}
					x := behind(f.run(text, true, script{file: file, line: f.lines(file, here)}, s), s)
					if s = x.OK; s == nil {
						return
					}
				}
			}
		}
	}
}

// atlantisApply is the step that applies the plan that Atlantis keeps.
func (f *follower) atlantisApply(at script, s *shell.State) {
	c := shell.Command{Line: 1, Words: []shell.Word{{Text: "atlantis", Known: true}, {Text: "apply", Known: true}}}
	f.add(c, at, s)
}
