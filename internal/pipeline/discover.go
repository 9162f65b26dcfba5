package pipeline

import (
	"context"
	"fmt"

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
	inv.LeaveOut(s.excluded)
	if s.Drift {
		inv = inv.Terraform()
	}
	cfg, now := s.policy.Config, s.Now
	for _, e := range inv.Ledger {
		if e.Kind == discover.Helmfile {
			if s.Drift {
				continue
			}
			said.Locators[e.ID] = source.Fixed(e.Place) // it counts where the file belongs
		}
		if x, ok := cfg.Excluded(e.Place.File, now); ok && !x.Expired(now) && (e.Kind == "file" || e.Kind == discover.Helmfile) {
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
				Place:  source.Position{File: config.File, Line: x.Line}, Owner: x.Owner, Until: x.Expires.Format("2006-01-02"),
			})
		}
	}
	return inv, said, nil
}

func exclusion(e facts.Entry, x config.Exclude) facts.Entry {
	return facts.Entry{
		Kind: e.Kind, ID: e.ID, State: facts.Excluded, Reason: x.Reason, Place: e.Place,
		Owner: x.Owner, Until: x.Expires.Format("2006-01-02"),
	}
}
