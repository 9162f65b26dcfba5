package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/crossplane"
	"gate/internal/facts"
	"gate/rules"
)

// readCrossplane reads managed resources of Crossplane as resources. It runs
// after the search for secrets: what the objects hold is redacted by then.
func (r *run) readCrossplane() error {
	has := func(o facts.Object) bool {
		return strings.HasSuffix(o.Group, ".upbound.io") || strings.HasSuffix(o.Group, ".crossplane.io")
	}
	if !slices.ContainsFunc(r.facts.Objects, has) && !slices.ContainsFunc(r.facts.DeletedObjects, has) {
		return nil
	}
	table, err := crossplane.Load(rules.FS)
	if err != nil {
		return err
	}
	for _, list := range [][]facts.Object{r.facts.Objects, r.facts.DeletedObjects} {
		for i := range list {
			if has(list[i]) {
				list[i].Managed = table.Managed(&list[i])
			}
		}
	}
	got := table.Read(r.facts.Objects, r.locators)
	for id, l := range got.Locators {
		r.locators[id] = l
	}
	r.ledger = append(r.ledger, got.Ledger...)
	r.facts.Resources = append(r.facts.Resources, got.Resources...)
	slices.SortStableFunc(r.facts.Resources, func(a, b facts.Resource) int { return cmp.Compare(a.ID, b.ID) })
	if len(got.Resources) > 0 && len(r.facts.Terraform.Stacks) == 0 && r.facts.Change.Known {
		r.provided["plan"] = true // there is nothing to plan: both sides of the change say what it does
	}
	return nil
}
