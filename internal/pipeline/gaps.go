package pipeline

import (
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/terraform"
)

// unreached says of what could not be judged whether the base lacked it as well
// and the change has no influence on it. Whatever is about the run as a whole,
// about its inputs or about what the change does is no such thing. before is the
// ledger of the base.
func (c *chain) unreached(before []facts.Entry) func(facts.Entry) bool {
	var units, stacks map[string]bool
	if c.read.declared != nil {
		stacks = c.read.declared.Unreached
	}
	reached := map[string]bool{} // files
	for _, f := range c.changed.Change.Files {
		reached[f.Path], reached[f.Previous] = true, true
	}
	if c.rendered.comparison != nil {
		units = c.rendered.comparison.Unreached
		for _, u := range c.rendered.comparison.Unread {
			reached[u.Path] = true // what the change does hangs on what it holds
		}
	}
	tree := c.changed.BaseTree
	var modules []string // of a submodule the base has the commit, and no file either
	if t, ok := tree.(interface{ Submodules() []string }); ok {
		modules = t.Submodules()
	}
	asBefore := func(file string) bool {
		_, there := tree.Lookup(file)
		return (there || slices.Contains(modules, file)) && !reached[file]
	}
	return func(e facts.Entry) bool {
		stack, isStack := strings.CutPrefix(e.ID, "stack:")
		switch e.Kind {
		case "unit":
			return isStack && stacks[stack] || units[e.ID]
		case "file", discover.Helmfile:
			return asBefore(strings.TrimPrefix(e.ID, "file:"))
		case "module":
			return stacks[terraform.UnreadIn(e.ID)]
		case "object", "resource":
			return asBefore(e.Place.File)
		case "admission": // neither the policy nor the object is changed, for the same reason as before
			return e.Existing && slices.ContainsFunc(before, func(b facts.Entry) bool {
				return b.Kind == e.Kind && b.State == e.State && b.Reason == e.Reason
			})
		}
		return false
	}
}
