package repository

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Limits of a JSON input.
const (
	maxJSONBytes = 64 << 20
	maxJSONDepth = 100
)

// decodeJSON reads one JSON value into map[string]any, []any, string,
// json.Number, bool and nil. Unlike encoding/json it refuses duplicate keys,
// of which a reader and a forge could each take another one, and it keeps keys
// that differ in case apart.
func decodeJSON(data []byte) (any, error) {
	if len(data) > maxJSONBytes {
		return nil, fmt.Errorf("input is above %d MiB", maxJSONBytes>>20)
	}
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	v, err := decodeValue(dec, 0)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("byte %d: something follows the value", dec.InputOffset())
	}
	return v, nil
}

func decodeValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", maxJSONDepth)
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		out := map[string]any{}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				return nil, err
			}
			key, _ := k.(string)
			if _, dup := out[key]; dup {
				return nil, fmt.Errorf("key %q is there twice", key)
			}
			if out[key], err = decodeValue(dec, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := dec.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for dec.More() {
			v, err := decodeValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err := dec.Token()
		return out, err
	}
	return t, nil
}

// object is a JSON object that is asked by exact keys; what is missing or of
// another type is the zero value.
type object map[string]any

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o object) number(key string) int {
	n, _ := o[key].(json.Number)
	i, err := n.Int64()
	if err != nil || i < 0 || i > 1<<53 {
		return 0
	}
	return int(i)
}

func (o object) flag(key string) bool {
	b, _ := o[key].(bool)
	return b
}

func (o object) list(key string) []any {
	l, _ := o[key].([]any)
	return l
}
