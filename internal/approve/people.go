// Package approve says which approvals of a change were given and which are open: it
// tells people apart by their identities, reads the answers of forges and signed
// approvals, and holds both against the requirements of a decision. It knows nothing
// about rules.
package approve

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/config"
)

// People tells who an identity is. Quorum counts people, not identities.
type People struct {
	forge, mail, key map[string]string // identity in lower case -> person; keys as they are
	roles            map[string]config.Role
}

// NewPeople reads people and roles of a configuration; nil is one without.
func NewPeople(c *config.Config) *People {
	p := &People{forge: map[string]string{}, mail: map[string]string{}, key: map[string]string{}}
	if c == nil {
		return p
	}
	p.roles = c.Roles
	for id, person := range c.People {
		for _, h := range person.Forge {
			p.forge[strings.ToLower(h)] = id
		}
		for _, m := range person.Git {
			p.mail[strings.ToLower(m)] = id
		}
		for _, k := range person.Keys {
			p.key[k] = id
		}
	}
	return p
}

// noreply are the addresses that forges give to those who hide theirs:
// https://docs.github.com/en/account-and-profile/reference/email-addresses-reference and
// https://docs.gitlab.com/user/profile/#use-an-automatically-generated-private-commit-email
var noreply = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9]+[+-])?([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?:\[bot\])?)@users\.noreply\.(github|gitlab)\.com$`)
})

// isBot says whether a handle is that of a program.
func isBot(handle string) bool {
	return strings.HasSuffix(handle, "[bot]") || regexp.MustCompile(`^gitlab:(project|group)_[0-9]+_bot`).MatchString(handle)
}

// authors are those who made a change.
type authors struct {
	people  map[string]bool // by the configuration
	handles map[string]bool // of forges, in lower case
	foreign string          // the handle of who asks for the change, if it maps to nobody
	space   string          // forge of which every account is a person, or empty
	unknown []string        // identities of whom it is not known who they are
}

// authorsOf tells who made a change: handle is the author of its pull request, such as
// "github:alice", or empty; mails are the addresses of its commits.
func (p *People) authorsOf(handle string, mails []string) authors {
	a := authors{people: map[string]bool{}, handles: map[string]bool{}}
	byHandle := func(h string) {
		h = strings.ToLower(h)
		a.handles[h] = true
		if person, ok := p.forge[h]; ok {
			a.people[person] = true
		}
	}
	if handle != "" {
		byHandle(handle)
		switch mapped := p.forge[strings.ToLower(handle)] != ""; {
		case mapped:
		case !isBot(handle):
			a.foreign, a.space = strings.ToLower(handle), space(handle)
		case len(p.forge) == 0: // a program has no second account
			a.space = space(handle)
		}
	}
	for _, m := range mails {
		m = strings.ToLower(m)
		if person, ok := p.mail[m]; ok {
			a.people[person] = true
			continue
		}
		if parts := noreply().FindStringSubmatch(m); parts != nil {
			byHandle(parts[2] + ":" + parts[1])
			continue
		}
		a.unknown = append(a.unknown, m)
	}
	// Who asks for a change usually wrote it: one address that maps to nobody is theirs,
	// if they map to nobody either.
	if a.foreign != "" && len(a.unknown) == 1 {
		a.unknown = nil
	}
	return a
}

// unmapped are identities of authors that belong to nobody: whose signature counts is not
// known then.
func (a authors) unmapped() []string {
	out := slices.Clone(a.unknown)
	if a.foreign != "" {
		out = append(out, a.foreign)
	}
	return out
}

// space is the forge that a handle belongs to.
func space(handle string) string {
	forge, _, _ := strings.Cut(handle, ":")
	return forge
}
