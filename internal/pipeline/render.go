package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/attest"
	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/secrets"
	"gate/internal/source"
)

// wanted says what is asked of rendering beside what would be applied.
type wanted struct {
	base   bool // what the change does to objects
	before bool // and what they were, with their secrets
	judged bool // the base is judged, too
	// units are all that is asked of rendering, by id; nil: everything is. What
	// deploys others, or lends them something, is rendered as well, and of a change
	// what it reaches: an object may come from there.
	units []string
}

// rendered is what would be applied, and what the change does to it.
type rendered struct {
	head       compare.Side
	doubts     map[string]decide.Doubt // unit -> why its scope cannot be told
	comparison *compare.Comparison     // nil without a base
	base       *compare.Side           // nil without one, and where nothing judges it
	places     source.Index            // of steps that are somewhere else than their subjects
	deployers  map[string]attest.Unit  // how units are deployed, by id; without their facts
	written    []written               // as gate render --out writes them; of a rendered set only
}

// deployed is what the trees of a change render to.
type deployed struct {
	found deploy.Deployed // of the head
	head  compare.Side
	base  *baseSide // nil without one, or if it cannot be read at all
}

// deployAll renders the judged tree, and the base where the change reaches it.
func deployAll(ctx context.Context, s *opened, inv *discover.Inventory, c *changed, want wanted) (*deployed, Record, error) {
	s.step("render")
	said := newRecord()
	d := &deployed{}
	judged := want.judged && c.review
	var reach *compare.Reach
	var idle *compare.Idle
	opts := s.rendering(KindUnit, s.tree, c.identities)
	opts.Revision = s.revisions(ctx)
	if want.base && c.trees != nil {
		reach = compare.NewReach(c.trees, inv)
		if judged && s.narrow() || len(want.units) > 0 {
			idle = compare.NewIdle(c.trees, inv, reach, opts.Charts.Texts(ctx))
		}
	}
	switch {
	case idle != nil:
		opts.Idle = want.apart(idle)
	case len(want.units) > 0 && !want.base:
		opts.Idle = want.apart(s.aside(ctx, inv, opts))
	}
	d.found = s.renderSide(ctx, s.tree, inv, opts, s.wantedUnit)
	d.head = compare.Side{Inventory: inv, Outcomes: d.found.Outcomes, Made: d.found.Made, Kinds: d.found.Kinds}
	if reach != nil && ctx.Err() == nil {
		d.base = s.renderBase(ctx, c, d, reach, opts.Revision, judged, &said)
	}
	if opts.Idle = nil; idle != nil {
		s.widen(ctx, c, idle, d, opts, want.judged)
		said.Notes = append(said.Notes, narrowNotes(c, d.head.Outcomes)...)
	} else if s.ChangedOnly && want.judged {
		said.Notes = append(said.Notes, "--changed-only leaves nothing out: no proposed change is known (--base REF names what it is compared with)")
	}
	said.Notes = append(said.Notes, d.leaveCopies(s.policy.Config)...)
	return d, said, ctx.Err()
}

// aside says which units have no part in what others come to: to them, nothing is
// changed.
func (s *opened) aside(ctx context.Context, inv *discover.Inventory, opts render.Options) *compare.Idle {
	same := &compare.Trees{Head: s.tree, Base: s.tree}
	return compare.NewIdle(same, inv, compare.NewReach(same, inv), opts.Charts.Texts(ctx))
}

// apart says which units are idle apart from those that are asked for.
func (w wanted) apart(idle *compare.Idle) func(render.Unit) ([]string, bool) {
	return func(u render.Unit) ([]string, bool) {
		if slices.Contains(w.units, u.ID) {
			return nil, false
		}
		return idle.Unit(u)
	}
}

// collectAll collects what is rendered, and says what the change does to it.
// What cannot be rendered is failed in the ledger.
func collectAll(ctx context.Context, s *opened, secret *scanned, c *changed, d *deployed, want wanted) (*rendered, Record, error) {
	said := newRecord()
	r := &rendered{head: d.head, deployers: deployersOf(d.head.Outcomes)}
	r.doubts = s.collectHead(secret, c, d.found, &r.head, &said)
	if d.base != nil {
		if r.comparison = s.compareWithBase(secret, c, r, d.base, want.judged && c.review, want.before, &said); r.comparison != nil {
			r.places = r.comparison.Places
		}
	}
	return r, said, ctx.Err()
}

// deployersOf says how units are deployed.
func deployersOf(outs []render.Outcome) map[string]attest.Unit {
	of := make(map[string]attest.Unit, len(outs))
	for _, o := range outs {
		u := o.Unit
		of[u.ID] = attest.Unit{
			Unit: facts.Unit{Path: u.Path}, Controller: u.Controller, Below: u.Below || u.Generate,
			Beside: slices.Concat(u.From, u.Beside, u.OptionalValues, []string{u.ControllerFile}),
		}
	}
	return of
}

// renderSide renders what stands in a tree, and what its controllers deploy in
// turn. Base and head of a change go this same way.
func (s *opened) renderSide(ctx context.Context, tree source.Tree, inv *discover.Inventory, opts render.Options, keep func(render.Unit) bool) deploy.Deployed {
	return deploy.Tree(ctx, tree, inv, s.policy.Config, opts, keep)
}

// collectHead collects the units and objects of the judged tree.
func (s *opened) collectHead(secret *scanned, c *changed, found deploy.Deployed, head *compare.Side, said *Record) (doubts map[string]decide.Doubt) {
	for _, u := range found.Left {
		x, _ := s.excludedUnit(u.ID, u.Path)
		said.Ledger = append(said.Ledger, exclusion(facts.Entry{Kind: "unit", ID: u.ID, Place: u.Place}, x))
	}
	got := render.Facts(head.Outcomes, secret.scanner.Redact, s.policy.Config.Workloads...)
	said.Ledger = append(append(said.Ledger, found.Ledger...), asBefore(c, head.Outcomes, got.Ledger)...)
	said.Notes = append(said.Notes, renderNotes(got.Ledger)...)
	said.Notes = append(said.Notes, undeployedNotes(head.Outcomes)...)
	said.Notes = append(said.Notes, variantNotes(head.Outcomes)...)
	said.Notes = append(said.Notes, templateNotes(head.Inventory.Templates, head.Outcomes)...)
	for _, o := range head.Outcomes {
		said.Locators[o.Unit.ID] = o.Locator()
	}
	head.Collected, head.Applications = got, render.Facts(found.Made, secret.scanner.Redact)
	doubts = c.scopes.objects(head)
	maps.Copy(said.Locators, got.Locators)
	return doubts
}

// wantedUnit says whether a unit is to be rendered.
func (s *opened) wantedUnit(u render.Unit) bool {
	_, excluded := s.excludedUnit(u.ID, u.Path)
	return !excluded
}

// templateNotes counts the templates of other tools that no unit takes.
func templateNotes(templates []string, outs []render.Outcome) []string {
	taken := map[string]bool{}
	for _, o := range outs {
		for _, f := range o.Unit.Files {
			taken[f] = true
		}
	}
	names := slices.DeleteFunc(slices.Clone(templates), func(f string) bool { return taken[f] })
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("templates of another tool, not judged: %s (judge what they make, gate check DIR)", first(names))}
}

// variantNotes counts what is judged with inputs that nothing names.
func variantNotes(outs []render.Outcome) []string {
	var names []string
	for _, o := range outs {
		if f := o.Unit.Variant.ByFile(); f != "" && !slices.Contains(names, f) && (o.Rendered == nil || !o.Rendered.AsBefore) {
			names = append(names, f)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no unit names %s: judged as what it could be the values of, and no part of what the change does (units[].values names what is used)", first(names))}
}

// first are the first of some names, and how many more there are.
func first(names []string) string {
	list := strings.Join(names[:min(len(names), maxUndeployed)], ", ")
	if more := len(names) - maxUndeployed; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// maxUndeployed bounds the units that the note on what nothing deploys names.
const maxUndeployed = 3

// undeployedNotes counts what is judged though nothing deploys it.
func undeployedNotes(outs []render.Outcome) []string {
	var ids []string
	for _, o := range outs {
		if o.Unit.Undeployed && o.Unit.Variant == nil && (o.Rendered == nil || !o.Rendered.AsBefore) {
			ids = append(ids, o.Unit.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("nothing in the repository deploys %s: judged as it stands, and no part of what the change does", first(ids))}
}

// baseSide is the base of the change as it is rendered.
type baseSide struct {
	compare.Side
	reach *compare.Reach
	any   bool // the change can have an influence on something that is rendered
}

// renderBase renders the base. Only what the change touches is read and rendered
// once more. Nil if the base cannot be read at all.
func (s *opened) renderBase(ctx context.Context, c *changed, d *deployed, reach *compare.Reach, revision revisionOf, judged bool, said *Record) *baseSide {
	head := d.head
	b := &baseSide{reach: reach, any: reach.Any(head)}
	if !b.any && !judged {
		return b
	}
	inv, err := compare.BaseInventory(ctx, c.trees, reach, head.Inventory, s.discovering(KindBaseFile))
	if err != nil {
		if ctx.Err() == nil {
			said.failed("base", "base", err)
		}
		return nil
	}
	inv.LeaveOut(s.excluded)
	b.Inventory = inv
	if !b.any {
		b.Outcomes, b.Made = head.Outcomes, head.Made
		return b
	}
	opts := s.rendering(KindBase, c.BaseTree, c.identities)
	opts.Reuse, opts.Revision = compare.Reuse(slices.Concat(head.Outcomes, d.found.Tried), reach), revision
	found := s.renderSide(ctx, c.BaseTree, inv, opts, s.wantedUnit)
	b.Outcomes, b.Made, b.Kinds = found.Outcomes, found.Made, found.Kinds
	return b
}

// compareWithBase says of every object what the change does to it.
func (s *opened) compareWithBase(secret *scanned, c *changed, r *rendered, b *baseSide, judged, before bool, said *Record) *compare.Comparison {
	head := r.head
	if !b.any {
		if judged {
			r.base = &compare.Side{Inventory: b.Inventory, Outcomes: head.Outcomes, Made: head.Made}
		}
		return compare.Unchanged(head)
	}
	base := b.Side
	unchanged := compare.Untouched(c.trees, base, head, b.reach)
	changed := make([]render.Outcome, len(base.Outcomes))
	for i, o := range base.Outcomes {
		changed[i] = o
		if unchanged(o.Unit) && o.Rendered != nil { // is the head's; only its definitions of kinds say something about others
			changed[i] = definitionsOf(o)
		}
	}
	base.Collected, base.Applications = render.Facts(changed, nil, s.policy.Config.Workloads...), render.Facts(base.Made, nil)
	c.scopes.objects(&base)
	if judged {
		r.base = &base
	}
	s.baseFaults(base, head, unchanged, b.reach, said)
	got := compare.Objects(compare.Input{
		Trees: c.trees, Head: head, Base: base, Unchanged: unchanged, Redact: secret.scanner.Redact,
		Scope: c.scopes.file, Excluded: s.excluded, Before: before,
	})
	maps.Copy(said.Locators, got.Locators)
	unreadFaults(got.Unread, head, base, said)
	for _, u := range got.Lacking {
		said.Ledger = append(said.Ledger, facts.Entry{
			Kind: "base", ID: u.ID, State: facts.Failed, Place: u.Place, Hint: "fetch the revision that " + u.Controller + " names: git fetch origin REVISION",
			Reason: "what the change does here is not known: " + u.Controller + " names a revision of this repository that the clone does not have",
		})
	}
	return got
}

// definitionsOf is an outcome with the custom resource definitions only.
func definitionsOf(o render.Outcome) render.Outcome {
	out := render.Outcome{Unit: o.Unit, Rendered: &render.Rendered{Unit: o.Unit, AsBefore: o.Rendered.AsBefore}}
	for _, obj := range o.Rendered.Objects {
		if obj.Manifest["kind"] == "CustomResourceDefinition" {
			out.Rendered.Objects = append(out.Rendered.Objects, obj)
		}
	}
	return out
}

// baseFaults enters what of the base could not be read or rendered, where the
// change touches it: what it held is not known.
func (s *opened) baseFaults(base, head compare.Side, unchanged func(render.Unit) bool, reach *compare.Reach, said *Record) {
	told := map[string]bool{} // units that are the head's own, or whose fault at the head stands in the ledger
	for _, o := range base.Outcomes {
		told[o.Unit.ID] = unchanged(o.Unit)
	}
	for _, o := range head.Outcomes {
		told[o.Unit.ID] = told[o.Unit.ID] || o.Err != nil
	}
	fault := func(e facts.Entry) {
		said.Ledger = append(said.Ledger, facts.Entry{
			Kind: "base", ID: e.ID, State: facts.Failed, Place: e.Place, Cause: e.Cause, Hint: cmp.Or(hintOf(e), "compare with the last commit that renders: --base COMMIT"),
			Reason: "what the change does here is not known, the base cannot be read: " + e.Reason,
		})
	}
	for _, e := range base.Inventory.Ledger {
		if e.Kind == "file" && e.State == facts.Failed && reach.Changed(e.ID) && !s.excluded(e.ID) {
			fault(e)
		}
	}
	for _, e := range base.Collected.Ledger {
		if e.Kind == "unit" && e.State == facts.Failed && !told[e.ID] {
			fault(e)
		}
	}
}

// hintOf is what settles a fault of the base: fetching does so on both sides.
func hintOf(e facts.Entry) string {
	if e.Cause == "" {
		return ""
	}
	return e.Hint
}

// unreadFaults enters the files because of which it is not known what the change
// does, where the ledger of their side passes them: what is no Kubernetes
// document to any reader may stand in the place of one.
func unreadFaults(files []compare.Unread, head, base compare.Side, said *Record) {
	failed := map[string]bool{}
	for side, inv := range map[string]*discover.Inventory{"head": head.Inventory, "base": base.Inventory} {
		for _, e := range inv.Ledger {
			if e.State == facts.Failed {
				failed[side+" "+e.ID] = true
			}
		}
	}
	for _, u := range files {
		if !failed[u.Side+" "+u.Path] {
			said.Ledger = append(said.Ledger, facts.Entry{
				Kind: "base", ID: u.Path, State: facts.Failed, Place: u.Place, Hint: "mend the file",
				Reason: "what the change does here is not known, at the " + u.Side + " the file cannot be read: " + u.Reason,
			})
		}
	}
}

// maxRenderNotes bounds what the notes repeat of the ledger.
const maxRenderNotes = 10

// renderNotes repeats for the reader what units said about their rendering: a
// patch that changes nothing, an object that is left out.
func renderNotes(ledger []facts.Entry) []string {
	var notes []string
	more := 0
	seen := map[string]bool{}
	for _, e := range ledger {
		if e.Kind != "render" {
			continue
		}
		text := fmt.Sprintf("%s: %s", e.Place, e.Reason)
		if e.Hint != "" {
			text += " (" + e.Hint + ")"
		}
		switch {
		case seen[text]:
		case len(seen) == maxRenderNotes:
			more++
		default:
			seen[text] = true
			notes = append(notes, text)
		}
	}
	if more > 0 {
		notes = append(notes, fmt.Sprintf("rendering left out or changed nothing at %d more places: see the entries of kind render in the JSON report", more))
	}
	return notes
}

// Rendered is a run up to what would be applied.
type Rendered struct {
	Head       compare.Side
	Comparison *compare.Comparison // nil unless it is asked for and the base can be read
	BaseKnown  bool
	Record     Record
	Scanner    *secrets.Scanner
	InFiles    *secrets.Found // secrets of the files
}

// Render runs the way up to what would be applied, and with diff what the change
// does to it. It renders no other units than those, by id, but for what they need
// and what the change reaches; nil means all. What use is given is closed behind it.
func Render(ctx context.Context, o Options, units []string, diff bool, use func(*Rendered) error) error {
	return prefix(ctx, o, wanted{base: diff, before: diff, units: units}, toRendered, func(_ context.Context, c *chain) error {
		return use(&Rendered{
			Head: c.rendered.head, Comparison: c.rendered.comparison, BaseKnown: c.changed.trees != nil,
			Record: c.record, Scanner: c.scanned.scanner, InFiles: c.scanned.files,
		})
	})
}
