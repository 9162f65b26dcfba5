package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth limits the nesting of JSON that carries trust.
const maxDepth = 100

// DecodeStrict decodes one JSON value into v, which is a non-nil pointer.
//
// encoding/json takes the last of two equal keys, takes "PolicyDecision" for
// "policyDecision", replaces text that is not UTF-8 and stops reading after
// the value; two readers can then see two documents in the same signed bytes.
// Here each of these is an error, at any depth, and so is a field that v does
// not have. Numbers in fields of type any become json.Number.
func DecodeStrict(data []byte, v any) error {
	target := reflect.TypeOf(v)
	if target == nil || target.Kind() != reflect.Pointer {
		return fmt.Errorf("decode JSON into %T: not a pointer", v)
	}
	if err := checkStrict(data, target); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	return nil
}

// CheckCanonical says whether payload is the canonical form of v, which was decoded from
// it: then no field is missing, none is null, and no two readers can disagree.
func CheckCanonical(payload []byte, v any) error {
	canonical, err := Canonical(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(canonical, payload) {
		return errors.New("payload is not in canonical form: a field is missing, or was written by another program")
	}
	return nil
}

// Canonical returns v as JSON with sorted keys, without insignificant white
// space and without HTML escaping: the same value always gives the same bytes.
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil { // maps are written with sorted keys
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// checkStrict reads data once as tokens and compares the shape with target.
func checkStrict(data []byte, target reflect.Type) error {
	if !utf8.Valid(data) {
		return errors.New("decode JSON: text is not valid UTF-8")
	}
	if hasLoneSurrogate(data) {
		return errors.New("decode JSON: a \\u escape is half of a surrogate pair")
	}
	c := &checker{dec: json.NewDecoder(bytes.NewReader(data))}
	c.dec.UseNumber()
	if err := c.value(target); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("decode JSON: %w", err)
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("decode JSON: data after the value, at byte %d", c.dec.InputOffset())
	}
	return nil
}

type checker struct {
	dec  *json.Decoder
	path []any // keys and indices that lead to the value being read
}

// value reads one value that is decoded into a t, nil for any.
func (c *checker) value(t reflect.Type) error {
	tok, err := c.dec.Token()
	if err != nil {
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if len(c.path) >= maxDepth {
		return fmt.Errorf("JSON is nested more than %d levels deep", maxDepth)
	}
	t = plain(t)
	if delim == '[' {
		err = c.array(t)
	} else {
		err = c.object(t)
	}
	if err != nil {
		return err
	}
	_, err = c.dec.Token() // the closing delimiter; the decoder checks that it fits
	return err
}

func (c *checker) array(t reflect.Type) error {
	var elem reflect.Type
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		elem = t.Elem()
	}
	for i := 0; c.dec.More(); i++ {
		if err := c.child(i, elem); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) object(t reflect.Type) error {
	var fields map[string]reflect.Type
	if t != nil && t.Kind() == reflect.Struct {
		fields = jsonFields(t)
	}
	seen := map[string]bool{}
	for c.dec.More() {
		tok, err := c.dec.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		if seen[key] {
			return fmt.Errorf("key %q stands twice in %s", key, c.place())
		}
		seen[key] = true
		var ft reflect.Type
		switch {
		case fields != nil:
			var known bool
			if ft, known = fields[key]; !known {
				return c.unknownField(fields, key)
			}
		case t != nil && t.Kind() == reflect.Map:
			ft = t.Elem()
		}
		if err := c.child(key, ft); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) child(step any, t reflect.Type) error {
	c.path = append(c.path, step)
	err := c.value(t)
	c.path = c.path[:len(c.path)-1]
	return err
}

func (c *checker) unknownField(fields map[string]reflect.Type, key string) error {
	for f := range fields {
		if strings.EqualFold(f, key) {
			return fmt.Errorf("unknown field %q in %s: it is written %q", key, c.place(), f)
		}
	}
	return fmt.Errorf("unknown field %q in %s", key, c.place())
}

// place names the object that is being read.
func (c *checker) place() string {
	if len(c.path) == 0 {
		return "the document"
	}
	var b strings.Builder
	for _, step := range c.path {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return strconv.Quote(b.String())
}

// plain strips pointers. It returns nil for what the checker has no fields
// for: interfaces and types that decode themselves.
func plain(t reflect.Type) reflect.Type {
	unmarshaler := reflect.TypeFor[json.Unmarshaler]()
	for t != nil {
		if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			break
		}
		t = t.Elem()
	}
	if t == nil || t.Kind() == reflect.Interface {
		return nil
	}
	return t
}

// jsonFields returns the fields of a struct by the exact name that JSON has
// for them, those of embedded structs included.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-", !f.IsExported() && !f.Anonymous:
		case f.Anonymous && tag == "":
			if e := plain(f.Type); e != nil && e.Kind() == reflect.Struct {
				for k, v := range jsonFields(e) {
					if _, set := out[k]; !set {
						out[k] = v
					}
				}
			}
		case tag != "":
			out[tag] = f.Type
		default:
			out[f.Name] = f.Type
		}
	}
	return out
}

// hasLoneSurrogate finds \uD800 to \uDFFF that are not a pair; encoding/json
// would read them as U+FFFD, so that different texts become equal.
func hasLoneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' || i+1 >= len(data) {
			continue
		}
		if data[i+1] != 'u' {
			i++ // an escaped backslash or quote
			continue
		}
		switch surrogate(data[i:]) {
		case 0:
			i += 5
		case 1:
			if surrogate(data[min(i+6, len(data)):]) != 2 {
				return true
			}
			i += 11
		case 2:
			return true
		}
	}
	return false
}

// surrogate says what the escape \uXXXX at the start of b is: 1 a high
// surrogate, 2 a low one, 0 anything else.
func surrogate(b []byte) int {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' || b[2] != 'd' && b[2] != 'D' {
		return 0
	}
	switch b[3] {
	case '8', '9', 'a', 'b', 'A', 'B':
		return 1
	case 'c', 'd', 'e', 'f', 'C', 'D', 'E', 'F':
		return 2
	}
	return 0
}

// FindNull returns the place of a null in decoded JSON; it would read as an empty value.
func FindNull(v any) (at string, found bool) { return findNull(v, "") }

func findNull(v any, at string) (string, bool) {
	switch v := v.(type) {
	case nil:
		return strings.TrimPrefix(at, "."), true
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if p, ok := findNull(v[k], at+"."+k); ok {
				return p, true
			}
		}
	case []any:
		for i, e := range v {
			if p, ok := findNull(e, fmt.Sprintf("%s[%d]", at, i)); ok {
				return p, true
			}
		}
	}
	return "", false
}
