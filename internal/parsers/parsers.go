// Package parsers reads the files that an organisation's policies judge, of every
// format that conftest reads, with conftest's own parsers and to the same values.
//
// Where a parser of conftest reaches out of the file that it is given, the file is
// read another way: imports of Jsonnet stay inside the tree, HOCON includes nothing,
// and no variable of the environment is seen. YAML and JSON are read by package
// source, which knows where everything stands and refuses a key that stands twice.
package parsers

import (
	"encoding/json"
	"fmt"
	"strings"

	"gate/internal/source"

	conftest "github.com/open-policy-agent/conftest/parser"
	dotenv "github.com/open-policy-agent/conftest/parser/dotenv"
	"github.com/open-policy-agent/conftest/parser/hocon"
	jsonparser "github.com/open-policy-agent/conftest/parser/json"
	"github.com/open-policy-agent/conftest/parser/jsonnet"
	"github.com/open-policy-agent/conftest/parser/properties"
	"github.com/open-policy-agent/conftest/parser/yaml"
)

// File is a file to read.
type File struct {
	Path string // in the tree, as errors and imports name it
	Data []byte
	// Parser names conftest's parser; empty: by the name of the file.
	Parser string
	// Tree holds what the file may import; nil: nothing.
	Tree source.Tree
}

// Part is one of the documents of a file: what conftest evaluates at a time.
type Part struct {
	// Value consists of map[string]any, []any, string, bool, int64, float64 and nil:
	// numbers of YAML and JSON are float64, as conftest has them. It is nil for a
	// document without content.
	Value any
	// Origin leads to the lines of what Value holds, as far as the format tells.
	Origin source.Locator
}

// Names are those of the parsers.
func Names() []string { return append(conftest.Parsers(), conftest.JSONC) }

// Knows says whether there is a parser for files of that name.
func Knows(file string) bool { return conftest.FileSupported(file) }

// Read returns the documents of a file, a list at its top as its elements. A panic
// of a parser is an error of the file. What is a program (Jsonnet, CUE) may take any
// time and memory.
func Read(f File) ([]Part, error) {
	all, err := read(f)
	return all.parts, err
}

// Value returns what a file holds as one value, several documents as a list.
func Value(f File) (any, error) {
	all, err := read(f)
	if err != nil || !all.list {
		if len(all.parts) == 0 {
			return nil, err
		}
		return all.parts[0].Value, err
	}
	list := make([]any, len(all.parts))
	for i, p := range all.parts {
		list[i] = p.Value
	}
	return list, nil
}

// content is what a file holds: its documents, which may be elements of a list.
type content struct {
	parts []Part
	list  bool
}

func read(f File) (all content, err error) {
	defer func() {
		if p := recover(); p != nil {
			all, err = content{}, f.fault(0, source.Panicked(p))
		}
	}()
	p, err := f.parser()
	if err != nil {
		return content{}, err
	}
	switch p := p.(type) {
	case *yaml.Parser:
		return f.yaml()
	case *jsonparser.Parser:
		return f.json()
	case *jsonnet.Parser:
		return f.parts(f.jsonnet())
	case *hocon.Parser:
		if err := f.includesNothing(); err != nil {
			return content{}, err
		}
		return f.parts(f.withoutEnvironment(p))
	case *dotenv.Parser, *properties.Parser:
		return f.parts(f.withoutEnvironment(p))
	}
	return f.parts(unmarshal(p, f.Data))
}

// Bounded says whether Read is sure to end soon, and in bounded memory.
func (f File) Bounded() bool {
	p, err := f.parser()
	if err != nil {
		return true
	}
	switch p.(type) {
	case *yaml.Parser, *jsonparser.Parser:
		return true
	}
	return false
}

func (f File) parser() (conftest.Parser, error) {
	if f.Parser != "" {
		p, err := conftest.New(f.Parser)
		if err != nil {
			return nil, f.fault(0, fmt.Sprintf("there is no parser %q; there are %s", f.Parser, strings.Join(Names(), ", ")))
		}
		return p, nil
	}
	p, err := conftest.NewFromPath(f.Path)
	if err != nil {
		return nil, f.fault(0, "no parser reads files of that name")
	}
	return p, nil
}

// parts are those of a format that knows no lines.
func (f File) parts(v any, err error) (content, error) {
	if err == nil {
		v, err = shaped(v)
	}
	if err != nil {
		return content{}, f.fault(0, f.quiet(err))
	}
	return flat(v, source.Fixed(source.Position{File: f.Path, Line: 1, Approximate: true})), nil
}

// flat are the documents of a value: the elements of a list, else itself.
func flat(v any, origin source.Locator) content {
	list, ok := v.([]any)
	if !ok {
		return content{parts: []Part{{v, origin}}}
	}
	parts := make([]Part, len(list))
	for i, e := range list {
		parts[i] = Part{e, source.At(origin, source.Path{i})}
	}
	return content{parts, true}
}

func unmarshal(p conftest.Parser, data []byte) (v any, err error) {
	err = p.Unmarshal(data, &v)
	return v, err
}

// shaped is a value in the shapes of Part.Value: parsers give types of their own.
func shaped(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
		return v, nil
	case int:
		return int64(v), nil
	case []any:
		for i, e := range v {
			if v[i], err = shaped(e); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[string]any:
		for k, e := range v {
			if v[k], err = shaped(e); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return source.DecodeJSON(data)
}

// doubles are the numbers of YAML and JSON as conftest has them, in place: policies
// print them.
func doubles(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i, e := range v {
			v[i] = doubles(e)
		}
	case map[string]any:
		for k, e := range v {
			v[k] = doubles(e)
		}
	}
	return v
}

// maxMessage bounds what a parser says: some repeat the file.
const maxMessage = 300

func (f File) fault(line int, msg string) error {
	msg = strings.Join(strings.Fields(msg), " ")
	if len(msg) > maxMessage {
		msg = strings.ToValidUTF8(msg[:maxMessage], "") + "…"
	}
	return &source.Error{Position: source.Position{File: f.Path, Line: line}, Msg: msg}
}
