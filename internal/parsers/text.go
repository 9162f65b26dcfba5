package parsers

import (
	"bytes"
	"encoding/json"
	"errors"

	"gate/internal/envelope"
	"gate/internal/source"
)

// yaml reads a stream of documents. conftest cuts it at the lines that are "---"
// and nothing else, and evaluates each piece, null where one holds no document.
// Documents that it loses, because their separator is written another way, are
// documents here.
func (f File) yaml() (content, error) {
	docs, err := source.ParseManifests(f.Path, f.Data)
	if err != nil {
		return content{}, err
	}
	starts := pieces(f.Data)
	if len(starts) == 1 && len(docs) == 1 {
		return flat(doubles(docs[0].Value), docs[0].Locator()), nil
	}
	var parts []Part
	for i, start := range starts {
		before := len(parts)
		for len(docs) > 0 && (i+1 == len(starts) || docs[0].Line < starts[i+1]) {
			parts = append(parts, Part{doubles(docs[0].Value), docs[0].Locator()})
			docs = docs[1:]
		}
		if len(parts) == before {
			parts = append(parts, Part{nil, source.Fixed(source.Position{File: f.Path, Line: start})})
		}
	}
	return content{parts, len(parts) > 1}, nil
}

// pieces are the lines with which the pieces begin that conftest cuts a file into.
// Directives belong to the piece behind them.
func pieces(data []byte) []int {
	lineBreak := "\n"
	if bytes.Contains(data, []byte("\r\n")) {
		lineBreak = "\r\n"
	}
	directives := bytes.HasPrefix(data, []byte("%"))
	starts, line := []int{1}, 1
	for {
		before, after, found := bytes.Cut(data, []byte(lineBreak+"---"+lineBreak))
		if !found {
			break
		}
		line += bytes.Count(before, []byte("\n")) + 2
		starts, data = append(starts, line), after
	}
	if directives && len(starts) > 1 {
		starts = append(starts[:1], starts[2:]...)
	}
	return starts
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// json reads one JSON value. It is read as YAML too, which tells lines; what JSON
// allows and YAML does not is read without them.
func (f File) json() (content, error) {
	data := bytes.TrimPrefix(f.Data, byteOrderMark)
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		line := 0
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line = 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		}
		return content{}, f.fault(line, "no JSON: "+err.Error())
	}
	docs, err := source.ParseYAML(f.Path, data)
	if err == nil && len(docs) == 1 {
		return flat(doubles(docs[0].Value), docs[0].Locator()), nil
	}
	if strict := envelope.DecodeStrict(data, new(any)); strict != nil {
		if err == nil {
			err = f.fault(0, strict.Error())
		}
		return content{}, err
	}
	return f.parts(value, nil)
}
