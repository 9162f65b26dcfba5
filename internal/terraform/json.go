package terraform

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"gate/internal/source"
)

const (
	maxJSONDepth  = 250
	maxInterned   = 1 << 16
	maxInternSize = 64
)

// jsonReader reads one JSON text (RFC 8259) into the shapes of
// encoding/json: map[string]any, []any, string, bool, int64 for integers that
// fit, float64 for other numbers, nil.
//
// It is stricter and leaner than encoding/json: a key that stands twice in an
// object is an error (the last one would win there, and the first one in other
// readers), names are matched exactly, faults carry their place, values that
// nobody asked for are skipped without being built, and repeated strings are
// kept once. The attribute names of a plan repeat for every instance.
type jsonReader struct {
	name  string
	data  []byte
	pos   int
	depth int
	// skip names members of the top-level object that are checked, not built.
	skip    map[string]bool
	starts  map[string]int // of what was skipped
	strings map[string]string
}

// readJSON reads the text; errors are *source.Error with line and column.
func readJSON(name string, data []byte, skip map[string]bool) (any, error) {
	v, _, err := readJSONParts(name, data, skip)
	return v, err
}

// readJSONParts gives the reader as well, for elements of what was skipped.
func readJSONParts(name string, data []byte, skip map[string]bool) (any, *jsonReader, error) {
	r := &jsonReader{name: name, data: data, skip: skip, starts: map[string]int{}, strings: map[string]string{}}
	r.space()
	v, err := r.value(true)
	if err != nil {
		return nil, nil, err
	}
	if r.space(); r.pos < len(r.data) {
		return nil, nil, r.fault("text after the end of the JSON value")
	}
	return v, r, nil
}

// member builds a member of the top-level object that was skipped; nil without one.
func (r *jsonReader) member(name string) (any, error) {
	start, ok := r.starts[name]
	if !ok {
		return nil, nil
	}
	r.pos, r.depth = start, 1
	return r.value(true)
}

// elements calls f for each element of a list that was skipped: a list of a
// hundred megabytes is never there as a whole. No list, or null, has none.
func (r *jsonReader) elements(member string, f func(i int, v any) error) error {
	start, ok := r.starts[member]
	if !ok {
		return nil
	}
	r.pos, r.depth = start, 1
	switch r.data[r.pos] {
	case 'n':
		return nil
	case '[':
	default:
		return r.fault("%s is not a list", member)
	}
	if err := r.enter(); err != nil {
		return err
	}
	if r.at(']') {
		return nil
	}
	for i := 0; ; i++ {
		v, err := r.value(true)
		if err != nil {
			return err
		}
		if err := f(i, v); err != nil {
			return err
		}
		if r.space(); r.at(']') {
			return nil
		}
		r.at(',') // the text was read once: it is well formed
		r.space()
	}
}

func (r *jsonReader) fault(format string, args ...any) error {
	line, start := 1, 0
	end := min(r.pos, len(r.data))
	for i := 0; i < end; i++ {
		if r.data[i] == '\n' {
			line, start = line+1, i+1
		}
	}
	// A line of a plan can be the whole plan: do not count it rune by rune twice.
	column := source.Column(string(r.data[start:end]), end-start)
	return &source.Error{
		Position: source.Position{File: r.name, Line: line, Column: column},
		Msg:      fmt.Sprintf(format, args...),
	}
}

func (r *jsonReader) space() {
	for r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *jsonReader) value(build bool) (any, error) {
	if r.pos >= len(r.data) {
		return nil, r.fault("JSON ends too early")
	}
	switch c := r.data[r.pos]; {
	case c == '{':
		return r.object(build)
	case c == '[':
		return r.array(build)
	case c == '"':
		s, err := r.text(build)
		if err != nil || !build {
			return nil, err
		}
		return s, nil
	case c == 't':
		return true, r.word("true")
	case c == 'f':
		return false, r.word("false")
	case c == 'n':
		return nil, r.word("null")
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	default:
		return nil, r.fault("unexpected character %q, expected a JSON value", rune(c))
	}
}

func (r *jsonReader) word(w string) error {
	if len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return r.fault("expected %s", w)
	}
	r.pos += len(w)
	return nil
}

func (r *jsonReader) enter() error {
	if r.depth++; r.depth > maxJSONDepth {
		return r.fault("JSON is nested more than %d levels deep", maxJSONDepth)
	}
	r.pos++
	r.space()
	return nil
}

func (r *jsonReader) object(build bool) (any, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer func() { r.depth-- }()
	var out map[string]any
	if build {
		out = map[string]any{}
	}
	if r.at('}') {
		return out, nil
	}
	for {
		if r.pos >= len(r.data) || r.data[r.pos] != '"' {
			return nil, r.fault("expected a member name")
		}
		start := r.pos
		key, err := r.text(build)
		if err != nil {
			return nil, err
		}
		if _, dup := out[key]; dup && build {
			r.pos = start
			return nil, r.fault("member %q stands twice in one object", key)
		}
		r.space()
		if !r.at(':') {
			return nil, r.fault("expected ':' after the member name")
		}
		r.space()
		keep := build && !(r.depth == 1 && r.skip[key])
		if build && !keep {
			r.starts[key] = r.pos
		}
		v, err := r.value(keep)
		if err != nil {
			return nil, err
		}
		if build {
			out[key] = v
		}
		r.space()
		if r.at('}') {
			return out, nil
		}
		if !r.at(',') {
			return nil, r.fault("expected ',' or '}'")
		}
		r.space()
	}
}

func (r *jsonReader) array(build bool) (any, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer func() { r.depth-- }()
	out := []any{}
	if r.at(']') {
		return out, nil
	}
	for {
		v, err := r.value(build)
		if err != nil {
			return nil, err
		}
		if build {
			out = append(out, v)
		}
		r.space()
		if r.at(']') {
			return out, nil
		}
		if !r.at(',') {
			return nil, r.fault("expected ',' or ']'")
		}
		r.space()
	}
}

func (r *jsonReader) at(c byte) bool {
	if r.pos < len(r.data) && r.data[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *jsonReader) number() (any, error) {
	start, integer := r.pos, true
	r.at('-')
	digits := r.digits()
	if digits == 0 || digits > 1 && r.data[r.pos-digits] == '0' {
		return nil, r.fault("malformed number")
	}
	if r.at('.') {
		if integer = false; r.digits() == 0 {
			return nil, r.fault("malformed number")
		}
	}
	if r.at('e') || r.at('E') {
		integer = false
		if !r.at('+') {
			r.at('-')
		}
		if r.digits() == 0 {
			return nil, r.fault("malformed number")
		}
	}
	text := string(r.data[start:r.pos])
	if integer {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return json.Number(text), nil // kept as written: no float holds it
	}
	return f, nil
}

func (r *jsonReader) digits() int {
	n := 0
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos, n = r.pos+1, n+1
	}
	return n
}
