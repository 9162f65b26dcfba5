// Package rendition is what `gate render` tells: what would be applied, or what
// the change does to it, without judging any of it.
package rendition

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/pipeline"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/transition"
)

// Options say what of a rendering is wanted.
type Options struct {
	Units  []string // only these, by id; nil: all
	Target string   // only what belongs to it or to all targets; empty: all
	Diff   bool     // compare with the base
	Reveal bool     // secrets as they are
	Origin bool     // say where each object comes from
}

// Rendition is what would be applied, or what the change does to it.
type Rendition struct {
	Objects []Object // sorted by id
	Deleted []Object // that only the base has; of a diff only
	// Seeded names the functions by unit of which the output holds stand-ins.
	Seeded map[string][]string
	Failed []facts.Entry // what could not be read or rendered
}

// Object is one object. Its manifest is redacted unless secrets are to
// be revealed.
type Object struct {
	facts.Object
	Origin      source.Position
	Differences []transition.Difference // of one that is updated or moved
}

// Of renders what stands below o.Dir.
func Of(ctx context.Context, o pipeline.Options, want Options) (*Rendition, error) {
	var out *Rendition
	err := pipeline.Render(ctx, o, want.Units, want.Diff, func(r *pipeline.Rendered) error {
		if want.Diff && !r.BaseKnown && !slices.ContainsFunc(r.Record.Ledger, isBaseFault) {
			return &pipeline.UsageError{Err: errors.New("--diff: there is no base to compare with")}
		}
		p := newPrinter(r, o.Environments, want)
		if err := p.knownUnits(); err != nil {
			return err
		}
		out = p.rendition()
		if !want.Reveal {
			p.hide(out)
		}
		return nil
	})
	return out, err
}

// printer turns what was rendered into what is printed.
type printer struct {
	*pipeline.Rendered
	want    Options
	only    []string       // environments; empty: all
	objects []facts.Object // with what the change does to them
	deleted []facts.Object
	before  map[string]map[string]any // what changed objects were
}

func newPrinter(r *pipeline.Rendered, only []string, want Options) *printer {
	p := &printer{Rendered: r, want: want, only: only, objects: slices.Clone(r.Head.Collected.Objects)}
	if d := r.Comparison; d != nil {
		for i := range p.objects {
			p.objects[i].Change = d.Changes[i]
		}
		p.deleted, p.before = d.Deleted, d.Before
	}
	slices.SortFunc(p.objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	return p
}

// hide takes the secrets that files and objects hold out of everything that is
// printed: a variable without a telling name may carry the value of a Secret, where
// that is no common word, and a template that fails may say what it was given.
func (p *printer) hide(out *Rendition) {
	got := p.Head.Collected
	var carried []*secrets.Found
	for _, o := range p.objects {
		carried = append(carried, p.Scanner.FromObject(o.ID, got.Raw[o.ID], got.Locators[o.ID], got.Placeholders[o.Unit]...))
	}
	all := secrets.Combine(p.InFiles, carried, nil)
	repeated := all.Repeated()
	for _, list := range [][]Object{out.Objects, out.Deleted} {
		for i, o := range list {
			list[i].Manifest = repeated.Hide(o.Manifest)
			for k, d := range o.Differences {
				o.Differences[k].Before, o.Differences[k].After = doc.Rewrite(d.Before, repeated.Words), doc.Rewrite(d.After, repeated.Words)
				o.Differences[k].Path = repeated.Words(d.Path)
			}
		}
	}
	out.Failed = pipeline.Record{Ledger: out.Failed}.Redacted(all.Redactor().Redact).Ledger
}

func isBaseFault(e facts.Entry) bool {
	return e.State == facts.Failed && (e.Kind == "base" || e.Kind == "input" && e.ID == "base")
}

func (p *printer) knownUnits() error {
	var known []string
	for _, u := range p.Head.Collected.Units {
		known = append(known, u.ID)
	}
	for _, u := range p.deleted {
		known = append(known, u.Unit)
	}
	for _, id := range p.want.Units {
		if slices.Contains(known, id) {
			continue
		}
		return &pipeline.UsageError{Err: fmt.Errorf("--unit %q: there is no such unit%s", id, config.DidYouMean(id, known))}
	}
	return nil
}

func (p *printer) rendition() *Rendition {
	out := &Rendition{Seeded: map[string][]string{}}
	wanted := func(unit string, s facts.Scope) bool {
		return (len(p.want.Units) == 0 || slices.Contains(p.want.Units, unit)) &&
			(len(p.only) == 0 || slices.Contains(p.only, s.Environment)) &&
			(p.want.Target == "" || s.Target == "" || s.Target == p.want.Target)
	}
	scopes := map[string]facts.Scope{}
	for _, u := range p.Head.Collected.Units {
		scopes[u.ID] = u.Scope
	}
	for _, o := range p.Head.Outcomes {
		if r := o.Rendered; r != nil && r.Seeded && len(r.SeededBy) > 0 && wanted(o.Unit.ID, scopes[o.Unit.ID]) {
			out.Seeded[o.Unit.ID] = r.SeededBy
		}
	}
	for _, o := range p.objects {
		if wanted(o.Unit, o.Scope) {
			out.Objects = append(out.Objects, p.object(o))
		}
	}
	for _, o := range p.deleted {
		if wanted(o.Unit, o.Scope) {
			x := Object{Object: o}
			if p.want.Origin {
				x.Origin = p.Record.Locators[o.ID].Locate(nil).Position
			}
			if p.want.Reveal {
				x.Manifest = p.before[o.ID]
			}
			out.Deleted = append(out.Deleted, x)
		}
	}
	for _, e := range p.Record.Ledger {
		if e.State == facts.Failed && p.concerns(e, scopes) {
			out.Failed = append(out.Failed, e)
		}
	}
	return out
}

func (p *printer) object(o facts.Object) Object {
	x := Object{Object: o}
	if p.want.Origin {
		x.Origin = p.Record.Locators[o.ID].Locate(nil).Position
	}
	after := transition.Side{Raw: p.Head.Collected.Raw[o.ID], Shown: o.Manifest}
	if p.want.Reveal {
		x.Manifest, after.Shown = after.Raw, after.Raw
	}
	if p.before[o.ID] == nil {
		return x
	}
	before := transition.Same(p.before[o.ID])
	if !p.want.Reveal {
		before.Shown = p.Scanner.Redact(before.Raw)
	}
	x.Differences = transition.Diff(before, after)
	return x
}

// concerns says whether a fault is one of rendering, and of the units that are
// wanted.
func (p *printer) concerns(e facts.Entry, scopes map[string]facts.Scope) bool {
	units := p.want.Units
	switch e.Kind {
	case "unit", "base":
		if s, ok := scopes[e.ID]; ok && s.Environment != "" && len(p.only) > 0 && !slices.Contains(p.only, s.Environment) {
			return false
		}
		return len(units) == 0 || slices.Contains(units, e.ID) || e.ID == "base"
	case "input":
		return e.ID == "base"
	case "exclude":
		return len(units) == 0
	case "file":
		i, found := slices.BinarySearchFunc(p.Head.Inventory.Files, e.ID, func(f discover.File, p string) int { return strings.Compare(f.Path, p) })
		if !found {
			return len(units) == 0 // left out by a sparse checkout, say
		}
		switch p.Head.Inventory.Files[i].Kind {
		case discover.KindTerraform, discover.KindWorkflow, discover.KindCodeowners, discover.KindCatalogInfo, discover.KindConfig, discover.KindAttributes:
			return false
		}
		return len(units) == 0 || slices.ContainsFunc(units, func(id string) bool { return besideUnit(id, e.ID) })
	}
	return false
}

// besideUnit says whether a file stands in or below the directory of a unit:
// it may be what the unit lacks.
func besideUnit(unit, file string) bool {
	_, dir, _ := strings.Cut(unit, ":")
	dir, _, _ = strings.Cut(dir, "@")
	return dir == "." || path.Dir(file) == dir || strings.HasPrefix(file, dir+"/")
}
