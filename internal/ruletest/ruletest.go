// Package ruletest runs the fixtures of rules through the pipeline and compares
// what is found with their marks.
//
// A fixture is a directory below testdata/ of a rule: a tree of files, and at its
// root, under fixed names, the inputs that are handed in with it and the state of
// its base. A line that ends in "want <rule>" must yield exactly that finding;
// no other line may.
package ruletest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/pipeline"
	"gate/internal/policy"
)

// Now returns the time that fixtures are judged at.
func Now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// Result says how one fixture compares with its marks.
type Result struct {
	Fixture string // <rule>/testdata/<name>
	Faults  []string
}

// Run runs the fixtures of the rules below dir, all or those named. Each
// fixture goes through the whole pipeline, with the rule under test alone and
// before effects and waivers.
func Run(ctx context.Context, dir string, only []string) ([]Result, error) {
	fsys := os.DirFS(dir)
	known, err := policy.IDs(fsys)
	if err != nil {
		return nil, fmt.Errorf("find rules in %s: %w", dir, err)
	}
	for _, id := range only {
		if !slices.Contains(known, id) {
			return nil, fmt.Errorf("no rule %q in %s%s", id, dir, config.DidYouMean(id, known))
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("no rules in %s", dir)
	}
	var out []Result
	for _, id := range known {
		if len(only) > 0 && !slices.Contains(only, id) {
			continue
		}
		out = append(out, testRule(ctx, fsys, dir, id)...)
	}
	return out, nil
}

func testRule(ctx context.Context, fsys fs.FS, dir, id string) []Result {
	fixtures, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(id), "testdata", "*"))
	if err != nil {
		return []Result{{Fixture: path.Join(id, "testdata"), Faults: []string{err.Error()}}}
	}
	var out []Result
	have := map[string]bool{}
	compiled := &policy.Compiled{}
	for _, f := range fixtures {
		info, statErr := os.Stat(f)
		if statErr != nil || !info.IsDir() {
			continue
		}
		name := filepath.Base(f)
		have[kindOf(name)] = true
		r := Result{Fixture: path.Join(id, "testdata", name)}
		r.Faults, err = judgeFixture(ctx, f, id, ofCatalog(fsys, id, compiled))
		if err != nil {
			r.Faults = append(r.Faults, err.Error())
		}
		if marks, err := Marks(f); err == nil {
			found := slices.ContainsFunc(marks, func(m Mark) bool { return m.Rule == id })
			switch {
			case strings.HasPrefix(name, "bad") && !found:
				r.Faults = append(r.Faults, "a bad fixture marks no line")
			case strings.HasPrefix(name, "good") && found:
				r.Faults = append(r.Faults, "a good fixture marks a line")
			}
		}
		out = append(out, r)
	}
	for _, kind := range fixtureKinds {
		if !have[kind] {
			out = append(out, Result{Fixture: path.Join(id, "testdata", kind), Faults: []string{"missing: a rule has a bad, a good and a near-miss fixture"}})
		}
	}
	return out
}

// fixtureKinds are what the names of fixtures begin with.
var fixtureKinds = []string{"bad", "good", "near-miss"}

// kindOf is the kind of a fixture by its name, or "".
func kindOf(name string) string {
	for _, kind := range fixtureKinds {
		if name == kind || strings.HasPrefix(name, kind+"-") {
			return kind
		}
	}
	return ""
}

// Fixture judges one fixture by one rule of a catalog and says what differs from its
// marks; nothing means it is as marked.
func Fixture(ctx context.Context, catalog fs.FS, fixture, rule string) ([]string, error) {
	return judgeFixture(ctx, fixture, rule, ofCatalog(catalog, rule, nil))
}

// ofCatalog asks for one rule of a catalog.
func ofCatalog(catalog fs.FS, rule string, compiled *policy.Compiled) func(*pipeline.Options) {
	return func(opts *pipeline.Options) {
		opts.Catalog, opts.Rules, opts.Compiled = catalog, []string{rule}, compiled
	}
}

func judgeFixture(ctx context.Context, fixture, rule string, asked func(*pipeline.Options)) ([]string, error) {
	work, err := os.MkdirTemp("", "gate-fixture-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	opts, err := lay(ctx, fixture, work)
	if err != nil {
		return nil, err
	}
	asked(&opts)
	judged, err := pipeline.Judge(ctx, opts)
	if err != nil {
		return nil, err
	}
	marks, err := Marks(fixture)
	if err != nil {
		return nil, err
	}
	marks = slices.DeleteFunc(marks, func(m Mark) bool { return m.Rule != rule })
	return append(compare(marks, judged), faults(rule, judged)...), nil
}

// compare reports marks without a result and results without a mark. The same
// line counts once, however many environments it is found in.
func compare(marks []Mark, judged *pipeline.Judgement) []string {
	got := map[Mark]string{}
	for _, res := range judged.Results {
		at := judged.Locate(res.Subject, res.Path)
		got[Mark{res.Rule, at.File, at.Line}] = res.Message
	}
	var out []string
	want := map[Mark]bool{}
	for _, m := range marks {
		want[m] = true
		if _, ok := got[m]; !ok {
			out = append(out, "missing   "+m.String())
		}
	}
	for m, msg := range got {
		if !want[m] {
			out = append(out, "unexpected "+m.String()+": "+msg)
		}
	}
	slices.Sort(out)
	return out
}

// faults lists what could not be judged, but for what the rule itself reports:
// a rule about incomplete inputs has fixtures that are incomplete. Rules about
// delivery controllers judge the controllers' objects, whose sources mostly
// stand in other repositories: what these deploy is not part of the fixture.
func faults(rule string, judged *pipeline.Judgement) []string {
	var out []string
	for _, e := range judged.Ledger {
		if e.Kind == "unit" && strings.HasPrefix(rule, "gitops/") {
			continue
		}
		reported := slices.ContainsFunc(judged.Results, func(res policy.Result) bool { return res.Subject == e.ID || unevaluated(e, res) })
		if e.State == facts.Failed && !reported {
			out = append(out, fmt.Sprintf("failed     %s %s: %s", e.Kind, e.ID, e.Reason))
		}
	}
	return out
}

// unevaluated says whether a result is about the policy that was not evaluated on
// the object of an entry.
func unevaluated(e facts.Entry, res policy.Result) bool {
	_, why, ok := strings.Cut(e.Reason, " is not evaluated: ")
	return ok && e.Kind == "admission" && res.Verdict == "unknown" && strings.HasSuffix(res.Message, ": "+why)
}
