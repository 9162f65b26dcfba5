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
	"time"

	"gate/internal/cputime"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	conftest "github.com/open-policy-agent/conftest/policy"
)

// Set is one entry of an organisation's own conftest-style policies. Modules
// and Data are the files below the entry's paths as they stand at policy-ref,
// by their path in the repository; DataPaths are the paths that the entry names,
// each of them the root of what stands below it.
type Set struct {
	Entry      string   // first part of the rule ids
	Rego       string   // v0, v1
	Namespaces []string // empty: all
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
}

// Judge evaluates the set over the documents, one after the other and one
// namespace after the other, as conftest does. The rules found are returned
// with results and ledger, because their metadata stands nowhere else: deny and
// violation deny, warn warns. A set that does not compile, a built-in error or
// too much time is failed in the ledger, with the document.
func (s Set) Judge(ctx context.Context, docs []Document, limit time.Duration) (*Outcome, []Rule) {
	out := &Outcome{}
	fail := func(err error) (*Outcome, []Rule) {
		return &Outcome{Ledger: []facts.Entry{{Kind: "policy", ID: s.Entry, State: facts.Failed, Reason: err.Error()}}}, nil
	}
	limit = OrganisationTime(limit, len(docs))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer cputime.After(limit, func() {
		cancel(fmt.Errorf("policies took more than %s of the processors for %d documents", limit, len(docs)))
	})()
	engine, err := s.load()
	if err != nil {
		return fail(err)
	}
	defer func() { // positions inside policies name the private directory
		for i := range out.Ledger {
			out.Ledger[i].Reason = public(out.Ledger[i].Reason)
		}
	}()
	namespaces, err := s.namespaces(engine)
	if err != nil {
		return fail(err)
	}
	rules := map[string]Rule{}
	for _, ns := range namespaces {
		for _, name := range ruleNames(engine, ns) {
			r := s.rule(ns, name)
			rules[r.ID] = r
		}
		entry := facts.Entry{Kind: "policy", ID: s.Entry + "/" + ns, State: facts.Evaluated, Count: len(docs)}
		if len(docs) == 0 {
			entry.State, entry.Reason = facts.NotApplicable, "no documents"
		}
		results, err := s.check(ctx, engine, ns, docs)
		if err != nil {
			entry.State, entry.Reason = facts.Failed, err.Error()
		}
		out.Results = append(out.Results, results...)
		out.Ledger = append(out.Ledger, entry)
	}
	SortResults(out.Results)
	return out, slices.SortedFunc(maps.Values(rules), func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
}

// rules are those of a set that compiles.
func (s Set) rules() ([]Rule, error) {
	engine, err := s.load()
	if err != nil {
		return nil, err
	}
	namespaces, err := s.namespaces(engine)
	if err != nil {
		return nil, err
	}
	var out []Rule
	for _, ns := range namespaces {
		for _, name := range ruleNames(engine, ns) {
			out = append(out, s.rule(ns, name))
		}
	}
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// documentTime is what each document adds to the time of policies.
const documentTime = 20 * time.Millisecond

// stepsOfSecond are the steps that stand for a second of the processors.
const stepsOfSecond = 1_000_000

// OrganisationTime is what policies may take of the processors for so many
// documents: conftest's engine tells no steps.
func OrganisationTime(limit time.Duration, documents int) time.Duration {
	return limit + time.Duration(documents)*documentTime
}

// load writes the files, which come from a commit, into a private directory,
// because conftest loads from disk only.
func (s Set) load() (engine *conftest.Engine, err error) {
	dir, err := os.MkdirTemp("", "gate-policy-")
	if err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	defer os.RemoveAll(dir)
	defer func() {
		if err != nil { // the user knows the files by their path in the repository
			err = s.advise(fmt.Errorf("load policies: %s", public(err.Error())))
		}
	}()
	if err := write(filepath.Join(dir, "policy"), s.Modules); err != nil {
		return nil, err
	}
	data, err := s.writeData(filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	version := s.Rego
	if version == "" {
		version = "v1"
	}
	engine, err = conftest.LoadWithData([]string{filepath.Join(dir, "policy")}, data, conftest.CompilerOptions{
		RegoVersion: version, Capabilities: Capabilities(),
	})
	if err != nil {
		return nil, err
	}
	engine.ShowBuiltinErrors()
	return engine, nil
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

func (s Set) namespaces(engine *conftest.Engine) ([]string, error) {
	all := engine.Namespaces()
	slices.Sort(all)
	for _, ns := range all {
		if ns == "gate" || strings.HasPrefix(ns, "gate.") {
			return nil, fmt.Errorf("load policies: package %s: gate.* is reserved", ns)
		}
	}
	if len(s.Namespaces) == 0 {
		return all, nil
	}
	for _, ns := range s.Namespaces {
		if !slices.Contains(all, ns) {
			return nil, fmt.Errorf("load policies: no package %q; there are %s", ns, strings.Join(all, ", "))
		}
	}
	return slices.Sorted(slices.Values(s.Namespaces)), nil
}

func (s Set) check(ctx context.Context, engine *conftest.Engine, ns string, docs []Document) (results []Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("evaluate: %s", source.Panicked(p))
		}
	}()
	add := func(subject, level string, r string, msg string) {
		results = append(results, Result{Rule: s.Entry + "/" + ns + "/" + r, Subject: subject, Message: msg, Level: level, Verdict: "fail"})
	}
	judge := func(subject, file string, document any) error {
		if ctx.Err() != nil {
			return fmt.Errorf("evaluate %s: %w", file, context.Cause(ctx))
		}
		// An absolute name keeps the directory of this machine out of what
		// the policy sees as data.conftest.file.
		// The document is the element of a list: conftest takes lists apart, once.
		checks, err := engine.Check(ctx, map[string]any{"/" + file: []any{document}}, ns)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("evaluate %s: %w", file, err)
		}
		for _, c := range checks {
			for _, f := range c.Failures {
				add(subject, "deny", queryRule(f.Metadata), f.Message)
			}
			for _, w := range c.Warnings {
				add(subject, "warn", queryRule(w.Metadata), w.Message)
			}
		}
		return nil
	}
	if s.Combine {
		if len(docs) == 0 {
			return nil, nil
		}
		err := judge("repository", "Combined", combined(docs))
		return results, err
	}
	for _, d := range docs {
		if err := judge(d.ID, d.File, d.Value); err != nil {
			return results, err
		}
	}
	return results, nil
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

// queryRule returns the rule's name from conftest's "data.<namespace>.<rule>".
func queryRule(metadata map[string]any) string {
	q := doc.Text(metadata, "query")
	return q[strings.LastIndexByte(q, '.')+1:]
}

func ruleNames(engine *conftest.Engine, ns string) []string {
	var names []string
	for _, m := range engine.Modules() {
		if strings.TrimPrefix(m.Package.Path.String(), "data.") != ns {
			continue
		}
		for _, r := range m.Rules {
			name := r.Head.Name.String()
			for _, prefix := range []string{"deny", "violation", "warn"} {
				if (name == prefix || strings.HasPrefix(name, prefix+"_")) && !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func (s Set) rule(ns, name string) Rule {
	effect, severity := "deny", "high"
	if strings.HasPrefix(name, "warn") {
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
