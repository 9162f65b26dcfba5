package terraform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"

	"gate/internal/source"
)

// parse reads one file. A file with syntax errors yields what could be read
// and the first error.
func (l *loader) parse(file string) (hcl.Body, error) {
	fault := func(line int, format string, args ...any) error {
		return &source.Error{Position: source.Position{File: file, Line: line}, Msg: fmt.Sprintf(format, args...)}
	}
	v, generated := l.virtual[file]
	data, err := v.data, error(nil)
	if !generated {
		data, err = l.tree.ReadFile(file)
	}
	if err != nil {
		return nil, fault(0, "read: %v", err)
	}
	if len(data) > maxConfigBytes {
		return nil, fault(0, "file is larger than %d MiB", maxConfigBytes>>20)
	}
	if line, err := source.TooDeep(data); err != nil {
		return nil, fault(line, "%v", err)
	}
	l.text[file] = data
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		f, diags = hcljson.Parse(data, file)
	} else {
		f, diags = hclsyntax.ParseConfig(data, file, hcl.InitialPos)
	}
	if diags.HasErrors() {
		err = diagnosticError(file, diags)
		var at *source.Error
		if generated && errors.As(err, &at) {
			at.Position = l.position(hcl.Range{Filename: file, Start: hcl.Pos{Line: at.Line}})
			at.Msg = "the generated file is not valid: " + at.Msg
		}
	}
	if f == nil || f.Body == nil {
		return nil, err
	}
	return f.Body, err
}

func diagnosticError(file string, diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		e := &source.Error{Position: source.Position{File: file}, Msg: d.Summary}
		if d.Detail != "" {
			e.Msg += ": " + strings.TrimSuffix(d.Detail, ".")
		}
		if d.Subject != nil {
			e.Line = d.Subject.Start.Line
		}
		return e
	}
	return errors.New("unknown fault")
}
