package terraform

import (
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// transition says what the plan does to the resource. Before stays in
// Resource.Before.
func transition(res *facts.Resource, changed []source.Path) *facts.ResourceChange {
	t := &facts.ResourceChange{}
	has := func(a string) bool {
		for _, x := range res.Actions {
			if x == a {
				return true
			}
		}
		return false
	}
	switch {
	case has("delete") && has("create"), has("forget") && has("create"), has("update"):
		t.Action = "updated"
		t.Paths = shownPaths(changed, res.Sensitive)
	case has("delete"), has("forget"):
		t.Action = "deleted"
	case has("create"):
		t.Action = "created"
	case res.PreviousAddress != "" && res.PreviousAddress != res.Address:
		t.Action = "moved"
	default:
		t.Action = "unchanged"
	}
	return t
}

// changedPaths lists the attributes that differ, to the depth at which both
// sides are objects or lists of one length.
func changedPaths(before, after, unknown any) []source.Path {
	var out []source.Path
	var walk func(p source.Path, b, a, u any)
	walk = func(p source.Path, b, a, u any) {
		if u == true {
			out = append(out, p)
			return
		}
		bo, ok1 := b.(map[string]any)
		ao, ok2 := a.(map[string]any)
		uo := doc.Map(u)
		if ok1 && ok2 {
			keys := map[string]bool{}
			for k := range bo {
				keys[k] = true
			}
			for k := range ao {
				keys[k] = true
			}
			for k := range uo {
				keys[k] = true
			}
			for _, k := range slices.Sorted(maps.Keys(keys)) {
				walk(append(p[:len(p):len(p)], k), bo[k], ao[k], uo[k])
			}
			return
		}
		bl, ok1 := b.([]any)
		al, ok2 := a.([]any)
		ul := doc.List(u)
		if ok1 && ok2 && len(bl) == len(al) {
			for i := range bl {
				var ui any
				if i < len(ul) {
					ui = ul[i]
				}
				walk(append(p[:len(p):len(p)], i), bl[i], al[i], ui)
			}
			return
		}
		if !equal(b, a) {
			out = append(out, p)
		}
	}
	walk(nil, before, after, unknown)
	return out
}

// shownPaths writes paths as text. What differs inside of a masked value is
// shown as that value: its keys are none of the reader's business either.
func shownPaths(list []source.Path, masked [][]any) []string {
	whole := map[string]bool{}
	for _, p := range masked {
		whole[pathKey(p)] = true
	}
	var out []string
	seen := map[string]bool{}
	for _, p := range list {
		for n := range p {
			if whole[pathKey(p[:n])] {
				p = p[:n]
				break
			}
		}
		if s := p.String(); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			w, ok := y[k]
			if !ok || !equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}
