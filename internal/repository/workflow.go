package repository

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Definition is one CI definition as it was read.
type Definition struct {
	Path     string
	Platform string // github, gitlab, atlantis
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
		definition := d.Docs[len(d.Docs)-1] // GitLab: a header (spec) may stand before
		m, ok := definition.Value.(map[string]any)
		if !ok {
			ledger = append(ledger, facts.Entry{
				Kind: "file", ID: d.Path, State: facts.Failed, Reason: "a CI definition is a mapping", Place: source.Position{File: d.Path, Line: definition.Line},
			})
			continue
		}
		w := facts.Workflow{Path: d.Path, Platform: d.Platform, Form: d.Form, Document: m}
		w.ID = "file:" + d.Path
		c := &entries{out: []facts.WorkflowEntry{}}
		switch d.Platform {
		case "gitlab":
			c.gitlab(m)
		case "github":
			c.github(m)
		}
		w.Entries, w.Expressions = c.out, []facts.WorkflowExpression{}
		if d.Platform == "github" {
			w.Expressions = expressions(m)
		}
		out = append(out, w)
		index[w.ID] = definition.Locator()
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
	c.mapping(doc.At(m, "runs", "env"), []any{"runs", "env"}, "env", scope{})
	c.steps(doc.List(m, "runs", "steps"), []any{"runs", "steps"}, "")
	jobs := doc.Map(m, "jobs")
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		j, ok := jobs[name].(map[string]any)
		if !ok {
			continue
		}
		at := []any{"jobs", name}
		s := scope{job: name, uses: doc.Text(j, "uses")}
		c.mapping(j["env"], sub(at, "env"), "env", s)
		c.mapping(j["with"], sub(at, "with"), "with", s)
		if inherit, ok := j["secrets"].(string); ok {
			c.add(sub(at, "secrets"), "secrets", "*", inherit, s)
		} else {
			c.mapping(j["secrets"], sub(at, "secrets"), "secrets", s)
		}
		c.mapping(doc.At(j, "container", "env"), sub(at, "container", "env"), "env", s)
		services := doc.Map(j, "services")
		for _, n := range slices.Sorted(maps.Keys(services)) {
			c.mapping(doc.At(services, n, "env"), sub(at, "services", n, "env"), "env", s)
		}
		c.steps(doc.List(j, "steps"), sub(at, "steps"), name)
	}
}

func (c *entries) steps(steps []any, at []any, job string) {
	for i, step := range steps {
		s := scope{job: job, step: cmp.Or(doc.Text(step, "id"), doc.Text(step, "name"), strconv.Itoa(i)), uses: doc.Text(step, "uses")}
		here := sub(at, i)
		c.mapping(doc.At(step, "env"), sub(here, "env"), "env", s)
		c.mapping(doc.At(step, "with"), sub(here, "with"), "with", s)
		for _, name := range secretsIn(doc.Text(step, "run")) {
			c.out = append(c.out, facts.WorkflowEntry{Path: sub(here, "run"), Job: job, Step: s.step, Kind: "run", Name: name, Secret: name})
		}
	}
}

// gitlab reads https://docs.gitlab.com/ci/yaml/
func (c *entries) gitlab(m map[string]any) {
	c.mapping(m["variables"], []any{"variables"}, "variable", scope{})
	c.ruleVariables(doc.List(m, "workflow", "rules"), []any{"workflow", "rules"}, scope{})
	for _, name := range slices.Sorted(maps.Keys(m)) {
		j, ok := m[name].(map[string]any)
		if !ok || gitlabGlobal[name] {
			continue
		}
		s := scope{job: name}
		at := []any{name}
		c.mapping(j["variables"], sub(at, "variables"), "variable", s)
		c.ruleVariables(doc.List(j, "rules"), sub(at, "rules"), s)
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

func (c *entries) ruleVariables(rules []any, at []any, s scope) {
	for i, r := range rules {
		c.mapping(doc.At(r, "variables"), sub(at, i, "variables"), "variable", s)
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
	for _, name := range unique(shellVariable().FindAllStringSubmatch(doc.Text(v), -1)) {
		c.out = append(c.out, facts.WorkflowEntry{Path: at, Job: s.job, Kind: "run", Name: name, Secret: name})
	}
}

func (c *entries) mapping(v any, at []any, kind string, s scope) {
	m, ok := v.(map[string]any)
	if !ok {
		if text := doc.Text(v); text != "" { // an expression that yields the mapping
			c.add(at, kind, "", text, s)
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
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
	} else if m := shellVariable().FindStringSubmatch(value); m != nil && kind == "variable" {
		e.Secret = first(m)
	}
	c.out = append(c.out, e)
}

var (
	expression   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)\$\{\{.*?\}\}`) })
	githubSecret = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\bsecrets\b(?:\s*\.\s*([A-Za-z_][A-Za-z0-9_-]*)|\s*\[\s*'([^']+)'\s*\])?`)
	})
	shellVariable = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\$(?:([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)[^}]*\})`)
	})
)

// secretsIn returns the names of the secrets that the expressions of a text
// take, sorted; "*" for all of them, as in toJSON(secrets) or secrets[name].
func secretsIn(text string) []string {
	var out []string
	for _, e := range expression().FindAllString(text, -1) {
		for _, m := range githubSecret().FindAllStringSubmatch(e, -1) {
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
