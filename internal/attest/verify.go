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
	// Requirements are those of the decision and what the configuration asks for at least
	// now; nil: those of the decision.
	Requirements []Requirement
	// Given says that the caller names Keys, and not the target branch. For production that
	// has to be accepted.
	Given, GivenAccepted bool
	// Standing is what the target branch says now; nil: it was not read.
	Standing *Standing
	// Runner is the job that applies; nil: the target branch asks for none, and it has shown
	// none.
	Runner *Runner
	// Observed is what controllers report of what they have applied; nil: nobody asks.
	Observed *Observed
	Now      time.Time
}

// Met is what became of a requirement.
type Met struct {
	ID    string
	Given []string // "alice (review)"
	Open  int      // how many are missing
	Why   []string
}

// Verify says whether a decision authorises applying these bytes at this
// place and time, and gives every reason why not. Of a decision that no
// trusted key signed nothing else is looked at.
func Verify(in VerifyInput) *Verification {
	v := &Verification{Given: []string{}}
	if !in.signature(v) {
		return v
	}
	v.looked = true
	in.trust(v)
	in.revoked(v)
	in.place(v)
	in.runner(v)
	in.freshness(v)
	in.decision(v)
	in.standing(v)
	in.subjects(v)
	in.approvals(v)
	in.observed(v)
	return v
}

func (in VerifyInput) signature(v *Verification) bool {
	if !in.Decision.Signed {
		v.refuse(CheckSignature, ReasonUnsigned, "the decision is not signed")
		return false
	}
	if in.Decision.bundle.Keyless() {
		v.refuse(CheckSignature, ReasonUnknown, "the decision is signed with a certificate; this version verifies signatures by keys")
		return false
	}
	verified, err := in.Decision.bundle.Verify(in.Keys)
	switch {
	case err == nil:
		v.KeyID, v.key = verified.KeyID, verified.Key
		return true
	case len(in.KeyFaults) > 0:
		for _, fault := range in.KeyFaults {
			v.refuse(CheckSignature, ReasonUnknown, "a key that may have signed could not be read: %v", fault)
		}
	case len(in.Keys) == 0:
		v.refuse(CheckSignature, ReasonSignature, "no key may sign decisions for environment %q", in.Environment)
	default:
		v.refuse(CheckSignature, ReasonSignature, "not signed by a key that may sign decisions for environment %q", in.Environment)
	}
	return false
}

// trust refuses keys of production that only the caller vouches for.
func (in VerifyInput) trust(v *Verification) {
	if !in.Given {
		return
	}
	v.given(CheckTrust)
	if in.Decision.Predicate.Target.Class == "prod" && !in.GivenAccepted {
		v.refuse(CheckTrust, ReasonGivenTrust, "the caller names the key; for production trust is read from the target branch (--policy-ref), or --accept-given-trust says that this will do")
	}
}

// revoked refuses what was taken back.
func (in VerifyInput) revoked(v *Verification) {
	if reason, ok := config.Revoked(in.Revoked, config.RevokedDecision, in.Decision.Digest); ok {
		v.refuse(CheckRevocation, ReasonRevoked, "the decision was revoked: %s", reason)
	}
	for _, fingerprint := range v.key.Fingerprints() {
		if reason, ok := config.Revoked(in.Revoked, config.RevokedKey, fingerprint); ok {
			v.refuse(CheckRevocation, ReasonRevoked, "the key that signed was revoked: %s", reason)
		}
	}
}

func (in VerifyInput) place(v *Verification) {
	p := in.Decision.Predicate
	if p.Target.Environment != in.Environment {
		v.refuse(CheckTarget, ReasonEnvironment, "made for environment %q, not for %q", p.Target.Environment, in.Environment)
	}
	if p.Target.Name != in.Target {
		v.refuse(CheckTarget, ReasonTarget, "made for target %q, not for %q", p.Target.Name, in.Target)
	}
	if in.Repository == "" {
		v.refuse(CheckRepository, ReasonUnknown, "which repository this is cannot be told: there is no remote; --repository HOST/OWNER/NAME says it")
	} else if p.Identity.Repository != in.Repository {
		v.refuse(CheckRepository, ReasonRepository, "made for repository %q, not for %q", p.Identity.Repository, in.Repository)
	}
}

func (in VerifyInput) freshness(v *Verification) {
	evaluated, until, err := in.Decision.Predicate.times()
	if err != nil { // Parse has refused it already
		v.refuse(CheckFreshness, ReasonUnknown, "%v", err)
		return
	}
	now := in.Now.UTC()
	if evaluated.After(now.Add(clockSkew)) {
		v.refuse(CheckFreshness, ReasonNotYetValid, "made at %s, it is %s now", evaluated.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
	class := in.Decision.Predicate.Target.Class
	most := (*config.Config)(nil).MaxValidity(config.Class(class))
	if in.MaxValidity > 0 {
		most = min(most, in.MaxValidity)
	}
	if lasts := until.Sub(evaluated); lasts > most {
		v.refuse(CheckFreshness, ReasonValidity, "it lasts %s, and decisions for class %s last %s at most", lasts, class, most)
	}
	if !now.Before(until) {
		v.refuse(CheckFreshness, ReasonExpired, "valid until %s, it is %s now", until.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
}

func (in VerifyInput) decision(v *Verification) {
	p := in.Decision.Predicate
	d := p.Decision
	if d.PolicyDecision == decide.Deny {
		v.refuse(CheckVerdict, ReasonDenied, "the change was denied")
	}
	if !d.Complete {
		v.refuse(CheckVerdict, ReasonIncomplete, "not everything was judged; gate show lists the gaps")
	}
	if p.PredictedTransition.TransitionDigest == "" && d.Complete { // else said already
		v.refuse(CheckVerdict, ReasonIncomplete, "what the change does is not known as a whole: something at base or head could not be read")
	}
	for _, n := range d.NotJudged {
		if n.Required && d.Complete { // else said already
			v.refuse(CheckVerdict, ReasonIncomplete, "rule %s was not judged: %s", n.Rule, n.Reason)
		}
	}
	if !fromCommit(d.PolicySource) {
		v.refuse(CheckPolicySource, ReasonPolicySource, "policies come from %q, expected ref@commit", d.PolicySource)
	}
	if p.Target.Class != "prod" {
		return
	}
	if p.PredictedTransition.PlanLink == PlanUnverified {
		v.refuse(CheckPlanLink, ReasonPlanLink, "the plan JSON was judged without its binary plan (check --plan-file), which production needs")
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
			v.refuse(CheckSubjects, ReasonSubjectMissing, "subject %q was not handed in (--subject %s=FILE)", s.Name, s.Name)
			continue
		}
		sum, err := digestOf(s, file)
		switch {
		case errors.Is(err, errAdded):
			v.refuse(CheckSubjects, ReasonSubjectMismatch, "subject %q: %v", s.Name, err)
		case err != nil:
			v.refuse(CheckSubjects, ReasonUnknown, "subject %q: %v", s.Name, err)
		case sum != s.SHA256:
			v.refuse(CheckSubjects, ReasonSubjectMismatch, "subject %q: %s has sha256 %s, the decision is about %s", s.Name, file, sum, s.SHA256)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Subjects)) {
		if !slices.Contains(names, name) {
			v.refuse(CheckSubjects, ReasonSubjectUnknown, "%q is no subject of the decision, which is about %s", name, strings.Join(names, ", "))
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
	if kind(s.Name) == SubjectRendered && isDirectory(file) {
		files, err := filesBelow(file)
		if err != nil {
			return "", err
		}
		return closureOf(file, files)
	}
	return hashFile(file)
}

// approvals refuses what needs an approval that was not given.
func (in VerifyInput) approvals(v *Verification) {
	p := in.Decision.Predicate
	if in.Unread != nil {
		v.refuse(CheckApprovals, ReasonUnknown, "approvals: %v", in.Unread)
	}
	needed := 0
	requirements := p.Decision.Requirements
	if in.Requirements != nil {
		requirements = in.Requirements
	}
	for _, q := range requirements {
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
		v.refuse(CheckApprovals, ReasonApprovals, "requirement %s: %d approval(s) by %s are missing (because of %s)", q.ID, met.Open, role, strings.Join(q.Because, ", "))
		for _, why := range met.Why {
			v.refuse(CheckApprovals, ReasonApprovals, "requirement %s: %s", q.ID, why)
		}
	}
	switch {
	case needed > 0:
	case p.Decision.PolicyDecision == decide.RequireApproval:
		v.refuse(CheckApprovals, ReasonApprovals, "the decision is require-approval")
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
