// Package attest writes the decision as an in-toto statement in a signed
// Sigstore bundle, reads it back, and verifies right before apply that it
// allows exactly these bytes, here and now. It knows nothing about rules.
//
// The predicate follows the production change contract: what changes, where,
// what kind of change it is, what is predicted, and what was decided on which
// policy. It never contains approvals: those refer to the decision, not the
// other way round. A decision is identified by the SHA-256 of its payload;
// the bundle around it may be written in many ways.
package attest

import (
	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/envelope"
)

// PredicateType is the type of a decision.
const PredicateType = "urn:gate:decision:v1"

// Names of subjects. A name may be qualified by what it belongs to, behind a
// colon: plan-json:stacks/network.
const (
	SubjectPlan     = "tfplan"         // the binary plan
	SubjectPlanJSON = "plan-json"      // terraform show -json of it
	SubjectRendered = "rendered-set"   // rendered documents, where those bytes are applied
	SubjectClosure  = "source-closure" // see Closure, where a controller renders from Git
)

// PlanLink says whether the plan JSON that was judged is that of the binary
// plan which apply consumes.
type PlanLink string

// The plan links.
const (
	PlanVerified   PlanLink = "verified"   // both were read and agree
	PlanUnverified PlanLink = "unverified" // JSON without its binary
	NoPlan         PlanLink = "none"
)

// statement is the in-toto statement v1 of a decision.
type statement struct {
	Type          string             `json:"_type"`
	Subject       []statementSubject `json:"subject"`
	PredicateType string             `json:"predicateType"`
	Predicate     Predicate          `json:"predicate"`
}

type statementSubject struct {
	Name   string        `json:"name"`
	Digest subjectDigest `json:"digest"`
}

type subjectDigest struct {
	SHA256 string `json:"sha256"`
}

// Predicate is the content of a decision. Its JSON Schema is
// schemas/decision.schema.json. Times are RFC 3339 in UTC, digests SHA-256 in
// lower-case hex.
type Predicate struct {
	Identity            Identity                `json:"identity"`
	Target              Target                  `json:"target"`
	Classification      classify.Classification `json:"classification"`
	PredictedTransition PredictedTransition     `json:"predictedTransition"`
	Decision            Verdict                 `json:"decision"`
	Evidence            Evidence                `json:"evidence"`
	Tool                decide.Tool             `json:"tool"`
	EvaluatedAt         string                  `json:"evaluatedAt"`
	ValidUntil          string                  `json:"validUntil"` // exclusive
}

// Identity says which change was judged.
type Identity struct {
	ChangeID    string `json:"changeId"` // repository#number, or repository@commit
	Repository  string `json:"repository"`
	PullRequest int    `json:"pullRequest"` // 0 without one
	CommitSHA   string `json:"commitSha"`   // what was checked out
	Head        string `json:"head"`
	Base        string `json:"base"`
	MergeBase   string `json:"mergeBase"`
	Tree        string `json:"tree"`
	Branch      string `json:"branch"`
	Author      string `json:"author"`
	// AuthorHandle is the account that asks for the change, such as "github:alice";
	// empty without a pull request. Authors are the e-mail addresses of its commits,
	// authors and co-authors, in lower case and sorted; none if they are not known.
	AuthorHandle string   `json:"authorHandle"`
	Authors      []string `json:"authors"`
	Run          Run      `json:"run"`
}

// Run is the run of a CI system that made the decision: what the forge's approvals of
// deployments are of.
type Run struct {
	ID      string `json:"id"`      // of a workflow run or a pipeline; empty outside of them
	Attempt int    `json:"attempt"` // 0 where none are counted
}

// Target says where the change may go.
type Target struct {
	Environment string   `json:"environment"`
	Class       string   `json:"class"`
	Name        string   `json:"name"` // of the target, empty for an environment without targets
	Account     string   `json:"account"`
	Region      string   `json:"region"`
	Cluster     string   `json:"cluster"`
	Namespaces  []string `json:"namespaces"`
	Stacks      []string `json:"stacks"`
	Services    []string `json:"services"`
}

// PredictedTransition says what apply would do. The digests of the artifacts
// are the statement's subjects.
type PredictedTransition struct {
	PlanLink  PlanLink  `json:"planLink"`
	Summary   Summary   `json:"summary"`
	Artifacts []string  `json:"artifacts"` // names of the subjects
	Closures  []Closure `json:"closures"`
	// TransitionDigest is the digest of package transition over what becomes of
	// the objects and resources in scope (docs/transition-digest.md). It is empty
	// if that is not known as a whole; an empty one is equal to no other.
	TransitionDigest string `json:"transitionDigest"`
	// TransitionBinding says how an approval may be carried over to another run:
	// transition.Equivalent if that run has the same digest, transition.Exact
	// never, as there is no digest, or a secret changes of which it cannot tell
	// the value.
	TransitionBinding string `json:"transitionBinding"`
	// Steps are what becomes of the objects and resources that are known, destructive ones
	// first; StepsLeft is how many more there are.
	Steps     []Step `json:"steps"`
	StepsLeft int    `json:"stepsLeft"`
}

// Summary counts objects and managed resources by what becomes of them. An
// update in place and a replacement both count as Updated; a replacement is
// Replaced as well. Unknown are those that were judged without a base.
type Summary struct {
	Created  int `json:"created"`
	Updated  int `json:"updated"`
	Replaced int `json:"replaced"`
	Deleted  int `json:"deleted"`
	Moved    int `json:"moved"`
	Unknown  int `json:"unknown"`
}

// Verdict is the decision and what it rests on.
type Verdict struct {
	PolicyDecision decide.Effect  `json:"policyDecision"`
	Complete       bool           `json:"complete"`
	Scope          string         `json:"scope"`  // decide.ScopeTree or decide.ScopeChange
	Counts         map[string]int `json:"counts"` // findings by effect, and "waived"
	Requirements   []Requirement  `json:"requirements"`
	ExceptionsUsed []Exception    `json:"exceptionsUsed"`
	NotJudged      []NotJudged    `json:"notJudged"`
	Freezes        []Freeze       `json:"freezes"` // in force at the environment when it was judged
	Coverage       Coverage       `json:"coverage"`
	PolicySource   string         `json:"policySource"`
	Digests        Digests        `json:"digests"`
	Cached         decide.Cached  `json:"cached"` // results that another run has worked out
}

// Requirement is an approval that is needed; whether it was given is no part
// of the decision.
type Requirement struct {
	ID      string   `json:"id"`
	Role    string   `json:"role"`
	Count   int      `json:"count"`
	Because []string `json:"because"`
	// Owners are groups of code owners, for the role that asks for them: one of each
	// group has to approve.
	Owners [][]string `json:"owners"`
}

// Exception is a waiver that took findings out of the decision.
type Exception struct {
	ID      string `json:"id"`
	Expires string `json:"expires"`
	Owner   string `json:"owner"`
	Reason  string `json:"reason"`
	Ticket  string `json:"ticket"`
	Inline  bool   `json:"inline"`
	Rule    string `json:"rule"`
	Scope   string `json:"scope"` // "prod: path apps/**"; of a comment its file
	Count   int    `json:"count"` // findings
}

// Freeze is a time in which the environment must not change: From <= now < To.
type Freeze struct {
	From   string `json:"from"` // RFC 3339, UTC
	To     string `json:"to"`
	Reason string `json:"reason"`
}

// NotJudged is a rule that an input was missing for.
type NotJudged struct {
	Rule     string        `json:"rule"`
	Effect   decide.Effect `json:"effect"`
	Reason   string        `json:"reason"`
	Required bool          `json:"required"`
}

// Coverage counts what was discovered by state, and lists what was not judged.
type Coverage struct {
	Files     map[string]int `json:"files"`
	Units     map[string]int `json:"units"`
	Objects   map[string]int `json:"objects"`
	Resources map[string]int `json:"resources"`
	Rules     map[string]int `json:"rules"`
	Gaps      []Gap          `json:"gaps"` // failed, skipped and excluded
}

// Gap is one thing that was not judged.
type Gap struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	State  string `json:"state"`
	Reason string `json:"reason"`
	Owner  string `json:"owner"`
	Until  string `json:"until"`
	// Existing says that it was so at the base, and that the change does not
	// reach it.
	Existing bool `json:"existing"`
}

// Digests are those of everything that the decision depends on.
type Digests struct {
	Policy  string            `json:"policy"`
	Data    string            `json:"data"`
	Config  string            `json:"config"`
	Judging string            `json:"judging"` // of what verdicts depend on in configuration and trust
	Waivers string            `json:"waivers"`
	Trust   string            `json:"trust"`
	Facts   string            `json:"facts"`
	Inputs  map[string]string `json:"inputs"`
	Reports map[string]string `json:"reports"` // written reports by format
}

// Evidence names the record that proves the change later.
type Evidence struct {
	EvidenceID     string `json:"evidenceId"`
	RetentionClass string `json:"retentionClass"`
}

// Sign puts the payload of a decision into a Sigstore bundle.
func Sign(payload []byte, s envelope.Signer) ([]byte, error) {
	return envelope.SignBundle(payload, envelope.PayloadType, s)
}
