package pipeline

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/repository"
	"gate/internal/source"
	"gate/internal/terraform"
)

// judgeBase judges the base of the change as the head is judged: by the same
// configuration, policies and inputs, but for those that are about the change.
// What it renders to is known already.
func judgeBase(ctx context.Context, c *chain) (*decide.Before, Record, error) {
	said := newRecord()
	base := c.rendered.base
	if base == nil {
		return nil, said, nil
	}
	c.opened.step("judge the base")
	s := *c.opened
	s.tree, s.Plans, s.PlanFiles, s.inputs, s.Trace = c.changed.BaseTree, nil, nil, newInputs(), nil
	s.inputs.protection, s.inputs.provided["protection"] = c.opened.inputs.protection, c.opened.inputs.provided["protection"]
	b := &chain{opened: &s, record: newRecord(), inventory: base.Inventory}
	var err error
	if b.scanned, err = scanBase(ctx, &s, c.scanned, c.changed); err != nil {
		return nil, said, err
	}
	b.changed = &changed{
		ChangeResult: &repository.ChangeResult{Change: facts.Change{Subject: c.changed.Change.Subject, Repository: c.changed.Change.Repository}},
		identities:   c.changed.identities, scopes: scoper{newResolver(s.policy.Config, c.changed.owners, base.Inventory)},
	}
	b.rendered = &rendered{head: s.collect(base, b.scanned, b.changed)}
	for _, o := range base.Outcomes {
		b.record.Locators[o.Unit.ID] = o.Locator()
	}
	maps.Copy(b.record.Locators, b.rendered.head.Collected.Locators)
	idle := func(dir string, _ terraform.Reads) bool { return slices.Contains(c.read.terraform.Idle, dir) }
	var r Record
	if b.read, r, err = readAll(ctx, &s, b.scanned, b.inventory, b.changed, idle); err != nil {
		return nil, said, err
	}
	b.record.add(r)
	if b.gathered, r, err = gather(ctx, &s, b.scanned, b.changed, b.rendered, b.read, b.record.Locators); err != nil {
		return nil, said, err
	}
	b.record.add(r)
	if b.document, r, err = assemble(&s, b.changed, b.read, b.gathered); err != nil {
		return nil, said, err
	}
	b.record.add(r)
	if b.judged, _, err = judge(ctx, &s, b.gathered, b.document, b.record.Locators); err != nil {
		return nil, said, err
	}
	f := b.document.facts
	res, err := decide.Decide(decide.Input{
		Config: s.policy.Config, Subjects: decide.Subjects(f, secretPlaces(b.record.Locators), b.read.doubts, b.fileScope), Environments: f.Environments, Now: s.Now,
		Provided: b.gathered.provided, Local: true, Partial: true, NothingApplied: true, Only: s.Options.Environments,
		Rules: b.judged.rules, Results: b.judged.results, RuleIDs: b.document.ids,
	})
	if err != nil {
		return nil, said, err
	}
	where := c.regions()
	return &decide.Before{
		Findings: c.standing(res.Findings, b.rendered.head.Collected), Renamed: c.renamed(b.rendered.head.Collected), Touched: c.touched(), Unreached: c.unreached(b.record.Ledger),
		Cause: c.causes(where), Changed: where.changed, Was: textAt(s.tree), Is: textAt(c.opened.tree), Redact: b.gathered.repeated.Words,
	}, said, nil
}

// standing are the findings of the base but for those about units that nothing
// deployed there, and that the change has deployed: that they lay in the tree is no
// excuse.
func (c *chain) standing(list []decide.Finding, base *render.Collected) []decide.Finding {
	was, is := undeployed(base), undeployed(c.rendered.head.Collected)
	return slices.DeleteFunc(list, func(f decide.Finding) bool {
		unit, _, _ := strings.Cut(f.Subject.ID, "#")
		now, there := is[unit]
		return was[unit] && there && !now
	})
}

// secretPlaces are the places of secrets, whose values are compared. Those of other
// findings of the base are not asked for: to find them costs as much again.
func secretPlaces(all source.Index) source.Index {
	out := source.Index{}
	for id, l := range all {
		if strings.HasPrefix(id, "secret:") {
			out[id] = l
		}
	}
	return out
}

// collect is a side of which nothing is left out, without secrets, with scopes.
func (s *opened) collect(side *compare.Side, secret *scanned, c *changed) compare.Side {
	out := *side
	out.Collected = render.Facts(side.Outcomes, secret.scanner.Redact, s.policy.Config.Workloads...)
	out.Applications = render.Facts(side.Made, secret.scanner.Redact)
	c.scopes.objects(&out)
	return out
}

// touched says of findings whether the change touches what they are about: the
// lines in which that stands or, where those are not known, the subject or any
// line of the files.
func (c *chain) touched() func(*decide.Finding) bool {
	files, subjects := map[string]bool{}, map[string]bool{}
	for _, f := range c.changed.Change.Files {
		files[f.Path] = true
	}
	for i, o := range c.rendered.head.Collected.Objects {
		if ch := c.rendered.comparison.Changes[i]; ch == nil || ch.Action != "unchanged" {
			subjects[o.ID] = true
		}
	}
	for _, x := range c.read.terraform.Resources {
		if x.Change != nil && x.Change.Action != "unchanged" {
			subjects[x.ID] = true
		}
	}
	trees := c.changed.trees
	return func(f *decide.Finding) bool {
		places := []source.Position{f.Location.Position}
		for _, rel := range f.Location.Related {
			places = append(places, rel.Position)
		}
		if f.Location.Approximate || f.Location.Line < 1 {
			id := f.Subject.ID
			return subjects[id] || subjects[strings.TrimSuffix(path.Dir(id), "/")] ||
				slices.ContainsFunc(places, func(p source.Position) bool { return files[p.File] })
		}
		return slices.ContainsFunc(places, func(p source.Position) bool { return files[p.File] && !trees.Stood(p) })
	}
}

// beforeRedacted is the base with what takes the secrets of both sides out of a
// text: what one side alone knows as a secret stands in the words of the other.
func (c *chain) beforeRedacted() *decide.Before {
	if c.before == nil {
		return nil
	}
	b := *c.before
	base, head := b.Redact, c.words()
	b.Redact = func(text string) string { return base(head(text)) }
	return &b
}
