// Package selector evaluates label selectors that stand in untyped documents,
// by apimachinery's own reading of them, so that there is one answer to what a
// selector takes
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors).
package selector

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// Parse reads a selector of matchLabels and matchExpressions, which must hold
// together; one that has neither takes everything. What the API server would
// refuse is an error: another shape, an operator that there is not, an operator
// with too few or too many values, a key or value that no label can have.
func Parse(v any) (labels.Selector, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("read label selector: it is %T, an object is expected", v)
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s); err != nil {
		return nil, fmt.Errorf("read label selector: %w", err)
	}
	parsed, err := metav1.LabelSelectorAsSelector(&s)
	if err != nil {
		return nil, fmt.Errorf("read label selector: %w", err)
	}
	return parsed, nil
}

// Selects says whether a selector takes an object of these labels. One that is
// missing or malformed takes nothing. Who asks about many objects parses once.
func Selects(v any, have map[string]string) bool {
	s, err := Parse(v)
	return err == nil && s.Matches(labels.Set(have))
}
