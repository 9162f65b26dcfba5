package attest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/supplychain"
)

// Reason says why a decision does not authorise.
type Reason string

// The reasons. Those of Unknown and Approvals have their own exit codes, all
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
)

// Refusal is one reason with what was found and what was expected.
type Refusal struct {
	Reason  Reason
	Message string
}

// clockSkew is how far the clock of the machine that judged may be ahead.
const clockSkew = 5 * time.Minute

// VerifyInput is what a decision is held against.
type VerifyInput struct {
	Decision *Decision
	// Keys are the keys that may sign decisions for Environment; see DecisionKeys.
	Keys []envelope.PublicKey
	// KeyFaults are keys that could not be read: a signature that none of Keys
	// made could be theirs, so it is unknown rather than refused.
	KeyFaults []error
	// Subjects are the files that apply consumes, by subject name; for a source
	// closure the root directory of the checkout. Every subject of the decision
	// must be there, and nothing else.
	Subjects    map[string]string
	Environment string // where the caller is about to apply
	Target      string
	Repository  string // of the caller; empty: not known
	// Met are the requirements that approvals were held against; nil: none was handed in.
	Met []Met
	// MaxValidity is how long a decision may last by the configuration; 0: as long as one
	// of its class may without one, which is the limit in any case.
	MaxValidity time.Duration
	// Revoked are decisions and keys that were taken back.
	Revoked []config.Revocation
	// Unread is why approvals that were handed in could not be told; nil: they could.
	Unread error
	Now    time.Time
}

// Met is what became of a requirement.
type Met struct {
	ID    string
	Given []string // "alice (review)"
	Open  int      // how many are missing
	Why   []string
}

// Verification is the answer of Verify.
type Verification struct {
	KeyID    string // of the key that signed, empty if none did
	Refusals []Refusal
	Notes    []string // what a reader should know although it refuses nothing
	key      envelope.PublicKey
	Given    []string // who approved what: "prod/eu/security: alice (review)"; never nil
}

// Authorised says whether apply may go on.
func (v *Verification) Authorised() bool { return len(v.Refusals) == 0 }

// ExitCode is that of gate verify: 0 authorised, 1 refused, 3 unknown, 5
// approvals missing. A refusal wins over unknown, both over approvals.
func (v *Verification) ExitCode() int {
	code := 0
	for _, r := range v.Refusals {
		switch r.Reason {
		case ReasonApprovals:
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

func (v *Verification) refuse(reason Reason, format string, args ...any) {
	v.Refusals = append(v.Refusals, Refusal{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// Verify says whether a decision authorises applying these bytes at this
// place and time, and gives every reason why not. Of a decision that no
// trusted key signed nothing else is looked at.
func Verify(in VerifyInput) *Verification {
	v := &Verification{Given: []string{}}
	if !in.signature(v) {
		return v
	}
	in.revoked(v)
	in.place(v)
	in.freshness(v)
	in.decision(v)
	in.subjects(v)
	in.approvals(v)
	return v
}

func (in VerifyInput) signature(v *Verification) bool {
	if !in.Decision.Signed {
		v.refuse(ReasonUnsigned, "the decision is not signed")
		return false
	}
	if in.Decision.bundle.Keyless() {
		v.refuse(ReasonUnknown, "the decision is signed with a certificate; this version verifies signatures by keys")
		return false
	}
	verified, err := in.Decision.bundle.Verify(in.Keys)
	switch {
	case err == nil:
		v.KeyID, v.key = verified.KeyID, verified.Key
		return true
	case len(in.KeyFaults) > 0:
		for _, fault := range in.KeyFaults {
			v.refuse(ReasonUnknown, "a key that may have signed could not be read: %v", fault)
		}
	case len(in.Keys) == 0:
		v.refuse(ReasonSignature, "no key may sign decisions for environment %q", in.Environment)
	default:
		v.refuse(ReasonSignature, "not signed by a key that may sign decisions for environment %q", in.Environment)
	}
	return false
}

// revoked refuses what was taken back.
func (in VerifyInput) revoked(v *Verification) {
	if reason, ok := config.Revoked(in.Revoked, config.RevokedDecision, in.Decision.Digest); ok {
		v.refuse(ReasonRevoked, "the decision was revoked: %s", reason)
	}
	for _, fingerprint := range v.key.Fingerprints() {
		if reason, ok := config.Revoked(in.Revoked, config.RevokedKey, fingerprint); ok {
			v.refuse(ReasonRevoked, "the key that signed was revoked: %s", reason)
		}
	}
}

func (in VerifyInput) place(v *Verification) {
	p := in.Decision.Predicate
	if p.Target.Environment != in.Environment {
		v.refuse(ReasonEnvironment, "made for environment %q, not for %q", p.Target.Environment, in.Environment)
	}
	if p.Target.Name != in.Target {
		v.refuse(ReasonTarget, "made for target %q, not for %q", p.Target.Name, in.Target)
	}
	if in.Repository == "" {
		v.refuse(ReasonUnknown, "which repository this is cannot be told: there is no remote; --repository HOST/OWNER/NAME says it")
	} else if p.Identity.Repository != in.Repository {
		v.refuse(ReasonRepository, "made for repository %q, not for %q", p.Identity.Repository, in.Repository)
	}
}

func (in VerifyInput) freshness(v *Verification) {
	evaluated, until, err := in.Decision.Predicate.times()
	if err != nil { // Parse has refused it already
		v.refuse(ReasonUnknown, "%v", err)
		return
	}
	now := in.Now.UTC()
	if evaluated.After(now.Add(clockSkew)) {
		v.refuse(ReasonNotYetValid, "made at %s, it is %s now", evaluated.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
	class := in.Decision.Predicate.Target.Class
	most := (*config.Config)(nil).MaxValidity(config.Class(class))
	if in.MaxValidity > 0 {
		most = min(most, in.MaxValidity)
	}
	if lasts := until.Sub(evaluated); lasts > most {
		v.refuse(ReasonValidity, "it lasts %s, and decisions for class %s last %s at most", lasts, class, most)
	}
	if !now.Before(until) {
		v.refuse(ReasonExpired, "valid until %s, it is %s now", until.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
}

func (in VerifyInput) decision(v *Verification) {
	p := in.Decision.Predicate
	d := p.Decision
	if d.PolicyDecision == decide.Deny {
		v.refuse(ReasonDenied, "the change was denied")
	}
	if !d.Complete {
		v.refuse(ReasonIncomplete, "not everything was judged; gate show lists the gaps")
	}
	if p.PredictedTransition.TransitionDigest == "" && d.Complete { // else said already
		v.refuse(ReasonIncomplete, "what the change does is not known as a whole: something at base or head could not be read")
	}
	for _, n := range d.NotJudged {
		if n.Required && d.Complete { // else said already
			v.refuse(ReasonIncomplete, "rule %s was not judged: %s", n.Rule, n.Reason)
		}
	}
	if !fromCommit(d.PolicySource) {
		v.refuse(ReasonPolicySource, "policies come from %q, expected ref@commit", d.PolicySource)
	}
	if p.Target.Class != "prod" {
		return
	}
	if p.PredictedTransition.PlanLink == PlanUnverified {
		v.refuse(ReasonPlanLink, "the plan JSON was judged without its binary plan (check --plan-file), which production needs")
	}
}

// fromCommit says whether a policy source is ref@commit, with a full SHA-1 or
// SHA-256; everything else, "untrusted: …" among it, was not read through git.
// What is checked out, and what forges make of a request, is the change itself.
func fromCommit(source string) bool {
	i := strings.LastIndexByte(source, '@')
	if i <= 0 || strings.HasPrefix(source, "untrusted") {
		return false
	}
	ref := strings.TrimPrefix(strings.TrimPrefix(source[:i], "refs/"), "remotes/")
	own := ref == "@" || ref == "HEAD" || ref == "FETCH_HEAD" ||
		strings.HasPrefix(ref, "pull/") || strings.HasPrefix(ref, "merge-requests/") || strings.HasPrefix(ref, "pipelines/")
	commit := source[i+1:]
	return !own && (len(commit) == 40 || len(commit) == 64) && strings.Trim(commit, "0123456789abcdef") == ""
}

func (in VerifyInput) subjects(v *Verification) {
	var names []string
	for _, s := range in.Decision.Subjects {
		names = append(names, s.Name)
		file, ok := in.Subjects[s.Name]
		if !ok {
			v.refuse(ReasonSubjectMissing, "subject %q was not handed in (--subject %s=FILE)", s.Name, s.Name)
			continue
		}
		sum, err := digestOf(s, file)
		switch {
		case errors.Is(err, errAdded):
			v.refuse(ReasonSubjectMismatch, "subject %q: %v", s.Name, err)
		case err != nil:
			v.refuse(ReasonUnknown, "subject %q: %v", s.Name, err)
		case sum != s.SHA256:
			v.refuse(ReasonSubjectMismatch, "subject %q: %s has sha256 %s, the decision is about %s", s.Name, file, sum, s.SHA256)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Subjects)) {
		if !slices.Contains(names, name) {
			v.refuse(ReasonSubjectUnknown, "%q is no subject of the decision, which is about %s", name, strings.Join(names, ", "))
		}
	}
}

// digestOf computes the digest that a subject should have.
func digestOf(s Artifact, file string) (string, error) {
	if kind(s.Name) == SubjectClosure {
		if err := added(file, s.Covers, s.Files); err != nil {
			return "", err
		}
		return closureOf(file, s.Files)
	}
	return hashFile(file)
}

// approvals refuses what needs an approval that was not given.
func (in VerifyInput) approvals(v *Verification) {
	p := in.Decision.Predicate
	if in.Unread != nil {
		v.refuse(ReasonUnknown, "approvals: %v", in.Unread)
	}
	needed := 0
	for _, q := range p.Decision.Requirements {
		if q.Count == 0 {
			continue
		}
		needed++
		met := Met{Open: q.Count}
		if i := slices.IndexFunc(in.Met, func(m Met) bool { return m.ID == q.ID }); i >= 0 {
			met = in.Met[i]
		}
		if len(met.Given) > 0 {
			v.Notes = append(v.Notes, fmt.Sprintf("requirement %s: given by %s", q.ID, strings.Join(met.Given, ", ")))
			v.Given = append(v.Given, q.ID+": "+strings.Join(met.Given, ", "))
		}
		if met.Open == 0 {
			continue
		}
		role := q.Role
		if role == "" {
			role = "anybody but the author"
		}
		v.refuse(ReasonApprovals, "requirement %s: %d approval(s) by %s are missing (because of %s)", q.ID, met.Open, role, strings.Join(q.Because, ", "))
		for _, why := range met.Why {
			v.refuse(ReasonApprovals, "requirement %s: %s", q.ID, why)
		}
	}
	switch {
	case needed > 0:
	case p.Decision.PolicyDecision == decide.RequireApproval:
		v.refuse(ReasonApprovals, "the decision is require-approval")
	case p.Target.Class == "prod":
		v.Notes = append(v.Notes, "the configuration asks for no approval of this production change")
	}
}

// DecisionKeys returns the keys that the trust file allows to sign decisions
// for a repository and an environment. An entry that lists no repositories, or
// no environments, is about all of them. The second result are keys that could
// not be read.
func DecisionKeys(trust *config.Trust, repository, environment string, readFile func(path string) ([]byte, error)) ([]envelope.PublicKey, []error) {
	var keys []envelope.PublicKey
	var faults []error
	if trust == nil {
		return nil, nil
	}
	for _, t := range trust.Decisions {
		if !listed(t.Repositories, repository) || !listed(t.Environments, environment) {
			continue
		}
		for _, k := range t.Keys {
			key, err := supplychain.LoadKey(k, readFile)
			if err != nil {
				faults = append(faults, fmt.Errorf("key of %q: %w", t.Name, err))
				continue
			}
			keys = append(keys, key)
		}
	}
	return keys, faults
}

func listed(globs []string, name string) bool {
	if len(globs) == 0 {
		return true
	}
	return slices.ContainsFunc(globs, func(g string) bool { return config.Match(g, name) })
}
