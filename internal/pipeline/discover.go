package pipeline

import (
	"context"
	"fmt"
	"path"
	"slices"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/source"
)

// discovered says what every file is and takes out what the configuration
// excludes. An excluded file is not judged, but a unit that refers to it still
// reads it.
func discovered(ctx context.Context, s *opened) (*discover.Inventory, Record, error) {
	s.step("discover files")
	said := newRecord()
	inv, err := discover.Collect(ctx, s.tree, s.discovering(KindFile))
	if err != nil {
		return nil, said, err
	}
	s.leaveOutExcluded(inv)
	if s.Drift {
		inv = forDrift(inv)
	}
	cfg, now := s.policy.Config, s.Now
	for _, e := range inv.Ledger {
		if x, ok := cfg.Excluded(e.ID, now); ok && !x.Expired(now) && e.Kind == "file" {
			e = exclusion(e, x)
		}
		said.Ledger = append(said.Ledger, e)
	}
	for _, x := range cfg.Exclude {
		if x.Expired(now) {
			said.Ledger = append(said.Ledger, facts.Entry{
				Kind: "exclude", ID: x.String(), State: facts.Failed,
				Reason: fmt.Sprintf("the exclusion %q expired on %s", x.Reason, x.Expires.Format("2006-01-02")),
				Hint:   "mend what is excluded, or renew the entry under exclude",
				Place:  source.Position{File: configFile, Line: x.Line}, Owner: x.Owner, Until: x.Expires.Format("2006-01-02"),
			})
		}
	}
	return inv, said, nil
}

// leaveOutExcluded takes out of an inventory what the configuration excludes.
func (s *opened) leaveOutExcluded(inv *discover.Inventory) {
	excluded := s.excluded
	inv.Charts = slices.DeleteFunc(inv.Charts, func(c discover.Chart) bool { return excluded(path.Join(c.Dir, "Chart.yaml")) })
	inv.Kustomizations = slices.DeleteFunc(inv.Kustomizations, func(k discover.Kustomization) bool { return excluded(k.File) })
	// A file that is not excluded is judged as it stands if what builds it is.
	built := map[string]bool{}
	for _, c := range inv.Charts {
		built[c.Dir] = true
	}
	for _, k := range inv.Kustomizations {
		built[k.Dir] = true
	}
	for i, m := range inv.Manifests {
		if !built[m.MemberOf] {
			inv.Manifests[i].MemberOf = ""
		}
	}
	inv.Manifests = slices.DeleteFunc(inv.Manifests, func(m discover.Manifest) bool { return excluded(m.Path) })
	inv.Workflows = slices.DeleteFunc(inv.Workflows, func(w discover.Workflow) bool { return excluded(w.Path) })
	inv.TerraformRoots = slices.DeleteFunc(inv.TerraformRoots, func(dir string) bool { return excluded(path.Join(dir, "main.tf")) })
}

func exclusion(e facts.Entry, x config.Exclude) facts.Entry {
	return facts.Entry{
		Kind: e.Kind, ID: e.ID, State: facts.Excluded, Reason: x.Reason, Place: e.Place,
		Owner: x.Owner, Until: x.Expires.Format("2006-01-02"),
	}
}

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
