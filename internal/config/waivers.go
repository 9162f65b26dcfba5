package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gate/internal/source"
)

// severities, lowest first.
var severities = []string{"low", "medium", "high", "critical"}

// defaultMaxDays is severity -> longest life of a waiver in days. The waiver
// file may set less.
var defaultMaxDays = map[string]int{"critical": 14, "high": 30, "medium": 90, "low": 180}

// ParseWaivers reads the waiver file. A fault of the file as a whole is an
// error, joined as by Parse; what is wrong with one entry is kept in its
// Faults, since a malformed waiver waives nothing but must not hide the rest.
func ParseWaivers(file string, data []byte) (*Waivers, error) {
	w := &Waivers{File: file}
	d, err := read(file, data, w)
	if err != nil {
		return nil, err
	}
	k := checks{decoder: d}
	if w.APIVersion != "" {
		k.word(source.Path{"apiVersion"}, w.APIVersion, apiVersions)
	}
	for _, s := range slices.Sorted(maps.Keys(w.MaxDays)) {
		p := source.Path{"maxDays", s}
		k.word(p, s, severities)
		if limit, known := defaultMaxDays[s]; known && (w.MaxDays[s] > limit || w.MaxDays[s] < 1) {
			k.faultf(p, "maxDays.%s is %d; expected 1 to %d", s, w.MaxDays[s], limit)
		}
	}
	ids := map[string]int{}
	for i := range w.Waivers {
		e := &w.Waivers[i]
		p := source.Path{"waivers", i}
		pos, _ := d.doc.Locate(p)
		e.Line = pos.Line
		k.waiver(p, e)
		if first, dup := ids[e.ID]; dup && e.ID != "" {
			k.faultf(at(p, "id"), "id %q is already waivers[%d]", clip(e.ID), first)
		} else {
			ids[e.ID] = i
		}
		e.Faults = d.take(p)
		slices.Sort(e.Faults)
		e.Faults = slices.Compact(e.Faults)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return w, nil
}

func (k checks) waiver(p source.Path, w *Waiver) {
	k.identifier(at(p, "id"), w.ID)
	for key, s := range map[string]string{"rule": w.Rule, "owner": w.Owner, "reason": w.Reason} {
		k.filled(at(p, key), s)
	}
	if strings.ContainsAny(w.Rule, wildcards) {
		k.faultf(at(p, "rule"), "rule %q is a pattern; expected one rule id", clip(w.Rule))
	}
	if !w.Created.IsZero() && !w.Expires.IsZero() && w.Expires.Before(w.Created) {
		k.faultf(at(p, "expires"), "waiver expires before it was created")
	}
	if msg := w.Scope.fault(); msg != "" {
		k.faultf(at(p, "scope"), "%s", msg)
	}
}

// fault says why a scope is malformed or over-broad, or "".
func (s WaiverScope) fault() string {
	if (s.Path == "") == (s.Subject == "") {
		return "scope needs either a path or a subject"
	}
	pattern := s.Path
	if s.Subject != "" {
		pattern = s.Subject
	}
	if s.Path != "" {
		if msg := checkGlob(s.Path); msg != "" {
			return "scope.path: " + msg
		}
	} else if costly(s.Subject) {
		return "scope.subject has nested or too many alternatives"
	}
	// "[" is no mark of breadth: addresses hold it, aws_x.y["a"].
	const broad = "*?{"
	literal := slices.ContainsFunc(strings.Split(pattern, "/"), func(s string) bool { return !strings.ContainsAny(s, broad) })
	switch {
	case !strings.ContainsAny(pattern, broad):
		return ""
	case !literal:
		return fmt.Sprintf("scope is over-broad: %q has no literal segment", clip(pattern))
	case s.Environment == "*":
		return fmt.Sprintf("scope is over-broad: environment \"*\" with the pattern %q; expected an exact path or subject, or one environment", clip(pattern))
	}
	return ""
}

// String is the scope in one line: "prod: path apps/**", "*: subject Pod/a".
func (s WaiverScope) String() string {
	if s.Subject != "" {
		return s.Environment + ": subject " + s.Subject
	}
	return s.Environment + ": path " + s.Path
}

// Covers says whether the scope covers a finding in an environment, at a file,
// about a subject that is known by the given names (its id, its address). A
// subject is compared exactly first, then as an anchored glob.
func (s WaiverScope) Covers(environment, file string, subject ...string) bool {
	if s.Environment != "*" && s.Environment != environment {
		return false
	}
	switch {
	case s.Path != "" && s.Subject == "":
		return file != "" && (s.Path == file || Match(s.Path, file))
	case s.Subject != "" && s.Path == "":
		return slices.ContainsFunc(subject, func(id string) bool {
			return id != "" && (s.Subject == id || Match(s.Subject, id))
		})
	}
	return false
}

// Expired says whether the waiver no longer counts: it does up to and including
// the day of Expires, in UTC.
func (w Waiver) Expired(now time.Time) bool { return expired(w.Expires, now) }

// Days is the longest life of a waiver for a rule of a severity. The receiver
// may be nil. A severity that is not known gets the shortest life.
func (w *Waivers) Days(severity string) int {
	limit, known := defaultMaxDays[severity]
	if !known {
		limit = defaultMaxDays["critical"]
	}
	if w != nil {
		if n, set := w.MaxDays[severity]; set && n > 0 {
			return min(n, limit)
		}
	}
	return limit
}
