package pipeline

import (
	"gate/internal/discover"
	"gate/internal/facts"
)

// driftRules are the rules about plans that only tell what was changed outside
// of Terraform.
func driftRules() []string { return []string{"iac/drift-unclassified", "iac/plan-complete"} }

// forDrift is what a run about drift reads of a tree: the stacks, where drift
// would be mended. What else stands there is judged with each change.
func forDrift(inv *discover.Inventory) *discover.Inventory {
	out := &discover.Inventory{TerraformRoots: inv.TerraformRoots}
	for _, f := range inv.Files {
		if f.Kind == discover.KindTerraform {
			out.Files = append(out.Files, f)
		}
	}
	for _, e := range inv.Ledger {
		if e.State != facts.Failed {
			continue
		}
		for _, f := range out.Files {
			if f.Path == e.ID {
				out.Ledger = append(out.Ledger, e)
			}
		}
	}
	return out
}
