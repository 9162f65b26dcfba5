package attest

import (
	"path"
	"slices"

	"gate/internal/facts"
	"gate/internal/source"
)

// CloseUnits binds what a controller renders from a tree: every file that the
// units read, and what they would read if it were there. Nil if no unit reads a
// file.
func CloseUnits(tree source.Tree, units []facts.Unit) (*Artifact, error) {
	var files, whole []string
	for _, u := range units {
		files = append(append(files, u.Sources...), u.Values...)
		whole = append(whole, readWhole(u)...)
	}
	if len(files) == 0 {
		return nil, nil
	}
	closure, err := CloseFiles(SubjectClosure, tree, append(files, Covered(tree, whole)...))
	if err != nil {
		return nil, err
	}
	closure.Covers = whole
	return &closure, nil
}

// readWhole are the globs of what a controller reads without naming each file:
// the charts and the directories of manifests of a unit. A kustomization names
// what it builds.
func readWhole(u facts.Unit) []string {
	var out []string
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
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
