package pipeline

import (
	"maps"
	"slices"

	"gate/internal/classify"
	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/printed"
	"gate/internal/source"
	"gate/internal/standing"
	"gate/rules"
)

// conclude hands everything to the decision and signs it with what it depends
// on. A chain that was cut short is decided with what it has: nothing that it
// did not reach has passed.
func conclude(c *chain) (*decide.Result, error) {
	s := c.opened
	s.step("decide")
	c.opaque = opaque(c.record.Ledger, s.tree)
	said := c.record.Redacted(c.redactor())
	if c.cut != nil {
		said.Ledger = append(said.Ledger, facts.Entry{
			Kind: "run", ID: "deadline", State: facts.Failed, Reason: c.cut.Error() + ": what stands behind that was not judged", Hint: "raise --deadline",
		})
	}
	f := c.facts()
	subjects := decide.Subjects(f, c.record.Locators, c.doubts(), c.fileScope)
	c.testData().Mark(subjects, f)
	in := decide.Input{
		Config: s.policy.Config, Waivers: s.policy.Waivers,
		Subjects: subjects, Ledger: said.Ledger, Environments: f.Environments, Change: f.Change, Now: s.Now,
		Provided: s.inputs.provided, Local: s.Local, Partial: s.partial() || c.narrowed(), NothingApplied: s.Drift, Only: s.Options.Environments,
		Judged: decide.SubjectCount(f), ReadFile: s.tree.ReadFile, AtPolicyRef: s.policy.Text,
	}
	if c.cut != nil {
		in.Judged = max(in.Judged, 1) // what was not reached may hold something
	}
	if c.gathered != nil {
		in.Provided = c.gathered.provided
	}
	if c.document != nil {
		in.RuleIDs = c.document.ids
	}
	j := c.judged
	if j == nil {
		j = &judged{}
	}
	in.Judged += j.documents
	in.Rules, in.Results, in.Before = j.rules, j.results, c.beforeRedacted()
	attributes, err := c.attributes(f)
	if err != nil {
		return nil, err
	}
	steps := compare.Steps{
		Facts: f, Locators: c.record.Locators, Places: c.places(), Drift: c.drift(), Only: s.Options.Environments, Attributes: attributes,
	}
	told := compare.Tell(steps)
	if in.Classified, err = classified(told.Moved(), f); err != nil {
		return nil, err
	}
	res, err := decide.Decide(in)
	if err != nil {
		return nil, err
	}
	redactFindings(res, c.redactor(), c.words())
	places := make([]*source.Location, len(res.Findings))
	for i := range res.Findings {
		places[i] = &res.Findings[i].Location
	}
	printed.Locate(slices.Concat(f.Objects, f.DeletedObjects), places, c.redactor())
	res.Tool = decide.Tool{Name: "gate", Version: s.Tool}
	res.Root, res.Cut = s.Dir, c.cut != nil
	res.PolicySource = s.policy.Label
	res.Notes = append(said.Notes, res.Notes...)
	res.Transitions, res.ImageChanges = told.Summaries(in.Classified, res.Findings), compare.Images(steps)
	res.Inputs = decide.Inputs(f)
	res.Digests = decide.Digests{
		Config: s.policy.ConfigDigest, Waivers: s.policy.WaiversDigest, Trust: s.policy.TrustDigest, Inputs: maps.Clone(s.inputs.digests),
	}
	if c.read != nil {
		maps.Copy(res.Digests.Inputs, c.read.plans.digests)
	}
	if d := c.document; d != nil {
		is, err := standing.DigestsOf(s.policy, d.catalog.PolicyDigest, d.catalog.DataDigest)
		if err != nil {
			return nil, err
		}
		res.Digests.Policy, res.Digests.Data, res.Digests.Judging, res.Digests.Facts = is.Policy, is.Data, is.Judging, d.digest
	}
	return res, nil
}

// drift is what the rules say of drift, by its id; nil if the run is not about
// drift.
func (c *chain) drift() map[string]string {
	if !c.opened.Drift {
		return nil
	}
	out := map[string]string{}
	if c.judged != nil {
		for _, n := range c.judged.notes {
			out[n.Subject] = n.Message
		}
	}
	return out
}

// attributes know what attributes of resources say; nil where none is compared.
func (c *chain) attributes(f *facts.Facts) (*compare.Attributes, error) {
	if !slices.ContainsFunc(f.Resources, func(r facts.Resource) bool { return r.Origin == "plan" || r.Origin == "hcl" && r.Before != nil }) {
		return nil, nil
	}
	return compare.LoadAttributes(rules.FS)
}

// classified is what the table of risks says of the change.
func classified(moved []classify.Moved, f *facts.Facts) (*classify.Outcome, error) {
	table, err := classify.Load(rules.FS)
	if err != nil {
		return nil, err
	}
	return table.Evaluate(moved, f), nil
}

// places are where steps are that are somewhere else than their subjects.
func (c *chain) places() source.Index {
	out := source.Index{}
	if c.rendered != nil {
		maps.Copy(out, c.rendered.places)
	}
	if c.read != nil && c.read.declared != nil {
		maps.Copy(out, c.read.declared.Places)
	}
	return out
}

// doubts say why the scope of a unit or stack cannot be told.
func (c *chain) doubts() map[string]decide.Doubt {
	out := map[string]decide.Doubt{}
	if c.rendered != nil {
		maps.Copy(out, c.rendered.doubts)
	}
	if c.read != nil {
		maps.Copy(out, c.read.doubts)
	}
	return out
}

// fileScope is where a file belongs.
func (c *chain) fileScope(path string) facts.Scope {
	if c.changed == nil {
		return facts.Scope{}
	}
	return c.changed.scopes.file(path)
}

// testData says what is input of tests: what lies where the configuration or custom
// says, and nothing deploys.
func (c *chain) testData() decide.TestData {
	configured := c.opened.policy.Config
	return decide.TestData{
		Path: configured.IsTestData,
		Deployed: func(unit string) bool {
			if c.rendered == nil {
				return false
			}
			u, known := c.rendered.deployers[unit]
			return known && (u.Controller != "" || configured.Names(u.Path))
		},
	}
}
