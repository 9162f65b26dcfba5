package deploy

import (
	"fmt"

	"helm.sh/helm/v3/pkg/chartutil"

	"gate/internal/doc"
	"gate/internal/source"
)

// parseValues reads values that an object holds as text.
func parseValues(text string) (map[string]any, error) {
	if _, err := source.ParseYAML("values", []byte(text)); err != nil {
		return nil, err
	}
	return chartutil.ReadValues([]byte(text))
}

// floats turns integers into the numbers that Helm's own reading of values
// gives: templates print and compare them differently.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = floats(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = floats(e)
		}
		return out
	}
	return v
}

func asText(v any) string {
	s, ok := doc.ScalarText(v)
	if !ok {
		return fmt.Sprint(v)
	}
	return s
}

func orNil(v any) any {
	if v == nil {
		return ""
	}
	return v
}
