package compare

import (
	"bytes"
	"cmp"
	"slices"

	"gate/internal/facts"
	"gate/internal/source"
)

// Trees are the two sides of a change as files.
type Trees struct {
	Head, Base source.Tree
	Files      []facts.File   // what differs between them
	Lines      map[string]int // first changed line of each changed file that Head has, 1-based
}

// nameInHead is the name that a file of the base has now, "" if it is gone.
func (t *Trees) nameInHead(file string) string {
	if _, ok := t.Head.Lookup(file); ok {
		return file
	}
	i := slices.IndexFunc(t.Files, func(f facts.File) bool { return f.Previous == file && file != "" })
	if i < 0 {
		return ""
	}
	return t.Files[i].Path
}

// nameInBase is the name that a file of the head had, "" if it is new.
func (t *Trees) nameInBase(file string) string {
	i := slices.IndexFunc(t.Files, func(f facts.File) bool { return f.Path == file && f.Previous != "" })
	if i >= 0 {
		return t.Files[i].Previous
	}
	if _, ok := t.Base.Lookup(file); ok {
		return file
	}
	return ""
}

// lineInHead maps a place of the base to a line of a file of the head.
func (t *Trees) lineInHead(at source.Position, file string) (int, bool) {
	before, err1 := t.Base.ReadFile(at.File)
	after, err2 := t.Head.ReadFile(file)
	if cmp.Or(err1, err2) != nil || at.Line < 1 {
		return 0, false
	}
	return mapLine(bytes.Split(before, []byte("\n")), bytes.Split(after, []byte("\n")), at.Line), true
}
