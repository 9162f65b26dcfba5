package doc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScalarText(t *testing.T) {
	for _, c := range []struct {
		v      any
		want   string
		ok     bool
		scalar bool
	}{
		{"a", "a", true, true}, {"", "", true, true}, {true, "true", true, true}, {3, "3", true, true}, {int64(-3), "-3", true, true},
		{1e21, "1000000000000000000000", true, true}, {0.5, "0.5", true, true}, {nil, "", false, true},
		{map[string]any{}, "", false, false}, {[]any{"a"}, "", false, false},
	} {
		got, ok := ScalarText(c.v)
		if got != c.want || ok != c.ok || IsScalar(c.v) != c.scalar {
			t.Errorf("%#v: %q %v, scalar %v", c.v, got, ok, IsScalar(c.v))
		}
	}
}

func TestMerge(t *testing.T) {
	base := map[string]any{"a": map[string]any{"x": 1, "y": 2}, "l": []any{1, 2}, "m": map[string]any{"z": 1}, "keep": true}
	over := map[string]any{"a": map[string]any{"y": 3}, "l": []any{4}, "m": nil, "new": map[string]any{"n": 1}}
	want := map[string]any{"a": map[string]any{"x": 1, "y": 3}, "l": []any{4}, "m": nil, "keep": true, "new": map[string]any{"n": 1}}
	if diff := cmp.Diff(want, Merge(base, over)); diff != "" {
		t.Error(diff)
	}
	if Map(base, "a")["y"] != 2 || base["new"] != nil {
		t.Errorf("the base was changed: %v", base)
	}
	if got := Merge(nil, nil); got == nil || len(got) != 0 {
		t.Errorf("got %#v", got)
	}
}
