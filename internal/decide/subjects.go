package decide

import (
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Subjects says for each subject of the facts what the decision needs to know.
// places leads to where subjects stand, doubts says why a scope cannot be
// told. Files that are located and nothing else belong to what scope says.
func Subjects(f *facts.Facts, places source.Index, doubts map[string]Doubt, scope func(file string) facts.Scope) map[string]SubjectContext {
	out := map[string]SubjectContext{}
	add := func(s facts.Subject, action string, ref SubjectRef) {
		ref.ID = s.ID
		out[s.ID] = SubjectContext{Scope: s.Scope, Ref: ref, Locator: places[s.ID], Doubt: doubts[s.ID], Action: action}
	}
	owned := map[string][]string{}
	repositorySubjects(f, owned, add)
	for id, owners := range owned {
		s := out[id]
		s.Owners = owners
		out[id] = s
	}
	objectSubjects(f, add)
	for _, x := range f.Resources {
		action := resourceAction(x.Actions)
		if x.Origin == "hcl" && x.Change != nil {
			action = x.Change.Action
		}
		add(x.Subject, action, SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address})
		s := out[x.ID]
		s.Planned = x.Origin == "plan"
		out[x.ID] = s
	}
	for _, x := range f.Terraform.DeletedResources {
		add(x.Subject, "deleted", SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address})
	}
	for _, x := range f.Terraform.Changes {
		add(x.Subject, x.Change.Action, SubjectRef{Kind: x.Kind, Name: x.Address, Address: x.Address})
	}
	for _, x := range f.Terraform.Stacks {
		add(x.Subject, "", SubjectRef{Kind: "stack", Name: x.Path})
		for _, m := range x.Modules {
			if m.ID != "" {
				add(facts.Subject{ID: m.ID, Scope: x.Scope}, "", SubjectRef{Kind: "module", Name: m.Address, Address: m.Address})
			}
		}
	}
	for _, x := range f.Secrets {
		add(x.Subject, "", SubjectRef{Kind: "secret", Name: x.Location})
	}
	variantSubjects(f, out)
	librarySubjects(f, out)
	// Documents of the organisation's policies that are nothing else.
	for id := range places {
		if path, ok := strings.CutPrefix(id, "file:"); ok {
			if _, known := out[id]; !known {
				add(facts.Subject{ID: id, Scope: scope(path)}, "", SubjectRef{Kind: "file", Name: path})
			}
		}
	}
	return out
}

func repositorySubjects(f *facts.Facts, owned map[string][]string, add func(facts.Subject, string, SubjectRef)) {
	add(f.Change.Subject, "", SubjectRef{Kind: "change", Name: f.Change.Branch})
	add(f.Repository.Subject, "", SubjectRef{Kind: "repository", Name: f.Change.Repository})
	for _, x := range f.Change.Files {
		add(x.Subject, "", SubjectRef{Kind: "file", Name: x.Path})
		owned[x.ID] = x.Owners
	}
	for _, x := range f.Workflows {
		add(x.Subject, "", SubjectRef{Kind: "file", Name: x.Path})
	}
	for _, x := range f.Environments {
		add(x.Subject, "", SubjectRef{Kind: "environment", Name: x.Name})
	}
	if f.Contract != nil {
		add(f.Contract.Subject, "", SubjectRef{Kind: "contract"})
	}
	for _, x := range f.Evidence {
		add(x.Subject, "", SubjectRef{Kind: "evidence", Name: strings.TrimPrefix(x.ID, "evidence:")})
	}
}

func objectSubjects(f *facts.Facts, add func(facts.Subject, string, SubjectRef)) {
	for _, x := range f.Units {
		add(x.Subject, "", SubjectRef{Kind: "unit", Name: x.Path})
	}
	for _, x := range slices.Concat(f.Objects, f.DeletedObjects, f.GeneratedObjects) {
		add(x.Subject, objectAction(x.Change), SubjectRef{Kind: x.Kind, Name: x.Name, Namespace: x.Namespace})
	}
	for _, x := range f.Containers {
		add(x.Subject, "", SubjectRef{Kind: x.Workload.Kind, Name: x.Workload.Name + "/" + x.Name, Namespace: x.Workload.Namespace})
	}
	unchanged := unchangedContainers(f)
	for _, x := range f.Images {
		action := ""
		if len(x.UsedBy) > 0 && !slices.ContainsFunc(x.UsedBy, func(id string) bool { return !unchanged[id] }) {
			action = "unchanged"
		}
		add(x.Subject, action, SubjectRef{Kind: "image", Name: x.Ref})
	}
	for _, x := range f.SecretReferences {
		add(x.Subject, "", SubjectRef{Kind: x.Kind, Name: x.Name, Namespace: x.Namespace})
	}
	for _, x := range f.Assessments {
		add(x.Subject, "", SubjectRef{Kind: x.Judge, Name: x.Of})
	}
}

// variantSubjects says of what belongs to variants of units to which.
func variantSubjects(f *facts.Facts, out map[string]SubjectContext) {
	units := map[string]*facts.Variant{}
	for _, u := range f.Units {
		if u.Variant != nil {
			units[u.ID] = u.Variant
		}
	}
	of := map[string]*facts.Variant{}
	mark := func(id string, v *facts.Variant) {
		if v != nil {
			s := out[id]
			s.Variant, of[id] = v, v
			out[id] = s
		}
	}
	for id, v := range units {
		mark(id, v)
	}
	for _, x := range f.Objects {
		mark(x.ID, units[x.Unit])
	}
	for _, x := range f.Containers {
		mark(x.ID, units[x.Unit])
	}
	for _, x := range f.SecretReferences {
		mark(x.ID, of[x.Object])
	}
	for _, x := range f.Assessments {
		mark(x.ID, of[x.Of])
	}
	for _, x := range f.Resources {
		mark(x.ID, x.Variant)
	}
	if len(of) == 0 {
		return
	}
	for _, x := range f.Images { // of which nothing that is applied runs one
		if len(x.UsedBy) > 0 && !slices.ContainsFunc(x.UsedBy, func(id string) bool { return of[id] == nil }) {
			mark(x.ID, of[x.UsedBy[0]])
		}
	}
}

// librarySubjects marks what belongs to modules and examples that nobody applies as
// they stand. What belongs to an environment is applied there.
func librarySubjects(f *facts.Facts, out map[string]SubjectContext) {
	library := map[string]bool{} // by stack
	mark := func(s facts.Subject) {
		if c, known := out[s.ID]; known && s.Environment == "" {
			c.Library = true
			out[s.ID] = c
		}
	}
	for _, x := range f.Terraform.Stacks {
		if library[x.Path] = x.Role == facts.StackModule || x.Role == facts.StackExample; !library[x.Path] {
			continue
		}
		mark(x.Subject)
		for _, m := range x.Modules {
			mark(facts.Subject{ID: m.ID, Scope: x.Scope})
		}
	}
	for _, x := range f.Resources {
		if library[x.Stack] {
			mark(x.Subject)
		}
	}
}

// unchangedContainers are the ids of containers of which the change lets the
// object be as it is.
func unchangedContainers(f *facts.Facts) map[string]bool {
	objects, out := map[string]bool{}, map[string]bool{}
	for _, o := range f.Objects {
		objects[o.ID] = objectAction(o.Change) == "unchanged"
	}
	for _, c := range f.Containers {
		out[c.ID] = objects[c.Object]
	}
	return out
}

// objectAction is what becomes of an object in the cluster: what its deployer
// does not do is not done.
func objectAction(c *facts.ResourceChange) string {
	switch {
	case c == nil:
		return ""
	case c.Outcome == facts.OutcomeNotApplied:
		return "unchanged"
	case c.Outcome == facts.OutcomeOrphaned:
		return "orphaned"
	case c.Deletes:
		return "replaced"
	}
	return c.Action
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

// SubjectCount is the number of subjects that rules look at.
func SubjectCount(f *facts.Facts) int {
	return len(f.Objects) + len(f.DeletedObjects) + len(f.Resources) + len(f.Workflows) + len(f.Terraform.Stacks) + len(f.Secrets) + len(f.Change.Files)
}
