package terraform

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// moveStatement is a moved block. Its addresses are relative to the module that
// it stands in, and hold for each instance of that:
// https://developer.hashicorp.com/terraform/language/modules/develop/refactoring
type moveStatement struct {
	in       []string // names of the module calls
	from, to Address  // with an empty type: a module
}

// removal is a removed block:
// https://developer.hashicorp.com/terraform/language/block/removed
type removal struct {
	in      []string
	from    Address
	destroy bool
}

// statements reads what the modules of a stack say about addresses.
func (d *Declared) statements(n *moduleNode) {
	if n == nil || n.module == nil {
		return
	}
	var in []string
	if n.path != "" {
		in = splitPath(n.path)
		d.readable[modulePathAddress(n.path)] = true
	}
	for _, b := range n.module.moves {
		attrs := attributes(b.Body)
		from, ok1 := target(attrs["from"])
		to, ok2 := target(attrs["to"])
		if ok1 && ok2 && (from.Type == "") == (to.Type == "") {
			d.moves = append(d.moves, moveStatement{in, from, to})
		}
	}
	for _, b := range n.module.removals {
		if from, ok := target(attributes(b.Body)["from"]); ok {
			d.removals = append(d.removals, removal{in, from, destroys(b)})
		}
	}
	for _, b := range n.module.imports {
		if a := attributes(b.Body)["to"]; a != nil {
			d.importTo(n, a)
		}
	}
	for name := range n.module.calls {
		d.statements(d.ev.sources.child(n, name))
	}
}

// destroys says whether what a removed block removes is destroyed. Terraform takes
// true where the block does not say; OpenTofu, whose first versions knew no such
// argument, false. What is not said is taken for the worse.
func destroys(b *hcl.Block) bool {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "lifecycle"}}})
	for _, l := range content.Blocks {
		if a := attributes(l.Body)["destroy"]; a != nil {
			return truth(a)
		}
	}
	return true
}

// importTo remembers what an import block imports: with a key that is not written
// down, all instances.
// https://developer.hashicorp.com/terraform/language/block/import
func (d *Declared) importTo(n *moduleNode, a *hcl.Attribute) {
	t, ok := target(a)
	if index, isIndex := a.Expr.(*hclsyntax.IndexExpr); !ok && isIndex {
		t, ok = target(&hcl.Attribute{Expr: index.Collection})
	}
	if ok && t.Type != "" && n.parent == nil {
		d.imports[t.text()] = true
	}
}

func (d *Declared) isImported(x *declaration) bool {
	return d.imports[x.address] || d.imports[x.config]
}

// text writes an address, of a module one without a resource.
func (a Address) text() string {
	out := a.ModuleAddress()
	if a.Type == "" {
		return out
	}
	if out != "" {
		out += "."
	}
	return out + a.Resource() + keySuffix(a.Index)
}

// target reads the address of a resource or module that an argument names.
func target(a *hcl.Attribute) (Address, bool) {
	if a == nil {
		return Address{}, false
	}
	t, diags := hcl.AbsTraversalForExpr(a.Expr)
	if diags.HasErrors() {
		return Address{}, false
	}
	var names []string
	var keys []any // behind each name
	for _, st := range t {
		switch st := st.(type) {
		case hcl.TraverseRoot:
			names, keys = append(names, st.Name), append(keys, nil)
		case hcl.TraverseAttr:
			names, keys = append(names, st.Name), append(keys, nil)
		case hcl.TraverseIndex:
			key, _ := goValue(st.Key)
			if st.Key.Type() != cty.String && st.Key.Type() != cty.Number || keys[len(keys)-1] != nil {
				return Address{}, false
			}
			keys[len(keys)-1] = key
		default:
			return Address{}, false
		}
	}
	out := Address{Mode: "managed"}
	for len(names) >= 2 && names[0] == "module" {
		out.Module = append(out.Module, ModuleStep{names[1], keys[1]})
		names, keys = names[2:], keys[2:]
	}
	if len(names) == 0 {
		return out, len(out.Module) > 0
	}
	if len(names) != 2 || keys[0] != nil {
		return Address{}, false
	}
	out.Type, out.Name, out.Index = names[0], names[1], keys[1]
	return out, true
}

// within splits the steps of a module address that stands in a module, whatever
// its instance.
func within(in []string, steps []ModuleStep) (outer, inner []ModuleStep, ok bool) {
	if len(steps) < len(in) {
		return nil, nil, false
	}
	for i, name := range in {
		if steps[i].Name != name {
			return nil, nil, false
		}
	}
	return steps[:len(in)], steps[len(in):], true
}

// applied is what a moved block makes of an address. Where neither end has a key,
// all instances move and keep theirs; else the one with the key, or the one
// without.
func (m moveStatement) applied(a Address) (Address, bool) {
	outer, inner, ok := within(m.in, a.Module)
	n := len(m.from.Module)
	if !ok || len(inner) < n || m.from.Type != "" && (len(inner) != n || a.Type != m.from.Type || a.Name != m.from.Name || a.Mode != m.from.Mode) {
		return a, false
	}
	module := m.from.Type == ""
	whole := m.from.Index == nil && m.to.Index == nil
	if module {
		whole = m.from.Module[n-1].Index == nil && m.to.Module[len(m.to.Module)-1].Index == nil
	}
	for i, st := range m.from.Module {
		if inner[i].Name != st.Name || inner[i].Index != st.Index && !(module && whole && i == n-1) {
			return a, false
		}
	}
	if !module && !whole && a.Index != m.from.Index {
		return a, false
	}
	to := slices.Clone(m.to.Module)
	if module && whole {
		to[len(to)-1].Index = inner[n-1].Index
	}
	out := a
	out.Module = slices.Concat(outer, to, inner[n:])
	if !module {
		out.Type, out.Name = m.to.Type, m.to.Name
		if !whole {
			out.Index = m.to.Index
		}
	}
	return out, true
}

// concerns says whether a removed block is about an address.
func (r removal) concerns(a Address) bool {
	_, inner, ok := within(r.in, a.Module)
	n := len(r.from.Module)
	if !ok || len(inner) < n {
		return false
	}
	for i, st := range r.from.Module {
		if inner[i].Name != st.Name {
			return false
		}
	}
	return r.from.Type == "" || len(inner) == n && a.Type == r.from.Type && a.Name == r.from.Name
}

// moved follows the moved blocks from an address.
func (d *Declared) moved(a Address) Address {
	for seen := map[string]bool{}; !seen[a.text()]; {
		seen[a.text()] = true
		for _, m := range d.moves {
			if next, ok := m.applied(a); ok {
				a = next
				break
			}
		}
	}
	return a
}

// later is the address at the head of what has an address at the base. Without a
// word, adding or dropping count keeps the only or the first instance:
// https://developer.hashicorp.com/terraform/language/modules/develop/refactoring#enabling-count-or-for_each-for-a-resource
func (d *Declared) later(a Address) Address {
	to := d.moved(a)
	if a.Type == "" || to.text() != a.text() || d.items[a.text()] != nil || d.mentions(a) {
		return to
	}
	switch a.Index {
	case nil:
		to.Index = int64(0)
	case int64(0):
		to.Index = nil
	}
	if d.items[to.text()] == nil || d.open[withoutKeys(to.text())] {
		return a
	}
	return to
}

// mentions says whether a moved block is about a resource, whatever its keys.
func (d *Declared) mentions(a Address) bool {
	a.Index = nil
	for _, m := range d.moves {
		for _, end := range []Address{m.from, m.to} {
			if _, inner, ok := within(m.in, a.Module); ok && end.Type == a.Type && end.Name == a.Name && slices.EqualFunc(inner, end.Module, func(x, y ModuleStep) bool { return x.Name == y.Name }) {
				return true
			}
		}
	}
	return false
}

// forgets says whether a removed block lets a resource go without destroying it.
func (d *Declared) forgets(a Address) bool {
	return slices.ContainsFunc(d.removals, func(r removal) bool { return !r.destroy && r.concerns(a) })
}
