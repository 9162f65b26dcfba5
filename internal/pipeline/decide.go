package pipeline

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// conclude hands everything to the decision and signs it with what it depends
// on. A chain that was cut short is decided with what it has: nothing that it
// did not reach has passed.
func conclude(c *chain) (*decide.Result, error) {
	s := c.opened
	s.step("decide")
	if c.cut != nil {
		c.record.Ledger = append(c.record.Ledger, facts.Entry{
			Kind: "run", ID: "deadline", State: facts.Failed, Reason: c.cut.Error() + ": what stands behind that was not judged", Hint: "raise --deadline",
		})
	}
	c.opaque = opaque(c.record.Ledger, s.tree)
	said := c.record.redacted(c.redactor())
	f := c.facts()
	in := decide.Input{
		Config: s.policy.Config, Waivers: s.policy.Waivers,
		Subjects: c.subjects(), Ledger: said.Ledger, Environments: f.Environments, Change: f.Change, Now: s.Now,
		Provided: s.inputs.provided, Local: s.Local, Partial: s.partial(), NothingApplied: s.Drift, Only: s.Options.Environments,
		Judged: subjectCount(f), ReadLine: readLine(s.tree), AtPolicyRef: s.policy.holds,
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
	in.Rules, in.Results = j.rules, j.results
	res, err := decide.Decide(in)
	if err != nil {
		return nil, err
	}
	renderedPlaces(f, res.Findings, c.redactor())
	res.Tool = decide.Tool{Name: "gate", Version: s.Tool}
	res.Root = s.Dir
	res.PolicySource = s.policy.Label
	res.Notes = append(said.Notes, res.Notes...)
	res.Transitions = compare.Summary(compare.Steps{
		Facts: f, Locators: c.record.Locators, Findings: res.Findings, Drift: c.drift(), Only: s.Options.Environments,
	})
	res.Digests = decide.Digests{
		Config: s.policy.ConfigDigest, Waivers: s.policy.WaiversDigest, Trust: s.policy.TrustDigest, Inputs: maps.Clone(s.inputs.digests),
	}
	if c.read != nil {
		maps.Copy(res.Digests.Inputs, c.read.plans.digests)
	}
	if d := c.document; d != nil {
		res.Digests.Policy, res.Digests.Data, res.Digests.Facts = d.catalog.PolicyDigest, d.catalog.DataDigest, d.digest
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

// subjectCount is the number of subjects that rules look at.
func subjectCount(f *facts.Facts) int {
	return len(f.Objects) + len(f.DeletedObjects) + len(f.Resources) + len(f.Workflows) + len(f.Terraform.Stacks) + len(f.Secrets) + len(f.Change.Files)
}

// subjects says for each subject id what the decision needs to know.
func (c *chain) subjects() map[string]decide.SubjectContext {
	f, places := c.facts(), c.record.Locators
	conflicts := map[string]string{}
	if c.rendered != nil {
		maps.Copy(conflicts, c.rendered.conflicts)
	}
	if c.read != nil {
		maps.Copy(conflicts, c.read.conflicts)
	}
	out := map[string]decide.SubjectContext{}
	add := func(s facts.Subject, ref decide.SubjectRef) {
		ref.ID = s.ID
		out[s.ID] = decide.SubjectContext{Scope: s.Scope, Ref: ref, Locator: places[s.ID], Conflict: conflicts[s.ID]}
	}
	action := func(id, a string) {
		s := out[id]
		s.Action = a
		out[id] = s
	}
	add(f.Change.Subject, decide.SubjectRef{Kind: "change", Name: f.Change.Branch})
	add(f.Repository.Subject, decide.SubjectRef{Kind: "repository", Name: f.Change.Repository})
	for _, x := range f.Change.Files {
		add(x.Subject, decide.SubjectRef{Kind: "file", Name: x.Path})
	}
	for _, x := range f.Workflows {
		add(x.Subject, decide.SubjectRef{Kind: "file", Name: x.Path})
	}
	for _, x := range f.Environments {
		add(x.Subject, decide.SubjectRef{Kind: "environment", Name: x.Name})
	}
	for _, x := range f.Evidence {
		add(x.Subject, decide.SubjectRef{Kind: "evidence", Name: strings.TrimPrefix(x.ID, "evidence:")})
	}
	for _, x := range f.Units {
		add(x.Subject, decide.SubjectRef{Kind: "unit", Name: x.Path})
	}
	for _, x := range slices.Concat(f.Objects, f.DeletedObjects) {
		add(x.Subject, decide.SubjectRef{Kind: x.Kind, Name: x.Name, Namespace: x.Namespace})
		if x.Change != nil {
			action(x.ID, x.Change.Action)
		}
	}
	for _, x := range f.Containers {
		add(x.Subject, decide.SubjectRef{Kind: x.Workload.Kind, Name: x.Workload.Name + "/" + x.Name, Namespace: x.Workload.Namespace})
	}
	for _, x := range f.Images {
		add(x.Subject, decide.SubjectRef{Kind: "image", Name: x.Ref})
	}
	for _, x := range f.Resources {
		add(x.Subject, decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address})
		action(x.ID, resourceAction(x.Actions))
	}
	for _, x := range f.Terraform.Stacks {
		add(x.Subject, decide.SubjectRef{Kind: "stack", Name: x.Path})
	}
	for _, x := range f.Secrets {
		add(x.Subject, decide.SubjectRef{Kind: "secret", Name: x.Location})
	}
	for _, x := range f.SecretReferences {
		add(x.Subject, decide.SubjectRef{Kind: x.Kind, Name: x.Name, Namespace: x.Namespace})
	}
	for _, x := range f.Assessments {
		add(x.Subject, decide.SubjectRef{Kind: x.Judge, Name: x.Of})
	}
	// Documents of the organisation's policies that are nothing else.
	for id := range places {
		if path, ok := strings.CutPrefix(id, "file:"); ok {
			if _, known := out[id]; !known {
				add(facts.Subject{ID: id, Scope: c.changed.scopes.file(path)}, decide.SubjectRef{Kind: "file", Name: path})
			}
		}
	}
	return out
}

// resourceAction joins a plan's actions into the word that decide knows.
func resourceAction(actions []string) string {
	switch strings.Join(actions, ",") {
	case "create":
		return "created"
	case "update":
		return "updated"
	case "delete", "forget":
		return "deleted"
	case "delete,create", "create,delete", "create,forget":
		return "replaced"
	case "no-op", "read":
		return "unchanged"
	}
	return ""
}

// readLine returns lines of a tree; files are split once.
func readLine(tree source.Tree) func(file string, line int) string {
	files := map[string][]string{}
	return func(file string, line int) string {
		lines, seen := files[file]
		if !seen {
			if data, err := tree.ReadFile(file); err == nil {
				lines = strings.Split(string(data), "\n")
			}
			files[file] = lines
		}
		if line < 1 || line > len(lines) {
			return ""
		}
		return strings.TrimSuffix(lines[line-1], "\r")
	}
}
