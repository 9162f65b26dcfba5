package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"gate/internal/source"
)

var (
	forgeHandle = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9.-]*:[^\s:]+$`) })
	fingerprint = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`) })
)

// people checks identities and roles: one identity is one person, or a quorum
// would count somebody twice.
func (k checks) people() {
	owner := map[string]string{}
	claim := func(p source.Path, kind, id, person string) {
		key := kind + "\x00" + strings.ToLower(id)
		if other, taken := owner[key]; taken {
			k.faultf(p, "%s %q belongs to %q already; one identity is one person", kind, clip(id), other)
			return
		}
		owner[key] = person
	}
	for _, id := range slices.Sorted(maps.Keys(k.config.People)) {
		person, p := k.config.People[id], source.Path{"people", id}
		if !identifier().MatchString(id) {
			k.faultf(p, "%s is %q; expected letters, digits, '.', '_' and '-', at most 63", name(p), clip(id))
		}
		for j, h := range person.Forge {
			if !forgeHandle().MatchString(h) {
				k.faultf(at(p, "forge", j), "%q is no forge handle; expected one such as \"github:alice\"", clip(h))
			}
			claim(at(p, "forge", j), "forge handle", h, id)
		}
		for j, m := range person.Git {
			if !strings.Contains(m, "@") {
				k.faultf(at(p, "git", j), "%q is no e-mail address", clip(m))
			}
			claim(at(p, "git", j), "e-mail address", m, id)
		}
		for j, x := range person.Identities {
			q := at(p, "identities", j)
			k.filled(at(q, "issuer"), x.Issuer)
			k.filled(at(q, "subject"), x.Subject)
			claim(q, "identity", x.Issuer+" "+x.Subject, id)
		}
		for j, f := range person.Keys {
			if !fingerprint().MatchString(f) {
				k.faultf(at(p, "keys", j), "%q is no key fingerprint; expected SHA256: and 43 characters of base64", clip(f))
			}
			claim(at(p, "keys", j), "key", f, id)
		}
	}
	if text := k.config.Decision.MaxValidity; text != "" || k.present(source.Path{"decision", "maxValidity"}) {
		p := source.Path{"decision", "maxValidity"}
		switch d, err := time.ParseDuration(text); {
		case err != nil || d < time.Second || d%time.Second != 0: // decisions tell whole seconds
			k.faultf(p, "%q is no duration in whole seconds; expected one such as \"24h\"", clip(text))
		case d > MaxValidity:
			k.faultf(p, "%q is too long; expected %s at most", clip(text), MaxValidity)
		}
	}
	for j, e := range k.config.Decision.Require {
		k.word(source.Path{"decision", "require", j}, e, evidence)
	}
	k.distinct(source.Path{"decision", "require"}, k.config.Decision.Require)
	if r := k.config.UnownedPaths; r != "" {
		if _, known := k.config.Roles[r]; !known {
			k.faultf(source.Path{"unownedPaths"}, "role %q is not under roles%s", clip(r), suggest(r, slices.Sorted(maps.Keys(k.config.Roles))))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(k.config.Roles)) {
		role, p := k.config.Roles[id], source.Path{"roles", id}
		if !identifier().MatchString(id) {
			k.faultf(p, "%s is %q; expected letters, digits, '.', '_' and '-', at most 63", name(p), clip(id))
		}
		if len(role.Members) == 0 && len(role.Teams) == 0 {
			k.faultf(p, "role %q has neither members nor teams; nobody could approve", id)
		}
		for j, m := range role.Members {
			if _, known := k.config.People[m]; !known {
				k.faultf(at(p, "members", j), "person %q is not under people%s", clip(m), suggest(m, slices.Sorted(maps.Keys(k.config.People))))
			}
		}
		k.distinct(at(p, "members"), role.Members)
		if n := len(role.Members); len(role.Teams) == 0 && role.Count > n {
			k.faultf(at(p, "count"), "role %q needs %d approvals and has %d members", id, role.Count, n)
		}
		for j, s := range role.Source {
			k.word(at(p, "source", j), s, sources)
		}
	}
}

func (k checks) distinct(p source.Path, list []string) {
	seen := map[string]bool{}
	for j, s := range list {
		if seen[s] {
			k.faultf(at(p, j), "%q is listed twice", clip(s))
		}
		seen[s] = true
	}
}

func (k checks) approvals() {
	for class, byRisk := range k.config.Approvals {
		p := source.Path{"approvals", string(class)}
		k.word(p, string(class), classes)
		for risk, need := range byRisk {
			q := at(p, risk)
			k.word(q, risk, riskClasses)
			for j, r := range need.Roles {
				if _, known := k.config.Roles[r]; !known {
					k.faultf(at(q, "roles", j), "role %q is not under roles%s", clip(r), suggest(r, slices.Sorted(maps.Keys(k.config.Roles))))
				}
			}
			if len(need.Roles) > 0 && need.Count == 0 {
				k.faultf(at(q, "count"), "count is 0 although roles are named")
			}
		}
	}
}

// defaultApprovals is the minimum without an entry under approvals, for class
// prod; non-prod needs none.
var defaultApprovals = map[string]Approval{
	"low":      {Count: 1},
	"medium":   {Count: 1},
	"high":     {Count: 2},
	"critical": {Count: 2, Roles: []string{"elevated"}},
}

// ApprovalFor is the smallest number of approvals that a change of a risk class
// needs in an environment of a class, whatever the findings are. Without a
// configuration nothing is needed; a role that nobody defined is not asked for
// by default, as nobody could give its approval.
func (c *Config) ApprovalFor(class Class, risk string) Approval {
	if !c.Configured() {
		return Approval{}
	}
	if need, set := c.Approvals[class][risk]; set {
		return need
	}
	if class != Prod {
		return Approval{}
	}
	need, known := defaultApprovals[risk]
	if !known {
		need = defaultApprovals["critical"]
	}
	need.Roles = slices.DeleteFunc(slices.Clone(need.Roles), func(role string) bool {
		_, defined := c.Roles[role]
		return !defined
	})
	if len(need.Roles) == 0 {
		need.Roles = nil
	}
	return need
}

// RoleCount is the number of people that a role asks for: 1 unless it says
// more, or is not configured.
func (c *Config) RoleCount(role string) int {
	if c == nil {
		return 1
	}
	return max(1, c.Roles[role].Count)
}

// MissingRoles returns a text for every role that rules may ask for under this
// configuration and that it does not define: nobody could give such an approval. asked are
// those of rules that the configuration itself has ask, byDefault those of others.
func (c *Config) MissingRoles(rules []RuleSpec, now time.Time) (asked, byDefault []string) {
	if !c.Configured() {
		return nil, nil
	}
	own, others := map[string][]string{}, map[string][]string{}
	for _, r := range rules {
		if _, defined := c.Roles[r.Requires]; defined || r.Requires == "" || r.Requires == OwnersRole {
			continue
		}
		var by map[string][]string
		for _, e := range c.Environments {
			if c.EffectOf(r, e.Name, e.Class, now) != "require-approval" {
				continue
			}
			if c.HasEffect(r.ID, e.Name, e.Class) {
				by = own
				break
			}
			by = others
		}
		if by != nil {
			by[r.Requires] = append(by[r.Requires], r.ID)
		}
	}
	return missing(own), missing(others)
}

func missing(rules map[string][]string) (out []string) {
	for _, role := range slices.Sorted(maps.Keys(rules)) {
		out = append(out, fmt.Sprintf("role %q is not under roles, yet %s may require its approval; roles: {%s: {members: [NAME]}} says who gives it", role, strings.Join(rules[role], ", "), role))
	}
	return out
}

// UnownedRole is the role that stands in for code owners where a path has none.
func (c *Config) UnownedRole() string {
	if c == nil || c.UnownedPaths == "" {
		return "platform"
	}
	return c.UnownedPaths
}

// HeldUnownedRole is UnownedRole where the configuration defines it, else empty.
func (c *Config) HeldUnownedRole() string {
	if c == nil {
		return ""
	}
	role := c.UnownedRole()
	if _, defined := c.Roles[role]; !defined {
		return ""
	}
	return role
}

// OwnersRole is the role of rules whose requirement is an approval by the code
// owners of the path; CODEOWNERS says who they are, not the configuration.
const OwnersRole = "code-owner"
