package jsonnet

import (
	"sync"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

// maxSteps bounds the work for one position; a program can be written so that
// following it never ends.
const maxSteps = 20_000

// trail follows a path of the result through the text of the program, without
// evaluating it. What it cannot follow ends at the last expression it reached.
type trail struct {
	p    Program
	imp  *importer
	root ast.Node

	mu    sync.Mutex
	asts  map[string]ast.Node
	steps int
}

func newTrail(p Program, imp *importer, root ast.Node) *trail {
	return &trail{p: p, imp: imp, root: root, asts: map[string]ast.Node{p.File: root}}
}

// place is an expression with what its names mean.
type place struct {
	node ast.Node
	env  *scope
	ext  *Variable // instead of node: a variable from outside
	// unsure says that another expression may be the one: a branch, an element
	// of a computed list.
	unsure bool
}

// scope is what names mean inside an expression. Objects are layered: the
// first of self wins.
type scope struct {
	up   *scope
	vars map[ast.Identifier]place
	// object says that self and super belong to this scope.
	object      bool
	self, super []place
}

func (s *scope) lookup(id ast.Identifier) (place, bool) {
	for ; s != nil; s = s.up {
		if p, ok := s.vars[id]; ok {
			return p, true
		}
	}
	return place{}, false
}

func (s *scope) around() *scope {
	for ; s != nil && !s.object; s = s.up {
	}
	return s
}

// bindAll is a scope with local names, which see each other.
func bindAll(up *scope, binds ast.LocalBinds) *scope {
	s := &scope{up: up, vars: map[ast.Identifier]place{}}
	for _, b := range binds {
		s.vars[b.Variable] = place{node: b.Body, env: s}
	}
	return s
}

// locate returns the place of a path of the result.
func (t *trail) locate(p source.Path, value any) source.Location {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = 0
	best := source.Location{Position: source.Position{File: t.p.File, Line: 1, Approximate: true}}
	at := t.program(t.value(place{node: t.root}, 0))
	if l := locOf(first(at)); l != nil {
		best.Position = begin(l)
	}
	unsure := false
	for i, key := range p {
		next, loc := t.member(at, key)
		if len(next) == 0 {
			best.Approximate = true
			return best
		}
		unsure = unsure || next[0].unsure
		if loc != nil && inFile(loc) {
			best.Position = begin(loc)
		} else if i == len(p)-1 {
			unsure = true
		}
		value, at = doc.At(value, key), t.values(next, 0)
	}
	if len(p) > 0 {
		best = t.origin(first(at), value, best)
	}
	best.Approximate = best.Approximate || unsure
	return best
}

// origin prefers the literal that a field's value comes from, wherever it
// stands; the field is then what uses it.
func (t *trail) origin(v place, value any, field source.Location) source.Location {
	var found source.Position
	switch {
	case v.ext != nil:
		if v.ext.Loc == nil || !v.ext.Code && v.ext.Value != value {
			return field
		}
		found = v.ext.Loc.Locate(nil).Position
	default:
		l := locOf(v)
		if l == nil || !inFile(l) || !equalLiteral(v.node, value) {
			return field
		}
		found = position(l)
	}
	if found.File == field.File && found.Line == field.Line {
		field.Position = found
		return field
	}
	if v.unsure {
		return field
	}
	return source.Location{Position: found, Related: []source.Related{{Role: "definition", Position: field.Position}}}
}

func equalLiteral(n ast.Node, value any) bool {
	switch n := n.(type) {
	case *ast.LiteralString:
		return n.Value == value
	case *ast.LiteralBoolean:
		return n.Value == value
	case *ast.LiteralNumber:
		v, err := source.DecodeJSON([]byte(n.OriginalString))
		return err == nil && v == value
	}
	return false
}

// parsed returns the program of an imported file.
func (t *trail) parsed(file string) (ast.Node, bool) {
	if n, ok := t.asts[file]; ok {
		return n, n != nil
	}
	c, ok := t.imp.read[file]
	if !ok {
		return nil, false // never evaluated
	}
	n, err := jsonnet.SnippetToAST(file, c.String())
	if err != nil {
		n = nil
	}
	t.asts[file] = n
	return n, n != nil
}

func first(at []place) place {
	if len(at) == 0 {
		return place{}
	}
	return at[0]
}

func locOf(p place) *ast.LocationRange {
	if p.node == nil {
		return nil
	}
	return p.node.Loc()
}

func begin(l *ast.LocationRange) source.Position {
	p := position(l)
	if p.EndLine == 0 && p.Line == 0 {
		p.Approximate = true
	}
	return p
}
