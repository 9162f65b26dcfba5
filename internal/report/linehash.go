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
func lineHashes(data []byte) []string {
	h := lineHasher{seen: map[uint64]int{}, power: 1}
	for range hashWindow {
		h.power *= hashMultiplier
	}
	afterCR := false
	var buf [2]uint16
	for _, r := range string(data) {
		switch {
		case r == ' ' || r == '\t' || (r == '\n' && afterCR):
			afterCR = false
		case r == '\r' || r == '\n':
			afterCR = r == '\r'
			h.push('\n')
			h.inLine = false
		default:
			afterCR = false
			for _, u := range utf16.AppendRune(buf[:0], r) {
				h.push(u)
			}
		}
	}
	h.push(hashEnd)
	for range hashWindow { // every line's window passes, padded with zeros
		h.roll(0, false)
	}
	return h.hashes
}

// lineHasher rolls over the code units of a file.
type lineHasher struct {
	hash, power uint64 // power is hashMultiplier^hashWindow
	window      [hashWindow]uint16
	starts      [hashWindow]bool // the unit is the first of its line
	next        int              // the oldest unit, which leaves next
	inLine      bool
	seen        map[uint64]int
	hashes      []string // by line, the first at 0
}

// push takes in a unit of the text.
func (h *lineHasher) push(unit uint16) {
	h.roll(unit, !h.inLine)
	h.inLine = true
}

// roll moves the window on by one unit. When the first unit of a line is about
// to leave, the window is the one that begins at that line.
func (h *lineHasher) roll(unit uint16, start bool) {
	if h.starts[h.next] {
		h.seen[h.hash]++
		h.hashes = append(h.hashes, strconv.FormatUint(h.hash, 16)+":"+strconv.Itoa(h.seen[h.hash]))
	}
	h.hash = h.hash*hashMultiplier + uint64(unit) - h.power*uint64(h.window[h.next])
	h.window[h.next], h.starts[h.next] = unit, start
	h.next = (h.next + 1) % hashWindow
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
			c.hash = map[string][]string{}
		}
		c.hash[file] = hashes
	}
	if line < 1 || line > len(hashes) {
		return "", false
	}
	return hashes[line-1], true
}

// maxHashBytes limits the files that are hashed; the upload action hashes what
// has no hash itself.
const maxHashBytes = 16 << 20
