package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gate/internal/attest"

	"go.yaml.in/yaml/v3"
)

// workflow is what of a workflow or a composite action the test runs, as GitHub does:
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
type workflow struct {
	Jobs map[string]struct {
		Steps []step `yaml:"steps"`
	} `yaml:"jobs"`
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Value string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Steps []step `yaml:"steps"`
	} `yaml:"runs"`
}

type step struct {
	ID   string            `yaml:"id"`
	Name string            `yaml:"name"`
	If   string            `yaml:"if"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`
	Env  map[string]string `yaml:"env"`
	With map[string]string `yaml:"with"`
}

// jobRunner runs jobs in a checkout.
type jobRunner struct {
	t       *testing.T
	dir     string
	env     []string
	context map[string]string // "runner.temp", "matrix.stacks", …
	out     strings.Builder
}

func readWorkflow(t *testing.T, file string) *workflow {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &workflow{}
	if err := yaml.Unmarshal(data, w); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return w
}

var expression = regexp.MustCompile(`\$\{\{\s*([^}]+?)\s*\}\}`)

// expand fills expressions in. An output of a step that did not run is empty; a name that
// the test does not know ends it.
func (r *jobRunner) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(m string) string {
		name := expression.FindStringSubmatch(m)[1]
		value, known := r.context[name]
		if !known && !strings.HasPrefix(name, "steps.") {
			r.t.Fatalf("expression %s is nothing that the test knows", m)
		}
		return value
	})
}

// steps runs steps one after the other; err is that of the first that fails, after which
// only those run that say so.
func (r *jobRunner) steps(list []step) (err error) {
	for i, s := range list {
		condition := s.If
		if m := regexp.MustCompile(`^inputs\.mode == '(\w+)'$`).FindStringSubmatch(condition); m != nil {
			if r.context["inputs.mode"] != m[1] {
				continue
			}
		} else if condition != "" && condition != "always()" {
			r.t.Fatalf("if: %s is nothing that the test knows", condition)
		}
		if err != nil && condition != "always()" {
			continue
		}
		var fault error
		switch {
		case s.Run != "":
			fault = r.run(fmt.Sprintf("step-%d", i), s)
		case strings.Contains(s.Uses, "/.github/actions/gate@"):
			fault = r.action(s)
		case strings.HasPrefix(s.Uses, "actions/checkout@"), strings.HasPrefix(s.Uses, "aws-actions/configure-aws-credentials@"):
		case strings.HasPrefix(s.Uses, "actions/upload-artifact@"):
			if _, missing := os.Stat(r.expand(s.With["path"])); missing != nil && err == nil {
				fault = missing
			}
		default:
			r.t.Fatalf("uses: %s is nothing that the test knows", s.Uses)
		}
		if err == nil {
			err = fault
		}
	}
	return err
}

// action runs the composite action with the inputs of a step.
func (r *jobRunner) action(s step) error {
	dir := filepath.Join(gateRoot(r.t), ".github", "actions", "gate")
	a := readWorkflow(r.t, filepath.Join(dir, "action.yml"))
	inner := &jobRunner{t: r.t, dir: r.dir, env: append(slices.Clone(r.env), "GITHUB_ACTION_PATH="+dir), context: map[string]string{}}
	for name, input := range a.Inputs {
		inner.context["inputs."+name] = input.Default
	}
	inner.context["inputs.gate"] = r.context["test.gate"]
	for name, value := range s.With {
		if _, known := a.Inputs[name]; !known {
			r.t.Fatalf("input %q is none of the action's", name)
		}
		inner.context["inputs."+name] = r.expand(value)
	}
	err := inner.steps(a.Runs.Steps)
	r.out.WriteString(inner.out.String())
	for name, output := range a.Outputs {
		r.context["steps."+s.ID+".outputs."+name] = inner.expand(output.Value)
	}
	return err
}

// run runs a script as a runner does.
func (r *jobRunner) run(name string, s step) error {
	dir := r.t.TempDir()
	script, output := filepath.Join(dir, name+".sh"), filepath.Join(dir, "output")
	// What is handed in comes by the environment: an expression in a script would be run.
	if expression.MatchString(s.Run) {
		r.t.Fatalf("an expression stands in a script:\n%s", s.Run)
	}
	if err := os.WriteFile(script, []byte(s.Run), 0o600); err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script)
	cmd.Dir = r.dir
	cmd.Env = append(slices.Clone(r.env), "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary"))
	for _, key := range slices.Sorted(maps.Keys(s.Env)) {
		cmd.Env = append(cmd.Env, key+"="+r.expand(s.Env[key]))
	}
	text, err := cmd.CombinedOutput()
	r.out.Write(text)
	r.outputs(s.ID, output)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// outputs takes over what a script wrote to GITHUB_OUTPUT.
func (r *jobRunner) outputs(id, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		key, value, single := strings.Cut(lines[i], "=")
		if name, end, several := strings.Cut(lines[i], "<<"); several {
			key, value, single = name, "", true
			for i++; i < len(lines) && lines[i] != end; i++ {
				value += lines[i] + "\n"
			}
		}
		if single {
			r.context["steps."+id+".outputs."+key] = value
		}
	}
}

func gateRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// way is a remote and what stands around it: the plans that Terraform makes, the store of
// what was approved, the answers of the forge.
type way struct {
	t             *testing.T
	dir           string
	env           []string
	change, merge string // commits
}

func (w *way) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w *way) write(file, content string, mode os.FileMode) {
	w.t.Helper()
	file = filepath.Join(w.dir, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), mode); err != nil {
		w.t.Fatal(err)
	}
}

const wayConfig = `apiVersion: gate/v1
environments:
  - name: prod
    class: prod
    paths: ["stacks/**", "apps/**"]
    targets: [{name: eu, paths: ["stacks/**", "apps/**"]}]
optional: [protection, attestations, contract]
people:
  alice: {forge: ["github:alice"], git: [alice@example.com]}
  bob: {forge: ["github:bob"], git: [bob@example.com]}
  carol: {forge: ["github:carol"], git: [carol@example.com]}
roles:
  platform: {members: [bob, carol]}
approvals: {prod: {low: 2, medium: 2}}
rules:
  iac/state-backend: {effect: "off"}
  evidence/evidence-id: {effect: "off"}
`

// newWay is a remote with files and a pull request that adds a stack, and programs that stand in for
// Terraform, the store and the forge's client.
func newWay(t *testing.T, files map[string]string) *way {
	w := &way{t: t, dir: t.TempDir()}
	root := gateRoot(t)
	w.env = []string{
		"PATH=" + filepath.Join(w.dir, "programs") + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + os.TempDir(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + filepath.Join(w.dir, "gitconfig"), "STORE=" + filepath.Join(w.dir, "store"),
		"APPLIED=" + filepath.Join(w.dir, "applied"), "ANSWERS=" + filepath.Join(w.dir, "answers"), "PLANS=" + filepath.Join(root, "cmd/gate/testdata/plan"),
	}
	// The address is that of the forge, and leads to the directory.
	w.write("gitconfig", "[user]\n\tname = Alice\n\temail = alice@example.com\n[url \""+filepath.Join(w.dir, "remote.git")+"\"]\n\tinsteadOf = https://github.com/acme/platform.git\n[protocol \"file\"]\n\tallow = always\n", 0o644)
	w.write("programs/terraform", `#!/bin/sh
set -eu
case "$2" in
init) ;;
plan) for a in "$@"; do case "$a" in -out=*) cp "$PLANS/tfplan" "${a#-out=}" ;; esac; done ;;
show) cat "$PLANS/plan.json" ;;
apply) for a in "$@"; do last=$a; done; echo "$1 $last" >> "$APPLIED"; cat "$last" >> "$APPLIED.plan"; case "${GATE_SIGN_KEY:-}" in *PRIVATE*) exit 9 ;; esac ;;
*) exit 9 ;;
esac
`, 0o755)
	w.write("programs/aws", `#!/bin/sh
set -eu
[ "$1 $2 $5" = "s3 cp --recursive" ]
path() { case "$1" in s3://*) echo "$STORE/${1#s3://}" ;; *) echo "$1" ;; esac; }
mkdir -p "$(path "$4")"
cp -R "$(path "$3")." "$(path "$4")"
`, 0o755)
	w.write("programs/gh", `#!/bin/sh
set -eu
for a in "$@"; do
  case "$a" in
  repos/*/commits/*/pulls) cat "$ANSWERS/pull" ;;
  repos/*/reviews) cat "$ANSWERS/reviews.json" ;;
  repos/*/pulls/7) cat "$ANSWERS/request" ;;
  esac
done
`, 0o755)
	keys := decisionDir(t, nil)
	for from, to := range map[string]string{"k.key": "sign.key", "k.pub": "work/.gate/ci.pub"} {
		data, err := os.ReadFile(filepath.Join(keys, from))
		if err != nil {
			t.Fatal(err)
		}
		w.write(to, string(data), 0o600)
		if to == "work/.gate/ci.pub" {
			w.write("work/.gate/decisions.pub", string(data), 0o600)
		}
	}
	for _, file := range []string{".github/workflows/plan.yml", ".github/workflows/apply.yml", "hack/fetch-approved.sh", "hack/store-approved.sh", "hack/apply-plans.sh"} {
		data, err := os.ReadFile(filepath.Join(root, "fixtures/platform", file))
		if err != nil {
			t.Fatal(err)
		}
		w.write("work/"+file, string(data), 0o755)
	}
	w.write("work/.gate.yaml", wayConfig, 0o644)
	w.write("work/apps/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\ndata: {a: b}\n", 0o644)
	w.write("work/.gate/trust.yaml", "apiVersion: gate/v1\ndecisions:\n  - {name: ci, keys: [{file: .gate/ci.pub}]}\n", 0o644)
	for name, content := range files {
		w.write(filepath.Join("work", name), content, 0o644)
	}
	work := filepath.Join(w.dir, "work")
	w.git(w.dir, "init", "-q", "--bare", "-b", "main", "remote.git")
	w.git(w.dir, "init", "-q", "-b", "main", "work")
	w.git(work, "remote", "add", "origin", "https://github.com/acme/platform.git")
	w.git(work, "add", "-A")
	w.git(work, "commit", "-q", "-m", "one")
	w.git(work, "push", "-q", "origin", "main")
	w.git(work, "checkout", "-q", "-b", "change")
	w.write("work/stacks/release/main.tf", "terraform {\n  required_version = \"~> 1.11\"\n}\n\nresource \"terraform_data\" \"release\" {\n  input = \"v1\"\n}\n", 0o644)
	w.git(work, "add", "-A")
	w.git(work, "commit", "-q", "-m", "two")
	w.change = w.git(work, "rev-parse", "HEAD")
	// What forges make of a pull request, and the squash merge of it.
	w.git(work, "checkout", "-q", "--detach", "main")
	w.git(work, "merge", "-q", "--no-ff", "-m", "merge", w.change)
	w.git(work, "push", "-q", "origin", w.change+":refs/pull/7/head", "HEAD:refs/pull/7/merge")
	w.git(work, "checkout", "-q", "main")
	w.git(work, "merge", "-q", "--squash", w.change)
	return w
}

// merged squashes the pull request into main.
func (w *way) merged() {
	work := filepath.Join(w.dir, "work")
	w.git(work, "commit", "-q", "-m", "squashed")
	w.merge = w.git(work, "rev-parse", "HEAD")
	w.git(work, "push", "-q", "origin", "main")
}

// trusts pushes another trust file to main.
func (w *way) trusts(text string) {
	work := filepath.Join(w.dir, "work")
	w.write("work/.gate/trust.yaml", text, 0o644)
	w.git(work, "commit", "-q", "-a", "-m", "trust")
	w.git(work, "push", "-q", "origin", "main")
}

// clone is a checkout of a ref, as actions/checkout makes it with fetch-depth 0.
func (w *way) clone(ref string) string {
	dir := w.t.TempDir()
	w.git(dir, "init", "-q", "-b", "none")
	w.git(dir, "remote", "add", "origin", "https://github.com/acme/platform.git")
	w.git(dir, "fetch", "-q", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*", "+"+ref+":refs/remotes/"+strings.TrimPrefix(ref, "refs/"))
	w.git(dir, "checkout", "-q", "--detach", "refs/remotes/"+strings.TrimPrefix(ref, "refs/"))
	return dir
}

// job runs the steps of a job in a checkout of a ref, on an event.
func (w *way) job(steps []step, event, ref string, body map[string]any, context map[string]string) (string, error) {
	w.t.Helper()
	dir, temp := w.clone(ref), w.t.TempDir()
	data, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(temp, "event.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	r := &jobRunner{t: w.t, dir: dir, context: map[string]string{"runner.temp": temp, "github.token": "t", "test.gate": filepath.Join(w.dir, "programs", "gate")}}
	maps.Copy(r.context, context)
	r.env = append(slices.Clone(w.env), "CI=true", "GITHUB_ACTIONS=true", "RUNNER_TEMP="+temp, "GITHUB_EVENT_NAME="+event, "GITHUB_EVENT_PATH="+path, "GITHUB_REF="+ref,
		"GITHUB_SHA="+w.git(dir, "rev-parse", "HEAD"), "GITHUB_REPOSITORY=acme/platform", "GITHUB_SERVER_URL=https://github.com", "GITHUB_WORKSPACE="+dir, "GITHUB_RUN_ID=1", "GITHUB_RUN_ATTEMPT=1")
	if event == "pull_request" {
		r.env = append(r.env, "GITHUB_BASE_REF=main", "GITHUB_HEAD_REF=change")
	}
	err = r.steps(steps)
	return r.out.String(), err
}

// ofPlatform are the steps of a job of the reference repository; of what it has many, the
// test has one.
func ofPlatform(t *testing.T, file, job string) []step {
	t.Helper()
	steps := readWorkflow(t, filepath.Join(gateRoot(t), "fixtures/platform/.github/workflows", file)).Jobs[job].Steps
	if len(steps) == 0 {
		t.Fatalf("%s has no job %q", file, job)
	}
	for i := range steps {
		if _, ok := steps[i].Env["STACKS"]; ok {
			steps[i].Env["STACKS"] = "release"
		}
	}
	return steps
}

// request is the event of the pull request.
func (w *way) request() map[string]any {
	return map[string]any{"pull_request": map[string]any{
		"number": 7, "title": "t", "body": "", "user": map[string]any{"login": "alice"}, "head": map[string]any{"ref": "change", "sha": w.change},
		"base": map[string]any{"ref": "main", "sha": w.git(filepath.Join(w.dir, "work"), "rev-parse", "main"), "repo": map[string]any{"html_url": "https://github.com/acme/platform", "default_branch": "main"}},
	}, "repository": map[string]any{"html_url": "https://github.com/acme/platform", "default_branch": "main"}}
}

// event writes it to event.json.
func (w *way) event() string {
	data, err := json.Marshal(w.request())
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("event.json", string(data), 0o600)
	return string(data)
}

func (w *way) signKey() string {
	key, err := os.ReadFile(filepath.Join(w.dir, "sign.key"))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(key)
}

// planned runs the steps of the pull request.
func (w *way) planned(steps []step) (string, error) {
	return w.job(steps, "pull_request", "refs/pull/7/merge", w.request(), map[string]string{"secrets.GATE_SIGN_KEY": w.signKey(), "github.event.pull_request.head.sha": w.change})
}

// applied runs those of the push that the merge has made.
func (w *way) applied(steps []step) (string, error) {
	w.write("answers/pull", "7 "+w.change+"\n", 0o644)
	return w.job(steps, "push", "refs/heads/main", map[string]any{
		"ref": "refs/heads/main", "before": w.git(filepath.Join(w.dir, "work"), "rev-parse", w.merge+"^"), "after": w.merge, "created": false, "forced": false,
		"repository": map[string]any{"html_url": "https://github.com/acme/platform", "default_branch": "main"},
	}, map[string]string{"secrets.GATE_APPLY_KEY": w.signKey(), "secrets.GATE_SIGN_KEY": w.signKey(), "matrix.target": "eu", "matrix.stacks": "release"})
}

// log is what was applied.
func (w *way) log() string {
	data, err := os.ReadFile(filepath.Join(w.dir, "applied"))
	if err != nil {
		return ""
	}
	return string(data)
}

func (w *way) reviews(by ...string) {
	var list []string
	for _, login := range by {
		list = append(list, fmt.Sprintf(`{"user": {"login": %q, "type": "User"}, "state": "APPROVED", "commit_id": %q, "submitted_at": "2026-01-01T00:00:00Z"}`, login, w.change))
	}
	w.write("answers/reviews.json", "[["+strings.Join(list, ", ")+"]]", 0o644)
}

// The workflows of the reference repository go from a pull request to apply by their own
// scripts, and to nothing else than what was approved.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	w := newWay(t, nil)
	gate, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test program is gate, if it is called so.
	if err := os.Symlink(gate, filepath.Join(w.dir, "programs", "gate")); err != nil {
		t.Fatal(err)
	}
	apply := ofPlatform(t, "apply.yml", "apply")
	out, err := w.planned(ofPlatform(t, "plan.yml", "plan"))
	if err != nil {
		t.Fatalf("plan: %v\n%s", err, out)
	}
	stored := filepath.Join("store/acme-evidence/platform", w.change)
	for _, file := range []string{"release/tfplan", "release/plan.json", "decisions/prod-eu.sigstore.json"} {
		if _, err := os.Stat(filepath.Join(w.dir, stored, file)); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	w.merged()
	refused := func(why, want string) {
		t.Helper()
		if out, err := w.applied(apply); err == nil || !strings.Contains(out, want) || w.log() != "" {
			t.Fatalf("%s: %v, applied %q; want %q in\n%s", why, err, w.log(), want, out)
		}
	}
	w.reviews()
	refused("nobody has approved", "not authorised, approvals are missing")
	w.reviews("alice", "bob")
	refused("the author has approved", "github:alice wrote the change")
	w.reviews("bob", "carol")

	tfplan := filepath.Join(w.dir, stored, "release/tfplan")
	original, err := os.ReadFile(tfplan)
	if err != nil {
		t.Fatal(err)
	}
	swapped, err := os.ReadFile(filepath.Join("testdata", "plan", "tfplan-v2"))
	if err != nil {
		t.Fatal(err)
	}
	w.write(filepath.Join(stored, "release/tfplan"), string(swapped), 0o644)
	refused("the plan was swapped", "subject-mismatch")
	w.write(filepath.Join(stored, "release/tfplan"), string(original), 0o644)

	// What is revoked after the push counts, though the policy is that of before it.
	d, err := attest.Read(filepath.Join(w.dir, stored, "decisions/prod-eu.sigstore.json"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := os.ReadFile(filepath.Join(w.dir, "work/.gate/trust.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.trusts(string(trust) + "revoked:\n  - {decision: " + d.Digest + ", reason: wrong account}\n")
	refused("the decision was revoked", "the decision was revoked: wrong account")
	w.trusts(string(trust))

	if out, err = w.applied(apply); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if got := w.log(); !regexp.MustCompile(`^-chdir=stacks/release \S*gate-exec-\S+\n$`).MatchString(got) {
		t.Errorf("applied %q", got)
	}
	if got, err := os.ReadFile(filepath.Join(w.dir, "applied.plan")); err != nil || string(got) != string(original) {
		t.Errorf("another plan was applied: %v", err)
	}
}
