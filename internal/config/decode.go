package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"gate/internal/source"
)

// decoder fills Go values from one YAML document and notes every fault with
// its place instead of stopping at the first.
type decoder struct {
	doc    *source.Document
	faults []*fault
	noted  int // all faults so far, taken ones included
}

// maxFaults bounds the faults of one file: a file of nothing else must not
// take time without end. Beyond it the file is refused as a whole.
const maxFaults = 200

// fault is a source.Error that still knows its path in the document.
type fault struct {
	path source.Path
	err  *source.Error
}

// read parses a file of exactly one document into the struct that into points
// to. The decoder is nil if there is nothing to check further.
func read(file string, data []byte, into any) (*decoder, error) {
	docs, err := source.ParseYAML(file, data)
	if err != nil {
		return nil, err
	}
	switch {
	case len(docs) == 0:
		return nil, &source.Error{Position: source.Position{File: file}, Msg: fmt.Sprintf("file is empty; expected at least \"apiVersion: %s\"", APIVersion)}
	case len(docs) > 1:
		return nil, &source.Error{Position: source.Position{File: file, Line: docs[1].Line}, Msg: "file holds more than one YAML document; expected one"}
	}
	d := &decoder{doc: docs[0]}
	d.value(nil, docs[0].Value, reflect.ValueOf(into).Elem(), "")
	return d, nil
}

// faultf notes a fault at a path; the place is that of the nearest existing
// ancestor.
func (d *decoder) faultf(p source.Path, format string, args ...any) {
	if d.noted++; d.noted > maxFaults {
		return
	}
	pos, _ := d.doc.Locate(p)
	pos.Approximate, pos.EndLine, pos.EndColumn = false, 0, 0
	d.faults = append(d.faults, &fault{path: slices.Clone(p), err: &source.Error{Position: pos, Msg: fmt.Sprintf(format, args...)}})
}

// err joins the faults in the order of their places.
func (d *decoder) err() error {
	slices.SortStableFunc(d.faults, func(a, b *fault) int {
		return cmp.Or(cmp.Compare(a.err.Line, b.err.Line), cmp.Compare(a.err.Column, b.err.Column), cmp.Compare(a.err.Msg, b.err.Msg))
	})
	var errs []error
	for _, f := range d.faults {
		errs = append(errs, f.err)
	}
	if d.noted > maxFaults {
		errs = append(errs, &source.Error{Position: source.Position{File: d.doc.File}, Msg: fmt.Sprintf("file has %d faults; only the first %d were looked at", d.noted, maxFaults)})
	}
	return errors.Join(errs...)
}

// take removes and returns the faults below a path.
func (d *decoder) take(prefix source.Path) []string {
	var taken []string
	rest := d.faults[:0]
	for _, f := range d.faults {
		if len(f.path) >= len(prefix) && slices.Equal(f.path[:len(prefix)], prefix) {
			taken = append(taken, f.err.Msg)
			continue
		}
		rest = append(rest, f)
	}
	d.faults = rest
	return taken
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	approvalType = reflect.TypeFor[Approval]()
)

// value decodes v into target. tag holds the struct tags of the field.
func (d *decoder) value(p source.Path, v any, target reflect.Value, tag reflect.StructTag) {
	t := target.Type()
	switch {
	case t == timeType:
		d.time(p, v, target, tag.Get("date") == "end")
		return
	case t.Kind() == reflect.Pointer:
		target.Set(reflect.New(t.Elem()))
		d.value(p, v, target.Elem(), tag)
		return
	case t == approvalType:
		if n, ok := v.(int64); ok {
			d.integer(p, n, target.FieldByName("Count"))
			return
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		d.structure(p, v, target)
	case reflect.Map:
		d.mapping(p, v, target, tag.Get("short"))
	case reflect.Slice:
		list, ok := v.([]any)
		if !ok {
			d.wrong(p, v, "a list")
			return
		}
		target.Set(reflect.MakeSlice(t, len(list), len(list)))
		for i, e := range list {
			d.value(append(slices.Clone(p), i), e, target.Index(i), "")
		}
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			d.wrong(p, v, "a string")
			return
		}
		target.SetString(s)
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			d.wrong(p, v, "true or false")
			return
		}
		target.SetBool(b)
	case reflect.Int:
		d.integer(p, v, target)
	case reflect.Interface:
		if v != nil {
			target.Set(reflect.ValueOf(v))
		}
	default:
		d.faultf(p, "%s cannot be read", name(p))
	}
}

func (d *decoder) structure(p source.Path, v any, target reflect.Value) {
	obj, ok := v.(map[string]any)
	if !ok {
		d.wrong(p, v, "a mapping")
		return
	}
	fields := Fields(target.Type())
	known := make([]string, 0, len(fields))
	for _, f := range fields {
		known = append(known, f.Key)
	}
	for _, key := range slices.Sorted(maps.Keys(obj)) {
		if !slices.Contains(known, key) {
			d.faultf(append(slices.Clone(p), key), "unknown key %q%s", key, suggest(key, known))
		}
	}
	for _, f := range fields {
		x, set := obj[f.Key]
		if !set {
			if f.Required {
				d.faultf(p, "%s is missing the key %q", name(p), f.Key)
			}
			continue
		}
		d.value(append(slices.Clone(p), f.Key), x, target.Field(f.index), f.tag)
	}
}

func (d *decoder) mapping(p source.Path, v any, target reflect.Value, short string) {
	t := target.Type()
	target.Set(reflect.MakeMap(t))
	if s, ok := v.(string); ok && short != "" {
		target.SetMapIndex(reflect.ValueOf(short), reflect.ValueOf(s))
		return
	}
	obj, ok := v.(map[string]any)
	if !ok {
		want := "a mapping"
		if short != "" {
			want = "a single value or a mapping"
		}
		d.wrong(p, v, want)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(obj)) {
		e := reflect.New(t.Elem()).Elem()
		d.value(append(slices.Clone(p), key), obj[key], e, "")
		target.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), e)
	}
}

func (d *decoder) integer(p source.Path, v any, target reflect.Value) {
	n, ok := v.(int64)
	if !ok || n < 0 || n > math.MaxInt32 {
		d.wrong(p, v, "a whole number from 0")
		return
	}
	target.SetInt(n)
}

// time reads a date (YYYY-MM-DD, UTC) or an RFC 3339 time. A date is its first
// instant, with end its last one, exclusive.
func (d *decoder) time(p source.Path, v any, target reflect.Value, end bool) {
	s, _ := v.(string)
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		if end {
			day = day.AddDate(0, 0, 1)
		}
		target.Set(reflect.ValueOf(day))
		return
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		d.wrong(p, v, "a date such as 2027-06-30")
		return
	}
	target.Set(reflect.ValueOf(at.UTC()))
}

func (d *decoder) wrong(p source.Path, v any, want string) {
	d.faultf(p, "%s is %s; expected %s", name(p), shape(v), want)
}

// shape says what a value is, for messages.
func shape(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("%q", clip(v))
	default:
		return fmt.Sprint(v)
	}
}

func clip(s string) string {
	const limit = 60
	r := []rune(s)
	if len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// name is the path as messages name it.
func name(p source.Path) string {
	if len(p) == 0 {
		return "the file"
	}
	return p.String()
}

// Field is one key that a struct of this package reads.
type Field struct {
	Key      string // as in the file
	Required bool
	index    int
	tag      reflect.StructTag
}

// Fields returns the keys of a struct type in their order. They are the json
// tags; a key without omitempty is required. The decoder and the test that
// compares the types with the JSON Schemas both stand on it.
func Fields(t reflect.Type) []Field {
	var out []Field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "-" || key == "" {
			continue
		}
		out = append(out, Field{Key: key, Required: options != "omitempty", index: i, tag: f.Tag})
	}
	return out
}
