package pipeline

import (
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policy"
)

// decide hands everything to the decision and signs it with what it depends on.
func (r *run) decide(f *facts.Facts, results []policy.Result) (*decide.Result, error) {
	r.step("decide")
	r.redactLedger()
	in := decide.Input{
		Config: r.policy.Config, Waivers: r.policy.Waivers, Rules: r.rules, RuleIDs: r.ids, Results: results,
		Subjects: r.subjects(f), Ledger: r.ledger, Environments: f.Environments, Change: f.Change, Now: r.o.Now,
		Provided: r.provided, Local: r.o.Local, Partial: r.o.Rules != nil, NothingApplied: r.o.Drift, Only: r.o.Environments,
		Judged: judged(f), ReadLine: r.readLine(), AtPolicyRef: r.atPolicyRef,
	}
	res, err := decide.Decide(in)
	if err != nil {
		return nil, err
	}
	renderedPlaces(f, res.Findings, r.redact)
	res.Tool = decide.Tool{Name: "gate", Version: r.o.Tool}
	res.Root = r.o.Dir
	res.PolicySource = r.policy.Label
	res.Notes = append(r.notes, res.Notes...)
	res.Transitions = r.transitions(f, res.Findings)
	res.Digests = decide.Digests{
		Policy: r.digests.policy, Data: r.digests.data, Facts: r.digests.facts,
		Config: r.policy.ConfigDigest, Waivers: r.policy.WaiversDigest, Trust: r.policy.TrustDigest, Inputs: r.inputs,
	}
	return res, nil
}

// judged is the number of subjects that rules looked at.
func judged(f *facts.Facts) int {
	return len(f.Objects) + len(f.DeletedObjects) + len(f.Resources) + len(f.Workflows) + len(f.Terraform.Stacks) + len(f.Secrets) + len(f.Change.Files)
}

// subjects says for each subject id what the decision needs to know.
func (r *run) subjects(f *facts.Facts) map[string]decide.Subject {
	out := map[string]decide.Subject{}
	add := func(s facts.Subject, ref decide.SubjectRef) {
		ref.ID = s.ID
		out[s.ID] = decide.Subject{Scope: s.Scope, Ref: ref, Locator: r.locators[s.ID], Conflict: r.conflicts[s.ID]}
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
	for id := range r.locators {
		if path, ok := strings.CutPrefix(id, "file:"); ok {
			if _, known := out[id]; !known {
				add(facts.Subject{ID: id, Scope: toScope(r.resolver.Scope(hintOfFile(path)))}, decide.SubjectRef{Kind: "file", Name: path})
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

// readLine returns lines of the judged tree; files are split once.
func (r *run) readLine() func(file string, line int) string {
	files := map[string][]string{}
	return func(file string, line int) string {
		lines, seen := files[file]
		if !seen {
			if data, err := r.tree.ReadFile(file); err == nil {
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

// atPolicyRef says whether an inline waiver stands in the file at policy-ref.
func (r *run) atPolicyRef(file, comment string) bool {
	if !r.policy.Trusted {
		return false
	}
	data, err := r.policy.tree.ReadFile(file)
	return err == nil && strings.Contains(string(data), comment)
}
