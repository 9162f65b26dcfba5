package deploy

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"github.com/itchyny/gojq"
)

// jqPath deletes what path expressions of jq lead to, by the library of Argo
// CD. Whoever writes the change writes the expression, too, and jq is a whole
// language: what could run for longer than its document is large is not
// accepted, and what is not accepted is not known.
type jqPath struct{ code *gojq.Code }

const (
	maxExpression = 4096 // bytes
	maxBranches   = 32   // that commas join
)

var errProgram = errors.New("more than a path")

func parseJQPath(text string) (jqPath, error) {
	if len(text) > maxExpression {
		return jqPath{}, errProgram
	}
	q, err := gojq.Parse("del(" + text + ")")
	if err != nil {
		return jqPath{}, err
	}
	if t := q.Term; t == nil || t.Type != gojq.TermTypeFunc || t.Func.Name != "del" || len(t.Func.Args) != 1 || len(t.SuffixList) > 0 || !isPaths(t.Func.Args[0], maxBranches) {
		return jqPath{}, errProgram
	}
	code, err := gojq.Compile(q)
	return jqPath{code}, err
}

// deleted is a document without what the path leads to; as it is where the path
// fails on it, which is what Argo CD does.
func (p jqPath) deleted(document any) any {
	v, ok := p.code.Run(document).Next()
	if _, failed := v.(error); failed || !ok {
		return document
	}
	return v
}

// plain is a document in the types that jq knows.
func plain(document any) (any, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	err = d.Decode(&out)
	return out, err
}

// isPaths accepts paths that are joined by commas.
func isPaths(q *gojq.Query, most int) bool {
	if q.Op == gojq.OpComma && isBare(q) {
		return most > 1 && isPaths(q.Left, most-1) && isPath(q.Right)
	}
	return isPath(q)
}

// isPath accepts a pipe of steps, each of which leads to a part of what the one
// before it led to: together to no more than the document has.
func isPath(q *gojq.Query) bool {
	switch {
	case !isBare(q):
		return false
	case q.Op == gojq.OpPipe:
		return isPath(q.Left) && isPath(q.Right)
	case q.Term == nil:
		return false
	}
	t := q.Term
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeIndex:
		return isIndex(t.Index) && areSuffixes(t.SuffixList, true)
	case gojq.TermTypeQuery:
		return isPath(t.Query) && areSuffixes(t.SuffixList, true)
	case gojq.TermTypeFunc:
		return t.Func.Name == "select" && len(t.Func.Args) == 1 && isCondition(t.Func.Args[0]) && areSuffixes(t.SuffixList, true)
	}
	return false
}

// isCondition accepts what has one value for each that it is asked of.
func isCondition(q *gojq.Query) bool {
	if !isBare(q) {
		return false
	}
	if q.Term == nil {
		ops := []gojq.Operator{gojq.OpPipe, gojq.OpEq, gojq.OpNe, gojq.OpLt, gojq.OpLe, gojq.OpGt, gojq.OpGe, gojq.OpAnd, gojq.OpOr, gojq.OpAlt}
		return slices.Contains(ops, q.Op) && isCondition(q.Left) && isCondition(q.Right)
	}
	t := q.Term
	if !areSuffixes(t.SuffixList, false) {
		return false
	}
	switch t.Type {
	case gojq.TermTypeIdentity, gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeIndex:
		return isIndex(t.Index)
	case gojq.TermTypeString:
		return len(t.Str.Queries) == 0
	case gojq.TermTypeQuery:
		return isCondition(t.Query)
	case gojq.TermTypeFunc:
		tests := []string{"not", "startswith", "endswith", "contains", "test", "has", "length", "type", "ascii_downcase"}
		return slices.Contains(tests, t.Func.Name) && !slices.ContainsFunc(t.Func.Args, func(a *gojq.Query) bool { return !isCondition(a) })
	}
	return false
}

// isBare says whether nothing is defined, imported or bound.
func isBare(q *gojq.Query) bool {
	return q != nil && q.Meta == nil && len(q.Imports) == 0 && len(q.FuncDefs) == 0 && len(q.Patterns) == 0
}

func areSuffixes(list []*gojq.Suffix, each bool) bool {
	return !slices.ContainsFunc(list, func(s *gojq.Suffix) bool { return s.Iter && !each || !isIndex(s.Index) })
}

func isIndex(i *gojq.Index) bool {
	if i == nil {
		return true
	}
	return (i.Str == nil || len(i.Str.Queries) == 0) && (i.Start == nil || isCondition(i.Start)) && (i.End == nil || isCondition(i.End))
}
