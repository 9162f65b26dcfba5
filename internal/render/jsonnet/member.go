package jsonnet

import "github.com/google/go-jsonnet/ast"

// member returns what stands under a key of values, the winning layer first,
// and where the field is written.
func (t *trail) member(at []place, key any) ([]place, *ast.LocationRange) {
	switch key := key.(type) {
	case string:
		return t.field(at, key)
	case int:
		return t.element(at, key, 0)
	}
	return nil, nil
}

func (t *trail) field(layers []place, key string) ([]place, *ast.LocationRange) {
	var out []place
	var at *ast.LocationRange
	for i, p := range layers {
		if t.steps++; t.steps > maxSteps {
			return out, at
		}
		found, loc, more := t.fieldOf(layers, i, p, key)
		if found == nil {
			continue
		}
		if at == nil {
			at = loc
		}
		out = append(out, *found)
		if !more {
			break
		}
	}
	return out, at
}

// fieldOf returns the field of one layer; more says that it only adds to what
// the layers below hold.
func (t *trail) fieldOf(layers []place, i int, p place, key string) (found *place, at *ast.LocationRange, more bool) {
	switch n := p.node.(type) {
	case *ast.DesugaredObject:
		env := &scope{up: p.env, vars: map[ast.Identifier]place{}, object: true, self: layers, super: layers[i+1:]}
		for _, b := range n.Locals {
			env.vars[b.Variable] = place{node: b.Body, env: env}
		}
		for j := range n.Fields {
			f := &n.Fields[j]
			name, ok := f.Name.(*ast.LiteralString)
			if ok && name.Value == key {
				return &place{node: f.Body, env: env, unsure: p.unsure}, &f.LocRange, f.PlusSuper
			}
			if ok {
				continue
			}
			if made, ok := t.text(place{node: f.Name, env: p.env}, 1); ok && made == key {
				return &place{node: f.Body, env: env, unsure: p.unsure}, &f.LocRange, f.PlusSuper
			}
		}
	case *ast.Apply: // an object comprehension
		if name, _ := standard(n.Target); name != "$objectFlatMerge" || len(n.Arguments.Positional) != 1 {
			return nil, nil, false
		}
		list := t.value(place{node: n.Arguments.Positional[0].Expr, env: p.env, unsure: p.unsure}, 1)
		for i := 0; ; i++ {
			item, _ := t.element(list, i, 0)
			if item == nil {
				return nil, nil, false
			}
			made := t.values(item, 1)
			if f, at := t.field(made, key); len(f) > 0 {
				return &f[0], at, false
			}
			if len(item) > 0 && item[0].unsure || t.steps > maxSteps {
				return nil, nil, false
			}
		}
	}
	return nil, nil, false
}

// element returns an element of joined lists, the right one first.
func (t *trail) element(layers []place, i, depth int) ([]place, *ast.LocationRange) {
	for n := len(layers) - 1; n >= 0; n-- {
		if t.steps++; t.steps > maxSteps || depth > maxFollow {
			return nil, nil
		}
		p := layers[n]
		switch list := p.node.(type) {
		case *ast.Array:
			if i < len(list.Elements) {
				e := list.Elements[i].Expr
				return []place{{node: e, env: p.env, unsure: p.unsure}}, e.Loc()
			}
			i -= len(list.Elements)
		case *ast.Apply:
			return t.mapped(list, p, i, depth)
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// mapped returns what a comprehension or std.map makes of element i.
func (t *trail) mapped(n *ast.Apply, p place, i, depth int) ([]place, *ast.LocationRange) {
	name, _ := standard(n.Target)
	args := n.Arguments.Positional
	if name != "$flatMapArray" && name != "flatMap" && name != "map" && name != "mapWithIndex" || len(args) != 2 {
		return nil, nil
	}
	fns := t.value(place{node: args[0].Expr, env: p.env}, depth+1)
	fn, ok := first(fns).node.(*ast.Function)
	if !ok || len(fn.Parameters) == 0 {
		return nil, nil
	}
	param := fn.Parameters[len(fn.Parameters)-1].Name
	env := &scope{up: fns[0].env, vars: map[ast.Identifier]place{}}
	item, _ := t.element(t.value(place{node: args[1].Expr, env: p.env}, depth+1), i, depth+1)
	unsure := p.unsure || len(item) == 0
	body := place{node: fn.Body, env: env}
	flat := name == "$flatMapArray" || name == "flatMap"
	if flat {
		list, ok := fn.Body.(*ast.Array)
		if !ok || len(list.Elements) != 1 { // a condition: which item it is, is not known
			unsure = true
			for _, v := range t.value(body, depth+1) {
				if l, ok := v.node.(*ast.Array); ok && len(l.Elements) > 0 {
					list, body.env = l, v.env
					break
				}
			}
		}
		if list == nil || len(list.Elements) == 0 {
			return nil, nil
		}
		body.node = list.Elements[0].Expr
	}
	if !unsure {
		env.vars[param] = item[0]
	} else if name == "$flatMapArray" && len(item) == 0 {
		if known, _ := t.element(t.value(place{node: args[1].Expr, env: p.env}, depth+1), 0, depth+1); known != nil {
			return nil, nil // past the end of a list that is written out
		}
	}
	body.unsure = unsure
	return []place{body}, body.node.Loc()
}
