package facts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Encode writes the bytes of json.Marshal, one element of each large list at a
// time: a whole document of 20 MB would be held twice.
func (f *Facts) Encode(w io.Writer) error {
	e := encoder{w: w}
	e.enc = json.NewEncoder(&e.buf)
	e.structure(reflect.ValueOf(f).Elem())
	if e.err != nil {
		return fmt.Errorf("encode facts: %w", e.err)
	}
	return nil
}

type encoder struct {
	w   io.Writer
	buf bytes.Buffer // of one element
	enc *json.Encoder
	err error
}

func (e *encoder) text(s string) {
	if e.err == nil {
		_, e.err = io.WriteString(e.w, s)
	}
}

func (e *encoder) value(v reflect.Value) {
	if e.err != nil {
		return
	}
	e.buf.Reset()
	if e.err = e.enc.Encode(v.Interface()); e.err == nil {
		_, e.err = e.w.Write(bytes.TrimSuffix(e.buf.Bytes(), []byte("\n")))
	}
}

// structure writes the fields of a struct whose lists may be large. None of
// them is embedded, and none has another name than its tag gives it.
func (e *encoder) structure(v reflect.Value) {
	separator := "{"
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		x := v.Field(i)
		if name == "-" || strings.Contains(options, "omitempty") && x.Kind() == reflect.Slice && x.Len() == 0 {
			continue
		}
		e.text(separator + `"` + name + `":`)
		separator = ","
		if x.Kind() == reflect.Slice && !x.IsNil() {
			e.list(x)
		} else {
			e.value(x)
		}
	}
	if separator == "{" {
		e.text("{")
	}
	e.text("}")
}

func (e *encoder) list(v reflect.Value) {
	e.text("[")
	for i := range v.Len() {
		if i > 0 {
			e.text(",")
		}
		e.value(v.Index(i))
	}
	e.text("]")
}
