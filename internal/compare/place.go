package compare

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// placeInHead leads from an object that only the base has to the place in the
// head where it was removed: the line where it stood in a file that is still
// there; else the changed file of its unit that named it or could have; else
// the deleted file. Every place is an approximate one.
func (p *pairing) placeInHead(o render.Outcome, l source.Locator) source.Locator {
	t, from := p.Trees, removal{trees: p.Trees, unit: o.Unit, touched: p.touched(p.was, o.Unit.ID), listed: p.listing()}
	if o.Rendered != nil {
		from.sources = o.Rendered.Sources
	}
	return source.LocatorFunc(func(path source.Path) source.Location {
		at := l.Locate(path).Position
		file := from.file(at.File)
		if file == "" {
			return source.Location{Position: source.Position{File: at.File, Approximate: true}}
		}
		if _, stands := t.Head.Lookup(file); !stands {
			return source.Location{Position: source.Position{File: file, Approximate: true}}
		}
		if file == t.nameInHead(at.File) {
			if line, ok := t.lineInHead(at, file); ok {
				return approximate(file, line)
			}
		}
		return approximate(file, max(1, t.Lines[file]))
	})
}

func approximate(file string, line int) source.Location {
	return source.Location{Position: source.Position{File: file, Line: line, Approximate: true}}
}

// removal is what a unit of the base was made from.
type removal struct {
	trees   *Trees
	unit    render.Unit
	touched string // what says how the unit is deployed, and the change touches
	sources []string
	listed  map[string][]string // files -> the kustomizations that list them
}

// listing says of what kustomizations of the base list which ones do.
func (p *pairing) listing() map[string][]string {
	if p.listed == nil {
		p.listed = map[string][]string{}
		for _, k := range p.Base.Inventory.Kustomizations {
			for _, r := range k.Refs {
				p.listed[r] = append(p.listed[r], k.File)
			}
		}
	}
	return p.listed
}

// file is the file of the head from which an object of a file of the base was
// most likely taken out, "" if there is none.
func (r removal) file(file string) string {
	near := slices.Clone(r.listed[file]) // what named the file, or is the unit
	if place := r.unit.Place.File; place != "" && place != file && len(r.unit.Files) == 0 {
		near = append(near, place)
	}
	first := func(changed bool, files ...string) string {
		for _, f := range files {
			if name := r.trees.nameInHead(f); name != "" && (!changed || r.trees.Lines[name] > 0) {
				return name
			}
		}
		return ""
	}
	stands := r.trees.nameInHead(file)
	out := cmp.Or(first(true, file), first(true, near...))
	if out == "" && stands != "" {
		out = cmp.Or(first(true, r.sources...), r.touched)
	}
	return cmp.Or(out, first(false, near...), stands)
}

// touched is the same for all objects of a unit.
func (p *pairing) touched(v *view, id string) string {
	file, known := v.touches[id]
	if !known {
		file = p.Trees.touched(v, id)
		if v.touches == nil {
			v.touches = map[string]string{}
		}
		v.touches[id] = file
	}
	return file
}

// touched is the file that the change touches among those which say how
// something is deployed, from near to far: "" if there is none. A file that is
// gone keeps its name.
func (t *Trees) touched(v *view, id string) string {
	for i, u := range v.above(id) {
		files := slices.Clone(u.From)
		values := slices.Clone(u.Values)
		slices.Reverse(values) // the last one wins
		files = append(files, values...)
		if o := v.outcomes[u.ID]; o.Rendered != nil && u.Kind != render.KindManifests && (i > 0 || v.label == "head") {
			files = append(files, rendering(u, o.Rendered.Sources)...)
		}
		for _, f := range append(files, u.ControllerFile) {
			if v.label == "base" {
				if _, there := t.Base.Lookup(f); there && t.nameInHead(f) == "" {
					return f
				}
				f = t.nameInHead(f)
			}
			if f != "" && t.Lines[f] > 0 {
				return f
			}
		}
	}
	return ""
}

// rendering are the files that a unit reads, of a chart first those that render by
// themselves: it has whatever else stands beside them as text.
func rendering(u render.Unit, sources []string) []string {
	if u.Kind != render.KindHelm {
		return sources
	}
	var first, rest []string
	for _, f := range sources {
		rel, inside := strings.CutPrefix(f, u.Path+"/")
		if u.Path == "." {
			rel, inside = f, true
		}
		dir, _, below := strings.Cut(rel, "/")
		if inside && (below && !slices.Contains([]string{"templates", "crds", "charts"}, dir) || !below && !strings.HasSuffix(rel, ".yaml")) {
			rest = append(rest, f)
		} else {
			first = append(first, f)
		}
	}
	return append(first, rest...)
}

// placeOfUpdate is where a person changed an object, nil if it is where the
// object stands.
func (p *pairing) placeOfUpdate(change *facts.ResourceChange, o, was *facts.Object) source.Locator {
	switch {
	case change.Action == "unchanged":
		return nil
	case change.Action == "updated" && was.Unit == o.Unit && was.Name != o.Name: // the object stands where its name is generated
		return p.placeInHead(p.was.outcomes[was.Unit], p.was.locator(was.ID))
	}
	return p.cause(o)
}

// cause is where the change touches what an object of the head is made from, if
// that is not the file in which it stands. Nil if nothing of it is touched.
func (p *pairing) cause(o *facts.Object) source.Locator {
	if l := p.is.locator(o.ID); l == nil || p.Trees.Lines[p.is.files[o.ID]] > 0 {
		return nil
	}
	file := p.touched(p.is, o.Unit)
	if file == "" {
		return nil
	}
	return source.Fixed(approximate(file, max(1, p.Trees.Lines[file])).Position)
}
