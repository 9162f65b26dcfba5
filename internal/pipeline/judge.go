package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"
)

// readingTime is what the parser of one file may take of the processors.
const readingTime = 60 * time.Second

// judged is what the rules say.
type judged struct {
	results []policy.Result
	notes   []policy.Result // what rules say of subjects besides
	rules   []policy.Rule   // of the catalog and of the organisation
	trace   string          // of the entries of Options.Trace
	// documents is how many the organisation's policies judged.
	documents int
}

// judge evaluates the catalog and the organisation's policies. What ended
// before the context did is returned with its error.
func judge(ctx context.Context, s *opened, g *gathered, d *document, places source.Index) (*judged, Record, error) {
	s.step("judge")
	said := newRecord()
	out, err := d.catalog.Evaluate(ctx, d.facts, policy.Options{
		Provided: g.provided, Workers: s.parallel,
		Started: s.started(KindRule), Skip: s.killers(KindRule, "evaluated"), Compiled: s.rules,
	})
	j := &judged{rules: d.catalog.Rules()}
	if out != nil {
		j.results, j.notes, said.Ledger = out.Results, out.Notes, out.Ledger
		said.Notes = j.ofTheRun(s, g, d)
	}
	if err == nil && (!s.partial() || s.Own != nil) {
		err = j.organisation(ctx, s, g, d, places, &said)
	}
	j.results = decide.WithoutRepeats(d.facts, func(subject string, path source.Path) source.Location {
		return locate(places, subject, path)
	}, j.results)
	var unfilled []facts.Entry
	j.results, unfilled = decide.WithoutVariables(d.facts, decide.WithoutStandIns(d.facts, j.results))
	said.Ledger = append(said.Ledger, unfilled...)
	clean := g.said(d.facts)
	for i, r := range j.results {
		j.results[i].Message = clean(r.Subject, r.Message)
	}
	return j, said, err
}

// ofTheRun are the notes about the repository or the change as a whole, of rules
// that are not off everywhere: what a rule cannot judge, it says once.
func (j *judged) ofTheRun(s *opened, g *gathered, d *document) []string {
	cfg := s.policy.Config
	asked := func(id string) bool {
		i := slices.IndexFunc(j.rules, func(r policy.Rule) bool { return r.ID == id })
		if i < 0 {
			return false
		}
		on := func(name string, class config.Class) bool {
			return cfg.EffectOf(decide.Specs(j.rules[i : i+1])[0], name, class, s.Now) != string(decide.Off)
		}
		if len(cfg.Environments) == 0 {
			return on("", cfg.ClassOf(""))
		}
		return slices.ContainsFunc(cfg.Environments, func(e config.Environment) bool { return on(e.Name, e.Class) })
	}
	var out []string
	for _, n := range j.notes {
		if (n.Subject == d.facts.Repository.ID || n.Subject == d.facts.Change.ID) && asked(n.Rule) {
			out = append(out, g.repeated.Words(n.Message)+" ["+n.Rule+"]")
		}
	}
	return out
}

// organisation evaluates the organisation's own policies. What the configuration says of
// rules that they do not have is an error, as it is of built-in ones.
func (j *judged) organisation(ctx context.Context, s *opened, g *gathered, d *document, places source.Index, said *Record) error {
	var faults []error
	killers := s.killers(KindPolicy, "evaluated")
	tree := s.policy.Tree
	if s.Own != nil {
		tree = s.Own.Tree
	}
	for _, p := range s.policy.Config.Policies {
		file := func(file string) string { return p.Entry() + ": " + file } // is read for the entry
		unread := map[string]error{}
		for id, err := range killers {
			if name, ok := strings.CutPrefix(id, file("")); ok {
				unread[name] = err
			}
		}
		entry := policy.Organisation{
			Entry: p, Label: s.policy.Label, Rules: tree, Tree: s.tree, Facts: d.facts, Places: places,
			Hide: g.hide, Raw: g.raw, Reveal: g.reveal, Plans: g.plan, Excluded: s.excluded, Unread: unread,
			Reading: func(name string) func() {
				return s.guard(KindPolicy, file(name), readingTime, fmt.Sprintf("to read it took more than %s of the processors", readingTime))
			},
			Options: policy.Options{Provided: g.provided, Workers: s.parallel, Skip: killers, Trace: slices.Contains(s.Trace, p.Entry())},
			Params: func(rules []policy.Rule) map[string]map[string]map[string]any {
				return config.Params(s.policy.Config, decide.Specs(rules))
			},
		}
		if err := killers[p.Entry()]; err != nil {
			said.Ledger = append(said.Ledger, entry.Failed(err))
			continue
		}
		done := s.entry(&entry)
		out, rules, named := entry.Judge(ctx)
		done()
		if len(rules) > 0 && s.Own == nil {
			faults = append(faults, s.policy.Config.CheckOwn(decide.Specs(rules), []string{p.Entry()}))
		}
		if s.idle(p) {
			said.Notes = append(said.Notes, fmt.Sprintf("policies of %s judge nothing: no file is one of match (%s)", p.Entry(), strings.Join(p.Match, ", ")))
		}
		if p.Style == "catalog" {
			withoutStrangers(out, d.facts, places)
		}
		j.results = append(j.results, out.Results...)
		j.rules = append(j.rules, rules...)
		j.documents += out.Documents
		j.trace += out.Trace
		said.Ledger = append(said.Ledger, out.Ledger...)
		maps.Copy(said.Locators, named)
	}
	if err := errors.Join(faults...); err != nil {
		return usage(err)
	}
	return nil
}

// idle says whether an entry of policies names files that are not there.
func (s *opened) idle(p config.Policy) bool {
	return len(p.Match) > 0 && (p.Documents == "" || p.Documents == "files") && !slices.ContainsFunc(s.tree.Entries(), func(e source.Entry) bool {
		return slices.ContainsFunc(p.Match, func(g string) bool { return config.Match(g, e.Path) })
	})
}

// withoutStrangers takes out what is said of nothing that was judged, and fails the rules
// that say it: their findings would lead nowhere.
func withoutStrangers(out *policy.Outcome, f *facts.Facts, places source.Index) {
	if len(out.Results) == 0 {
		return
	}
	known := decide.Subjects(f, places, nil, func(string) facts.Scope { return facts.Scope{} })
	stranger := map[string]string{} // by rule
	out.Results = slices.DeleteFunc(out.Results, func(r policy.Result) bool {
		_, ok := known[r.Subject]
		if !ok {
			stranger[r.Rule] = r.Subject
		}
		return !ok
	})
	for i, e := range out.Ledger {
		if subject, ok := stranger[e.ID]; ok {
			out.Ledger[i].State, out.Ledger[i].Count = facts.Failed, 0
			out.Ledger[i].Reason = fmt.Sprintf("subject %q is the id of nothing that is judged; expected the id of what the rule is over", subject)
		}
	}
}

// entry tells Progress that an entry is judged. What a worker dies of is asked for
// document by document: two things are in work from the beginning, so that the next
// worker does one at a time and says which.
func (s *opened) entry(o *policy.Organisation) (done func()) {
	started := s.started(KindPolicy)
	ended := started(o.Entry.Entry())
	if s.progress == nil {
		return ended
	}
	if s.OneByOne {
		o.Options.Started = started
		o.Options.Stuck = func(part string) { s.progress.Stuck(KindPolicy, part, stuckPolicy) }
		return ended
	}
	documents := started(o.Entry.Entry() + " documents")
	o.Options.Stuck = func(string) { s.progress.Stuck(KindPolicy, o.Entry.Entry(), stuckPolicy) }
	return func() {
		documents()
		ended()
	}
}

// stuckPolicy is said of a document over which a function of Rego does not end.
const stuckPolicy = "a function of the policy does not end, and cannot be stopped"

// locate leads from a subject and path to the place of the mend.
func locate(places source.Index, subject string, path source.Path) source.Location {
	if l, ok := places[subject]; ok && l != nil {
		return l.Locate(path)
	}
	return source.Location{Position: source.Position{File: config.File, Approximate: true}}
}
