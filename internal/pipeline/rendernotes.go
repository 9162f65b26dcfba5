package pipeline

import (
	"fmt"

	"gate/internal/facts"
)

// maxRenderNotes bounds what the notes repeat of the ledger.
const maxRenderNotes = 10

// noteRendered repeats for the reader what units said about their rendering:
// a patch that changes nothing, an object that is left out.
func (r *run) noteRendered(ledger []facts.Entry) {
	more := 0
	seen := map[string]bool{}
	for _, e := range ledger {
		if e.Kind != "render" {
			continue
		}
		text := fmt.Sprintf("%s: %s", e.Place, e.Reason)
		if e.Hint != "" {
			text += " (" + e.Hint + ")"
		}
		switch {
		case seen[text]:
		case len(seen) == maxRenderNotes:
			more++
		default:
			seen[text] = true
			r.notes = append(r.notes, text)
		}
	}
	if more > 0 {
		r.notes = append(r.notes, fmt.Sprintf("rendering left out or changed nothing at %d more places: see the entries of kind render in the JSON report", more))
	}
}
