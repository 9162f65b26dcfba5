package compare

import (
	"gate/internal/classify"
	"gate/internal/decide"
	"gate/rules"
)

// summarised is what people are told of a change.
func summarised(in Steps, findings ...decide.Finding) []decide.TransitionSummary {
	table, err := classify.Load(rules.FS)
	if err != nil {
		panic(err)
	}
	told := Tell(in)
	return told.Summaries(table.Evaluate(told.Moved(), in.Facts), findings)
}
