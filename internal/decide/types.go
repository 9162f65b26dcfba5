// Package decide turns results into a decision: effects by environment,
// waivers, requirements and coverage go in; allow, warn, require-approval or
// deny comes out, and beside it whether everything was judged.
package decide

import (
	"gate/internal/classify"
	"gate/internal/facts"
	"gate/internal/source"
)

// Effect is what a finding leads to, and the decision of an environment.
type Effect string

// The effects, weakest first. Off is only an effect of a rule, Allow only a
// decision.
const (
	Off             Effect = "off"
	Allow           Effect = "allow"
	Warn            Effect = "warn"
	RequireApproval Effect = "require-approval"
	Deny            Effect = "deny"
)

// Rank orders effects: the higher, the stricter.
func (e Effect) Rank() int {
	switch e {
	case Warn:
		return 1
	case RequireApproval:
		return 2
	case Deny:
		return 3
	}
	return 0
}

// Finding is one result with everything that is known about it. Its order in
// a report is effect, severity, file, line, rule, subject.
type Finding struct {
	Rule        string
	Title       string
	Severity    string // critical, high, medium, low
	Effect      Effect
	Verdict     string // fail, unknown
	facts.Scope        // environment, class, target, service, owner, regulated
	Message     string
	Subject     SubjectRef
	Path        source.Path
	Location    source.Location
	Fingerprint string // hex, 32 digits; stable when lines move
	Waived      *WaiverUse
	// State is new or existing beside the base of the change, empty without one.
	// Excused says that an existing one leads to less than it would.
	State   string
	Excused bool
	// Entries says in which environments and targets the finding counts, as
	// indices of Result.Environments. A finding without a target counts in all
	// targets of its environment, one about the repository in every
	// environment that the change reaches.
	Entries     []int
	Requires    string // role, for require-approval
	Remediation string
	// TestData says that it is about input of tests: it only warns, and is listed
	// apart.
	TestData bool
	// On is what nobody can know and the finding hangs on, nil of what is so; Would
	// is what it would lead to then.
	On    *facts.Variant
	Would Effect
	// Also are the other findings of the same fact, where it is told once (Together).
	Also []Finding
}

// SubjectRef names the thing that was judged.
type SubjectRef struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	Address   string `json:"address,omitempty"`
}

// WaiverUse says which waiver took a finding out of the decision.
type WaiverUse struct {
	ID      string `json:"id"`
	Expires string `json:"expires"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Ticket  string `json:"ticket,omitempty"`
	Inline  bool   `json:"inline,omitempty"`
	Count   int    `json:"count,omitempty"`
	// Rule and Scope are what the waiver covers, the latter as WaiverScope.String writes it;
	// of a comment the scope is its file.
	Rule  string `json:"-"`
	Scope string `json:"-"`
}

// Requirement is an approval that the findings or the configuration ask for.
type Requirement struct {
	ID          string   `json:"id"` // stable
	Environment string   `json:"environment"`
	Target      string   `json:"target"`
	Role        string   `json:"role"`
	Count       int      `json:"count"`
	Because     []string `json:"because"` // rule ids, or "approvals"
	// How says who can give it and by what, or what has to be done before anybody
	// can; a clause without a full stop.
	How       string `json:"how"`
	Satisfied bool   `json:"satisfied"`
	// Unknown says that enough was given, and that what was not handed in could be
	// against it.
	Unknown bool `json:"unknown,omitempty"`
	// Owners are groups of code owners of whom one each has to approve, for the role
	// that asks for them.
	Owners [][]string `json:"owners,omitempty"`
	// Given are those who approved, with the source: "alice (review)". Open is how many
	// are missing; Why says what does not count, and what has to be done.
	Given []string `json:"given,omitempty"`
	Open  int      `json:"open"`
	Why   []string `json:"why,omitempty"`
}

// NotJudged is a rule that could not be judged because an input was missing.
type NotJudged struct {
	Rule        string `json:"rule"`
	Environment string `json:"environment"`
	Effect      Effect `json:"effect"`
	Reason      string `json:"reason"`
	Required    bool   `json:"required"` // makes the run incomplete
	// Existing says that the change reaches nothing that the rule would judge: it
	// is counted, and no fault of the change.
	Existing bool `json:"existing,omitempty"`
}

// What a decision covers.
const (
	ScopeTree   = "tree"
	ScopeChange = "change" // no more than what the change reaches
)

// EnvironmentDecision is the decision for one environment and target.
type EnvironmentDecision struct {
	Environment  string         `json:"environment"`
	Class        string         `json:"class"`
	Target       string         `json:"target"`
	Decision     Effect         `json:"decision"`
	Complete     bool           `json:"complete"`
	Scope        string         `json:"scope"`  // tree, or change: it covers no more than the change reaches
	Risk         string         `json:"risk"`   // low, medium, high, critical
	Counts       map[string]int `json:"counts"` // by effect, and "waived"
	Requirements []Requirement  `json:"requirements"`
	// Classification says why the risk is what it is; its risk class is Risk.
	Classification classify.Classification `json:"classification"`
}

// Coverage counts the ledger by kind and state, and lists what was not
// evaluated.
type Coverage struct {
	Files     map[facts.State]int `json:"files"`
	Units     map[facts.State]int `json:"units"`
	Objects   map[facts.State]int `json:"objects"`
	Resources map[facts.State]int `json:"resources"`
	Rules     map[facts.State]int `json:"rules"`
	// Entries are all units and rules, and of the other kinds those that
	// failed, were skipped or excluded; sorted by state (failed first), kind, id.
	Entries []facts.Entry `json:"entries"`
}

// Digests are sha256 in hex, without prefix, of what a decision depends on.
type Digests struct {
	Policy  string            `json:"policy"`  // catalog and organisations' policies
	Data    string            `json:"data"`    // fact tables
	Config  string            `json:"config"`  // configuration
	Waivers string            `json:"waivers"` // waiver file
	Trust   string            `json:"trust"`   // trust file
	Judging string            `json:"-"`       // see config.Files.Judging
	Facts   string            `json:"facts"`   // the input document
	Inputs  map[string]string `json:"inputs"`  // plans, event, snapshots: name -> digest
}

// Result is the answer of a run, everything that reports and decisions show.
type Result struct {
	Tool         Tool                  `json:"tool"`
	Root         string                `json:"-"`
	Now          string                `json:"now"`
	Change       facts.Change          `json:"change"`
	PolicySource string                `json:"policySource"` // ref@commit, none, or untrusted: ...
	Decision     Effect                `json:"decision"`
	Complete     bool                  `json:"complete"`
	Judged       int                   `json:"judged"` // subjects that rules looked at; 0 = nothing to check
	Cut          bool                  `json:"-"`      // the run ended before it had looked at everything
	Environments []EnvironmentDecision `json:"environmentDecisions"`
	// Transitions say what the change does, as far as a plan or the base tells;
	// sorted by environment, target and name.
	Transitions []TransitionSummary `json:"transitions"`
	// ImageChanges are the images that containers run instead of others, over
	// all workloads; sorted by repository, old and new reference.
	ImageChanges []ImageChange `json:"imageChanges"`
	// Inputs say of each unit that is rendered from templates, by id, who fixed what
	// they were told.
	Inputs   []UnitInputs `json:"inputs"`
	Findings []Finding    `json:"findings"`
	// Fixed are those that only the base has, without places.
	Fixed        []Finding     `json:"fixed"`
	Requirements []Requirement `json:"requirements"`
	Waivers      []WaiverUse   `json:"waivers"` // used ones
	NotJudged    []NotJudged   `json:"notJudged"`
	Coverage     Coverage      `json:"coverage"`
	Digests      Digests       `json:"digests"`
	Notes        []string      `json:"notes"` // hints for the reader, e.g. a first adoption
	Cached       Cached        `json:"cached"`
}

// Cached counts the results that were taken from a cache and not worked out by
// this run; nothing else is different because of it.
type Cached struct {
	Files  int `json:"files"`  // in which nothing secret is
	Builds int `json:"builds"` // of kustomizations
}

// Tool names this program.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}
