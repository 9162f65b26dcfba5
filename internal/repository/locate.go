package repository

import (
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// LocatorInput is what the places of repository-level subjects are told from.
type LocatorInput struct {
	Config       *source.Document // .gate.yaml of the judged tree, nil without one
	Tree         source.Tree
	Codeowners   *facts.Codeowners
	Change       *ChangeResult
	Environments []facts.Environment
	Evidence     []facts.Evidence
	Workflows    source.Index // of Workflows
}

// Locators returns the places of the subjects "change", "repository",
// "environment/<name>", "evidence:<environment>/<target>" and "file:<path>".
// What has no place of its own stands where the mend goes: in the file itself,
// else at the configuration's entry, else in CODEOWNERS, else in the first
// changed file; all but the first are marked approximate.
func Locators(in LocatorInput) source.Index {
	l := locators{in}
	index := source.Index{
		"change":     source.Fixed(l.nowhere()),
		"repository": source.LocatorFunc(l.repository),
	}
	for i := range in.Environments {
		e := &in.Environments[i]
		index["environment/"+e.Name] = source.LocatorFunc(func(p source.Path) source.Location { return l.environment(e, p) })
	}
	for _, e := range in.Evidence {
		index[e.ID] = source.LocatorFunc(func(source.Path) source.Location { return l.named(e.Environment) })
	}
	for id, w := range in.Workflows {
		index[id] = w
	}
	if in.Change == nil {
		return index
	}
	for _, f := range in.Change.Change.Files {
		at := source.Position{File: f.Path, Line: in.Change.Lines[f.Path]}
		at.Approximate = at.Line == 0
		if w, ok := in.Workflows[f.ID]; ok {
			index[f.ID] = source.LocatorFunc(func(p source.Path) source.Location {
				if len(p) == 0 {
					return source.Location{Position: at}
				}
				return w.Locate(p)
			})
			continue
		}
		index[f.ID] = source.Fixed(at)
	}
	return index
}

type locators struct{ LocatorInput }

func (l locators) repository(p source.Path) source.Location {
	if len(p) == 3 && p[0] == "codeowners" && l.Codeowners != nil {
		if i, ok := p[2].(int); ok && i >= 0 {
			line := 0
			switch {
			case p[1] == "rules" && i < len(l.Codeowners.Rules):
				line = l.Codeowners.Rules[i].Line
			case p[1] == "problems" && i < len(l.Codeowners.Problems):
				line = max(1, l.Codeowners.Problems[i].Line)
			}
			if line > 0 {
				return source.Location{Position: source.Position{File: l.Codeowners.Path, Line: line}}
			}
		}
	}
	if len(p) > 0 && p[0] == "codeowners" && l.Codeowners != nil {
		return source.Location{Position: source.Position{File: l.Codeowners.Path, Line: 1, Approximate: true}}
	}
	return source.Location{Position: l.nowhere()}
}

// environment leads a path into the environment's entry, and one below
// freezes to the entry of the freeze.
func (l locators) environment(e *facts.Environment, p source.Path) source.Location {
	if l.Config != nil && len(p) > 1 && p[0] == "freezes" {
		n, _ := p[1].(int)
		for i, v := range doc.List(l.Config.Value, "freezes") {
			if doc.At(v, "environment") != e.Name {
				continue
			}
			if n--; n < 0 {
				pos, _ := l.Config.Locate(source.Path{"freezes", i})
				return source.Location{Position: pos}
			}
		}
	}
	return l.named(e.Name)
}

// named returns the place of an environment in the configuration.
func (l locators) named(environment string) source.Location {
	if l.Config != nil && environment != "" {
		for i, v := range doc.List(l.Config.Value, "environments") {
			if doc.Text(v, "name") == environment {
				if pos, ok := l.Config.Locate(source.Path{"environments", i, "name"}); ok {
					pos.Approximate = true
					return source.Location{Position: pos}
				}
			}
		}
	}
	return source.Location{Position: l.nowhere()}
}

// nowhere is the place of what has none.
func (l locators) nowhere() source.Position {
	switch {
	case l.Config != nil:
		return source.Position{File: l.Config.File, Line: 1, Approximate: true}
	case l.Codeowners != nil:
		return source.Position{File: l.Codeowners.Path, Line: 1, Approximate: true}
	}
	if l.Change != nil {
		for _, f := range l.Change.Change.Files {
			if line := l.Change.Lines[f.Path]; line > 0 {
				return source.Position{File: f.Path, Line: line, Approximate: true}
			}
		}
	}
	if l.Tree != nil {
		for _, e := range l.Tree.Entries() {
			if !e.Symlink {
				return source.Position{File: e.Path, Line: 1, Approximate: true}
			}
		}
	}
	return source.Position{File: ".", Approximate: true}
}
