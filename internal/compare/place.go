package compare

import (
	"slices"

	"gate/internal/discover"
	"gate/internal/render"
	"gate/internal/source"
)

// placeInHead leads from an object that only the base has to the place in the
// head where it was removed: the line where it stood in a file that is still
// there; else the changed file of its unit that named it or could have; else
// the deleted file. Every place is an approximate one.
func (p *pairing) placeInHead(o render.Outcome, l source.Locator) source.Locator {
	t, from := p.Trees, removal{trees: p.Trees, unit: o.Unit, kustomizations: p.Base.Inventory.Kustomizations}
	if o.Rendered != nil {
		from.sources = o.Rendered.Sources
	}
	return source.LocatorFunc(func(path source.Path) source.Location {
		at := l.Locate(path).Position
		files := from.files(at.File)
		if len(files) == 0 {
			return source.Location{Position: source.Position{File: at.File, Approximate: true}}
		}
		if files[0] == t.nameInHead(at.File) {
			if line, ok := t.lineInHead(at, files[0]); ok {
				return approximate(files[0], line)
			}
		}
		return approximate(files[0], max(1, t.Lines[files[0]]))
	})
}

func approximate(file string, line int) source.Location {
	return source.Location{Position: source.Position{File: file, Line: line, Approximate: true}}
}

// removal is what a unit of the base was made from.
type removal struct {
	trees          *Trees
	unit           render.Unit
	sources        []string
	kustomizations []discover.Kustomization
}

// files lists files of the head from which an object of a file of the base may
// have been taken out, the most likely first.
func (r removal) files(file string) []string {
	var near []string // what named the file, or is the unit
	for _, k := range r.kustomizations {
		if slices.Contains(k.Refs, file) {
			near = append(near, k.File)
		}
	}
	if place := r.unit.Place.File; place != "" && place != file && len(r.unit.Files) == 0 {
		near = append(near, place)
	}
	var out []string
	add := func(changed bool, files ...string) {
		for _, f := range files {
			name := r.trees.nameInHead(f)
			if name != "" && (!changed || r.trees.Lines[name] > 0) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	add(true, file)
	add(true, near...)
	if r.trees.nameInHead(file) != "" {
		add(true, r.sources...)
	}
	add(false, near...)
	add(false, file)
	return out
}
