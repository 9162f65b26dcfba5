package terraform

import (
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Evaluation must end soon whatever a configuration says. Values are limited in
// size, and an expression whose work could exceed the limit is left unknown.
const (
	maxValueSize = 1 << 20 // bytes of text plus elements of one value
	maxWork      = 1 << 25 // bytes that one expression or call may produce
	maxLoops     = 5e6     // rounds of nested for expressions
)

// size counts the bytes of text and the elements of a value, up to a limit.
func size(v cty.Value, limit int) int {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return 1
	}
	t := v.Type()
	if t == cty.String {
		return 1 + len(v.AsString())
	}
	if hugeNumber(v) {
		return limit + 1
	}
	n := 1
	if !v.CanIterateElements() {
		return n
	}
	for it := v.ElementIterator(); it.Next() && n <= limit; {
		_, e := it.Element()
		n += size(e, limit-n)
	}
	return n
}

// affordable estimates the work of an expression before it is done.
func affordable(expr hcl.Expression, refs []hcl.Traversal, vars map[string]cty.Value) bool {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		native = nil
	}
	work := 0
	for _, t := range refs {
		v, diags := t.TraverseAbs(&hcl.EvalContext{Variables: vars})
		if diags.HasErrors() {
			continue
		}
		if work += size(v, maxValueSize); work > maxWork {
			return false
		}
	}
	if native == nil {
		return true
	}
	var c loopCounter
	_ = hclsyntax.Walk(native, &c)
	if c.huge || c.operators > 5000 {
		return false
	}
	if c.deepest == 0 {
		return true
	}
	if c.deepest > 2 && c.ranges || c.deepest > 3 {
		return false
	}
	return c.deepest == 1 || math.Pow(float64(max(work, 16)), float64(c.deepest)) < maxLoops*float64(c.deepest)
}

// hugeNumber says whether a number has more digits than any configuration
// needs: written out, 1e999999999 is a text of a gigabyte.
func hugeNumber(v cty.Value) bool {
	if v.Type() != cty.Number || !v.IsKnown() || v.IsNull() {
		return false
	}
	exponent := v.AsBigFloat().MantExp(nil)
	return v.AsBigFloat().IsInf() || exponent > 4096 || exponent < -4096
}

// loopCounter finds how deeply for expressions are nested, and numbers whose
// digits would fill the memory.
type loopCounter struct {
	depth, deepest int
	operators      int
	ranges, huge   bool
}

func (c *loopCounter) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case *hclsyntax.ForExpr:
		c.depth++
		c.deepest = max(c.deepest, c.depth)
	case *hclsyntax.FunctionCallExpr:
		c.ranges = c.ranges || n.Name == "range" || n.Name == "setproduct"
	case *hclsyntax.BinaryOpExpr:
		c.operators++
	case *hclsyntax.LiteralValueExpr:
		c.huge = c.huge || hugeNumber(n.Val)
	}
	return nil
}

func (c *loopCounter) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if _, ok := n.(*hclsyntax.ForExpr); ok {
		c.depth--
	}
	return nil
}

// bounded wraps a function so that a call whose result could be huge is
// unknown. The product of the two largest arguments bounds what joining,
// replacing and formatting lists can produce.
func bounded(f function.Function) function.Function {
	return guarded(f, func(args []cty.Value) bool {
		first, second := 1, 1
		for _, a := range args {
			n := size(a, maxWork)
			if n > first {
				first, second = n, first
			} else if n > second {
				second = n
			}
		}
		return first <= maxWork/second
	})
}

// guarded makes calls unknown for which allowed is false.
func guarded(f function.Function, allowed func([]cty.Value) bool) function.Function {
	return function.New(&function.Spec{
		Params:   f.Params(),
		VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			if !allowed(args) {
				return cty.DynamicPseudoType, nil
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
			if !allowed(args) {
				return cty.DynamicVal, nil
			}
			return f.Call(args)
		},
	})
}
