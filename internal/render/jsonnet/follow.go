package jsonnet

import (
	"gate/internal/source"

	"github.com/google/go-jsonnet/ast"
)

// maxFollow bounds how many expressions lead to one another.
const maxFollow = 200

// values follows expressions to what they yield: objects, lists, literals,
// calls that are not understood. Of what + joins, the right side is first.
func (t *trail) values(at []place, depth int) []place {
	var out []place
	for _, p := range at {
		out = append(out, t.value(p, depth)...)
	}
	return out
}

func (t *trail) value(p place, depth int) []place {
	if t.steps++; t.steps > maxSteps || depth > maxFollow || p.node == nil {
		if p.ext != nil {
			return []place{p}
		}
		return nil
	}
	to := func(n ast.Node, env *scope) []place {
		return t.value(place{node: n, env: env, unsure: p.unsure}, depth+1)
	}
	switch n := p.node.(type) {
	case *ast.Parens:
		return to(n.Inner, p.env)
	case *ast.Local:
		return to(n.Body, bindAll(p.env, n.Binds))
	case *ast.Var:
		if v, ok := p.env.lookup(n.Id); ok {
			v.unsure = v.unsure || p.unsure
			return t.value(v, depth+1)
		}
	case *ast.Import:
		if file, err := t.imp.resolve(n.Loc().FileName, n.File.Value); err == nil {
			if root, ok := t.parsed(file); ok {
				return to(root, nil)
			}
		}
	case *ast.Binary:
		if n.Op == ast.BopPlus {
			return append(to(n.Right, p.env), to(n.Left, p.env)...)
		}
	case *ast.Conditional:
		both := append(to(n.BranchTrue, p.env), to(n.BranchFalse, p.env)...)
		for i := range both {
			both[i].unsure = true
		}
		return both
	case *ast.Self:
		if s := p.env.around(); s != nil {
			return s.self
		}
	case *ast.SuperIndex:
		if s := p.env.around(); s != nil {
			if key, ok := t.text(place{node: n.Index, env: p.env}, depth+1); ok {
				found, _ := t.member(s.super, key)
				return t.values(found, depth+1)
			}
		}
	case *ast.Index:
		return t.index(n, p, depth)
	case *ast.Apply:
		return t.apply(n, p, depth)
	}
	return []place{p}
}

func (t *trail) index(n *ast.Index, p place, depth int) []place {
	target := t.value(place{node: n.Target, env: p.env, unsure: p.unsure}, depth+1)
	var found []place
	if number, ok := n.Index.(*ast.LiteralNumber); ok {
		if i, err := source.DecodeJSON([]byte(number.OriginalString)); err == nil {
			if i, ok := i.(int64); ok {
				found, _ = t.member(target, int(i))
			}
		}
	} else if key, ok := t.text(place{node: n.Index, env: p.env}, depth+1); ok {
		found, _ = t.member(target, key)
	}
	if found == nil {
		return []place{p}
	}
	return t.values(found, depth+1)
}

// apply follows a call into the function, or through the functions of the
// standard library that hand their arguments on.
func (t *trail) apply(n *ast.Apply, p place, depth int) []place {
	arg := func(i int) place {
		return place{node: n.Arguments.Positional[i].Expr, env: p.env, unsure: p.unsure}
	}
	if name, ok := standard(n.Target); ok {
		given := len(n.Arguments.Positional)
		switch {
		case name == "extVar" && given == 1:
			if key, ok := t.text(arg(0), depth+1); ok {
				for i, v := range t.p.ExtVars {
					if v.Name == key {
						return []place{{ext: &t.p.ExtVars[i]}}
					}
				}
			}
		case name == "prune" && given == 1:
			return t.value(arg(0), depth+1)
		case (name == "mergePatch" || name == "trace") && given == 2:
			out := t.value(arg(1), depth+1)
			if name == "mergePatch" {
				out = append(out, t.value(arg(0), depth+1)...)
			}
			return out
		}
		return []place{p}
	}
	for _, f := range t.value(place{node: n.Target, env: p.env, unsure: p.unsure}, depth+1) {
		if fn, ok := f.node.(*ast.Function); ok {
			return t.value(place{node: fn.Body, env: t.call(fn, f.env, n, p.env), unsure: f.unsure}, depth+1)
		}
	}
	return []place{p}
}

// program follows the function that a program may be, given the top-level
// arguments.
func (t *trail) program(at []place) []place {
	fn, ok := first(at).node.(*ast.Function)
	if !ok {
		return at
	}
	env := t.call(fn, at[0].env, &ast.Apply{}, nil)
	for i, v := range t.p.TLAs {
		env.vars[ast.Identifier(v.Name)] = place{ext: &t.p.TLAs[i]}
	}
	return t.value(place{node: fn.Body, env: env}, 0)
}

// call is the scope of a function's body.
func (t *trail) call(fn *ast.Function, env *scope, n *ast.Apply, caller *scope) *scope {
	s := &scope{up: env, vars: map[ast.Identifier]place{}}
	for i, param := range fn.Parameters {
		if i < len(n.Arguments.Positional) {
			s.vars[param.Name] = place{node: n.Arguments.Positional[i].Expr, env: caller}
			continue
		}
		if param.DefaultArg != nil {
			s.vars[param.Name] = place{node: param.DefaultArg, env: s}
		}
	}
	for _, a := range n.Arguments.Named {
		s.vars[a.Name] = place{node: a.Arg, env: caller}
	}
	return s
}

// standard returns the name of a function of the standard library.
func standard(n ast.Node) (string, bool) {
	index, ok := n.(*ast.Index)
	if !ok {
		return "", false
	}
	v, ok := index.Target.(*ast.Var)
	if !ok || v.Id != "std" && v.Id != "$std" {
		return "", false
	}
	name, ok := index.Index.(*ast.LiteralString)
	if !ok {
		return "", false
	}
	return name.Value, true
}

// text is the text that an expression yields, if it is made of literals.
func (t *trail) text(p place, depth int) (string, bool) {
	if b, ok := p.node.(*ast.Binary); ok && b.Op == ast.BopPlus {
		left, ok := t.text(place{node: b.Left, env: p.env}, depth+1)
		if !ok || depth > maxFollow {
			return "", false
		}
		right, ok := t.text(place{node: b.Right, env: p.env}, depth+1)
		return left + right, ok
	}
	at := t.value(p, depth)
	if len(at) != 1 || at[0].unsure {
		return "", false
	}
	if at[0].ext != nil && !at[0].ext.Code {
		return at[0].ext.Value, true
	}
	switch n := at[0].node.(type) {
	case *ast.LiteralString:
		return n.Value, true
	case *ast.Binary:
		if n != p.node {
			return t.text(at[0], depth+1)
		}
	}
	return "", false
}
