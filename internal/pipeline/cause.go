package pipeline

import (
	"bytes"
	"cmp"
	"path"

	"gate/internal/decide"
	"gate/internal/git"
	"gate/internal/source"
)

// regions are where the change touches the files of the head: the first and the
// last line, by file.
type regions map[string][2]int

func (c *chain) regions() regions {
	out := regions{}
	for _, f := range c.changed.Change.Files {
		if f.Status != git.Deleted && !f.Moved {
			out[f.Path] = region(c.changed.BaseTree, c.opened.tree, cmp.Or(f.Previous, f.Path), f.Path)
		}
	}
	return out
}

func (r regions) changed(p source.Position) bool {
	lines, ok := r[p.File]
	return ok && lines[0] <= max(p.Line, p.EndLine) && p.Line <= lines[1]
}

// causes say where in the change a finding comes from that stands somewhere else:
// on the line of values that a template prints, or of a patch; else where the
// change touches what its object is made from.
func (c *chain) causes(r regions) func(*decide.Finding) (source.Position, bool) {
	places := c.places()
	return func(f *decide.Finding) (source.Position, bool) {
		if r.changed(f.Location.Position) {
			return source.Position{}, false
		}
		for _, x := range f.Location.Related {
			if r.changed(x.Position) {
				return x.Position, true
			}
		}
		if _, ok := r[f.Location.File]; ok {
			return source.Position{}, false
		}
		for id := f.Subject.ID; ; id = path.Dir(id) {
			if l := places[id]; l != nil {
				p := l.Locate(nil).Position
				return p, p.Line > 0 && r.changed(p)
			}
			if id != f.Subject.ID || path.Dir(id) == id { // a container is named behind its object
				return source.Position{}, false
			}
		}
	}
}

// region are the first and the last line of a file of the head that differ from
// what stood in the base; where lines were only taken away, those around them.
func region(base, head source.Tree, was, is string) [2]int {
	after, err := head.ReadFile(is)
	if err != nil {
		return [2]int{}
	}
	before, err := base.ReadFile(was)
	if err != nil {
		before = nil
	}
	a, b := bytes.Split(after, []byte("\n")), bytes.Split(before, []byte("\n"))
	first, last := 0, 0
	for first < min(len(a), len(b)) && bytes.Equal(a[first], b[first]) {
		first++
	}
	for last < min(len(a), len(b))-first && bytes.Equal(a[len(a)-1-last], b[len(b)-1-last]) {
		last++
	}
	if end := len(a) - last; end > first {
		return [2]int{first + 1, end}
	}
	return [2]int{max(first, 1), first + 1}
}
