package deploy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/render/manifest"
)

// FateInput is one object that a change touches, and who deploys it.
type FateInput struct {
	Action        string         // of facts.ResourceChange, by what Git says: created, updated, moved, deleted
	Before, After map[string]any // manifests with their secrets; nil where there is none
	// Paths are the changed paths, as facts.ResourceChange has them; nil: those
	// in which the manifests differ.
	Paths   []string
	Kind    string // of the unit: render.KindHelm, ...
	CRD     bool   // comes from the directory crds/ of a chart
	NewUnit bool   // the base does not have the unit
	Emptied bool   // the unit has objects in the base and none in the head
	// Head and Base are the objects that deploy it at either side: the nearest
	// first, then what deploys that one, and so on. An Application that is made
	// of a template is deployed by its ApplicationSet; what deploys itself
	// stands twice. Neither list holds what its side does not have: where the
	// nearest deployer is gone, Head begins with the nearest one that is left.
	// Nobody in the tree deploys it where a list is empty.
	Head, Base []map[string]any
}

// Fate is what becomes of a change in the cluster: an outcome of
// facts.ResourceChange, and why. Of what is applied, Why is empty unless a
// person must know more of it, such as which of its paths are not.
type Fate struct {
	Outcome, Why string
	Deletes      bool // what goes to another deployer or cluster is deleted on the way, or may be
	partly       bool // applied, but not all of it
}

func applied(format string, args ...any) Fate {
	return Fate{Outcome: facts.OutcomeApplied, Why: fmt.Sprintf(format, args...)}
}

func notApplied(format string, args ...any) Fate {
	return Fate{Outcome: facts.OutcomeNotApplied, Why: fmt.Sprintf(format, args...)}
}

func orphaned(format string, args ...any) Fate {
	return Fate{Outcome: facts.OutcomeOrphaned, Why: fmt.Sprintf(format, args...)}
}

func undecided(format string, args ...any) Fate {
	return Fate{Outcome: facts.OutcomeUnknown, Why: fmt.Sprintf(format, args...)}
}

// The actions of facts.ResourceChange that are told apart here.
const (
	actionCreated = "created"
	actionUpdated = "updated"
	actionDeleted = "deleted"
)

// FateOf says what becomes of a change: whether what deploys the object does to
// the cluster what the change does to Git. It is told from the objects of the
// controllers alone: how they are installed (the customizations of argocd-cm,
// the policy of the ApplicationSet controller) and what people do by hand is
// not known.
func FateOf(in FateInput) Fate { return in.elsewhere(in.fate()) }

// fate is FateOf, wherever the object is deployed to.
func (in FateInput) fate() Fate {
	if in.Action == actionDeleted && len(in.Base) > 0 && find(in.Head, in.Base[0]) < 0 {
		return in.goneWith(in.Base[0])
	}
	if len(in.Head) == 0 {
		return in.undeployed()
	}
	now, was, own := in.deployer()
	switch {
	case own.Outcome == facts.OutcomeUnknown:
		return undecided("%s deploys it, of whose own change is not known whether it is applied: %s", named(now), own.Why)
	case own.Outcome == facts.OutcomeNotApplied && was == nil:
		return notApplied("%s deploys it and is not made: %s", named(now), own.Why)
	case own.Outcome == facts.OutcomeNotApplied:
		f := in.under(was)
		if f.Outcome == facts.OutcomeApplied {
			return undecided("%s deploys it, whose own change is not applied: %s; which of the two this change comes from cannot be told", named(now), own.Why)
		}
		return f
	}
	f := in.under(now)
	if was != nil && (f.Outcome == facts.OutcomeNotApplied || f.Outcome == facts.OutcomeOrphaned) && in.under(was).Outcome == facts.OutcomeApplied {
		return undecided("%s, from this change on: it may see the rest of the change before", f.Why)
	}
	switch {
	case f.Outcome != facts.OutcomeApplied || own.Why == "":
	case own.partly:
		return undecided("%s deploys it, whose own change is applied %s; which of the two this change comes from cannot be told", named(now), own.Why)
	case f.Why == "":
		f.Why = own.Why
	}
	return f
}

// elsewhere is what becomes of a change that is applied, to another cluster
// than the object was deployed to.
func (in FateInput) elsewhere(f Fate) Fate {
	if f.Outcome != facts.OutcomeApplied || in.Action == actionCreated {
		return f
	}
	if in.Action == actionDeleted && len(in.Base) > 0 && find(in.Head, in.Base[0]) < 0 {
		return f // it went with its deployer
	}
	moved := Moved(in.Base, in.Head)
	switch {
	case in.Action != actionDeleted && len(in.Base) > 0 && len(in.Head) > 0 && find(in.Head, in.Base[0]) < 0:
		return in.handedOver(f, moved)
	case moved.Outcome == "":
		return f
	case in.Action == actionDeleted && moved.Outcome == facts.OutcomeMoved:
		return orphaned("%s", moved.Why)
	}
	return moved
}

// handedOver is what becomes of an object that another one deploys from now on:
// where what deployed it prunes it, that is a deletion in the old cluster, and in
// the same one a race, since each of the two sees the change when it does. It is
// not known whether what deployed it goes itself; it is taken to be as it was.
func (in FateInput) handedOver(f, moved Fate) Fate {
	left := FateInput{Action: actionDeleted, Before: in.Before, Kind: in.Kind, CRD: in.CRD, Head: in.Base, Base: in.Base}.fate()
	deleted := left.Outcome == facts.OutcomeApplied
	switch {
	case moved.Outcome == facts.OutcomeMoved && deleted:
		f = applied("it goes to %s, and %s deletes it from %s", destinationOf(in.Head), named(in.Base[0]), destinationOf(in.Base))
		f.Deletes = true
	case moved.Outcome != "":
		return moved
	case deleted && f.Why == "":
		f.Why, f.Deletes = fmt.Sprintf("%s takes it over from %s, which deletes it if it comes first", named(in.Head[0]), named(in.Base[0])), true
	}
	return f
}

// deployer returns what deploys the object at the head, what that is in the
// base, and the fate of its own change.
func (in FateInput) deployer() (now, was map[string]any, own Fate) {
	now = in.Head[0]
	i := find(in.Base, now)
	if i < 0 {
		return now, nil, FateInput{Action: actionCreated, After: now, Head: in.Head[1:], Base: in.Base}.fate()
	}
	was = in.Base[i]
	switch {
	case reflect.DeepEqual(was, now):
		return now, was, applied("")
	case in.After != nil && same(in.After, now): // it takes its own change, or does not
		return was, was, applied("")
	}
	return now, was, FateInput{Action: actionUpdated, Before: was, After: now, Head: in.Head[1:], Base: in.Base[i+1:]}.fate()
}

// under is the fate of the change where what deploys it is at work.
func (in FateInput) under(deployer map[string]any) Fate {
	switch manifest.GroupKind(deployer) {
	case kindApplication:
		return in.underApplication(deployer)
	case kindApplicationSet:
		return in.underApplicationSet(deployer)
	case kindKustomization:
		return in.underKustomization(deployer)
	case kindHelmRelease:
		return in.underHelmRelease(deployer)
	}
	return applied("")
}

// The kinds of objects that deploy others.
const (
	kindApplication    = "argoproj.io/Application"
	kindApplicationSet = "argoproj.io/ApplicationSet"
	kindKustomization  = "kustomize.toolkit.fluxcd.io/Kustomization"
	kindHelmRelease    = "helm.toolkit.fluxcd.io/HelmRelease"
)

// goneWith is the fate of an object whose deployer is gone from Git: if that
// stays in the cluster, so does what it deployed; if it goes, it takes the
// object with it or leaves it.
func (in FateInput) goneWith(gone map[string]any) Fate {
	above := in.Base[1:]
	own := FateOf(FateInput{Action: actionDeleted, Before: gone, Head: in.Head, Base: above})
	switch own.Outcome {
	case facts.OutcomeApplied:
	case facts.OutcomeUnknown:
		return undecided("%s deploys it, of which is not known whether it goes: %s", named(gone), own.Why)
	default:
		return Fate{Outcome: own.Outcome, Why: fmt.Sprintf("%s deploys it and stays: %s", named(gone), own.Why)}
	}
	switch manifest.GroupKind(gone) {
	case kindApplication:
		return in.withApplication(gone, above)
	case kindApplicationSet:
		return in.withApplicationSet(gone)
	case kindKustomization:
		return in.withKustomization(gone)
	case kindHelmRelease:
		return in.withHelmRelease(gone)
	}
	return applied("")
}

// undeployed is the fate of what nobody in the tree deploys: it is applied by
// hand, or from elsewhere. That it is kept from deletion is believed for
// whatever deploys it.
func (in FateInput) undeployed() Fate {
	if in.Kind == render.KindHelm {
		if f := in.byHelm("Helm", crdsOfHelm(in.NewUnit)); f.Outcome != facts.OutcomeApplied {
			return f
		}
	}
	if in.Action != actionDeleted {
		return applied("")
	}
	switch prune, _ := option(in.Before, "Prune"); {
	case fluxSays(in.Before, "prune", "disabled"):
		return orphaned("it says %sprune: disabled", fluxPrefix)
	case prune == "false":
		return orphaned("it says %s: Prune=false", syncOptions)
	case prune == "confirm":
		return undecided("it is pruned once a person confirms it (%s: Prune=confirm)", syncOptions)
	}
	return applied("")
}

// Moved says whether what deploys a unit sends it to another cluster than
// before: moved, unknown, or nothing where it does not, or where that change of
// what deploys it is not applied. What stands in the old cluster stays there:
// neither Argo CD nor Flux reaches back to where an object is no longer sent.
// Head and base are those of FateInput.
func Moved(base, head []map[string]any) Fate {
	if len(base) == 0 || len(head) == 0 {
		return Fate{}
	}
	from, to := destinationOf(base), destinationOf(head)
	if from == to {
		return Fate{}
	}
	for i := range head {
		switch now, _, own := (FateInput{Head: head[i:], Base: base}).deployer(); {
		case own.Outcome == facts.OutcomeNotApplied:
			return Fate{}
		case own.Outcome == facts.OutcomeUnknown || own.partly:
			return undecided("whether it goes to %s instead of %s cannot be told: of the change of %s is not known what is applied", to, from, named(now))
		}
	}
	if from.by != to.by && from.by != "" && to.by != "" {
		return undecided("what deploys it goes to %s instead of %s: whether these are one cluster cannot be told", to, from)
	}
	return Fate{Outcome: facts.OutcomeMoved, Why: fmt.Sprintf("what deploys it goes to %s instead of %s: what stands in the old one stays behind", to, from)}
}

// destination is a cluster: the one that the controller runs in, or what names
// another one.
type destination struct{ by, name string }

func (d destination) String() string {
	if d.by == "" {
		return "the cluster of its controller"
	}
	return fmt.Sprintf("the cluster of %s %q", d.by, d.name)
}

// destinationOf is the first cluster that a chain of deployers names: what
// stays in the cluster of its controller goes where that is deployed to.
func destinationOf(chain []map[string]any) destination {
	for _, d := range chain {
		var to destination
		switch manifest.GroupKind(d) {
		case kindApplication:
			to = argoDestination(d)
		case kindKustomization, kindHelmRelease:
			to = fluxDestination(d)
		}
		if to.by != "" {
			return to
		}
	}
	return destination{}
}

// find is the index of an object in a list of manifests, -1 if it is not there.
func find(list []map[string]any, object map[string]any) int {
	return slices.IndexFunc(list, func(o map[string]any) bool { return same(o, object) })
}

// same says whether two manifests are of one object.
func same(a, b map[string]any) bool {
	return manifest.GroupKind(a) == manifest.GroupKind(b) && doc.Text(a, "metadata", "name") == doc.Text(b, "metadata", "name") &&
		doc.Text(a, "metadata", "namespace") == doc.Text(b, "metadata", "namespace")
}

// named is how an object is called in words: Kustomization flux-system/apps.
func named(object map[string]any) string {
	name := doc.Text(object, "metadata", "name")
	if ns := doc.Text(object, "metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	return strings.TrimSpace(doc.Text(object, "kind") + " " + name)
}
