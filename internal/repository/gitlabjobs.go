package repository

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/shell"
)

// gitlabConfig is .gitlab-ci.yml with what it includes of the tree: who defines a key,
// and what is in it.
type gitlabConfig struct {
	values map[string]any
	files  map[string]string
}

// part is a value of a job with the place where it stands: one that is extended may
// stand in another file.
type part struct {
	value any
	file  string
	at    []any
}

func newGitlabConfig(workflows []facts.Workflow) gitlabConfig {
	c := gitlabConfig{map[string]any{}, map[string]string{}}
	for _, form := range []string{"include", "workflow"} { // the root counts most
		for _, w := range workflows {
			if w.Platform != "gitlab" || w.Form != form {
				continue
			}
			for k, v := range w.Document {
				c.values[k], c.files[k] = v, w.Path
			}
		}
	}
	return c
}

// job are the keys of a job with those that it extends.
// https://docs.gitlab.com/ci/yaml/#extends
func (c gitlabConfig) job(name string, depth int) (out map[string]part, whole bool) {
	m, ok := c.values[name].(map[string]any)
	if !ok || depth > 11 {
		return map[string]part{}, false
	}
	out, whole = map[string]part{}, true
	for _, parent := range texts(m["extends"]) {
		above, w := c.job(parent, depth+1)
		whole = whole && w
		c.merge(out, above)
	}
	own := map[string]part{}
	for k, v := range m {
		own[k] = part{v, c.files[name], []any{name, k}}
	}
	c.merge(out, own)
	return out, whole
}

// merge puts keys over others: mappings are merged, all else is replaced.
func (c gitlabConfig) merge(into, over map[string]part) {
	for k, p := range over {
		below, ok := into[k].value.(map[string]any)
		above, is := p.value.(map[string]any)
		if ok && is {
			m := maps.Clone(below)
			maps.Copy(m, above)
			p.value = m
		}
		into[k] = p
	}
}

// scriptLines are the commands of a script: a text, or a list in which lists stand. A
// list that names a key of another job is a reference to it (!reference).
func (c gitlabConfig) scriptLines(p part, depth int) []part {
	switch v := p.value.(type) {
	case string:
		return []part{p}
	case []any:
		var out []part
		if len(v) > 1 && depth > 0 {
			if name, ok := v[0].(string); ok && c.values[name] != nil {
				if to, ok := doc.Lookup(c.values[name], v[1:]...); ok && depth < 10 {
					return c.scriptLines(part{to, c.files[name], v}, depth+1)
				}
			}
		}
		for i, e := range v {
			out = append(out, c.scriptLines(part{e, p.file, sub(p.at, i)}, depth+1)...)
		}
		return out
	}
	return nil
}

// gitlab follows the jobs of the pipeline: in the order of stages, or of needs.
func (f *follower) gitlab(workflows []facts.Workflow) {
	c := newGitlabConfig(workflows)
	stages := texts(c.values["stages"])
	if len(stages) == 0 {
		stages = []string{"build", "test", "deploy"}
	}
	stages = slices.Concat([]string{".pre"}, stages, []string{".post"})
	jobs, whole := map[string]map[string]part{}, map[string]bool{}
	byStage := map[string][]string{}
	for name, v := range c.values {
		if _, ok := v.(map[string]any); !ok || gitlabGlobal[name] || name == "default" || strings.HasPrefix(name, ".") {
			continue
		}
		jobs[name], whole[name] = c.job(name, 0)
		stage, _ := jobs[name]["stage"].value.(string)
		if stage == "" {
			stage = "test"
		}
		byStage[stage] = append(byStage[stage], name)
	}
	done := results{}
	var before []string
	for _, stage := range stages {
		slices.Sort(byStage[stage])
		for _, name := range byStage[stage] {
			f.gitlabJob(c, name, jobs, whole[name], before, done, 0)
		}
		before = append(before, byStage[stage]...)
	}
}

// gitlabJob follows a job behind those that it needs.
func (f *follower) gitlabJob(c gitlabConfig, name string, jobs map[string]map[string]part, whole bool, before []string, done results, depth int) {
	if _, seen := done[name]; seen || depth > 50 {
		return
	}
	done[name] = shell.Outcome{}
	j := jobs[name]
	needs := before
	if p, ok := j["needs"]; ok {
		needs = nil
		list, _ := p.value.([]any)
		for _, n := range list {
			job := doc.Text(n)
			if job == "" {
				job = doc.Text(n, "job")
			}
			needs = append(needs, job)
		}
	}
	vars := map[string]string{}
	for _, m := range []any{c.values["variables"], j["variables"].value} {
		if m, ok := m.(map[string]any); ok {
			for k, v := range m {
				if o, ok := v.(map[string]any); ok {
					v = o["value"]
				}
				if text := scalar(v); !strings.Contains(text, "$") {
					vars[k] = text
				} else {
					delete(vars, k)
				}
			}
		}
	}
	s := f.begin(vars)
	when, _ := j["when"].value.(string)
	for _, n := range needs {
		other, ok := jobs[n]
		if !ok {
			if checking().MatchString(n) {
				s = f.opaque("job "+n, s).OK
			}
			continue
		}
		f.gitlabJob(c, n, jobs, true, nil, done, depth+1)
		end := done[n]
		ok2 := end.OK
		if when == "always" || when == "on_failure" {
			ok2 = shell.Join(ok2, end.Fail.Swallowed("the job runs whatever became of those before it (when: "+when+")", true))
		}
		if !sameRules(other, j) { // it may not be in the pipeline
			ok2 = shell.Join(ok2, s)
		}
		s = both(s, ok2)
	}
	if s == nil {
		return
	}
	for _, include := range remoteIncludes(c.values["include"]) {
		if checking().MatchString(include) {
			s = f.opaque(include, s).OK
		}
	}
	if !whole {
		s = f.opaque("what job "+name+" extends", s).OK
	}
	f.job, f.about = name, jobFacts{}
	environment, _ := j["environment"].value.(string)
	if environment == "" {
		environment = doc.Text(j["environment"].value, "name")
	}
	action := doc.Text(j["environment"].value, "action")
	for k, v := range vars {
		environment = strings.ReplaceAll(strings.ReplaceAll(environment, "${"+k+"}", v), "$"+k, v)
		if m := roleAccount().FindStringSubmatch(v); m != nil {
			f.about.accounts = append(f.about.accounts, m[1])
		}
	}
	if environment != "" && !strings.Contains(environment, "$") && action != "prepare" && action != "verify" && action != "access" {
		f.about.environments = []string{environment}
	}
	s.Errexit, s.Pipefail = true, true
	out := shell.Outcome{OK: s}
	for _, key := range []string{"before_script", "script"} {
		p, ok := j[key]
		if !ok && key == "before_script" {
			p = part{doc.At(c.values["default"], key), c.files["default"], []any{"default", key}}
			if p.value == nil {
				p = part{c.values[key], c.files[key], []any{key}}
			}
		}
		for _, l := range c.scriptLines(p, 0) {
			if out.OK == nil {
				break
			}
			at := script{file: l.file, line: f.lines(l.file, l.at)}
			x := f.run(l.value.(string), false, at, out.OK)
			out = shell.Outcome{OK: x.OK, Fail: shell.Join(out.Fail, x.Fail)}
		}
	}
	if how, certain := allowsFailure(j); how != "" {
		out = shell.Outcome{OK: shell.Join(out.OK, out.Fail.Swallowed(how, certain))}
	}
	done[name] = out
	f.ended(out.OK)
}

// allowsFailure says how a job lets a pipeline go on where it fails.
func allowsFailure(j map[string]part) (how string, certain bool) {
	switch v := j["allow_failure"].value.(type) {
	case bool:
		if v {
			return "allow_failure: true", true
		}
		return "", false
	case map[string]any:
		return "allow_failure with exit codes", false
	}
	rules, _ := j["rules"].value.([]any)
	for _, r := range rules {
		if doc.Bool(r, "allow_failure") {
			return "allow_failure: true of a rule", false
		}
	}
	if when, _ := j["when"].value.(string); when == "manual" && len(rules) == 0 {
		return "a manual job may be left out (when: manual)", true
	}
	return "", false
}

// sameRules says whether a job is in every pipeline that another one is in.
func sameRules(needed, j map[string]part) bool {
	for _, k := range []string{"rules", "only", "except"} {
		if needed[k].value != nil && !reflect.DeepEqual(needed[k].value, j[k].value) {
			return false
		}
	}
	return true
}

// remoteIncludes are includes of other places, as they are written.
func remoteIncludes(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, e := range list {
		for _, key := range []string{"component", "project", "remote", "template"} {
			if text := doc.Text(e, key); text != "" {
				out = append(out, text+" "+strings.Join(texts(doc.At(e, "file")), " "))
			}
		}
		if text := doc.Text(e); strings.Contains(text, "://") {
			out = append(out, text)
		}
	}
	return out
}
