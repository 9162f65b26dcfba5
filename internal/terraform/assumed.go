package terraform

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
	"gate/internal/source"
)

// A well-known module that is not in the tree is judged by its arguments: a table
// says which attributes of which resources they become (rules/data/modules). What the
// table does not say is not known, and no rule may take it for unset.

// assumed is a resource that a table makes of the arguments of a call.
type assumed struct {
	facts.Resource
	at source.Locator
}

// assumed reads what tables make of the calls that cannot be read, and says at the
// calls that they do.
func (ev *evaluation) assumed(calls []unreadCall) []assumed {
	if len(calls) == 0 {
		return nil
	}
	byAddress := map[string]*unreadCall{}
	for i := range calls {
		byAddress[calls[i].address] = &calls[i]
	}
	var out []assumed
	var visit func(s *scope)
	visit = func(s *scope) {
		for _, name := range slices.Sorted(maps.Keys(s.node.module.calls)) {
			call := byAddress[modulePathAddress(joinModule(s.node.path, name))]
			if call != nil && call.node.version != "" || call != nil && call.node.source != "" {
				if t := ev.sources.loader.tables.of(call.node.source, call.node.version); t != nil {
					call.table = t.name
					out = append(out, s.assume(call.node, name, t)...)
				}
			}
			for _, c := range s.child(name) {
				visit(c.scope)
			}
		}
	}
	visit(ev.root)
	return out
}

// assume reads the resources of a table as if it were the module of the call.
func (s *scope) assume(node *moduleNode, name string, t *moduleTable) []assumed {
	stand := *node
	stand.module, stand.children = t.module, nil
	args := s.arguments(node.call)
	var out []assumed
	for _, in := range s.expand(node.call.Body) {
		c := s.instanceScope(&stand, name, in, args)
		if t.submodule != "" {
			c.vars["submodule"] = cty.StringVal(t.submodule)
		}
		out = append(out, c.table(t)...)
	}
	return out
}

// table reads the resources of a table in the scope of its arguments.
func (s *scope) table(t *moduleTable) []assumed {
	var out []assumed
	for _, key := range t.module.order {
		b := t.module.resources[key]
		for _, r := range s.resource(key) {
			r.Partial = true
			s.forget(&r, b, t)
			if t.loose && len(r.After) == 0 && len(r.Unknown) == 0 {
				continue // whether the module makes it is not known either
			}
			out = append(out, assumed{r, s.argumentLocator(r, b)})
		}
	}
	return out
}

// forget takes out what hangs on arguments that the call does not give, where the
// table does not know their defaults.
func (s *scope) forget(r *facts.Resource, b *hcl.Block, t *moduleTable) {
	for _, top := range slices.Concat(slices.Collect(maps.Keys(r.After)), slices.Collect(maps.Keys(r.Unknown))) {
		for _, ref := range expressionsOf(b, top) {
			name := step(ref, 1)
			if ref.RootName() != "var" || name == "submodule" {
				continue
			}
			v := t.module.variables[name]
			if s.args[name] == nil && (t.loose || v == nil || attributes(v.Body)["default"] == nil) {
				delete(r.After, top)
				delete(r.Unknown, top)
				delete(r.Expressions, top)
			}
		}
	}
	r.Sensitive = slices.DeleteFunc(r.Sensitive, func(p []any) bool {
		name, _ := p[0].(string)
		_, kept := r.After[name]
		return !kept
	})
}

// expressionsOf are the names that an argument or the blocks of a name refer to.
func expressionsOf(b *hcl.Block, name string) []hcl.Traversal {
	if a := attributes(b.Body)[name]; a != nil {
		return a.Expr.Variables()
	}
	native := nativeBody(b)
	if native == nil {
		return nil
	}
	var out []hcl.Traversal
	for _, nested := range native.Blocks {
		if blockName(nested) == name {
			out = append(out, bodyVariables(nested.Body)...)
		}
	}
	return out
}

// argumentLocator leads to the argument of the call that a value comes from.
func (s *scope) argumentLocator(r facts.Resource, b *hcl.Block) source.Locator {
	in, _ := s.instance(b.Labels[0]+"."+b.Labels[1], b, r.Index)
	d := &declaration{block: b, frame: frame{s: s, extra: in.extra, loop: loopOf(b.Body)}}
	l := s.ev.sources.loader
	if s.node.call == nil {
		return s.inputLocator(d)
	}
	related := s.ev.sources.calls(s.node.parent)
	return source.LocatorFunc(func(p source.Path) source.Location {
		whole := source.Location{Position: l.position(s.node.call.DefRange), Related: related}
		if s.node.parent.remote {
			return s.ev.sources.inCall(s.node, nil).Locate(nil)
		}
		from, ok := s.origin(d, p)
		if !ok {
			return whole
		}
		at := l.position(from.expr.Range())
		for _, a := range attributes(s.node.call.Body) {
			if a.Expr == from.expr {
				at = l.position(attributeRange(a))
			}
		}
		whole.Position = l.inExpression(from.expr, at, steady(from.path), nil)
		if at, ok := s.givenArgument(r, from, p); ok {
			whole.Related = append([]source.Related{{Role: "definition", Position: whole.Position}}, related...)
			whole.Position = at
		}
		return whole
	})
}

// givenArgument is where a file of variables gives what an argument hands on.
func (s *scope) givenArgument(r facts.Resource, from definition, p source.Path) (source.Position, bool) {
	addr, err := ParseAddress(r.Address)
	if err != nil || len(addr.Module) == 0 || from.in.s != s.parent {
		return source.Position{}, false
	}
	f := &follower{s: s.ev.sources, node: s.node.parent, block: s.node.call, expr: from.expr, rest: steady(from.path)}
	for _, step := range addr.Module {
		f.keys, f.key = append(f.keys, step.Index), step.Index
	}
	f.keys = f.keys[:len(f.keys)-1]
	f.value = r.After
	for _, step := range p {
		f.value = memberOrElement(f.value, step)
	}
	return f.follow()
}

// origin is the argument that a value of a table's resource comes from.
func (s *scope) origin(d *declaration, p source.Path) (definition, bool) {
	from, ok := d.argument(p)
	for range maxModuleDepth {
		if !ok || from.in.s != s {
			break
		}
		from, ok = s.given(from)
	}
	return from, ok && from.in.s != s
}

// given follows the first name of an expression that leads out to an argument.
func (s *scope) given(d definition) (definition, bool) {
	for _, ref := range d.expr.Variables() {
		if s.parent == nil && ref.RootName() == "var" && s.args[step(ref, 1)] == nil {
			continue // a default
		}
		if next, ok := d.definition(ref); ok && next.expr != nil && (next.in.s == s || next.in.s == s.parent) {
			return next, true
		}
	}
	return definition{}, false
}

// steady is a path whose numbers are indices.
func steady(names []string) source.Path {
	out := make(source.Path, len(names))
	for i, n := range names {
		if index, err := strconv.Atoi(n); err == nil {
			out[i] = index
		} else {
			out[i] = n
		}
	}
	return out
}

// arguments are the expressions that a call hands to its module.
func (s *scope) arguments(call *hcl.Block) map[string]hcl.Expression {
	out := map[string]hcl.Expression{}
	for arg, a := range attributes(call.Body) {
		switch arg {
		case "source", "version", "count", "for_each", "providers", "depends_on":
		default:
			out[arg] = a.Expr
		}
	}
	return out
}

// instanceScope is the scope of one instance of a call.
func (s *scope) instanceScope(node *moduleNode, name string, in instance, args map[string]hcl.Expression) *scope {
	given := make(map[string]cty.Value, len(args))
	for arg, e := range args {
		given[arg] = s.value(e, in.extra)
	}
	address := "module." + name + keySuffix(in.key)
	if s.address != "" {
		address = s.address + "." + address
	}
	c := s.ev.scope(node, s, address, given, args)
	c.caller, c.open = in.extra, in.open || s.open
	return c
}

// registryOf is the address of a module in the public registry, with the directory in
// it, and the version that the source itself names; "" for any other source. Modules
// of the registry are repositories named terraform-<provider>-<name>:
// https://developer.hashicorp.com/terraform/registry/modules/publish#requirements
func registryOf(src string) (module, version string) {
	src, query, _ := strings.Cut(src, "?")
	for _, q := range strings.Split(query, "&") {
		if ref, ok := strings.CutPrefix(q, "ref="); ok {
			version = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/tags/"), "v")
		}
		if v, ok := strings.CutPrefix(q, "version="); ok { // of Terragrunt
			version = v
		}
	}
	repository := false
	for _, prefix := range [...]string{"git::", "https://", "ssh://", "git@"} {
		if rest, ok := strings.CutPrefix(src, prefix); ok {
			src, repository = rest, true
		}
	}
	src = strings.Replace(src, "github.com:", "github.com/", 1)
	if rest, ok := strings.CutPrefix(src, "github.com/"); ok {
		src, repository = rest, true
	} else if repository {
		return "", ""
	}
	for _, host := range [...]string{"tfr:///", "tfr://registry.terraform.io/", "registry.terraform.io/", "registry.opentofu.org/"} {
		src = strings.TrimPrefix(src, host)
	}
	root, sub, _ := strings.Cut(src, "//")
	parts := strings.Split(strings.TrimSuffix(root, ".git"), "/")
	switch {
	case repository && len(parts) == 2:
		name, ok := strings.CutPrefix(parts[1], "terraform-")
		provider, rest, cut := strings.Cut(name, "-")
		if !ok || !cut {
			return "", ""
		}
		parts = []string{parts[0], rest, provider}
	case repository || len(parts) != 3:
		return "", ""
	}
	return path.Join(strings.Join(parts, "/"), sub), version
}
