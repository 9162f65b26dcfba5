package policy

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// program is what it takes to evaluate some rules.
type program struct {
	compiler *ast.Compiler
	store    storage.Store
}

// Compile compiles all rules with their libraries and tables.
func (c *Catalog) Compile() error {
	_, err := c.program(slices.Collect(maps.Keys(c.modules)))
	return err
}

// program compiles the rules of these ids, the libraries that they import,
// directly or through another, and the tables that any of these names.
func (c *Catalog) program(ids []string) (*program, error) {
	modules := maps.Clone(c.always)
	texts := map[string]string{} // by file
	var queue []*ast.Module
	for _, id := range ids {
		m := c.modules[id].Copy() // a compiler rewrites what it is given
		file := m.Package.Location.File
		modules[file], texts[file] = m, c.sources[id]
		queue = append(queue, m)
	}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		for _, i := range m.Imports {
			pkg := i.Path.String()
			file := c.library[pkg]
			if file == "" || modules[file] != nil {
				continue
			}
			lib, err := parse(file, c.sources[pkg], ast.RegoV1)
			if err != nil {
				return nil, err
			}
			modules[file], texts[file] = lib, c.sources[pkg]
			queue = append(queue, lib)
		}
	}
	p := &program{compiler: ast.NewCompiler().WithCapabilities(Capabilities()).WithStrict(true)}
	if p.compiler.Compile(modules); p.compiler.Failed() {
		return nil, fmt.Errorf("compile rules: %w", p.compiler.Errors)
	}
	var err error
	p.store, err = c.data(texts)
	return p, err
}

var dataKey = regexp.MustCompile(`\bdata\.([A-Za-z_][A-Za-z0-9_]*)`)

// data decodes the tables that the texts name.
func (c *Catalog) data(texts map[string]string) (storage.Store, error) {
	wanted := map[string][]byte{}
	for _, text := range texts {
		for _, m := range dataKey.FindAllStringSubmatch(text, -1) {
			if t, ok := c.tables[m[1]]; ok {
				wanted[t.file] = t.data
			}
		}
	}
	if c.allTables {
		for _, t := range c.tables {
			wanted[t.file] = t.data
		}
	}
	data := map[string]any{}
	for _, file := range slices.Sorted(maps.Keys(wanted)) {
		docs, err := source.ParseYAML(file, wanted[file])
		if err != nil {
			return nil, fmt.Errorf("read table: %w", err)
		}
		for _, d := range docs {
			t, ok := d.Value.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s: a table file is a mapping", file)
			}
			for k, v := range t {
				if _, dup := data[k]; dup {
					return nil, fmt.Errorf("%s: top-level key %q is taken", file, k)
				}
				data[k] = v
			}
		}
	}
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(true), inmem.OptReturnASTValuesOnRead(true)), nil
}
