package policy

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"gate/rules"

	"github.com/open-policy-agent/opa/v1/ast"
)

// libraryRoot is the package below which the library of the catalog stands. Rules of
// organisations may import it, and nothing else below gate.
const libraryRoot = "gate.lib"

// borrowed is the library of the catalog as rules of organisations import it: its
// modules by the reference to their package, and the tables by their top-level keys.
var borrowed = sync.OnceValues(func() (*Catalog, error) {
	c := newCatalog()
	if err := c.readLibrary(rules.FS, func(string, []byte) {}); err != nil {
		return nil, err
	}
	for pkg, m := range c.library { // a file of the organisation may have the same path
		m.file = "gate:" + m.file
		c.library[pkg] = m
	}
	files, err := fs.Glob(rules.FS, "data/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := fs.ReadFile(rules.FS, f)
		if err != nil {
			return nil, err
		}
		for _, key := range topLevelKeys(data) {
			c.tables[key] = table{"gate:" + f, data}
		}
	}
	return c, nil
})

// readLibrary finds the modules below lib.
func (c *Catalog) readLibrary(fsys fs.FS, seen func(file string, text []byte)) error {
	files, err := fs.Glob(fsys, "lib/*.rego")
	if err != nil {
		return err
	}
	for _, file := range files {
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		seen(file, src)
		if _, pkg := split(string(src)); pkg != "" {
			c.library[pkg] = module{file, string(src), pkg, ast.RegoV1}
		}
	}
	return nil
}

// Library is the page about what the library of the catalog offers to rules of
// organisations: what the rules of the catalog call of it, with the comments that stand
// above.
func Library() (string, error) {
	c, err := borrowed()
	if err != nil {
		return "", err
	}
	called, err := c.called(rules.FS)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Library\n\nGenerated from the comments of the modules by `make docs`. A rule of style `catalog` imports a package by its name, such as `import data.gate.lib`, and calls what it defines: `lib.params(container, \"acme/registry/deny\")`.\n")
	var names []string
	for pkg := range c.library {
		names = append(names, pkg)
	}
	slices.Sort(names)
	for _, pkg := range names {
		lib := c.library[pkg]
		m, err := parse(lib.file, lib.text, lib.version, bare)
		if err != nil {
			return "", err
		}
		name := strings.TrimPrefix(pkg, "data.")
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", name, commentAbove(m, m.Package.Location.Row))
		rows := 0
		told := map[string]bool{}
		for _, r := range m.Rules {
			short := r.Head.Ref().String()
			if told[short] || !called[pkg+"."+short] {
				continue
			}
			said := commentAbove(m, r.Location.Row)
			if told[short] = true; rows == 0 {
				b.WriteString("\n| | |\n|---|---|\n")
			}
			rows++
			fmt.Fprintf(&b, "| `%s` | %s |\n", signature(r), strings.ReplaceAll(said, "|", `\|`))
		}
	}
	return b.String(), nil
}

// called are the references to what the rules of a catalog call of the library.
func (c *Catalog) called(fsys fs.FS) (map[string]bool, error) {
	files, err := fs.Glob(fsys, "*/*/*.rego")
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, file := range files {
		src, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		m, err := parse(file, string(src), ast.RegoV1, bare)
		if err != nil {
			return nil, err
		}
		for _, imp := range m.Imports {
			if _, ok := c.library[imp.Path.String()]; !ok {
				continue
			}
			ast.WalkRefs(m, func(r ast.Ref) bool {
				if len(r) > 1 && r[0].Value.Compare(imp.Name()) == 0 {
					if name, ok := r[1].Value.(ast.String); ok {
						out[imp.Path.String()+"."+string(name)] = true
					}
				}
				return false
			})
		}
	}
	return out, nil
}

// signature is a rule as it is called.
func signature(r *ast.Rule) string {
	name := r.Head.Ref().String()
	if len(r.Head.Args) == 0 {
		return name
	}
	args := make([]string, len(r.Head.Args))
	for i, a := range r.Head.Args {
		if args[i] = a.String(); strings.HasPrefix(args[i], ast.WildcardPrefix) {
			args[i] = "_"
		}
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// commentAbove is the comment whose last line stands directly above a row, as one line.
func commentAbove(m *ast.Module, row int) string {
	at := map[int]string{}
	for _, c := range m.Comments {
		if c.Location.Col == 1 {
			at[c.Location.Row] = strings.TrimSpace(string(c.Text))
		}
	}
	var lines []string
	for row--; ; row-- {
		text, ok := at[row]
		if !ok {
			break
		}
		lines = append(lines, text)
	}
	slices.Reverse(lines)
	return strings.Join(lines, " ")
}
