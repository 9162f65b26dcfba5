package compare

import (
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/source"
	"gate/internal/terraform"
)

// place leads to where a person changed something: where the reader says, or what
// stands around it, whichever the change touches.
func (d *declared) place(at terraform.ChangedPlace, own source.Locator) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if l, ok := d.inHead(at); ok {
			return source.Location{Position: l}
		}
		l := own.Locate(p)
		for _, rel := range append([]source.Related{{Position: l.Position}}, l.Related...) {
			if d.files.names[rel.File] {
				l.Position = rel.Position
				break
			}
		}
		return l
	})
}

// inStack leads to a place, or to a changed file of the stack if the place is not
// changed: what decided on it is.
func (d *declared) inStack(stack string, at source.Position) source.Locator {
	return source.LocatorFunc(func(source.Path) source.Location {
		if !d.files.names[at.File] {
			for _, f := range d.Trees.Files {
				if f.Status != git.Deleted && path.Dir(f.Path) == stack && configures(f.Path) {
					line := max(1, d.Trees.Lines[f.Path])
					if f.Moved {
						line = 1
					}
					return approximate(f.Path, line)
				}
			}
		}
		return source.Location{Position: at}
	})
}

// inHead is a place as a line of the head, if its file is changed.
func (d *declared) inHead(at terraform.ChangedPlace) (source.Position, bool) {
	t := d.Trees
	if at.File == "" {
		return source.Position{}, false
	}
	if at.InBase {
		file := t.nameInHead(at.File)
		line, ok := t.lineInHead(at.Position, file)
		if !ok {
			return source.Position{File: at.File, Approximate: true}, d.files.names[at.File]
		}
		return approximate(file, line).Position, d.files.names[file]
	}
	if at.Line == 0 { // the file as a whole
		at.Position.Line = t.Lines[at.File]
	}
	return at.Position, d.files.names[at.File]
}

// placeOfGone leads to where something was taken out.
func (d *declared) placeOfGone(x *terraform.Difference) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if l, ok := d.inHead(x.Place); ok {
			return source.Location{Position: l}
		}
		l := d.Trees.removedResource(nil, x.Was).Locate(p)
		if l.File == "" {
			l = approximate(x.Was.Locate(nil).File, 0)
		}
		return l
	})
}

// touched are the files that differ, by the names before and after.
type touched struct {
	names map[string]bool
	links map[string]bool // symbolic links of both trees
}

func newTouched(t *Trees) *touched {
	c := &touched{names: map[string]bool{}, links: map[string]bool{}}
	for _, f := range t.Files {
		c.names[f.Path] = true
		if f.Previous != "" && f.Status != git.Added {
			c.names[f.Previous] = true
		}
	}
	for _, tree := range []source.Tree{t.Head, t.Base} {
		for _, e := range tree.Entries() {
			if e.Symlink {
				c.links[e.Path] = true
			}
		}
	}
	return c
}

// IdleStacks says of stacks of the head, by their directories and by what they would
// be read from, whether they need not be evaluated to know what the change does: it
// touches nothing of that, the base has the stack as well, and nothing in clusters
// hangs on it. In doubt a stack is evaluated.
func IdleStacks(t *Trees, base *discover.Inventory) func(dir string, r terraform.Reads) bool {
	files := newTouched(t)
	inputs := slices.ContainsFunc(t.Files, func(f facts.File) bool { return mayBeInput(f.Path) })
	return func(dir string, r terraform.Reads) bool {
		return !r.Kubernetes && !(r.Opens && inputs) && (r.Unit || slices.Contains(base.TerraformRoots, dir)) && !files.reach(r)
	}
}

func (c *touched) changed(file string) bool { return c.names[file] }

// reach says whether a stack that is read from some files may be another one. A
// file that is gone is in no list: those of its kind and place count.
func (c *touched) reach(r terraform.Reads) bool {
	for file := range c.names {
		dir := path.Dir(file)
		if r.Files[file] || r.Dirs[dir] && configures(file) || r.Unit && strings.HasSuffix(file, ".hcl") && c.above(dir, r.Dirs) {
			return true
		}
		for d := dir; d != "."; d = path.Dir(d) {
			if r.Files[d+"/"] {
				return true
			}
		}
	}
	for file := range r.Files {
		if c.links[file] && len(c.names) > 0 { // what it leads to may be changed
			return true
		}
	}
	return false
}

// above says whether a directory is one of some, or stands above one.
func (c *touched) above(dir string, of map[string]bool) bool {
	for d := range of {
		if d == dir || below(d, dir) {
			return true
		}
	}
	return false
}

// configures says whether a file of this name is read without being named.
func configures(file string) bool {
	return terraform.IsConfiguration(file) || strings.HasSuffix(file, ".tfvars") || strings.HasSuffix(file, ".tfvars.json") || strings.HasSuffix(file, ".terraform.lock.hcl")
}
