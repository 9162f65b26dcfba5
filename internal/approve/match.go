package approve

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/attest"
	"gate/internal/config"
	"gate/internal/transition"
)

const equivalent = transition.Equivalent

// Case is a change that asks for approvals.
type Case struct {
	Requirements []attest.Requirement
	Author       string   // handle of who asks for the change, such as "github:alice"; empty: none
	Mails        []string // addresses of its commits
	Unread       string   // why the authors are not known; empty: they are
	Head         string   // commit that reviews have to be of
	// Decision is what signed approvals are about; nil: none is there yet.
	Decision *attest.Decision
}

// CaseOf is that of a decision.
func CaseOf(d *attest.Decision) Case {
	p := d.Predicate
	c := Case{Requirements: p.Decision.Requirements, Author: p.Identity.AuthorHandle, Mails: p.Identity.Authors, Head: p.Identity.Head, Decision: d}
	if len(c.Mails) == 0 {
		c.Unread = "the decision does not say who wrote the commits: its clone was shallow, or the change was not known"
	}
	return c
}

// Evidence is what was handed in.
type Evidence struct {
	Reviews   *Snapshot // nil: none
	Approvals []*Approval
	Now       time.Time
	Revoked   []config.Revocation
}

// Answer is what became of one requirement.
type Answer struct {
	ID    string
	Role  string
	Count int
	Given []Voice
	Open  int      // how many people are missing
	Why   []string // why what was handed in does not count, and what has to be done
}

// Voice is a person who approves, and by what.
type Voice struct {
	Person string // of the configuration, or a handle
	Source string // review, signature
	How    string // exact, retained; of a review empty
}

// String names person and source.
func (v Voice) String() string {
	if v.How == Retained {
		return fmt.Sprintf("%s (%s, %s)", v.Person, v.Source, v.How)
	}
	return fmt.Sprintf("%s (%s)", v.Person, v.Source)
}

// voice is one that may count.
type voice struct {
	Voice
	handle  string // of a forge, or empty
	role    string // that a signature is given in
	rejects bool
}

// Sources, from weak to strong.
const (
	SourceReview    = "review"
	SourceSignature = "signature"
)

// Match holds what was handed in against what is asked for. Each person counts once for
// each requirement, never who made the change, and no program.
func Match(p *People, c Case, e Evidence) []Answer {
	by := p.authorsOf(c.Author, c.Mails)
	var voices []voice
	var notes []string
	if c.Unread != "" {
		notes = append(notes, c.Unread)
	} else {
		reviews, why := p.reviews(c, by, e.Reviews)
		signed, more := p.signed(c, by, e)
		voices, notes = append(reviews, signed...), append(why, more...)
	}
	forge := space(c.Author) // that CODEOWNERS speaks of
	if e.Reviews != nil {
		forge = e.Reviews.Forge
	}
	var out []Answer
	for _, q := range c.Requirements {
		if q.Count > 0 {
			out = append(out, p.answer(q, voices, notes, e.Reviews, forge))
		}
	}
	return out
}

// reviews are those of exactly the head commit, by others than who made the change.
func (p *People) reviews(c Case, by authors, s *Snapshot) (out []voice, why []string) {
	if s == nil {
		return nil, nil
	}
	for _, r := range s.Reviews {
		if !r.Approves && !r.Rejects {
			continue
		}
		person, mapped := p.forge[r.Handle]
		no := ""
		switch {
		case r.Bot:
			no = "is a program"
		case by.handles[r.Handle] || mapped && by.people[person]:
			no = "wrote the change"
		case r.Approves && (c.Head == "" || r.Commit != c.Head):
			no = fmt.Sprintf("approved commit %s, and the head is %s", short(r.Commit), short(c.Head))
		case len(by.unknown) > 0:
			no = unknownAuthors(by.unknown)
		case !mapped && by.space != s.Forge:
			no = fmt.Sprintf("is nobody under people: {NAME: {forge: [%q]}} in %s of the target branch says who it is", r.Handle, config.File)
		}
		if no != "" {
			why = append(why, r.Handle+" "+no)
			continue
		}
		v := voice{Voice: Voice{Person: person, Source: SourceReview}, handle: r.Handle, rejects: r.Rejects}
		if !mapped {
			v.Person = r.Handle
		}
		out = append(out, v)
	}
	return out, why
}

func unknownAuthors(list []string) string {
	return fmt.Sprintf("may have written the change: it is not known who %s is; people: {NAME: {git: [%q]}} in %s of the target branch says so",
		strings.Join(list, ", "), list[0], config.File)
}

// signed are the signed approvals of this decision, and of others with the same effect.
func (p *People) signed(c Case, by authors, e Evidence) (out []voice, why []string) {
	for _, a := range e.Approvals {
		person, no := p.signer(a, c, by, e)
		if no != "" {
			why = append(why, fmt.Sprintf("approval %s %s", short(a.Digest), no))
			continue
		}
		how, reason := a.Carry(c.Decision)
		if how != Exact && how != Retained {
			why = append(why, fmt.Sprintf("approval by %s is %s: %s", person, map[string]string{Renew: "to be renewed", Void: "void"}[how], reason))
			continue
		}
		out = append(out, voice{Voice: Voice{Person: person, Source: SourceSignature, How: how}, role: a.Predicate.Role, rejects: a.Predicate.Verdict == Rejects})
	}
	return out, why
}

// clockSkew is how far the clock of who approved may be ahead.
const clockSkew = 5 * time.Minute

// signer is who gave an approval, or why it does not count.
func (p *People) signer(a *Approval, c Case, by authors, e Evidence) (person, no string) {
	if c.Decision == nil {
		return "", "is of a decision, and there is none"
	}
	keys := a.Signers()
	if len(keys) == 0 {
		return "", "has a signature that is not by the key it names"
	}
	person, ok := "", false
	for _, k := range keys {
		if who, known := p.key[k]; known {
			person, ok = who, true
		}
	}
	reason, revoked := config.Revoked(e.Revoked, config.RevokedApproval, a.Digest)
	for _, k := range keys {
		if why, is := config.Revoked(e.Revoked, config.RevokedKey, k); is {
			reason, revoked = why, true
		}
	}
	switch {
	case !ok:
		return "", fmt.Sprintf("is signed by %s, which is nobody's key: people: {NAME: {keys: [%q]}} in %s of the target branch says whose it is", keys[0], keys[0], config.File)
	case revoked:
		return "", "was revoked: " + reason
	case !e.Now.Before(a.until):
		return "", fmt.Sprintf("by %s ended at %s", person, a.Predicate.ValidUntil)
	case a.until.Sub(a.created) > config.MaxValidity:
		return "", fmt.Sprintf("by %s lasts longer than %s", person, config.MaxValidity)
	case a.created.After(e.Now.Add(clockSkew)):
		return "", fmt.Sprintf("by %s is of %s, which is to come", person, a.Predicate.CreatedAt)
	case by.people[person]:
		return "", fmt.Sprintf("is by %s, who wrote the change", person)
	case len(by.unmapped()) > 0:
		return "", fmt.Sprintf("by %s does not count: %s %s", person, person, unknownAuthors(by.unmapped()))
	}
	return person, ""
}

// answer counts the people of one requirement.
func (p *People) answer(q attest.Requirement, voices []voice, notes []string, s *Snapshot, forge string) Answer {
	a := Answer{ID: q.ID, Role: q.Role, Count: q.Count, Why: slices.Clone(notes)}
	role, defined := p.roles[q.Role]
	if q.Role != "" && q.Role != config.OwnersRole && !defined {
		a.Open = q.Count
		a.Why = append(a.Why, fmt.Sprintf("nobody holds the role %q: roles: {%s: {members: [NAME]}} in %s of the target branch names who does", q.Role, q.Role, config.File))
		return a
	}
	people := map[string]Voice{}
	var rejected []string
	groups := make([]bool, len(q.Owners))
	for _, v := range voices {
		switch {
		case v.role != "" && v.role != q.Role && q.Role != "":
			continue
		case q.Role == config.OwnersRole:
			if !p.owns(v, q.Owners, s, forge, groups) {
				continue
			}
		case q.Role != "" && !p.holds(v, role, s):
			a.Why = append(a.Why, fmt.Sprintf("%s does not hold the role %q", v.Person, q.Role))
			continue
		}
		if len(role.Source) > 0 && !slices.Contains(role.Source, v.Source) {
			a.Why = append(a.Why, fmt.Sprintf("%s gave a %s, and the role %q asks for %s", v.Person, v.Source, q.Role, strings.Join(role.Source, " or ")))
			continue
		}
		if v.rejects {
			rejected = append(rejected, v.Person)
			continue
		}
		if before, known := people[v.Person]; !known || before.Source == SourceReview {
			people[v.Person] = v.Voice
		}
	}
	for _, person := range rejected {
		a.Why = append(a.Why, person+" rejects it")
	}
	for _, person := range slices.Sorted(maps.Keys(people)) {
		if !slices.Contains(rejected, person) {
			a.Given = append(a.Given, people[person])
		}
	}
	a.Open = max(0, q.Count-len(a.Given))
	if n := count(groups, false); q.Role == config.OwnersRole && len(groups) > 0 {
		a.Open = max(a.Open, n)
		for i, given := range groups {
			if !given {
				a.Why = append(a.Why, "missing: "+strings.Join(q.Owners[i], " or "))
			}
		}
	}
	if len(rejected) > 0 {
		a.Open = max(a.Open, 1)
	}
	slices.Sort(a.Why)
	a.Why = slices.Compact(a.Why)
	return a
}

func count(list []bool, want bool) int {
	n := 0
	for _, b := range list {
		if b == want {
			n++
		}
	}
	return n
}

// holds says whether a voice is that of a holder of a role, by name or by a team of the
// snapshot.
func (p *People) holds(v voice, role config.Role, s *Snapshot) bool {
	if slices.Contains(role.Members, v.Person) {
		return true
	}
	return slices.ContainsFunc(role.Teams, func(team string) bool { return p.inTeam(v, team, s) })
}

// inTeam says whether the snapshot has one of the person's accounts in a team.
func (p *People) inTeam(v voice, team string, s *Snapshot) bool {
	if s == nil {
		return false
	}
	return slices.ContainsFunc(s.Teams["@"+strings.TrimPrefix(strings.ToLower(team), "@")], func(member string) bool {
		handle := s.Forge + ":" + member
		person, mapped := p.forge[handle]
		return handle == v.handle || mapped && person == v.Person
	})
}

// owns says whether a voice is that of an owner, and marks the groups that it answers for.
func (p *People) owns(v voice, owners [][]string, s *Snapshot, forge string, groups []bool) bool {
	is := func(owner string) bool {
		lower := strings.ToLower(owner)
		if name, ok := strings.CutPrefix(lower, "@"); ok {
			if strings.Contains(name, "/") {
				return p.inTeam(v, lower, s)
			}
			handle := forge + ":" + name
			if person, mapped := p.forge[handle]; handle == v.handle || mapped && person == v.Person {
				return true
			}
			return p.inTeam(v, lower, s) // a group of GitLab
		}
		person, mapped := p.mail[lower]
		return mapped && person == v.Person
	}
	any := false
	for i, group := range owners {
		if slices.ContainsFunc(group, is) {
			any = true
			if !v.rejects {
				groups[i] = true
			}
		}
	}
	return any
}

func short(id string) string { return id[:min(len(id), 12)] }
