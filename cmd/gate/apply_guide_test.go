package main

import (
	"fmt"
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

// guide are the blocks of the guide from pull request to apply, by their section and
// language.
func guide(t *testing.T, section, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(gateRoot(t), "docs", "guides", "apply.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("the guide has no section %q", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(rest, -1) {
		out = append(out, m[1])
	}
	return out
}

// guideWay is a way whose configuration is the guide's.
func guideWay(t *testing.T) *way {
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	once := guide(t, "Once", "yaml")
	if len(once) != 2 {
		t.Fatalf("%d files are set up once", len(once))
	}
	w := newWay(t, map[string]string{
		".gate/trust.yaml": once[0],
		// What the repository of the test does not hand in.
		".gate.yaml": once[1] + "optional: [protection, attestations, contract]\nrules: {iac/state-backend: {effect: \"off\"}, evidence/evidence-id: {effect: \"off\"}}\n",
	})
	gate, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(gate, filepath.Join(w.dir, "programs", "gate")); err != nil {
		t.Fatal(err)
	}
	return w
}

// What the guide says of GitHub goes from a pull request to apply.
func TestGuideGitHub(t *testing.T) {
	t.Parallel()
	w := guideWay(t)
	blocks := guide(t, "GitHub", "yaml")
	if len(blocks) != 2 {
		t.Fatalf("%d workflows", len(blocks))
	}
	var jobs [2]workflow
	for i, text := range blocks {
		if err := yaml.Unmarshal([]byte(text), &jobs[i]); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := w.planned(jobs[0].Jobs["plan"].Steps); err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	w.merged()
	w.reviews("alice")
	if out, err := w.applied(jobs[1].Jobs["apply"].Steps); err == nil || !strings.Contains(out, "github:alice wrote the change") {
		t.Fatalf("the author approves: %v\n%s", err, out)
	}
	w.reviews("bob", "carol")
	if out, err := w.applied(jobs[1].Jobs["apply"].Steps); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if got := w.log(); !strings.HasPrefix(got, "-chdir=stacks/release ") {
		t.Errorf("applied %q", got)
	}
}

// What the guide says of GitLab are inputs that the component has, and jobs that run.
func TestGuideGitLab(t *testing.T) {
	t.Parallel()
	w := guideWay(t)
	var file struct {
		Include []struct {
			Inputs map[string]string `yaml:"inputs"`
		} `yaml:"include"`
	}
	if err := yaml.Unmarshal([]byte(guide(t, "GitLab", "yaml")[0]), &file); err != nil {
		t.Fatal(err)
	}
	c, dir := readComponent(t), w.clone("refs/pull/7/head")
	for from, to := range map[string]string{"tfplan": "tfplan", "plan.json": "plan.json"} { // what the job before has left
		data, err := os.ReadFile(filepath.Join("testdata", "plan", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.reviews("bob", "carol")
	reviews, err := os.ReadFile(filepath.Join(w.dir, "answers", "reviews.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "reviews.json"), reviews, 0o600); err != nil {
		t.Fatal(err)
	}
	w.event()
	for i, include := range file.Include {
		inputs := maps.Clone(include.Inputs)
		if i == 0 {
			inputs["arguments"] += "--event\n" + filepath.Join(w.dir, "event.json") + "\n" // the account of the author
		}
		script, variables := c.job(t, inputs)
		cmd := exec.Command("sh", "-c", script)
		cmd.Dir = dir
		cmd.Env = slices.Concat(w.env, variables, []string{"CI=true", "GITLAB_CI=true", "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
			"CI_PROJECT_URL=https://github.com/acme/platform", "CI_MERGE_REQUEST_PROJECT_URL=https://github.com/acme/platform", "CI_DEFAULT_BRANCH=main", "GATE_SIGN_KEY=" + filepath.Join(w.dir, "sign.key")})
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("job %s: %v\n%s", inputs["job"], err, out)
		}
	}
	if got := w.log(); !strings.HasPrefix(got, "-chdir=stacks/release ") {
		t.Errorf("applied %q", got)
	}
}

// What the guide says of Atlantis runs, with what Atlantis sets.
func TestGuideAtlantis(t *testing.T) {
	t.Parallel()
	w := guideWay(t)
	type steps struct {
		Steps []any `yaml:"steps"`
	}
	var server struct {
		Workflows map[string]struct {
			Plan  steps `yaml:"plan"`
			Apply steps `yaml:"apply"`
		} `yaml:"workflows"`
	}
	if err := yaml.Unmarshal([]byte(guide(t, "Atlantis", "yaml")[0]), &server); err != nil {
		t.Fatal(err)
	}
	dir, data := w.clone("refs/pull/7/head"), filepath.Join(w.dir, "atlantis")
	w.write("answers/request", w.event(), 0o644)
	env := append(slices.Clone(w.env), "PLANFILE="+filepath.Join(data, "prod.tfplan"), "SHOWFILE="+filepath.Join(data, "prod.json"), "REPO_REL_DIR=stacks/release", "PULL_NUM=7",
		"BASE_BRANCH_NAME=main", "BASE_REPO_OWNER=acme", "BASE_REPO_NAME=platform", "GATE_SIGN_KEY="+filepath.Join(w.dir, "sign.key"))
	for _, name := range []string{"tfplan", "plan.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", "plan", name))
		if err != nil {
			t.Fatal(err)
		}
		w.write(filepath.Join("atlantis", map[string]string{"tfplan": "prod.tfplan", "plan.json": "prod.json"}[name]), string(content), 0o600)
	}
	run := func(list []any) (string, error) {
		var all strings.Builder
		for _, s := range list {
			m, custom := s.(map[string]any)
			if !custom {
				continue // one of its own: the plan is there
			}
			cmd := exec.Command("sh", "-c", fmt.Sprint(m["run"]))
			cmd.Dir, cmd.Env = filepath.Join(dir, "stacks", "release"), env
			out, err := cmd.CombinedOutput()
			all.Write(out)
			if err != nil {
				return all.String(), err
			}
		}
		return all.String(), nil
	}
	if out, err := run(server.Workflows["gate"].Plan.Steps); err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	w.reviews("alice")
	if out, err := run(server.Workflows["gate"].Apply.Steps); err == nil || !strings.Contains(out, "github:alice wrote the change") {
		t.Fatalf("the author approves: %v\n%s", err, out)
	}
	w.reviews("bob", "carol")
	if out, err := run(server.Workflows["gate"].Apply.Steps); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if got := w.log(); !strings.HasPrefix(got, "-chdir=stacks/release ") {
		t.Errorf("applied %q", got)
	}
}
