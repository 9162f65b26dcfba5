package terraform

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
	"gate/internal/source"
)

// terragruntPlanHint is planHint for a unit.
const terragruntPlanHint = "hand in its plan: terragrunt plan -out tfplan && terragrunt show -json tfplan > plan.json, then --plan %s=plan.json"

// elsewhere says whether the unit applies a module that is known and not in the
// tree, or is itself from elsewhere.
func (u *terragruntUnit) elsewhere() bool {
	return u != nil && u.known && u.source != "" && u.moduleDir == ""
}

// terragruntModule is the address of the module that a unit applies, where that
// comes from elsewhere.
const terragruntModule = "terragrunt"

// call is the module of a unit as the registry names it, where it comes from there:
// https://terragrunt.gruntwork.io/docs/reference/hcl/blocks/#terraform
func (u *terragruntUnit) call() facts.ModuleCall {
	call := facts.ModuleCall{Address: terragruntModule, Source: u.source, File: u.sourceAt.Filename, Line: u.sourceAt.Start.Line}
	if rest, ok := strings.CutPrefix(u.source, "tfr://"); ok {
		name, query, _ := strings.Cut(rest, "?")
		call.Source = strings.TrimPrefix(name, "/")
		call.Version = strings.TrimPrefix(query, "version=")
	}
	return call
}

// whyUnread says why the module of a unit from elsewhere has no files here.
func (u *terragruntUnit) whyUnread() string {
	call := u.call()
	switch {
	case u.file == "":
		return fmt.Sprintf("the unit %q is not in the tree", u.source)
	case pathSource(u.source):
		return fmt.Sprintf("the module %q lies outside of what was read", path.Join(".", u.source))
	case call.Version != "":
		return fmt.Sprintf("the module %q, version %q, is not in the tree", call.Source, call.Version)
	}
	return fmt.Sprintf("the module %q is not in the tree", call.Source)
}

// pathSource says whether the source of a unit is a path.
func pathSource(s string) bool {
	return strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/")
}

// ofUnit is the module of a Terragrunt unit that is not in the tree, and what a table
// makes of the unit's inputs. What stands beside its configuration, or is generated
// there, is the root module of the stack until then.
func (ev *evaluation) ofUnit() ([]unreadCall, []assumed) {
	u := ev.sources.unit
	if !u.elsewhere() {
		return nil, nil
	}
	call := unreadCall{address: terragruntModule, reason: u.whyUnread()}
	t := ev.sources.loader.tables.of(u.source, "")
	if t == nil || ev.root == nil {
		return []unreadCall{call}, nil
	}
	call.table = t.name
	known := *t
	known.loose = t.loose || !u.whole
	stand := *ev.sources
	stand.root = &moduleNode{module: t.module.beside(ev.root.node.module)}
	own := newEvaluation(&stand, nil)
	return []unreadCall{call}, own.root.unitTable(u, &known)
}

// beside is the module with what another one in its directory configures.
func (m *module) beside(other *module) *module {
	out := *m
	out.providers, out.settings = other.providers, other.settings
	out.variables, out.locals = maps.Clone(other.variables), maps.Clone(other.locals)
	maps.Copy(out.variables, m.variables)
	maps.Copy(out.locals, m.locals)
	return &out
}

// unitTable reads the resources of a table as if it were the module of the unit.
func (s *scope) unitTable(u *terragruntUnit, t *moduleTable) []assumed {
	s.args = map[string]hcl.Expression{}
	for name := range u.inputs {
		s.args[name] = u.inputExpr[name].expr
		if s.args[name] == nil {
			s.args[name] = hcl.StaticExpr(cty.DynamicVal, u.sourceAt)
		}
	}
	maps.Copy(s.args, s.ev.varFiles)
	if t.submodule != "" {
		s.vars["submodule"] = cty.StringVal(t.submodule)
	}
	return s.table(t)
}

// inputLocator leads to the input of the unit that a value of a table comes from.
func (s *scope) inputLocator(d *declaration) source.Locator {
	u, l := s.ev.sources.unit, s.ev.sources.loader
	return source.LocatorFunc(func(p source.Path) source.Location {
		from, ok := s.origin(d, p)
		if !ok || from.expr == nil || path.Dir(from.expr.Range().Filename) == s.node.module.dir {
			return source.Location{Position: u.place(l, "")}
		}
		at := l.position(from.expr.Range())
		for name, in := range u.inputExpr {
			if in.expr == from.expr {
				at = u.place(l, name)
			}
		}
		return source.Location{Position: l.inExpression(from.expr, at, steady(from.path), nil)}
	})
}
