package attest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/envelope"
	"gate/internal/facts"
	"gate/internal/transition"
)

// Input is what a decision for one environment and target is built from.
type Input struct {
	Result   *decide.Result
	Facts    *facts.Facts
	Entry    int      // index in Result.Environments of what the decision is about
	PlanLink PlanLink // empty means NoPlan
	// Subjects are the bytes that apply consumes, nothing else: a verifier may
	// be satisfied by any one of them. At least one.
	Subjects []Artifact
	Reports  map[string]string // sha256 of written reports by format ("sarif")
	ValidFor time.Duration     // of the decision, from Result.Now; above zero
	Handle   string            // see Identity.AuthorHandle
	Authors  []string          // see Identity.Authors
	Run      Run               // see Identity.Run
	// FingerprintKey and Secret bind changed secrets, see transition.Options; without
	// them a decision that changes one is bound exactly.
	FingerprintKey []byte
	Secret         func(subject, path string) (any, bool)
}

// Artifact is one of the subjects of a decision, as in-toto calls what a
// statement is about.
type Artifact struct {
	Name   string // one of the Subject names, see SubjectName
	SHA256 string // lower-case hex
	// Files are the files of a source closure, relative to the judged root, and
	// Covers what of it is read as a whole: see Closure.
	Files  []string
	Covers []string
}

// SubjectName qualifies one of the Subject names by what it belongs to, a
// stack or a unit; an empty of leaves it as it is.
func SubjectName(kind, of string) string {
	if of == "" {
		return kind
	}
	return kind + ":" + of
}

// Build returns the payload of a decision: an in-toto statement v1 in its one
// canonical form, so that the same run always gives the same bytes.
func Build(in Input) ([]byte, error) {
	if in.Result == nil || in.Facts == nil {
		return nil, errors.New("build decision: result or facts are missing")
	}
	if in.Entry < 0 || in.Entry >= len(in.Result.Environments) {
		return nil, fmt.Errorf("build decision: entry %d of %d", in.Entry, len(in.Result.Environments))
	}
	now, err := time.Parse(time.RFC3339, in.Result.Now)
	if err != nil {
		return nil, fmt.Errorf("build decision: time of the run: %w", err)
	}
	if in.ValidFor <= 0 {
		return nil, fmt.Errorf("build decision: valid for %s, expected a positive time", in.ValidFor)
	}
	entry := in.Result.Environments[in.Entry]
	s := scope{entry.Environment, entry.Target}
	moves, err := transition.Of(in.Facts, transition.Options{Covers: s.covers, Key: in.FingerprintKey, Secret: in.Secret})
	if err != nil {
		return nil, fmt.Errorf("build decision: %w", err)
	}
	transitionDigest, err := moves.Digest()
	if err != nil {
		return nil, fmt.Errorf("build decision: %w", err)
	}
	steps, left := stepsOf(moves)
	st := statement{
		Type: envelope.StatementV1, PredicateType: PredicateType,
		Predicate: Predicate{
			Identity:       identity(in),
			Target:         target(in.Facts, s, entry.Class),
			Classification: entry.Classification,
			PredictedTransition: PredictedTransition{
				PlanLink: cmp.Or(in.PlanLink, NoPlan), Summary: summarise(in.Facts, s),
				Artifacts: []string{}, Closures: []Closure{},
				TransitionDigest: transitionDigest, TransitionBinding: moves.Binding(),
				Steps: steps, StepsLeft: left,
			},
			Decision:    verdict(in, entry),
			Evidence:    evidence(in.Facts, s),
			Tool:        in.Result.Tool,
			EvaluatedAt: now.UTC().Format(time.RFC3339),
			ValidUntil:  now.UTC().Add(in.ValidFor).Format(time.RFC3339),
		},
	}
	subjects := slices.SortedFunc(slices.Values(in.Subjects), func(a, b Artifact) int { return strings.Compare(a.Name, b.Name) })
	for _, sub := range subjects {
		st.Subject = append(st.Subject, statementSubject{Name: sub.Name, Digest: subjectDigest{SHA256: sub.SHA256}})
		t := &st.Predicate.PredictedTransition
		t.Artifacts = append(t.Artifacts, sub.Name)
		if kind(sub.Name) == SubjectClosure {
			t.Closures = append(t.Closures, Closure{Subject: sub.Name, Files: sortedSet(sub.Files), Covers: sortedSet(sub.Covers)})
		}
	}
	if err := st.check(); err != nil {
		return nil, fmt.Errorf("build decision: %w", err)
	}
	payload, err := envelope.Canonical(st)
	if err != nil {
		return nil, fmt.Errorf("build decision: %w", err)
	}
	// What is written must be readable: a name that is not UTF-8, say, would
	// otherwise show only right before apply.
	if _, err := parse(payload); err != nil {
		return nil, fmt.Errorf("build decision: %w", err)
	}
	return payload, nil
}

// scope is what one decision covers.
type scope struct{ environment, target string }

// covers says whether a subject belongs to the environment and to the target
// or to all targets.
func (s scope) covers(f facts.Scope) bool {
	return f.Environment == s.environment && (f.Target == "" || f.Target == s.target)
}

func identity(in Input) Identity {
	c := in.Result.Change
	id := Identity{
		AuthorHandle: in.Handle, Authors: sortedSet(in.Authors), Run: in.Run,
		Repository: c.Repository, CommitSHA: c.Commit, Head: c.Head, Base: c.Base, MergeBase: c.MergeBase,
		Tree: c.Tree, Branch: c.Branch, Author: c.Author, ChangeID: c.Repository + "@" + c.Commit,
	}
	if c.PullRequest != nil && c.PullRequest.Number > 0 {
		id.PullRequest = c.PullRequest.Number
		id.ChangeID = c.Repository + "#" + strconv.Itoa(c.PullRequest.Number)
	}
	return id
}

func target(f *facts.Facts, s scope, class string) Target {
	t := Target{Environment: s.environment, Class: class, Name: s.target, Namespaces: []string{}}
	for _, e := range f.Environments {
		for _, x := range e.Targets {
			if e.Name == s.environment && x.Name == s.target {
				t.Account, t.Region, t.Cluster, t.Namespaces = x.Account, x.Region, x.Cluster, sortedSet(x.Namespaces)
			}
		}
	}
	stacks, services := map[string]bool{}, map[string]bool{}
	for _, x := range f.Terraform.Stacks {
		if s.covers(x.Scope) {
			stacks[x.Path] = true
		}
	}
	for scope := range classify.Scopes(f) {
		if s.covers(scope) && scope.Service != "" {
			services[scope.Service] = true
		}
	}
	t.Stacks, t.Services = slices.Sorted(maps.Keys(stacks)), slices.Sorted(maps.Keys(services))
	t.Stacks, t.Services = orEmpty(t.Stacks), orEmpty(t.Services)
	return t
}

// evidence takes the record of the target, else that of the environment.
func evidence(f *facts.Facts, s scope) Evidence {
	var out Evidence
	for _, e := range f.Evidence {
		if s.covers(e.Scope) && (out.EvidenceID == "" || e.Target == s.target) {
			out = Evidence{EvidenceID: e.EvidenceID, RetentionClass: e.RetentionClass}
		}
	}
	return out
}

func verdict(in Input, d decide.EnvironmentDecision) Verdict {
	r := in.Result
	v := Verdict{
		PolicyDecision: d.Decision, Complete: d.Complete, Scope: d.Scope, Counts: orEmptyMap(d.Counts),
		ExceptionsUsed: exceptions(r.Findings, in.Entry), NotJudged: []NotJudged{}, Freezes: freezes(in.Facts, d.Environment, r.Now),
		Coverage: coverage(r.Coverage), PolicySource: r.PolicySource, Cached: r.Cached,
		Digests: Digests{
			Policy: r.Digests.Policy, Data: r.Digests.Data, Config: r.Digests.Config, Judging: r.Digests.Judging, Waivers: r.Digests.Waivers,
			Trust: r.Digests.Trust, Facts: r.Digests.Facts, Inputs: orEmptyMap(r.Digests.Inputs), Reports: orEmptyMap(in.Reports),
		},
	}
	v.Requirements = Requirements(d.Requirements)
	for _, n := range r.NotJudged {
		if n.Environment == d.Environment || n.Environment == "" {
			v.NotJudged = append(v.NotJudged, NotJudged{Rule: n.Rule, Effect: n.Effect, Reason: n.Reason, Required: n.Required && !n.Existing})
		}
	}
	slices.SortFunc(v.NotJudged, func(a, b NotJudged) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Reason, b.Reason))
	})
	v.NotJudged = slices.Compact(v.NotJudged)
	return v
}

// freezes are those of an environment that are in force at a time.
func freezes(f *facts.Facts, environment, now string) []Freeze {
	out := []Freeze{}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil { // Build has refused it
		return out
	}
	for _, e := range f.Environments {
		for _, z := range e.Freezes {
			from, bad := time.Parse(time.RFC3339, z.From)
			to, wrong := time.Parse(time.RFC3339, z.To)
			if e.Name == environment && bad == nil && wrong == nil && !at.Before(from) && at.Before(to) {
				out = append(out, Freeze(z))
			}
		}
	}
	slices.SortFunc(out, func(a, b Freeze) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To), strings.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(out)
}

// Requirements are those of a decision: what is asked for, whatever was given.
func Requirements(list []decide.Requirement) []Requirement {
	out := []Requirement{}
	for _, q := range list {
		out = append(out, Requirement{ID: q.ID, Role: q.Role, Count: q.Count, Because: sortedSet(q.Because), Owners: groupsOf(q.Owners)})
	}
	slices.SortFunc(out, func(a, b Requirement) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// groupsOf are groups of owners, never nil.
func groupsOf(groups [][]string) [][]string {
	out := [][]string{}
	for _, g := range groups {
		out = append(out, sortedSet(g))
	}
	return out
}

// exceptions are the waivers of the findings that count in an entry.
func exceptions(findings []decide.Finding, entry int) []Exception {
	byID := map[string]*Exception{}
	for _, f := range findings {
		if f.Waived == nil || !slices.Contains(f.Entries, entry) {
			continue
		}
		w := f.Waived
		if byID[w.ID] == nil {
			byID[w.ID] = &Exception{ID: w.ID, Expires: w.Expires, Owner: w.Owner, Reason: w.Reason, Ticket: w.Ticket, Inline: w.Inline, Rule: w.Rule, Scope: w.Scope}
		}
		byID[w.ID].Count++
	}
	out := []Exception{}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		out = append(out, *byID[id])
	}
	return out
}

func coverage(c decide.Coverage) Coverage {
	out := Coverage{
		Files: states(c.Files), Units: states(c.Units), Objects: states(c.Objects),
		Resources: states(c.Resources), Rules: states(c.Rules), Gaps: []Gap{},
	}
	for _, e := range c.Entries {
		switch e.State {
		case facts.Failed, facts.Skipped, facts.Excluded:
			out.Gaps = append(out.Gaps, Gap{Kind: e.Kind, ID: e.ID, State: string(e.State), Reason: e.Reason, Owner: e.Owner, Until: e.Until, Existing: e.Existing})
		}
	}
	slices.SortFunc(out.Gaps, func(a, b Gap) int {
		return cmp.Or(strings.Compare(a.State, b.State), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID), strings.Compare(a.Reason, b.Reason))
	})
	return out
}

func states(m map[facts.State]int) map[string]int {
	out := map[string]int{}
	for k, v := range m {
		out[string(k)] = v
	}
	return out
}

func sortedSet(list []string) []string {
	return orEmpty(slices.Compact(slices.Sorted(slices.Values(list))))
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orEmptyMap[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
