package policy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/config"
	"gate/internal/facts"

	"github.com/open-policy-agent/opa/v1/ast"
)

// inputKeys are the top-level keys of the facts document.
var inputKeys = sync.OnceValue(func() []string {
	var keys []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[facts.Facts]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
})

// guesses refuses what a rule of an organisation names and nothing has: a key of
// input, a table, a package of gate, a rule whose parameters it asks for, or a
// parameter. Rego takes each for undefined, and the rule would pass in silence.
// roots are the top-level keys of the tables.
func (c *Catalog) guesses(entry string, modules []*ast.Module, roots map[string]bool) error {
	known := maps.Clone(roots)
	var ids []string
	for _, m := range modules {
		if definesDeny(m) { // a rule of a namespace that is left out, too
			ids = append(ids, ruleOf(entry, m))
		}
		if len(m.Package.Path) > 1 {
			if name, ok := m.Package.Path[1].Value.(ast.String); ok {
				known[string(name)] = true
			}
		}
	}
	var faults []error
	for _, m := range modules {
		g := guesser{catalog: c, ids: ids, roots: slices.Sorted(maps.Keys(known))}
		if i := slices.IndexFunc(c.rules, func(r Rule) bool { return definesDeny(m) && r.ID == ruleOf(entry, m) }); i >= 0 {
			g.of = &c.rules[i]
		}
		g.sets(m)
		g.module(m)
		faults = append(faults, g.faults...)
	}
	return errors.Join(faults...)
}

// guesser looks through one module.
type guesser struct {
	catalog *Catalog
	ids     []string // of all rules
	of      *Rule    // that the module is, or nil
	roots   []string
	calls   []string          // names that gate.lib.params is called by
	bound   map[string]string // variables that hold the parameters of a rule, by its id
	faults  []error
}

func (g *guesser) add(at *ast.Location, format string, args ...any) {
	g.faults = append(g.faults, fmt.Errorf("%s:%d: %s", at.File, at.Row, fmt.Sprintf(format, args...)))
}

// otherSets are the rules that conftest asks for, and nobody here.
var otherSets = regexp.MustCompile(`^(warn|violation)(_|$)|^deny_`)

// sets refuses what would be a rule in style conftest.
func (g *guesser) sets(m *ast.Module) {
	for _, r := range m.Rules {
		if name := r.Head.Name.String(); r.Head.RuleKind() == ast.MultiValue && otherSets.MatchString(name) {
			g.add(r.Location, "%s: nobody asks for it; a rule of style catalog is one set, deny, beside which unknown and note may stand: the annotation's effects say what it leads to", name)
		}
	}
}

// large are the lists of the facts that rules see in parts.
var large = []string{"objects", "containers", "images", "resources", "secrets", "secretReferences", "assessments"}

// shown says whether the rule that the module is sees a list of the facts.
func (g *guesser) shown(list string) bool {
	if g.of == nil || !slices.Contains(large, list) {
		return true
	}
	if g.of.Scope == "tree" {
		return list != "objects" && list != "containers"
	}
	return list == g.of.Over.Subject || list == "objects" && g.of.Over.Subject == "transitions"
}

func (g *guesser) module(m *ast.Module) {
	g.calls = []string{"data.gate.lib.params"}
	for _, imp := range m.Imports {
		ref, ok := imp.Path.Value.(ast.Ref)
		if !ok {
			continue
		}
		switch path := ref.String(); {
		case path == "data."+libraryRoot:
			g.calls = append(g.calls, string(imp.Name())+".params")
		case path == "data."+libraryRoot+".params":
			g.calls = append(g.calls, string(imp.Name()))
		default:
			g.reference(ref, imp.Location)
		}
	}
	for _, r := range m.Rules {
		g.bound = g.variables(r)
		ast.NewGenericVisitor(func(x any) bool {
			switch x := x.(type) {
			case *ast.Expr:
				if terms, ok := x.Terms.([]*ast.Term); ok {
					g.call(terms, x.Location)
				}
			case *ast.Term:
				switch v := x.Value.(type) {
				case ast.Call:
					g.call(v, x.Location)
				case ast.Ref:
					g.reference(v, x.Location)
				}
			}
			return false
		}).Walk(r)
	}
}

// variables are those of a rule that are bound once, to the parameters of a rule.
func (g *guesser) variables(r *ast.Rule) map[string]string {
	out, times := map[string]string{}, map[string]int{}
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.SomeDecl:
			for _, t := range x.Symbols {
				ast.WalkVars(t, func(v ast.Var) bool { times[string(v)] += 2; return false })
			}
		case *ast.Every:
			for _, t := range []*ast.Term{x.Key, x.Value} {
				if t != nil {
					times[t.Value.String()] += 2
				}
			}
		case *ast.Expr:
			terms, ok := x.Terms.([]*ast.Term)
			if !ok || len(terms) != 3 || !x.IsAssignment() {
				return false
			}
			name := terms[1].Value.String()
			times[name]++
			if call, ok := terms[2].Value.(ast.Call); ok {
				if id, ok := g.asked(call); ok {
					out[name] = id
				}
			}
		}
		return false
	}).Walk(r)
	for _, a := range r.Head.Args {
		ast.WalkVars(a, func(v ast.Var) bool { times[string(v)] += 2; return false })
	}
	maps.DeleteFunc(out, func(name, _ string) bool { return times[name] != 1 })
	return out
}

// asked is the rule whose parameters a call asks for.
func (g *guesser) asked(terms []*ast.Term) (id string, ok bool) {
	if len(terms) < 3 || !slices.Contains(g.calls, terms[0].Value.String()) {
		return "", false
	}
	text, ok := terms[2].Value.(ast.String)
	return string(text), ok
}

func (g *guesser) call(terms []*ast.Term, at *ast.Location) {
	if id, ok := g.asked(terms); ok {
		g.rule(id, at)
	}
}

// rule wants the id of a rule of the entry.
func (g *guesser) rule(id string, at *ast.Location) bool {
	if slices.Contains(g.ids, id) {
		return true
	}
	hint := config.DidYouMean(id, g.ids)
	if i := slices.Index(g.ids, id+"/deny"); i >= 0 {
		hint = fmt.Sprintf("; did you mean %q?", g.ids[i])
	}
	g.add(at, "parameters of rule %q: there is no such rule among %s%s", id, strings.Join(g.ids, ", "), hint)
	return false
}

// parameter wants a parameter of a rule.
func (g *guesser) parameter(id, name string, at *ast.Location) {
	i := slices.IndexFunc(g.catalog.rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return // it is a fault already, or not loaded
	}
	params := g.catalog.rules[i].Params
	if _, ok := params[name]; !ok {
		g.add(at, "rule %s has no parameter %q in its annotation, under custom.params%s", id, name, config.DidYouMean(name, slices.Sorted(maps.Keys(params))))
	}
}

// reference looks at what stands behind input, data, and the parameters of a rule.
func (g *guesser) reference(ref ast.Ref, at *ast.Location) {
	if len(ref) < 2 {
		return
	}
	second, literal := ref[1].Value.(ast.String)
	switch head := ref[0].Value.(type) {
	case ast.Call:
		if id, ok := g.asked(head); ok && literal {
			g.parameter(id, string(second), at)
		}
	case ast.Var:
		if id, ok := g.bound[string(head)]; ok && literal {
			g.parameter(id, string(second), at)
		}
		if !literal {
			return
		}
		switch name := string(second); {
		case head.Equal(ast.InputRootDocument.Value):
			g.input(name, ref, at)
		case head.Equal(ast.DefaultRootDocument.Value) && name == "gate":
			g.library(ref, at)
		case head.Equal(ast.DefaultRootDocument.Value) && !slices.Contains(g.roots, name):
			g.add(at, "data.%s: neither a package nor the data of this entry has it%s", name, config.DidYouMean(name, g.roots))
		}
	}
}

func (g *guesser) input(name string, ref ast.Ref, at *ast.Location) {
	switch {
	case !slices.Contains(inputKeys(), name):
		hint := config.DidYouMean(name, inputKeys())
		if hint == "" {
			hint = "; it has " + strings.Join(inputKeys(), ", ")
		}
		g.add(at, "input.%s: a rule of style catalog judges what gate facts prints, which has no %q%s", name, name, hint)
	case !g.shown(name) && g.of.Scope == "tree":
		g.add(at, "input.%s: a rule of scope tree is not shown it; what is said of all objects stands in input.index", name)
	case !g.shown(name):
		g.add(at, "input.%s: a rule over %s of scope subject is shown those in parts, and no %s; what is said of all stands in input.index", name, g.of.Over.Subject, name)
	case name == "params" && len(ref) > 2:
		g.params(ref[2:], at)
	}
}

// params looks at a path into input.params, by environment, rule and name.
func (g *guesser) params(path ast.Ref, at *ast.Location) {
	text := func(i int) (string, bool) {
		if i >= len(path) {
			return "", false
		}
		s, ok := path[i].Value.(ast.String)
		return string(s), ok
	}
	id, ok := text(1)
	if !ok {
		if name, literal := text(0); literal && len(path) == 1 {
			g.add(at, "input.params.%s: parameters stand by environment and rule: %s.params(subject, %q).%s", name, libraryRoot, g.catalog.rules[0].ID, name)
		}
		return
	}
	if !g.rule(id, at) {
		return
	}
	if name, ok := text(2); ok {
		g.parameter(id, name, at)
	}
}

// library wants a package of the library.
func (g *guesser) library(ref ast.Ref, at *ast.Location) {
	for n := len(ref); n > 0; n-- {
		if _, ok := g.catalog.library[ref[:n].String()]; ok {
			return
		}
	}
	var names []string
	for pkg := range g.catalog.library {
		names = append(names, pkg)
	}
	g.add(at, "%s: no such package; the packages that may be imported are %s", ref, strings.Join(slices.Sorted(slices.Values(names)), ", "))
}
