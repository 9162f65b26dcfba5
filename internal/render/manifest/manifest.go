// Package manifest finds the Kubernetes objects in documents: a document
// itself, or the items of a List.
package manifest

import (
	"fmt"
	"maps"
	"slices"
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
// what is no Kubernetes object. Whatever has a list of items is a list to those who
// apply it, of any kind (k8s.io/apimachinery, Unstructured.IsList and
// UnstructuredJSONScheme; kubectl's FlattenListVisitor): what stands in it are
// objects, and what it says itself, where its kind is none of a collection, is one
// to those who ask a server directly.
func Objects(v any, at source.Path) ([]Object, error) { return objects(v, at, 0) }

func objects(v any, at source.Path, depth int) ([]Object, error) {
	m := doc.Map(v)
	kind, version := doc.Text(m, "kind"), doc.Text(m, "apiVersion")
	items, _ := m["items"].([]any)
	holds := slices.ContainsFunc(items, func(e any) bool { return isObject(typed(e, version, kind)) })
	if kind == "" || version == "" && !holds {
		return nil, nil
	}
	collection := isCollection(kind, m)
	if _, ok := m["items"].([]any); !ok || !collection && !holds {
		return []Object{{m, at}}, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("lists are nested more than %d levels deep", maxDepth)
	}
	out := []Object{}
	if !collection && version != "" {
		out = append(out, Object{m, at})
	}
	for i, e := range items {
		here := append(append(source.Path{}, at...), "items", i)
		inner, err := objects(typed(e, version, kind), here, depth+1)
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

// isObject says whether a value is a Kubernetes object, or a list of some.
func isObject(v any) bool {
	m := doc.Map(v)
	if doc.Text(m, "kind") == "" {
		return false
	}
	items, _ := m["items"].([]any)
	return doc.Text(m, "apiVersion") != "" || slices.ContainsFunc(items, isObject)
}

// typed is an item that leaves its type to what it stands in: a Pod of a PodList, or
// of a Pod. What has no name is no object by that, because no server takes it.
func typed(item any, version, kind string) any {
	m := doc.Map(item)
	of := strings.TrimSuffix(kind, "List")
	named := doc.Text(m, "metadata", "name") != "" || doc.Text(m, "metadata", "generateName") != ""
	if !named || of == "" || doc.Text(m, "kind") != "" || doc.Text(m, "apiVersion") != "" {
		return item
	}
	out := maps.Clone(m)
	out["apiVersion"], out["kind"] = version, of
	return out
}

// isCollection says whether a kind with items is by its name nothing but a
// collection of objects: a List, a ConfigMapList, but not a custom kind that has
// items and a spec.
func isCollection(kind string, m map[string]any) bool {
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
