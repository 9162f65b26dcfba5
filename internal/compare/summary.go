package compare

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/deploy"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Steps are what the summary of a change is told from.
type Steps struct {
	Facts    *facts.Facts
	Locators source.Index
	Places   source.Index // of steps that are somewhere else than their subjects
	// Drift says of drift, by its id, what the rules know about it; nil leaves
	// drift out: it is no step of a change.
	Drift map[string]string
	// Only keeps these environments; nil: all. What belongs to no environment
	// stays.
	Only []string
	// Attributes know what attributes of resources say; nil: nothing.
	Attributes *Attributes
}

// Told is what the change does, step by step.
type Told struct {
	summary
	only []string
}

// Tell says what the change does, stack by stack and unit by unit. Without a
// plan or a base nothing is known of it, and nothing is said.
func Tell(in Steps) *Told {
	f := in.Facts
	t := &Told{only: in.Only, summary: summary{
		locators: in.Locators, places: in.Places, byKey: map[transitionKey]*decide.TransitionSummary{},
		attributes: in.Attributes, touched: map[string]bool{},
	}}
	s := &t.summary
	for _, file := range f.Change.Files {
		s.touched[file.Path] = true
	}
	names := map[string]string{}
	for _, u := range f.Units {
		names[u.ID] = u.Path
	}
	for i := range f.Resources {
		s.resource(&f.Resources[i])
	}
	s.declared(f)
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
	s.incomparable(f)
	s.tellApart()
	return t
}

// Moved is the same for the table of risks, in the order in which it was told.
func (t *Told) Moved() []classify.Moved { return t.moved }

// Summaries are the steps for people, sorted, each as risky as the table and the
// findings about its subject say.
func (t *Told) Summaries(by *classify.Outcome, findings []decide.Finding) []decide.TransitionSummary {
	about := map[string][]decide.Finding{}
	for _, x := range findings {
		if x.Effect != decide.Off {
			about[x.Subject.ID] = append(about[x.Subject.ID], x)
		}
	}
	out := make([]decide.TransitionSummary, 0, len(t.byKey))
	for key, x := range t.byKey {
		if t.only == nil || key.environment == "" || slices.Contains(t.only, key.environment) {
			out = append(out, decide.Summarise(*x, by.Risk, about))
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
	locators source.Index
	places   source.Index
	touched  map[string]bool // files of the change
	byKey    map[transitionKey]*decide.TransitionSummary
	moved    []classify.Moved

	attributes *Attributes
}

func (s *summary) add(subject facts.Subject, of, name string, step decide.Step) {
	step.Subject.ID = subject.ID
	if step.Forces == nil {
		step.Forces = []string{}
	}
	if step.Paths == nil {
		step.Paths = []string{}
	}
	if step.Values == nil {
		step.Values = []decide.Value{}
	}
	if step.Attributes == nil {
		step.Attributes = []decide.Attribute{}
	}
	step.Outcome = cmp.Or(step.Outcome, facts.OutcomeApplied)
	if step.File == "" {
		at := s.place(subject.ID, nil)
		step.File, step.Line = at.File, at.Line
	}
	key := transitionKey{subject.Environment, subject.Target, of}
	t := s.byKey[key]
	if t == nil {
		t = &decide.TransitionSummary{Environment: subject.Environment, Target: subject.Target, Of: of, Name: name}
		s.byKey[key] = t
	}
	t.Steps = append(t.Steps, step)
}

// place is where a person changed a subject, by a field of it: where that stands,
// if it is in a file that the change touches.
func (s *summary) place(id string, field source.Path) source.Position {
	var at source.Position
	if l := s.locators[id]; l != nil {
		at = l.Locate(field).Position
	}
	if l := s.places[id]; l != nil && (len(field) == 0 || !s.touched[at.File]) {
		at = l.Locate(nil).Position
	}
	return at
}

func (s *summary) object(o *facts.Object, names map[string]string) {
	if o.Change == nil {
		return
	}
	action := map[string]string{"created": "create", "updated": "update", "deleted": "delete", "moved": "move"}[o.Change.Action]
	if action == "" {
		return
	}
	c := o.Change
	step := decide.Step{Subject: decide.SubjectRef{Kind: o.Kind, Name: o.Name, Namespace: o.Namespace}, Action: action, Outcome: c.Outcome}
	if action == "delete" && c.Outcome == facts.OutcomeOrphaned {
		step.Action = "forget"
	}
	reasons := []string{c.Why, objectReason(o)}
	if c.Deletes {
		step.Risk = "high"
	}
	order := false
	if c.Action == "updated" || c.Action == "moved" && len(c.Paths) > 0 {
		t := tell(o)
		step.Paths, order = t.paths, t.order
		lost := lostVersions(o)
		switch {
		case lost != "":
			step.Risk, reasons = "high", append(reasons, lost)
		case t.order:
			step.Risk, reasons = cmp.Or(step.Risk, "low"), append(reasons, orderReason(t))
		case len(t.paths) > 0 || action != "update":
		case objectReason(o) != "" || c.Outcome == facts.OutcomeUnknown: // there is more to say of it
			step.Paths = c.Paths
		default:
			step.Risk, step.ConsequenceOf, step.Restarts = "low", t.of, t.restarts
		}
	}
	if where := destination(o); where != "" && c.Action == "created" {
		reasons = append(reasons, where)
	}
	if c.Outcome != facts.OutcomeNotApplied {
		reasons = append(reasons, deploy.Consequences(doc.Map(c.Before), o.Manifest)...)
	}
	step.Reason = joined(reasons...)
	if len(step.Paths) > 0 {
		if !order {
			step.Values = changedValues(c.Before, o.Manifest, step.Paths)
		}
		at := s.place(o.ID, fieldPath(o.Manifest, step.Paths[0]))
		step.File, step.Line = at.File, at.Line
	}
	s.add(o.Subject, o.Unit, cmp.Or(names[o.Unit], goneUnit(o.Unit)), step)
	s.movesObject(o, step)
}

// tellApart names units of one path and place, such as releases of one chart, by
// what else is in their ids.
func (s *summary) tellApart() {
	count := map[transitionKey]int{}
	for key, t := range s.byKey {
		count[transitionKey{key.environment, key.target, t.Name}]++
	}
	for key, t := range s.byKey {
		if count[transitionKey{key.environment, key.target, t.Name}] == 1 {
			continue
		}
		if _, rest, ok := strings.Cut(key.of, ":"); ok && rest != t.Name {
			t.Name = rest
		} else { // of another kind
			t.Name = key.of
		}
	}
}

// goneUnit is the path of a unit of which only the base knows more than its id:
// "kustomize:apps/web@prod".
func goneUnit(id string) string {
	if _, path, ok := strings.Cut(id, ":"); ok {
		id = path
	}
	if i := strings.LastIndexByte(id, '@'); i > 0 {
		id = id[:i]
	}
	return id
}

// destination says of an Application in which project it is and where it
// deploys to; "" of any other object.
func destination(o *facts.Object) string {
	if o.Group != "argoproj.io" || o.Kind != "Application" {
		return ""
	}
	to := doc.Map(o.Manifest, "spec", "destination")
	out := "of project " + cmp.Or(doc.Text(o.Manifest, "spec", "project"), "default") + ", to " + cmp.Or(doc.Text(to, "name"), doc.Text(to, "server"), "no cluster")
	if ns := doc.Text(to, "namespace"); ns != "" {
		out += ", namespace " + ns
	}
	return out
}

// objectReason says what an object was before, and what else it may be where
// that cannot be told.
func objectReason(o *facts.Object) string {
	c := o.Change
	list := strings.Join(c.Candidates, " or ")
	switch {
	case list == "" && c.From == o.ID: // in another cluster
		return ""
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

// orderOnly is what is said of a change of order alone.
const orderOnly = "order only"

func orderReason(t telling) string {
	if t.restarts {
		return orderOnly + ", its pods restart"
	}
	return orderOnly
}

// joined are those reasons that there are.
func joined(reasons ...string) string {
	return strings.Join(slices.DeleteFunc(reasons, func(r string) bool { return r == "" }), "; ")
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
