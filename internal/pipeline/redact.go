package pipeline

import (
	"regexp"

	"gate/internal/facts"
	"gate/internal/secrets"
)

// redactFacts takes detected values out of what is no object and no resource:
// CI definitions and the outputs of stacks.
func (r *run) redactFacts(scanner *secrets.Scanner) {
	for i, w := range r.facts.Workflows {
		clean := scanner.RedactSettings(w.Document)
		for j, e := range w.Entries {
			if was, ok := valueAt(w.Document, e.Path).(string); ok && was == e.Value {
				if is, ok := valueAt(clean, e.Path).(string); ok {
					w.Entries[j].Value = is
				}
			}
		}
		r.facts.Workflows[i].Document = clean
	}
	for i, s := range r.facts.Terraform.Stacks {
		if s.Outputs != nil {
			r.facts.Terraform.Stacks[i].Outputs = scanner.RedactSettings(s.Outputs)
		}
	}
}

// valueAt returns the value at a path of a document, or nil.
func valueAt(v any, path []any) any {
	for _, e := range path {
		switch x := v.(type) {
		case map[string]any:
			k, _ := e.(string)
			v = x[k]
		case []any:
			i, ok := e.(int)
			if !ok || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

var secretKind = regexp.MustCompile(`["']?kind["']?[ \t]*:[ \t]*["']?Secret\b`)

// redactLedger takes known secrets out of the reasons of the ledger: a template
// that fails may say what it was given. A Secret that cannot be parsed has no
// known values, so no line of its file is shown.
func (r *run) redactLedger() {
	for i, e := range r.ledger {
		if e.State == facts.Failed && e.Place.File != "" && !r.opaque[e.Place.File] {
			if data, err := r.tree.ReadFile(e.Place.File); err == nil && e.Kind == "file" && secretKind.Match(data) {
				r.opaque[e.Place.File] = true
			}
		}
		r.ledger[i].Reason, r.ledger[i].Hint = r.redact(e.Reason), r.redact(e.Hint)
	}
	for i, n := range r.notes {
		r.notes[i] = r.redact(n)
	}
}
