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

// Any says whether any approval is asked for.
func (c Case) Any() bool {
	return slices.ContainsFunc(c.Requirements, func(q attest.Requirement) bool { return q.Count > 0 })
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
	Reviews     *Snapshot    // nil: none
	Deployments *Deployments // nil: none
	Approvals   []*Approval
	Whole       bool        // Approvals are all of those that are kept where they are kept
	Collectors  []Collector // of the trust file
	Now         time.Time
	Revoked     []config.Revocation
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
	Source string // SourceReview, SourceDeployment, SourceSignature
	How    string // exact, retained; of what a forge was asked itself empty
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
	at      time.Time // zero: not known
}

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
		deployments, whyNot := p.deployments(c, by, e.Deployments)
		signed, more := p.signed(c, by, e)
		voices, notes = slices.Concat(reviews, deployments, signed), slices.Concat(why, whyNot, more)
	}
	forge := space(c.Author) // that CODEOWNERS speaks of
	switch {
	case e.Reviews != nil:
		forge = e.Reviews.Forge
	case e.Deployments != nil:
		forge = e.Deployments.Forge
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
		v, no := p.account(r.Handle, r.Bot, by)
		if no == "" && r.Approves && (c.Head == "" || r.Commit != c.Head) {
			no = fmt.Sprintf("approved commit %s, and the head is %s", short(r.Commit), short(c.Head))
		}
		if no != "" {
			why = append(why, r.Handle+" "+no)
			continue
		}
		v.Source, v.rejects, v.at = SourceReview, r.Rejects, r.At
		out = append(out, v)
	}
	return out, why
}

// deployments are those of the run that made the decision to its place, approved by others
// than who made the change.
func (p *People) deployments(c Case, by authors, s *Deployments) (out []voice, why []string) {
	switch {
	case s == nil:
		return nil, nil
	case c.Decision == nil:
		return nil, []string{"deployments are of a decision, and there is none"}
	}
	if no := s.about(c.Decision); no != "" {
		return nil, []string{no}
	}
	for _, r := range s.of(c.Decision) {
		v, no := p.account(r.Handle, r.Bot, by)
		if no == "" {
			no = r.no
		}
		if no != "" {
			why = append(why, r.Handle+" "+no)
			continue
		}
		v.Source, v.rejects, v.at = SourceDeployment, r.Rejects, r.At
		out = append(out, v)
	}
	return out, why
}

// account is who speaks with an account of a forge, or why nobody does who counts.
func (p *People) account(handle string, bot bool, by authors) (v voice, no string) {
	person, mapped := p.forge[handle]
	switch {
	case bot:
		no = "is a program"
	case by.handles[handle] || mapped && by.people[person]:
		no = "wrote the change"
	case len(by.unknown) > 0:
		no = unknownAuthors(by.unknown)
	case !mapped && by.space != space(handle):
		no = fmt.Sprintf("is nobody under people: {NAME: {forge: [%q]}} in %s of the target branch says who it is", handle, config.File)
	}
	if !mapped {
		person = handle
	}
	return voice{Voice: Voice{Person: person}, handle: handle}, no
}

func unknownAuthors(list []string) string {
	return fmt.Sprintf("may have written the change: it is not known who %s is; people: {NAME: {git: [%q]}} in %s of the target branch says so",
		strings.Join(list, ", "), list[0], config.File)
}

// signed are the signed approvals of this decision, and of others with the same effect.
func (p *People) signed(c Case, by authors, e Evidence) (out []voice, why []string) {
	for _, a := range e.Approvals {
		v, no := p.signer(a, c, by, e)
		if no != "" {
			why = append(why, fmt.Sprintf("approval %s %s", short(a.Digest), no))
			continue
		}
		how, reason := a.Carry(c.Decision)
		if how != Exact && how != Retained {
			why = append(why, fmt.Sprintf("approval by %s is %s: %s", v.Person, map[string]string{Renew: "to be renewed", Void: "void"}[how], reason))
			continue
		}
		// What a collector passes on was so when it did: the forge's last word, then.
		v.Source, v.How, v.role, v.rejects, v.at = a.Predicate.Source, how, a.Predicate.Role, a.Predicate.Verdict == Rejects, a.created
		out = append(out, v)
	}
	return out, why
}

// clockSkew is how far the clock of who approved may be ahead.
const clockSkew = 5 * time.Minute

// signer is who gave an approval, or why it does not count.
func (p *People) signer(a *Approval, c Case, by authors, e Evidence) (v voice, no string) {
	if c.Decision == nil {
		return v, "is of a decision, and there is none"
	}
	keys := a.Signers()
	if len(keys) == 0 {
		return v, "has a signature that is not by the key it names"
	}
	reason, revoked := config.Revoked(e.Revoked, config.RevokedApproval, a.Digest)
	for _, k := range keys {
		if why, is := config.Revoked(e.Revoked, config.RevokedKey, k); is {
			reason, revoked = why, true
		}
	}
	if a.Predicate.Source == SourceSignature {
		v, no = p.ofKey(keys, by, e.Collectors)
	} else {
		v, no = p.relayed(a, keys, c, by, e.Collectors)
	}
	switch {
	case revoked:
		return v, "was revoked: " + reason
	case no != "":
		return v, no
	case !e.Now.Before(a.until):
		return v, fmt.Sprintf("by %s ended at %s", v.Person, a.Predicate.ValidUntil)
	case a.until.Sub(a.created) > config.MaxValidity:
		return v, fmt.Sprintf("by %s lasts longer than %s", v.Person, config.MaxValidity)
	case a.created.After(e.Now.Add(clockSkew)):
		return v, fmt.Sprintf("by %s is of %s, which is to come", v.Person, a.Predicate.CreatedAt)
	}
	return v, ""
}

// ofKey is whose key signed.
func (p *People) ofKey(keys []string, by authors, collectors []Collector) (v voice, no string) {
	if x := collectorOf(collectors, keys); x != nil {
		return v, fmt.Sprintf("is signed by the collector %q, which passes on what a forge says and approves nothing itself", x.Name)
	}
	for _, k := range keys {
		if who, known := p.key[k]; known {
			v.Person = who
		}
	}
	switch {
	case v.Person == "":
		return v, fmt.Sprintf("is signed by %s, which is nobody's key: people: {NAME: {keys: [%q]}} in %s of the target branch says whose it is", keys[0], keys[0], config.File)
	case by.people[v.Person]:
		return v, fmt.Sprintf("is by %s, who wrote the change", v.Person)
	case len(by.unmapped()) > 0:
		return v, fmt.Sprintf("by %s does not count: %s %s", v.Person, v.Person, unknownAuthors(by.unmapped()))
	}
	return v, ""
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
	var held []voice // by those who are asked
	groups := make([]bool, len(q.Owners))
	for _, v := range voices {
		switch {
		case v.role != "" && v.role != q.Role && q.Role != "":
			continue
		case q.Role == config.OwnersRole:
			if !p.owns(v, q.Owners, s, forge, nil) {
				continue
			}
		case q.Role != "" && !p.holds(v, role, s):
			a.Why = append(a.Why, fmt.Sprintf("%s does not hold the role %q", v.Person, q.Role))
			continue
		}
		held = append(held, v)
	}
	rejected := standing(held)
	for _, v := range held {
		switch counts := slices.Contains(Wanted(role), v.Source); {
		case v.rejects:
			continue
		case !counts:
			a.Why = append(a.Why, fmt.Sprintf("%s gave a %s, and the role %q asks for %s", v.Person, v.Source, q.Role, either(Wanted(role))))
			continue
		}
		p.owns(v, q.Owners, s, forge, groups)
		if before, known := people[v.Person]; !known || strength(before.Source) < strength(v.Source) {
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

// standing are those who reject and have not taken it back: by an approval that is later,
// and of no weaker source.
func standing(voices []voice) (people []string) {
	for _, r := range voices {
		if !r.rejects || slices.Contains(people, r.Person) {
			continue
		}
		takenBack := slices.ContainsFunc(voices, func(v voice) bool {
			return !v.rejects && v.Person == r.Person && !r.at.IsZero() && v.at.After(r.at) && strength(v.Source) >= strength(r.Source)
		})
		if !takenBack {
			people = append(people, r.Person)
		}
	}
	return people
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
			if groups != nil {
				groups[i] = true
			}
		}
	}
	return any
}

func short(id string) string { return id[:min(len(id), 12)] }
