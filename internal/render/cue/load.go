package cue

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/source"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// maxPackages bounds how many packages an evaluation imports.
const maxPackages = 2000

// loader finds the files of packages, as the cue program does, but only among
// the lent ones.
type loader struct {
	files  Files
	p      Program
	ctx    *build.Context
	root   string // of the module; "" without one
	module string // its path, without the major version
	lines  map[string][]string
	used   map[string]bool // tags that a field asks for
	open   []string        // packages that are being loaded
	count  int
	fault  error // of an import
}

// newLoader finds the module that the program belongs to.
func newLoader(files Files, p Program) (*loader, error) {
	l := &loader{files: files, p: p, lines: map[string][]string{}, used: map[string]bool{}}
	l.ctx = build.NewContext(build.Loader(l.imported))
	dir := p.Path
	if strings.HasSuffix(p.Path, ".cue") {
		dir = path.Dir(p.Path)
	}
	for ; ; dir = path.Dir(dir) {
		if file := path.Join(dir, "cue.mod/module.cue"); files.Exists(file) {
			l.root = dir
			return l, l.readModule(file)
		}
		if dir == "." || dir == "/" || dir == ".." {
			return l, nil
		}
	}
}

func (l *loader) readModule(file string) error {
	f, err := l.parse(file)
	if err != nil {
		return err
	}
	for _, d := range f.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, _ := ast.LabelName(field.Label)
		lit, ok := field.Value.(*ast.BasicLit)
		if name != "module" || !ok {
			continue
		}
		text, err := literal.Unquote(lit.Value)
		if err != nil {
			return l.located(source.Position{File: file}, errors.Newf(lit.Pos(), "module is no text"))
		}
		l.module, _, _ = strings.Cut(text, "@")
	}
	return nil
}

// load returns the package that is evaluated.
func (l *loader) load() (*build.Instance, error) {
	dir, names := l.p.Path, []string{l.p.Path}
	if strings.HasSuffix(l.p.Path, ".cue") {
		dir = path.Dir(l.p.Path)
	} else {
		names = nil
	}
	inst, err := l.instance(dir, l.p.Package, names)
	if err != nil {
		return nil, err
	}
	for _, t := range l.p.Tags {
		if !l.used[t.Name] {
			return nil, &source.Error{Position: source.Position{File: inst.Files[0].Filename}, Msg: fmt.Sprintf("no field asks for tag %q", t.Name)}
		}
	}
	return inst, nil
}

// instance returns the package in a directory: its files, and those of the same
// package above it in the module. names are the files if they are given.
func (l *loader) instance(dir, pkg string, names []string) (*build.Instance, error) {
	if l.count++; l.count > maxPackages {
		return nil, &source.Error{Position: source.Position{File: dir}, Msg: fmt.Sprintf("more than %d packages are imported", maxPackages)}
	}
	var files []*ast.File
	var err error
	if names != nil {
		for _, n := range names {
			f, err := l.parse(n)
			if err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	} else if files, err = l.inDirectory(dir, &pkg, true); err != nil {
		return nil, err
	} else if len(files) == 0 {
		what := "CUE package"
		if pkg != "" {
			what = fmt.Sprintf("CUE package %q", pkg)
		}
		return nil, &source.Error{Position: source.Position{File: dir}, Msg: "there is no " + what + " in the directory"}
	}
	for up := dir; names == nil && pkg != "" && pkg != "_" && l.inModule(up) && up != l.root; {
		up = path.Dir(up)
		more, err := l.inDirectory(up, &pkg, false)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	inst := l.ctx.NewInstance(dir, nil)
	inst.PkgName = pkg
	for _, f := range files {
		if err := l.prepare(f); err != nil {
			return nil, err
		}
		if err := inst.AddSyntax(f); err != nil {
			return nil, l.located(source.Position{File: f.Filename}, err)
		}
	}
	err = inst.Complete()
	if l.fault != nil {
		return nil, l.fault
	}
	if err != nil {
		return nil, l.located(source.Position{File: files[0].Filename}, err)
	}
	return inst, nil
}

func (l *loader) inModule(dir string) bool {
	return l.module != "" && (l.root == "." || dir == l.root || strings.HasPrefix(dir, l.root+"/"))
}

// inDirectory parses the files of a package in one directory. If *pkg is empty
// it becomes that of the files, which must then have one.
func (l *loader) inDirectory(dir string, pkg *string, decide bool) ([]*ast.File, error) {
	var out []*ast.File
	for _, name := range l.files.List(dir) {
		base := path.Base(name)
		if path.Ext(base) != ".cue" || strings.HasPrefix(base, "_") || strings.HasPrefix(base, ".") ||
			strings.HasSuffix(base, "_tool.cue") || strings.HasSuffix(base, "_test.cue") {
			continue
		}
		f, err := l.parse(name)
		if err != nil {
			return nil, err
		}
		if ignored(f) {
			continue
		}
		of := f.PackageName()
		if *pkg == "" && decide && of != "" {
			if len(out) > 0 {
				out = nil // files without a package clause belong to none
			}
			*pkg = of
		}
		switch {
		case of == *pkg:
			out = append(out, f)
		case l.p.Package == "" && decide && len(l.open) == 0 && of != "" && of != *pkg:
			return nil, &source.Error{Position: source.Position{File: name}, Msg: fmt.Sprintf("the directory has the packages %q and %q", *pkg, of), Hint: "name one of them under package"}
		}
	}
	return out, nil
}

// imported is the build.LoadFunc: nil means a package of the standard library.
func (l *loader) imported(pos token.Pos, spec string) *build.Instance {
	fail := func(hint, format string, args ...any) *build.Instance {
		e := &source.Error{Msg: fmt.Sprintf(format, args...), Hint: hint}
		e.Position, _ = l.position(pos)
		return l.failed(e)
	}
	at := ast.ParseImportPath(spec)
	first, _, _ := strings.Cut(at.Path, "/")
	local := l.module != "" && (at.Path == l.module || strings.HasPrefix(at.Path, l.module+"/"))
	if !strings.Contains(first, ".") && !local {
		if first == "tool" {
			return fail("", "import %q runs commands; it is not evaluated", spec)
		}
		return nil
	}
	if slices.Contains(l.open, spec) {
		return fail("", "import cycle: %s", strings.Join(append(l.open, spec), " -> "))
	}
	if strings.Contains(at.Path, "..") || strings.Contains(at.Path, `\`) {
		return fail("", "import %q leaves the module", spec)
	}
	name := at.Qualifier
	if name == "" {
		name = path.Base(at.Path)
	}
	dirs := slices.DeleteFunc(l.candidates(at.Path, local), func(dir string) bool {
		return !slices.ContainsFunc(l.files.List(dir), func(f string) bool { return path.Ext(f) == ".cue" })
	})
	if len(dirs) > 1 {
		return fail("keep one of them", "import %q stands in %s", spec, strings.Join(dirs, " and in "))
	}
	if len(dirs) == 1 {
		l.open = append(l.open, spec)
		inst, err := l.instance(dirs[0], name, nil)
		l.open = l.open[:len(l.open)-1]
		if err != nil {
			return l.failed(err)
		}
		return inst
	}
	if local {
		return fail("correct the import, or commit the package", "import %q is not in the module", spec)
	}
	hint := "vendor it below cue.mod/pkg"
	if l.root == "" {
		hint = "add cue.mod/module.cue, and vendor the package below cue.mod/pkg"
	}
	return fail(hint, "import %q is not in the repository; nothing is fetched", spec)
}

func (l *loader) failed(err error) *build.Instance {
	if l.fault == nil {
		l.fault = err
	}
	return &build.Instance{Err: errors.Newf(token.NoPos, "import failed")}
}

// candidates are the directories in which an import can stand.
func (l *loader) candidates(spec string, local bool) []string {
	if l.root == "" {
		return nil
	}
	if local {
		return []string{path.Join(l.root, strings.TrimPrefix(strings.TrimPrefix(spec, l.module), "/"))}
	}
	var out []string
	for _, kind := range []string{"pkg", "usr", "gen"} {
		out = append(out, path.Join(l.root, "cue.mod", kind, spec))
	}
	return out
}

// parse reads one file.
func (l *loader) parse(name string) (*ast.File, error) {
	data, err := l.files.Read(name)
	if err != nil {
		return nil, err
	}
	l.lines[name] = strings.Split(string(data), "\n")
	f, err := parser.ParseFile(name, data, parser.ParseComments)
	if err != nil {
		return nil, l.located(source.Position{File: name}, err)
	}
	return f, nil
}

// prepare refuses what reads files or depends on the command line of the cue
// program, and puts the values of tags in place.
func (l *loader) prepare(f *ast.File) error {
	var fault error
	refuse := func(a *ast.Attribute, msg, hint string) {
		if fault == nil {
			e := &source.Error{Msg: msg, Hint: hint}
			e.Position, _ = l.position(a.Pos())
			fault = e
		}
	}
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Attribute:
			switch key, _ := n.Split(); key {
			case "extern", "embed":
				refuse(n, "@"+key+" is not evaluated", "import the data, or commit what cue export makes of it")
			case "if":
				refuse(n, "@if is not evaluated", "name the files that are wanted under cue")
			}
		case *ast.Field:
			for _, a := range n.Attrs {
				if key, body := a.Split(); key == "tag" {
					l.setTag(n, a, body, refuse)
				}
			}
		}
		return true
	}, nil)
	return fault
}

// ignored says whether a file says of itself that it is not to be loaded.
func ignored(f *ast.File) bool {
	for _, d := range f.Decls {
		if a, ok := d.(*ast.Attribute); ok {
			if key, _ := a.Split(); key == "ignore" {
				return true
			}
		}
	}
	return false
}
