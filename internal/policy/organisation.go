package policy

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Set is one entry of an organisation's own conftest-style policies. Modules
// and Data are the files below the entry's paths as they stand at policy-ref,
// by their path in the repository; DataPaths are the paths that the entry names,
// each of them the root of what stands below it.
type Set struct {
	Entry      string   // first part of the rule ids
	Rego       string   // v0, v1
	Namespaces []string // names or patterns; empty: main
	Strict     bool     // compiled as conftest --strict does
	FailOnWarn bool     // what warns denies
	Printing   bool     // print() is kept, for a trace
	Combine    bool
	Modules    map[string][]byte
	Data       map[string][]byte
	DataPaths  []string
}

// Document is one document that gate has parsed and a policy judges.
type Document struct {
	ID    string // subject id that results belong to
	File  string // path in the repository, as conftest tells the policy
	Value any
	// Origin leads from a path in Value to its line, nil where the subject does.
	Origin source.Locator
	// Prefix is what the paths of results begin with: what tells the document from
	// others of its file.
	Prefix source.Path
	// Shown is the document with what is hidden in Value, for a policy that may see
	// it; nil for others. Clean takes that out of what the policy says.
	Shown any
	Clean func(string) string

	parts []Document // of combined ones
}

// Judge evaluates the set over the documents: every package over every document, by
// itself, as conftest does, and each document beside the others. The rules found are
// returned with results and ledger, because their metadata stands nowhere else: deny
// and violation deny, warn warns. What fails over one document, by an error, by its
// steps or by a function that is refused, is failed in the ledger with the document; a
// set that does not compile is failed as a whole.
func (s Set) Judge(ctx context.Context, docs []Document, o Options) (*Outcome, []Rule) {
	compiled, err := s.compile(ctx)
	if err != nil {
		return &Outcome{Ledger: []facts.Entry{failed(s.Entry, s.advise(err))}}, nil
	}
	r := newRound(s, compiled, docs, o)
	defer r.watch()()
	r.light(ctx)
	r.heavy(ctx)
	return r.outcome(), s.rulesOf(compiled)
}

// rules are those of a set that compiles and calls nothing that is refused.
func (s Set) rules() ([]Rule, error) {
	compiled, err := s.compile(context.Background())
	if err != nil {
		return nil, s.advise(err)
	}
	if err := s.refused(); err != nil {
		return nil, s.advise(err)
	}
	return s.rulesOf(compiled), nil
}

func (s Set) rulesOf(c *compiledSet) []Rule {
	var out []Rule
	for _, ns := range c.namespaces {
		for _, q := range ns.queries {
			out = append(out, s.rule(ns.name, q.rule))
		}
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// data is what the policies see below data.
func (s Set) data() (ast.Object, error) {
	all, err := s.documents()
	if err != nil {
		return nil, err
	}
	value, err := ast.InterfaceToValue(all)
	if err != nil {
		return nil, fmt.Errorf("load data: %w", err)
	}
	object, ok := value.(ast.Object)
	if !ok {
		return ast.NewObject(), nil
	}
	return object, nil
}

// private matches what differs from run to run in conftest's errors: the
// directory that the policies were written to, and addresses.
var private = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\S*gate-policy-\d+/(policy|data)/| StackTrace: err:0x[0-9a-f]+| StackTrace:|0x[0-9a-f]{6,}`)
})

// public leaves in a message what the user knows: paths of the repository.
func public(msg string) string {
	return private().ReplaceAllStringFunc(msg, func(m string) string {
		if i := strings.LastIndex(m, ":/"); i >= 0 && strings.Contains(m, "gate-policy-") {
			return m[:i+1]
		}
		return ""
	})
}

func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		if !fs.ValidPath(name) {
			return fmt.Errorf("policy file %q has no valid path", name)
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(to, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// namespaces are the packages that the set asks, main if it names none, and the other
// packages that there are. A name may be a pattern, as of path.Match.
func (s Set) namespaces(modules map[string]*ast.Module) (asked, others []string, err error) {
	all := map[string]bool{}
	for _, m := range modules {
		all[namespaceOf(m)] = true
	}
	sorted := slices.Sorted(maps.Keys(all))
	for _, ns := range sorted {
		if ns == "gate" || strings.HasPrefix(ns, "gate.") {
			return nil, nil, fmt.Errorf("load policies: package %s: gate.* is reserved", ns)
		}
	}
	wanted := map[string]bool{}
	for _, pattern := range s.named() {
		some := false
		for _, ns := range sorted {
			matches, err := path.Match(pattern, ns)
			if err != nil {
				return nil, nil, fmt.Errorf("load policies: namespace %q: %w", pattern, err)
			}
			if matches || pattern == ns {
				wanted[ns], some = true, true
			}
		}
		if !some {
			return nil, nil, fmt.Errorf("load policies: no package %q; there are %s", pattern, strings.Join(sorted, ", "))
		}
	}
	for _, ns := range sorted {
		if wanted[ns] {
			asked = append(asked, ns)
		} else {
			others = append(others, ns)
		}
	}
	return asked, others, nil
}

// defaultNamespace is what conftest asks that is told no namespace.
const defaultNamespace = "main"

func (s Set) named() []string {
	if len(s.Namespaces) == 0 {
		return []string{defaultNamespace}
	}
	return s.Namespaces
}

// combined returns the documents as conftest's --combine does: a list of path
// and contents. conftest makes it in map order; this one is sorted.
func combined(docs []Document) []map[string]any {
	docs = slices.Clone(docs)
	slices.SortStableFunc(docs, func(a, b Document) int { return strings.Compare(a.File, b.File) })
	var list []map[string]any
	for _, d := range docs {
		list = append(list, map[string]any{"path": d.File, "contents": d.Value})
	}
	return list
}

func (s Set) rule(ns, name string) Rule {
	effect, severity := "deny", "high"
	if s.level(name) == "warn" {
		effect, severity = "warn", "low"
	}
	files := slices.Sorted(maps.Keys(s.Modules))
	where := ""
	if len(files) > 0 {
		where = path.Dir(files[0])
	}
	return Rule{
		ID: s.Entry + "/" + ns + "/" + name, Category: s.Entry, Name: ns + "/" + name,
		Title:       fmt.Sprintf("%s of policy %s", name, ns),
		Description: fmt.Sprintf("A policy of this organisation, package %s in %s.", ns, where),
		Severity:    severity,
		Effects:     map[string]string{"prod": effect, "non-prod": effect},
		Scope:       "subject", Waivable: "yes", Over: Over{Subject: "documents"},
		Remediation: "See the policy's message; the policy stands in " + where + ".",
	}
}
