package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Decode reads a document that Encode has written. Fields that it does not know are
// errors; numbers keep their digits.
func Decode(data []byte) (*Facts, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	f := &Facts{}
	if err := dec.Decode(f); err != nil {
		return nil, fmt.Errorf("decode facts: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode facts: something stands behind the document")
	}
	return f, nil
}
