package pipeline

import (
	"fmt"
	"maps"
	"slices"

	"gate/internal/config"
	"gate/internal/deploy"
	"gate/internal/render"
)

// leaveCopies takes out what files only repeat of what another unit renders: it is
// judged there, and the change does there what it does. What is a copy on one side
// and something else on the other is looked at as it stands on both.
func (d *deployed) leaveCopies(cfg *config.Config) []string {
	copied := deploy.Copies(cfg, d.head.Outcomes)
	leave := copied
	if d.base != nil {
		was := deploy.Copies(cfg, d.base.Outcomes)
		leave = map[string]string{}
		for _, side := range []struct {
			copies, others map[string]string
			stands         map[string]bool // at the other side
		}{{copied, was, filesOf(d.base.Outcomes)}, {was, copied, filesOf(d.head.Outcomes)}} {
			for f, unit := range side.copies {
				if !side.stands[f] || side.others[f] != "" {
					leave[f] = unit
				}
			}
		}
		d.base.Outcomes = without(d.base.Outcomes, leave)
	}
	d.head.Outcomes = without(d.head.Outcomes, leave)
	maps.DeleteFunc(copied, func(f, _ string) bool { return leave[f] == "" })
	return copyNotes(copied)
}

func without(outs []render.Outcome, files map[string]string) []render.Outcome {
	if len(files) == 0 {
		return outs
	}
	return deploy.WithoutCopies(outs, func(f string) bool { return files[f] != "" })
}

// filesOf are the files that units are made of.
func filesOf(outs []render.Outcome) map[string]bool {
	out := map[string]bool{}
	for _, o := range outs {
		for _, f := range o.Unit.Files {
			out[f] = true
		}
	}
	return out
}

// copyNotes count the files that only repeat what units render.
func copyNotes(copied map[string]string) []string {
	of := map[string][]string{} // by unit
	for _, f := range slices.Sorted(maps.Keys(copied)) {
		of[copied[f]] = append(of[copied[f]], f)
	}
	var parts, notes []string
	patches := of[deploy.Fragment]
	if len(patches) > 0 {
		notes = append(notes, fmt.Sprintf("%d files that nobody deploys lack what an API server requires, as patches do, and are judged where something is built with them: %s", len(patches), first(patches)))
	}
	delete(of, deploy.Fragment)
	for _, unit := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s (%d: %s)", unit, len(of[unit]), first(of[unit])))
	}
	if len(parts) > 0 {
		notes = append(notes, fmt.Sprintf("%d files that nobody deploys equal what units render, and are judged there: %s", len(copied)-len(patches), first(parts)))
	}
	return notes
}
