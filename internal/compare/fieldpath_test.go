package compare

import (
	"testing"

	"gate/internal/decide"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestFieldPath(t *testing.T) {
	t.Parallel()
	manifest := map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"a.b/c": "x", "a": "y", "]": "z"}},
		"spec": map[string]any{
			"containers": []any{map[string]any{"name": "a", "image": "i"}, map[string]any{"name": "b]\"", "args": []any{"x", "y"}}},
			"ports":      []any{map[string]any{"port": 80}, map[string]any{"port": 443}},
		},
	}
	for text, want := range map[string]source.Path{
		"":                                     nil,
		"spec":                                 {"spec"},
		"spec.containers[name=a].image":        {"spec", "containers", 0, "image"},
		`spec.containers[name="b]\""].args[1]`: {"spec", "containers", 1, "args", 1},
		"spec.ports[port=443].port":            {"spec", "ports", 1, "port"},
		`metadata.labels["a.b/c"]`:             {"metadata", "labels", "a.b/c"},
		`metadata.labels["]"]`:                 {"metadata", "labels", "]"},
		"metadata.labels.ab":                   {"metadata", "labels"},
		"spec.containers[name=gone].image":     {"spec", "containers"},
		"spec.containers[9].image":             {"spec", "containers"},
		"spec.containers[":                     {"spec", "containers"},
		"spec.replicas":                        {"spec"},
		"status":                               nil,
	} {
		if diff := cmp.Diff(want, fieldPath(manifest, text)); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// Single values are told; what is a list, has several lines or is secret is not.
func TestChangedValues(t *testing.T) {
	t.Parallel()
	redacted := map[string]any{"$redacted": "secret"}
	before := map[string]any{"replicas": 1, "gone": "x", "list": []any{"a"}, "text": "a\nb", "password": redacted, "empty": "", "same": redacted,
		"containers": []any{map[string]any{"name": "web", "image": "x:1"}}}
	after := map[string]any{"replicas": 2, "new": true, "list": []any{"b"}, "text": "c", "password": "reference", "empty": "x", "same": redacted,
		"containers": []any{map[string]any{"name": "other"}, map[string]any{"name": "web", "image": "x:2"}}}
	paths := []string{"containers[name=web].image", "empty", "gone", "list", "list[0]", "new", "password", "replicas", "same", "text"}
	want := []decide.Value{
		{Path: "containers[name=web].image", Before: "x:1", After: "x:2"},
		{Path: "empty", Before: `""`, After: "x"},
		{Path: "gone", Before: "x"},
		{Path: "list[0]", Before: "a", After: "b"},
		{Path: "new", After: "true"},
		{Path: "password", Before: "secret", After: "reference"},
		{Path: "replicas", Before: "1", After: "2"},
	}
	if diff := cmp.Diff(want, changedValues(before, after, paths)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
