package attest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

// Observed is what a controller reports of what it has applied.
type Observed struct {
	Revisions []string // of Git, in full; sorted
	// Paths are the directories of this repository that the objects apply; empty where none
	// tells one.
	Paths []string
	// Mismatches are what is otherwise than it has to be: not in sync, not healthy,
	// another repository.
	Mismatches []string
	// Unknown is what the report does not tell.
	Unknown []string
	// Tree returns the tree of a revision, where what was approved is looked for.
	Tree func(revision string) (source.Tree, error)
}

// observed refuses what a controller runs instead of what was approved.
func (in VerifyInput) observed(v *Verification) {
	o := in.Observed
	if o == nil {
		v.given(CheckObserved)
		return
	}
	for _, m := range o.Mismatches {
		v.refuse(CheckObserved, ReasonObserved, "%s", m)
	}
	for _, u := range o.Unknown {
		v.refuse(CheckObserved, ReasonUnknown, "%s", u)
	}
	for _, dir := range o.Paths {
		if !in.Decision.holds(dir) {
			v.refuse(CheckObserved, ReasonObserved, "%q is applied, and nothing below it is part of what was judged", dir)
		}
	}
	id := in.Decision.Predicate.Identity
	for _, revision := range o.Revisions {
		if revision == id.CommitSHA || revision == id.Head {
			continue
		}
		same, err := in.Decision.at(o, revision)
		switch {
		case err != nil:
			v.refuse(CheckObserved, ReasonUnknown, "revision %s is not the commit that was judged, and whether it holds the same cannot be told: %v", revision, err)
		case !same:
			v.refuse(CheckObserved, ReasonObserved, "revision %s holds something else than what was judged at %s", revision, id.CommitSHA)
		}
	}
}

// holds says whether a file of the source closure stands below a directory. A decision
// without one, as of a rendered set, does not tell.
func (d *Decision) holds(dir string) bool {
	dir = path.Clean(strings.TrimPrefix(dir, "/"))
	closed := false
	for _, s := range d.Subjects {
		if kind(s.Name) != SubjectClosure {
			continue
		}
		closed = true
		if slices.ContainsFunc(s.Files, func(f string) bool { return dir == "." || strings.HasPrefix(f, dir+"/") }) {
			return true
		}
	}
	return !closed
}

// at says whether a revision holds what a decision is about: its source closure, and
// nothing beside it that would be read as well, or its rendered set.
func (d *Decision) at(o *Observed, revision string) (bool, error) {
	tree, err := o.Tree(revision)
	if err != nil {
		return false, err
	}
	compared := false
	for _, s := range d.Subjects {
		var got Artifact
		switch kind(s.Name) {
		case SubjectClosure:
			for _, file := range s.Files {
				if _, there := tree.Lookup(file); !there {
					return false, nil
				}
			}
			for _, file := range Covered(tree, s.Covers) {
				if !slices.Contains(s.Files, file) {
					return false, nil
				}
			}
			got, err = CloseFiles(s.Name, tree, s.Files)
		case SubjectRendered:
			var files []string
			for _, e := range tree.Entries() {
				files = append(files, e.Path)
			}
			got, err = CloseFiles(s.Name, tree, files)
		default:
			continue
		}
		if err != nil {
			return false, err
		}
		if compared = true; got.SHA256 != s.SHA256 {
			return false, nil
		}
	}
	if !compared {
		return false, fmt.Errorf("the decision is about %s, and not about what stands in Git", strings.Join(d.Predicate.PredictedTransition.Artifacts, ", "))
	}
	return true, nil
}
