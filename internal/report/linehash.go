package report

import (
	"strconv"
	"unicode/utf16"
)

// The constants of the line hash: a polynomial rolling hash over a window of
// UTF-16 code units, in arithmetic modulo 2^64.
const (
	hashWindow     = 100
	hashMultiplier = 37
	hashEnd        = 0xffff // stands behind the last code unit
)

// lineHashes computes what GitHub code scanning calls primaryLocationLineHash,
// for every line of a file: the hash of the 100 code units that begin at the
// line, a colon, and how many lines of the file had the same hash so far.
// Spaces and tabs do not count, and all line ends count as one line feed, so
// that an alert stays the same alert when lines above it come and go. The
// upload action computes the same value for results that have none (its
// algorithm: github.com/github/codeql-action, fingerprints.ts).
func lineHashes(data []byte) map[int]string {
	units := significant(data)
	lines := map[int]string{}
	seen := map[uint64]int{}
	var power uint64 = 1 // hashMultiplier^hashWindow
	for range hashWindow {
		power *= hashMultiplier
	}
	unit := func(i int) uint64 {
		if i >= 0 && i < len(units) {
			return uint64(units[i].value)
		}
		return 0
	}
	// h is the hash of the window that ends before unit i; when i reaches the
	// length of the window behind a line's first unit, h belongs to that line.
	var h uint64
	for i := range len(units) + hashWindow {
		if first := i - hashWindow; first >= 0 && units[first].line > 0 {
			seen[h]++
			lines[units[first].line] = strconv.FormatUint(h, 16) + ":" + strconv.Itoa(seen[h])
		}
		h = h*hashMultiplier + unit(i) - power*unit(i-hashWindow)
	}
	return lines
}

// codeUnit is one UTF-16 code unit that counts; line is set on the first unit
// of a line.
type codeUnit struct {
	value uint16
	line  int
}

func significant(data []byte) []codeUnit {
	var units []codeUnit
	line, start, afterCR := 0, true, false
	add := func(u uint16) {
		c := codeUnit{value: u}
		if start {
			line++
			c.line, start = line, false
		}
		units = append(units, c)
	}
	var buf [2]uint16
	for _, r := range string(data) {
		switch {
		case r == ' ' || r == '\t' || (r == '\n' && afterCR):
			afterCR = false
			continue
		case r == '\r' || r == '\n':
			afterCR = r == '\r'
			add('\n')
			start = true
		default:
			afterCR = false
			for _, u := range utf16.AppendRune(buf[:0], r) {
				add(u)
			}
		}
	}
	add(hashEnd)
	return units
}

// lineHash returns the hash of one line of a file of the judged tree.
func (c *fileCache) lineHash(file string, line int) (string, bool) {
	if c.read == nil || !local(file) {
		return "", false
	}
	hashes, ok := c.hash[file]
	if !ok {
		if data, err := c.read(file); err == nil && len(data) <= maxHashBytes {
			hashes = lineHashes(data)
		}
		if c.hash == nil {
			c.hash = map[string]map[int]string{}
		}
		c.hash[file] = hashes
	}
	h, ok := hashes[line]
	return h, ok
}

// maxHashBytes limits the files that are hashed; the upload action hashes what
// has no hash itself.
const maxHashBytes = 16 << 20
