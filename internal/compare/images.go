package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/transition"
)

// Images lists the images that containers run in place of others, over all
// workloads of the environments of in: of pods, init and ephemeral containers
// included, and of what runs images without a pod template. What is not applied
// changes none.
func Images(in Steps) []decide.ImageChange {
	steps := map[string][]string{} // images outside of pod templates, by object
	for i := range in.Facts.Containers {
		if c := &in.Facts.Containers[i]; c.Type == "step" {
			steps[c.Object] = append(steps[c.Object], c.Image.Ref)
		}
	}
	l := images{objects: map[[2]string]int{}, environments: map[[2]string]map[string]bool{}}
	each := func(list []facts.Object) {
		for i := range list {
			o := &list[i]
			if o.Change == nil || in.Only != nil && o.Environment != "" && !slices.Contains(in.Only, o.Environment) {
				continue
			}
			switch o.Change.Outcome {
			case facts.OutcomeNotApplied, facts.OutcomeOrphaned:
			default:
				l.add(o.Environment, imagesOf(o, steps[o.ID]))
			}
		}
	}
	each(in.Facts.Objects)
	each(in.Facts.DeletedObjects)
	return l.sorted()
}

// images is the list in the making, by old and new reference.
type images struct {
	objects      map[[2]string]int
	environments map[[2]string]map[string]bool
}

func (l *images) add(environment string, changes map[[2]string]bool) {
	for c := range changes {
		l.objects[c]++
		if environment == "" {
			continue
		}
		if l.environments[c] == nil {
			l.environments[c] = map[string]bool{}
		}
		l.environments[c][environment] = true
	}
}

func (l *images) sorted() []decide.ImageChange {
	out := make([]decide.ImageChange, 0, len(l.objects))
	for c, n := range l.objects {
		out = append(out, decide.ImageChange{Old: c[0], New: c[1], Objects: n, Environments: slices.Sorted(maps.Keys(l.environments[c]))})
	}
	repository := func(c decide.ImageChange) string {
		r := render.ParseImage(cmp.Or(c.New, c.Old))
		return r.Registry + "/" + r.Repository
	}
	slices.SortFunc(out, func(a, b decide.ImageChange) int {
		return cmp.Or(strings.Compare(repository(a), repository(b)), strings.Compare(a.Old, b.Old), strings.Compare(a.New, b.New))
	})
	return out
}

// imagesOf are the old and new references of an object's containers that are
// not the same.
func imagesOf(o *facts.Object, steps []string) map[[2]string]bool {
	before, after := doc.Map(o.Change.Before), o.Manifest
	switch o.Change.Action {
	case "created":
		before = nil
	case "deleted":
		before, after = o.Manifest, nil
	case "updated", "moved":
		if len(o.Change.Paths) == 0 { // as it was, elsewhere
			return nil
		}
	default:
		return nil
	}
	out := exchanged(containerImages(o, before), containerImages(o, after))
	if len(steps) == 0 {
		return out
	}
	if before == nil {
		for _, image := range steps {
			out[[2]string{"", image}] = true
		}
		return out
	}
	for _, d := range transition.Diff(transition.Same(before), transition.Same(after)) {
		old, _ := d.Before.(string)
		image, _ := d.After.(string)
		if old != "" && strings.HasSuffix(d.Path, "image") && slices.Contains(steps, image) {
			out[[2]string{old, image}] = true
		}
	}
	return out
}

// exchanged pairs the images of containers: those of one name, then those of
// one repository, as a container may be renamed; the rest is added or taken
// away.
func exchanged(was, is map[string]string) map[[2]string]bool {
	out := map[[2]string]bool{}
	var gone, added []string
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if image, ok := is[name]; !ok {
			gone = append(gone, was[name])
		} else if image != was[name] {
			out[[2]string{was[name], image}] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[name]; !ok {
			added = append(added, is[name])
		}
	}
	for _, same := range [...]func(old, image string) bool{func(old, image string) bool { return old == image }, sameRepository} {
		gone = slices.DeleteFunc(gone, func(old string) bool {
			i := slices.IndexFunc(added, func(image string) bool { return same(old, image) })
			if i < 0 {
				return false
			}
			if added[i] != old {
				out[[2]string{old, added[i]}] = true
			}
			added = slices.Delete(added, i, i+1)
			return true
		})
	}
	for _, old := range gone {
		out[[2]string{old, ""}] = true
	}
	for _, image := range added {
		out[[2]string{"", image}] = true
	}
	return out
}

func sameRepository(a, b string) bool {
	x, y := render.ParseImage(a), render.ParseImage(b)
	return x.Registry == y.Registry && x.Repository == y.Repository
}

// containerImages are the images of the containers in the pod templates of a
// manifest, by pod and name: within a pod no two containers share one.
func containerImages(o *facts.Object, manifest map[string]any) map[string]string {
	out := map[string]string{}
	for _, p := range o.Pods {
		for _, field := range [...]string{"initContainers", "containers", "ephemeralContainers"} {
			for i, c := range doc.List(manifest, append(slices.Clone(p.Path), field)...) {
				name := cmp.Or(doc.Text(c, "name"), fmt.Sprintf("%s[%d]", field, i))
				if image := doc.Text(c, "image"); image != "" {
					out[source.Path(p.Path).String()+"/"+name] = image
				}
			}
		}
	}
	return out
}
