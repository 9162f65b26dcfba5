package attest

import (
	"fmt"
	"slices"

	"gate/internal/envelope"
)

// Reason says why a decision does not authorise.
type Reason string

// The reasons. Those of Unknown, Stale and Approvals have their own exit codes, all
// others are refusals.
const (
	ReasonUnsigned        Reason = "unsigned"         // there is no signature
	ReasonSignature       Reason = "signature"        // none by a trusted key
	ReasonEnvironment     Reason = "environment"      // made for another environment
	ReasonTarget          Reason = "target"           // made for another target
	ReasonRepository      Reason = "repository"       // made for another repository
	ReasonNotYetValid     Reason = "not-yet-valid"    // made in the future
	ReasonExpired         Reason = "expired"          // validUntil has passed
	ReasonValidity        Reason = "validity"         // it lasts longer than it may
	ReasonRevoked         Reason = "revoked"          // it, or the key that signed it, was taken back
	ReasonDenied          Reason = "denied"           // the decision is deny
	ReasonIncomplete      Reason = "incomplete"       // not everything was judged
	ReasonPolicySource    Reason = "policy-source"    // policies were not read from a trusted commit
	ReasonPlanLink        Reason = "plan-link"        // plan JSON without its binary, in production
	ReasonSubjectMissing  Reason = "subject-missing"  // a subject of the decision was not handed in
	ReasonSubjectUnknown  Reason = "subject-unknown"  // what was handed in is no subject of the decision
	ReasonSubjectMismatch Reason = "subject-mismatch" // the bytes differ
	ReasonUnknown         Reason = "unknown"          // something needed could not be read
	ReasonApprovals       Reason = "approvals"        // approvals are missing
	ReasonGivenTrust      Reason = "given-trust"      // the caller names the key, in production
	ReasonStale           Reason = "stale"            // the policy has changed since
	ReasonPolicy          Reason = "policy"           // the policy as it stands now is against it
	ReasonWaiver          Reason = "waiver"           // a waiver that was used does not count any more
	ReasonFreeze          Reason = "freeze"           // the environment must not change now
	ReasonObserved        Reason = "observed"         // a controller reports something else
	ReasonRunner          Reason = "runner"           // the job that applies is another one
)

// The checks, in the order in which they are told.
const (
	CheckSignature    = "signature"
	CheckTrust        = "trust"
	CheckRevocation   = "revocation"
	CheckTarget       = "target"
	CheckRepository   = "repository"
	CheckRunner       = "runner"
	CheckFreshness    = "freshness"
	CheckVerdict      = "verdict"
	CheckPolicySource = "policy-source"
	CheckPolicy       = "policy"
	CheckWaivers      = "waivers"
	CheckFreezes      = "freezes"
	CheckPlanLink     = "plan-link"
	CheckSubjects     = "subjects"
	CheckApprovals    = "approvals"
	CheckObserved     = "observed"
)

var checks = []string{
	CheckSignature, CheckTrust, CheckRevocation, CheckTarget, CheckRepository, CheckRunner, CheckFreshness, CheckVerdict,
	CheckPolicySource, CheckPolicy, CheckWaivers, CheckFreezes, CheckPlanLink, CheckSubjects, CheckApprovals, CheckObserved,
}

// The outcomes of a check.
const (
	OutcomeOK       = "ok"
	OutcomeGiven    = "given"    // nobody looked: the caller answers for it
	OutcomeStale    = "stale"    // it was so, and is to be judged or said again
	OutcomeOpen     = "open"     // approvals are missing
	OutcomeUnknown  = "unknown"  // something needed could not be read
	OutcomeMismatch = "mismatch" // it is not so
)

// Check is one check and what came of it.
type Check struct {
	Name     string    `json:"name"`
	Outcome  string    `json:"outcome"`
	Refusals []Refusal `json:"refusals"` // never nil
}

// Refusal is one reason with what was found and what was expected.
type Refusal struct {
	Check   string `json:"-"`
	Reason  Reason `json:"reason"`
	Message string `json:"message"`
}

// outcome is what a refusal makes of its check.
func (r Refusal) outcome() string {
	switch r.Reason {
	case ReasonUnknown:
		return OutcomeUnknown
	case ReasonStale, ReasonExpired:
		return OutcomeStale
	case ReasonApprovals:
		return OutcomeOpen
	}
	return OutcomeMismatch
}

// Verification is the answer of Verify.
type Verification struct {
	KeyID    string // of the key that signed, empty if none did
	Refusals []Refusal
	Notes    []string // what a reader should know although it refuses nothing
	Given    []string // who approved what: "prod/eu/security: alice (review)"; never nil

	key     envelope.PublicKey
	looked  bool            // more than the signature was looked at
	byGiven map[string]bool // checks that the caller answers for
}

// Authorised says whether apply may go on.
func (v *Verification) Authorised() bool { return len(v.Refusals) == 0 }

// ExitCode is that of gate verify: 0 authorised, 1 refused, 3 unknown, 5
// approvals missing, or a policy that has changed. A refusal wins over unknown, both
// over the last.
func (v *Verification) ExitCode() int {
	code := 0
	for _, r := range v.Refusals {
		switch r.Reason {
		case ReasonApprovals, ReasonStale:
			if code == 0 {
				code = 5
			}
		case ReasonUnknown:
			if code != 1 {
				code = 3
			}
		default:
			code = 1
		}
	}
	return code
}

// outcomes from the best to the worst.
var outcomes = []string{OutcomeOK, OutcomeGiven, OutcomeStale, OutcomeOpen, OutcomeUnknown, OutcomeMismatch}

// Checks are all checks and what came of each. Of a decision that no trusted key signed
// all others are unknown: they were not made.
func (v *Verification) Checks() []Check {
	out := make([]Check, len(checks))
	for i, name := range checks {
		c := Check{Name: name, Outcome: OutcomeOK, Refusals: []Refusal{}}
		if v.byGiven[name] {
			c.Outcome = OutcomeGiven
		}
		if !v.looked && name != CheckSignature {
			c.Outcome = OutcomeUnknown
		}
		for _, r := range v.Refusals {
			if r.Check == name {
				c.Refusals = append(c.Refusals, r)
				if o := r.outcome(); slices.Index(outcomes, o) > slices.Index(outcomes, c.Outcome) {
					c.Outcome = o
				}
			}
		}
		out[i] = c
	}
	return out
}

func (v *Verification) refuse(check string, reason Reason, format string, args ...any) {
	v.Refusals = append(v.Refusals, Refusal{Check: check, Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// given notes a check that was not made, as the caller answers for it.
func (v *Verification) given(check string) {
	if v.byGiven == nil {
		v.byGiven = map[string]bool{}
	}
	v.byGiven[check] = true
}
