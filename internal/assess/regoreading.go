package assess

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// regoReading is what a template reads beside the object and the constraint.
type regoReading struct {
	cluster   bool // data that is none of its own modules
	who       bool // who asks
	namespace bool // the namespace of the object
	outside   bool // a provider of external data
}

// readingOfModules finds what parsed modules read. Data under a name that is
// computed counts as the cluster's.
func readingOfModules(modules []*ast.Module) regoReading {
	var out regoReading
	var look func(t *ast.Term) bool
	look = func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Ref:
			out.cluster = out.cluster || foreign(v, modules)
			out.outside = out.outside || v.String() == "external_data"
			for i, e := range v {
				if _, named := e.Value.(ast.Var); i > 0 || !named { // its head is no variable by itself
					ast.WalkTerms(e, look)
				}
			}
			return true
		case ast.Var:
			out.cluster = out.cluster || v == "data"
		case ast.String:
			out.who = out.who || v == "userInfo"
			out.namespace = out.namespace || v == "_unstable"
		}
		return false
	}
	for _, m := range modules {
		for _, i := range m.Imports {
			ref, ok := i.Path.Value.(ast.Ref)
			out.cluster = out.cluster || ok && foreign(ref, modules)
		}
		for _, r := range m.Rules {
			ast.WalkTerms(r, look)
		}
	}
	return out
}

// foreign says whether a reference leads to data that no module makes.
func foreign(ref ast.Ref, modules []*ast.Module) bool {
	if !ref[0].Equal(ast.DefaultRootDocument) {
		return false
	}
	ground := ref.GroundPrefix()
	return !slices.ContainsFunc(modules, func(m *ast.Module) bool { return ground.HasPrefix(m.Package.Path) })
}
