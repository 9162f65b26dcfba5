package policy

import (
	"strings"

	"gate/internal/facts"
)

// MayApply says whether there is, or may still be found, something in the facts
// that a rule judges.
func MayApply(f *facts.Facts, h Head) bool {
	category, _, _ := strings.Cut(h.ID, "/")
	return present(f, category) && mayJudge(f, h.Over)
}

// present says whether there are subjects for rules of a category. Unknown
// categories are loaded: each rule finds out by itself.
func present(f *facts.Facts, category string) bool {
	switch category {
	case "kubernetes", "gitops":
		return len(f.Objects)+len(f.DeletedObjects) > 0
	case "iac":
		return len(f.Resources) > 0 || len(f.Terraform.Stacks) > 0
	case "supply-chain":
		return len(f.Objects) > 0 || len(f.Resources) > 0
	}
	return true
}

// mayJudge says whether there is, or may still be found, something that a rule
// judges. Only what was read completely by now can be told.
func mayJudge(f *facts.Facts, over Over) bool {
	switch over.Subject {
	case "objects", "containers", "resources", "stacks", "workflows", "secrets", "secretReferences", "assessments":
		n, known := Count(f, over)
		return n > 0 || !known
	}
	return true
}
