package policy

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"sync"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"golang.org/x/sync/errgroup"
)

// program is what it takes to evaluate some rules.
type program struct {
	compiler *ast.Compiler
	store    storage.Store
	roots    map[string]bool     // top-level keys of the tables
	extra    map[string][]string // sets that rules define beside deny, by id
	prepared sync.Map            // rule id -> rego.PreparedEvalQuery
}

// Compiled keeps a program: the rules of a run are evaluated over the base of a
// change and over its head. The zero value is empty.
type Compiled struct {
	mu   sync.Mutex
	last *program
}

// Compiled compiles all rules for evaluations to come.
func (c *Catalog) Compiled() (*Compiled, error) {
	p, err := c.program(slices.Collect(maps.Keys(c.modules)))
	return &Compiled{last: p}, err
}

// compiled is the program of some rules, and perhaps of more, that is kept.
func (c *Catalog) compiled(ids []string, keep *Compiled) (*program, error) {
	if keep == nil {
		return c.program(ids)
	}
	keep.mu.Lock()
	defer keep.mu.Unlock()
	has := func(id string) bool { _, ok := keep.last.extra[id]; return ok }
	if keep.last != nil && !slices.ContainsFunc(ids, func(id string) bool { return !has(id) }) {
		return keep.last, nil
	}
	p, err := c.program(ids)
	if err == nil {
		keep.last = p
	}
	return p, err
}

// Compile compiles all rules with their libraries and tables.
func (c *Catalog) Compile() error {
	checked := *c
	checked.embedded = false
	_, err := checked.program(slices.Collect(maps.Keys(c.modules)))
	return err
}

// compiler checks what it compiles. Rules that are built in are checked by a test: a run
// takes the time for nothing but what evaluation needs.
func (c *Catalog) compiler() *ast.Compiler {
	compiler := ast.NewCompiler().WithCapabilities(Capabilities())
	if !c.embedded {
		return compiler.WithStrict(true)
	}
	return compiler.WithSkipStages(
		ast.StageCheckTypes, ast.StageCheckUndefinedFuncs, ast.StageCheckSafetyRuleHeads, ast.StageCheckRuleConflicts,
		ast.StageCheckRecursion, ast.StageCheckVoidCalls, ast.StageCheckKeywordOverrides,
	)
}

// program parses and compiles the rules of these ids, the libraries that they
// import, directly or through another, and decodes the tables that any of these
// names.
func (c *Catalog) program(ids []string) (*program, error) {
	wanted := slices.Clone(c.always)
	for _, id := range ids {
		wanted = append(wanted, c.modules[id])
	}
	parsed := map[string]*ast.Module{} // by file
	var texts []string
	for first := true; len(wanted) > 0; first = false {
		round, err := parseAll(wanted, wholeOf, bare)
		if err != nil {
			return nil, err
		}
		imported := map[string]bool{}
		for i, m := range wanted {
			parsed[m.file] = round[i]
			if !c.apart || !first {
				texts = append(texts, m.text)
			}
			for _, imp := range round[i].Imports {
				imported[imp.Path.String()] = true
			}
		}
		wanted = nil
		for _, pkg := range slices.Sorted(maps.Keys(imported)) {
			if lib, ok := c.library[pkg]; ok && parsed[lib.file] == nil {
				wanted = append(wanted, lib)
			}
		}
	}
	p := &program{extra: map[string][]string{}}
	for _, id := range ids {
		p.extra[id] = extraSets(parsed[c.modules[id].file])
	}
	p.compiler = c.compiler()
	if p.compiler.Compile(parsed); p.compiler.Failed() {
		return nil, fmt.Errorf("compile rules: %w", p.compiler.Errors)
	}
	var err error
	p.store, p.roots, err = c.data(texts)
	return p, err
}

// parseAll parses a part of each module, as many as there are processors at the
// same time. The error is that of the first.
func parseAll(list []module, part func(module) string, with annotations) ([]*ast.Module, error) {
	out, errs := make([]*ast.Module, len(list)), make([]error, len(list))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, m := range list {
		g.Go(func() error {
			out[i], errs[i] = parse(m.file, part(m), m.version, with)
			return errs[i]
		})
	}
	if g.Wait() == nil {
		return out, nil
	}
	return nil, errs[slices.IndexFunc(errs, func(err error) bool { return err != nil })]
}

func wholeOf(m module) string { return m.text }

// extraSets are the sets that a module defines beside deny: what cannot be
// judged (unknown), and what there is to know of a subject (note).
func extraSets(m *ast.Module) []string {
	var out []string
	defines := func(name string, kinds ...ast.RuleKind) {
		if slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool {
			return (r.Head.Name == ast.Var(name) || r.Head.Ref().String() == name) && slices.Contains(kinds, r.Head.RuleKind())
		}) {
			out = append(out, name)
		}
	}
	defines("unknown", ast.MultiValue, ast.SingleValue) // one in another form than a set is a fault
	defines("note", ast.MultiValue)
	return out
}

var dataKey = regexp.MustCompile(`\bdata\.([A-Za-z_][A-Za-z0-9_]*)`)

// data decodes the tables that the texts name, and tells their top-level keys.
func (c *Catalog) data(texts []string) (storage.Store, map[string]bool, error) {
	wanted := map[string][]byte{}
	for _, text := range texts {
		for _, m := range dataKey.FindAllStringSubmatch(text, -1) {
			if t, ok := c.tables[m[1]]; ok {
				wanted[t.file] = t.data
			}
		}
	}
	data := map[string]any{}
	maps.Copy(data, c.own)
	for _, file := range slices.Sorted(maps.Keys(wanted)) {
		docs, err := source.ParseYAML(file, wanted[file])
		if err != nil {
			return nil, nil, fmt.Errorf("read table: %w", err)
		}
		for _, d := range docs {
			t, ok := d.Value.(map[string]any)
			if !ok {
				return nil, nil, fmt.Errorf("%s: a table file is a mapping", file)
			}
			for k, v := range t {
				if _, dup := data[k]; dup {
					return nil, nil, fmt.Errorf("%s: top-level key %q is taken", file, k)
				}
				data[k] = v
			}
		}
	}
	roots := map[string]bool{}
	for k := range data {
		roots[k] = true
	}
	return inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(true), inmem.OptReturnASTValuesOnRead(true)), roots, nil
}
