package deploy

import (
	"context"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/manifest"
)

// varied plans the whole once more, with the variants, and with what objects
// deploy that only variants have. None of that changes what is deployed.
func (t *rounds) varied(ctx context.Context, raw, found []deployer, l *left) Deployed {
	var beside []deployer
	for generation := 0; ; generation++ {
		p := t.plan(raw, found, l, true, beside)
		list := t.render(ctx, p.units)
		more := t.onlyInVariants(p, list, slices.Concat(raw, found))
		if len(more) <= len(beside) || generation == maxGenerations || ctx.Err() != nil {
			return t.deployed(p, list)
		}
		beside = more
	}
}

// onlyInVariants are the objects of variants that may deploy something and that
// nothing deploys as they are.
func (t *rounds) onlyInVariants(p plan, list []*rendering, known []deployer) []deployer {
	called := map[string][]deployer{}
	for _, d := range known {
		called[d.id()] = append(called[d.id()], d)
	}
	var out []deployer
	take := func(r *rendering, v *facts.Variant, objects []render.Object) {
		for i, obj := range objects {
			if !ofController(obj.Manifest) {
				continue
			}
			d := newDeployer(obj.Manifest, obj.Locator, obj.File)
			if slices.ContainsFunc(called[d.id()], func(have deployer) bool { return reflect.DeepEqual(have.obj, d.obj) }) {
				continue
			}
			d.by, d.number, d.aside = r, i, v
			called[d.id()] = append(called[d.id()], d)
			out = append(out, d)
		}
	}
	for i, r := range list {
		if r.outcome.Rendered == nil {
			continue
		}
		if v := p.units[i].Variant; v != nil {
			take(r, v, r.outcome.Rendered.Objects)
		}
		for _, x := range r.outcome.Rendered.Variants {
			v := *x.Unit.Variant
			v.Of = p.units[i].ID
			take(r, &v, x.Objects)
		}
	}
	return out
}

// ofController says whether an object is one of Argo CD or Flux: it deploys others,
// or is named by those that do.
func ofController(object map[string]any) bool {
	group := manifest.Group(doc.Text(object, "apiVersion"))
	return group == "argoproj.io" || group == "fluxcd.controlplane.io" || strings.HasSuffix(group, ".fluxcd.io")
}

// besides adds what objects deploy that only variants have, beside all others.
func (p *planner) besides(objects, all []deployer) {
	if len(objects) == 0 {
		return
	}
	known, made, at := p.known, p.made, maps.Clone(p.at)
	for i := range objects {
		p.aside = objects[i].aside
		first := len(p.units)
		p.controllers(objects[i:i+1], slices.Concat(all, objects))
		for j := range p.units[first:] { // those of which it is known at once that they fail, too
			u := &p.units[first+j]
			u.Variant, u.Undeployed = p.aside, true
		}
	}
	p.aside, p.known, p.made, p.at = nil, known, made, at
}

// variantName tells a variant from others in the id of its unit.
func variantName(u render.Unit) string {
	v := u.Variant
	if (v.By == facts.VariantFile || v.By == facts.VariantLink) && u.Controller == "" {
		return strings.TrimPrefix(v.With, u.Path+"/")
	}
	name := u.Controller
	if v.By == facts.VariantOverride {
		name = path.Base(v.With)
	}
	return strings.ReplaceAll(name, "/", "-") + "@variant"
}
