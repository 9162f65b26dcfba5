package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// component is a component of GitLab CI: what it asks for, and jobs.
type component struct {
	inputs map[string]string // defaults; those without one have to be given
	needed []string
	jobs   map[string]componentJob
}

type componentJob struct {
	Extends   string            `yaml:"extends"`
	Variables map[string]string `yaml:"variables"`
	Script    []string          `yaml:"script"`
}

var interpolation = regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`)

func readComponent(t *testing.T) *component {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(gateRoot(t), "templates", "gate", "template.yml"))
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var head struct {
		Spec struct {
			Inputs map[string]struct {
				Default *string `yaml:"default"`
			} `yaml:"inputs"`
		} `yaml:"spec"`
	}
	c := &component{inputs: map[string]string{}}
	if err := dec.Decode(&head); err != nil {
		t.Fatal(err)
	}
	if err := dec.Decode(&c.jobs); err != nil {
		t.Fatal(err)
	}
	for name, input := range head.Spec.Inputs {
		if input.Default == nil {
			c.needed = append(c.needed, name)
			continue
		}
		c.inputs[name] = *input.Default
	}
	return c
}

// job is the script of the job that inputs make, and its variables.
func (c *component) job(t *testing.T, inputs map[string]string) (script string, env []string) {
	t.Helper()
	all := maps.Clone(c.inputs)
	maps.Copy(all, inputs)
	for _, name := range c.needed {
		if _, given := all[name]; !given {
			t.Fatalf("input %q is needed", name)
		}
	}
	fill := func(text string) string {
		return interpolation.ReplaceAllStringFunc(text, func(m string) string {
			value, known := all[interpolation.FindStringSubmatch(m)[1]]
			if !known {
				t.Fatalf("%s is no input", m)
			}
			return value
		})
	}
	job := c.jobs["$[[ inputs.job ]]"]
	for _, key := range slices.Sorted(maps.Keys(job.Variables)) {
		env = append(env, key+"="+fill(job.Variables[key]))
	}
	script = strings.Join(c.jobs[fill(job.Extends)].Script, "\n")
	if script == "" || interpolation.MatchString(script) {
		t.Fatalf("%s: an input stands in a script, or there is none:\n%s", fill(job.Extends), script)
	}
	return script, env
}

// The jobs of the component go from a merge request to apply, and to nothing else than what
// was approved.
func TestComponent(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"sh", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	w, c := newWay(t, nil), readComponent(t)
	gate, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(gate, filepath.Join(w.dir, "programs", "gate")); err != nil {
		t.Fatal(err)
	}
	dir := w.clone("refs/pull/7/head")
	run := func(inputs map[string]string, env ...string) (string, int) {
		t.Helper()
		script, variables := c.job(t, inputs)
		cmd := exec.Command("sh", "-c", script)
		cmd.Dir = dir
		cmd.Env = slices.Concat(w.env, variables, env, []string{"CI=true", "GITLAB_CI=true", "CI_PROJECT_URL=https://github.com/acme/platform", "CI_DEFAULT_BRANCH=main"})
		out, err := cmd.CombinedOutput()
		if err == nil {
			return string(out), 0
		}
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	want := func(code int, inputs map[string]string, env ...string) string {
		t.Helper()
		out, got := run(inputs, env...)
		if got != code {
			t.Fatalf("%v: exit %d, want %d\n%s", inputs, got, code, out)
		}
		return out
	}
	plans := filepath.Join(gateRoot(t), "cmd/gate/testdata/plan")
	request := []string{"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=change",
		"CI_MERGE_REQUEST_PROJECT_URL=https://github.com/acme/platform", "GATE_SIGN_KEY=" + filepath.Join(w.dir, "sign.key")}
	event := filepath.Join(w.dir, "event.json")
	w.event()
	out := want(0, map[string]string{"mode": "plan", "image": "gate", "arguments": "--event\n" + event + "\n--plan\nstacks/release=" + plans + "/plan.json\n--plan-file\nstacks/release=" + plans + "/tfplan\n"}, request...)
	if !strings.Contains(out, "approv") {
		t.Errorf("plan printed\n%s", out)
	}
	at := map[string]string{"mode": "approve", "image": "gate", "environment": "prod", "target": "eu", "decision": "gate-decisions/prod-eu.sigstore.json"}
	subjects := "--subject\nsource-closure=.\n--subject\nplan-json:stacks/release=" + plans + "/plan.json\n--subject\ntfplan:stacks/release=" + plans
	reviews := "\n--reviews\n" + filepath.Join(w.dir, "answers/reviews.json") + "\n"
	with := func(more map[string]string) map[string]string {
		out := maps.Clone(at)
		maps.Copy(out, more)
		return out
	}
	w.reviews()
	want(5, with(map[string]string{"arguments": subjects + "/tfplan" + reviews}), request...)
	w.reviews("bob", "carol")
	want(0, with(map[string]string{"arguments": subjects + "/tfplan" + reviews}), request...)
	command := "terraform\n-chdir=stacks/release\napply\n-input=false\n{plan:stacks/release}\n"
	want(125, with(map[string]string{"mode": "apply", "command": command, "arguments": subjects + "/tfplan-v2" + reviews}))
	if _, err := os.Stat(filepath.Join(w.dir, "applied")); err == nil {
		t.Error("a plan that was swapped is applied")
	}
	want(0, with(map[string]string{"mode": "apply", "command": command, "arguments": subjects + "/tfplan" + reviews}))
	if data, err := os.ReadFile(filepath.Join(w.dir, "applied")); err != nil || !strings.HasPrefix(string(data), "-chdir=stacks/release ") {
		t.Errorf("applied %q, %v", data, err)
	}
}
