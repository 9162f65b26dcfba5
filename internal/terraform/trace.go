package terraform

import (
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/source"
)

// maxTraceSteps limits how far a changed value is followed.
const maxTraceSteps = 500

// maxTraced limits the values of one stack that are followed; the others stand at
// their blocks.
const maxTraced = 2000

// tracer follows a value that differs between two trees to the place where a
// person changed it: through the names that it refers to, as long as the text is
// the same on both sides.
type tracer struct {
	base, head *loader
	changed    func(string) bool
	steps      int
	inBase     bool // what was found stands in the base
}

func (p *pairs) tracer() *tracer {
	return &tracer{base: p.base.ev.sources.loader, head: p.head.ev.sources.loader, changed: p.changed}
}

// position is the place of a range in the tree of the declarations.
func (d *Declared) position(r hcl.Range) source.Position { return d.ev.sources.loader.position(r) }

// place is where the first of changed paths was changed, of which a place can be
// told.
func (p *pairs) place(b, h *declaration, paths []source.Path) ChangedPlace {
	t := p.tracer()
	if place, ok := p.otherModule(b, h); ok {
		return place
	}
	for _, at := range paths {
		if p.traced++; p.traced > maxTraced {
			break
		}
		if place, ok := p.otherBlocks(b, h, at); ok {
			return place
		}
		x, ok1 := b.argument(at)
		y, ok2 := h.argument(at)
		switch {
		case ok1 && ok2:
			if place, ok := t.find(x, y); ok {
				return p.placed(place, t.inBase)
			}
			return p.placed(y.expr.Range(), false)
		case ok2:
			return p.placed(y.expr.Range(), false)
		case ok1:
			return p.placed(x.expr.Range(), true)
		}
	}
	return ChangedPlace{Position: p.head.position(h.at)}
}

// otherBlocks is the first nested block that only one side has, where a path leads
// to all of a name.
func (p *pairs) otherBlocks(b, h *declaration, at source.Path) (ChangedPlace, bool) {
	before, after := b.native(), h.native()
	if len(at) != 1 || before == nil || after == nil {
		return ChangedPlace{}, false
	}
	name, _ := at[0].(string)
	from, to := blocksNamed(before, name), blocksNamed(after, name)
	had, has := map[string]bool{}, map[string]bool{}
	base, head := p.base.ev.sources.loader, p.head.ev.sources.loader
	for _, x := range from {
		had[base.words(x.Range())] = true
	}
	for _, x := range to {
		if text := head.words(x.Range()); !had[text] {
			return p.placed(x.DefRange(), false), true
		}
		has[head.words(x.Range())] = true
	}
	for _, x := range from {
		if !has[base.words(x.Range())] {
			return p.placed(x.DefRange(), true), true
		}
	}
	return ChangedPlace{}, false
}

func blocksNamed(body *hclsyntax.Body, name string) []*hclsyntax.Block {
	var out []*hclsyntax.Block
	for _, b := range body.Blocks {
		if blockName(b) == name {
			out = append(out, b)
		}
	}
	return out
}

// otherModule is the source of the call, where that is what changed.
func (p *pairs) otherModule(b, h *declaration) (ChangedPlace, bool) {
	for x, y := b.frame.s, h.frame.s; x != nil && y != nil; x, y = x.parent, y.parent {
		if x.node.source == y.node.source || y.node.call == nil {
			continue
		}
		if a := attributes(y.node.call.Body)["source"]; a != nil {
			return p.placed(a.Range, false), true
		}
	}
	return ChangedPlace{}, false
}

func (p *pairs) placed(r hcl.Range, inBase bool) ChangedPlace {
	side := p.head
	if inBase {
		side = p.base
	}
	return ChangedPlace{side.position(r), inBase}
}

// loopPlace is where count or for_each of a block, or of a call of its module,
// changed; where neither did, the zero place.
func (p *pairs) loopPlace(h, b *declaration) ChangedPlace {
	if b == nil || h == nil {
		return ChangedPlace{}
	}
	place, known := p.loops[h.config]
	if !known {
		place = p.newLoopPlace(h, b)
		p.loops[h.config] = place
	}
	return place
}

func (p *pairs) newLoopPlace(h, b *declaration) ChangedPlace {
	t := p.tracer()
	x, y := b.frame, h.frame
	for x.s != nil && y.s != nil {
		if x.loop != nil && y.loop != nil {
			from, to := definition{x.loop, frame{s: x.s}, nil}, definition{y.loop, frame{s: y.s}, nil}
			if from.print() != to.print() {
				if place, ok := t.find(from, to); ok {
					return p.placed(place, t.inBase)
				}
				return p.placed(y.loop.Range(), false)
			}
		}
		x, y = x.s.outside(), y.s.outside()
	}
	return ChangedPlace{}
}

// find returns where x of the base was changed to y of the head. It is not ok
// where nothing is seen to differ.
func (t *tracer) find(x, y definition) (at hcl.Range, ok bool) {
	if t.steps++; t.steps > maxTraceSteps {
		return y.expr.Range(), true
	}
	if t.base.words(x.expr.Range()) != t.head.words(y.expr.Range()) {
		if file := y.expr.Range().Filename; file != x.expr.Range().Filename && !t.changed(file) { // something else gives the value now
			t.inBase = true
			return x.expr.Range(), true
		}
		return t.narrow(x, y).Range(), true
	}
	if file := changedFile(x, y); file != "" {
		return hcl.Range{Filename: file}, true
	}
	for _, ref := range y.expr.Variables() {
		from, ok1 := x.definition(ref)
		to, ok2 := y.definition(ref)
		if !ok1 || !ok2 {
			continue
		}
		name := &hclsyntax.ScopeTraversalExpr{Traversal: ref}
		if x.in.s != nil && y.in.s != nil && x.in.s.print(name, x.in.extra) == y.in.s.print(name, y.in.extra) {
			continue
		}
		if at, ok := t.find(from, to); ok {
			return at, true
		}
	}
	return y.expr.Range(), false
}

// narrow goes down to the member that differs: that on the way to the value, else
// the first.
func (t *tracer) narrow(x, y definition) hcl.Expression {
	differ := func(a, b hcl.Expression) bool { return t.base.words(a.Range()) != t.head.words(b.Range()) }
	from, to := members(x.expr), members(y.expr)
	if from == nil || to == nil {
		return y.expr
	}
	if len(y.path) > 0 {
		b, h := from[y.path[0]], to[y.path[0]]
		if b != nil && h != nil && differ(b, h) {
			return t.narrow(definition{b, x.in, nil}, definition{h, y.in, y.path[1:]})
		}
	}
	for _, item := range itemsOf(y.expr) {
		h := item.expr
		if b := from[item.key]; b == nil {
			return h
		} else if differ(b, h) {
			return t.narrow(definition{b, x.in, nil}, definition{h, y.in, nil})
		}
	}
	for _, item := range itemsOf(x.expr) { // one is gone
		if to[item.key] == nil {
			t.inBase = true
			return item.expr
		}
	}
	return y.expr
}

type item struct {
	key  string
	expr hcl.Expression
}

// itemsOf are the members of an object that is written down.
func itemsOf(e hcl.Expression) []item {
	if p, ok := e.(*hclsyntax.ParenthesesExpr); ok {
		return itemsOf(p.Expression)
	}
	pairs, diags := hcl.ExprMap(e)
	if diags.HasErrors() {
		return nil
	}
	var out []item
	for _, kv := range pairs {
		if key, ok := constant(kv.Key); ok {
			if name, isText := key.(string); isText {
				out = append(out, item{name, kv.Value})
			}
		}
	}
	return out
}

func members(e hcl.Expression) map[string]hcl.Expression {
	var out map[string]hcl.Expression
	for _, i := range itemsOf(e) {
		if out == nil {
			out = map[string]hcl.Expression{}
		}
		out[i.key] = i.expr
	}
	return out
}

// changedFile is a file that both read and that differs, "" if there is none.
func changedFile(x, y definition) string {
	if x.in.s == nil || y.in.s == nil {
		return ""
	}
	native, ok := y.expr.(hclsyntax.Node)
	if !ok {
		return ""
	}
	found := ""
	_ = hclsyntax.VisitAll(native, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || len(call.Args) == 0 || call.Name != "templatefile" && call.Name != "file" && call.Name != "filebase64" && !slices.Contains(digestFunctions, call.Name) {
			return nil
		}
		name, known := knownText(y.in.s.value(call.Args[0], y.in.extra))
		if !known {
			return nil
		}
		head := path.Join(y.in.s.ev.sources.workDir(), name)
		after, err := y.in.s.ev.sources.loader.tree.ReadFile(head)
		before, _ := x.in.s.ev.sources.loader.tree.ReadFile(path.Join(x.in.s.ev.sources.workDir(), name))
		if err == nil && string(before) != string(after) {
			found = head
		}
		return nil
	})
	return found
}
