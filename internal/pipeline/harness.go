package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/policy"
)

// FixtureNow is the time that fixtures are judged at.
var FixtureNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// FixtureResult says how one fixture compares with its marks.
type FixtureResult struct {
	Fixture string // <rule>/testdata/<name>
	Faults  []string
}

// inputs of a fixture, by their names at its root. They are no part of the
// tree that is judged.
var fixtureInput = regexp.MustCompile(`^(plan(-.+)?\.json|tfplan(-.+)?|event\.json|reviews\.json|protection\.json|contract\.(yaml|json)|attestations|base|want\.tsv)$`)

// Mark is one expectation of a fixture.
type Mark struct {
	Rule string
	File string
	Line int
}

// String returns file:line: rule.
func (m Mark) String() string { return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Rule) }

// TestRules runs the fixtures of the rules below dir, all or those named. Each
// fixture goes through the whole pipeline, with the rule under test alone and
// before effects and waivers.
func TestRules(ctx context.Context, dir string, only []string) ([]FixtureResult, error) {
	fsys := os.DirFS(dir)
	known, err := policy.IDs(fsys)
	if err != nil {
		return nil, fmt.Errorf("find rules in %s: %w", dir, err)
	}
	for _, id := range only {
		if !slices.Contains(known, id) {
			return nil, fmt.Errorf("no rule %q in %s%s", id, dir, nearest(id, known))
		}
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("no rules in %s", dir)
	}
	var out []FixtureResult
	for _, id := range known {
		if len(only) > 0 && !slices.Contains(only, id) {
			continue
		}
		out = append(out, testRule(ctx, fsys, dir, id)...)
	}
	return out, nil
}

func testRule(ctx context.Context, fsys fs.FS, dir, id string) []FixtureResult {
	fixtures, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(id), "testdata", "*"))
	var out []FixtureResult
	have := map[string]bool{}
	for _, f := range fixtures {
		info, statErr := os.Stat(f)
		if statErr != nil || !info.IsDir() {
			continue
		}
		name := filepath.Base(f)
		for _, kind := range []string{"bad", "good", "near-miss"} {
			have[kind] = have[kind] || name == kind || strings.HasPrefix(name, kind+"-")
		}
		r := FixtureResult{Fixture: path.Join(id, "testdata", name)}
		r.Faults, err = RunFixture(ctx, fsys, f, id)
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
	for _, kind := range []string{"bad", "good", "near-miss"} {
		if !have[kind] {
			out = append(out, FixtureResult{Fixture: path.Join(id, "testdata", kind), Faults: []string{"missing: a rule has a bad, a good and a near-miss fixture"}})
		}
	}
	return out
}

// RunFixture judges one fixture by one rule and says what differs from its
// marks; nothing means it is as marked.
func RunFixture(ctx context.Context, catalog fs.FS, fixture, rule string) ([]string, error) {
	work, err := os.MkdirTemp("", "gate-fixture-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	opts, err := prepareFixture(ctx, fixture, work)
	if err != nil {
		return nil, err
	}
	opts.Catalog, opts.Rules = catalog, []string{rule}
	out, err := Check(ctx, opts)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	marks, err := Marks(fixture)
	if err != nil {
		return nil, err
	}
	marks = slices.DeleteFunc(marks, func(m Mark) bool { return m.Rule != rule })
	return append(compare(marks, out.Violations), faults(rule, out.run.ledger, out.Violations)...), nil
}

// prepareFixture lays the fixture out as a work tree below work: a plain
// directory, or a repository of two commits if the fixture has a base.
func prepareFixture(ctx context.Context, fixture, work string) (Options, error) {
	tree := filepath.Join(work, "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return Options{}, err
	}
	opts := Options{Dir: tree, Tool: "test", PolicyRef: WorkTree, Now: FixtureNow, Workers: 1}
	base := filepath.Join(fixture, "base")
	if info, err := os.Stat(base); err == nil && info.IsDir() {
		opts.PolicyRef, opts.Base = "base", "base"
		if err := copyTree(base, tree, nil); err != nil {
			return opts, err
		}
		// HEAD is another branch, so that base stays the target branch.
		if err := runGit(ctx, tree, "init", "-q", "-b", "base"); err != nil {
			return opts, err
		}
		if err := commit(ctx, tree, "base"); err != nil {
			return opts, err
		}
		if err := runGit(ctx, tree, "checkout", "-q", "-b", "head"); err != nil {
			return opts, err
		}
		if err := emptyTree(tree); err != nil {
			return opts, err
		}
	}
	if err := copyTree(fixture, tree, fixtureInput); err != nil {
		return opts, err
	}
	if opts.Base != "" {
		if err := commit(ctx, tree, "head"); err != nil {
			return opts, err
		}
	}
	return opts, fixtureInputs(fixture, &opts)
}

func fixtureInputs(fixture string, opts *Options) error {
	entries, err := os.ReadDir(fixture)
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := filepath.Join(fixture, e.Name())
		stack := func(prefix, ending string) string {
			name := strings.TrimSuffix(strings.TrimPrefix(e.Name(), prefix), ending)
			return strings.ReplaceAll(strings.TrimPrefix(name, "-"), "--", "/")
		}
		switch {
		case !fixtureInput.MatchString(e.Name()):
		case e.Name() == "event.json":
			opts.Event = file
		case e.Name() == "reviews.json":
			opts.Reviews = file
		case e.Name() == "protection.json":
			opts.Protection = file
		case strings.HasPrefix(e.Name(), "contract."):
			opts.Contract = file
		case e.Name() == "attestations":
			opts.Attestations = file
		case strings.HasPrefix(e.Name(), "plan"):
			opts.Plans = append(opts.Plans, Input{Stack: stack("plan", ".json"), File: file})
		case strings.HasPrefix(e.Name(), "tfplan"):
			opts.PlanFiles = append(opts.PlanFiles, Input{Stack: stack("tfplan", ""), File: file})
		}
	}
	return nil
}

var wantMark = regexp.MustCompile(`\bwant ((?:[a-z0-9-]+/[a-z0-9-]+)(?:[ ,]+[a-z0-9-]+/[a-z0-9-]+)*)\s*(?:\*/|-->|\}\})?\s*$`)

// Marks reads the marks of a fixture: lines that end in "want <rule>" (in a
// comment of the file's language), and want.tsv beside it.
func Marks(fixture string) ([]Mark, error) {
	var marks []Mark
	err := filepath.WalkDir(fixture, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(fixture, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "base" || d.Name() == ".git" {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if path.Base(rel) == "want.tsv" {
			more, err := wantTable(rel, data)
			marks = append(marks, more...)
			return err
		}
		lines := bufio.NewScanner(bytes.NewReader(data))
		lines.Buffer(nil, 64<<20)
		for n := 1; lines.Scan(); n++ {
			m := wantMark.FindStringSubmatch(lines.Text())
			if m == nil || !strings.ContainsAny(lines.Text()[:strings.LastIndex(lines.Text(), "want ")], "#/-*;") {
				continue
			}
			for _, rule := range strings.FieldsFunc(m[1], func(r rune) bool { return r == ' ' || r == ',' }) {
				marks = append(marks, Mark{Rule: rule, File: rel, Line: n})
			}
		}
		return lines.Err()
	})
	return marks, err
}

func wantTable(name string, data []byte) ([]Mark, error) {
	var marks []Mark
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		var n int
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: want rule, file and line", name, i+1)
		}
		if _, err := fmt.Sscan(f[2], &n); err != nil {
			return nil, fmt.Errorf("%s:%d: %q is no line", name, i+1, f[2])
		}
		marks = append(marks, Mark{Rule: f[0], File: path.Join(path.Dir(name), f[1]), Line: n})
	}
	return marks, nil
}

// compare reports marks without a violation and violations without a mark.
// The same line counts once, however many environments it is found in.
func compare(marks []Mark, violations []Violation) []string {
	got := map[Mark]string{}
	for _, v := range violations {
		got[Mark{v.Rule, v.Location.File, v.Location.Line}] = v.Message
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
func faults(rule string, ledger []facts.Entry, violations []Violation) []string {
	var out []string
	for _, e := range ledger {
		if e.Kind == "unit" && strings.HasPrefix(rule, "gitops/") {
			continue
		}
		reported := slices.ContainsFunc(violations, func(v Violation) bool { return v.Subject == e.ID })
		if e.State == facts.Failed && !reported {
			out = append(out, fmt.Sprintf("failed     %s %s: %s", e.Kind, e.ID, e.Reason))
		}
	}
	return out
}

func copyTree(from, to string, skip *regexp.Regexp) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if skip != nil && skip.MatchString(rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(file)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// emptyTree removes everything but the repository.
func emptyTree(tree string) error {
	entries, err := os.ReadDir(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			if err := os.RemoveAll(filepath.Join(tree, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func commit(ctx context.Context, tree, message string) error {
	return errors.Join(runGit(ctx, tree, "add", "-A", "-f"), runGit(ctx, tree, "commit", "-q", "--allow-empty", "-m", message))
}

func runGit(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Author", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=2026-11-20T12:00:00Z",
		"GIT_COMMITTER_NAME=Author", "GIT_COMMITTER_EMAIL=author@example.com", "GIT_COMMITTER_DATE=2026-11-20T12:00:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
