package render

import (
	"strings"
	"testing"

	"gate/internal/config"

	"github.com/google/go-cmp/cmp"
)

// TestSteps checks that a container is found at every place of the table.
func TestSteps(t *testing.T) {
	t.Parallel()
	for key, list := range stepPlaces() {
		for _, place := range list {
			var v any = map[string]any{"image": "example.com/a:1"}
			names := strings.Split(place, ".")
			for i := len(names) - 1; i >= 0; i-- {
				name, every := strings.CutSuffix(names[i], "[]")
				if every {
					v = []any{v}
				}
				v = map[string]any{name: v}
			}
			o := v.(map[string]any)
			o["apiVersion"], o["kind"] = split(key)
			if got := steps(o, nil); len(got) != 1 || got[0].image != "example.com/a:1" {
				t.Errorf("%s at %s: %d containers", key, place, len(got))
			}
		}
	}
}

func TestConfiguredWorkloads(t *testing.T) {
	t.Parallel()
	pod := map[string]any{"spec": map[string]any{"containers": []any{}}}
	o := map[string]any{"apiVersion": "example.com/v1", "kind": "Farm", "spec": map[string]any{
		"workers": []any{map[string]any{"template": pod}, map[string]any{"other": 1}, map[string]any{"template": pod}},
		"tools":   []any{map[string]any{"image": "a:1"}, map[string]any{"name": "none"}, "text"},
	}}
	more := []config.Workload{
		{Kind: "example.com/Barn", Pods: []string{"spec.workers[].template"}},
		{Kind: "example.com/Farm", Pods: []string{"spec.workers[].template"}, Containers: []string{"spec.tools[]"}},
	}
	var got []string
	for _, p := range podTemplates(o, more) {
		got = append(got, p.at.String())
	}
	for _, s := range steps(o, more) {
		got = append(got, s.at.String())
	}
	if diff := cmp.Diff([]string{"spec.workers[0].template", "spec.workers[2].template", "spec.tools[0]"}, got); diff != "" {
		t.Error(diff)
	}
	if len(podTemplates(o, nil))+len(steps(o, nil)) != 0 {
		t.Error("a kind of no table runs something")
	}
	if len(places([]any{}, "a[].b")) != 0 || len(places(nil, "")) != 0 {
		t.Error("nothing has places")
	}
}
