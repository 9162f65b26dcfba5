package approve

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gate/internal/attest"
	"gate/internal/doc"
	"gate/internal/envelope"
)

// PredicateType is the type of an approval.
const PredicateType = "urn:gate:approval:v1"

// Predicate is the content of an approval, described by schemas/approval.schema.json.
type Predicate struct {
	Verdict    string `json:"verdict"` // approve, reject
	Role       string `json:"role"`    // that it is given in; empty: any that the person holds
	Reason     string `json:"reason"`
	CreatedAt  string `json:"createdAt"`  // RFC 3339, UTC
	ValidUntil string `json:"validUntil"` // exclusive
	// PublicKey is the key that signed, base64 of its PKIX form. It carries no trust:
	// people name keys by their fingerprints.
	PublicKey string `json:"publicKey"`
	// Source is SourceSignature, or what the forge said that a collector passes on.
	Source   string `json:"source"`
	Identity string `json:"identity"` // of who approved at the forge, such as "github:alice"; empty for a signature
	Head     string `json:"head"`     // commit that the forge's approval is of; empty for a signature
	Run      string `json:"run"`      // whose deployment was approved; empty for other sources
	// Of is what was approved, for a decision of another run that says the same.
	Of Effect `json:"of"`
}

// The verdicts.
const (
	Approves = "approve"
	Rejects  = "reject"
)

// Effect is what a decision lets happen, and where: what an approval is about.
type Effect struct {
	Repository       string `json:"repository"`
	Environment      string `json:"environment"`
	Target           string `json:"target"`
	TransitionDigest string `json:"transitionDigest"`
	Binding          string `json:"binding"` // exact, equivalent
	Closure          string `json:"closure"` // sha256 of the source closure; empty without one
	Outcome          string `json:"outcome"` // sha256 of what the policy said, see EffectOf
	// Steps are what was shown of the transition, and StepsLeft how many were not. They tell
	// what has become another effect; whether it has, the digest says.
	Steps     []attest.Step `json:"steps"`
	StepsLeft int           `json:"stepsLeft"`
}

type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

type subject struct {
	Name   string `json:"name"`
	Digest struct {
		SHA256 string `json:"sha256"`
	} `json:"digest"`
}

// outcome is what of a decision's verdict an approval depends on.
type outcome struct {
	PolicyDecision string
	Requirements   []attest.Requirement
	Exceptions     []string
}

// EffectOf is the effect of a decision.
func EffectOf(d *attest.Decision) (Effect, error) {
	p := d.Predicate
	said := outcome{PolicyDecision: string(p.Decision.PolicyDecision), Requirements: p.Decision.Requirements}
	for _, x := range p.Decision.ExceptionsUsed {
		said.Exceptions = append(said.Exceptions, x.ID)
	}
	data, err := envelope.Canonical(said)
	if err != nil {
		return Effect{}, err
	}
	sum := sha256.Sum256(data)
	e := Effect{
		Repository: p.Identity.Repository, Environment: p.Target.Environment, Target: p.Target.Name,
		TransitionDigest: p.PredictedTransition.TransitionDigest, Binding: p.PredictedTransition.TransitionBinding,
		Outcome: hex.EncodeToString(sum[:]), Steps: p.PredictedTransition.Steps, StepsLeft: p.PredictedTransition.StepsLeft,
	}
	for _, s := range d.Subjects {
		if s.Name == attest.SubjectClosure {
			e.Closure = s.SHA256
		}
	}
	return e, nil
}

// Given is an approval that is to be written.
type Given struct {
	Verdict, Role, Reason string
	At                    time.Time
	ValidFor              time.Duration
	Key                   crypto.PublicKey // that signs
	// Of what a forge said: see Predicate. An empty Source is SourceSignature.
	Source, Identity, Head, Run string
}

// Build returns the payload of an approval of a decision: an in-toto statement v1 in its
// canonical form. Its one subject is the decision's payload.
func Build(d *attest.Decision, g Given) ([]byte, error) {
	of, err := EffectOf(d)
	if err != nil {
		return nil, fmt.Errorf("build approval: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(g.Key)
	if err != nil {
		return nil, fmt.Errorf("build approval: %w", err)
	}
	st := statement{
		Type: envelope.StatementV1, PredicateType: PredicateType, Subject: []subject{{Name: "decision"}},
		Predicate: Predicate{
			Verdict: g.Verdict, Role: g.Role, Reason: g.Reason, Of: of,
			Source: cmp.Or(g.Source, SourceSignature), Identity: g.Identity, Head: g.Head, Run: g.Run, PublicKey: base64.StdEncoding.EncodeToString(der),
			CreatedAt: g.At.UTC().Format(time.RFC3339), ValidUntil: g.At.UTC().Add(g.ValidFor).Format(time.RFC3339),
		},
	}
	st.Subject[0].Digest.SHA256 = d.Digest
	if err := st.check(); err != nil {
		return nil, fmt.Errorf("build approval: %w", err)
	}
	payload, err := envelope.Canonical(st)
	if err == nil {
		_, err = parse(payload)
	}
	if err != nil {
		return nil, fmt.Errorf("build approval: %w", err)
	}
	return payload, nil
}

// Approval is an approval that was read. Nothing of it is trusted before its signature is
// checked.
type Approval struct {
	Predicate Predicate
	Decision  string // sha256 of the payload of the decision that it is about, in hex
	Payload   []byte
	Digest    string // sha256 of Payload in hex

	created, until time.Time
	bundle         *envelope.Bundle
	key            envelope.PublicKey
}

// ErrMalformed is wrapped by errors about a file that is no approval.
var ErrMalformed = errors.New("not an approval")

// Parse reads an approval: a Sigstore bundle or a DSSE envelope. The error wraps
// ErrMalformed.
func Parse(data []byte) (*Approval, error) {
	b, err := envelope.ReadBundle(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if b.PayloadType != envelope.PayloadType {
		return nil, fmt.Errorf("%w: payload type %q, expected %q", ErrMalformed, b.PayloadType, envelope.PayloadType)
	}
	if b.Keyless() {
		return nil, fmt.Errorf("%w: it is signed with a certificate; this version verifies signatures by keys", ErrMalformed)
	}
	a, err := parse(b.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	a.bundle = b
	return a, nil
}

// parse reads a payload, which is the canonical form of its own content.
func parse(payload []byte) (*Approval, error) {
	var top map[string]any
	if err := envelope.DecodeStrict(payload, &top); err != nil {
		return nil, err
	}
	if at, is := envelope.FindNull(top); is {
		return nil, fmt.Errorf("%s is null", at)
	}
	if got := doc.Text(top, "predicateType"); got != PredicateType {
		return nil, fmt.Errorf("predicate type %q, expected %q", got, PredicateType)
	}
	var st statement
	if err := envelope.DecodeStrict(payload, &st); err != nil {
		return nil, err
	}
	if err := st.check(); err != nil {
		return nil, err
	}
	if err := envelope.CheckCanonical(payload, st); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(payload)
	a := &Approval{Predicate: st.Predicate, Decision: st.Subject[0].Digest.SHA256, Payload: payload, Digest: hex.EncodeToString(sum[:])}
	var err error
	if a.created, a.until, err = st.Predicate.times(); err != nil {
		return nil, err
	}
	a.key, err = st.Predicate.key()
	return a, err
}

func (p *Predicate) key() (envelope.PublicKey, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(p.PublicKey)
	if err != nil {
		return envelope.PublicKey{}, fmt.Errorf("publicKey: %w", err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return envelope.PublicKey{}, fmt.Errorf("publicKey: %w", err)
	}
	return envelope.NewPublicKey(key)
}

// Signers are the fingerprints of the key that signed, of its PKIX form and as OpenSSH
// writes it; none if the signature is not by it.
func (a *Approval) Signers() []string {
	if a.bundle == nil {
		return nil
	}
	if _, err := a.bundle.Verify([]envelope.PublicKey{a.key}); err != nil {
		return nil
	}
	return a.key.Fingerprints()
}

func (st *statement) check() error {
	p := st.Predicate
	switch {
	case st.Type != envelope.StatementV1 || st.PredicateType != PredicateType:
		return fmt.Errorf("statement of type %q with predicate type %q, expected %q", st.Type, st.PredicateType, PredicateType)
	case len(st.Subject) != 1 || st.Subject[0].Name != "decision" || !isSHA256(st.Subject[0].Digest.SHA256):
		return errors.New("its one subject is not the payload of a decision")
	case !slices.Contains([]string{Approves, Rejects}, p.Verdict):
		return fmt.Errorf("verdict is %q, expected %q or %q", p.Verdict, Approves, Rejects)
	case p.Of.TransitionDigest != "" && !isSHA256(p.Of.TransitionDigest), p.Of.Closure != "" && !isSHA256(p.Of.Closure), !isSHA256(p.Of.Outcome):
		return errors.New("of: a digest is not a SHA-256 in lower-case hex")
	}
	if err := p.checkSource(); err != nil {
		return err
	}
	_, _, err := p.times()
	return err
}

// checkSource says what is wrong with who approved, and what it is of.
func (p *Predicate) checkSource() error {
	ofForge := handle().MatchString(p.Identity) && isCommit(p.Head) && p.Role == ""
	isRun := p.Run != "" && strings.Trim(p.Run, "0123456789") == ""
	switch {
	case p.Source == SourceSignature && p.Identity == "" && p.Head == "" && p.Run == "":
	case p.Source == SourceReview && ofForge && p.Run == "":
	case p.Source == SourceDeployment && ofForge && isRun:
	default:
		return fmt.Errorf("source %q does not go with identity %q, head %q, run %q and role %q", p.Source, p.Identity, p.Head, p.Run, p.Role)
	}
	return nil
}

// handle is an account of a forge.
var handle = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(github|gitlab):[^\s:\p{C}]+$`) })

func (p *Predicate) times() (created, until time.Time, err error) {
	if created, err = time.Parse(time.RFC3339, p.CreatedAt); err != nil {
		return created, until, fmt.Errorf("createdAt: %q is not an RFC 3339 time", p.CreatedAt)
	}
	if until, err = time.Parse(time.RFC3339, p.ValidUntil); err != nil {
		return created, until, fmt.Errorf("validUntil: %q is not an RFC 3339 time", p.ValidUntil)
	}
	if !created.Before(until) {
		return created, until, errors.New("validUntil is not after createdAt")
	}
	return created, until, nil
}

func isSHA256(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

// What becomes of an approval of another decision.
const (
	Exact    = "exact"    // it is about this very decision
	Retained = "retained" // about another run of the same effect, to which the policy says the same
	Renew    = "renew"    // the effect is another one
	Void     = "void"     // it is about another place, or the policy says something else
)

// Carry says what becomes of the approval for a decision, and why if it does not count.
// The key is the effect: one that was not read whole equals no other.
func (a *Approval) Carry(d *attest.Decision) (what, why string) {
	if a.Decision == d.Digest {
		return Exact, ""
	}
	now, err := EffectOf(d)
	if err != nil {
		return Void, err.Error()
	}
	was := a.Predicate.Of
	switch {
	case was.Repository != now.Repository:
		return Void, fmt.Sprintf("it was given for repository %q", was.Repository)
	case was.Environment != now.Environment || was.Target != now.Target:
		return Void, fmt.Sprintf("it was given for %q", strings.TrimSuffix(was.Environment+"/"+was.Target, "/"))
	case was.TransitionDigest == "" || now.TransitionDigest == "":
		return Renew, "what the change does is not known as a whole, which equals nothing else"
	case was.TransitionDigest != now.TransitionDigest:
		return Renew, "what the change does is something else than what was approved: " + difference(was, now)
	case was.Binding != equivalent || now.Binding != equivalent:
		return Renew, "a secret changes, of which the digest cannot tell the value"
	case was.Closure != now.Closure:
		return Renew, "the sources are others than those that were approved"
	case was.Outcome != now.Outcome:
		return Void, "the policy says something else of it than when it was approved"
	}
	return Retained, ""
}
