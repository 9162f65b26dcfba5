package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// entry is a run in the configuration of gate.
type entry struct {
	Name       string   `json:"name"`
	Path       string   `json:"path"`
	Paths      []string `json:"paths,omitempty"`
	Data       []string `json:"data,omitempty"`
	Namespaces []string `json:"namespaces"`
	Documents  string   `json:"documents"`
	Match      []string `json:"match"`
	Parser     string   `json:"parser,omitempty"`
	Rego       string   `json:"rego,omitempty"`
	Combine    bool     `json:"combine,omitempty"`
	Secrets    bool     `json:"secrets,omitempty"`
	Strict     bool     `json:"strict,omitempty"`
}

func (r judged) configured() entry {
	e := entry{
		Name: r.entry, Path: r.Policy[0], Paths: r.Policy[1:], Data: r.Data, Namespaces: r.Namespaces, Documents: "files",
		Match: r.inputs, Parser: r.Parser, Rego: r.Rego, Combine: r.Combine, Secrets: r.Secrets, Strict: r.Strict,
	}
	if r.Plan {
		e.Documents, e.Match = "plan", nil
		for _, f := range r.inputs {
			e.Match = append(e.Match, path.Dir(f))
		}
	}
	if len(e.Namespaces) == 0 {
		e.Namespaces = []string{"*"}
	}
	return e
}

// report is what is read of gate's JSON.
type report struct {
	Findings []struct {
		Rule, Effect, Verdict, Message string
		Subject                        struct{ ID, Name string }
	}
	Coverage struct {
		Entries []struct {
			Kind, ID, State, Reason string
			Place                   struct{ File string }
		}
	}
}

// gateAll judges all runs at once, each as an entry. What it says is by entry.
func gateAll(ctx context.Context, program, dir string, runs []judged) (map[string][]result, error) {
	var entries []entry
	args := []string{"check", "--policy-ref", "worktree", "--format", "json"}
	files := map[string]string{} // of subjects
	for _, r := range runs {
		entries = append(entries, r.configured())
		for _, f := range r.inputs {
			files["file:"+f] = f
			if _, known := files["stack:"+path.Dir(f)]; r.Plan && !known {
				args = append(args, "--plan", path.Dir(f)+"="+f)
				files["stack:"+path.Dir(f)] = f
			}
		}
	}
	files["repository"] = "Combined"
	config, err := yaml.Marshal(map[string]any{"apiVersion": "gate/v1", "policies": entries})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, ".gate.yaml"), config, 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &errs
	data, err := cmd.Output()
	var said report
	if json.Unmarshal(data, &said) != nil {
		return nil, fmt.Errorf("gate check: %w: %s", err, errs.String())
	}
	out := map[string][]result{}
	for _, f := range said.Findings {
		name, rest, _ := strings.Cut(f.Rule, "/")
		namespace, rule, found := strings.Cut(rest, "/")
		if !found {
			continue // a rule of the catalog
		}
		r := result{cmp.Or(files[f.Subject.ID], f.Subject.ID), namespace, rule, f.Effect, f.Message}
		if f.Verdict != "fail" {
			r.Level = f.Verdict
		}
		out[name] = append(out[name], r)
	}
	for _, e := range said.Coverage.Entries {
		if name, rest, _ := strings.Cut(e.ID, "/"); e.Kind == "policy" && e.State == failed {
			out[name] = append(out[name], result{File: e.Place.File, Namespace: rest, Level: failed, Message: e.Reason})
		}
	}
	return out, nil
}

// gateTests runs the tests of the entries that were written last.
func gateTests(ctx context.Context, program, dir string) (map[string]tally, error) {
	cmd := exec.CommandContext(ctx, program, "policy", "test", "--format", "json")
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &errs
	data, err := cmd.Output()
	var said []struct {
		Entry, Error string
		Tests        []struct {
			State string
			Place struct{ File string }
		}
	}
	if json.Unmarshal(data, &said) != nil {
		return nil, fmt.Errorf("gate policy test: %w: %s%s", err, data, errs.String())
	}
	out := map[string]tally{}
	for _, e := range said {
		t := tally{}
		if e.Error != "" {
			t[testState{state: failed}]++
		}
		for _, x := range e.Tests {
			if x.State == "broken" {
				x.State = failed // as conftest calls it
			}
			t[testState{x.Place.File, x.State}]++
		}
		out[e.Entry] = t
	}
	return out, nil
}
