package policy

import "gate/internal/source"

// Rule is the metadata of one rule, decoded from its METADATA annotation.
type Rule struct {
	ID          string // category/name
	Category    string
	Name        string
	Title       string
	Description string
	Severity    string            // critical, high, medium, low
	Effects     map[string]string // class (prod, non-prod) -> deny, require-approval, warn, off
	// UnknownEffect is the effect of a result whose cause is computed.
	UnknownEffect map[string]string
	Over          Over
	Scope         string   // subject, tree
	Drift         bool     // runs about drift, which look at what is there, ask it too
	Needs         []string // pull-request, plan, protection, attestations, registry, contract, base
	Params        map[string]Param
	Remediation   string
	Before, After string // an example that is found, and its mended form
	Language      string // of the example: yaml, hcl, json, text
	References    []Reference
	Requires      string // role whose approval a require-approval finding asks for
	Waivable      string // yes, approval, never
	Since         string
}

// Over says which subjects a rule judges.
type Over struct {
	Subject string   // key of the facts document: containers, objects, resources, ...
	Kinds   []string // object kinds or judges of assessments, or empty
	Types   []string // resource types, or empty
}

// Param is one parameter of a rule.
type Param struct {
	Type        string // string, number, boolean, array, object
	Default     any
	Description string
	// Configured names a list of the configuration whose entries stand behind
	// those of the parameter: drift.
	Configured string
	// Collects names what collectors take the values for: emergency-labels.
	Collects string
}

// Reference is a control or a document that a rule stands on.
type Reference struct {
	Title string
	URL   string
}

// Result is one violation or unknown, as the rule states it.
type Result struct {
	Rule    string
	Subject string
	Path    source.Path
	Message string
	Level   string // an effect that replaces the rule's default, or empty
	Verdict string // fail, unknown
	Cause   string // of an unknown: unavailable, computed
}
