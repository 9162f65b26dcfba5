package compare

import (
	"slices"

	"gate/internal/classify"
	"gate/internal/decide"
	"gate/internal/facts"
)

// moves keeps a step for the table of risks. What comes to nothing is none.
func (s *summary) moves(subject facts.Subject, over, kind, name, stack string, step decide.Step) {
	if step.Outcome == facts.OutcomeNotApplied {
		return
	}
	if stack != "" && stack != "." {
		name += " (" + stack + ")"
	}
	s.moved = append(s.moved, moved(subject, over, kind, name, step))
}

func moved(subject facts.Subject, over, kind, name string, step decide.Step) classify.Moved {
	m := classify.Moved{
		Subject: subject, Over: over, Type: kind, Name: name, Namespace: step.Subject.Namespace, Action: step.Action, Paths: step.Paths, Worth: step.Risk,
		Idle: len(step.ConsequenceOf) > 0 || step.Action == classify.Update && (step.Risk == "low" || over == classify.OverResource && onlyTags(step.Paths)),
	}
	for _, a := range step.Attributes {
		m.Attributes = append(m.Attributes, classify.Attribute{Class: a.Class, Risk: a.Risk})
	}
	return m
}

// onlyTags says whether nothing of a resource changes but by what it is found and
// billed.
func onlyTags(paths []string) bool {
	return len(paths) > 0 && !slices.ContainsFunc(paths, func(p string) bool {
		switch rootOf(p) {
		case "tags", "labels", "user_labels", "resource_labels", "description":
			return false
		}
		return !slices.Contains(inherited, rootOf(p))
	})
}

// movesObject keeps the step of an object, and of what it manages outside of the
// cluster.
func (s *summary) movesObject(o *facts.Object, step decide.Step) {
	if step.Outcome == facts.OutcomeNotApplied {
		return
	}
	if o.Change.Deletes {
		step.Action = classify.Replace
	}
	m := moved(o.Subject, classify.OverObject, o.Group+"/"+o.Kind, objectName(o), step)
	s.moved = append(s.moved, m)
	if o.Managed == nil {
		return
	}
	m.Over, m.Type, m.Namespace = classify.OverResource, o.Managed.Type, ""
	if !o.Managed.Deletes && (m.Action == classify.Delete || m.Action == classify.Replace) {
		m.Action = classify.Forget
	}
	s.moved = append(s.moved, m)
}

func objectName(o *facts.Object) string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// incomparable keeps what has neither a plan nor a base to compare with: only
// what it is is known. A variant is nothing that anybody applies.
func (s *summary) incomparable(f *facts.Facts) {
	variants := map[string]bool{}
	for i := range f.Units {
		variants[f.Units[i].ID] = f.Units[i].Variant != nil
	}
	for i := range f.Objects {
		o := &f.Objects[i]
		if o.Change == nil && !variants[o.Unit] {
			s.moved = append(s.moved, classify.Moved{Subject: o.Subject, Over: classify.OverObject, Type: o.Group + "/" + o.Kind, Name: objectName(o), Namespace: o.Namespace})
		}
	}
	for i := range f.Resources {
		r := &f.Resources[i]
		if r.Origin == "hcl" && r.Mode == "managed" && r.Change == nil && r.Variant == nil {
			s.moves(r.Subject, classify.OverResource, r.Type, r.Address, r.Stack, decide.Step{})
		}
	}
}
