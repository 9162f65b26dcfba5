package compare

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// Steps are what the summary of a change is told from.
type Steps struct {
	Facts    *facts.Facts
	Locators source.Index
	Places   source.Index // of steps that are somewhere else than their subjects
	Findings []decide.Finding
	// Drift says of drift, by its id, what the rules know about it; nil leaves
	// drift out: it is no step of a change.
	Drift map[string]string
	// Only keeps these environments; nil: all. What belongs to no environment
	// stays.
	Only []string
}

// Summary tells people what the change does, stack by stack and unit by unit,
// sorted. Without a plan or a base nothing is known of it, and nothing is said.
func Summary(in Steps) []decide.TransitionSummary {
	s := summary{locators: in.Locators, places: in.Places, byKey: map[transitionKey]*decide.TransitionSummary{}, regulated: map[string]bool{}}
	f := in.Facts
	names := map[string]string{}
	for _, u := range f.Units {
		names[u.ID] = u.Path
	}
	for i := range f.Resources {
		s.resource(&f.Resources[i])
	}
	if in.Drift != nil {
		for i := range f.Terraform.Stacks {
			s.drift(&f.Terraform.Stacks[i], in.Drift)
		}
	}
	for i := range f.Objects {
		s.object(&f.Objects[i], names)
	}
	for i := range f.GeneratedObjects {
		s.object(&f.GeneratedObjects[i], names)
	}
	for i := range f.DeletedObjects {
		s.object(&f.DeletedObjects[i], names)
	}
	about := map[string][]decide.Finding{}
	for _, x := range in.Findings {
		if x.Effect != decide.Off {
			about[x.Subject.ID] = append(about[x.Subject.ID], x)
		}
	}
	out := make([]decide.TransitionSummary, 0, len(s.byKey))
	for key, t := range s.byKey {
		if in.Only == nil || key.environment == "" || slices.Contains(in.Only, key.environment) {
			out = append(out, decide.Summarise(*t, s.regulated, about))
		}
	}
	slices.SortFunc(out, func(a, b decide.TransitionSummary) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target), cmp.Compare(a.Of, b.Of))
	})
	return out
}

type transitionKey struct{ environment, target, of string }

// summary is a Summary in the making.
type summary struct {
	locators  source.Index
	places    source.Index
	byKey     map[transitionKey]*decide.TransitionSummary
	regulated map[string]bool
}

func (s *summary) add(subject facts.Subject, of, name string, step decide.Step) {
	step.Subject.ID = subject.ID
	if step.Forces == nil {
		step.Forces = []string{}
	}
	if step.Paths == nil {
		step.Paths = []string{}
	}
	step.Outcome = cmp.Or(step.Outcome, facts.OutcomeApplied)
	l := s.places[subject.ID]
	if l == nil {
		l = s.locators[subject.ID]
	}
	if l != nil {
		at := l.Locate(nil)
		step.File, step.Line = at.File, at.Line
	}
	s.regulated[subject.ID] = subject.Regulated
	key := transitionKey{subject.Environment, subject.Target, of}
	t := s.byKey[key]
	if t == nil {
		t = &decide.TransitionSummary{Environment: subject.Environment, Target: subject.Target, Of: of, Name: name}
		s.byKey[key] = t
	}
	t.Steps = append(t.Steps, step)
}

func (s *summary) resource(x *facts.Resource) {
	if x.Origin != "plan" || x.Mode != "managed" {
		return
	}
	action := stepOf(x)
	if action == "" {
		return
	}
	step := decide.Step{
		Subject: decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address}, Action: action, Reason: actionReason(x),
	}
	for _, p := range x.ReplacePaths {
		step.Forces = append(step.Forces, source.Path(p).String())
	}
	slices.Sort(step.Forces)
	s.add(x.Subject, "stack:"+x.Stack, x.Stack, step)
}

// stepOf is the word for what becomes of a resource, "" for nothing.
func stepOf(x *facts.Resource) string {
	has := func(a string) bool { return slices.Contains(x.Actions, a) }
	switch {
	case has("create") && (has("delete") || has("forget")):
		return "replace"
	case has("delete"):
		return "delete"
	case has("forget"):
		return "forget"
	case has("create"):
		return "create"
	case has("update"):
		return "update"
	case x.Importing:
		return "import"
	case x.PreviousAddress != "" && x.PreviousAddress != x.Address:
		return "move"
	}
	return ""
}

// reasons are the plan's action reasons in words:
// https://developer.hashicorp.com/terraform/internals/json-format#change-representation
var reasons = map[string]string{
	"replace_because_tainted":           "it is tainted",
	"replace_by_request":                "asked for with -replace",
	"replace_by_triggers":               "replace_triggered_by",
	"delete_because_no_resource_config": "no longer in the configuration",
	"delete_because_no_module":          "its module is no longer in the configuration",
	"delete_because_wrong_repetition":   "count or for_each was added or removed",
	"delete_because_count_index":        "its index is beyond count",
	"delete_because_each_key":           "its key is no longer in for_each",
	"delete_because_no_move_target":     "what it was moved to does not exist",
	"delete_because_enabled_false":      "it is switched off (enabled)",
}

func actionReason(x *facts.Resource) string {
	var out []string
	if text := reasons[x.ActionReason]; text != "" {
		out = append(out, text)
	}
	if x.Lifecycle["prevent_destroy_removed"] == true {
		out = append(out, "the change removes its prevent_destroy")
	}
	if x.Deposed != "" {
		out = append(out, "left over of an earlier replacement")
	}
	switch strings.Join(x.Actions, ",") {
	case "create,delete":
		out = append(out, "created before it is destroyed")
	case "create,forget", "forget,create":
		out = append(out, "what exists is left behind")
	case "forget":
		out = append(out, "stays and is no longer managed")
	}
	if x.PreviousAddress != "" && x.PreviousAddress != x.Address {
		out = append(out, "was "+x.PreviousAddress)
	}
	return strings.Join(out, "; ")
}

func (s *summary) object(o *facts.Object, names map[string]string) {
	if o.Change == nil {
		return
	}
	action := map[string]string{"created": "create", "updated": "update", "deleted": "delete", "moved": "move"}[o.Change.Action]
	if action == "" {
		return
	}
	step := decide.Step{Subject: decide.SubjectRef{Kind: o.Kind, Name: o.Name, Namespace: o.Namespace}, Action: action}
	step.Reason = objectReason(o.Change)
	s.add(o.Subject, o.Unit, cmp.Or(names[o.Unit], o.Unit), step)
}

// objectReason says what an object was before, and what else it may be where
// that cannot be told.
func objectReason(c *facts.ResourceChange) string {
	list := strings.Join(c.Candidates, " or ")
	switch {
	case list == "" && c.From == "":
		return ""
	case list == "":
		return "was " + c.From
	case c.From != "":
		return "was " + c.From + " or " + list + ": which of them cannot be told"
	case c.Action == "deleted":
		return "may have become " + list
	}
	return "may have been " + list
}

// drift tells what was changed outside of Terraform, and what the rules know
// about it.
func (s *summary) drift(st *facts.Stack, known map[string]string) {
	for i := range st.Drift {
		x := &st.Drift[i]
		if x.Mode != "managed" {
			continue
		}
		step := decide.Step{Subject: decide.SubjectRef{Kind: x.Type, Name: x.Name, Address: x.Address}, Action: "drift", Reason: "changed outside of Terraform"}
		if slices.Contains(x.Actions, "delete") {
			step.Reason = "deleted outside of Terraform"
		} else if x.Change != nil && len(x.Change.Paths) > 0 {
			step.Reason += ": " + strings.Join(x.Change.Paths, ", ")
		}
		if text := known[x.ID]; text != "" {
			step.Reason += "; " + text
		}
		s.add(facts.Subject{ID: x.ID, Scope: st.Scope}, st.ID, st.Path, step)
	}
}
