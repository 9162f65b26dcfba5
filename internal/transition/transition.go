// Package transition says what a change does to objects and resources: which
// object of the base is which object of the head, what differs between the
// two, and one digest over all of it that an approval can be bound to.
//
// # The digest
//
// A transition is the set of actions on objects and resources. What is unchanged or
// was read for the plan is no part of it. Each action is one object of these
// members, of which empty ones are left out:
//
//	kind     "object", "resource", or "configuration": what else decides about a
//	         stack
//	subject  the id of the object or resource in the facts document
//	action   of an object created, updated, deleted, moved, or applied where it
//	         was judged without a base; of a resource the plan's actions joined
//	         by commas, "move" and "import" behind them; without a plan
//	         created, updated, deleted, moved, forgotten or imported, and declared
//	         where it was judged without a base; "read" of a data source that apply
//	         reads; "planned" of a stack with a plan
//	outcome  what comes of it, of an object (or a resource without a plan) that is
//	         not simply applied: its deployer does not apply it, leaves it
//	         orphaned, moves it to another cluster, or cannot be told
//	from     where it moved from
//	replace  the sorted paths that force a replacement
//	changes  the changed paths with what stands there afterwards, sorted by path
//
// A change is {"path", "value"}. The value is "sha256:" and the digest of the
// canonical JSON of the value after the change; "removed" if there is none;
// "computed" if only apply knows it; "sensitive" if it is or holds a secret, or
// "hmac-sha256:" and a keyed digest if a key is given. What is created has its
// whole content as one change of path "", and one for each sensitive or
// computed leaf. A computed attribute counts only if the configuration sets it:
// the others are the provider's noise. Nulls count as absent. Paths that begin with
// "$" tell what decides beside values: $provider, $import, $expressions,
// $provisioners.
//
// Canonical JSON has sorted keys, no white space, no HTML escapes, and numbers
// as encoding/json writes them. The digest is SHA-256, in lower-case hex, over
// the line "gate.transition/v2" and the canonical JSON of each action, as lines
// sorted bytewise, each ended by a line feed. Therefore neither the order nor
// the time nor the format version of a plan matters, and every changed action,
// path, value and replacement does. docs/transition-digest.md explains it,
// testdata/vectors.json fixes it.
//
// A transition of which anything in scope is not known (facts.Change.Unknown:
// a file that cannot be read, a unit that cannot be rendered, at base or head)
// has no digest: what is known of it would be the digest of another, smaller
// change. It is equal to no transition, not even to one that is as little
// known, and its binding is exact.
package transition

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"gate/internal/facts"
)

// schema is the first line of what is hashed: a changed algorithm changes it.
const schema = "gate.transition/v2"

// Transition is what a change does to one environment and target.
type Transition struct {
	Actions []Action // of what is known, sorted by subject
	// Unknown is what of the change is not known; see Digest.
	Unknown []facts.UnknownChange
	// Declared says that some of it is told from the configuration of a stack that
	// has no plan.
	Declared bool
	// Varied says that a unit of which something is applied may render to something
	// else, by what nothing fixes.
	Varied bool
}

// Action is what becomes of one object or resource.
type Action struct {
	Kind    string   `json:"kind"`
	Subject string   `json:"subject"`
	Action  string   `json:"action"`
	Outcome string   `json:"outcome,omitempty"` // of facts.ResourceChange; none if it is applied
	From    string   `json:"from,omitempty"`
	Replace []string `json:"replace,omitempty"`
	Changes []Change `json:"changes,omitempty"`
}

// Change is one changed path and what stands there afterwards.
type Change struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// The values of changes that are no digests.
const (
	valueRemoved   = "removed"
	valueComputed  = "computed"
	valueSensitive = "sensitive"
)

// How a decision about a transition may be bound to another run.
const (
	// Exact: to the same bytes and commit only, as the transition is not known
	// whole, is told from configuration, hangs on what nothing fixes, or changes a
	// secret of which no value may be written down.
	Exact = "exact"
	// Equivalent: also to another plan or commit with the same digest.
	Equivalent = "equivalent"
)

// Digest is the transition digest, in lower-case hex; "" if the transition is
// not known whole. An empty digest is equal to nothing.
func (t Transition) Digest() (string, error) {
	if len(t.Unknown) > 0 {
		return "", nil
	}
	lines := make([]string, 0, len(t.Actions))
	for _, a := range t.Actions {
		line, err := canonical(a)
		if err != nil {
			return "", fmt.Errorf("digest the transition of %s: %w", a.Subject, err)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range append([]string{schema}, lines...) {
		h.Write([]byte(line))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Binding is Exact if there is no digest, if a secret changes of which the digest
// says no more than that, if a chart may render to something else, or if anything is
// told from a configuration: what Terraform then does also depends on the state. Else it is Equivalent.
func (t Transition) Binding() string {
	if len(t.Unknown) > 0 || t.Declared || t.Varied {
		return Exact
	}
	for _, a := range t.Actions {
		for _, c := range a.Changes {
			if c.Value == valueSensitive {
				return Exact
			}
		}
	}
	return Equivalent
}
