package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/transition"
)

// RenderOptions say what of a rendering is wanted.
type RenderOptions struct {
	Units  []string // only these, by id; nil: all
	Diff   bool     // compare with Options.Base
	Reveal bool     // secrets as they are
	Origin bool     // say where each object comes from
}

// Rendering is what would be applied, or what the change does to it.
type Rendering struct {
	Objects []RenderedObject // sorted by id
	Deleted []RenderedObject // that only the base has; of a diff only
	// Seeded names the functions by unit of which the output holds stand-ins.
	Seeded map[string][]string
	Failed []facts.Entry // what could not be read or rendered
}

// RenderedObject is one object. Its manifest is redacted unless secrets are to
// be revealed.
type RenderedObject struct {
	facts.Object
	Origin      source.Position
	Differences []transition.Difference // of one that is updated or moved
}

// Render renders what stands below Options.Dir, without judging it.
func Render(ctx context.Context, o Options, want RenderOptions) (*Rendering, error) {
	var out *Rendering
	err := prefix(ctx, o, wanted{base: want.Diff, before: want.Diff}, toRendered, func(_ context.Context, c *chain) error {
		if want.Diff && c.changed.trees == nil && !slices.ContainsFunc(c.record.Ledger, isBaseFault) {
			return usage(errors.New("--diff: there is no base to compare with"))
		}
		p := newPrinter(c, want)
		if err := p.knownUnits(); err != nil {
			return err
		}
		out = p.rendering()
		if !want.Reveal {
			p.hide(out)
		}
		return nil
	})
	return out, err
}

// printer turns what was rendered into what is printed.
type printer struct {
	*chain
	want    RenderOptions
	objects []facts.Object // with what the change does to them
	deleted []facts.Object
	before  map[string]map[string]any // what changed objects were
}

func newPrinter(c *chain, want RenderOptions) *printer {
	p := &printer{chain: c, want: want, objects: slices.Clone(c.rendered.head.Collected.Objects)}
	if d := c.rendered.comparison; d != nil {
		for i := range p.objects {
			p.objects[i].Change = d.Changes[i]
		}
		p.deleted, p.before = d.Deleted, d.Before
	}
	slices.SortFunc(p.objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	return p
}

// hide takes the secrets that files and objects hold out of everything that is
// printed: a variable without a telling name may carry the value of a Secret,
// and a template that fails may say what it was given.
func (p *printer) hide(out *Rendering) {
	got := p.rendered.head.Collected
	var carried []*secrets.Found
	for _, o := range p.objects {
		carried = append(carried, p.scanned.scanner.FromObject(o.ID, got.Raw[o.ID], got.Locators[o.ID], got.Placeholders[o.Unit]...))
	}
	all := secrets.Combine(p.scanned.files, carried, nil).Redactor().Redact
	inObjects := secrets.Combine(&secrets.Found{}, carried, nil).Redactor().Redact
	for _, list := range [][]RenderedObject{out.Objects, out.Deleted} {
		for i, o := range list {
			list[i].Manifest, _ = doc.Rewrite(o.Manifest, inObjects).(map[string]any)
			for k, d := range o.Differences {
				o.Differences[k].Before, o.Differences[k].After = doc.Rewrite(d.Before, inObjects), doc.Rewrite(d.After, inObjects)
			}
		}
	}
	out.Failed = Record{Ledger: out.Failed}.redacted(all).Ledger
}

func isBaseFault(e facts.Entry) bool {
	return e.State == facts.Failed && (e.Kind == "base" || e.Kind == "input" && e.ID == "base")
}

func (p *printer) knownUnits() error {
	var known []string
	for _, u := range p.rendered.head.Collected.Units {
		known = append(known, u.ID)
	}
	for _, u := range p.deleted {
		known = append(known, u.Unit)
	}
	for _, id := range p.want.Units {
		if slices.Contains(known, id) {
			continue
		}
		return usage(fmt.Errorf("--unit %q: there is no such unit%s", id, nearest(id, known)))
	}
	return nil
}

func (p *printer) rendering() *Rendering {
	out := &Rendering{Seeded: map[string][]string{}}
	environments := p.opened.Options.Environments
	wanted := func(unit, environment string) bool {
		return (len(p.want.Units) == 0 || slices.Contains(p.want.Units, unit)) &&
			(len(environments) == 0 || slices.Contains(environments, environment))
	}
	scopes := map[string]facts.Scope{}
	for _, u := range p.rendered.head.Collected.Units {
		scopes[u.ID] = u.Scope
	}
	for _, o := range p.rendered.head.Outcomes {
		if r := o.Rendered; r != nil && r.Seeded && len(r.SeededBy) > 0 && wanted(o.Unit.ID, scopes[o.Unit.ID].Environment) {
			out.Seeded[o.Unit.ID] = r.SeededBy
		}
	}
	for _, o := range p.objects {
		if wanted(o.Unit, o.Environment) {
			out.Objects = append(out.Objects, p.object(o))
		}
	}
	for _, o := range p.deleted {
		if wanted(o.Unit, o.Environment) {
			x := RenderedObject{Object: o}
			if p.want.Origin {
				x.Origin = p.record.Locators[o.ID].Locate(nil).Position
			}
			if p.want.Reveal {
				x.Manifest = p.before[o.ID]
			}
			out.Deleted = append(out.Deleted, x)
		}
	}
	for _, e := range p.record.Ledger {
		if e.State == facts.Failed && p.concerns(e, scopes) {
			out.Failed = append(out.Failed, e)
		}
	}
	return out
}

func (p *printer) object(o facts.Object) RenderedObject {
	x := RenderedObject{Object: o}
	if p.want.Origin {
		x.Origin = p.record.Locators[o.ID].Locate(nil).Position
	}
	after := transition.Side{Raw: p.rendered.head.Collected.Raw[o.ID], Shown: o.Manifest}
	if p.want.Reveal {
		x.Manifest, after.Shown = after.Raw, after.Raw
	}
	if p.before[o.ID] == nil {
		return x
	}
	before := transition.Same(p.before[o.ID])
	if !p.want.Reveal {
		before.Shown = p.scanned.scanner.Redact(before.Raw)
	}
	x.Differences = transition.Diff(before, after)
	return x
}

// concerns says whether a fault is one of rendering, and of the units that are
// wanted.
func (p *printer) concerns(e facts.Entry, scopes map[string]facts.Scope) bool {
	units, environments := p.want.Units, p.opened.Options.Environments
	switch e.Kind {
	case "unit", "base":
		if s, ok := scopes[e.ID]; ok && s.Environment != "" && len(environments) > 0 && !slices.Contains(environments, s.Environment) {
			return false
		}
		return len(units) == 0 || slices.Contains(units, e.ID) || e.ID == "base"
	case "input":
		return e.ID == "base"
	case "exclude":
		return len(units) == 0
	case "file":
		i, found := slices.BinarySearchFunc(p.inventory.Files, e.ID, func(f discover.File, p string) int { return strings.Compare(f.Path, p) })
		if !found {
			return len(units) == 0 // left out by a sparse checkout, say
		}
		switch p.inventory.Files[i].Kind {
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
