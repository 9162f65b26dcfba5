package compare

import (
	"testing"

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
