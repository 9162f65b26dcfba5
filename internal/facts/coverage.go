package facts

import "gate/internal/source"

// State is what became of one discovered thing.
type State string

// The states of the coverage ledger. Failed makes the run incomplete; so does
// Skipped where the input is required.
const (
	Evaluated     State = "evaluated"
	NotApplicable State = "not-applicable"
	Excluded      State = "excluded"
	Skipped       State = "skipped" // an input was not handed in
	Failed        State = "failed"
	Unchanged     State = "unchanged" // not judged: the change does not reach it
)

// NoReader as the reader of a file says that no unit and no stack reads it.
const NoReader = "none"

// Entry is one line of the coverage ledger.
type Entry struct {
	Kind   string          `json:"kind"` // file, unit, object, resource, rule, policy
	ID     string          `json:"id"`
	State  State           `json:"state"`
	Reason string          `json:"reason,omitempty"`
	Hint   string          `json:"hint,omitempty"` // what would settle it
	Place  source.Position `json:"place"`
	Count  int             `json:"count,omitempty"` // subjects that a rule judged
	// Reader is who reads a file that is not judged by itself: the first unit or
	// stack, or NoReader. Empty where no more is known than the reason says.
	Reader string `json:"reader,omitempty"`
	// Input is what a skipped entry lacks, as the configuration's "optional"
	// names it: pull-request, plan, protection, attestations, contract.
	Input string `json:"input,omitempty"`
	// Cause is the kind of what a failed entry lacks, where one command settles
	// all of the kind.
	Cause source.Cause `json:"cause,omitempty"`
	// Existing says that it was so at the base of the change, and that the change
	// does not reach it: it is counted, and is no fault of the change.
	Existing bool `json:"existing,omitempty"`
	// Until and Owner belong to an exclusion.
	Owner string `json:"owner,omitempty"`
	Until string `json:"until,omitempty"`
}
