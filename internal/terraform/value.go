package terraform

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
)

// goValue converts a value to the shapes of encoding/json with int64, and
// returns beside it the tree of unknown marks, nil if all is known. Unknown
// members of objects are left out, unknown elements of lists are null.
// Sensitive values (marked) are redacted.
func goValue(v cty.Value) (value any, unknown any) {
	if v.IsMarked() {
		if v.IsNull() {
			return nil, nil
		}
		return facts.Redacted("sensitive"), nil
	}
	if !v.IsKnown() {
		return nil, true
	}
	if v.IsNull() {
		return nil, nil
	}
	t := v.Type()
	switch {
	case t == cty.String:
		return v.AsString(), nil
	case t == cty.Bool:
		return v.True(), nil
	case t == cty.Number:
		return number(v.AsBigFloat()), nil
	case t.IsObjectType() || t.IsMapType():
		out, marks := map[string]any{}, map[string]any{}
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			if k, _ = k.Unmark(); k.IsNull() || !k.IsKnown() {
				continue
			}
			val, unk := goValue(e)
			if unk != nil {
				marks[k.AsString()] = unk
			}
			if unk != true {
				out[k.AsString()] = val
			}
		}
		if len(marks) == 0 {
			return out, nil
		}
		return out, marks
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		out, marks, some := []any{}, []any{}, false
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			val, unk := goValue(e)
			out = append(out, val)
			if unk == nil {
				unk = map[string]any{}
			} else {
				some = true
			}
			marks = append(marks, unk)
		}
		if !some {
			return out, nil
		}
		return out, marks
	}
	return nil, true // capsules have no JSON
}

func number(f *big.Float) any {
	if f.IsInt() {
		if i, acc := f.Int64(); acc == big.Exact {
			return i
		}
	}
	if x, _ := f.Float64(); !math.IsInf(x, 0) {
		return x
	}
	return json.Number(f.Text('e', 20))
}

// scalarText is a scalar as Terraform would convert it to a string, "" for
// anything else.
func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return ""
}

// ctyValue converts a value of the shapes of encoding/json.
func ctyValue(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case int64:
		return cty.NumberIntVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case []any:
		if len(v) == 0 {
			return cty.EmptyTupleVal
		}
		out := make([]cty.Value, len(v))
		for i, e := range v {
			out[i] = ctyValue(e)
		}
		return cty.TupleVal(out)
	case map[string]any:
		out := make(map[string]cty.Value, len(v))
		for k, e := range v {
			out[k] = ctyValue(e)
		}
		return cty.ObjectVal(out)
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return cty.DynamicVal
}
