package policy

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Catalog compiles the set as rules in the style of the built-in catalog: a
// module with a METADATA annotation and a deny set over the facts is a rule, id
// <entry>/<package>/deny; the other modules are its library.
func (s Set) Catalog() (*Catalog, error) {
	version := ast.RegoV1
	if s.Rego == "v0" {
		version = ast.RegoV0
	}
	c := newCatalog()
	caps := Capabilities()
	modules := map[string]*ast.Module{}
	for _, file := range slices.Sorted(maps.Keys(s.Modules)) {
		m, err := ast.ParseModuleWithOpts(file, string(s.Modules[file]), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: version, Capabilities: caps,
		})
		if err != nil {
			return nil, fmt.Errorf("parse rule: %w", err)
		}
		modules[file] = m
		pkg := m.Package.Path.String()
		ns := strings.TrimPrefix(pkg, "data.")
		switch {
		case ns == "gate" || strings.HasPrefix(ns, "gate.") || strings.HasPrefix(ns, "gate["):
			return nil, fmt.Errorf("%s: package %s: gate.* is reserved", file, ns)
		case len(s.Namespaces) > 0 && !slices.Contains(s.Namespaces, ns):
			continue
		case !slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Ref().String() == "deny" }):
			continue
		}
		id := s.Entry + "/" + ns + "/deny"
		if c.packages[id] != "" {
			return nil, fmt.Errorf("%s: package %s has a second module with deny", file, ns)
		}
		if err := c.add(id, pkg, m); err != nil {
			return nil, err
		}
	}
	if len(c.rules) == 0 {
		return nil, fmt.Errorf("no module defines deny")
	}
	slices.SortFunc(c.rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	if err := c.compile(modules); err != nil {
		return nil, err
	}
	data := map[string]any{}
	for _, file := range slices.Sorted(maps.Keys(s.Data)) {
		docs, err := source.ParseYAML(file, s.Data[file])
		if err != nil {
			return nil, fmt.Errorf("read table: %w", err)
		}
		for _, d := range docs {
			table, ok := d.Value.(map[string]any)
			if !ok {
				return nil, fmt.Errorf("%s: %s is no mapping", file, path.Base(file))
			}
			for k, v := range table {
				if _, dup := data[k]; dup {
					return nil, fmt.Errorf("%s: top-level key %q is taken", file, k)
				}
				data[k] = v
			}
		}
	}
	c.store = inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(true), inmem.OptReturnASTValuesOnRead(true))
	return c, nil
}
