package transition

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/source"
)

// Lookup returns what stands in a document at a path as changes have it: also behind the
// name of an element, containers[name=web].image. What does not stand there is not found,
// and so is what two elements could be.
func Lookup(document any, path string) (any, bool) {
	found := lookup(document, "", path)
	if len(found) != 1 {
		return nil, false
	}
	return found[0], true
}

func lookup(v any, at, path string) []any {
	if at == path {
		return []any{v}
	}
	var found []any
	below := func(v any, at string) {
		if within(path, at) {
			found = append(found, lookup(v, at, path)...)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			below(e, member(at, k))
		}
	case []any:
		for i, e := range v {
			places := []string{fmt.Sprintf("%s[%d]", at, i)}
			for _, key := range listKeys {
				if n := nameOf(e, key); n != "" {
					places = append(places, selector(at, key, n))
				}
			}
			slices.Sort(places)
			for _, place := range slices.Compact(places) {
				below(e, place)
			}
		}
	}
	return found
}

// Of a plan beside values: what a resource is imported by, and the variables of a stack.
const pathImport = "$import"

// PlannedValue returns what a plan, as Terraform writes it, has for a resource change at a
// path of its transition.
func PlannedValue(change map[string]any, path string) (any, bool) {
	if within(path, pathImport) {
		return Lookup(map[string]any{pathImport: change["importing"]}, path)
	}
	if strings.HasPrefix(path, "$") {
		return nil, false
	}
	return Lookup(change["after"], path)
}

// PlannedVariable returns what a plan, as Terraform writes it, has for a variable of its
// root module, by the path that stands in the transition of its stack.
func PlannedVariable(plan map[string]any, path string) (any, bool) {
	variables, _ := plan["variables"].(map[string]any)
	for name, v := range variables {
		if at := attribute(source.Path{"variables", name}); within(path, at) {
			given, _ := v.(map[string]any)
			value, ok := given["value"]
			if !ok {
				return nil, false
			}
			found := lookup(value, at, path)
			if len(found) != 1 {
				return nil, false
			}
			return found[0], true
		}
	}
	return nil, false
}
