package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/config"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Catalog compiles the set as rules in the style of the built-in catalog: a
// module with a METADATA annotation and a deny set over the facts is a rule, id
// <entry>/<package>/deny; the other modules are its library, beside that of the
// catalog. Tests of the rules are left out.
func (s Set) Catalog() (*Catalog, error) {
	c, _, err := s.catalog()
	if err != nil {
		return nil, s.advise(err)
	}
	return c, nil
}

// catalog returns the parsed modules as well.
func (s Set) catalog() (*Catalog, []*ast.Module, error) {
	c, err := s.emptyCatalog()
	if err != nil {
		return nil, nil, err
	}
	var modules []*ast.Module
	for _, file := range slices.Sorted(maps.Keys(s.Modules)) {
		if isTest(file) {
			continue
		}
		m, err := parse(file, string(s.Modules[file]), s.version(), annotated)
		if err != nil {
			return nil, nil, err
		}
		modules = append(modules, m)
		if err := s.add(c, m); err != nil {
			return nil, nil, err
		}
	}
	if err := s.checkNamespaces(modules); err != nil {
		return nil, nil, err
	}
	if len(c.rules) == 0 {
		return nil, nil, fmt.Errorf("no module defines deny")
	}
	slices.SortFunc(c.rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	p, err := c.program(slices.Collect(maps.Keys(c.modules)))
	if err != nil {
		return nil, nil, err
	}
	return c, modules, c.guesses(s.Entry, modules, p.roots)
}

// emptyCatalog has no rules, the library, and the tables of the set.
func (s Set) emptyCatalog() (*Catalog, error) {
	lib, err := borrowed()
	if err != nil {
		return nil, err
	}
	c := newCatalog()
	c.apart, c.library, c.tables = true, lib.library, lib.tables
	c.own, err = s.documents()
	return c, err
}

// add takes in a module: as a rule, or as a part of the library.
func (s Set) add(c *Catalog, m *ast.Module) error {
	file := m.Package.Loc().File
	pkg := m.Package.Path.String()
	mod := module{file, string(s.Modules[file]), pkg, s.version()}
	ns := strings.TrimPrefix(pkg, "data.")
	switch {
	case reserved(ns):
		return fmt.Errorf("%s: package %s: gate.* is reserved; write a package of your own, such as %q", file, ns, "package registry")
	case len(s.Namespaces) > 0 && !slices.Contains(s.Namespaces, ns),
		!definesDeny(m):
		c.always = append(c.always, mod)
		return nil
	}
	id := ruleOf(s.Entry, m)
	if c.modules[id].file != "" {
		return fmt.Errorf("%s: package %s has a second module with deny", file, ns)
	}
	return c.add(id, m, mod)
}

// checkNamespaces refuses one that no module has: its rules would be passed over.
func (s Set) checkNamespaces(modules []*ast.Module) error {
	var known []string
	for _, m := range modules {
		known = append(known, strings.TrimPrefix(m.Package.Path.String(), "data."))
	}
	slices.Sort(known)
	for _, ns := range s.Namespaces {
		if !slices.Contains(known, ns) {
			return fmt.Errorf("no package %q%s; there are %s", ns, config.DidYouMean(ns, known), strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

func definesDeny(m *ast.Module) bool {
	return slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Ref().String() == "deny" })
}

// ruleOf is the id of the rule that a module of an entry is.
func ruleOf(entry string, m *ast.Module) string {
	return entry + "/" + strings.TrimPrefix(m.Package.Path.String(), "data.") + "/deny"
}

func reserved(ns string) bool {
	return ns == "gate" || strings.HasPrefix(ns, "gate.") || strings.HasPrefix(ns, "gate[")
}

func (s Set) version() ast.RegoVersion {
	if s.Rego == "v0" {
		return ast.RegoV0
	}
	return ast.RegoV1
}

// isTest says whether a file holds tests of policies, as opa and conftest name it.
func isTest(file string) bool { return strings.HasSuffix(file, "_test.rego") }
