package attest

import (
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Unit is one that a decision binds, and how it is deployed.
type Unit struct {
	facts.Unit
	Controller string // the object that deploys it, as kind/name; empty without one
	// Below says that its directory is read at any depth.
	Below bool
	// Beside are files that say how it is deployed: those of that object, and what
	// it takes variables and values from.
	Beside []string
}

// controller is the program that reads a unit.
type controller int

const (
	nobody controller = iota // that is known
	argo
	flux
)

func (u Unit) by() controller {
	switch kind, _, _ := strings.Cut(u.Controller, "/"); kind {
	case "Application", "ApplicationSet":
		return argo
	case "Kustomization", "HelmRelease", "FluxInstance":
		return flux
	}
	return nobody
}

// CloseUnits binds what a controller renders from a tree, and the stacks that are
// applied without a plan: every file that is read, and what would be read if it
// were there. Nil if no unit reads a file.
func CloseUnits(tree source.Tree, units []Unit, stacks []facts.Stack) (*Artifact, error) {
	var files, whole []string
	for _, u := range units {
		files = append(files, u.Sources...)
		whole = append(whole, readWhole(u)...)
	}
	for _, u := range units {
		for _, file := range slices.Concat(u.Values, u.Beside) {
			if _, ok := tree.Lookup(file); ok {
				files = append(files, file)
			} else if file != "" { // need not be there
				whole = append(whole, escapeGlob(file))
			}
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	for _, s := range stacks {
		covers, named := stackFiles(tree, s)
		whole, files = append(whole, covers...), append(files, named...)
	}
	slices.Sort(whole)
	whole = slices.Compact(whole)
	closure, err := CloseFiles(SubjectClosure, tree, append(files, Covered(tree, whole)...))
	if err != nil {
		return nil, err
	}
	closure.Covers = whole
	return &closure, nil
}

// readWhole are the globs of what a controller reads without naming each file:
// the charts and the directories of manifests of a unit. A kustomization names
// what it builds, in one of three files.
func readWhole(u Unit) []string {
	by := u.by()
	out := coverSource(u.Path, by)
	if u.Kind == facts.UnitManifests {
		out = append(out, CoverKustomization(u.Path, false)) // makes something else of it
	}
	for _, file := range u.Sources {
		dir := path.Dir(file)
		out = append(out, CoverPrograms(file)...)
		switch {
		case u.Kind == facts.UnitManifests:
			out = append(out, CoverManifests(dir, false))
			if dir != u.Path {
				out = append(out, CoverManifests(u.Path, true))
			}
		case path.Base(file) == "Chart.yaml":
			out = append(out, CoverAll(dir))
		case slices.Contains(kustomizations, path.Base(file)):
			out = append(out, CoverKustomization(dir, false))
		}
	}
	if u.Below {
		out = append(out, CoverManifests(u.Path, true))
	}
	if u.Below && by == flux { // what has a kustomization is built by it
		out = append(out, CoverKustomization(u.Path, true))
	}
	return out
}
