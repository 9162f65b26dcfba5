package source

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// DecodeJSON reads one JSON value into the shapes of Document.Value: integers
// that fit are int64, other numbers float64. What is nested deeper than a YAML
// file may be is an error.
func DecodeJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	return shape(v, 0)
}

func shape(v any, depth int) (any, error) {
	if depth > maxYAMLDepth {
		return nil, fmt.Errorf("a value that is nested more than %d levels deep", maxYAMLDepth)
	}
	var err error
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("a number out of range: %s", v)
		}
		return f, nil
	case []any:
		for i, e := range v {
			if v[i], err = shape(e, depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k, e := range v {
			if v[k], err = shape(e, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
