package kyverno

import (
	"errors"
	"fmt"
	"strings"

	builtin "github.com/jmespath-community/go-jmespath/pkg/functions"
	"github.com/jmespath-community/go-jmespath/pkg/interpreter"
	"github.com/jmespath-community/go-jmespath/pkg/parsing"
)

// What ends an evaluation whatever the expression makes of an error: the
// library takes some errors for null.
var (
	errResult     = errors.New("has a result that is too large")
	errExpression = errors.New("an expression is too large")
	errRange      = errors.New("compares versions with a range that is not known")
)

// projected is the function that stands for the values of "x.*": those of the
// library have no order.
const projected = "$values"

const (
	maxGrowth   = 4096 // product of the sizes of multi-select lists and objects
	maxNodes    = 500  // depth of an expression
	maxBrackets = 300  // brackets and prefixes, those of literals included
)

// compiled is an expression of a rule.
type compiled struct {
	node parsing.ASTNode
	err  error
}

// language is what a rule evaluates its expressions with.
type language struct {
	functions interpreter.FunctionCaller
	known     map[string]bool
	kept      map[string]*compiled
}

func newLanguage() *language {
	l := &language{known: map[string]bool{}, kept: map[string]*compiled{}}
	all := append(builtin.GetDefaultFunctions(), functions()...)
	for _, f := range all {
		l.known[f.Name] = true
	}
	for _, name := range []string{"pad_left", "pad_right"} { // of any width
		delete(l.known, name)
	}
	l.functions = interpreter.NewFunctionCaller(all...)
	return l
}

// recorder calls functions and remembers what must not be taken for null.
type recorder struct {
	interpreter.FunctionCaller
	failed error
}

func (r *recorder) CallFunction(name string, args []interface{}) (interface{}, error) {
	v, err := r.FunctionCaller.CallFunction(name, args)
	if errors.Is(err, errResult) || errors.Is(err, errRange) {
		r.failed = err
	}
	return v, err
}

// search evaluates an expression on data. Errors do not repeat what the
// library says, since that quotes values.
func (l *language) search(expr string, data any) (any, error) {
	c := l.kept[expr]
	if c == nil {
		c = l.compile(expr)
		if len(l.kept) < maxCompiled {
			l.kept[expr] = c
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	r := &recorder{FunctionCaller: l.functions}
	v, err := interpreter.NewInterpreter(data, r, nil).Execute(c.node, data)
	switch {
	case r.failed != nil:
		return nil, r.failed
	case err != nil:
		return nil, errors.New("cannot be evaluated on this object")
	}
	return v, nil
}

func (l *language) compile(expr string) *compiled {
	if len(expr) > maxExpression || strings.Count(expr, "[")+strings.Count(expr, "(")+strings.Count(expr, "{")+strings.Count(expr, "!")+strings.Count(expr, "&") > maxBrackets {
		return &compiled{err: errExpression} // the parser calls itself for each
	}
	node, err := parsing.NewParser().Parse(expr)
	if err != nil {
		return &compiled{err: errors.New("is no expression of JMESPath")}
	}
	growth := 1
	node, err = l.checked(node, &growth, 0)
	return &compiled{node, err}
}

// checked refuses functions that are not known and expressions that can grow
// without end, and gives the values of objects an order.
func (l *language) checked(n parsing.ASTNode, growth *int, depth int) (parsing.ASTNode, error) {
	if depth > maxNodes {
		return n, errors.New("is too deep")
	}
	switch n.NodeType {
	case parsing.ASTFunctionExpression:
		if name, _ := n.Value.(string); !l.known[name] {
			return n, fmt.Errorf("uses the function %s, which is not evaluated", name)
		}
	case parsing.ASTMultiSelectList, parsing.ASTMultiSelectHash:
		if *growth *= max(1, len(n.Children)); *growth > maxGrowth {
			return n, errors.New("is too large")
		}
	case parsing.ASTRootNode, parsing.ASTVariable, parsing.ASTLetExpression:
		return n, errors.New("uses $ or let, which are not evaluated")
	}
	children := make([]parsing.ASTNode, len(n.Children))
	for i, child := range n.Children {
		c, err := l.checked(child, growth, depth+1)
		if err != nil {
			return n, err
		}
		children[i] = c
	}
	n.Children = children
	if n.NodeType == parsing.ASTValueProjection && len(children) == 2 {
		values := parsing.ASTNode{NodeType: parsing.ASTFunctionExpression, Value: projected, Children: children[:1:1]}
		return parsing.ASTNode{NodeType: parsing.ASTProjection, Children: []parsing.ASTNode{values, children[1]}}, nil
	}
	return n, nil
}
