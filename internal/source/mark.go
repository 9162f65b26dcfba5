package source

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mark is where a node of a document stands. It is what is left of the tree of
// the YAML library, which takes four times as much memory.
type mark struct {
	place
	entries []entry // of a mapping or sequence
	list    bool
	ordered bool  // a merge key overrides what stands before it
	alias   *mark // what an alias stands for
}

// entry is one value of a mapping or sequence; of a sequence without key.
type entry struct {
	place // of the key
	key   string
	merge bool // "<<"
	value *mark
}

// place is where a node begins. The width of a plain scalar's first line is in
// UTF-16 code units; anything else, -1, ends with its line.
type place struct {
	line, column, width int32 // column in code points, 1-based
}

func placeOf(n *yaml.Node) place {
	p := place{line: int32(n.Line), column: int32(n.Column), width: -1}
	const marked = yaml.LiteralStyle | yaml.FoldedStyle | yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle
	if n.Kind == yaml.ScalarNode && n.Style&marked == 0 {
		first, _, _ := strings.Cut(n.Value, "\n")
		p.width = int32(Column(first, len(first)) - 1)
	}
	return p
}

// marker makes marks; an anchored node has one, however often it is named.
type marker struct {
	anchored map[*yaml.Node]*mark
	keys     map[*yaml.Node]string // those that are not the text that stands there
	merges   map[*yaml.Node]bool
	ordered  bool
}

// mark converts a tree that was found to be neither cyclic nor too deep.
func (m *marker) mark(n *yaml.Node) *mark {
	if known := m.anchored[n]; known != nil {
		return known
	}
	out := &mark{place: placeOf(n), list: n.Kind == yaml.SequenceNode, ordered: m.ordered}
	if n.Anchor != "" {
		if m.anchored == nil {
			m.anchored = map[*yaml.Node]*mark{}
		}
		m.anchored[n] = out
	}
	switch n.Kind {
	case yaml.AliasNode:
		out.alias = m.mark(n.Alias)
	case yaml.SequenceNode:
		out.entries = make([]entry, len(n.Content))
		for i, c := range n.Content {
			out.entries[i] = entry{value: m.mark(c)}
		}
	case yaml.MappingNode:
		out.entries = make([]entry, len(n.Content)/2)
		for i := range out.entries {
			k := n.Content[2*i]
			key, other := m.keys[k]
			if !other {
				key = k.Value
			}
			out.entries[i] = entry{place: placeOf(k), key: key, merge: m.merges[k], value: m.mark(n.Content[2*i+1])}
		}
	}
	return out
}

// Locate returns where the value at p stands: the key of a mapping entry, the
// item of a list. ok is false if the path does not exist; the position is
// then that of the nearest existing ancestor, marked approximate.
func (d *Document) Locate(p Path) (pos Position, ok bool) {
	n, at := d.root, d.root.place
	for _, e := range p {
		key, next := n.child(e)
		if next == nil {
			pos = d.position(at)
			pos.Approximate = true
			return pos, false
		}
		n, at = next, key
	}
	return d.position(at), true
}

// Lookup returns the position of the value itself (not its key) at p.
func (d *Document) Lookup(p Path) (pos Position, ok bool) {
	n := d.root
	for _, e := range p {
		if _, n = n.child(e); n == nil {
			return Position{}, false
		}
	}
	return d.position(n.place), true
}

// Locator returns the document as a Locator.
func (d *Document) Locator() Locator {
	return LocatorFunc(func(p Path) Location {
		pos, _ := d.Locate(p)
		return Location{Position: pos}
	})
}

// child returns the place to point at and the value of one path element. What
// a mapping says itself counts before what it merges, or, where the order counts,
// what stands last.
func (n *mark) child(e any) (at place, value *mark) {
	for n.alias != nil {
		n = n.alias
	}
	switch e := e.(type) {
	case int:
		if n.list && e >= 0 && e < len(n.entries) {
			return n.entries[e].value.place, n.entries[e].value
		}
	case string:
		if n.list {
			break
		}
		for _, x := range slices.Backward(n.entries) { // of repeated keys the last counts
			if x.key == e && !x.merge {
				return x.place, x.value
			}
			if x.merge && n.ordered {
				if at, value = x.value.merged(e); value != nil {
					return at, value
				}
			}
		}
		if n.ordered {
			break
		}
		for _, x := range n.entries {
			if x.merge {
				if at, value = x.value.merged(e); value != nil {
					return at, value
				}
			}
		}
	}
	return place{}, nil
}

// merged looks for a key in what a mapping merges: a mapping, or a list of them.
func (n *mark) merged(key string) (at place, value *mark) {
	for n.alias != nil {
		n = n.alias
	}
	if !n.list {
		return n.child(key)
	}
	for _, x := range n.entries {
		if at, value = x.value.child(key); value != nil {
			return at, value
		}
	}
	return place{}, nil
}

// Text returns a line of the file (1-based), empty if there is none.
func (d *Document) Text(line int) string {
	if line < 1 || line > len(d.lines) {
		return ""
	}
	return strings.TrimSuffix(d.lines[line-1], "\r")
}

func (d *Document) position(p place) Position {
	line := d.Text(int(p.line))
	col, last := 0, 0 // where it begins, and the end of the line
	if len(line) < longLine {
		col, last = RuneColumn(line, int(p.column)), Column(line, len(line))
	} else {
		index := d.long.of(int(p.line), line)
		col, last = index.runeColumn(line, int(p.column)), index.width+1
	}
	end := last - (len(line) - len(strings.TrimRight(line, " \t")))
	if p.width >= 0 {
		end = min(col+int(p.width), max(last, col+1))
	}
	if end <= col {
		end = col + 1
	}
	return Position{File: d.File, Line: int(p.line), Column: col, EndLine: int(p.line), EndColumn: end}
}

// PathAt returns the outermost path whose value, or its key, begins in a line of the
// file; where none does, the last one that began before. ok is false before the
// document.
func (d *Document) PathAt(line int) (p Path, ok bool) {
	exact := false
	var walk func(n *mark, at Path)
	walk = func(n *mark, at Path) {
		for i, e := range n.entries {
			if exact {
				return
			}
			here, from := append(at[:len(at):len(at)], any(e.key)), e.place
			if n.list {
				here[len(at)], from = i, e.value.place
			}
			if int(from.line) <= line {
				p, ok, exact = here, true, int(from.line) == line
			}
			if !exact && e.value != nil {
				walk(e.value, here)
			}
		}
	}
	walk(d.root, nil)
	return p, ok || d.Line <= line
}
