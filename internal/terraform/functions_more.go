package terraform

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	"golang.org/x/text/encoding/ianaindex"
)

// moreFunctions are those of Terraform that the standard library of cty lacks, or has
// with another meaning.
func moreFunctions() map[string]function.Function {
	out := networkFunctions()
	out["coalesce"], out["sum"], out["index"], out["matchkeys"], out["transpose"] = coalesceFunc, sumFunc, indexFunc, matchkeysFunc, transposeFunc
	out["base64sha256"] = textFunc(func(s string) (string, error) {
		h := sha256.Sum256([]byte(s))
		return base64.StdEncoding.EncodeToString(h[:]), nil
	})
	out["base64sha512"] = textFunc(func(s string) (string, error) {
		h := sha512.Sum512([]byte(s))
		return base64.StdEncoding.EncodeToString(h[:]), nil
	})
	out["urldecode"] = textFunc(url.QueryUnescape)
	out["pathexpand"] = textFunc(func(s string) (string, error) {
		if strings.HasPrefix(s, "~") {
			return "", errors.New("the home directory is not known")
		}
		return s, nil
	})
	out["timecmp"] = textsFunc(cty.Number, func(a, b string) (cty.Value, error) {
		x, err := time.Parse(time.RFC3339, a)
		y, err2 := time.Parse(time.RFC3339, b)
		return cty.NumberIntVal(int64(x.Compare(y))), errors.Join(err, err2)
	})
	out["uuidv5"] = textsFunc(cty.String, func(space, name string) (cty.Value, error) {
		s, err := uuidv5(space, name)
		return cty.StringVal(s), err
	})
	out["textencodebase64"] = textsFunc(cty.String, func(text, name string) (cty.Value, error) {
		e, err := ianaindex.IANA.Encoding(name)
		if err != nil || e == nil {
			return cty.UnknownVal(cty.String), fmt.Errorf("encoding %q is not known", name)
		}
		b, err := e.NewEncoder().Bytes([]byte(text))
		return cty.StringVal(base64.StdEncoding.EncodeToString(b)), err
	})
	out["textdecodebase64"] = textsFunc(cty.String, func(text, name string) (cty.Value, error) {
		e, err := ianaindex.IANA.Encoding(name)
		if err != nil || e == nil {
			return cty.UnknownVal(cty.String), fmt.Errorf("encoding %q is not known", name)
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return cty.UnknownVal(cty.String), err
		}
		b, err := e.NewDecoder().Bytes(raw)
		return cty.StringVal(string(b)), err
	})
	out["yamlencode"] = ctyyaml.YAMLEncodeFunc
	out["yamldecode"] = yamlDecode()
	return out
}

// coalesceFunc is the first argument that is neither null nor an empty text:
// https://developer.hashicorp.com/terraform/language/functions/coalesce
var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "vals", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowNull: true, AllowMarked: true},
	Type: func(args []cty.Value) (cty.Type, error) {
		types := make([]cty.Type, len(args))
		for i, a := range args {
			types[i] = a.Type()
		}
		t, _ := convert.UnifyUnsafe(types)
		if t == cty.NilType || len(args) == 0 {
			return cty.NilType, errors.New("arguments must be of one type")
		}
		return t, nil
	},
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		var marks []cty.ValueMarks
		for _, a := range args {
			v, err := convert.Convert(a, ret)
			if err != nil {
				return cty.UnknownVal(ret), err
			}
			v, m := v.Unmark()
			switch marks = append(marks, m); {
			case !v.IsKnown():
				return cty.UnknownVal(ret).WithMarks(marks...), nil
			case v.IsNull() || v.Type() == cty.String && v.AsString() == "":
				continue
			}
			return v.WithMarks(marks...), nil
		}
		return cty.UnknownVal(ret), errors.New("no argument has a value")
	},
})

// elementsOf are those of a list, tuple or set that is known with all of them.
func elementsOf(v cty.Value) ([]cty.Value, bool) {
	if t := v.Type(); v.IsNull() || !t.IsListType() && !t.IsTupleType() && !t.IsSetType() {
		return nil, false
	}
	return v.AsValueSlice(), v.IsWhollyKnown()
}

var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		list, known := elementsOf(args[0])
		if !known {
			return cty.UnknownVal(cty.Number), nil
		}
		if len(list) == 0 {
			return cty.UnknownVal(cty.Number), errors.New("there is nothing to add")
		}
		sum := cty.Zero
		for _, e := range list {
			n, err := convert.Convert(e, cty.Number)
			if err != nil || n.IsNull() {
				return cty.UnknownVal(cty.Number), errors.New("an element is not a number")
			}
			sum = sum.Add(n)
		}
		return sum, nil
	},
})

var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		list, known := elementsOf(args[0])
		if !known || args[0].Type().IsSetType() {
			return cty.UnknownVal(cty.Number), nil
		}
		for i, e := range list {
			if eq, err := stdlib.Equal(e, args[1]); err == nil && eq.IsKnown() && eq.True() {
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.UnknownVal(cty.Number), errors.New("the list has no such element")
	},
})

// matchkeysFunc takes the values whose keys are among those that are searched for.
var matchkeysFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "values", Type: cty.List(cty.DynamicPseudoType)}, {Name: "keys", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "search", Type: cty.List(cty.DynamicPseudoType)},
	},
	Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
			return cty.UnknownVal(ret), nil
		}
		values, keys, search := args[0].AsValueSlice(), args[1].AsValueSlice(), args[2].AsValueSlice()
		if len(values) != len(keys) {
			return cty.UnknownVal(ret), errors.New("there are not as many keys as values")
		}
		var out []cty.Value
		for i, k := range keys {
			if slices.ContainsFunc(search, func(s cty.Value) bool { return sameKey(k, s) }) {
				out = append(out, values[i])
			}
		}
		if len(out) == 0 {
			return cty.ListValEmpty(ret.ElementType()), nil
		}
		return cty.ListVal(out), nil
	},
})

// sameKey compares as texts and numbers do that Terraform brings to one type.
func sameKey(a, b cty.Value) bool {
	t, _ := convert.UnifyUnsafe([]cty.Type{a.Type(), b.Type()})
	if t == cty.NilType {
		return false
	}
	x, err := convert.Convert(a, t)
	y, err2 := convert.Convert(b, t)
	return err == nil && err2 == nil && x.RawEquals(y)
}

var transposeFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "values", Type: cty.Map(cty.List(cty.String))}},
	Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(ret), nil
		}
		lists := map[string][]cty.Value{}
		for it := args[0].ElementIterator(); it.Next(); {
			key, list := it.Element()
			if list.IsNull() {
				return cty.UnknownVal(ret), errors.New("a list is null")
			}
			for _, e := range list.AsValueSlice() {
				if e.IsNull() {
					return cty.UnknownVal(ret), errors.New("an element is null")
				}
				lists[e.AsString()] = append(lists[e.AsString()], key)
			}
		}
		out := map[string]cty.Value{}
		for k, l := range lists {
			out[k] = cty.ListVal(l)
		}
		if len(out) == 0 {
			return cty.MapValEmpty(cty.List(cty.String)), nil
		}
		return cty.MapVal(out), nil
	},
})

// textsFunc is a function of two texts.
func textsFunc(ret cty.Type, f func(a, b string) (cty.Value, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "a", Type: cty.String}, {Name: "b", Type: cty.String}},
		Type:   function.StaticReturnType(ret),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := f(args[0].AsString(), args[1].AsString())
			if err != nil {
				return cty.UnknownVal(ret), err
			}
			return v, nil
		},
	})
}

// uuidv5 is a name-based identifier: RFC 9562, section 5.5, with the namespaces of
// appendix A of RFC 4122.
func uuidv5(space, name string) (string, error) {
	switch space {
	case "dns":
		space = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	case "url":
		space = "6ba7b811-9dad-11d1-80b4-00c04fd430c8"
	case "oid":
		space = "6ba7b812-9dad-11d1-80b4-00c04fd430c8"
	case "x500":
		space = "6ba7b814-9dad-11d1-80b4-00c04fd430c8"
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil || len(raw) != 16 || len(space) != 36 {
		return "", fmt.Errorf("%q is no namespace", space)
	}
	sum := sha1.Sum(append(raw, name...))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]), nil
}

// sensitiveFunc is issensitive(value).
var sensitiveFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if v, _ := args[0].Unmark(); args[0].HasMark(sensitiveMark) || v.IsKnown() {
			return cty.BoolVal(args[0].HasMark(sensitiveMark)), nil
		}
		return cty.UnknownVal(cty.Bool), nil
	},
})
