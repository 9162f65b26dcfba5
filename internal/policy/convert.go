package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// converter turns facts into Rego values, as encoding/json and back would, but
// without the text between: that text was two thirds of the time of judging.
// What repeats in one document is one term: the names of attributes, and the
// block that all instances of a resource share.
type converter struct {
	texts  map[string]*ast.Term
	shared map[uintptr]*ast.Term // by the address of a map
	equal  map[int]*ast.Term     // objects by their hash
	plans  map[reflect.Type][]field
}

func newConverter() converter {
	return converter{texts: map[string]*ast.Term{}, shared: map[uintptr]*ast.Term{}, equal: map[int]*ast.Term{}, plans: map[reflect.Type][]field{}}
}

// object gives the object that the document holds already, if it does: what is
// unknown of a resource, or its tags, is the same for most of a type.
func (c converter) object(pairs [][2]*ast.Term) *ast.Term {
	t := ast.ObjectTerm(pairs...)
	h := t.Value.Hash()
	if same, ok := c.equal[h]; !ok {
		c.equal[h] = t
	} else if same.Value.Compare(t.Value) == 0 {
		return same
	}
	return t
}

// The texts that are kept: longer ones seldom repeat.
const (
	maxKeptText  = 64
	maxKeptTexts = 1 << 16
)

var (
	nullTerm   = ast.NullTerm()
	trueTerm   = ast.BooleanTerm(true)
	falseTerm  = ast.BooleanTerm(false)
	emptyArray = ast.ArrayTerm()
)

func (c converter) text(s string) *ast.Term {
	if t, ok := c.texts[s]; ok {
		return t
	}
	t := ast.StringTerm(s)
	if len(s) <= maxKeptText && len(c.texts) < maxKeptTexts {
		c.texts[s] = t
	}
	return t
}

func (c converter) value(v reflect.Value) (*ast.Term, error) {
	switch v.Kind() {
	case reflect.Struct:
		return c.structure(v)
	case reflect.String:
		return c.text(v.String()), nil
	case reflect.Bool:
		return boolean(v.Bool()), nil
	case reflect.Int, reflect.Int64, reflect.Int32:
		return ast.IntNumberTerm(int(v.Int())), nil
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nullTerm, nil
		}
		if v.Kind() == reflect.Interface {
			return c.any(v.Interface())
		}
		return c.value(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return nullTerm, nil
		}
		terms := make([]*ast.Term, v.Len())
		for i := range terms {
			var err error
			if terms[i], err = c.value(v.Index(i)); err != nil {
				return nil, err
			}
		}
		return ast.ArrayTerm(terms...), nil
	case reflect.Map:
		if m, ok := v.Interface().(map[string]any); ok {
			return c.any(m)
		}
		if v.IsNil() {
			return nullTerm, nil
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		pairs := make([][2]*ast.Term, len(keys))
		for i, k := range keys {
			t, err := c.value(v.MapIndex(k))
			if err != nil {
				return nil, err
			}
			pairs[i] = ast.Item(c.text(k.String()), t)
		}
		return ast.ObjectTerm(pairs...), nil
	}
	return nil, fmt.Errorf("no Rego value for a %s", v.Type())
}

func boolean(b bool) *ast.Term {
	if b {
		return trueTerm
	}
	return falseTerm
}

// field is one field of a struct as encoding/json sees it.
type field struct {
	index     []int
	key       *ast.Term
	omitEmpty bool
}

// fields are those of a struct, worked out once for each type.
func (c converter) fields(t reflect.Type) []field {
	out, known := c.plans[t]
	if known {
		return out
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" || name == "-" || !f.IsExported() {
			continue
		}
		if name == "" {
			name = f.Name
		}
		out = append(out, field{index: f.Index, key: c.text(name), omitEmpty: strings.Contains(options, "omitempty")})
	}
	c.plans[t] = out
	return out
}

func (c converter) structure(v reflect.Value) (*ast.Term, error) {
	plan := c.fields(v.Type())
	pairs := make([][2]*ast.Term, 0, len(plan))
	for _, f := range plan {
		x := v.FieldByIndex(f.index)
		if f.omitEmpty && empty(x) {
			continue
		}
		t, err := c.value(x)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, [2]*ast.Term{f.key, t})
	}
	return ast.ObjectTerm(pairs...), nil
}

// empty is what encoding/json leaves out for omitempty.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// any converts what came out of a YAML or JSON document.
func (c converter) any(v any) (*ast.Term, error) {
	switch v := v.(type) {
	case nil:
		return nullTerm, nil
	case string:
		return c.text(v), nil
	case bool:
		return boolean(v), nil
	case int:
		return ast.IntNumberTerm(v), nil
	case int64:
		return ast.IntNumberTerm(int(v)), nil
	case json.Number:
		return ast.NumberTerm(v), nil
	case float64:
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		return ast.NumberTerm(json.Number(text)), nil
	case []any:
		if v == nil {
			return nullTerm, nil
		}
		if len(v) == 0 {
			return emptyArray, nil
		}
		terms := make([]*ast.Term, len(v))
		for i := range v {
			var err error
			if terms[i], err = c.any(v[i]); err != nil {
				return nil, err
			}
		}
		return ast.ArrayTerm(terms...), nil
	case map[string]any:
		if v == nil {
			return nullTerm, nil
		}
		address := reflect.ValueOf(v).Pointer()
		if t, ok := c.shared[address]; ok {
			return t, nil
		}
		pairs := make([][2]*ast.Term, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			t, err := c.any(v[k])
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, [2]*ast.Term{c.text(k), t})
		}
		t := c.object(pairs)
		c.shared[address] = t
		return t, nil
	}
	return c.value(reflect.ValueOf(v))
}
