package config

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// glob is one path pattern with what says how specific it is.
type glob struct {
	pattern  string
	prefix   string // what every match begins with
	segments int    // segments without a wildcard
	wild     int    // segments with one
	deep     int    // of those, how many are "**"
	refused  bool   // too costly to match
}

// Limits of one pattern. Matching tries every combination of alternatives, so
// that {a,b}{a,b}… would take time without end.
const (
	maxGlobLength       = 1024
	maxGlobCombinations = 256
)

// costly says whether a pattern is beyond the limits.
func costly(pattern string) bool {
	if len(pattern) > maxGlobLength {
		return true
	}
	combinations, alternatives, depth := 1, 1, 0
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth > 0 {
				alternatives++
			}
		case '}':
			combinations *= alternatives
			alternatives, depth = 1, 0
		}
		if depth > 1 || combinations > maxGlobCombinations {
			return true
		}
	}
	return false
}

// wildcards are the characters that doublestar reads as more than themselves.
const wildcards = `*?[{\`

func newGlob(pattern string) glob {
	g := glob{pattern: pattern, prefix: pattern, refused: costly(pattern)}
	if i := strings.IndexAny(pattern, wildcards); i >= 0 {
		g.prefix = pattern[:i]
	}
	for _, s := range strings.Split(pattern, "/") {
		switch {
		case s == "**":
			g.deep++
			g.wild++
		case strings.ContainsAny(s, wildcards):
			g.wild++
		default:
			g.segments++
		}
	}
	return g
}

func (g glob) match(path string) bool {
	// "a/**" matches "a" as well, hence the slash is not part of the test.
	if g.refused || !strings.HasPrefix(path, strings.TrimSuffix(g.prefix, "/")) {
		return false
	}
	ok, err := doublestar.Match(g.pattern, path)
	return err == nil && ok
}

// compare says which of two globs that match the same path is more specific:
// the longer literal prefix, then more literal segments, then fewer segments
// with wildcards, then fewer "**". 0 is a tie. (Literal segments count before
// wildcards so that apps/**/prod/** wins over apps/**, which it narrows.)
func (g glob) compare(h glob) int {
	return cmp.Or(len(g.prefix)-len(h.prefix), g.segments-h.segments, h.wild-g.wild, h.deep-g.deep)
}

// namedGlob is a glob and what it stands for.
type namedGlob struct {
	glob
	name string
}

func named(name string, patterns []string) []namedGlob {
	out := make([]namedGlob, 0, len(patterns))
	for _, p := range patterns {
		out = append(out, namedGlob{newGlob(p), name})
	}
	return out
}

// mostSpecific returns the name whose glob fits a path best, or "". tie is set
// if globs of two names fit equally well; there is no name then.
func mostSpecific(path string, globs []namedGlob) (name string, tie *[2]namedGlob) {
	var best *namedGlob
	for i := range globs {
		g := &globs[i]
		if !g.match(path) {
			continue
		}
		n := 1
		if best != nil {
			n = g.compare(best.glob)
		}
		switch {
		case n > 0:
			best, tie = g, nil
		case n == 0 && g.name != best.name && tie == nil:
			tie = &[2]namedGlob{*best, *g}
		}
	}
	if best == nil || tie != nil {
		return "", tie
	}
	return best.name, nil
}

// Match says whether an anchored glob matches the whole of a path or name:
// "*" stays within one segment, "**" crosses them, {a,b} are alternatives
// (doublestar's grammar). A malformed pattern matches nothing, nor does one of
// too many alternatives.
func Match(pattern, path string) bool { return newGlob(pattern).match(path) }

// checkGlob says what is wrong with a path glob, or "".
func checkGlob(pattern string) string {
	if msg := checkGrammar(pattern); msg != "" {
		return msg
	}
	return checkPath(pattern)
}

// checkGrammar says what is wrong with a glob over anything, or "".
func checkGrammar(pattern string) string {
	switch {
	case pattern == "":
		return "glob is empty"
	case costly(pattern):
		return fmt.Sprintf("glob %q has nested or too many alternatives; expected at most %d combinations", clip(pattern), maxGlobCombinations)
	case !doublestar.ValidatePattern(pattern):
		return fmt.Sprintf("glob %q is malformed", clip(pattern))
	}
	return ""
}

// checkPath says what is wrong with a path from the root, or "".
func checkPath(path string) string {
	switch {
	case path == "":
		return "path is empty"
	case strings.HasPrefix(path, "/"):
		return fmt.Sprintf("path %q is absolute; expected one from the root of the repository", clip(path))
	case strings.HasPrefix(path, "./"):
		return fmt.Sprintf("path %q begins with \"./\"; expected %q", clip(path), clip(strings.TrimPrefix(path, "./")))
	}
	for _, s := range strings.Split(path, "/") {
		if s == ".." {
			return fmt.Sprintf("path %q leads upwards; expected one inside the repository", clip(path))
		}
	}
	return ""
}
