package discover

import (
	"path"
	"slices"

	"gate/internal/facts"
)

// LeaveOut takes out what is excluded, by path. Files and the ledger stay: an
// excluded file is not judged, but a unit that refers to it still reads it.
func (inv *Inventory) LeaveOut(excluded func(path string) bool) {
	if before := inv.excluded; before != nil {
		inv.excluded = func(path string) bool { return before(path) || excluded(path) }
	} else {
		inv.excluded = excluded
	}
	inv.Charts = slices.DeleteFunc(inv.Charts, func(c Chart) bool { return excluded(path.Join(c.Dir, "Chart.yaml")) })
	inv.Kustomizations = slices.DeleteFunc(inv.Kustomizations, func(k Kustomization) bool { return excluded(k.File) })
	// A file that is not excluded is judged as it stands if what builds it is.
	built := map[string]bool{}
	for _, c := range inv.Charts {
		built[c.Dir] = true
	}
	for _, k := range inv.Kustomizations {
		built[k.Dir] = true
	}
	unreadable := map[string]bool{} // charts: what they would render is not known
	for _, u := range inv.Unreadable {
		if u.Kind == KindChart {
			unreadable[path.Dir(u.Path)] = true
		}
	}
	for i, m := range inv.Manifests {
		if !built[m.MemberOf] && (m.Else == "" || !unreadable[m.MemberOf]) {
			inv.Manifests[i].MemberOf = ""
		}
	}
	inv.Manifests = slices.DeleteFunc(inv.Manifests, func(m Manifest) bool { return excluded(m.Path) })
	inv.Templates = slices.DeleteFunc(inv.Templates, excluded)
	inv.Workflows = slices.DeleteFunc(inv.Workflows, func(w Workflow) bool { return excluded(w.Path) })
	inv.TerraformRoots = slices.DeleteFunc(inv.TerraformRoots, func(dir string) bool { return excluded(path.Join(dir, "main.tf")) })
}

// Without is an inventory without some files, and without what could not be read
// of them; it stays as it is.
func (inv *Inventory) Without(leftOut func(path string) bool) *Inventory {
	out := *inv
	out.Files = slices.DeleteFunc(slices.Clone(inv.Files), func(f File) bool { return leftOut(f.Path) })
	out.Charts, out.Kustomizations = slices.Clone(inv.Charts), slices.Clone(inv.Kustomizations)
	out.Manifests, out.Workflows = slices.Clone(inv.Manifests), slices.Clone(inv.Workflows)
	out.TerraformRoots, out.Templates = slices.Clone(inv.TerraformRoots), slices.Clone(inv.Templates)
	out.Unreadable = slices.DeleteFunc(slices.Clone(inv.Unreadable), func(u UnreadableFile) bool { return leftOut(u.Path) })
	out.LeaveOut(leftOut)
	return &out
}

// Excluded says whether a path was left out.
func (inv *Inventory) Excluded(path string) bool { return inv.excluded != nil && inv.excluded(path) }

// Terraform is what a run about drift reads of a tree: the stacks, where drift
// would be mended. What else stands there is judged with each change.
func (inv *Inventory) Terraform() *Inventory {
	out := &Inventory{TerraformRoots: inv.TerraformRoots}
	for _, f := range inv.Files {
		if f.Kind == KindTerraform {
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
