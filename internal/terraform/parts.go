package terraform

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// parts is what can be told of an expression that cannot be evaluated as a
// whole: the members of an object or tuple one by one, and what merge makes of
// its arguments. So one member that cannot be told, by a function that a provider
// brings, does not hide the others.
func parts(expr hcl.Expression, funcs map[string]function.Function, value func(hcl.Expression) cty.Value) cty.Value {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return value(e.Expression)
	case *hclsyntax.TupleConsExpr:
		out := make([]cty.Value, len(e.Exprs))
		for i, x := range e.Exprs {
			out[i] = value(x)
		}
		return cty.TupleVal(out)
	case *hclsyntax.ObjectConsExpr:
		out := map[string]cty.Value{}
		for _, item := range e.Items {
			key, ok := knownText(value(item.KeyExpr))
			if !ok {
				return cty.DynamicVal
			}
			out[key] = value(item.ValueExpr)
		}
		return cty.ObjectVal(out)
	case *hclsyntax.FunctionCallExpr:
		if e.Name != "merge" || e.ExpandFinal {
			break
		}
		args := make([]cty.Value, len(e.Args))
		for i, a := range e.Args {
			args[i] = value(a)
		}
		if out, err := funcs["merge"].Call(args); err == nil {
			return out
		}
	}
	return cty.DynamicVal
}

// keysOf are the members that a map is known to have, though others may join
// them; the value of one that may be replaced is null.
func keysOf(expr hcl.Expression, value func(hcl.Expression) cty.Value) map[string]any {
	out := map[string]any{}
	if v, _ := value(expr).Unmark(); v.IsKnown() {
		known, unknown := goValue(v)
		collectTags(out, known, unknown, false)
		return out
	}
	call, ok := expr.(*hclsyntax.FunctionCallExpr)
	if !ok || call.Name != "merge" || call.ExpandFinal {
		return out
	}
	for _, a := range call.Args {
		if v := value(a); !v.IsKnown() {
			for k := range out {
				out[k] = nil
			}
		}
		for k, v := range keysOf(a, value) {
			out[k] = v
		}
	}
	return out
}

// lookupFunc is lookup(map, key[, default]) as Terraform has it: the default may
// be null, which stdlib refuses. A member of an object is told though others of
// it cannot be.
// https://developer.hashicorp.com/terraform/language/functions/lookup
var lookupFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
		{Name: "key", Type: cty.String, AllowUnknown: true, AllowMarked: true},
	},
	VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		m, mapMarks := args[0].Unmark()
		k, keyMarks := args[1].Unmark()
		t := m.Type()
		switch {
		case len(args) > 3:
			return cty.DynamicVal, errors.New("lookup takes at most one default")
		case t == cty.DynamicPseudoType || !k.IsKnown():
			return cty.DynamicVal.WithMarks(mapMarks, keyMarks), nil
		case !t.IsObjectType() && !t.IsMapType():
			return cty.DynamicVal, errors.New("argument is not a map")
		case !m.IsKnown():
			return cty.DynamicVal.WithMarks(mapMarks, keyMarks), nil
		case t.IsObjectType() && t.HasAttribute(k.AsString()):
			return m.GetAttr(k.AsString()).WithMarks(mapMarks, keyMarks), nil
		case t.IsMapType() && m.HasIndex(k).True():
			return m.Index(k).WithMarks(mapMarks, keyMarks), nil
		case len(args) < 3:
			return cty.DynamicVal, errors.New("the map has no such member, and there is no default")
		case t.IsMapType():
			v, err := stdlib.MakeToFunc(t.ElementType()).Call(args[2:])
			return v.WithMarks(mapMarks, keyMarks), err
		}
		return args[2].WithMarks(mapMarks, keyMarks), nil
	},
})
