package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/git"
	"gate/internal/pipeline"
	"gate/internal/worker"

	"github.com/spf13/cobra"
)

// inputFlags are the flags that check and facts share: what is judged, and
// what is handed in.
type inputFlags struct {
	environments []string
	plans        []string
	planFiles    []string
	base         string
	policyRef    string
	config       string
	staged       bool
	changedOnly  bool
	hook         bool
	event        string
	evidence     evidenceFlags
	protection   string
	contract     string
	attestations string
	now          string
	deadline     time.Duration
	mode         string
	ciValues     bool
	local        bool
	memory       string
	noWorker     bool
	network      networkFlags

	memoryBytes int64 // of memory
}

func (f *inputFlags) register(cmd *cobra.Command) {
	f.network.register(cmd)
	fl := cmd.Flags()
	fl.StringArrayVar(&f.environments, "env", nil, "only this environment in the answer, repeatable")
	fl.StringArrayVar(&f.plans, "plan", nil, "[STACK=]FILE, plan as JSON (terraform show -json), - for standard input, repeatable")
	fl.StringArrayVar(&f.planFiles, "plan-file", nil, "[STACK=]FILE, binary plan that belongs to --plan, repeatable")
	fl.StringVar(&f.base, "base", "", "what the change is compared with (default: the target branch, where it is another commit)")
	fl.StringVar(&f.policyRef, "policy-ref", "", "where configuration and policies are read from (default: the tip of the target branch); worktree previews")
	fl.StringVar(&f.config, "config", "", "configuration file instead of the one at policy-ref; the decision says untrusted")
	fl.StringVar(&f.mode, "mode", "change", "change, or drift: judge refresh-only plans, for scheduled runs")
	fl.BoolVar(&f.staged, "staged", false, "judge what is staged, as a change of HEAD")
	fl.BoolVar(&f.changedOnly, "changed-only", false, "render and judge no more of a pull request than what it reaches; needs a base")
	fl.BoolVar(&f.hook, "hook", false, "judge what pre-commit is about to let through: what is staged, what is pushed, or by hand what is committed")
	fl.StringVar(&f.event, "event", "", "event file of the forge (GITHUB_EVENT_PATH)")
	fl.StringVar(&f.protection, "protection", "", "branch protection, as the forge's API gives it")
	fl.StringVar(&f.contract, "contract", "", "production change contract, JSON or YAML, that has to be whole and of this change")
	fl.StringVar(&f.attestations, "attestations", "", "directory of signatures and attestations of images")
	fl.StringVar(&f.now, "now", "", "the time that rules, waivers and the decision see, RFC 3339 (default: the clock)")
	fl.DurationVar(&f.deadline, "deadline", 10*time.Minute, "end the run after this time")
	fl.StringVar(&f.memory, "memory", worker.Size(worker.DefaultMemory), "what the process that renders and judges may take")
	fl.BoolVar(&f.noWorker, "no-worker", false, "render and judge in this process, without limits of memory and CPU time")
	_ = fl.MarkHidden("no-worker")
	fl.BoolVar(&f.ciValues, "ci-values", false, "render each ci/*-values.yaml of a chart as a unit of its own, instead of the default values")
	fl.BoolVar(&f.local, "local", false, "list missing inputs instead of asking for them (a person's machine, pre-commit)")
}

func (f *inputFlags) options(s *streams, args []string) (pipeline.Options, error) {
	o := pipeline.Options{
		Tool: toolVersion(), PolicyRef: f.policyRef, Config: f.config, Base: f.base, Staged: f.staged, ChangedOnly: f.changedOnly,
		Event: f.event, Reviews: f.evidence.reviews, Deployments: f.evidence.deployments, Protection: f.protection, Contract: f.contract, Attestations: f.attestations,
		Environments: f.environments, CIValues: f.ciValues, Local: f.local || f.staged || f.hook, Deadline: f.deadline, Getenv: s.Getenv, Stdin: s.In,
	}
	if len(args) > 0 {
		o.Dir = args[0]
	}
	if f.hook {
		if f.staged || f.base != "" {
			return o, errors.New("--hook knows what is compared with what: leave out --staged and --base")
		}
		hookOptions(&o, s.Getenv)
	}
	if f.now != "" {
		now, err := time.Parse(time.RFC3339, f.now)
		if err != nil {
			return o, fmt.Errorf("--now %q: want a time such as 2026-11-23T12:00:00Z", f.now)
		}
		o.Now = now
	}
	var err error
	if f.memoryBytes, err = worker.ParseSize(f.memory); err != nil {
		return o, fmt.Errorf("--memory: %w", err)
	}
	if f.memoryBytes < worker.MinMemory {
		return o, fmt.Errorf("--memory %s: want at least %s", f.memory, worker.Size(worker.MinMemory))
	}
	if f.deadline <= 0 {
		return o, fmt.Errorf("--deadline %s: want a positive duration", f.deadline)
	}
	if err := f.network.apply(s, &o); err != nil {
		return o, err
	}
	if f.mode != "" && f.mode != "change" && f.mode != "drift" {
		return o, fmt.Errorf("--mode %q: want change or drift%s", f.mode, config.DidYouMean(f.mode, []string{"change", "drift"}))
	}
	o.Drift = f.mode == "drift"
	o.Plans = stackFiles(f.plans)
	o.PlanFiles = stackFiles(f.planFiles)
	stdin := 0
	for _, in := range append(append([]pipeline.Input{}, o.Plans...), o.PlanFiles...) {
		if in.File == "" {
			return o, fmt.Errorf("--plan: want [STACK=]FILE")
		}
		if in.File == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return o, fmt.Errorf("--plan: only one input can come from standard input")
	}
	return o, nil
}

// hookOptions names what a hook of pre-commit lets through, by the variables that
// pre-commit sets (https://pre-commit.com/#pre-push): at pre-push the commit that
// the remote has and the one that it is to have, which --from-ref and --to-ref
// name as well; the branch alone if the remote has no commit of it, so that
// everything is new; none before a commit. Outside of git's hooks, which have an
// index named to them, nothing may be staged: "pre-commit run --all-files" asks
// about what is committed.
func hookOptions(o *pipeline.Options, getenv func(string) string) {
	from, to, branch := getenv("PRE_COMMIT_FROM_REF"), getenv("PRE_COMMIT_TO_REF"), getenv("PRE_COMMIT_LOCAL_BRANCH")
	switch {
	case from != "" && to != "":
		o.Base, o.Commit = from, to
	case branch != "":
		o.Base, o.Commit = git.Nothing, branch
	default:
		o.Staged, o.OrHead = true, getenv("GIT_INDEX_FILE") == ""
	}
}

func stackFiles(values []string) []pipeline.Input {
	var out []pipeline.Input
	for _, v := range values {
		stack, file, named := strings.Cut(v, "=")
		if !named {
			stack, file = "", v
		}
		out = append(out, pipeline.Input{Stack: strings.TrimSuffix(strings.TrimPrefix(stack, "./"), "/"), File: file})
	}
	return out
}
