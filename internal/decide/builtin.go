package decide

import "gate/internal/policy"

// Ids of the findings that gate itself makes. They are no rules of the
// catalog: they cannot be configured and cannot be waived.
const (
	RuleWaiver = "gate/waiver"
	RuleScope  = "gate/scope"
)

// Builtin is the metadata of gate's own findings, for reports.
func Builtin() []policy.Rule {
	return []policy.Rule{
		{
			ID: RuleScope, Category: "gate", Name: "scope", Severity: "medium", Waivable: "never", Since: "0.1.0", Scope: "tree",
			Title: "Environment, target or service cannot be told",
			Description: "The configuration, the controller's destination or the paths disagree about where a subject belongs, or fit two places alike. " +
				"Nothing is guessed: without an environment it is judged as production, without a target it counts in all of them. " +
				"Where a destination is of another class than the configuration says, or is listed by no environment, the strictest class counts, and the finding warns.",
			Effects:     map[string]string{"prod": "deny", "non-prod": "warn"},
			Remediation: "Name the environment and target in an entry under units or stacks of .gate.yaml, list the cluster under the targets of its environment, or make one of the globs under paths more specific.",
		},
		{
			ID: RuleWaiver, Category: "gate", Name: "waiver", Severity: "medium", Waivable: "never", Since: "0.1.0", Scope: "tree",
			Title: "Waiver does not count",
			Description: "A waiver is expired, malformed, over-broad, lives longer than its severity allows, lacks an approval, or is for a rule that cannot be waived: it takes nothing out of the decision. " +
				"An unused waiver is a warning: it would silently cover the next violation.",
			Effects:     map[string]string{"prod": "deny", "non-prod": "warn"},
			Remediation: "Mend what the waiver was for and delete the entry, or renew it with a reason, an owner and an end.",
		},
	}
}
