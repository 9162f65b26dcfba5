package assess

import (
	"fmt"
	"maps"

	"gate/internal/doc"
	"gate/internal/source"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// namespaceOf returns the namespace of a request as the tree declares it; nil
// if it does not.
func (a *admission) namespaceOf(r *request) *Object {
	for _, n := range a.namespaces {
		if n.Name == r.namespace && holdsFor(n.Scope, r.s.Scope) {
			return n
		}
	}
	return nil
}

// namespaceObject is the namespace as expressions see it.
func (a *admission) namespaceObject(r *request) *corev1.Namespace {
	n := a.namespaceOf(r)
	if n == nil {
		return nil
	}
	out := &corev1.Namespace{}
	if decodeExact(n.Raw, out) != nil {
		return nil
	}
	out.Labels = withName(out.Labels, n.Name)
	return out
}

// withName adds the label that the API server gives every namespace.
func withName(of map[string]string, name string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, of)
	out[corev1.LabelMetadataName] = name
	return out
}

// selects says whether a selector of namespaces takes the namespace of a
// request. It is not known if the tree does not declare the namespace and its
// name does not settle it.
func (a *admission) selects(sel *metav1.LabelSelector, r *request, at source.Path) match {
	if sel == nil {
		return match{yes: true}
	}
	s, err := metav1.LabelSelectorAsSelector(sel)
	if err != nil {
		return match{unknown: fmt.Sprintf("the selector cannot be read: %v", err), path: at}
	}
	if s.Empty() {
		return match{yes: true}
	}
	if !r.namespaced {
		if r.gvk.Group == "" && r.gvk.Kind == "Namespace" {
			return match{yes: s.Matches(labels.Set(withName(r.labels, r.name)))}
		}
		return match{yes: true} // never skips other objects without a namespace
	}
	if n := a.namespaceOf(r); n != nil {
		return match{yes: s.Matches(labels.Set(withName(doc.Labels(n.Raw), n.Name)))}
	}
	requirements, _ := s.Requirements()
	open := false
	for _, q := range requirements {
		if q.Key() == corev1.LabelMetadataName && r.namespace != "" {
			if !q.Matches(labels.Set{corev1.LabelMetadataName: r.namespace}) {
				return match{}
			}
			continue
		}
		open = true
	}
	if !open {
		return match{yes: true}
	}
	name := fmt.Sprintf("namespace %q is not declared in the tree", r.namespace)
	if r.namespace == "" {
		name = "objects without a namespace go where they are applied"
	}
	return match{unknown: "cannot tell what its namespace selector takes: " + name, path: at, hint: declareNamespace(r.namespace)}
}

// declareNamespace is what makes the labels of a namespace known.
func declareNamespace(name string) string {
	if name == "" {
		return "give the object its namespace"
	}
	return fmt.Sprintf("declare namespace %q, with its labels, in the tree", name)
}

// selectsObject says whether a selector takes the labels of an object.
func selectsObject(sel *metav1.LabelSelector, r *request, at source.Path) match {
	if sel == nil {
		return match{yes: true}
	}
	s, err := metav1.LabelSelectorAsSelector(sel)
	if err != nil {
		return match{unknown: fmt.Sprintf("the selector cannot be read: %v", err), path: at}
	}
	return match{yes: s.Matches(labels.Set(r.labels))}
}
