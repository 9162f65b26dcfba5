package policy

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// compiledSet is a set that is ready to judge.
type compiledSet struct {
	data       ast.Object // what policies see beside the file's name
	namespaces []namespace
	others     []string // packages with rules that the entry does not name
}

// namespace is one package, with the rules that conftest asks it for.
type namespace struct {
	name      string
	queries   []ruleQuery
	constants func() []string // see constantsOf
}

// ruleQuery asks one rule of one package.
type ruleQuery struct {
	rule  string // deny_latest
	id    string // <entry>/<namespace>/deny_latest
	level string // deny, warn
	query query
	// exception is true where the package excepts the document from the rule; nil
	// where the package has no exceptions.
	exception *query
}

// query is one query, prepared twice: a function that fails is an error to the one, and
// undefined to the other, as it is to conftest.
type query struct{ strict, lenient rego.PreparedEvalQuery }

// The names of rules that conftest asks for (policy/engine.go of conftest 0.71).
var (
	warns  = regexp.MustCompile("^warn(_[a-zA-Z0-9]+)*$")
	denies = regexp.MustCompile("^(deny|violation)(_[a-zA-Z0-9]+)*$")
)

// levelOf is the effect of a rule by its name, empty for one that is no rule of
// conftest's.
func levelOf(name string) string {
	switch {
	case denies.MatchString(name):
		return "deny"
	case warns.MatchString(name):
		return "warn"
	}
	return ""
}

// level is the effect of a rule of the set.
func (s Set) level(rule string) string {
	level := levelOf(rule)
	if s.FailOnWarn && level != "" {
		return "deny"
	}
	return level
}

// exceptionOf is how a package's exceptions name a rule: without what says its level.
func exceptionOf(rule string) string {
	if !strings.Contains(rule, "_") {
		return ""
	}
	for _, level := range [...]string{"violation_", "deny_", "warn_"} {
		rule = strings.TrimPrefix(rule, level)
	}
	return rule
}

// compile parses and compiles the modules as conftest does, and prepares the
// queries.
func (s Set) compile(ctx context.Context) (*compiledSet, error) {
	modules, compiler, err := s.modules()
	if err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	names, others, err := s.namespaces(modules)
	if err != nil {
		return nil, err
	}
	data, err := s.data()
	if err != nil {
		return nil, err
	}
	out := &compiledSet{data: data}
	for _, name := range others {
		if len(ruleNames(modules, name)) > 0 {
			out.others = append(out.others, name)
		}
	}
	for _, name := range names {
		ns := namespace{name: name, constants: constantsOf(compiler, name, data)}
		exceptions := defines(modules, name, "exception")
		for _, rule := range ruleNames(modules, name) {
			q := ruleQuery{rule: rule, id: s.Entry + "/" + name + "/" + rule, level: s.level(rule)}
			if q.query, err = prepare(ctx, compiler, fmt.Sprintf("data.%s.%s", name, rule)); err != nil {
				return nil, fmt.Errorf("load policies: %w", err)
			}
			if exceptions {
				e, err := prepare(ctx, compiler, fmt.Sprintf("data.%s.exception[_][_] == %q", name, exceptionOf(rule)))
				if err != nil {
					return nil, fmt.Errorf("load policies: %w", err)
				}
				q.exception = &e
			}
			ns.queries = append(ns.queries, q)
		}
		out.namespaces = append(out.namespaces, ns)
	}
	return out, nil
}

func prepare(ctx context.Context, compiler *ast.Compiler, text string) (out query, err error) {
	options := append(failing(refusals()), rego.Query(text), rego.Compiler(compiler), rego.Store(documentStore{}), ParseConfigOption())
	if out.lenient, err = rego.New(options...).PrepareForEval(ctx); err != nil {
		return query{}, err
	}
	out.strict, err = rego.New(append(options, rego.StrictBuiltinErrors(true))...).PrepareForEval(ctx)
	return out, err
}

// modules are the parsed modules by file, and the compiler that holds them. A
// function that is refused fails where it is called, not all that stands beside it.
func (s Set) modules() (map[string]*ast.Module, *ast.Compiler, error) {
	version := ast.RegoV1
	if s.Rego == "v0" {
		version = ast.RegoV0
	}
	modules := map[string]*ast.Module{}
	for _, file := range slices.Sorted(maps.Keys(s.Modules)) {
		m, err := ast.ParseModuleWithOpts(file, string(s.Modules[file]), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: version, Capabilities: offered()})
		if err != nil {
			return nil, nil, err
		}
		modules[file] = m
	}
	refuse(modules, refusals())
	compiler := ast.NewCompiler().WithCapabilities(offered()).WithStrict(s.Strict).WithEnablePrintStatements(s.Printing)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, nil, compiler.Errors
	}
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		if err := withoutContains(modules[file]); err != nil {
			return nil, nil, err
		}
	}
	return modules, compiler, nil
}

// withoutContains finds a rule such as "deny.x if", which holds no messages: conftest
// refuses it, too (https://github.com/open-policy-agent/opa/issues/6509).
func withoutContains(m *ast.Module) error {
	for _, r := range m.Rules {
		if r.Head == nil || r.Head.Name != "" || r.Head.Value == nil || len(r.Head.Reference) == 0 || r.Head.Value.String() != "true" {
			continue
		}
		if name := r.Head.Reference[0].Value.String(); levelOf(name) != "" {
			return fmt.Errorf("%s:%d: rule %s has \"if\" and no \"contains\": it holds no message", r.Head.Location.File, r.Head.Location.Row, name)
		}
	}
	return nil
}

// namespaceOf is the name of a module's package, without "data.".
func namespaceOf(m *ast.Module) string { return strings.TrimPrefix(m.Package.Path.String(), "data.") }

// ruleNames are the rules that conftest asks a package for, sorted.
func ruleNames(modules map[string]*ast.Module, ns string) []string {
	found := map[string]bool{}
	for _, m := range modules {
		if namespaceOf(m) != ns {
			continue
		}
		for _, r := range m.Rules {
			if name := r.Head.Name.String(); levelOf(name) != "" {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func defines(modules map[string]*ast.Module, ns, rule string) bool {
	for _, m := range modules {
		if namespaceOf(m) == ns && slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return r.Head.Ref()[0].Value.String() == rule }) {
			return true
		}
	}
	return false
}

// message is what one element of a rule's set says.
type message struct {
	text   string
	fields map[string]any // of an object, beside msg
}

// messagesOf reads what conftest reads of a rule's value: texts, and objects with the
// text msg. What is neither, and an empty text, says nothing.
func messagesOf(set rego.ResultSet) ([]message, error) {
	var out []message
	for _, r := range set {
		for _, e := range r.Expressions {
			list, _ := e.Value.([]any)
			for _, v := range list {
				m := message{}
				switch v := v.(type) {
				case string:
					m.text = v
				case map[string]any:
					text, ok := v["msg"].(string)
					if !ok {
						return nil, fmt.Errorf("a result has no text %q", "msg")
					}
					m.text, m.fields = text, v
				}
				if m.text != "" {
					out = append(out, m)
				}
			}
		}
	}
	return out, nil
}

// rewritten is the message in other words.
func (m message) rewritten(words func(string) string) message {
	m.text = words(m.text)
	return m
}

// isTrue says whether an exception is defined and true.
func isTrue(set rego.ResultSet) bool {
	for _, r := range set {
		for _, e := range r.Expressions {
			if e.Value == true {
				return true
			}
		}
	}
	return false
}
