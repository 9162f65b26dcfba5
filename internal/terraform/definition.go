package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// frame is where an expression is evaluated.
type frame struct {
	s      *scope
	extra  map[string]cty.Value
	loop   hcl.Expression    // count or for_each of the block that it stands in
	unit   *terragruntUnit   // of the inputs of a unit whose module is not read
	config *terragruntConfig // of expressions of Terragrunt
}

// definition is an expression that gives a name its value.
type definition struct {
	expr hcl.Expression
	in   frame
	path []string // into the value
}

// outside is the frame of the call that makes the scope.
func (s *scope) outside() frame {
	if s.parent == nil {
		return frame{}
	}
	return frame{s: s.parent, extra: s.caller, loop: loopOf(s.node.call.Body)}
}

// argument is the definition of a value of the declaration: the argument that sets it,
// and the way from there.
func (d *declaration) argument(p source.Path) (definition, bool) {
	if d.frame.unit != nil && len(p) > 0 {
		name, _ := p[0].(string)
		e := d.frame.unit.inputExpr[name]
		e.path = textSteps(p[1:])
		return e, e.expr != nil
	}
	if d.block == nil {
		return definition{}, false
	}
	body := d.block.Body
	for len(p) > 0 {
		name, _ := p[0].(string)
		if a := attributes(body)[name]; a != nil {
			return definition{a.Expr, d.frame, textSteps(p[1:])}, true
		}
		native, ok := body.(*hclsyntax.Body)
		if !ok {
			return definition{}, false
		}
		list := blocksNamed(native, name)
		p = p[1:]
		i := 0
		if len(p) > 0 {
			if n, ok := p[0].(int); ok {
				i, p = n, p[1:]
			}
		}
		switch {
		case len(list) == 0 || i >= len(list) && list[0].Type != "dynamic":
			return definition{}, false
		case list[min(i, len(list)-1)].Type == "dynamic":
			e := attributes(list[min(i, len(list)-1)].Body)["for_each"]
			if e == nil {
				return definition{}, false
			}
			return definition{e.Expr, d.frame, nil}, true
		case len(p) == 0:
			at := list[i].DefRange()
			return definition{hcl.StaticExpr(cty.DynamicVal, at), d.frame, nil}, true
		}
		body = list[i].Body
	}
	return definition{}, false
}

func textSteps(p source.Path) []string {
	var out []string
	for _, e := range p {
		name, ok := e.(string)
		if !ok {
			return out
		}
		out = append(out, name)
	}
	return out
}

func (d definition) print() string {
	if d.in.s == nil {
		return ""
	}
	return d.in.s.print(d.expr, d.in.extra)
}

// definition is what gives a name of the expression its value.
func (d definition) definition(t hcl.Traversal) (definition, bool) {
	s, name := d.in.s, step(t, 1)
	rest := func(n int) []string { return append(tail(t, n), d.path...) }
	if d.in.config != nil {
		return d.in.config.definition(t, rest)
	}
	if s == nil {
		return definition{}, false
	}
	switch t.RootName() {
	case "each", "count":
		if d.in.loop == nil {
			return definition{}, false
		}
		way := rest(2)
		if key, ok := eachKey(d.in.extra); ok && name == "value" {
			way = append([]string{key}, way...)
		}
		return definition{d.in.loop, frame{s: s}, way}, true
	case "local":
		if a := s.node.module.locals[name]; a != nil {
			return definition{a.Expr, frame{s: s}, rest(2)}, true
		}
	case "var":
		return s.variableDefinition(name, rest(2))
	case "module":
		for _, c := range s.child(name) {
			if b := c.scope.node.module.outputs[step(t, 2)]; b != nil && attributes(b.Body)["value"] != nil {
				return definition{attributes(b.Body)["value"].Expr, frame{s: c.scope}, rest(3)}, true
			}
		}
	case "data":
		if b := s.node.module.resources["data."+name+"."+step(t, 2)]; b != nil {
			return definition{hcl.StaticExpr(cty.DynamicVal, bodyRange(b)), frame{s: s}, nil}, true
		}
	default:
		if b := s.node.module.resources[t.RootName()+"."+name]; b != nil {
			if a := attributes(b.Body)[step(t, 2)]; a != nil {
				return definition{a.Expr, frame{s: s, loop: loopOf(b.Body)}, rest(3)}, true
			}
		}
	}
	return definition{}, false
}

// definition is what gives a name of a Terragrunt configuration its value: a local
// of its own or of what it includes.
func (c *terragruntConfig) definition(t hcl.Traversal, rest func(int) []string) (definition, bool) {
	n := 1
	if t.RootName() == "include" {
		for _, in := range c.includes {
			if in.name == step(t, 1) && in.name != "" {
				c, n = in.config, 3
			} else if in.name == "" {
				c, n = in.config, 2
			}
		}
		if n == 1 || step(t, n-1) != "locals" {
			return definition{}, false
		}
	} else if t.RootName() != "local" {
		return definition{}, false
	}
	if a := c.locals[step(t, n)]; a != nil {
		return definition{a.Expr, frame{config: c}, rest(n + 1)}, true
	}
	return definition{}, false
}

// bodyRange is the text of a block.
func bodyRange(b *hcl.Block) hcl.Range {
	if native, ok := b.Body.(*hclsyntax.Body); ok {
		return hcl.RangeBetween(b.DefRange, native.Range())
	}
	return b.DefRange
}

// variableDefinition is what gives an input variable its value: the argument of
// the call, a variable file, an input of the unit, or its default.
func (s *scope) variableDefinition(name string, way []string) (definition, bool) {
	if s.parent != nil {
		if e := s.args[name]; e != nil {
			return definition{e, s.outside(), way}, true
		}
	} else if e := s.ev.varFiles[name]; e != nil {
		return definition{e, frame{}, way}, true
	} else if u := s.ev.sources.unit; u != nil && u.inputExpr[name].expr != nil {
		return definition{u.inputExpr[name].expr, u.inputExpr[name].in, way}, true
	}
	if b := s.node.module.variables[name]; b != nil {
		if a := attributes(b.Body)["default"]; a != nil {
			return definition{a.Expr, frame{}, way}, true
		}
	}
	return definition{}, false
}

// tail are the names behind the first n steps of a reference.
func tail(t hcl.Traversal, n int) []string {
	var out []string
	for i := n; i < len(t); i++ {
		name := step(t, i)
		if name == "" {
			break
		}
		out = append(out, name)
	}
	return out
}

func eachKey(extra map[string]cty.Value) (string, bool) {
	e, ok := extra["each"]
	if !ok || !e.Type().IsObjectType() || !e.Type().HasAttribute("key") {
		return "", false
	}
	return knownText(e.GetAttr("key"))
}
