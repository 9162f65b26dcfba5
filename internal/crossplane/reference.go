package crossplane

import (
	"strings"

	"gate/internal/doc"
)

// reference is a field that takes the value of an attribute from elsewhere.
type reference struct {
	attributes []string // fields in whose place it stands
	to         string   // what it refers to, for people
	secret     bool     // a key of a Secret
	names      []string // objects that it names
	selector   map[string]any
}

// referenceOf reads a field that refers to another object, by the names that
// upjet gives them (pkg/types/reference.go): <field>Ref, <field>Refs and
// <field>Selector; <field>SecretRef for what is sensitive. Its value must have
// the shape of one: there are attributes with such names.
func referenceOf(field string, v any, siblings map[string]any) (reference, bool) {
	if base, ok := strings.CutSuffix(field, "SecretRef"); ok && base != "" {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, e := range list {
			if doc.At(e, "name") == nil || doc.At(e, "key") == nil && doc.At(e, "namespace") == nil {
				return reference{}, false
			}
		}
		return reference{attributes: []string{base}, to: field + "." + doc.Text(list, 0, "name"), secret: true}, len(list) > 0
	}
	if base, ok := strings.CutSuffix(field, "Selector"); ok && base != "" {
		m, isMap := v.(map[string]any)
		if !isMap || !only(m, "matchLabels", "matchControllerRef", "policy", "namespace") || len(m) == 0 {
			return reference{}, false
		}
		names := []string{base, base + "s"}
		if siblings[base+"Ref"] != nil {
			names = names[:1]
		} else if siblings[base+"Refs"] != nil {
			names = names[1:]
		}
		return reference{attributes: names, to: field, selector: m}, true
	}
	if base, ok := strings.CutSuffix(field, "Refs"); ok && base != "" {
		list, isList := v.([]any)
		out := reference{attributes: []string{base + "s"}, to: field}
		for _, e := range list {
			m := doc.Map(e)
			if !named(m) {
				return reference{}, false
			}
			out.names = append(out.names, doc.Text(m, "name"))
		}
		out.to += "." + strings.Join(out.names, ",")
		return out, isList && len(list) > 0
	}
	if base, ok := strings.CutSuffix(field, "Ref"); ok && base != "" {
		m := doc.Map(v)
		if !named(m) {
			return reference{}, false
		}
		return reference{attributes: []string{base}, to: field + "." + doc.Text(m, "name"), names: []string{doc.Text(m, "name")}}, true
	}
	return reference{}, false
}

// referenceTo is the field in whose place a reference of that name stands.
func referenceTo(field string) (base string, ok bool) {
	if base, ok = strings.CutSuffix(field, "Refs"); ok {
		return base + "s", base != ""
	}
	for _, end := range []string{"SecretRef", "Ref", "Selector"} {
		if base, ok = strings.CutSuffix(field, end); ok {
			return base, base != ""
		}
	}
	return "", false
}

func named(m map[string]any) bool {
	return doc.Text(m, "name") != "" && only(m, "name", "namespace", "policy")
}

func only(m map[string]any, keys ...string) bool {
next:
	for k := range m {
		for _, key := range keys {
			if k == key {
				continue next
			}
		}
		return false
	}
	return true
}
