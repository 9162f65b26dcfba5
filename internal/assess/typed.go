package assess

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/source"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"
)

// crdKind is judged by its types, though the scheme of clients lacks it.
var crdKind = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// typeOf returns a new value of the type of a kind, nil if k8s.io/api has none.
func typeOf(gvk schema.GroupVersionKind) any {
	if gvk == crdKind {
		return &apiextensionsv1.CustomResourceDefinition{}
	}
	o, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil
	}
	return o
}

func gvkOf(s *Object) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(s.APIVersion, s.Kind)
}

// fault is one fault of an object at a path.
type fault struct {
	path source.Path
	msg  string
}

// decodeStrict decodes as the API server does with fieldValidation=Strict
// (https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation):
// field names are case-sensitive, and unknown ones are errors.
func decodeStrict(manifest map[string]any, into any) []fault {
	var strict []error
	err := guarded(func() error {
		data, err := json.Marshal(manifest)
		if err != nil {
			return err
		}
		strict, err = kjson.UnmarshalStrict(data, into)
		return err
	})
	if err == nil && len(strict) == 0 {
		return nil
	}
	// The verdict is the decoder's; where each fault stands is found by
	// walking the type, because the decoder's paths lack indices and end at
	// the first wrong type.
	if found := misfits(reflect.TypeOf(into), manifest, nil); len(found) > 0 {
		return found
	}
	if err != nil {
		strict = append(strict, err)
	}
	var out []fault
	for _, e := range strict {
		out = append(out, fault{source.Path{}, e.Error()})
	}
	return out
}

// decodeExact decodes with the API server's own decoder, which unlike the
// converter of unstructured objects refuses a number that does not fit: a host
// port of 4294967296 must not become 0.
func decodeExact(manifest map[string]any, into any) error {
	return guarded(func() error {
		data, err := json.Marshal(manifest)
		if err != nil {
			return err
		}
		return kjson.UnmarshalCaseSensitivePreserveInts(data, into)
	})
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// misfits lists what in a value does not fit a type of the API.
func misfits(t reflect.Type, v any, at source.Path) []fault {
	if v == nil {
		return nil
	}
	if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(unmarshaler) {
		return leaf(t, v, at)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return misfits(t.Elem(), v, at)
	case reflect.Interface:
		return nil
	case reflect.Struct:
		return structMisfits(t, v, at)
	case reflect.Map:
		m, ok := v.(map[string]any)
		if !ok {
			return wrong(at, "an object", v)
		}
		var out []fault
		for _, k := range slices.Sorted(maps.Keys(m)) {
			out = append(out, misfits(t.Elem(), m[k], join(at, k))...)
		}
		return out
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			s, ok := v.(string)
			if !ok {
				return wrong(at, "a base64 text", v)
			}
			if _, err := base64.StdEncoding.DecodeString(s); err != nil {
				return []fault{{at, fmt.Sprintf("%s is not base64", named(at))}} // the value may be a secret
			}
			return nil
		}
		list, ok := v.([]any)
		if !ok {
			return wrong(at, "a list", v)
		}
		var out []fault
		for i, e := range list {
			out = append(out, misfits(t.Elem(), e, join(at, i))...)
		}
		return out
	}
	return leaf(t, v, at)
}

func structMisfits(t reflect.Type, v any, at source.Path) []fault {
	m, ok := v.(map[string]any)
	if !ok {
		return wrong(at, "an object", v)
	}
	known := fieldsOf(t)
	var out []fault
	for _, k := range slices.Sorted(maps.Keys(m)) {
		f, ok := known[k]
		if !ok {
			out = append(out, fault{join(at, k), fmt.Sprintf("unknown field %q%s", k, config.DidYouMean(k, slices.Collect(maps.Keys(known))))})
			continue
		}
		out = append(out, misfits(f, m[k], join(at, k))...)
	}
	return out
}

// fieldsOf returns the fields of a struct by their JSON names, those of
// embedded structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && f.Anonymous:
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				maps.Copy(out, fieldsOf(inner))
			}
		case name == "" && f.IsExported():
			out[f.Name] = f.Type
		case f.IsExported():
			out[name] = f.Type
		}
	}
	return out
}

// leaf decodes one value by itself.
func leaf(t reflect.Type, v any, at source.Path) []fault {
	err := guarded(func() error {
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return kjson.UnmarshalCaseSensitivePreserveInts(data, reflect.New(t).Interface())
	})
	if err == nil {
		return nil
	}
	return wrong(at, wanted(t), v)
}

func wrong(at source.Path, want string, v any) []fault {
	return []fault{{at, fmt.Sprintf("%s is %s, %s is expected", named(at), found(v), want)}}
}

func named(at source.Path) string {
	if len(at) == 0 {
		return "the document"
	}
	return fmt.Sprintf("%q", at.String())
}

// found describes a value without repeating a text: it may be a secret.
func found(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a text"
	case bool:
		return fmt.Sprintf("the boolean %t", v)
	case int64, float64:
		return fmt.Sprintf("the number %v", v)
	}
	return fmt.Sprintf("of type %T", v)
}

func wanted(t reflect.Type) string {
	switch t.Name() {
	case "Quantity":
		return `a quantity such as "100m" or "1Gi"`
	case "IntOrString":
		return "a number or a text"
	case "Time", "MicroTime":
		return "a time in RFC 3339"
	case "Duration":
		return `a duration such as "30s"`
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprintf("a whole number of %d bits", t.Bits())
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a value of type " + t.Name()
}
