package pipeline

import (
	"bytes"
	"cmp"
	"slices"

	"gate/internal/facts"
	"gate/internal/source"
)

// placeInHead leads from an object that only the base has to the place in the
// head where it was removed: the line where it stood in a file that is still
// there; else the changed file of its unit that named it or could have; else
// the deleted file. Every place is an approximate one.
func (r *run) placeInHead(b *baseState, unit string, l source.Locator) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		at := l.Locate(p).Position
		for _, file := range r.removedFrom(b, unit, at.File) {
			if file == r.nameInHead(at.File) {
				if line, ok := r.lineInHead(at, file); ok {
					return approximate(file, line)
				}
			}
			return approximate(file, max(1, r.change.Lines[file]))
		}
		return source.Location{Position: source.Position{File: at.File, Approximate: true}}
	})
}

func approximate(file string, line int) source.Location {
	return source.Location{Position: source.Position{File: file, Line: line, Approximate: true}}
}

// removedFrom lists files of the head, the most likely first.
func (r *run) removedFrom(b *baseState, unit, file string) []string {
	o := b.units[unit]
	var near []string // what named the file, or is the unit
	for _, k := range b.inv.Kustomizations {
		if slices.Contains(k.Refs, file) {
			near = append(near, k.File)
		}
	}
	if o.Unit.Place.File != "" && o.Unit.Place.File != file && len(o.Unit.Files) == 0 {
		near = append(near, o.Unit.Place.File)
	}
	var out []string
	add := func(changed bool, files ...string) {
		for _, f := range files {
			name := r.nameInHead(f)
			if name != "" && (!changed || r.change.Lines[name] > 0) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	add(true, file)
	add(true, near...)
	if r.nameInHead(file) != "" && o.Rendered != nil {
		add(true, o.Rendered.Sources...)
	}
	add(false, near...)
	add(false, file)
	return out
}

// nameInHead is the name that a file of the base has now, "" if it is gone.
func (r *run) nameInHead(file string) string {
	if _, ok := r.tree.Lookup(file); ok {
		return file
	}
	i := slices.IndexFunc(r.change.Change.Files, func(f facts.File) bool { return f.Previous == file && file != "" })
	if i < 0 {
		return ""
	}
	return r.change.Change.Files[i].Path
}

// lineInHead is the line of the head where a line of the base is, or was.
func (r *run) lineInHead(at source.Position, file string) (int, bool) {
	before, err1 := r.change.BaseTree.ReadFile(at.File)
	after, err2 := r.tree.ReadFile(file)
	if cmp.Or(err1, err2) != nil || at.Line < 1 {
		return 0, false
	}
	return mapLine(bytes.Split(before, []byte("\n")), bytes.Split(after, []byte("\n")), at.Line), true
}

// mapLine maps a 1-based line of something that was removed: behind the changed
// region the line keeps its text; inside it stands behind the nearest line above
// that both sides have once; else the region begins where it was removed, or
// renamed some lines below its first one.
func mapLine(before, after [][]byte, line int) int {
	prefix := 0
	for prefix < len(before) && prefix < len(after) && bytes.Equal(before[prefix], after[prefix]) {
		prefix++
	}
	suffix := 0
	for suffix < len(before)-prefix && suffix < len(after)-prefix && bytes.Equal(before[len(before)-1-suffix], after[len(after)-1-suffix]) {
		suffix++
	}
	if line > len(before)-suffix || prefix == len(before) && prefix == len(after) {
		return line + len(after) - len(before)
	}
	last := len(after)
	if last > 1 && len(after[last-1]) == 0 { // behind the last line feed
		last--
	}
	if n := behindAnchor(before[prefix:len(before)-suffix], after[prefix:len(after)-suffix], line-1-prefix); n > 0 {
		prefix += n
	}
	return max(1, min(prefix+1, last))
}

// behindAnchor returns how many lines of after stand before the place of line i
// of before, 0 if no line above i is in both once.
func behindAnchor(before, after [][]byte, i int) int {
	was, is := map[string]int{}, map[string]int{}
	for _, l := range before {
		was[string(l)]++
	}
	at := map[string]int{}
	for n, l := range after {
		is[string(l)]++
		at[string(l)] = n
	}
	for k := min(i, len(before)) - 1; k >= 0; k-- {
		anchor := string(before[k])
		if was[anchor] != 1 || is[anchor] != 1 {
			continue
		}
		n := at[anchor] + 1
		for k++; k < i && n < len(after) && bytes.Equal(before[k], after[n]); k++ {
			n++
		}
		return n
	}
	return 0
}
