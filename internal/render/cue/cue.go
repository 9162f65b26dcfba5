// Package cue evaluates CUE packages on files that the caller lends: no module
// is fetched, no import leaves them, nothing is embedded from disk. Each value
// leads back to the line that sets it.
package cue

import (
	"fmt"
	"regexp"
	"strings"

	"gate/internal/source"

	cuelib "cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
)

// Files are the files that an evaluation sees, by path from the root.
type Files interface {
	Exists(name string) bool
	// Read returns a file; its errors name the file.
	Read(name string) ([]byte, error)
	// List returns the paths of the files in a directory, sorted.
	List(dir string) []string
}

// Program is one evaluation.
type Program struct {
	Path       string // file or directory of a package, from the root
	Package    string // which one, if the directory has several
	Expression string // what is taken of it, such as "objects"; empty: all
	Tags       []Tag
	// OutputBytes bounds the result as JSON; 0 means no bound.
	OutputBytes int
}

// Tag is the value of a field that is marked @tag(Name).
type Tag struct{ Name, Value string }

// Result is the value of a package, in the shapes of source.Document.Value.
type Result struct {
	Value any
	at    map[string]source.Position
	whole source.Position
}

// Evaluate evaluates a package to concrete values. Errors are *source.Error. An
// evaluation cannot be interrupted; the caller has to be able to end its
// process.
func Evaluate(files Files, p Program) (*Result, error) {
	l, err := newLoader(files, p)
	if err != nil {
		return nil, err
	}
	inst, err := l.load()
	if err != nil {
		return nil, err
	}
	whole := source.Position{File: inst.Files[0].Filename}
	v := cuecontext.New().BuildInstance(inst)
	if err := v.Err(); err != nil {
		return nil, l.evaluated(whole, err)
	}
	if p.Expression != "" {
		path := cuelib.ParsePath(p.Expression)
		if err := path.Err(); err != nil {
			return nil, &source.Error{Position: whole, Msg: fmt.Sprintf("expression %q: %v", p.Expression, err)}
		}
		if v = v.LookupPath(path); !v.Exists() {
			return nil, &source.Error{Position: whole, Msg: fmt.Sprintf("the package has no field %q", p.Expression)}
		}
	}
	if err := v.Validate(cuelib.Concrete(true)); err != nil {
		return nil, l.evaluated(whole, err)
	}
	out, err := v.MarshalJSON()
	if err != nil {
		return nil, l.evaluated(whole, err)
	}
	if p.OutputBytes > 0 && len(out) > p.OutputBytes {
		return nil, &source.Error{Position: whole, Msg: fmt.Sprintf("CUE yields %d bytes, more than the limit of %d", len(out), p.OutputBytes)}
	}
	r := &Result{at: map[string]source.Position{}, whole: whole}
	if r.Value, err = source.DecodeJSON(out); err != nil {
		return nil, &source.Error{Position: whole, Msg: "CUE yields " + err.Error()}
	}
	r.positions(l, v, nil)
	return r, nil
}

// evaluated is located without the texts that the values hold: one of them
// may be a secret.
func (l *loader) evaluated(whole source.Position, err error) error {
	out := l.located(whole, err)
	if !strings.HasPrefix(out.Msg, "builtin package ") && !strings.HasPrefix(out.Msg, "imported and not used: ") {
		out.Msg = quoted.ReplaceAllString(out.Msg, `"…"`)
	}
	if strings.Contains(out.Msg, "incomplete value") {
		out.Hint = "set the value, or name the concrete part of the package under expression"
	}
	return out
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)

// located turns errors of the evaluator into one with a place: the first that
// stands in a lent file.
func (l *loader) located(whole source.Position, err error) *source.Error {
	list := errors.Errors(errors.Sanitize(errors.Promote(err, "")))
	format, args := list[0].Msg()
	out := &source.Error{Position: whole, Msg: fmt.Sprintf(format, args...)}
	if path := strings.Join(list[0].Path(), "."); path != "" {
		out.Msg = path + ": " + out.Msg
	}
	for _, pos := range errors.Positions(list[0]) {
		if p, ok := l.position(pos); ok {
			out.Position = p
			break
		}
	}
	if len(list) > 1 {
		out.Msg += fmt.Sprintf(" (and %d more)", len(list)-1)
	}
	return out
}

// positions remembers where each value of the result is set.
func (r *Result) positions(l *loader, v cuelib.Value, at source.Path) {
	if p, ok := l.valuePosition(v); ok {
		r.at[at.String()] = p
	}
	switch v.IncompleteKind() {
	case cuelib.StructKind:
		fields, err := v.Fields()
		for err == nil && fields.Next() {
			r.positions(l, fields.Value(), append(at[:len(at):len(at)], fields.Selector().Unquoted()))
		}
	case cuelib.ListKind:
		list, err := v.List()
		for i := 0; err == nil && list.Next(); i++ {
			r.positions(l, list.Value(), append(at[:len(at):len(at)], i))
		}
	}
}

// Locator leads from a path of Value to where it is set.
func (r *Result) Locator() source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		for n := len(p); n >= 0; n-- {
			if pos, ok := r.at[p[:n].String()]; ok {
				pos.Approximate = n < len(p)
				return source.Location{Position: pos}
			}
		}
		pos := r.whole
		pos.Approximate = true
		return source.Location{Position: pos}
	})
}
