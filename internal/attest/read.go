package attest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gate/internal/classify"
	"gate/internal/doc"
	"gate/internal/envelope"
	"gate/internal/transition"

	"github.com/bmatcuk/doublestar/v4"
)

// Decision is a decision that was read. Nothing of it is trusted before Verify.
type Decision struct {
	Predicate Predicate
	Subjects  []Artifact // sorted by name
	Payload   []byte     // the statement, byte by byte
	Digest    string     // sha256 of Payload in hex: what identifies the decision
	Signed    bool       // there is an envelope around it; Verify says whose
	KeyHint   string     // of the signature, carries no trust

	bundle *envelope.Bundle
}

// Read reads a decision from a file: a Sigstore bundle, a DSSE envelope, or
// the bare statement of a run without a key. Nothing is verified.
func Read(file string) (*Decision, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read decision: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, envelope.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read decision %s: %w", file, err)
	}
	d, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("read decision %s: %w", file, err)
	}
	return d, nil
}

// ErrMalformed is wrapped by errors about a file that is no decision.
var ErrMalformed = errors.New("not a decision")

// Parse is Read for bytes. The error wraps ErrMalformed.
func Parse(data []byte) (*Decision, error) {
	if len(data) > envelope.MaxBytes {
		return nil, fmt.Errorf("%w: larger than %d MiB", ErrMalformed, envelope.MaxBytes>>20)
	}
	b, err := envelope.ReadBundle(data)
	switch {
	case errors.Is(err, envelope.ErrNotEnvelope):
		d, err := parse(bytes.TrimSuffix(data, []byte("\n")))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return d, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	case b.PayloadType != envelope.PayloadType:
		return nil, fmt.Errorf("%w: payload type %q, expected %q", ErrMalformed, b.PayloadType, envelope.PayloadType)
	}
	d, err := parse(b.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	d.Signed, d.bundle, d.KeyHint = true, b, b.KeyHint
	return d, nil
}

// parse reads a payload. It must be the canonical form of its own content:
// then no field is missing, none is null, and no two readers can disagree.
func parse(payload []byte) (*Decision, error) {
	var tree any
	if err := envelope.DecodeStrict(payload, &tree); err != nil {
		return nil, err
	}
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("the payload is not a JSON object")
	}
	if at, ok := envelope.FindNull(tree); ok {
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
	d := &Decision{Predicate: st.Predicate, Payload: payload, Digest: hex.EncodeToString(sum[:])}
	for _, s := range st.Subject {
		sub := Artifact{Name: s.Name, SHA256: s.Digest.SHA256}
		for _, c := range st.Predicate.PredictedTransition.Closures {
			if c.Subject == s.Name {
				sub.Files, sub.Covers = c.Files, c.Covers
			}
		}
		d.Subjects = append(d.Subjects, sub)
	}
	return d, nil
}

// check says what is wrong with a statement, for writing and for reading.
func (st *statement) check() error {
	p := &st.Predicate
	if st.Type != envelope.StatementV1 || st.PredicateType != PredicateType {
		return fmt.Errorf("statement of type %q with predicate type %q", st.Type, st.PredicateType)
	}
	if err := st.checkSubjects(); err != nil {
		return err
	}
	for _, w := range []struct {
		name, value string
		allowed     []string
	}{
		{"target.class", p.Target.Class, []string{"prod", "non-prod"}},
		{"classification.changeType", p.Classification.ChangeType, classify.ChangeTypes},
		{"classification.riskClass", p.Classification.RiskClass, classify.RiskClasses},
		{"decision.policyDecision", string(p.Decision.PolicyDecision), []string{"allow", "warn", "require-approval", "deny"}},
		{"predictedTransition.planLink", string(p.PredictedTransition.PlanLink), []string{"verified", "unverified", "none"}},
		{"predictedTransition.transitionBinding", p.PredictedTransition.TransitionBinding, []string{transition.Exact, transition.Equivalent}},
		{"evidence.retentionClass", p.Evidence.RetentionClass, []string{"", "standard", "regulated", "incident"}},
	} {
		if !slices.Contains(w.allowed, w.value) {
			return fmt.Errorf("%s is %q, expected one of %q", w.name, w.value, w.allowed)
		}
	}
	if err := checkClassification(&p.Classification); err != nil {
		return err
	}
	switch t := p.PredictedTransition; {
	case t.TransitionDigest == "" && t.TransitionBinding != transition.Exact:
		return fmt.Errorf("predictedTransition.transitionBinding is %q, but the transition is not known: it has no digest", t.TransitionBinding)
	case t.TransitionDigest != "" && !isSHA256(t.TransitionDigest):
		return fmt.Errorf("predictedTransition.transitionDigest: %q is not a SHA-256 in lower-case hex", t.TransitionDigest)
	}
	if err := p.PredictedTransition.checkSteps(); err != nil {
		return err
	}
	if r := p.Identity.Run; strings.Trim(r.ID, "0123456789") != "" || r.Attempt < 0 || r.ID == "" && r.Attempt != 0 {
		return fmt.Errorf("identity.run: %q, attempt %d, is no run", r.ID, r.Attempt)
	}
	if p.Decision.PolicySource == "" {
		return errors.New("decision.policySource is empty")
	}
	if _, _, err := p.times(); err != nil {
		return err
	}
	for _, q := range p.Decision.Requirements {
		if q.Count < 0 || q.ID == "" {
			return fmt.Errorf("requirement %q asks for %d approvals", q.ID, q.Count)
		}
	}
	return nil
}

// checkClassification says what of a classification does not fit the rest of it.
func checkClassification(c *classify.Classification) error {
	risk := classify.RiskClasses[0]
	for _, r := range c.Rows {
		if r.ID == "" || r.Count < 1 || len(r.Subjects) > r.Count || !slices.Contains(classify.RiskClasses, r.RiskClass) || r.ChangeType != "" && !slices.Contains(classify.ChangeTypes, r.ChangeType) {
			return fmt.Errorf("classification: row %q raises %d subjects to %q %q", r.ID, r.Count, r.ChangeType, r.RiskClass)
		}
		risk = classify.Raise(risk, r.RiskClass)
	}
	if c.RiskClass != risk {
		return fmt.Errorf("classification.riskClass is %s, its rows say %s", c.RiskClass, risk)
	}
	for _, x := range c.BlastRadius.Parts() {
		if len(x.Names) > x.Count || !slices.IsSorted(x.Names) {
			return fmt.Errorf("classification.blastRadius.%s: %d names of %d, or not sorted", x.Of, len(x.Names), x.Count)
		}
	}
	return nil
}

func isSHA256(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }

func (st *statement) checkSubjects() error {
	t := st.Predicate.PredictedTransition
	if len(st.Subject) == 0 {
		return errors.New("there is no subject: nothing that apply consumes is named")
	}
	var names []string
	for _, s := range st.Subject {
		switch kind(s.Name) {
		case SubjectPlan, SubjectPlanJSON, SubjectRendered, SubjectClosure:
		default:
			return fmt.Errorf("subject %q is not one of tfplan, plan-json, rendered-set, source-closure", s.Name)
		}
		if !isSHA256(s.Digest.SHA256) {
			return fmt.Errorf("subject %q: %q is not a SHA-256 in lower-case hex", s.Name, s.Digest.SHA256)
		}
		names = append(names, s.Name)
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		return errors.New("subjects are not sorted, or one stands twice")
	}
	if !slices.Equal(names, t.Artifacts) {
		return errors.New("predictedTransition.artifacts are not the names of the subjects")
	}
	// The plan link speaks of a pair of files; without it both must not be claimed.
	plan, planJSON := hasKind(names, SubjectPlan), hasKind(names, SubjectPlanJSON)
	switch t.PlanLink {
	case PlanVerified:
		if !plan || !planJSON {
			return errors.New("plan link is verified, but tfplan and plan-json are not both subjects")
		}
	case PlanUnverified:
		if !planJSON {
			return errors.New("plan link is unverified, but plan-json is no subject")
		}
	case NoPlan:
		if plan || planJSON {
			return errors.New("plan link is none, but a plan is a subject")
		}
	}
	closed := 0
	for _, c := range t.Closures {
		if !slices.Contains(names, c.Subject) || kind(c.Subject) != SubjectClosure || len(c.Files) == 0 || !slices.IsSorted(c.Files) {
			return fmt.Errorf("closure of %q does not fit the subjects", c.Subject)
		}
		for _, f := range c.Files {
			if f == "" || path.IsAbs(f) || path.Clean(f) != f || strings.HasPrefix(f, "../") || f == ".." {
				return fmt.Errorf("closure of %q: file %q is not relative to the root", c.Subject, f)
			}
		}
		invalid := func(g string) bool { return !doublestar.ValidatePattern(g) }
		if !slices.IsSorted(c.Covers) || slices.ContainsFunc(c.Covers, invalid) {
			return fmt.Errorf("closure of %q: covers are not sorted globs", c.Subject)
		}
		closed++
	}
	for _, n := range names {
		if kind(n) == SubjectClosure {
			closed--
		}
	}
	if closed != 0 {
		return errors.New("subjects and closures differ")
	}
	return nil
}

func kind(name string) string {
	k, _, _ := strings.Cut(name, ":")
	return k
}

func hasKind(names []string, k string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return kind(n) == k })
}

// times returns when the decision was made and when it ends.
func (p *Predicate) times() (evaluated, until time.Time, err error) {
	if evaluated, err = time.Parse(time.RFC3339, p.EvaluatedAt); err != nil {
		return evaluated, until, fmt.Errorf("evaluatedAt: %q is not an RFC 3339 time", p.EvaluatedAt)
	}
	if until, err = time.Parse(time.RFC3339, p.ValidUntil); err != nil {
		return evaluated, until, fmt.Errorf("validUntil: %q is not an RFC 3339 time", p.ValidUntil)
	}
	if !evaluated.Before(until) {
		return evaluated, until, errors.New("validUntil is not after evaluatedAt")
	}
	return evaluated, until, nil
}
