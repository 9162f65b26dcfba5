package policy

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"gate/internal/facts"
	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
)

// What packages may take: a million steps are about a second of a processor.
const (
	// lightSteps are those of one package over one document in the first round.
	// Most take less by far; what takes more waits until all others are judged.
	lightSteps = 20_000
	// packageSteps are what the documents of a package share that take more.
	packageSteps = 60_000_000
	// documentSteps is what each document adds to them.
	documentSteps = 20_000
	// maxKilled is how many documents may end a worker before their package is asked
	// no more.
	maxKilled = 2
)

// round is one set on its way over all documents.
type round struct {
	set      Set
	sets     *compiledSet
	options  Options
	count    int // documents
	docs     []askedDocument
	verdict  [][]verdict // by document and namespace
	running  *running
	traced   int           // bytes; see Options.Trace
	patience time.Duration // see stuckTime
}

// verdict is what one package says of one document.
type verdict struct {
	answers []answer
	heavy   bool // to be judged in the second round
	err     error
	trace   string
}

func newRound(s Set, c *compiledSet, docs []Document, o Options) *round {
	switch {
	case o.Trace: // they are read in the order of the documents
		o.Workers = 1
	case o.Workers == 0:
		o.Workers = runtime.GOMAXPROCS(0)
	}
	r := &round{set: s, sets: c, options: o, count: len(docs), running: newRunning(), patience: stuckTime}
	if s.Combine && len(docs) > 0 {
		docs = []Document{combinedDocument(docs)}
	}
	r.docs = make([]askedDocument, len(docs))
	for i := range docs {
		r.docs[i].Document = &docs[i]
	}
	r.verdict = make([][]verdict, len(r.docs))
	return r
}

// combinedDocument is all documents as one.
func combinedDocument(docs []Document) Document {
	out := Document{ID: "repository", File: "Combined", Value: asList(combined(docs)), parts: docs}
	shown := slices.Clone(docs)
	var cleaners []func(string) string
	for i, d := range docs {
		if d.Shown != nil {
			shown[i].Value = d.Shown
			cleaners = append(cleaners, d.Clean)
		}
	}
	if len(cleaners) > 0 {
		out.Shown = asList(combined(shown))
		out.Clean = func(text string) string {
			for _, clean := range cleaners {
				text = clean(text)
			}
			return text
		}
	}
	return out
}

func asList(list []map[string]any) []any {
	out := make([]any, len(list))
	for i, m := range list {
		out[i] = m
	}
	return out
}

// light judges every document by every package that does not take long over it.
func (r *round) light(ctx context.Context) {
	indices := make([]int, len(r.docs))
	for i := range indices {
		indices[i] = i
	}
	_ = parallel(ctx, r.options.Workers, indices, func(i int) { // what was not reached is failed below
		a := &r.docs[i]
		verdicts := make([]verdict, len(r.sets.namespaces))
		err := a.prepare(r.sets.data)
		for n := range r.sets.namespaces {
			if err != nil {
				verdicts[n] = verdict{err: err}
				continue
			}
			verdicts[n] = r.judge(ctx, n, a, CountSteps(ctx, lightSteps))
		}
		a.data, a.input, a.value = documentData{}, nil, nil // what is judged again is prepared again
		r.verdict[i] = verdicts
	})
}

// heavy judges what is left. The packages are judged beside one another, the documents
// of one after the other, so that the same ones fail on every machine.
func (r *round) heavy(ctx context.Context) {
	indices := make([]int, len(r.sets.namespaces))
	for i := range indices {
		indices[i] = i
	}
	_ = parallel(ctx, r.options.Workers, indices, func(n int) {
		left := int64(packageSteps + documentSteps*r.count)
		if r.options.Steps > 0 {
			left = r.options.Steps + int64(documentSteps*r.count)
		}
		most := left
		for i := range r.docs {
			if r.verdict[i] == nil || !r.verdict[i][n].heavy {
				continue
			}
			if left <= 0 || ctx.Err() != nil {
				continue
			}
			a := r.docs[i]
			if err := a.prepare(r.sets.data); err != nil {
				r.verdict[i][n] = verdict{err: err}
				continue
			}
			steps := CountSteps(ctx, left)
			v := r.judge(ctx, n, &a, steps)
			left -= steps.Steps()
			if v.heavy {
				v = verdict{err: fmt.Errorf("it takes more than %d steps, the most of package %s for %d documents", most, r.sets.namespaces[n].name, r.count)}
			}
			r.verdict[i][n] = v
		}
	})
}

// judge asks one package about one document.
func (r *round) judge(ctx context.Context, n int, a *askedDocument, steps *Steps) verdict {
	ns := &r.sets.namespaces[n]
	if len(ns.queries) == 0 {
		return verdict{}
	}
	if err := r.killed(ns.name, a); err != nil {
		return verdict{err: err}
	}
	if r.options.Started != nil {
		defer r.options.Started(r.part(ns.name, a))()
	}
	var t *trace
	if r.options.Trace && r.traced < maxTrace {
		t = &trace{}
	}
	r.running.begin(steps, r, ns.name, a)
	answers, err := ns.judge(ctx, a, steps, t)
	r.running.end(steps)
	if err != nil && steps.Over() != nil {
		return verdict{heavy: true}
	}
	v := verdict{answers: answers, err: err, trace: t.text(r.part(ns.name, a), a.hide)}
	r.traced += len(v.trace)
	return v
}

// hide takes out of a trace what the document hides.
func (a *askedDocument) hide(text string) string {
	if len(a.hidden) > 0 {
		text = without(text, standInTexts(), hiddenMark)
	}
	if a.Clean != nil {
		text = a.Clean(text)
	}
	return text
}

// part names one package's judging of one document.
func (r *round) part(ns string, a *askedDocument) string {
	return r.set.Entry + "/" + ns + " over " + a.name()
}

// killed is the error of what ended an earlier worker. A package that did so over
// several documents is not asked again: it may do so over all.
func (r *round) killed(ns string, a *askedDocument) error {
	if len(r.options.Skip) == 0 {
		return nil
	}
	if err, ok := r.options.Skip[r.part(ns, a)]; ok {
		return err
	}
	n := 0
	var last error
	for part, err := range r.options.Skip {
		if strings.HasPrefix(part, r.set.Entry+"/"+ns+" over ") {
			n++
			last = err
		}
	}
	if n >= maxKilled {
		return fmt.Errorf("package %s is not asked any more, because it did so over %d documents: %w", ns, n, last)
	}
	return nil
}

// prepare converts the document.
func (a *askedDocument) prepare(data ast.Object) error {
	a.value = a.Value
	if a.Shown != nil {
		a.value = a.Shown
	}
	value := a.value
	if a.hidden = hiddenIn(a.value); len(a.hidden) > 0 {
		value = filled(a.value, a.hidden, func(_ int, h hidden) string { return encodedAs(h, firstStandIn) })
	}
	a.data = dataFor(data, a.File)
	var err error
	a.input, err = ast.InterfaceToValue(value)
	return err
}

// outcome puts together what all packages say of all documents, in their order.
func (r *round) outcome() *Outcome {
	out := &Outcome{}
	for n := range r.sets.namespaces {
		r.told(n, out)
	}
	for _, name := range r.sets.others {
		out.Ledger = append(out.Ledger, facts.Entry{
			Kind: "policy", ID: r.set.Entry + "/" + name, State: facts.NotApplicable, Reason: "the package is not one of the entry's namespaces (" + strings.Join(r.set.named(), ", ") + ")",
		})
	}
	SortResults(out.Results)
	return out
}

// told is what one package says.
func (r *round) told(n int, out *Outcome) {
	ns := r.sets.namespaces[n]
	id := r.set.Entry + "/" + ns.name
	failures, exceptions := newGroups(), newGroups()
	for i := range r.docs {
		a := &r.docs[i]
		v := verdict{err: errEnded}
		if r.verdict[i] != nil {
			v = r.verdict[i][n]
		}
		out.Trace += v.trace
		if v.heavy {
			v.err = fmt.Errorf("it takes more steps than other documents have left of those of package %s", ns.name)
		}
		if v.err != nil {
			failures.add(v.err.Error(), a)
			continue
		}
		for q, said := range v.answers {
			query := &ns.queries[q]
			if said.unknown {
				out.Results = append(out.Results, a.result(query, message{text: hiddenReason(query.rule, a.hidden)}, "unknown"))
			}
			if said.err != nil {
				failures.add(said.err.Error(), a)
			}
			switch {
			case said.excepted && len(said.messages) > 0:
				exceptions.add(query.rule, a)
			case !said.excepted:
				for _, m := range said.messages {
					out.Results = append(out.Results, a.result(query, m, "fail"))
				}
			}
		}
	}
	entry := facts.Entry{Kind: "policy", ID: id, State: facts.Evaluated, Count: r.count}
	switch {
	case r.count == 0:
		entry.State, entry.Reason = facts.NotApplicable, "no documents"
	case len(ns.queries) == 0:
		entry.State, entry.Reason = facts.NotApplicable, "the package has no rule deny, violation or warn"
	case failures.documents() > 0:
		entry.Count = max(0, r.count-failures.documents())
	}
	if entry.State == facts.Evaluated {
		out.Documents = max(out.Documents, entry.Count)
	}
	if entry.State != facts.Evaluated || entry.Count > 0 {
		out.Ledger = append(out.Ledger, entry)
	}
	failures.each(func(reason string, first *askedDocument, more string) {
		out.Ledger = append(out.Ledger, facts.Entry{
			Kind: "policy", ID: id, State: facts.Failed, Reason: "evaluate " + first.name() + more + ": " + reason, Place: first.place(), Count: 0,
		})
	})
	exceptions.each(func(rule string, first *askedDocument, more string) {
		out.Ledger = append(out.Ledger, facts.Entry{
			Kind: "policy", ID: id + "/" + rule, State: facts.Excluded, Reason: "an exception of the package takes " + first.name() + more + " out", Place: first.place(),
		})
	})
}

// groups are documents of which the same is said.
type groups struct {
	order []string
	by    map[string][]*askedDocument
}

func newGroups() *groups { return &groups{by: map[string][]*askedDocument{}} }

func (g *groups) add(what string, a *askedDocument) {
	list, known := g.by[what]
	if !known {
		g.order = append(g.order, what)
	}
	if len(list) == 0 || list[len(list)-1] != a {
		g.by[what] = append(list, a)
	}
}

// documents is how many there are, each counted once.
func (g *groups) documents() int {
	all := map[*Document]bool{}
	for _, list := range g.by {
		for _, a := range list {
			all[a.Document] = true
		}
	}
	return len(all)
}

func (g *groups) each(visit func(what string, first *askedDocument, more string)) {
	for _, what := range g.order {
		list, more := g.by[what], ""
		if n := len(list) - 1; n == 1 {
			more = " and " + list[1].name()
		} else if n > 1 {
			more = fmt.Sprintf(" and %d more", n)
		}
		visit(what, list[0], more)
	}
}

// result is one message as a result.
func (a *askedDocument) result(q *ruleQuery, m message, verdict string) Result {
	out := Result{Rule: q.id, Message: m.text, Level: q.level, Verdict: verdict}
	out.Subject, out.Path = a.where(m.fields)
	if a.Clean != nil {
		out.Message = a.Clean(out.Message)
	}
	if verdict == "unknown" {
		out.Cause = "computed"
	}
	return out
}

// place is where the document begins.
func (a *askedDocument) place() source.Position {
	if a.Origin != nil {
		return a.Origin.Locate(nil).Position
	}
	return source.Position{File: a.File}
}
