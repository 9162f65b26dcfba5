package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// consumed is a flag that brings evidence or policy, and a run whose outcome it changes:
// only with it what is printed, the exit code included, says so. $ stands for the directory
// of the files.
type consumed struct {
	flag string
	with []string
	less []string // flags of the usual run that are left out, with it and without
	more []string // what else both runs have
	says string
	test string // a script whose runs with the flag and without end otherwise, instead
}

// ofForm are flags that say how something is told, where it is kept and how long it may
// take. They bring nothing that is judged.
var ofForm = []string{
	"allow-empty", "cache", "color", "deadline", "decision", "facts-out", "fail-on", "format", "help", "memory", "no-worker", "record", "trace",
}

var ofCheck = []consumed{
	{flag: "event", less: []string{"--event"}, with: []string{"--event", "$/event.json"}, says: `^exit 5$`},
	{flag: "plan", less: []string{"--plan", "--plan-file"}, with: []string{"--plan", "stacks/release=$/plan.json"}, says: `^exit 5$`},
	{flag: "plan-file", less: []string{"--plan-file"}, with: []string{"--plan-file", "stacks/release=$/other.tfplan"}, says: `^exit 1$`},
	{flag: "base", test: "script/nothing_to_check.txtar"},
	{flag: "policy-ref", with: []string{"--policy-ref", "worktree"}, says: `policy: untrusted: the work tree was asked for`},
	{flag: "config", with: []string{"--config", "$/loose.yaml"}, says: `policy: untrusted: configuration from a file`},
	{flag: "reviews", with: []string{"--reviews", "$/answers/reviews.json"}, says: `given by bob \(review\)`},
	{flag: "approval", with: []string{"--approval", "$/approval.json"}, says: `nobody's key`},
	{flag: "deployments", with: []string{"--deployments", "$/deployments.json"}, says: `given by bob \(deployment\)`},
	{flag: "protection", with: []string{"--protection", "$/broken.json"}, says: `^exit 3$`},
	{flag: "attestations", with: []string{"--attestations", "$/none"}, says: `^exit 3$`},
	{flag: "contract", with: []string{"--contract", "$/contract.yaml"}, says: `evidence/contract-complete 7`},
	{flag: "env", with: []string{"--env", "dev"}, says: `no such environment is configured`},
	{flag: "now", test: "script/waiver_place.txtar"},
	{flag: "valid-for", test: "script/approvals.txtar"},
	{flag: "sign-key", test: "script/exec.txtar"},
	{flag: "fingerprint-key", test: "threats/secret.txtar"},
	{flag: "mode", test: "script/plan_drift.txtar"},
	{flag: "staged", test: "script/staged.txtar"},
	{flag: "hook", test: "script/hook_pre_commit.txtar"},
	{flag: "changed-only", test: "script/changed_only.txtar"},
	{flag: "ci-values", test: "script/render_ci_values.txtar"},
	{flag: "local", test: "script/approvals.txtar"},
	{flag: "rendered-set", test: "script/rendered_set.txtar"},
	{flag: "allow-network", test: "script/network_flags.txtar"},
}

var ofVerify = []consumed{
	{flag: "subject", less: []string{"--subject"}, more: []string{"--subject", "source-closure=.", "--subject", "plan-json:stacks/release=$/plan.json"}, with: []string{"--subject", "tfplan:stacks/release=$/tfplan"}, says: `^authorised: `},
	{flag: "env", with: []string{"--env", "dev"}, says: `^environment: `},
	{flag: "target", with: []string{"--target", "us"}, says: `^target: `},
	{flag: "repository", with: []string{"--repository", "github.com/acme/other"}, says: `^repository: `},
	{flag: "key", with: []string{"--key", "$/other.pub"}, says: `^signature: not signed by a key`},
	{flag: "trust", with: []string{"--trust", "$/trust.yaml"}, says: `^signature: no key may sign`},
	{flag: "accept-given-trust", less: []string{"--reviews"}, more: []string{"--key", "$/work/.gate/ci.pub"}, with: []string{"--accept-given-trust"}, says: `^not authorised, approvals are missing`},
	{flag: "policy-ref", with: []string{"--policy-ref", "worktree"}, says: `trust and people come from a commit of the target branch`},
	{flag: "reviews", less: []string{"--reviews"}, with: []string{"--reviews", "$/answers/reviews.json"}, says: `^authorised: `},
	{flag: "approval", less: []string{"--reviews"}, with: []string{"--approval", "$/approval.json"}, says: `nobody's key`},
	{flag: "deployments", less: []string{"--reviews"}, with: []string{"--deployments", "$/deployments.json"}, says: `given by bob \(deployment\)`},
	{flag: "facts", more: []string{"--reevaluate"}, with: []string{"--facts", "$/event.json"}, says: `^unknown: what was judged could not be judged again`},
	{flag: "reevaluate", more: []string{"--facts", "$/event.json"}, with: []string{"--reevaluate"}, says: `^unknown: what was judged could not be judged again`},
	{flag: "runner-token", with: []string{"--runner-token", "$/event.json"}, says: `^unknown: who the job is that applies is not known`},
	{flag: "observed", with: []string{"--observed", "$/observed.json"}, says: `^observed: Application web is Degraded`},
	{flag: "sign-key", test: "script/exec.txtar"},
}

// Every flag of check, verify and exec that brings evidence or policy changes the outcome of
// a run. One that changes nothing does not exist.
func TestEveryInputIsConsumed(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	p := newPrograms(t)
	for from, to := range map[string]string{"tfplan": "tfplan", "plan.json": "plan.json", "tfplan-v2": "other.tfplan"} {
		data, err := os.ReadFile(filepath.Join("testdata", "plan", from))
		if err != nil {
			t.Fatal(err)
		}
		p.write(to, string(data), 0o600)
	}
	p.env = append(p.env, "GITHUB_RUN_ID=42", "GITHUB_RUN_ATTEMPT=1")
	p.decide()
	p.reviews("bob", "carol")
	for name, text := range map[string]string{
		"broken.json":   "{",
		"contract.yaml": "productionChangeContract: {identity: {commitSha: c0ffee}}\n",
		"loose.yaml":    strings.Replace(wayConfig, "low: 2", "low: 0", 1),
		"trust.yaml":    "apiVersion: gate/v1\ndecisions:\n  - {name: ci, environments: [dev], keys: [{file: k.pub}]}\n",
		"other.pub":     "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAC5/4skUB7jFZPDjDrrz8UZGS+Fhl3Ipf4uTRgjw7FTk=\n-----END PUBLIC KEY-----\n",
		"deployments.json": fmt.Sprintf(`{"kind": "github-deployment-reviews", "run": {"id": 42, "run_attempt": 1, "head_sha": %q, "repository": {"html_url": "https://github.com/acme/platform"}},
			"approvals": [{"state": "approved", "comment": "", "environments": [{"id": 1, "name": "prod"}], "user": {"login": "bob", "type": "User"}}]}`, p.change),
		"observed.json": fmt.Sprintf(`{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web"}, "spec": {"source": {"repoURL": "https://github.com/acme/platform"}},
			"status": {"sync": {"status": "Synced", "revision": %q}, "health": {"status": "Degraded"}}}`, p.change),
	} {
		p.write(name, text, 0o600)
	}
	p.run(0, "gate", "approve", p.file(decided), "--sign-key", p.file("sign.key"), "--out", p.file("approval.json"), "--yes")

	check := []string{"--base", "origin/main", "--event", "$/event.json", "--plan", "stacks/release=$/plan.json", "--plan-file", "stacks/release=$/tfplan"}
	verify := []string{"--env", "prod", "--target", "eu", "--subject", "source-closure=.", "--subject", "tfplan:stacks/release=$/tfplan", "--subject", "plan-json:stacks/release=$/plan.json", "--reviews", "$/answers/reviews.json"}
	for _, c := range []struct {
		flags       *pflag.FlagSet
		first, last []string
		usual       []string
		rows        []consumed
	}{
		{newCheckCommand(&streams{}).Flags(), []string{"check", "."}, nil, check, ofCheck},
		{newVerifyCommand(&streams{}).Flags(), []string{"verify", "$/" + decided}, nil, verify, ofVerify},
		{newExecCommand(&streams{}).Flags(), []string{"exec", "$/" + decided}, []string{"--", "true", "{plan:stacks/release}"}, verify, ofVerify},
	} {
		c.flags.VisitAll(func(f *pflag.Flag) {
			i := slices.IndexFunc(c.rows, func(r consumed) bool { return r.flag == f.Name })
			if form := slices.Contains(ofForm, f.Name); form == (i >= 0) {
				t.Errorf("%s --%s: of form %v, and in the table %v", c.first[0], f.Name, form, i >= 0)
			}
			if i < 0 {
				return
			}
			r := c.rows[i]
			if r.test != "" {
				data, err := os.ReadFile(filepath.Join("testdata", r.test))
				if err != nil || strings.Count(string(data), "--"+f.Name) == 0 {
					t.Errorf("%s --%s: %s has no run with it, %v", c.first[0], f.Name, r.test, err)
				}
				return
			}
			outcome := func(more ...string) string {
				args := slices.Concat(c.first, without(c.usual, r.less), r.more, more, c.last)
				for i := range args {
					args[i] = strings.ReplaceAll(args[i], "$", p.way.dir)
				}
				return p.outcome(args...)
			}
			before, after, says := outcome(), outcome(r.with...), regexp.MustCompile("(?m)"+r.says)
			if says.MatchString(before) || !says.MatchString(after) {
				t.Errorf("%s --%s does not change what is said, %q\n--- without\n%s\n--- with\n%s", c.first[0], f.Name, r.says, before, after)
			}
		})
	}
}

// without leaves flags out, each with its value.
func without(args, flags []string) (out []string) {
	for i := 0; i < len(args); i += 2 {
		if !slices.Contains(flags, args[i]) {
			out = append(out, args[i], args[i+1])
		}
	}
	return out
}

// outcome is what gate prints, and its exit code. The same is not asked twice.
func (p *programs) outcome(args ...string) string {
	p.t.Helper()
	key := strings.Join(args, "\x00")
	if known, ok := p.outcomes[key]; ok {
		return known
	}
	p.outcomes[key] = p.ask(args...)
	return p.outcomes[key]
}

func (p *programs) ask(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(p.way.dir, "programs", "gate"), args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return fmt.Sprintf("%s\nexit %d", out, cmd.ProcessState.ExitCode())
}
