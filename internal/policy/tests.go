package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gate/internal/parsers"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/types"
)

// States of a test.
const (
	Passed  = "passed"
	Failed  = "failed"
	Broken  = "broken"  // it ended in an error, or not in its time
	Skipped = "skipped" // todo_test_
)

// Test is one test of an organisation's policies, as opa test and conftest verify run it:
// a rule whose name begins with test_.
type Test struct {
	Name   string          `json:"name"` // package.test
	State  string          `json:"state"`
	Place  source.Position `json:"place"`
	Reason string          `json:"reason,omitempty"` // of one that is broken
	Failed []string        `json:"failed,omitempty"` // the cases that failed, of a test with cases
	Output string          `json:"output,omitempty"` // what it printed
}

// Tests runs the tests of an entry of either style, each within limit; filter is a regular
// expression over their names, or empty. They see what the policies see: the same
// built-in functions, data and library. What does not load is an error.
func (o *Organisation) Tests(ctx context.Context, limit time.Duration, filter string) ([]Test, error) {
	set, err := o.set()
	if err != nil {
		return nil, err
	}
	if err := o.addTests(&set); err != nil {
		return nil, err
	}
	modules, store, err := o.testProgram(set)
	if err != nil {
		return nil, set.advise(err)
	}
	capabilities, builtins := testCapabilities(), o.testBuiltins()
	if o.Entry.Style != "catalog" {
		refused := testRefusals()
		refuse(modules, refused)
		capabilities = withRefused(capabilities, refused)
		for _, f := range failing(refused) {
			builtins = append(builtins, &tester.Builtin{Func: f})
		}
	}
	runner := tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithCapabilities(capabilities).WithEnablePrintStatements(true)).
		SetStore(store).SetModules(modules).SetTimeout(limit).CapturePrintOutput(true).Filter(filter).
		AddCustomBuiltins(builtins)
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return nil, set.advise(fmt.Errorf("compile: %w", err))
	}
	var out []Test
	for r := range results {
		out = append(out, testOf(r))
	}
	slices.SortFunc(out, func(a, b Test) int {
		if c := strings.Compare(a.Place.File, b.Place.File); c != 0 {
			return c
		}
		return a.Place.Line - b.Place.Line
	})
	return out, ctx.Err()
}

// addTests reads the tests, which lie below the paths of the entry.
func (o *Organisation) addTests(set *Set) error {
	var dirs []string
	for _, p := range append([]string{o.Entry.Path}, o.Entry.Paths...) {
		dir := clean(p)
		if _, ok := o.Rules.Lookup(dir); ok { // a file has its tests beside it
			dir = path.Dir(dir)
		}
		dirs = append(dirs, dir)
	}
	for _, e := range o.Rules.Entries() {
		if !isTest(e.Path) || !slices.ContainsFunc(dirs, func(dir string) bool { return dir == "." || strings.HasPrefix(e.Path, dir+"/") }) {
			continue
		}
		data, err := o.Rules.ReadFile(e.Path)
		if err != nil {
			return fmt.Errorf("read policy %s: %w", e.Path, err)
		}
		set.Modules[e.Path] = data
	}
	return nil
}

// testProgram parses the modules of a set, tests included, and loads its data. Of style
// catalog the library belongs to it.
func (o *Organisation) testProgram(set Set) (map[string]*ast.Module, storage.Store, error) {
	modules := map[string]*ast.Module{}
	for _, file := range slices.Sorted(maps.Keys(set.Modules)) {
		m, err := ast.ParseModuleWithOpts(file, string(set.Modules[file]), ast.ParserOptions{
			ProcessAnnotation: true, RegoVersion: set.version(), Capabilities: testCapabilities(),
		})
		if err != nil {
			return nil, nil, err
		}
		modules[file] = m
	}
	if o.Entry.Style != "catalog" {
		data, err := set.documents()
		return modules, inmem.NewFromObject(data), err
	}
	c, _, err := set.catalog()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range c.library {
		parsed, err := parse(m.file, m.text, m.version, bare)
		if err != nil {
			return nil, nil, err
		}
		modules[m.file] = parsed
	}
	store, err := c.store()
	return modules, store, err
}

// store holds the data of a catalog of an organisation, with the tables of the library.
func (c *Catalog) store() (storage.Store, error) {
	var texts []string
	for _, m := range c.library {
		texts = append(texts, m.text)
	}
	store, _, err := c.data(texts)
	return store, err
}

// testCapabilities are those of policies, and what only tests call: files of the tree,
// and what tells the cases of a test apart.
func testCapabilities() *ast.Capabilities {
	all := *Capabilities()
	all.Builtins = slices.Clone(all.Builtins)
	for _, b := range ast.CapabilitiesForThisVersion().Builtins {
		if b.Name == ast.InternalTestCase.Name {
			all.Builtins = append(all.Builtins, b)
		}
	}
	for _, f := range []*rego.Function{parseConfigFile, parseCombinedFiles} {
		all.Builtins = append(all.Builtins, &ast.Builtin{Name: f.Name, Decl: f.Decl})
	}
	return &all
}

// testRefusals are the functions that tests may not call either. One that does, or
// whose policy does, is broken; it may put another in its place.
func testRefusals() []*ast.Builtin {
	own := map[string]bool{}
	for _, b := range testCapabilities().Builtins {
		own[b.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(refusals()), func(b *ast.Builtin) bool { return own[b.Name] })
}

// parseConfigFile and parseCombinedFiles are conftest's functions of these names, over
// files of the tree that the tests stand in.
var (
	parseConfigFile    = &rego.Function{Name: "parse_config_file", Decl: types.NewFunction(types.Args(types.S), types.A)}
	parseCombinedFiles = &rego.Function{Name: "parse_combined_config_files", Decl: types.NewFunction(types.Args(types.NewArray(nil, types.S)), types.A)}
)

func (o *Organisation) testBuiltins() []*tester.Builtin {
	read := func(b rego.BuiltinContext, name *ast.Term) (file string, value any, err error) {
		text, ok := name.Value.(ast.String)
		if !ok || b.Location == nil {
			return "", nil, errors.New("want the path of a file")
		}
		file = path.Join(path.Dir(filepath.ToSlash(b.Location.File)), string(text))
		data, err := o.Rules.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		value, err = parsers.Value(parsers.File{Path: file, Data: data})
		return file, value, err
	}
	term := func(v any, err error) (*ast.Term, error) {
		if err != nil {
			return nil, err
		}
		value, err := ast.InterfaceToValue(v)
		return ast.NewTerm(value), err
	}
	one := rego.Function1(parseConfigFile, func(b rego.BuiltinContext, name *ast.Term) (*ast.Term, error) {
		_, value, err := read(b, name)
		return term(value, err)
	})
	several := rego.Function1(parseCombinedFiles, func(b rego.BuiltinContext, names *ast.Term) (*ast.Term, error) {
		list, ok := names.Value.(*ast.Array)
		if !ok {
			return nil, errors.New("want paths of files")
		}
		var docs []Document
		var fault error
		list.Foreach(func(name *ast.Term) {
			file, value, err := read(b, name)
			fault = errors.Join(fault, err)
			list, ok := value.([]any)
			if !ok {
				list = []any{value}
			}
			for _, v := range list {
				docs = append(docs, Document{File: file, Value: v})
			}
		})
		return term(combined(docs), fault)
	})
	return []*tester.Builtin{{Func: ParseConfigOption()}, {Func: one}, {Func: several}}
}

func testOf(r *tester.Result) Test {
	t := Test{
		Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name, State: Passed, Output: strings.TrimSpace(string(r.Output)),
		Place: source.Position{File: r.Location.File, Line: r.Location.Row},
	}
	switch {
	case r.Error != nil:
		t.State, t.Reason = Broken, plainNames(r.Error.Error())
	case r.Skip:
		t.State = Skipped
	case r.Fail:
		t.State = Failed
		t.Failed = failedCases("", r.SubResults)
	}
	return t
}

// failedCases names the cases of a test that failed.
func failedCases(prefix string, cases tester.SubResultMap) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		c := cases[name]
		switch below := failedCases(prefix+name+"/", c.SubResults); {
		case len(below) > 0:
			out = append(out, below...)
		case c.Fail:
			out = append(out, prefix+name)
		}
	}
	return out
}
