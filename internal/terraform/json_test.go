package terraform

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

func TestReadJSON(t *testing.T) {
	t.Parallel()
	got, err := readJSON("x", []byte(` {"a":[1,-2.5,1e3,12345678901234567890,true,false,null],"b":{"c":"\"\\\/\b\f\n\r\té😀\ud800"},"skip":{"d":[{}]}} `), map[string]bool{"skip": true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a":    []any{int64(1), -2.5, 1e3, 12345678901234567890.0, true, false, nil},
		"b":    map[string]any{"c": "\"\\/\b\f\n\r\té😀\ufffd"},
		"skip": nil,
	}
	if diff := cmp.Diff(want, normalSkip(got)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// normalSkip writes the typed nil of a skipped object as nil.
func normalSkip(v any) any {
	m := v.(map[string]any)
	if o, ok := m["skip"].(map[string]any); ok && o == nil {
		m["skip"] = nil
	}
	return m
}

func TestReadJSONFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                          "x:1:1: JSON ends too early",
		"{\n \"a\": 1,\n \"a\": 2}": `x:3:2: member "a" stands twice in one object`,
		`{"a":`:                     "x:1:6: JSON ends too early",
		`{"a":1`:                    "x:1:7: expected ',' or '}'",
		`[1 2]`:                     "x:1:4: expected ',' or ']'",
		`[01]`:                      "x:1:4: malformed number",
		`["a`:                       "x:1:4: JSON ends inside a string",
		"[\"\xff\"]":                "x:1:4: text is not valid UTF-8",
		`{} {}`:                     "x:1:4: text after the end of the JSON value",
		`{"é": nul}`:                "x:1:7: expected null",
		strings.Repeat("[", 300):    "x:1:251: JSON is nested more than 250 levels deep",
		"[\"a\x01\"]":               "x:1:4: control character in a string",
		`["\x"]`:                    `x:1:4: unknown escape \x`,
		`["\u12"]`:                  `x:1:4: malformed \u escape`,
	} {
		_, err := readJSON("x", []byte(text), nil)
		var at *source.Error
		if !errors.As(err, &at) || err.Error() != want {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

// The reader agrees with encoding/json on what both accept.
func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"x\u00e9",null,true]}`, `[[],{}]`, `"\ud83d\ude00"`, `-0.0`, `1e400`, `{"A":1,"a":2}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := readJSON("x", []byte(s), nil)
		if err != nil {
			return
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("%q is accepted here and not by encoding/json: %v", s, err)
		}
		a, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var round any
		dec = json.NewDecoder(strings.NewReader(string(a)))
		dec.UseNumber()
		if err := dec.Decode(&round); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(floats(want), floats(round)); diff != "" {
			t.Fatalf("%q: -encoding/json +gate\n%s", s, diff)
		}
	})
}

// floats compares numbers by value, not by how they are written.
func floats(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return float64(i)
		}
		if x, err := v.Float64(); err == nil {
			return x
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}
