package secrets

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"gate/internal/results"
	"gate/internal/source"
)

// Scanner finds values that look like secrets in any text. It holds no state
// of a scan: one Scanner may be used by many goroutines. What it has learned of
// its detectors, which of them texts have needed, only makes it faster.
type Scanner struct {
	detectors []*detector
	global    []*allowlist
	keywords  *automaton // of all detectors
	awake     awake

	clean *results.Set // files in which nothing is; nil: all are looked through
}

// CleanFiles is the kind of results that a Scanner keeps: digests of files, with
// their paths, in which it finds nothing at all.
const CleanFiles = "files without secrets"

// Keep lets the scanner remember from run to run in which files nothing is. Of
// others nothing is kept, not even a digest.
func (s *Scanner) Keep(store *results.Store) { s.clean = store.Set(CleanFiles) }

// Clean says whether nothing at all is found in a file.
func (s *Scanner) Clean(file string, data []byte) bool {
	return s.remember(file, data).empty()
}

// NewScanner reads the embedded rule set. The pattern of a detector is taken
// apart when a text first holds one of its keywords, and compiled when the text
// may match.
func NewScanner() (*Scanner, error) {
	detectors, global, err := loadRules()
	if err != nil {
		return nil, err
	}
	s := &Scanner{detectors: detectors, global: global}
	var needles []needle
	for i, d := range detectors {
		for _, k := range d.keywords {
			needles = append(needles, needle{k, i})
		}
	}
	s.keywords = newAutomaton(needles)
	return s, nil
}

// Detection is one value that a detector found in a file. The value itself
// stays inside the package.
type Detection struct {
	Detector    string
	Description string
	// Position is the first line of the value: a region of one line.
	Position source.Position
	// Ordinal counts the detections of this detector in this file, from 1.
	Ordinal int

	value      string
	sure       certainty
	rank       int
	begin      int // of the match, bytes of the decoded text
	start, end int // of the value
	pathOnly   bool
	owner      int // the detector among those of the scanner
}

// Length returns the bucket of the value's length, as facts.Secret has it.
func (d Detection) Length() string { return lengthBucket(d.value) }

// Redact returns text with the value replaced.
func (d Detection) Redact(text string) string {
	return NewRedactor([]string{d.value}).Redact(text)
}

// maxLineContext bounds what an allowlist for lines gets to see on each side of
// a match: lines of megabytes would make the scan quadratic.
const maxLineContext = 2000

// ErrTooDense is returned for text that would take more work than any real
// file does: it was not searched to its end.
var ErrTooDense = errors.New("text is too dense to be searched within bounds")

// Limits of the work on one text. The unit is a byte that a pattern may look
// at. Real files stay far below; the whole is some ten to twenty seconds.
const (
	maxWork      = 1 << 30
	narrowReach  = 8 << 10  // what an attempt sees behind the literal
	wideReach    = 32 << 10 // of a wide pattern: the longest private key
	narrowCost   = 4 << 10  // of an attempt: a value ends with its word
	wideAttempts = 256      // that fail; then the pattern runs over the whole text, which is linear
	wholeCost    = 40       // a byte
)

// Scan returns the detections in one file, sorted by place. Text in UTF-16 is
// decoded; any other bytes, binary formats included, are searched as they are.
// The path decides which detectors apply; no path is left out as a whole, but
// where the rule set would skip a file (images, lock files, vendored modules)
// the generic detectors, which find names rather than tokens, stay silent.
// The only error is ErrTooDense; what was found until then is returned with it.
func (s *Scanner) Scan(path string, data []byte) ([]Detection, error) {
	views := views(data)
	out, err := s.scan(path, views[0], scanAll)
	for _, v := range views[1:] {
		more, e := s.scan(path, v, scanAll)
		out, err = append(out, unseen(out, more)...), cmp.Or(err, e)
	}
	return out, err
}

// unseen returns what of more is not in found, by detector and value.
func unseen(found, more []Detection) []Detection {
	return slices.DeleteFunc(more, func(m Detection) bool {
		return slices.ContainsFunc(found, func(f Detection) bool { return f.Detector == m.Detector && f.value == m.value })
	})
}

// scanMode restricts which detectors run.
type scanMode int

const (
	scanAll    scanMode = iota
	scanParsed          // the text is also read by structure: no rule for raw templates
	scanTokens          // tokens of providers only
)

func (s *Scanner) scan(path string, text []byte, mode scanMode) ([]Detection, error) {
	r := s.search(path, text, mode)
	if r.work < 0 {
		return r.finish(), ErrTooDense
	}
	return r.finish(), nil
}

func (s *Scanner) search(path string, text []byte, mode scanMode) *search {
	r := &search{s: s, path: path, text: text, mode: mode, states: make([]detectorState, len(s.detectors)), work: maxWork}
	if mode != scanTokens && s.quiet(path) {
		r.mode = scanTokens
	}
	for _, d := range s.detectors {
		if d.pattern == nil && path != "" && d.path.regexp().MatchString(path) {
			r.found = append(r.found, Detection{Detector: d.id, Description: d.description, sure: possible, rank: d.rank, pathOnly: true})
		}
	}
	s.literals(text).each(text, r.hit)
	return r
}

// quiet says whether the rule set would skip the file.
func (s *Scanner) quiet(path string) bool {
	return path != "" && slices.ContainsFunc(s.global, func(a *allowlist) bool { return a.allowsPath(path) })
}

// finish removes what several detectors found, numbers and locates the rest.
func (r *search) finish() []Detection {
	for i := range r.found {
		if f := &r.found[i]; !f.pathOnly {
			f.sure = r.sure(r.s.detectors[f.owner], f.begin, f.start, f.value)
		}
	}
	out := distinct(slices.DeleteFunc(r.found, func(f Detection) bool { return f.sure == noSecret }))
	ordinals := map[string]int{}
	at := newCursor(r.text)
	for i := range out {
		d := &out[i]
		ordinals[d.Detector]++
		d.Ordinal = ordinals[d.Detector]
		d.Position = source.Position{File: r.path}
		if !d.pathOnly {
			d.Position = at.region(r.path, d.start, d.end)
		}
	}
	return out
}

// distinct keeps of detections that overlap the most specific one, of equally
// specific ones the longer, then the first by name. The result is sorted by
// place.
func distinct(found []Detection) []Detection {
	slices.SortStableFunc(found, func(a, b Detection) int {
		if a.pathOnly != b.pathOnly {
			if a.pathOnly {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.start, b.start), better(a, b))
	})
	var kept []Detection
	for _, d := range found {
		last := len(kept) - 1
		switch {
		case last < 0 || d.pathOnly || kept[last].pathOnly || kept[last].end <= d.start:
			kept = append(kept, d)
		case better(d, kept[last]) < 0:
			kept[last] = d
		}
	}
	return kept
}

// better orders the more specific detection first.
func better(a, b Detection) int {
	return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.end-b.start, a.end-a.start), cmp.Compare(a.Detector, b.Detector))
}

// entropy is Shannon's, in bits a character, as the rule set's limits mean it:
// counted over characters, divided by the length in bytes.
func entropy(value []byte) float64 {
	if len(value) == 0 {
		return 0
	}
	counts := map[rune]int{}
	for _, c := range string(value) {
		counts[c]++
	}
	runes := make([]int, 0, len(counts))
	for _, n := range counts {
		runes = append(runes, n)
	}
	slices.Sort(runes) // a sum of floats depends on the order
	sum, all := 0.0, 1/float64(len(value))
	for _, n := range runes {
		f := float64(n) * all
		sum -= f * math.Log2(f)
	}
	return sum
}
