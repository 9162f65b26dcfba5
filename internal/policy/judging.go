package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// askedDocument is a document, or one element of a list, on its way through the packages.
type askedDocument struct {
	*Document
	data   documentData
	value  any
	hidden []hidden
	input  ast.Value // of the first stand-ins
}

// name is what the document is called where it fails.
func (a *askedDocument) name() string {
	switch n := a.Prefix; {
	case len(n) == 0:
		return a.File
	case n[0] == any(title(a.Value)):
		return fmt.Sprintf("%s (%s)", a.File, n[0])
	default:
		return fmt.Sprintf("%s (document %v)", a.File, n[0])
	}
}

// answer is what one rule says of one document. What it says beside an error is what is
// left where a function that fails is undefined.
type answer struct {
	messages []message
	excepted bool
	unknown  bool // it hangs on what is hidden
	err      error
}

// ended is the error of what all rules of a package took together, or of the run.
func ended(ctx context.Context, steps *Steps) error {
	switch {
	case steps.Over() != nil:
		return steps.Over()
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}

// judge asks all rules of a package about one document. The error is that of the
// steps, which are those of all rules and stand-ins together, or of the run; a rule
// that fails by itself does not keep the others from being asked.
func (n *namespace) judge(ctx context.Context, a *askedDocument, steps *Steps, t *trace) ([]answer, error) {
	if len(a.hidden) == 0 {
		out := make([]answer, len(n.queries))
		for i := range n.queries {
			out[i] = n.queries[i].ask(ctx, a.data, a.input, steps, t.options()...)
		}
		return out, ended(ctx, steps)
	}
	return n.compare(ctx, a, steps, t)
}

// ask evaluates one rule, and whether the document is excepted from it.
func (q *ruleQuery) ask(ctx context.Context, data documentData, in ast.Value, steps *Steps, options ...rego.EvalOption) (out answer) {
	defer func() {
		if p := recover(); p != nil {
			out = answer{err: errors.New(source.Panicked(p))}
		}
	}()
	options = append(options, rego.EvalParsedInput(in), rego.EvalTransaction(data), rego.EvalExternalCancel(steps), rego.EvalMetrics(noMetrics))
	eval := func(query rego.PreparedEvalQuery) (rego.ResultSet, error) {
		set, err := query.Eval(ctx, options...)
		switch {
		case err == nil:
			return set, nil
		case ended(ctx, steps) != nil:
			return nil, ended(ctx, steps)
		case topdown.IsCancel(err):
			return nil, errEnded
		}
		return nil, errors.New(plainNames(err.Error()))
	}
	both := func(q query) (rego.ResultSet, bool) {
		set, err := eval(q.strict)
		if err != nil {
			out.err = cmp.Or(out.err, err)
			set, err = eval(q.lenient)
		}
		return set, err == nil
	}
	set, ok := both(q.query)
	if !ok {
		return out
	}
	var err error
	if out.messages, err = messagesOf(set); err != nil {
		return answer{err: fmt.Errorf("rule %s: %w", q.rule, err)}
	}
	if q.exception == nil {
		return out
	}
	if set, ok = both(*q.exception); !ok {
		return answer{err: out.err}
	}
	out.excepted = isTrue(set)
	return out
}

var noMetrics = metrics.NoOp()
