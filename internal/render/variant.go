package render

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render/engine"
	"gate/internal/source"
)

// Expand puts what units render to under other circumstances behind them, as
// units of their own.
func Expand(outs []Outcome) []Outcome {
	if !slices.ContainsFunc(outs, func(o Outcome) bool { return o.Rendered != nil && len(o.Rendered.Variants) > 0 }) {
		return outs
	}
	var out []Outcome
	for _, o := range outs {
		out = append(out, o)
		if o.Rendered == nil {
			continue
		}
		for _, v := range o.Rendered.Variants {
			r := *v
			u := o.Unit
			variant := *v.Unit.Variant
			variant.Of = u.ID
			u.ID, u.Variant, u.Undeployed = u.ID+"@"+v.called, &variant, true
			u.KubeVersion, u.APIVersions, u.told = v.Unit.KubeVersion, v.Unit.APIVersions, v.Unit.told
			r.Unit, r.Sources, r.Closure = u, o.Rendered.Sources, ""
			out = append(out, Outcome{Unit: u, Rendered: &r})
		}
	}
	return out
}

// vary renders a unit under the circumstances that were found to render to
// something else, and keeps of each the objects that differ.
func (s *Renderer) vary(ctx, run context.Context, r *Rendered) error {
	if len(r.found) == 0 {
		return nil
	}
	have := map[string][]map[string]any{}
	for _, o := range r.Objects {
		name := nameOf(o.Manifest)
		have[name] = append(have[name], o.Manifest)
	}
	names := map[string]int{}
	for _, x := range r.found {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		v, err := s.variant(ctx, run, r, x)
		if err != nil {
			r.Open = append(r.Open, OpenBranch{Place: r.Unit.Place, Beyond: exceeds(err), Msg: fmt.Sprintf("not rendered where %s: %s", x.told.words(), err)})
			continue
		}
		if most := s.opts.Limits.Objects; len(v.Objects) > most {
			r.Open = append(r.Open, OpenBranch{Place: r.Unit.Place, Beyond: true, Msg: fmt.Sprintf("more than the limit of %d objects where %s", most, x.told.words())})
			continue
		}
		turned := len(x.told.turn) > 0
		v.Objects = slices.DeleteFunc(v.Objects, func(o Object) bool {
			name := nameOf(o.Manifest)
			secret := turned && doc.Text(o.Manifest, "kind") == "Secret"
			if slices.ContainsFunc(have[name], func(m map[string]any) bool { return sameBut(m, o.Manifest, secret) }) {
				return true
			}
			if !turned {
				have[name] = append(have[name], o.Manifest)
			}
			return false
		})
		if len(v.Objects) == 0 {
			continue
		}
		name := x.told.name()
		if names[name]++; names[name] > 1 {
			name += fmt.Sprintf("-%d", names[name])
		}
		variant := &facts.Variant{By: facts.VariantCircumstance, With: x.told.words(), At: []string{}}
		for _, b := range x.on {
			variant.Hangs = b.On.String()
			at := x.place(b)
			if text := fmt.Sprintf("%s:%d", at.File, at.Line); !slices.Contains(variant.At, text) {
				variant.At = append(variant.At, text)
			}
		}
		v.Unit.Variant, v.called = variant, name
		r.Variants = append(r.Variants, v)
	}
	return nil
}

// variant renders a unit under another circumstance: of a chart as it stands only
// the files that differ.
func (s *Renderer) variant(ctx, run context.Context, r *Rendered, x explored) (*Rendered, error) {
	u := r.Unit
	u.told = x.told
	if x.told.version != "" && u.Kind == KindHelm {
		u.KubeVersion = x.told.version
	}
	if u.Kind == KindHelm && len(u.PostRenderers) == 0 && u.Substitute == nil && x.build != nil {
		v := &Rendered{Unit: u, Placeholders: x.stand}
		if err := x.build(u, v); err != nil {
			return nil, err
		}
		v.commonMetadata()
		return v, nil
	}
	return s.dispatch(ctx, run, u)
}

// nameOf is what an object is called.
func nameOf(m map[string]any) string {
	return strings.Join([]string{doc.Text(m, "apiVersion"), doc.Text(m, "kind"), doc.Text(m, "metadata", "namespace"), doc.Text(m, "metadata", "name")}, "\x00")
}

// sameBut says whether two values are the same, but for checksums, which say that
// something else is other; of a Secret its data does not count, as it is what it
// is whatever it holds.
func sameBut(a, b any, secret bool) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, e := range a {
			f, ok := b[k]
			if !ok {
				return false
			}
			if _, text := e.(string); text && strings.Contains(k, "checksum") || secret && (k == "data" || k == "stringData") {
				continue
			}
			if !sameBut(e, f, false) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, func(x, y any) bool { return sameBut(x, y, false) })
	}
	return reflect.DeepEqual(a, b)
}

// exploredIn completes what was found with how it is built and where it stands.
func (s *Renderer) exploredIn(in *input, e *exploration, values map[string]any) []explored {
	out := e.found
	for i := range out {
		x := &out[i]
		x.place = func(b engine.Branch) source.Position { return e.prepared.position(b.File, b.Line, 0) }
		x.build = func(u Unit, v *Rendered) error {
			res := &engine.Result{Files: x.files}
			m := newHelmMapping(s, in, u, e.prepared, res, values)
			if err := e.prepared.objects(u, m, v, res, s.opts.Limits.Objects); err != nil {
				return err
			}
			if u.SkipTests {
				v.Objects = slices.DeleteFunc(v.Objects, func(o Object) bool { return testHook(o.Hook) })
			}
			return nil
		}
	}
	return out
}
