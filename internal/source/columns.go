package source

import (
	"sort"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// longLine is the length in bytes from which on columns of a line are looked up
// in an index: a plan of 15 MB is one line with a hundred thousand values.
const longLine = 4096

// columns are the places of a long line at every longLine-th byte or a little
// later, with the code points and UTF-16 code units before them.
type columns struct {
	bytes, runes, units []int
	width               int // UTF-16 code units of the whole line
}

func indexColumns(line string) *columns {
	c := &columns{}
	runes, units, next := 0, 0, 0
	for i, r := range line {
		if i >= next {
			c.bytes, c.runes, c.units = append(c.bytes, i), append(c.runes, runes), append(c.units, units)
			next = i + longLine
		}
		runes++
		units += utf16.RuneLen(sane(r))
	}
	c.width = units
	return c
}

// runeColumn is RuneColumn of the line that c is the index of.
func (c *columns) runeColumn(line string, column int) int {
	i := sort.SearchInts(c.runes, column) - 1 // the last place before the column
	if i < 0 {
		return RuneColumn(line, column)
	}
	end := min(c.bytes[i]+(longLine+1)*utf8.UTFMax, len(line))
	return c.units[i] + RuneColumn(line[c.bytes[i]:end], column-c.runes[i])
}

// byteColumn returns where a code point, counted from 1, begins in the line that c
// is the index of, in bytes from 0.
func (c *columns) byteColumn(line string, column int) int {
	i := sort.SearchInts(c.runes, column) - 1 // the last place before the column
	at, n := 0, 1
	if i >= 0 {
		at, n = c.bytes[i], c.runes[i]+1
	}
	for ; n < column && at < len(line); n++ {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	return at
}

// lineIndex keeps the indexes of the long lines of a file. It may be used by
// many at a time.
type lineIndex struct {
	mu    sync.Mutex
	lines map[int]*columns
}

func (x *lineIndex) of(n int, line string) *columns {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := x.lines[n]
	if c == nil {
		if x.lines == nil {
			x.lines = map[int]*columns{}
		}
		c = indexColumns(line)
		x.lines[n] = c
	}
	return c
}
