package deploy

import (
	"fmt"

	"helm.sh/helm/v3/pkg/chartutil"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// parseValues reads values that an object holds as text.
func parseValues(text string, loc source.Locator) (in render.InlineValues, err error) {
	docs, err := source.ParseValues("values", []byte(text))
	if err != nil {
		return in, err
	}
	in.Loc, in.Text = loc, true
	for _, d := range docs {
		in.Repeats = append(in.Repeats, d.Repeated...)
	}
	in.Values, err = chartutil.ReadValues([]byte(text))
	return in, err
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
