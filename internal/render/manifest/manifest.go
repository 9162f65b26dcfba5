// Package manifest finds the Kubernetes objects in documents: a document
// itself, or the items of a List.
package manifest

import (
	"fmt"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// Object is one object of a document, and the path to it.
type Object struct {
	Manifest map[string]any
	At       source.Path
}

// maxDepth bounds lists inside lists.
const maxDepth = 8

// Objects returns the objects of what stands at a path of a document; nil for
// what is no Kubernetes object.
func Objects(v any, at source.Path) ([]Object, error) { return objects(v, at, 0) }

func objects(v any, at source.Path, depth int) ([]Object, error) {
	m := doc.Map(v)
	kind := doc.Text(m, "kind")
	if kind == "" || doc.Text(m, "apiVersion") == "" {
		return nil, nil
	}
	list, ok := m["items"].([]any)
	if !ok || !isList(kind, m) {
		return []Object{{m, at}}, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("lists are nested more than %d levels deep", maxDepth)
	}
	out := []Object{}
	for i, e := range list {
		here := append(append(source.Path{}, at...), "items", i)
		inner, err := objects(e, here, depth+1)
		if err != nil {
			return nil, err
		}
		if inner == nil {
			return nil, fmt.Errorf("item %d of the list has no apiVersion or kind", i)
		}
		out = append(out, inner...)
	}
	return out, nil
}

// isList says whether a kind with items is a collection of objects: a List, a
// ConfigMapList, but not a custom kind that happens to have items and a spec.
func isList(kind string, m map[string]any) bool {
	if kind == "List" {
		return true
	}
	_, hasSpec := m["spec"]
	return len(kind) > len("List") && strings.HasSuffix(kind, "List") && !hasSpec
}

// Group returns the group of an apiVersion, "" for the core group.
func Group(apiVersion string) string {
	g, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return g
}

// GroupKind returns the type of an object as group/Kind, "/Kind" in the core
// group.
func GroupKind(object map[string]any) string {
	return Group(doc.Text(object, "apiVersion")) + "/" + doc.Text(object, "kind")
}
