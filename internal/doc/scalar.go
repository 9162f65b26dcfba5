package doc

import (
	"maps"
	"strconv"
)

// IsScalar says whether v is neither a map nor a list; null is a scalar.
func IsScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// ScalarText returns a text, a truth value or a number as text, without an
// exponent; ok is false for everything else, null included.
func ScalarText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// Merge lays over on base, map by map; everything else, lists too, is replaced.
// Neither is changed; the result shares what only one of them has.
func Merge(base, over map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(over))
	maps.Copy(out, base)
	for k, v := range over {
		if m, ok := v.(map[string]any); ok {
			if below, ok := out[k].(map[string]any); ok {
				out[k] = Merge(below, m)
				continue
			}
		}
		out[k] = v
	}
	return out
}
