package terraform

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/facts"
)

// providerInRoot names a provider of the module as the root module configures it.
func (s *scope) providerInRoot(name, alias string) string {
	local := name
	if alias != "" {
		local += "." + alias
	}
	if s.parent == nil {
		return local
	}
	if a := attributes(s.node.call.Body)["providers"]; a != nil {
		pairs, _ := hcl.ExprMap(a.Expr)
		for _, kv := range pairs {
			if traversalText(kv.Key) == local {
				outer, outerAlias, _ := strings.Cut(traversalText(kv.Value), ".")
				return s.parent.providerInRoot(outer, outerAlias)
			}
		}
	}
	if alias != "" {
		return s.address + "." + local
	}
	return s.parent.providerInRoot(name, "")
}

// providersOf are the providers that a call hands to its module, as the root module
// configures them.
func (s *scope) providersOf(call *hcl.Block) map[string]any {
	out := map[string]any{}
	if a := attributes(call.Body)["providers"]; a != nil {
		pairs, _ := hcl.ExprMap(a.Expr)
		for _, kv := range pairs {
			name, alias, _ := strings.Cut(traversalText(kv.Value), ".")
			out[traversalText(kv.Key)] = s.providerInRoot(name, alias)
		}
	}
	return out
}

func traversalText(e hcl.Expression) string {
	if t, diags := hcl.AbsTraversalForExpr(e); !diags.HasErrors() {
		return steps(t)
	}
	if kw := hcl.ExprAsKeyword(e); kw != "" {
		return kw
	}
	v, _ := constant(e)
	text, _ := v.(string)
	return text
}

func (s *scope) declareProviders() {
	for _, b := range s.node.module.providers {
		address := "provider." + b.Labels[0]
		if alias := literal(attributes(b.Body)["alias"]); alias != "" {
			address += "." + alias
		}
		if s.address != "" {
			address = modulePathAddress(s.node.path) + "." + address
		}
		v := s.body(b.Body, nil)
		delete(v.after, "version") // see declareVersions
		s.declare(kindProvider, address, b, instance{}, v).config = address
	}
}

// declareBackend declares the last backend or cloud block: those of override files
// come last.
func (ev *evaluation) declareBackend() {
	var settings []*hcl.Block
	if ev.root != nil {
		settings = ev.root.node.module.settings
	}
	for _, t := range slices.Backward(settings) {
		content, _, _ := t.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"},
		}})
		if len(content.Blocks) == 0 {
			continue
		}
		b := content.Blocks[0]
		v := ev.root.body(b.Body, nil)
		v.after["type"] = strings.Join(append([]string{b.Type}, b.Labels...), " ")
		ev.root.declare(kindBackend, kindBackend, b, instance{}, v).config = kindBackend
		return
	}
	if u := ev.sources.unit; u != nil && u.state != nil {
		attrs := attributes(u.state.Body)
		after := map[string]any{"type": "backend " + literal(attrs["backend"])}
		d := &declaration{kind: kindBackend, address: kindBackend, config: kindBackend, after: after, block: u.state, at: u.state.DefRange, frame: frame{config: u.stateOf}}
		if a := attrs["config"]; a != nil {
			v, _ := u.stateOf.value(a.Expr).UnmarkDeep()
			d.value("config", v, a.Expr, ev.sources.loader)
		}
		ev.declared = append(ev.declared, d)
	}
}

// value adds a value of Terragrunt. What is not known of it counts by its text.
func (d *declaration) value(name string, v cty.Value, expr hcl.Expression, l *loader) {
	known, unknown := goValue(v)
	if known != nil {
		d.after[name] = known
	}
	if v.IsWhollyKnown() && !v.ContainsMarked() {
		return
	}
	if d.prints == nil {
		d.prints, d.unknown = map[string]string{}, map[string]any{}
	}
	if unknown != nil {
		d.unknown[name] = unknown
	}
	if raw, _ := v.UnmarkDeep(); raw.IsWhollyKnown() {
		d.prints[pathKey([]any{name})] = printOf(raw)
	} else if expr != nil {
		d.prints[pathKey([]any{name})] = l.words(expr.Range())
	}
}

// declareUnit declares the module of a Terragrunt unit that comes from elsewhere,
// with its inputs.
func (ev *evaluation) declareUnit() {
	u := ev.sources.unit
	if !u.elsewhere() {
		return
	}
	d := &declaration{
		kind: kindModule, address: terragruntModule, config: terragruntModule, at: u.sourceAt,
		after: map[string]any{"source": u.source}, frame: frame{unit: u},
	}
	for name, v := range u.inputs {
		d.value(name, v, u.inputExpr[name].expr, ev.sources.loader)
	}
	ev.declared = append(ev.declared, d)
}

// declareVersions declares the versions of providers: what is locked, else what
// the modules ask for.
func (ev *evaluation) declareVersions() {
	file := path.Join(ev.sources.stack, ".terraform.lock.hcl")
	ev.reads[file] = true
	versions := map[string]map[string]any{}
	places := map[string]hcl.Range{}
	for key, entry := range ev.sources.lock() {
		versions[key] = map[string]any{"version": doc.Text(entry, "version")}
		places[key] = hcl.Range{Filename: file}
	}
	asked := map[string][]string{}
	seen := map[*module]bool{}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil || seen[n.module] {
			return
		}
		seen[n.module] = true
		for name, r := range n.module.requiredProviders() {
			key := providerKey(name, r.Source)
			if _, locked := versions[key]; !locked && r.Constraint != "" && !slices.Contains(asked[key], r.Constraint) {
				asked[key], places[key] = append(asked[key], r.Constraint), r.Range
			}
		}
		for _, name := range slices.Sorted(maps.Keys(n.module.calls)) {
			visit(ev.sources.child(n, name))
		}
	}
	visit(ev.sources.root)
	for key, list := range asked {
		slices.Sort(list)
		versions[key] = map[string]any{"version": strings.Join(list, ", ")}
	}
	for _, key := range slices.Sorted(maps.Keys(versions)) {
		address := "provider" + keySuffix(key)
		ev.declared = append(ev.declared, &declaration{kind: kindProvider, address: address, config: address, after: versions[key], at: places[key], frame: frame{s: ev.root}})
	}
}

// shown are the values of a declaration that is no resource, without secrets.
func (d *declaration) shown() (map[string]any, *pathSet) {
	var found pathSet
	out, _ := doc.Clone(d.after).(map[string]any)
	redactedPaths(out, nil, &found)
	out = (&masker{}).object(out, nil, "", &found)
	var hide func(v any, at []any)
	hide = func(v any, at []any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				if t, ok := e.(string); ok && d.kind != kindModule && redacted(withoutCredential(k, t)) {
					v[k] = facts.Redacted("sensitive")
					found.add(append(slices.Clone(at), k))
					continue
				}
				hide(e, append(slices.Clone(at), k))
			}
		case []any:
			for i, e := range v {
				hide(e, append(slices.Clone(at), i))
			}
		}
	}
	hide(out, nil)
	return out, &found
}
