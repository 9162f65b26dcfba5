package report

import (
	"fmt"
	"io/fs"
	"strings"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// sampleFiles is the judged tree of the sample.
func sampleFiles() map[string]string {
	return map[string]string{
		"apps/pay/deploy.yaml":   "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - name: web\n    image: nginx:1.25\n    securityContext:\n      privileged: true\n",
		"charts/web/values.yaml": "image: \"日本語/🚀:latest\" # tag\nlong: " + strings.Repeat("x", 150) + "END\n",
		"apps/pay/secret.yaml":   "kind: Secret\nstringData:\n  password: hunter2hunter2\n  user: pay\n",
		"stacks/db/main.tf":      "resource \"aws_db_instance\" \"main\" {\n\tidentifier = \"main\"\n}\n",
	}
}

func sampleSource(path string) ([]byte, error) {
	if s, ok := sampleFiles()[path]; ok {
		return []byte(s), nil
	}
	return nil, fmt.Errorf("open %s: %w", path, fs.ErrNotExist)
}

func sampleRules() []policy.Rule {
	return []policy.Rule{
		{
			ID: "kubernetes/privileged-container", Category: "kubernetes", Name: "privileged-container", Title: "Container is not privileged",
			Description: "A privileged container is root on the node.\nIt can reach every other workload there.",
			Severity:    "critical", Effects: map[string]string{"prod": "deny", "non-prod": "deny"},
			Remediation: "Remove `privileged: true`. Grant the one capability that is needed instead.",
			Before:      "securityContext:\n  privileged: true", After: "securityContext:\n  privileged: false", Language: "yaml",
			References: []policy.Reference{{Title: "Pod Security Standards", URL: "https://kubernetes.io/docs/concepts/security/pod-security-standards/"}, {Title: "NSA/CISA guide"}},
			Waivable:   "approval", Since: "0.1.0",
		},
		{
			ID: "kubernetes/image-digest", Category: "kubernetes", Name: "image-digest", Title: "Image pinned by digest",
			Description: "A tag can move.", Severity: "high", Effects: map[string]string{"prod": "deny", "non-prod": "warn"},
			Remediation: "Pin the image by digest. A bot can keep it fresh.", Waivable: "yes",
		},
		{
			ID: "iac/critical-deletion", Category: "iac", Name: "critical-deletion", Title: "Critical resource deleted",
			Description: "What is deleted may not come back.", Severity: "critical", Effects: map[string]string{"prod": "require-approval", "non-prod": "warn"},
			Remediation: "Ask the role elevated.", Requires: "elevated",
		},
		{ID: "gitops/project-scope", Category: "gitops", Name: "project-scope", Title: "Project scope", Description: "Scope.", Severity: "medium", Effects: map[string]string{"prod": "deny"}},
	}
}

func at(file string, line, column, endColumn int) source.Position {
	return source.Position{File: file, Line: line, Column: column, EndLine: line, EndColumn: endColumn}
}

// sampleResult has one of everything that a report shows.
// sampleClassification has rows of each class, and one of more subjects than names.
func sampleClassification() classify.Classification {
	c := (*classify.Outcome)(nil).Of("", "")
	c.Destructive = true
	c.BlastRadius.Environments = classify.Reach{Count: 2, Names: []string{"prod", "staging"}}
	c.BlastRadius.Resources = classify.Reach{Count: 1, Names: []string{"aws_db_instance.main (stacks/db)"}}
	c.Add(classify.Row{ID: "terraform", RiskClass: "low", ChangeType: "infra-change", Why: "infrastructure", Count: 7, Subjects: []string{"a", "b"}})
	c.Add(classify.Row{ID: "data-lost", RiskClass: "critical", Why: "data, keys or names go with it for good", Count: 1, Subjects: []string{"aws_db_instance.main (stacks/db)"}})
	c.Add(classify.Row{ID: "iac/critical-deletion", RiskClass: "critical", Why: "Deletion | \n::error::of <b>", Count: 3, Subjects: []string{"aws_db_instance.main", "x\n\x1b[31m`y`"}})
	return c
}

func sampleResult() *decide.Result {
	prod := func(target string) facts.Scope {
		return facts.Scope{Environment: "prod", Class: "prod", Target: target, Service: "payments", Owner: "@acme/payments", Regulated: true}
	}
	web := decide.SubjectRef{ID: "helm:charts/web@web#apps/Deployment/payments/web", Kind: "Deployment", Name: "web", Namespace: "payments"}
	digest := decide.Finding{
		Rule: "kubernetes/image-digest", Title: "Image pinned by digest", Severity: "high", Effect: decide.Deny, Verdict: "fail",
		Scope: prod("eu"), Message: `image "日本語/🚀:latest" is not pinned by digest`, Subject: web, Path: source.Path{"spec", "containers", 0, "image"},
		Location: source.Location{
			Position: at("charts/web/values.yaml", 1, 8, 22),
			Related: []source.Related{
				{Role: "definition", Position: source.Position{File: "charts/web/templates/deploy.yaml", Line: 20, Approximate: true}},
				{Role: "patch", Position: at("apps/pay/deploy.yaml", 6, 5, 10)},
				{Role: roleRendered, Position: at("helm/charts/web@web/apps_Deployment_payments_web.yaml", 9, 11, 16), Text: "        - image: 日本語/🚀:latest"},
			},
		},
		Fingerprint: strings.Repeat("a1", 16), Remediation: "Pin the image by digest. A bot can keep it fresh.",
	}
	us := digest
	us.Scope, us.Fingerprint = prod("us"), strings.Repeat("a2", 16)
	staging := digest
	staging.Effect, staging.Fingerprint = decide.Warn, strings.Repeat("a3", 16)
	staging.Scope = facts.Scope{Environment: "staging", Class: "non-prod"}
	waived := digest
	waived.Fingerprint = strings.Repeat("a4", 16)
	waived.Location = source.Location{Position: at("apps/pay/deploy.yaml", 6, 5, 10)}
	waived.Waived = &decide.WaiverUse{ID: "W-1", Expires: "2026-12-31", Owner: "@acme/payments", Reason: "vendor image", Ticket: "PAY-7"}
	r := &decide.Result{
		Tool: decide.Tool{Name: "gate", Version: "0.1.0"}, Now: "2026-11-01T12:00:00Z", PolicySource: "refs/heads/main@0123abc",
		Change: facts.Change{Repository: "github.com/acme/platform", Commit: strings.Repeat("c", 40), Branch: "feature/x", Unknown: []facts.UnknownChange{
			{Subject: facts.Subject{ID: "helm:charts/web@a#/ConfigMap/a/c", Scope: facts.Scope{Environment: "prod"}}, Side: "head", Reason: "it is not known what ApplicationSet/web deploys at the head"},
			{Subject: facts.Subject{ID: "helm:charts/web@b#/ConfigMap/b/c", Scope: facts.Scope{Environment: "prod"}}, Side: "head", Reason: "it is not known what ApplicationSet/web deploys at the head"},
		}},
		Decision: decide.Deny, Complete: false, Judged: 42,
		Environments: []decide.EnvironmentDecision{
			{Environment: "prod", Class: "prod", Target: "eu", Decision: decide.Deny, Scope: decide.ScopeTree, Counts: map[string]int{"deny": 2, "require-approval": 1, "waived": 1}, Risk: "critical", Classification: sampleClassification()},
			{Environment: "prod", Class: "prod", Target: "us", Decision: decide.Deny, Scope: decide.ScopeTree, Counts: map[string]int{"deny": 1}, Risk: "low", Classification: (*classify.Outcome)(nil).Of("prod", "us")},
			{Environment: "staging", Class: "non-prod", Decision: decide.Warn, Scope: decide.ScopeTree, Complete: true, Counts: map[string]int{"warn": 1}, Risk: "low", Classification: (*classify.Outcome)(nil).Of("staging", "")},
		},
		Transitions: []decide.TransitionSummary{
			{Environment: "prod", Target: "eu", Of: "helm:charts/web@web", Name: "charts/web", Actions: map[string]int{"update": 2, "create": 1, "orphaned": 1, "not-applied": 1}, Risks: map[string]int{"critical": 1, "medium": 1, "low": 3}, Steps: []decide.Step{
				{Subject: web, Action: "update", Outcome: "applied", Risk: "critical", Paths: []string{"spec.replicas", "spec.template.spec.containers[name=web].env[name=A]", "spec.template.spec.containers[name=web].image"},
					Values: []decide.Value{{Path: "spec.replicas", After: "3"}, {Path: "spec.template.spec.containers[name=web].image", Before: "web:1", After: "web:2"}}, File: "charts/web/values.yaml", Line: 1},
				{Subject: decide.SubjectRef{ID: "helm:charts/web@web#/ConfigMap/payments/old", Kind: "ConfigMap", Name: "old", Namespace: "payments"}, Action: "forget", Outcome: "orphaned", Risk: "medium", Reason: "Application argocd/web does not prune"},
				{Subject: decide.SubjectRef{ID: "helm:charts/web@web#/Service/payments/web", Kind: "Service", Name: "web", Namespace: "payments"}, Action: "create", Outcome: "applied", Risk: "low", Forces: []string{}},
				{Subject: decide.SubjectRef{ID: "helm:charts/web@web#/ConfigMap/payments/web", Kind: "ConfigMap", Name: "web", Namespace: "payments"}, Action: "update", Outcome: "not-applied", Risk: "low", Reason: "Application argocd/web ignores it", Paths: []string{"data.a"}},
			}, More: 1, Folded: decide.Folded{Count: 12, Of: []string{"checksum", "version"}, Restarts: 3, NotApplied: 2, Risk: "low"}},
			{Environment: "prod", Target: "us", Of: "helm:charts/web@web", Name: "charts/web", Actions: map[string]int{}, Risks: map[string]int{}, Folded: decide.Folded{Count: 1, Of: []string{"version"}, Restarts: 1, Risk: "low"}},
			{Environment: "prod", Target: "eu", Of: "stack:stacks/db", Name: "stacks/db", Actions: map[string]int{"delete": 1, "replace": 1, "update": 1}, Risks: map[string]int{"critical": 1, "high": 2}, Steps: []decide.Step{
				{Subject: decide.SubjectRef{ID: "terraform:stacks/db:aws_db_instance.main", Kind: "aws_db_instance", Name: "main", Address: "aws_db_instance.main"}, Action: "delete", Outcome: "applied", Risk: "critical", Forces: []string{}, Reason: "no longer in the configuration", File: "stacks/db/main.tf", Line: 1},
				{Subject: decide.SubjectRef{ID: "terraform:stacks/db:aws_instance.b", Kind: "aws_instance", Name: "b", Address: "aws_instance.b"}, Action: "replace", Outcome: "applied", Risk: "high", Forces: []string{"ami", "subnet_id"}, Paths: []string{"ami", "instance_type", "subnet_id"}, Reason: "created before it is destroyed",
					Attributes: []decide.Attribute{{Path: "instance_type", Class: "size", Before: "t3.small", After: "t3.large", Risk: "medium"}}},
				{Subject: decide.SubjectRef{ID: "terraform:stacks/db:aws_db_instance.b", Kind: "aws_db_instance", Name: "b", Address: "aws_db_instance.b"}, Action: "update", Outcome: "applied", Risk: "high", Reason: "was aws_db_instance.a",
					Paths: []string{"deletion_protection", "instance_class", "monitoring_interval"}, Attributes: []decide.Attribute{
						{Path: "deletion_protection", Class: "protection", Before: "true", Risk: "high"}, {Path: "instance_class", Class: "size", Before: "db.t3.medium", After: "db.t3.large", Risk: "medium"},
					}},
			}},
		},
		ImageChanges: []decide.ImageChange{
			{Old: "web:1.4.0", New: "docker.io/library/web:2.0.0@sha256:" + strings.Repeat("4", 64), Objects: 3, Environments: []string{"prod", "staging"}},
			{Old: "ghcr.io/acme/api:1", New: "quay.io/acme/api:1", Objects: 1, Environments: []string{}},
			{Old: "", New: "busybox", Objects: 1, Environments: []string{"prod"}},
			{Old: "redis:7", New: "", Objects: 1, Environments: []string{"prod"}},
		},
		Findings: []decide.Finding{
			staging, us, waived, digest,
			{
				Rule: "kubernetes/privileged-container", Title: "Container is not privileged", Severity: "critical", Effect: decide.Deny, Verdict: "fail",
				Scope: prod("eu"), Message: `container "web" is privileged`, Subject: web, Path: source.Path{"securityContext", "privileged"},
				Location: source.Location{Position: at("apps/pay/deploy.yaml", 8, 7, 17)}, Fingerprint: strings.Repeat("b1", 16),
			},
			{
				Rule: "iac/critical-deletion", Title: "Critical resource deleted", Severity: "critical", Effect: decide.RequireApproval, Verdict: "unknown",
				Scope: prod("eu"), Message: `"aws_db_instance.main" is deleted`, Requires: "elevated",
				Subject:     decide.SubjectRef{ID: "terraform:stacks/db:aws_db_instance.main", Kind: "aws_db_instance", Name: "main", Address: "aws_db_instance.main"},
				Location:    source.Location{Position: source.Position{File: "stacks/db/main.tf", Line: 1, Column: 1, EndLine: 3, EndColumn: 2}},
				Fingerprint: strings.Repeat("b2", 16), Remediation: "Ask the role elevated.",
			},
			{
				Rule: "secrets/plaintext-secret", Title: "Secret in clear", Severity: "critical", Effect: decide.Warn, Verdict: "fail",
				Message: `a generic password is written in clear`, Subject: decide.SubjectRef{ID: "secret:generic:apps/pay/secret.yaml:1", Kind: "secret"},
				Location:    source.Location{Position: at("apps/pay/secret.yaml", 3, 13, 27)},
				Fingerprint: strings.Repeat("b3", 16),
			},
			{
				Rule: "acme/main/owner", Severity: "low", Effect: decide.Warn, Verdict: "fail", Message: "object has no owner", Scope: facts.Scope{Class: "non-prod"},
				Subject:     decide.SubjectRef{ID: "manifests:apps#/ConfigMap//x", Kind: "ConfigMap", Name: "x"},
				Location:    source.Location{Position: source.Position{File: "apps/pay/secret.yaml", Line: 4, Approximate: true}},
				Fingerprint: strings.Repeat("b4", 16),
			},
		},
		Requirements: []decide.Requirement{
			{ID: "r1", Environment: "prod", Target: "eu", Role: "elevated", Count: 2, Because: []string{"iac/critical-deletion"}, How: "a member of @acme/elevated approves the latest commit in the pull request"},
			{ID: "r2", Environment: "staging", Count: 1, Because: []string{"approvals"}, Satisfied: true},
		},
		Waivers: []decide.WaiverUse{{ID: "W-1", Expires: "2026-12-31", Owner: "@acme/payments", Reason: "vendor image", Ticket: "PAY-7", Count: 1}},
		NotJudged: []decide.NotJudged{
			{Rule: "evidence/incident-link", Environment: "staging", Effect: decide.Warn, Reason: "no pull-request"},
			{Rule: "repository/branch-protection", Environment: "prod", Effect: decide.Deny, Reason: "no protection", Required: true},
		},
		Coverage: decide.Coverage{
			Files:   map[facts.State]int{facts.Evaluated: 12, facts.NotApplicable: 3, facts.Failed: 1, facts.Excluded: 1},
			Units:   map[facts.State]int{facts.Evaluated: 2, facts.Failed: 1},
			Objects: map[facts.State]int{facts.Evaluated: 1234},
			Rules:   map[facts.State]int{facts.Evaluated: 5, facts.Skipped: 2},
			Entries: []facts.Entry{
				{Kind: "unit", ID: "helm:charts/api", State: facts.Failed, Reason: `dependency "redis" is not vendored`, Hint: "run: helm dependency build charts/api", Place: at("charts/api/Chart.yaml", 7, 5, 20)},
				{Kind: "file", ID: "apps/broken.yaml", State: facts.Failed, Reason: `key "a" is already defined in this mapping`, Place: at("apps/broken.yaml", 3, 1, 2)},
				{Kind: "rule", ID: "repository/branch-protection", State: facts.Skipped, Reason: "no protection"},
				{Kind: "file", ID: "examples/old.yaml", State: facts.Excluded, Reason: "documentation", Owner: "@acme/docs", Until: "2027-06-30"},
				{Kind: "rule", ID: "gitops/project-scope", State: facts.Evaluated, Count: 9},
				{Kind: "rule", ID: "kubernetes/image-digest", State: facts.Evaluated, Count: 30},
			},
		},
		Digests: decide.Digests{Policy: strings.Repeat("0", 64), Data: strings.Repeat("1", 64), Facts: strings.Repeat("2", 64), Inputs: map[string]string{"plan:stacks/db": strings.Repeat("3", 64)}},
		Notes:   []string{"the configuration takes effect after the merge"},
	}
	return r
}

func sampleInput() Input {
	return Input{Result: sampleResult(), Rules: sampleRules(), Source: sampleSource}
}

// quietResult is a run in which everything is well.
func quietResult() *decide.Result {
	return &decide.Result{
		Tool: decide.Tool{Name: "gate", Version: "0.1.0"}, Now: "2026-11-01T12:00:00Z", PolicySource: "none",
		Decision: decide.Allow, Complete: true, Judged: 3,
		Environments: []decide.EnvironmentDecision{{Class: "non-prod", Decision: decide.Allow, Scope: decide.ScopeTree, Complete: true, Risk: "low", Classification: (*classify.Outcome)(nil).Of("", "")}},
		Coverage: decide.Coverage{
			Rules:   map[facts.State]int{facts.Evaluated: 1},
			Entries: []facts.Entry{{Kind: "rule", ID: "kubernetes/image-digest", State: facts.Evaluated, Count: 3}},
		},
	}
}

// hostileInput puts hostile text everywhere that text comes from outside.
func hostileInput() Input {
	texts := []string{
		"%0A::error::x\r\n::error file=x::pwned", "]]><script>alert(1)</script>&amp;\"'", "\x1b[31mred\x1b]8;;https://evil\x07\x00\x08",
		"%s%d%n%!(EXTRA)", "\u202egnp.exe\u2066\u200b\ufeff", "🚀👩‍👩‍👧‍👧 日本語 \U000e0041", "\xff\xfe broken \xc3", "a\u2028b\u2029c\u0085d", "```\n</details>| [x](javascript:alert(1)) @everyone #1",
		"##[error]x ##vso[task.setvariable variable=a]b", "{{.Result}} ${{ github.token }} $(id) `id`", strings.Repeat("long 🚀 ", 12_000), "", " ", "\n",
		"::stop-commands::x",
	}
	r := quietResult()
	r.Complete = false
	for i, s := range texts {
		r.Findings = append(r.Findings, decide.Finding{
			Rule: "org/" + s, Title: s, Severity: s, Effect: []decide.Effect{decide.Deny, decide.RequireApproval, decide.Warn}[i%3], Verdict: "fail",
			Scope: facts.Scope{Environment: s, Target: s, Owner: s, Service: s}, Message: s,
			Subject:     decide.SubjectRef{ID: s, Kind: s, Name: s, Namespace: s, Address: s},
			Path:        source.Path{s, i},
			Location:    source.Location{Position: source.Position{File: s, Line: i}, Related: []source.Related{{Role: s, Position: source.Position{File: s, Line: 1}}}},
			Fingerprint: s, Requires: s, Remediation: s,
		})
		r.Environments = append(r.Environments, decide.EnvironmentDecision{Environment: "e" + s, Target: s, Class: s, Decision: decide.Deny, Scope: decide.ScopeTree})
		r.Transitions = append(r.Transitions, decide.TransitionSummary{Environment: s, Name: s, Actions: map[string]int{"delete": 1}, Risks: map[string]int{"high": 1}, Steps: []decide.Step{
			{Subject: decide.SubjectRef{Kind: s, Name: s}, Action: "delete", Risk: "high", Forces: []string{s}, Reason: s},
			{Subject: decide.SubjectRef{Address: s}, Action: "replace", Risk: "high"},
			{Subject: decide.SubjectRef{Address: "x"}, Action: "update", Outcome: "applied", Risk: "low", Paths: []string{s, s + "y"}, Values: []decide.Value{{Path: s + "y", Before: s, After: s}}, Attributes: []decide.Attribute{{Path: "x", Class: "size", Before: s, Risk: "low"}}},
		}, Folded: decide.Folded{Count: 1, Of: []string{"version"}, Risk: "low"}})
		r.ImageChanges = append(r.ImageChanges, decide.ImageChange{Old: s, New: "x", Objects: 1, Environments: []string{s}})
		r.Requirements = append(r.Requirements, decide.Requirement{ID: s, Environment: s, Role: s, Because: []string{s}})
		r.Waivers = append(r.Waivers, decide.WaiverUse{ID: s, Expires: s, Owner: s, Reason: s, Ticket: s})
		r.NotJudged = append(r.NotJudged, decide.NotJudged{Rule: s, Environment: s, Effect: decide.Deny, Reason: s, Required: i%2 == 0})
		for _, state := range []facts.State{facts.Failed, facts.Excluded, facts.Skipped, facts.Evaluated} {
			r.Coverage.Entries = append(r.Coverage.Entries, facts.Entry{Kind: []string{"unit", "file", "rule"}[i%3], ID: s, State: state, Reason: s, Hint: s, Owner: s, Until: s, Place: source.Position{File: s, Line: i}})
		}
		r.Notes = append(r.Notes, s)
	}
	r.PolicySource, r.Change.Repository, r.Change.Commit, r.Change.Branch = texts[0], texts[0], texts[1], texts[2]
	return Input{Result: r, Source: func(path string) ([]byte, error) { return []byte(path + "\n" + path + "\n" + path), nil }}
}
