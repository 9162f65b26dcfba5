package config

import (
	"fmt"
	"slices"
	"time"

	"gate/internal/source"
)

func (k checks) excludes() {
	for i, e := range k.config.Exclude {
		p := source.Path{"exclude", i}
		if (len(e.Paths) == 0) == (e.Unit == "") {
			k.faultf(p, "exclude entry needs either paths or a unit")
		}
		for j, g := range e.Paths {
			k.glob(at(p, "paths", j), g)
			if newGlob(g).segments == 0 && g != "" {
				k.faultf(at(p, "paths", j), "glob %q excludes nearly everything; expected at least one literal segment", clip(g))
			}
		}
		k.filled(at(p, "reason"), e.Reason)
		k.filled(at(p, "owner"), e.Owner)
	}
}

// Expired says whether the exclusion no longer counts: it does up to and
// including the day of Expires, in UTC.
func (e Exclude) Expired(now time.Time) bool { return expired(e.Expires, now) }

func expired(last, now time.Time) bool { return !now.Before(last.AddDate(0, 0, 1)) }

// Excluded returns the entry that takes a path out of judging; an expired one
// does not count unless no other matches, so that its expiry can be reported.
func (c *Config) Excluded(path string, now time.Time) (Exclude, bool) {
	return c.excluded(now, func(e Exclude) bool {
		return slices.ContainsFunc(e.Paths, func(g string) bool { return Match(g, path) })
	})
}

// ExcludedUnit is Excluded for a unit, by its id or its path.
func (c *Config) ExcludedUnit(id, path string, now time.Time) (Exclude, bool) {
	return c.excluded(now, func(e Exclude) bool { return e.Unit != "" && (e.Unit == id || e.Unit == path) })
}

func (c *Config) excluded(now time.Time, match func(Exclude) bool) (found Exclude, ok bool) {
	if c == nil {
		return Exclude{}, false
	}
	for _, e := range c.Exclude {
		if !match(e) {
			continue
		}
		if !e.Expired(now) {
			return e, true
		}
		if !ok {
			found, ok = e, true
		}
	}
	return found, ok
}

// String names the exclusion for ledgers and messages.
func (e Exclude) String() string {
	return fmt.Sprintf("%s (%s, until %s)", e.Reason, e.Owner, e.Expires.Format(time.DateOnly))
}
