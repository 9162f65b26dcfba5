package compare

import (
	"bytes"
	"path"
	"slices"
	"sync"

	"gate/internal/facts"
	"gate/internal/source"
)

// Trees are the two sides of a change as files.
type Trees struct {
	Head, Base source.Tree
	Files      []facts.File   // what differs between them
	Lines      map[string]int // first changed line of each changed file that Head has, 1-based

	once  sync.Once
	index filesIndex // of Files

	mu    sync.Mutex
	lines map[[2]string]*lineMap // by a file of the base and one of the head; nil: not read
}

// filesIndex is a list of changed files by their names.
type filesIndex struct {
	toHead, toBase map[string]string // names after and before a renaming
	changed, above map[string]bool   // files of either side, and directories that hold one at any depth
}

// changes are the changed files, which are asked for once for each object.
func (t *Trees) changes() *filesIndex {
	t.once.Do(func() {
		t.index = filesIndex{map[string]string{}, map[string]string{}, map[string]bool{}, map[string]bool{}}
		for _, f := range slices.Backward(t.Files) { // of several the first one counts
			if f.Previous != "" {
				t.index.toHead[f.Previous], t.index.toBase[f.Path] = f.Path, f.Previous
			}
			for _, name := range []string{f.Path, f.Previous} {
				t.index.changed[name] = true
				for d := path.Dir(name); name != "" && !t.index.above[d]; d = path.Dir(d) {
					t.index.above[d] = true
				}
			}
		}
	})
	return &t.index
}

// nameInHead is the name that a file of the base has now, "" if it is gone.
func (t *Trees) nameInHead(file string) string {
	if _, ok := t.Head.Lookup(file); ok {
		return file
	}
	return t.changes().toHead[file]
}

// nameInBase is the name that a file of the head had, "" if it is new.
func (t *Trees) nameInBase(file string) string {
	if was := t.changes().toBase[file]; was != "" {
		return was
	}
	if _, ok := t.Base.Lookup(file); ok {
		return file
	}
	return ""
}

// lineInHead maps a place of the base to a line of a file of the head.
func (t *Trees) lineInHead(at source.Position, file string) (int, bool) {
	if m := t.linesOf(at.File, file); m != nil && at.Line >= 1 {
		return m.line(at.Line), true
	}
	return 0, false
}

// Stood says whether the line of a place of the head stands in the base: whether
// the change leaves it alone.
func (t *Trees) Stood(at source.Position) bool {
	file := t.nameInBase(at.File)
	if file == "" || at.Line < 1 {
		return false
	}
	if _, stays := t.Head.Lookup(file); stays && file != at.File { // a copy
		return false
	}
	if !t.changed(at.File) && !t.changed(file) {
		return true
	}
	m := t.linesOf(file, at.File)
	return m != nil && m.stood(at.Line)
}

// linesOf maps the lines of a file of the base to those of one of the head; nil
// if one of them cannot be read.
func (t *Trees) linesOf(before, after string) *lineMap {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := [2]string{before, after}
	m, known := t.lines[key]
	if !known {
		if t.lines == nil {
			t.lines = map[[2]string]*lineMap{}
		}
		was, err1 := t.Base.ReadFile(before)
		is, err2 := t.Head.ReadFile(after)
		if err1 == nil && err2 == nil {
			m = newLineMap(bytes.Split(was, []byte("\n")), bytes.Split(is, []byte("\n")))
		}
		t.lines[key] = m
	}
	return m
}
