package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/render"
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
	ctx, cancel := withDeadline(ctx, o.Deadline)
	defer cancel()
	r, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.discover(ctx); err != nil {
		return nil, cause(ctx, err)
	}
	if err := r.readRepository(ctx); err != nil {
		return nil, cause(ctx, err)
	}
	if !want.Diff {
		r.change.BaseTree = nil // nobody asks what differs
	}
	scanner, err := secrets.NewScanner()
	if err != nil {
		return nil, err
	}
	r.keepBefore = want.Diff
	got := r.render(ctx, scanner)
	if ctx.Err() != nil {
		return nil, cause(ctx, ctx.Err())
	}
	if want.Diff && r.change.BaseTree == nil && !slices.ContainsFunc(r.ledger, isBaseFault) {
		return nil, usage(errors.New("--diff: there is no base to compare with"))
	}
	if err := r.knownUnits(want.Units, got); err != nil {
		return nil, err
	}
	out := r.rendering(scanner, got, want)
	if !want.Reveal {
		r.hide(scanner, got, out)
	}
	return out, nil
}

// hide takes the secrets that objects hold out of everything else that is
// printed: a variable without a telling name may carry the value of a Secret,
// and a template that fails may say what it was given.
func (r *run) hide(scanner *secrets.Scanner, got *render.Collected, out *Rendering) {
	var carried []*secrets.Found
	for _, o := range r.facts.Objects {
		carried = append(carried, scanner.FromObject(o.ID, got.Raw[o.ID], r.locators[o.ID], got.Placeholders[o.Unit]...))
	}
	r.redact = secrets.Combine(&secrets.Found{}, carried, func(string) []string { return nil }).Redactor().Redact
	for _, list := range [][]RenderedObject{out.Objects, out.Deleted} {
		for i, o := range list {
			list[i].Manifest, _ = r.redactStrings(o.Manifest).(map[string]any)
			for k, d := range o.Differences {
				o.Differences[k].Before, o.Differences[k].After = r.redactStrings(d.Before), r.redactStrings(d.After)
			}
		}
	}
	for i, e := range out.Failed {
		out.Failed[i].Reason, out.Failed[i].Hint = r.redact(e.Reason), r.redact(e.Hint)
	}
}

// redactStrings is a copy of v without known secrets.
func (r *run) redactStrings(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = r.redactStrings(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = r.redactStrings(e)
		}
		return out
	case string:
		return r.redact(v)
	}
	return v
}

func isBaseFault(e facts.Entry) bool {
	return e.State == facts.Failed && (e.Kind == "base" || e.Kind == "input" && e.ID == "base")
}

func (r *run) knownUnits(ids []string, got *render.Collected) error {
	var known []string
	for _, u := range got.Units {
		known = append(known, u.ID)
	}
	for _, u := range r.facts.DeletedObjects {
		known = append(known, u.Unit)
	}
	for _, id := range ids {
		if slices.Contains(known, id) {
			continue
		}
		hint := ""
		if near := config.Nearest(id, known); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return usage(fmt.Errorf("--unit %q: there is no such unit%s", id, hint))
	}
	return nil
}

func (r *run) rendering(scanner *secrets.Scanner, got *render.Collected, want RenderOptions) *Rendering {
	out := &Rendering{Seeded: map[string][]string{}}
	wanted := func(unit, environment string) bool {
		return (len(want.Units) == 0 || slices.Contains(want.Units, unit)) &&
			(len(r.o.Environments) == 0 || slices.Contains(r.o.Environments, environment))
	}
	scopes := map[string]facts.Scope{}
	for _, u := range got.Units {
		scopes[u.ID] = u.Scope
		if wanted(u.ID, u.Environment) {
			if functions := r.seeded[u.ID]; len(functions) > 0 {
				out.Seeded[u.ID] = functions
			}
		}
	}
	for _, o := range r.facts.Objects {
		if wanted(o.Unit, o.Environment) {
			out.Objects = append(out.Objects, r.renderedObject(scanner, got, o, want))
		}
	}
	for _, o := range r.facts.DeletedObjects {
		if wanted(o.Unit, o.Environment) {
			x := RenderedObject{Object: o}
			if want.Origin {
				x.Origin = r.locators[o.ID].Locate(nil).Position
			}
			if want.Reveal {
				x.Manifest = r.before.raw[o.ID]
			}
			out.Deleted = append(out.Deleted, x)
		}
	}
	for _, e := range r.ledger {
		if e.State == facts.Failed && r.concerns(e, want.Units, scopes) {
			out.Failed = append(out.Failed, e)
		}
	}
	return out
}

func (r *run) renderedObject(scanner *secrets.Scanner, got *render.Collected, o facts.Object, want RenderOptions) RenderedObject {
	x := RenderedObject{Object: o}
	if want.Origin {
		x.Origin = r.locators[o.ID].Locate(nil).Position
	}
	after := transition.Side{Raw: got.Raw[o.ID], Shown: o.Manifest}
	if want.Reveal {
		x.Manifest, after.Shown = after.Raw, after.Raw
	}
	if r.before == nil || r.before.raw[o.ID] == nil {
		return x
	}
	before := transition.Same(r.before.raw[o.ID])
	if !want.Reveal {
		before.Shown = scanner.Redact(before.Raw)
	}
	x.Differences = transition.Diff(before, after)
	return x
}

// concerns says whether a fault is one of rendering, and of the units that are
// wanted.
func (r *run) concerns(e facts.Entry, units []string, scopes map[string]facts.Scope) bool {
	switch e.Kind {
	case "unit", "base":
		if s, ok := scopes[e.ID]; ok && s.Environment != "" && len(r.o.Environments) > 0 && !slices.Contains(r.o.Environments, s.Environment) {
			return false
		}
		return len(units) == 0 || slices.Contains(units, e.ID) || e.ID == "base"
	case "input":
		return e.ID == "base"
	case "exclude":
		return len(units) == 0
	case "file":
		i, found := slices.BinarySearchFunc(r.inv.Files, e.ID, func(f discover.File, p string) int { return strings.Compare(f.Path, p) })
		if !found {
			return len(units) == 0 // left out by a sparse checkout, say
		}
		switch r.inv.Files[i].Kind {
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
