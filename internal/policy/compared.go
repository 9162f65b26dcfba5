package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// compare asks the rules about a document in which something is hidden.
func (n *namespace) compare(ctx context.Context, a *askedDocument, steps *Steps, t *trace) ([]answer, error) {
	first := make([]answer, len(n.queries))
	var open []int // rules that looked at what is hidden
	texts := standInTexts()
	for i := range n.queries {
		look := &look{hidden: a.hidden}
		options := append(t.options(), rego.EvalQueryTracer(look), rego.EvalRuleIndexing(false))
		first[i] = n.queries[i].ask(ctx, a.data, a.input, steps, options...)
		if look.seen {
			open = append(open, i)
			first[i] = first[i].strictly()
		}
	}
	if err := ended(ctx, steps); err != nil || len(open) == 0 {
		return first, err
	}
	var failed error
	standIns(n.constants(), a.hidden, func(fill func(int, hidden) string, others []string) bool {
		in, err := ast.InterfaceToValue(filled(a.value, a.hidden, fill))
		if err != nil {
			failed = err
			return false
		}
		both := slices.Concat(texts, others)
		for _, i := range open {
			second := n.queries[i].ask(ctx, a.data, in, steps).strictly()
			first[i].narrow(second, both)
		}
		open = slices.DeleteFunc(open, func(i int) bool { return first[i].unknown && len(first[i].messages) == 0 })
		failed = ended(ctx, steps)
		return failed == nil && len(open) > 0
	})
	hide := func(text string) string { return without(text, texts, hiddenMark) }
	for i := range first {
		for j, m := range first[i].messages {
			first[i].messages[j] = m.rewritten(hide)
		}
	}
	return first, failed
}

// strictly is an answer that says nothing beside an error: what fails over every text that
// is filled in may well take the value.
func (a answer) strictly() answer {
	if a.err != nil {
		return answer{err: a.err}
	}
	return a
}

// narrow keeps of an answer what another one says as well, but for what was filled in.
// An answer that differs is unknown, beside what is left of it.
func (a *answer) narrow(b answer, texts []string) {
	if (a.err == nil) != (b.err == nil) || a.excepted != b.excepted {
		*a = answer{unknown: true}
		return
	}
	said := func(list []message) map[string]bool {
		out := map[string]bool{}
		for _, m := range list {
			out[without(m.text, texts, "")] = true
		}
		return out
	}
	mine, others := said(a.messages), said(b.messages)
	a.messages = slices.DeleteFunc(slices.Clone(a.messages), func(m message) bool { return !others[without(m.text, texts, "")] })
	for text := range others {
		a.unknown = a.unknown || !mine[text]
	}
	for text := range mine {
		a.unknown = a.unknown || !others[text]
	}
}

// without puts a mark where one of the texts stands, longer ones first.
func without(msg string, texts []string, mark string) string {
	texts = slices.Clone(texts)
	slices.SortFunc(texts, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, t := range texts {
		if t != "" {
			msg = strings.ReplaceAll(msg, t, mark)
		}
	}
	return msg
}

// hiddenReason is what is said of a rule that hangs on what is hidden.
func hiddenReason(rule string, list []hidden) string {
	const most = 3
	var names []string
	for _, h := range list[:min(most, len(list))] {
		names = append(names, cmp.Or(h.path.String(), "the document"))
	}
	where := strings.Join(names, ", ")
	if more := len(list) - len(names); more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("what %s says cannot be told: it hangs on a value that is hidden from policies (%s); \"secrets: true\" in the entry shows it to this policy", rule, where)
}

// look watches an evaluation and says whether an expression was reached that names a
// place at which something is hidden, or what holds one.
type look struct {
	hidden []hidden
	seen   bool
	known  map[*ast.Expr]bool
}

// Enabled says whether there is anything left to find out.
func (l *look) Enabled() bool { return !l.seen }

// Config asks for no values.
func (l *look) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent looks at an expression that is about to be evaluated.
func (l *look) TraceEvent(e topdown.Event) {
	expr, ok := e.Node.(*ast.Expr)
	if !ok || l.seen || l.known[expr] {
		return
	}
	if l.known == nil {
		l.known = map[*ast.Expr]bool{}
	}
	l.known[expr] = true
	l.seen = names(expr, l.hidden)
}

// names says whether a part of a rule names one of the places.
func names(x any, places []hidden) (found bool) {
	ast.WalkTerms(x, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Var: // not the head of a reference
			found = found || v.Equal(ast.InputRootDocument.Value)
		case ast.Ref:
			if v.HasPrefix(ast.InputRootRef) && slices.ContainsFunc(places, func(h hidden) bool { return overlap(v[1:], h.path) }) {
				found = true
			}
			for _, e := range v[1:] {
				found = found || names(e, places)
			}
			return true
		}
		return found
	})
	return found
}

// overlap says whether a reference into the input leads to a place, to what holds it,
// or into it. Variables lead everywhere.
func overlap(ref ast.Ref, place source.Path) bool {
	for i, t := range ref {
		if i == len(place) {
			return true
		}
		switch v := t.Value.(type) {
		case ast.String:
			if key, ok := place[i].(string); !ok || key != string(v) {
				return false
			}
		case ast.Number:
			n, isInt := v.Int()
			if at, ok := place[i].(int); !ok || !isInt || n != at {
				return false
			}
		}
	}
	return true
}
