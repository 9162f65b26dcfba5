package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// outcome is what the comparison of a collection comes to.
type outcome struct {
	policies, inputs int
	failed           int // inputs that neither judges, in each run
	results, same    int // of conftest
	tests, sameTests int
	unlisted         []string
	listed           []int // how often each difference of the table occurs
}

// judged is one run with what it is about.
type judged struct {
	run
	entry  string
	inputs []string
}

// compare judges a copy of a collection with both programs.
func (c collection) compare(ctx context.Context, p programs, from string) (outcome, error) {
	dir, err := os.MkdirTemp("", "collection")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(dir)
	if err := copied(from, dir, "**"); err != nil {
		return outcome{}, err
	}
	for _, b := range c.Borrow {
		other := collection{Name: b.From}
		from, to := other.below(filepath.Dir(from)), filepath.Join(dir, "borrowed", path.Base(b.From))
		if from == "" {
			return outcome{}, fmt.Errorf("its inputs are those of %s, which is not there", b.From)
		}
		if err := copied(from, to, b.Files...); err != nil {
			return outcome{}, err
		}
	}
	runs, err := c.runs(dir)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{listed: make([]int, len(c.Differ))}
	if err := o.count(dir, runs); err != nil {
		return outcome{}, err
	}
	gate, err := gateAll(ctx, p.gate, dir, runs)
	if err != nil {
		return outcome{}, err
	}
	tests, err := gateTests(ctx, p.gate, dir)
	if err != nil {
		return outcome{}, err
	}
	for _, r := range runs {
		said, err := r.conftest(ctx, p.conftest, dir, r.inputs)
		if err != nil {
			return outcome{}, err
		}
		o.compare(c, r, said, gate[r.entry])
		if r.Untested {
			continue
		}
		tally, err := r.conftestTests(ctx, p.conftest, dir)
		if err != nil {
			return outcome{}, err
		}
		o.compareTests(c, r, tally, tests[r.entry])
	}
	for i, n := range o.listed {
		if n == 0 {
			o.unlisted = append(o.unlisted, fmt.Sprintf("listed, and does not occur: %+v", c.Differ[i]))
		}
	}
	return o, nil
}

// copied copies the files of a collection that match.
func copied(from, to string, globs ...string) error {
	all, err := files(from)
	if err != nil {
		return err
	}
	for _, f := range matching(globs, all) {
		data, err := os.ReadFile(filepath.Join(from, f))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, path.Dir(f)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// runs are the runs of a collection whose policies are there, over the inputs that are.
func (c collection) runs(dir string) ([]judged, error) {
	all, err := files(dir)
	if err != nil {
		return nil, err
	}
	var out []judged
	for _, r := range c.Runs {
		for _, one := range r.expand(all) {
			if !one.there(dir) {
				continue
			}
			j := judged{run: one, entry: fmt.Sprintf("r%d", len(out))}
			j.inputs, err = parts(r.From, matching(one.Inputs, all), dir, path.Join("made", j.entry))
			if err != nil {
				return nil, err
			}
			if len(j.inputs) > 0 {
				slices.Sort(j.inputs)
				out = append(out, j)
			}
		}
	}
	return out, nil
}

// there says whether all policies of a run are.
func (r run) there(dir string) bool {
	return !slices.ContainsFunc(r.Policy, func(p string) bool {
		_, err := os.Stat(filepath.Join(dir, p))
		return err != nil
	})
}

// count counts the files of policies and of inputs, each once.
func (o *outcome) count(dir string, runs []judged) error {
	all, err := files(dir)
	if err != nil {
		return err
	}
	policies, inputs := map[string]bool{}, map[string]bool{}
	for _, r := range runs {
		for _, f := range all {
			if strings.HasSuffix(f, ".rego") && !strings.HasSuffix(f, "_test.rego") &&
				slices.ContainsFunc(r.Policy, func(p string) bool { return p == "." || f == p || strings.HasPrefix(f, p+"/") }) {
				policies[f] = true
			}
		}
		for _, f := range r.inputs {
			inputs[f] = true
		}
	}
	o.policies, o.inputs = len(policies), len(inputs)
	return nil
}

// compare holds the results of a run against one another, as often as each is told.
func (o *outcome) compare(c collection, r judged, conftest, gate []result) {
	left := map[result]int{}
	for _, x := range r.normal(gate) {
		left[x]++
	}
	for _, x := range r.normal(conftest) {
		if x.Level != failed {
			o.results++
		}
		if left[x] > 0 {
			left[x]--
			if x.Level == failed {
				o.failed++
			} else {
				o.same++
			}
			continue
		}
		o.differs(c, "conftest", r, x)
	}
	for _, x := range r.normal(gate) {
		if left[x] > 0 {
			left[x]--
			o.differs(c, "gate", r, x)
		}
	}
}

// normal are results of which those that failed have no words, each file once; what
// failed as a whole failed for every input.
func (r judged) normal(list []result) []result {
	var out []result
	bad := map[string]bool{}
	for _, x := range list {
		switch {
		case x.Level != failed:
			out = append(out, x)
		case slices.Contains(r.inputs, x.File) || r.Combine && x.File == "Combined":
			bad[x.File] = true
		default:
			for _, f := range r.inputs {
				bad[f] = true
			}
		}
	}
	for f := range bad {
		out = append(out, result{File: f, Level: failed})
	}
	slices.SortFunc(out, func(a, b result) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// differs notes a result that only one of the two has.
func (o *outcome) differs(c collection, who string, r judged, x result) {
	rule := x.Namespace + "." + x.Rule
	for i, d := range c.Differ {
		if d.Says == who && d.Reason != "" && matches(d.Rule, rule) && matches(d.File, x.File) && matches(d.Message, x.Level+" "+x.Message) {
			o.listed[i]++
			return
		}
	}
	o.unlisted = append(o.unlisted, fmt.Sprintf("only %s (%s): %s", who, strings.Join(r.Policy, " "), x))
}

func matches(expression, text string) bool {
	ok, err := regexp.MatchString(expression, text)
	return ok && err == nil
}

// compareTests holds the tests of a run against one another, by file and state.
func (o *outcome) compareTests(c collection, r judged, conftest, gate tally) {
	for k, n := range conftest {
		o.tests += n
		o.sameTests += min(n, gate[k])
		for range n - gate[k] {
			o.differs(c, "conftest", r, result{File: k.file, Rule: "test", Level: k.state})
		}
	}
	for k, n := range gate {
		for range n - conftest[k] {
			o.differs(c, "gate", r, result{File: k.file, Rule: "test", Level: k.state})
		}
	}
}

// row is the collection's line of the table.
func (o outcome) row(c collection, commit string) string {
	if !strings.HasPrefix(commit, c.Commit) {
		commit += " (listed: " + c.Commit + ")"
	}
	times := map[string]int{}
	for i, d := range c.Differ {
		times[d.Reason] += o.listed[i]
	}
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(times)) {
		reasons = append(reasons, fmt.Sprintf("%d × %s", times[reason], reason))
	}
	if n := len(o.unlisted); n > 0 {
		reasons = append(reasons, fmt.Sprintf("**%d not listed**", n))
	}
	if len(reasons) == 0 {
		reasons = []string{"none"}
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d | %d | %s |", c.Name, commit, o.policies, o.inputs, o.failed, o.results, o.same, o.tests, o.sameTests, strings.Join(reasons, "; "))
}
