// Package jsonnet evaluates Jsonnet programs on files that the caller lends:
// no import leaves them, no native function exists, nothing of the machine is
// seen. Each value leads back to the expression that a person would change.
package jsonnet

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"gate/internal/source"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

// MaxStack is how many calls may be open at a time, as in the jsonnet program.
const MaxStack = 500

// Files are the files that a program sees, by path from the root.
type Files interface {
	Exists(name string) bool
	// Read returns a file; its errors name the file, not the importer.
	Read(name string) ([]byte, error)
}

// Program is one evaluation.
type Program struct {
	File string // from the root
	// Libs are directories from the root in which imports are looked for that
	// do not stand beside the file that imports them; the last one is first.
	Libs          []string
	ExtVars, TLAs []Variable
	// OutputBytes bounds the result as JSON; 0 means no bound.
	OutputBytes int
}

// Variable is an external variable or a top-level argument.
type Variable struct {
	Name, Value string
	Code        bool           // the value is a Jsonnet expression
	Loc         source.Locator // where it is set; nil: unknown
}

// Result is the value of a program, in the shapes of source.Document.Value.
type Result struct {
	Value any
	trail *trail
}

// Locator leads from a path of Value to the expression that makes it, as far
// as the text of the program tells: through imports, locals, calls and +.
func (r *Result) Locator() source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location { return r.trail.locate(p, r.Value) })
}

// Evaluate evaluates a program. Errors are *source.Error, at the place of the
// innermost expression that stands in one of the files. An evaluation cannot
// be interrupted; the caller has to be able to end its process.
func Evaluate(files Files, p Program) (*Result, error) {
	imp := &importer{files: files, libs: p.Libs, read: map[string]jsonnet.Contents{}}
	text, err := imp.open(p.File)
	if err != nil {
		return nil, err
	}
	node, err := jsonnet.SnippetToAST(p.File, text.String())
	if err != nil {
		return nil, located(p.File, err)
	}
	vm := jsonnet.MakeVM()
	vm.MaxStack = MaxStack
	vm.SetTraceOut(io.Discard)
	vm.Importer(imp)
	bind(p.ExtVars, vm.ExtVar, vm.ExtCode)
	bind(p.TLAs, vm.TLAVar, vm.TLACode)
	out, err := vm.Evaluate(node)
	if err != nil {
		if imp.fault != nil && strings.Contains(err.Error(), imp.fault.Error()) {
			e := located(p.File, err)
			e.Msg, e.Hint = imp.fault.Error(), imp.hint
			return nil, e
		}
		return nil, located(p.File, err)
	}
	whole := source.Position{File: p.File}
	if p.OutputBytes > 0 && len(out) > p.OutputBytes {
		return nil, &source.Error{Position: whole, Msg: fmt.Sprintf("Jsonnet yields %d bytes, more than the limit of %d", len(out), p.OutputBytes)}
	}
	value, err := source.DecodeJSON([]byte(out))
	if err != nil {
		return nil, &source.Error{Position: whole, Msg: "Jsonnet yields " + err.Error()}
	}
	return &Result{Value: value, trail: newTrail(p, imp, node)}, nil
}

func bind(list []Variable, text, code func(name, value string)) {
	for _, v := range list {
		if v.Code {
			code(v.Name, v.Value)
		} else {
			text(v.Name, v.Value)
		}
	}
}

// importer resolves imports as the jsonnet program does, over Files.
type importer struct {
	files Files
	libs  []string
	read  map[string]jsonnet.Contents
	fault error // of the last import that failed
	hint  string
}

// Import is part of jsonnet.Importer.
func (i *importer) Import(from, name string) (jsonnet.Contents, string, error) {
	found, err := i.resolve(from, name)
	if err != nil {
		i.fault = err
		return jsonnet.Contents{}, "", err
	}
	c, err := i.open(found)
	if err != nil {
		i.fault = err
		return jsonnet.Contents{}, "", err
	}
	return c, found, nil
}

// resolve returns the file that an import of the file from means. The first
// path that could be a file decides: one that leaves the root is never passed
// over for one that does not.
func (i *importer) resolve(from, name string) (string, error) {
	i.hint = ""
	if strings.Contains(name, "://") {
		i.hint = "vendor the library, and name its directory under libs"
		return "", fmt.Errorf("import %q is remote; nothing is fetched", name)
	}
	if path.IsAbs(name) || strings.Contains(name, `\`) {
		i.hint = "import it by a path inside the repository"
		return "", fmt.Errorf("import %q leaves the repository", name)
	}
	dirs := []string{path.Dir(from)}
	if from == "" {
		dirs[0] = "." // code of a variable
	}
	for n := len(i.libs) - 1; n >= 0; n-- {
		dirs = append(dirs, i.libs[n])
	}
	outside := false
	for _, dir := range dirs {
		file := path.Join(dir, name)
		if file == ".." || strings.HasPrefix(file, "../") {
			outside = true
			continue
		}
		if i.files.Exists(file) {
			return file, nil
		}
	}
	if outside {
		i.hint = "import it by a path inside the repository"
		return "", fmt.Errorf("import %q leaves the repository", name)
	}
	i.hint = "commit the file (jb install vendors libraries), or name its directory under libs"
	return "", fmt.Errorf("import %q is not in the repository", name)
}

// open reads a file once: the evaluator wants the same buffer each time.
func (i *importer) open(name string) (jsonnet.Contents, error) {
	if c, ok := i.read[name]; ok {
		return c, nil
	}
	data, err := i.files.Read(name)
	if err != nil {
		return jsonnet.Contents{}, err
	}
	c := jsonnet.MakeContentsRaw(data)
	i.read[name] = c
	return c, nil
}

// located turns an error of the evaluator into one with a place.
func located(file string, err error) *source.Error {
	out := &source.Error{Position: source.Position{File: file}, Msg: err.Error()}
	var static interface{ Loc() ast.LocationRange }
	var runtime jsonnet.RuntimeError
	switch {
	case errors.As(err, &runtime):
		out.Msg = runtime.Msg
		for _, f := range runtime.StackTrace {
			if inFile(&f.Loc) {
				out.Position = position(&f.Loc)
			}
		}
		switch {
		case strings.HasPrefix(runtime.Msg, "max stack frames"):
			out.Msg = fmt.Sprintf("Jsonnet calls are nested more than %d deep", MaxStack)
		case strings.HasPrefix(runtime.Msg, "Undefined external variable"):
			out.Hint = "set it under extVars"
		}
	case errors.As(err, &static):
		loc := static.Loc()
		if inFile(&loc) {
			out.Position = position(&loc)
		}
		if prefix := loc.String() + " "; strings.HasPrefix(out.Msg, prefix) {
			out.Msg = out.Msg[len(prefix):]
		}
	}
	if strings.HasPrefix(out.Msg, "(CRASH)") {
		out.Msg, _, _ = strings.Cut(out.Msg, "\n")
	}
	out.EndLine, out.EndColumn = 0, 0
	return out
}

// inFile says whether a place is one of the lent files, not of the standard
// library or of a variable.
func inFile(l *ast.LocationRange) bool {
	return l.IsSet() && l.FileName != "" && !strings.HasPrefix(l.FileName, "<")
}

func position(l *ast.LocationRange) source.Position {
	p := source.Position{File: l.FileName, Line: l.Begin.Line}
	p.Column = column(l, l.Begin)
	if l.End.Line == l.Begin.Line && l.End.Column > l.Begin.Column {
		p.EndLine, p.EndColumn = l.End.Line, column(l, l.End)
	}
	return p
}

// column converts a byte column to UTF-16 code units.
func column(l *ast.LocationRange, at ast.Location) int {
	if l.File == nil || at.Line < 1 || at.Line > len(l.File.Lines) {
		return 0
	}
	return source.Column(l.File.Lines[at.Line-1], max(at.Column-1, 0))
}

// IsProgram says whether a file of a directory is a program, which is evaluated
// and not read.
func IsProgram(name string) bool { return path.Ext(name) == ".jsonnet" }
