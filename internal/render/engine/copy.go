package engine

import (
	"slices"

	"helm.sh/helm/v3/pkg/chartutil"
)

// deepCopies are sprig's deepCopy and mustDeepCopy. A chart that copies its context (merge
// (deepCopy .) …) copies its values and files once more for each use: what they are made
// of is copied here, as sprig's reflection would, byte by byte, and other walks it.
func deepCopies(sprig func(any) (any, error)) map[string]any {
	must := func(v any) (any, error) {
		if v == nil {
			return sprig(v) // which panics
		}
		return deepCopy(v, sprig)
	}
	return map[string]any{
		"mustDeepCopy": must,
		"deepCopy": func(v any) any {
			c, err := must(v)
			if err != nil {
				panic("deepCopy error: " + err.Error())
			}
			return c
		},
	}
}

func deepCopy(v any, other func(any) (any, error)) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, int, int64, float64:
		return v, nil
	case fileSet:
		return copyMap(v, func(b []byte) ([]byte, error) { return slices.Clone(b), nil })
	case chartutil.Values:
		return copyMap(v, func(e any) (any, error) { return deepCopy(e, other) })
	case map[string]any:
		return copyMap(v, func(e any) (any, error) { return deepCopy(e, other) })
	case []any:
		if len(v) == 0 {
			return other(v)
		}
		out := make([]any, len(v))
		for i, e := range v {
			c, err := deepCopy(e, other)
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	}
	return other(v)
}

func copyMap[M ~map[string]E, E any](m M, element func(E) (E, error)) (M, error) {
	if m == nil {
		return nil, nil
	}
	out := make(M, len(m))
	for k, e := range m {
		c, err := element(e)
		if err != nil {
			return nil, err
		}
		out[k] = c
	}
	return out, nil
}
