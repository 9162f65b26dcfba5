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

// discover says what every file is and takes out what the configuration
// excludes. An excluded file is not judged, but a unit that refers to it still
// reads it.
func (r *run) discover(ctx context.Context) error {
	r.step("discover files")
	inv, err := discover.CollectWith(ctx, r.tree, r.discoverOptions(KindFile))
	if err != nil {
		return err
	}
	r.leaveOutExcluded(inv)
	if r.o.Drift {
		inv = forDrift(inv)
	}
	cfg, now := r.policy.Config, r.o.Now
	r.inv = inv
	for _, e := range inv.Ledger {
		if x, ok := cfg.Excluded(e.ID, now); ok && !x.Expired(now) && e.Kind == "file" {
			e = exclusion(e, x)
		}
		r.ledger = append(r.ledger, e)
	}
	for _, x := range cfg.Exclude {
		if x.Expired(now) {
			r.ledger = append(r.ledger, facts.Entry{
				Kind: "exclude", ID: x.String(), State: facts.Failed,
				Reason: fmt.Sprintf("the exclusion %q expired on %s", x.Reason, x.Expires.Format("2006-01-02")),
				Hint:   "mend what is excluded, or renew the entry under exclude",
				Place:  source.Position{File: configFile, Line: x.Line}, Owner: x.Owner, Until: x.Expires.Format("2006-01-02"),
			})
		}
	}
	return nil
}

// leaveOutExcluded takes out of an inventory what the configuration excludes.
func (r *run) leaveOutExcluded(inv *discover.Inventory) {
	cfg, now := r.policy.Config, r.o.Now
	excluded := func(p string) bool {
		x, ok := cfg.Excluded(p, now)
		return ok && !x.Expired(now)
	}
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
