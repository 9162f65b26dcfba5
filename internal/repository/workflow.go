package repository

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Definition is one CI definition as it was read.
type Definition struct {
	Path     string
	Platform string // github, gitlab
	Form     string // workflow, action, include
	Docs     []*source.Document
}

// Workflows turns CI definitions into facts. The subject id is "file:<path>";
// the locators are those of the documents. A definition that is no mapping is
// failed in the ledger.
func Workflows(defs []Definition) ([]facts.Workflow, source.Index, []facts.Entry) {
	var out []facts.Workflow
	index := source.Index{}
	var ledger []facts.Entry
	for _, d := range defs {
		if len(d.Docs) == 0 {
			continue
		}
		doc := d.Docs[len(d.Docs)-1] // GitLab: a header (spec) may stand before
		m, ok := doc.Value.(map[string]any)
		if !ok {
			ledger = append(ledger, facts.Entry{
				Kind: "file", ID: d.Path, State: facts.Failed, Reason: "a CI definition is a mapping", Place: source.Position{File: d.Path, Line: doc.Line},
			})
			continue
		}
		w := facts.Workflow{Path: d.Path, Platform: d.Platform, Form: d.Form, Document: m}
		w.ID = "file:" + d.Path
		c := &entries{out: []facts.WorkflowEntry{}}
		if d.Platform == "gitlab" {
			c.gitlab(m)
		} else {
			c.github(m)
		}
		w.Entries = c.out
		out = append(out, w)
		index[w.ID] = doc.Locator()
	}
	slices.SortFunc(out, func(a, b facts.Workflow) int { return strings.Compare(a.ID, b.ID) })
	return out, index, ledger
}

// entries collects environment variables, inputs and uses of secrets.
type entries struct {
	out []facts.WorkflowEntry
}

// scope is where an entry stands.
type scope struct {
	job, step, uses string
}

// github reads
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
// and composite actions, which have steps under runs.
func (c *entries) github(m map[string]any) {
	c.mapping(m["env"], []any{"env"}, "env", scope{})
	if runs, ok := m["runs"].(map[string]any); ok {
		c.mapping(runs["env"], []any{"runs", "env"}, "env", scope{})
		c.steps(runs["steps"], []any{"runs", "steps"}, "")
	}
	jobs, _ := m["jobs"].(map[string]any)
	for _, name := range sorted(jobs) {
		j, ok := jobs[name].(map[string]any)
		if !ok {
			continue
		}
		at := []any{"jobs", name}
		s := scope{job: name, uses: str(j["uses"])}
		c.mapping(j["env"], sub(at, "env"), "env", s)
		c.mapping(j["with"], sub(at, "with"), "with", s)
		if inherit, ok := j["secrets"].(string); ok {
			c.add(sub(at, "secrets"), "secrets", "*", inherit, s)
		} else {
			c.mapping(j["secrets"], sub(at, "secrets"), "secrets", s)
		}
		if box, ok := j["container"].(map[string]any); ok {
			c.mapping(box["env"], sub(at, "container", "env"), "env", s)
		}
		services, _ := j["services"].(map[string]any)
		for _, n := range sorted(services) {
			if box, ok := services[n].(map[string]any); ok {
				c.mapping(box["env"], sub(at, "services", n, "env"), "env", s)
			}
		}
		c.steps(j["steps"], sub(at, "steps"), name)
	}
}

func (c *entries) steps(v any, at []any, job string) {
	list, _ := v.([]any)
	for i, e := range list {
		st, ok := e.(map[string]any)
		if !ok {
			continue
		}
		s := scope{job: job, step: str(st["id"]), uses: str(st["uses"])}
		if s.step == "" {
			s.step = str(st["name"])
		}
		if s.step == "" {
			s.step = strconv.Itoa(i)
		}
		here := sub(at, i)
		c.mapping(st["env"], sub(here, "env"), "env", s)
		c.mapping(st["with"], sub(here, "with"), "with", s)
		run := str(st["run"])
		for _, name := range secretsIn(run) {
			c.out = append(c.out, facts.WorkflowEntry{Path: sub(here, "run"), Job: job, Step: s.step, Kind: "run", Name: name, Secret: name})
		}
	}
}

// gitlab reads https://docs.gitlab.com/ci/yaml/
func (c *entries) gitlab(m map[string]any) {
	c.mapping(m["variables"], []any{"variables"}, "variable", scope{})
	if w, ok := m["workflow"].(map[string]any); ok {
		c.ruleVariables(w["rules"], []any{"workflow", "rules"}, scope{})
	}
	for _, name := range sorted(m) {
		j, ok := m[name].(map[string]any)
		if !ok || gitlabGlobal[name] {
			continue
		}
		s := scope{job: name}
		at := []any{name}
		c.mapping(j["variables"], sub(at, "variables"), "variable", s)
		c.ruleVariables(j["rules"], sub(at, "rules"), s)
		c.mapping(j["secrets"], sub(at, "secrets"), "secrets", s)
		for _, key := range []string{"before_script", "script", "after_script"} {
			c.script(j[key], sub(at, key), s)
		}
	}
	for _, key := range []string{"before_script", "script", "after_script"} { // of old, at the top
		c.script(m[key], []any{key}, scope{})
	}
}

// gitlabGlobal are the keywords at the top that are no jobs.
var gitlabGlobal = map[string]bool{
	"variables": true, "workflow": true, "include": true, "stages": true, "image": true, "services": true, "cache": true, "spec": true,
	"before_script": true, "after_script": true,
}

func (c *entries) ruleVariables(v any, at []any, s scope) {
	list, _ := v.([]any)
	for i, e := range list {
		if r, ok := e.(map[string]any); ok {
			c.mapping(r["variables"], sub(at, i, "variables"), "variable", s)
		}
	}
}

// script collects the variables of a script: a text or a list, and lists may
// hold lists.
func (c *entries) script(v any, at []any, s scope) {
	if list, ok := v.([]any); ok {
		for i, line := range list {
			c.script(line, sub(at, i), s)
		}
		return
	}
	for _, name := range unique(shellVariable.FindAllStringSubmatch(str(v), -1)) {
		c.out = append(c.out, facts.WorkflowEntry{Path: at, Job: s.job, Kind: "run", Name: name, Secret: name})
	}
}

func (c *entries) mapping(v any, at []any, kind string, s scope) {
	m, ok := v.(map[string]any)
	if !ok {
		if text := str(v); text != "" { // an expression that yields the mapping
			c.add(at, kind, "", text, s)
		}
		return
	}
	for _, name := range sorted(m) {
		value := m[name]
		if o, ok := value.(map[string]any); ok && kind == "variable" { // GitLab: {value, description}
			value = o["value"]
		}
		c.add(sub(at, name), kind, name, scalar(value), s)
	}
}

func (c *entries) add(at []any, kind, name, value string, s scope) {
	e := facts.WorkflowEntry{Path: at, Job: s.job, Step: s.step, Uses: s.uses, Kind: kind, Name: name, Value: value}
	if names := secretsIn(value); len(names) > 0 {
		e.Secret = names[0]
	} else if m := shellVariable.FindStringSubmatch(value); m != nil && kind == "variable" {
		e.Secret = first(m)
	}
	c.out = append(c.out, e)
}

var (
	expression    = regexp.MustCompile(`(?s)\$\{\{.*?\}\}`)
	githubSecret  = regexp.MustCompile(`\bsecrets\b(?:\s*\.\s*([A-Za-z_][A-Za-z0-9_-]*)|\s*\[\s*'([^']+)'\s*\])?`)
	shellVariable = regexp.MustCompile(`\$(?:([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)[^}]*\})`)
)

// secretsIn returns the names of the secrets that the expressions of a text
// take, sorted; "*" for all of them, as in toJSON(secrets) or secrets[name].
func secretsIn(text string) []string {
	var out []string
	for _, e := range expression.FindAllString(text, -1) {
		for _, m := range githubSecret.FindAllStringSubmatch(e, -1) {
			out = append(out, cmp.Or(first(m), "*"))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// first returns the group that matched.
func first(m []string) string {
	for _, s := range m[1:] {
		if s != "" {
			return s
		}
	}
	return ""
}

func unique(matches [][]string) []string {
	var out []string
	for _, m := range matches {
		out = append(out, first(m))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sorted(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func str(v any) string {
	s, _ := v.(string)
	return s
}

// scalar returns a scalar as the text that a runner makes of it.
func scalar(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// sub returns a new path below at.
func sub(at []any, more ...any) []any { return append(slices.Clip(slices.Clone(at)), more...) }
