package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// result is what a policy says of a file, or that a file was not judged: Level failed,
// without the words, which differ.
type result struct {
	File, Namespace, Rule, Level, Message string
}

func (r result) String() string {
	return strings.Join([]string{r.Level, r.File, r.Namespace + "." + r.Rule, strings.ReplaceAll(r.Message, "\n", `\n`)}, " | ")
}

const failed = "failed"

// said is an entry of conftest's JSON.
type said struct {
	Filename, Namespace string
	Failures, Warnings  []struct {
		Msg      string
		Metadata map[string]any
	}
	Skipped   []any
	Successes int
}

// args are the flags of a run that both commands of conftest know.
func (r run) args() []string {
	var out []string
	for _, p := range r.Policy {
		out = append(out, "--policy", p)
	}
	for _, d := range r.Data {
		out = append(out, "--data", d)
	}
	if r.Rego != "" {
		out = append(out, "--rego-version", r.Rego)
	}
	if r.Strict {
		out = append(out, "--strict")
	}
	return out
}

// conftest asks conftest about the inputs. One that it cannot read, or not judge, ends
// it without a word about the others: they are asked again without it.
func (r run) conftest(ctx context.Context, program, dir string, inputs []string) ([]result, error) {
	args := append([]string{"test", "--output", "json", "--no-color"}, r.args()...)
	if len(r.Namespaces) == 0 {
		args = append(args, "--all-namespaces")
	}
	for _, n := range r.Namespaces {
		args = append(args, "--namespace", n)
	}
	if r.Parser != "" {
		args = append(args, "--parser", r.Parser)
	}
	if r.Combine {
		args = append(args, "--combine")
	}
	list, ended := ask(ctx, program, dir, append(args, inputs...))
	switch {
	case ended == nil:
	case len(inputs) > 1 && !r.Combine:
		half := len(inputs) / 2
		first, err := r.conftest(ctx, program, dir, inputs[:half])
		if err != nil {
			return nil, err
		}
		second, err := r.conftest(ctx, program, dir, inputs[half:])
		return append(first, second...), err
	default:
		var out []result
		for _, f := range inputs {
			out = append(out, result{File: f, Level: failed, Message: ended.Error()})
		}
		return out, ctx.Err()
	}
	var out []result
	for _, s := range list {
		for _, f := range s.Failures {
			out = append(out, result{s.Filename, s.Namespace, rule(f.Metadata), "deny", f.Msg})
		}
		for _, w := range s.Warnings {
			out = append(out, result{s.Filename, s.Namespace, rule(w.Metadata), "warn", w.Msg})
		}
	}
	return out, nil
}

// rule is the last word of the query that a result has.
func rule(metadata map[string]any) string {
	query := fmt.Sprint(metadata["query"])
	return query[strings.LastIndexByte(query, '.')+1:]
}

// ask runs conftest; an answer that is no JSON is an error in its words.
func ask(ctx context.Context, program, dir string, args []string) ([]said, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, []string{"HOME=/nowhere"}, &errs
	out, err := cmd.Output()
	var list []said
	if json.Unmarshal(out, &list) == nil {
		return list, nil
	}
	return nil, fmt.Errorf("%w: %s%s", err, out, errs.String())
}

// tally is how many tests of a file end in which way.
type tally map[testState]int

type testState struct{ file, state string }

// conftestTests runs the tests of the policies.
func (r run) conftestTests(ctx context.Context, program, dir string) (tally, error) {
	list, err := ask(ctx, program, dir, append([]string{"verify", "--output", "json", "--no-color"}, r.args()...))
	if err != nil {
		return tally{{state: failed}: 1}, nil
	}
	out := tally{}
	for _, s := range list {
		out[testState{s.Filename, "passed"}] += s.Successes
		out[testState{s.Filename, "skipped"}] += len(s.Skipped)
		out[testState{s.Filename, failed}] += len(s.Failures)
	}
	return out, ctx.Err()
}
