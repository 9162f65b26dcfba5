package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
)

// narrow says whether no more is to be judged of a proposed change than what it
// reaches: for hooks always, which must be fast and say what is new.
func (s *opened) narrow() bool {
	return s.ChangedOnly || s.Staged || s.Commit != "" || s.policy.Config.Scope == decide.ScopeChange
}

// widen renders those idle units after all that cannot do without: units that are
// others on the other side or deployed in another way, though the change touches
// none of their files, and, where that is judged, what shares a namespace with
// objects that the change reaches, whose rules look at both.
func (s *opened) widen(ctx context.Context, c *changed, idle *compare.Idle, d *deployed, opts render.Options, judged bool) {
	head, b := &d.head, d.base
	if b == nil { // what the change does is not known
		b = &baseSide{}
	}
	r := render.NewRenderer(s.tree, opts)
	// Both sides are given what is rendered, by its id.
	work := func(side []render.Outcome, wanted func(o render.Outcome) bool) {
		var ids []string
		var units []render.Unit
		for _, o := range side {
			if passed(o) && wanted(o) {
				ids, units = append(ids, o.Unit.ID), append(units, o.Unit)
			}
		}
		done := map[string]render.Outcome{}
		for i, o := range r.All(ctx, units) {
			done[ids[i]] = o
		}
		for _, list := range [][]render.Outcome{head.Outcomes, b.Outcomes} {
			for i := range list {
				if o, ok := done[list[i].Unit.ID]; ok && passed(list[i]) {
					list[i].Rendered, list[i].Err = o.Rendered, o.Err
				}
			}
		}
	}
	for _, sides := range [][2][]render.Outcome{{head.Outcomes, b.Outcomes}, {b.Outcomes, head.Outcomes}} {
		there := map[string]bool{}
		for _, o := range sides[1] {
			there[o.Unit.ID] = passed(o)
		}
		work(sides[0], func(o render.Outcome) bool { return !there[o.Unit.ID] })
	}
	if d.base == nil {
		return
	}
	unchanged := compare.Untouched(c.trees, b.Side, *head, b.reach)
	work(b.Outcomes, func(o render.Outcome) bool { return !unchanged(o.Unit) })
	if !judged {
		return
	}
	near := idle.Near(idle.Around(b.Side, *head))
	work(head.Outcomes, func(o render.Outcome) bool { return near(o.Unit, o.Rendered.Sources) })
}

// passed says whether a unit was not rendered since the change does not reach it.
func passed(o render.Outcome) bool { return o.Rendered != nil && o.Rendered.AsBefore }

// asBefore are the entries of units, of which those that were not rendered say
// since when they are what they are.
func asBefore(c *changed, outs []render.Outcome, ledger []facts.Entry) []facts.Entry {
	idle := map[string]bool{}
	for _, o := range outs {
		idle[o.Unit.ID] = passed(o)
	}
	for i, e := range ledger {
		if e.Kind == "unit" && idle[e.ID] {
			ledger[i].State, ledger[i].Reason = facts.Unchanged, unchangedSince(c)
		}
	}
	return ledger
}

func unchangedSince(c *changed) string { return "unchanged since " + short(c.Change.MergeBase) }

// short is a commit as people write it.
func short(commit string) string { return commit[:min(len(commit), 12)] }

// narrowNotes say once what was not judged, and what that means for rules that
// look at the whole tree.
func narrowNotes(c *changed, outs []render.Outcome) []string {
	n := 0
	for _, o := range outs {
		if passed(o) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d units are what they were at %s and were not rendered: rules that join the whole tree know of them neither objects in other namespaces nor second owners of what the change touches",
		n, len(outs), short(c.Change.MergeBase))}
}

// idleFiles says of files that nothing which is said quotes them: the change leaves
// them as they are, and none but idle units is read from them, if any. Terraform and
// an organisation's policies read files of any kind.
func (d *deployed) idleFiles(s *opened, c *changed, inv *discover.Inventory) func(string) bool {
	idle := map[string]bool{}
	anyKind := len(inv.TerraformRoots)+len(s.policy.Config.Policies) > 0 ||
		slices.ContainsFunc(inv.Files, func(f discover.File) bool { return strings.HasSuffix(f.Path, ".hcl") })
	for _, f := range inv.Files {
		idle[f.Path] = f.Kind == discover.KindOther && !anyKind
	}
	var failed []string // directories that it may be read from why a unit fails
	for _, o := range d.head.Outcomes {
		if passed(o) {
			for _, f := range o.Rendered.Sources {
				idle[f] = true
			}
		}
		if o.Rendered == nil && o.Unit.Fault == nil {
			failed = append(failed, o.Unit.Path)
		}
	}
	for _, o := range d.head.Outcomes {
		if o.Rendered != nil && !o.Rendered.AsBefore {
			for _, f := range o.Rendered.Sources {
				delete(idle, f)
			}
		}
	}
	for _, f := range c.Change.Files {
		delete(idle, f.Path)
		delete(idle, f.Previous)
	}
	return func(p string) bool {
		return idle[p] && !slices.ContainsFunc(failed, func(dir string) bool { return dir == "." || strings.HasPrefix(p, dir+"/") })
	}
}

// narrowed says whether units were left out that the change does not reach.
func (c *chain) narrowed() bool {
	return slices.ContainsFunc(c.record.Ledger, func(e facts.Entry) bool { return e.State == facts.Unchanged })
}
