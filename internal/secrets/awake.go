package secrets

import (
	"slices"
	"sync"
	"sync/atomic"
)

// awake are the detectors of which a text has held a keyword: a few of some two
// hundred in most repositories.
type awake struct {
	mu  sync.Mutex // held by whoever replaces now
	now atomic.Pointer[awakeDetectors]
}

// awakeDetectors are not changed: when more detectors wake up, others take their
// place.
type awakeDetectors struct {
	is       []bool // by detector
	count    int
	literals *automaton // of those that are awake
}

// literals returns an automaton over the literals of all detectors, at least,
// that have a keyword in the text.
func (s *Scanner) literals(text []byte) *automaton {
	now := s.awake.now.Load()
	if now == nil {
		now = &awakeDetectors{is: make([]bool, len(s.detectors))}
	}
	var woken []int
	if now.count < len(s.detectors) {
		s.keywords.each(text, func(owner, _ int) {
			if !now.is[owner] && !slices.Contains(woken, owner) {
				woken = append(woken, owner)
			}
		})
	}
	if woken == nil && now.literals != nil {
		return now.literals
	}
	return s.wake(woken)
}

// wake adds detectors to those that are awake.
func (s *Scanner) wake(more []int) *automaton {
	s.awake.mu.Lock()
	defer s.awake.mu.Unlock()
	next := &awakeDetectors{is: make([]bool, len(s.detectors))}
	if now := s.awake.now.Load(); now != nil {
		copy(next.is, now.is)
	}
	for _, i := range more {
		next.is[i] = true
	}
	for _, is := range next.is {
		if is {
			next.count++
		}
	}
	// A tree with many kinds of keywords will have more: to begin anew for each
	// of them would take longer than to take all.
	if next.count > len(s.detectors)/4 {
		next.count = len(s.detectors)
		for i := range next.is {
			next.is[i] = true
		}
	}
	var needles []needle
	for i, d := range s.detectors {
		if next.is[i] {
			needles = append(needles, d.needles(i)...)
		}
	}
	next.literals = newAutomaton(needles)
	s.awake.now.Store(next)
	return next.literals
}

// needles are what a detector waits for: the literals of its plan, or its
// keywords where the whole text has to be searched.
func (d *detector) needles(owner int) []needle {
	if d.pattern == nil {
		return nil
	}
	words := d.plan().literals
	if words == nil {
		words = d.keywords
	}
	var out []needle
	for _, w := range words {
		out = append(out, needle{w, owner})
	}
	return out
}
