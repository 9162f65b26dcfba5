package secrets

import (
	"bytes"
	"unicode/utf8"
)

// search is one pass over one text with the detectors that may match there.
type search struct {
	s      *Scanner
	path   string
	text   []byte
	mode   scanMode
	states []detectorState
	found  []Detection
	work   int // what is left of maxWork
}

// detectorState is what a scan knows about one detector.
type detectorState struct {
	checked bool // applies is known
	applies bool
	done    bool // ran over the whole text
	keyword int8 // 1: a keyword stands in the text, -1: none
	after   int  // the next match begins here or later
	failed  int  // attempts
}

// hit looks at one occurrence of a literal.
func (r *search) hit(owner, start int) {
	st, d := &r.states[owner], r.s.detectors[owner]
	if st.done || start < st.after || r.work < 0 {
		return
	}
	if !st.checked {
		st.checked, st.applies = true, r.appliesTo(d)
	}
	if !st.applies {
		st.done = true
		return
	}
	plan := d.plan()
	if plan.literals == nil {
		st.keyword = 1
		r.whole(owner)
		return
	}
	r.work -= plan.gateMax
	if !plan.gate.regexp().Match(r.text[start:min(len(r.text), start+plan.gateMax)]) {
		return
	}
	for st.after <= start && r.work >= 0 {
		m := r.match(&plan, st.after, start)
		if m == nil {
			if st.failed++; plan.wide && st.failed > wideAttempts {
				r.whole(owner)
			}
			return
		}
		st.after = max(m[1], st.after+1)
		r.accept(owner, m)
	}
}

// match returns the leftmost match that begins at or after from and can hold
// the literal at start, as indices into the text, or nil.
func (r *search) match(plan *plan, from, start int) []int {
	begin := start
	for i := 0; i < plan.before && begin > from; i++ {
		_, size := utf8.DecodeLastRune(r.text[from:begin])
		begin -= size
	}
	p := plan.atStart
	if begin > 0 {
		_, size := utf8.DecodeLastRune(r.text[:begin])
		begin, p = begin-size, plan.inContext
	}
	reach := narrowReach
	if plan.wide {
		reach = wideReach
	}
	m := p.regexp().FindSubmatchIndex(r.text[begin:min(len(r.text), start+reach)])
	switch {
	case m == nil && plan.wide:
		r.work -= wideReach
	case m == nil:
		r.work -= narrowCost
	default:
		r.work -= max(narrowCost, m[1])
	}
	if m == nil {
		return nil
	}
	m = m[2:] // the detector's own pattern is the first group
	for i := range m {
		if m[i] >= 0 {
			m[i] += begin
		}
	}
	return m
}

// whole runs a detector over what is left of the text.
func (r *search) whole(owner int) {
	st, d := &r.states[owner], r.s.detectors[owner]
	if !st.checked {
		st.checked, st.applies = true, r.appliesTo(d)
	}
	if st.done || !st.applies {
		return
	}
	st.done = true
	if r.work -= wholeCost * (len(r.text) - st.after); r.work < 0 {
		return
	}
	for _, m := range d.pattern.regexp().FindAllSubmatchIndex(r.text[st.after:], -1) {
		for i := range m {
			if m[i] >= 0 {
				m[i] += st.after
			}
		}
		r.accept(owner, m)
	}
}

func (r *search) appliesTo(d *detector) bool {
	switch {
	case r.mode == scanTokens && d.rank < rankProvider:
		return false
	case r.mode == scanParsed && d.id == templatesOnly:
		return false
	case d.path != nil && !d.path.regexp().MatchString(r.path):
		return false
	}
	for _, a := range d.allow {
		if a.allowsPath(r.path) {
			return false
		}
	}
	return true
}

// accept adds a match unless entropy, keywords or an allowlist speak against it.
func (r *search) accept(owner int, m []int) {
	d := r.s.detectors[owner]
	start, end := group(m, d.group)
	value := r.text[start:end]
	if d.entropy > 0 && entropy(value) <= d.entropy {
		return
	}
	match := bytes.Trim(r.text[m[0]:m[1]], "\n")
	line := r.line(m[0], m[1])
	for _, a := range append(d.allow[:len(d.allow):len(d.allow)], r.s.global...) {
		if a.allows(r.path, value, match, line) {
			return
		}
	}
	if !r.hasKeyword(owner) {
		return
	}
	r.found = append(r.found, Detection{
		Detector: d.id, Description: d.description,
		value: string(value), rank: d.rank, begin: m[0], start: start, end: end, owner: owner,
	})
}

// group returns the part of a match that is the value.
func group(m []int, want int) (start, end int) {
	if want > 0 && m[2*want] >= 0 {
		return m[2*want], m[2*want+1]
	}
	for i := 2; want == 0 && i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1] > m[i] {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

// line returns the lines that a match stands on, cut to a bounded context.
func (r *search) line(start, end int) []byte {
	lo, hi := max(0, start-maxLineContext), min(len(r.text), end+maxLineContext)
	if i := bytes.LastIndexByte(r.text[lo:start], '\n'); i >= 0 {
		lo += i + 1
	}
	if i := bytes.IndexByte(r.text[end:hi], '\n'); i >= 0 {
		hi = end + i
	}
	return r.text[lo:hi]
}

func (r *search) hasKeyword(owner int) bool {
	st, d := &r.states[owner], r.s.detectors[owner]
	if st.keyword == 0 {
		st.keyword = -1
		if len(d.keywords) == 0 {
			st.keyword = 1
		}
		for _, k := range d.keywords {
			if containsFold(r.text, k) {
				st.keyword = 1
				break
			}
		}
	}
	return st.keyword > 0
}

func containsFold(text []byte, folded string) bool {
	if folded == "" {
		return true
	}
	for i := 0; i+len(folded) <= len(text); i++ {
		j := 0
		for j < len(folded) && fold(text[i+j]) == folded[j] {
			j++
		}
		if j == len(folded) {
			return true
		}
	}
	return false
}
