package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source/sourcetest"
	"gate/rules"
)

// TestLeftOut: nothing that would be applied passes without having been judged.
// Each file of testdata/leftout is a repository; what stands before its first
// file says in words what would be left out, and in lines what must come of it:
//
//	want: RULE FILE:LINE        a finding of the rule there; with " in ENV" behind it, of that environment
//	deny: RULE FILE:LINE        the same, and it denies
//	warn: RULE FILE:LINE        the same, and it does no more than warn
//	none: RULE FILE             no finding of the rule in the file
//	incomplete: TEXT            the run is incomplete, by an entry of the ledger that has the text
//	complete:                   the run is complete
//	nowhere: TEXT               no entry of the ledger has the text
//	ledger: STATE KIND ID       an entry of the ledger
//
// LINE may be the text that stands in the line, in quotes.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	for _, r := range remarked(t, "leftout") {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			out := r.check(t)
			defer out.Close()
			expectLeftOut(t, out.Result, r.tree, r.words)
		})
	}
}

// repositoryCase is a repository with a remark about it.
type repositoryCase struct {
	name, words string
	tree        sourcetest.Tree
}

// remarked are the repositories of a directory of testdata; what stands before the
// first file of each is its remark.
func remarked(t *testing.T, dir string) []repositoryCase {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatal("no repositories", err)
	}
	var out []repositoryCase
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		words, _, _ := strings.Cut(string(data), "\n-- ")
		out = append(out, repositoryCase{strings.TrimSuffix(filepath.Base(name), ".txt"), words, sourcetest.Parse(string(data))})
	}
	return out
}

// compiled are all built-in rules, for runs over one small repository after the other.
var compiled = sync.OnceValue(func() *policy.Compiled {
	all, err := policy.Load(rules.FS, nil)
	if err != nil {
		panic(err)
	}
	kept, err := all.Compiled()
	if err != nil {
		panic(err)
	}
	return kept
})

// check is a whole run over the repository as it stands.
func (r repositoryCase) check(t *testing.T) *Outcome {
	t.Helper()
	dir, _ := history(t, text(r.tree))
	out, err := Check(context.Background(), Options{Dir: dir, Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Workers: 1, PolicyRef: WorkTree, Compiled: compiled(), Getenv: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// expectLeftOut holds a result against the lines of a repository's remark.
func expectLeftOut(t *testing.T, res *decide.Result, tree sourcetest.Tree, words string) {
	t.Helper()
	asked := 0
	for line := range strings.Lines(words) {
		key, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		rest = strings.TrimSpace(rest)
		if !ok || !slices.Contains([]string{"want", "deny", "warn", "none", "incomplete", "complete", "nowhere", "ledger"}, key) {
			continue
		}
		asked++
		var held bool
		switch key {
		case "want", "deny", "warn":
			held = slices.ContainsFunc(res.Findings, func(f decide.Finding) bool {
				return findingIs(t, f, tree, rest) && (key == "want" || string(f.Effect) == key)
			})
		case "none":
			rule, file, _ := strings.Cut(rest, " ")
			held = !slices.ContainsFunc(res.Findings, func(f decide.Finding) bool { return f.Rule == rule && f.Location.File == file })
		case "incomplete":
			held = !res.Complete && slices.ContainsFunc(res.Coverage.Entries, func(e facts.Entry) bool {
				return strings.Contains(fmt.Sprintf("%s %s: %s", e.Kind, e.ID, e.Reason), rest)
			})
		case "complete":
			held = res.Complete
		case "nowhere":
			held = !slices.ContainsFunc(res.Coverage.Entries, func(e facts.Entry) bool {
				return strings.Contains(fmt.Sprintf("%s %s: %s", e.Kind, e.ID, e.Reason), rest)
			})
		case "ledger":
			held = slices.ContainsFunc(res.Coverage.Entries, func(e facts.Entry) bool {
				return fmt.Sprintf("%s %s %s", e.State, e.Kind, e.ID) == rest
			})
		}
		if !held {
			t.Errorf("not so: %s: %s", key, rest)
		}
	}
	if asked == 0 {
		t.Error("nothing is asked")
	}
	if t.Failed() {
		for _, f := range res.Findings {
			t.Logf("%s %s %s:%d in %q: %s", f.Effect, f.Rule, f.Location.File, f.Location.Line, f.Environment, f.Message)
		}
		for _, e := range res.Coverage.Entries {
			if e.Kind != "rule" {
				t.Logf("%s %s %s: %s", e.State, e.Kind, e.ID, e.Reason)
			}
		}
		t.Logf("complete: %t", res.Complete)
	}
}

// findingIs says whether f is what "RULE FILE:LINE [in ENV]" names.
func findingIs(t *testing.T, f decide.Finding, tree sourcetest.Tree, want string) bool {
	t.Helper()
	want, env, scoped := strings.Cut(want, " in ")
	rule, at, _ := strings.Cut(want, " ")
	file, line, _ := strings.Cut(at, ":")
	if text, quoted := strings.CutPrefix(line, `"`); quoted {
		line = fmt.Sprint(lineOf(t, tree[file], strings.TrimSuffix(text, `"`)))
	}
	return f.Rule == rule && f.Location.File == file && fmt.Sprint(f.Location.Line) == line && (!scoped || f.Environment == env)
}
