package cue

import (
	"gate/internal/source"

	cuelib "cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/token"
)

// position turns a place of the evaluator into one of a lent file.
func (l *loader) position(pos token.Pos) (source.Position, bool) {
	if !pos.IsValid() {
		return source.Position{}, false
	}
	p := pos.Position()
	lines, ok := l.lines[p.Filename]
	if !ok || p.Line < 1 || p.Line > len(lines) {
		return source.Position{}, false
	}
	return source.Position{File: p.Filename, Line: p.Line, Column: source.Column(lines[p.Line-1], max(p.Column-1, 0))}, true
}

// valuePosition is where a value is set. Of several expressions that are
// unified the concrete one is it, not the type or the default that it fills.
func (l *loader) valuePosition(v cuelib.Value) (source.Position, bool) {
	best, found := source.Position{}, false
	rank := -1
	consider := func(n ast.Node) {
		if n == nil {
			return
		}
		p, ok := l.position(n.Pos())
		if f, isField := n.(*ast.Field); isField {
			n = f.Value
			if at, known := l.position(f.Value.Pos()); known {
				p, ok = at, true
			}
		}
		if r := concreteness(n); ok && r > rank {
			best, found, rank = p, true, r
		}
	}
	consider(v.Source())
	for _, part := range parts(v, 0) {
		consider(part.Source())
	}
	if found {
		return best, true
	}
	return l.position(v.Pos())
}

// parts are the expressions that a value is unified of.
func parts(v cuelib.Value, depth int) []cuelib.Value {
	op, args := v.Expr()
	if op != cuelib.AndOp || depth > 20 {
		return []cuelib.Value{v}
	}
	var out []cuelib.Value
	for _, a := range args {
		out = append(out, parts(a, depth+1)...)
	}
	return out
}

// concreteness orders expressions by how much they say about the value.
func concreteness(n ast.Node) int {
	switch n := n.(type) {
	case *ast.BasicLit:
		return 5
	case *ast.UnaryExpr:
		if _, ok := n.X.(*ast.BasicLit); ok && (n.Op == token.SUB || n.Op == token.ADD) {
			return 5
		}
		return 0
	case *ast.Interpolation, *ast.CallExpr:
		return 4
	case *ast.StructLit, *ast.ListLit:
		return 3
	case *ast.SelectorExpr, *ast.IndexExpr:
		return 2
	case *ast.BinaryExpr:
		if n.Op == token.OR {
			return 1
		}
		return 2
	case *ast.Ident:
		switch n.Name {
		case "string", "int", "number", "bool", "float", "bytes", "_":
			return 0
		}
		return 2
	}
	return 1
}
