package compare

import "bytes"

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
		if was[string(before[k])] != 1 || is[string(before[k])] != 1 {
			continue
		}
		n := at[string(before[k])] + 1
		for k++; k < i && n < len(after) && bytes.Equal(before[k], after[n]); k++ {
			n++
		}
		return n
	}
	return 0
}
