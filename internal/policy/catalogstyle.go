package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
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
	for _, file := range slices.Sorted(maps.Keys(s.Modules)) {
		m, err := parse(file, string(s.Modules[file]), version, annotated)
		if err != nil {
			return nil, err
		}
		pkg := m.Package.Path.String()
		mod := module{file, string(s.Modules[file]), pkg, version}
		ns := strings.TrimPrefix(pkg, "data.")
		switch {
		case ns == "gate" || strings.HasPrefix(ns, "gate.") || strings.HasPrefix(ns, "gate["):
			return nil, fmt.Errorf("%s: package %s: gate.* is reserved", file, ns)
		case len(s.Namespaces) > 0 && !slices.Contains(s.Namespaces, ns):
			c.always = append(c.always, mod)
			continue
		case !slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Ref().String() == "deny" }):
			c.always = append(c.always, mod)
			continue
		}
		id := s.Entry + "/" + ns + "/deny"
		if c.modules[id].file != "" {
			return nil, fmt.Errorf("%s: package %s has a second module with deny", file, ns)
		}
		if err := c.add(id, m, mod); err != nil {
			return nil, err
		}
	}
	if len(c.rules) == 0 {
		return nil, fmt.Errorf("no module defines deny")
	}
	slices.SortFunc(c.rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	var err error
	if c.own, err = s.documents(); err != nil {
		return nil, err
	}
	return c, c.Compile()
}
