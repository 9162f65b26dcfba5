package repository

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"gate/internal/facts"
)

// Retention classes: how long the evidence of a change is kept.
const (
	RetentionStandard  = "standard"
	RetentionRegulated = "regulated"
	RetentionIncident  = "incident"
)

// Evidence names what will prove the change later, for each environment and
// target that it reaches. The identity is known before anything is applied, so
// that the first decision carries it: sha256 over "gate.evidence/v1",
// repository, commit, environment and target, each ended by a newline, as
// "ev-" and the first 32 hexadecimal digits. It is empty, with the reason, if
// one of the first two is not known.
//
// reached are the scopes; one is regulated if any of its subjects is. An
// emergency is kept as the incident that it belongs to.
func Evidence(c *facts.Change, reached []facts.Scope, emergency bool) []facts.Evidence {
	byID := map[string]facts.Evidence{}
	for _, s := range reached {
		id := "evidence:" + s.Environment + "/" + s.Target
		e, seen := byID[id]
		if !seen {
			e.ID, e.Scope = id, facts.Scope{Environment: s.Environment, Class: s.Class, Target: s.Target}
		}
		e.Regulated = e.Regulated || s.Regulated
		byID[id] = e
	}
	out := make([]facts.Evidence, 0, len(byID))
	for _, e := range byID {
		switch {
		case c.Repository == "":
			e.Reason = "the repository has no remote that names it"
		case c.Commit == "":
			e.Reason = "there is no commit: the tree is not in git"
		default:
			text := strings.Join([]string{"gate.evidence/v1", c.Repository, c.Commit, e.Environment, e.Target, ""}, "\n")
			sum := sha256.Sum256([]byte(text))
			e.EvidenceID = "ev-" + hex.EncodeToString(sum[:])[:32]
		}
		switch {
		case emergency:
			e.RetentionClass = RetentionIncident
		case e.Regulated:
			e.RetentionClass = RetentionRegulated
		default:
			e.RetentionClass = RetentionStandard
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b facts.Evidence) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Emergency says whether a change declares itself one: by a label of the given
// ones (the parameter labels of repository/emergency-incident), or by a trailer
// "Emergency" that does not say no.
func Emergency(c *facts.Change, labels []string) bool {
	switch strings.ToLower(c.Trailers["emergency"]) {
	case "", "no", "false":
	default:
		return true
	}
	if c.PullRequest == nil {
		return false
	}
	return slices.ContainsFunc(c.PullRequest.Labels, func(l string) bool {
		return slices.ContainsFunc(labels, func(want string) bool { return strings.EqualFold(l, want) })
	})
}
