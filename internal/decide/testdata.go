package decide

import (
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// TestData says which subjects are test data: input of tests, which nobody applies. It
// is judged all the same, listed apart, and denies nothing.
type TestData struct {
	// Path says whether files below a path are test data by where they lie.
	Path func(path string) bool
	// Deployed says of a unit, by its id, whether something in the repository or its
	// configuration deploys it: what is deployed is no test data, whatever its
	// directory is called.
	Deployed func(unit string) bool
}

// Mark says of each subject whether it is test data. What belongs to an environment is
// none, and neither is a file that something is rendered from that is none.
func (d TestData) Mark(subjects map[string]SubjectContext, f *facts.Facts) {
	units, used := map[string]bool{}, map[string]bool{}
	for _, u := range f.Units {
		free := u.Environment == "" && !d.Deployed(u.ID)
		units[u.ID] = free && d.Path(u.Path)
		if units[u.ID] || free && u.Kind == "manifests" { // these are told by their file
			continue
		}
		for _, file := range u.Sources {
			used[file] = true
		}
	}
	loose := map[string]bool{}
	for _, u := range f.Units {
		loose[u.ID] = u.Kind == "manifests" && u.Environment == "" && !d.Deployed(u.ID)
	}
	carrier := map[string]string{}
	for _, s := range f.Secrets {
		carrier[s.ID] = s.Object
	}
	for _, r := range f.SecretReferences {
		carrier[r.ID] = r.Object
	}
	for _, a := range f.Assessments {
		carrier[a.ID] = a.Of
	}
	of := func(id string, at source.Location) bool {
		unit, _, rendered := strings.Cut(bare(id), "#")
		if _, known := units[unit]; known {
			return units[unit] || rendered && loose[unit] && !used[at.File] && d.Path(at.File)
		}
		if stack, ok := strings.CutPrefix(id, "terraform:"); ok {
			stack, _, _ = strings.Cut(stack, ":")
			return d.Path(stack)
		}
		if stack, ok := strings.CutPrefix(id, "stack:"); ok {
			return d.Path(stack)
		}
		return at.File != "" && !used[at.File] && d.Path(at.File)
	}
	for id, s := range subjects {
		if s.Scope.Environment != "" || slices.Contains([]string{"change", "repository", "environment", "evidence", "contract", "image"}, s.Ref.Kind) {
			continue
		}
		on := id
		if c := carrier[id]; c != "" {
			on = c
		}
		if of(on, locate(s.Locator, nil)) {
			s.TestData = true
			subjects[id] = s
		}
	}
	for _, x := range f.Images {
		s := subjects[x.ID]
		s.TestData = x.Environment == "" && len(x.UsedBy) > 0 && !slices.ContainsFunc(x.UsedBy, func(id string) bool { return !subjects[id].TestData })
		subjects[x.ID] = s
	}
}
