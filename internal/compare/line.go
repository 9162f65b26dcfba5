package compare

import "bytes"

// lineMap maps lines of a text to those of what became of it.
type lineMap struct {
	before, after  [][]byte
	prefix, suffix int // lines that are the same at both ends
	// anchors lead from each line of before between the two to the nearest one,
	// itself or above it, that both sides have once there; -1: there is none.
	anchors []int
	at      map[string]int  // where the lines of after between the two stand
	once    map[string]bool // those that both sides have once there
}

func newLineMap(before, after [][]byte) *lineMap {
	m := &lineMap{before: before, after: after, at: map[string]int{}}
	for m.prefix < len(before) && m.prefix < len(after) && bytes.Equal(before[m.prefix], after[m.prefix]) {
		m.prefix++
	}
	for m.suffix < len(before)-m.prefix && m.suffix < len(after)-m.prefix && bytes.Equal(before[len(before)-1-m.suffix], after[len(after)-1-m.suffix]) {
		m.suffix++
	}
	was, is := map[string]int{}, map[string]int{}
	for _, l := range m.changed(before) {
		was[string(l)]++
	}
	for n, l := range m.changed(after) {
		is[string(l)]++
		m.at[string(l)] = n
	}
	near := -1
	m.once = map[string]bool{}
	for k, l := range m.changed(before) {
		if was[string(l)] == 1 && is[string(l)] == 1 {
			near, m.once[string(l)] = k, true
		}
		m.anchors = append(m.anchors, near)
	}
	return m
}

// changed are the lines of a side that are not the same at both ends.
func (m *lineMap) changed(side [][]byte) [][]byte { return side[m.prefix : len(side)-m.suffix] }

// line maps a 1-based line of something that was removed: behind the changed
// region the line keeps its text; inside it stands behind the nearest line above
// that both sides have once; else the region begins where it was removed, or
// renamed some lines below its first one.
func (m *lineMap) line(line int) int {
	if line > len(m.before)-m.suffix || m.prefix == len(m.before) && m.prefix == len(m.after) {
		return line + len(m.after) - len(m.before)
	}
	last := len(m.after)
	if last > 1 && len(m.after[last-1]) == 0 { // behind the last line feed
		last--
	}
	return max(1, min(m.prefix+m.behindAnchor(line-1-m.prefix)+1, last))
}

// behindAnchor returns how many changed lines of after stand before the place of
// changed line i of before, 0 if no line above i is in both once.
func (m *lineMap) behindAnchor(i int) int {
	before, after := m.changed(m.before), m.changed(m.after)
	if i = min(i, len(before)); i < 1 || m.anchors[i-1] < 0 {
		return 0
	}
	k := m.anchors[i-1]
	n := m.at[string(before[k])] + 1
	for k++; k < i && n < len(after) && bytes.Equal(before[k], after[n]); k++ {
		n++
	}
	return n
}

// stood says whether a 1-based line of after stands in before.
func (m *lineMap) stood(line int) bool {
	switch {
	case line < 1 || line > len(m.after):
		return false
	case line <= m.prefix || line > len(m.after)-m.suffix:
		return true
	}
	return m.once[string(m.after[line-1])]
}
