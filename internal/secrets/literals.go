package secrets

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// plan says how the matches of one pattern are found without running it over
// the whole text. Every match contains one of the literals; at most before
// runes of the match stand in front of it; and from the literal on, the text
// satisfies gate. Without literals the pattern runs over the whole text.
type plan struct {
	literals []string // folded
	before   int      // runes
	gate     *pattern // anchored at the literal
	gateMax  int      // bytes that gate can look at
	// inContext and atStart find the leftmost match that begins at most
	// before runes after the start of the slice; inContext has one more rune
	// in front, so that \b and ^ see what they would see in the whole text.
	inContext, atStart *pattern
	// wide says that the pattern has an unbounded repetition that runs across
	// words, so that one attempt may look at a long stretch of text.
	wide bool
}

// Bounds of what is worth a plan; all hold for the rule set with room.
const (
	maxBefore   = 400
	maxLiterals = 64
	maxLiteral  = 24
	minLiteral  = 2
)

// planFor derives the plan of a pattern from its syntax tree. It panics if the
// text is no regular expression.
func planFor(text string) plan {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		panic(fmt.Sprintf("secrets: detector pattern: %v", err))
	}
	parts := flatten(tree)
	best, bestScore, before := plan{}, 0, 0
	for i, part := range parts {
		if set, _ := prefixes(part); usable(set) {
			if score := shortest(set)*100 - len(set); score > bestScore {
				bestScore = score
				best = plan{literals: set, before: before}
				best.gate, best.gateMax = gateOf(parts[i:])
			}
		}
		n := maxRunes(part)
		if n < 0 || before+n > maxBefore {
			break
		}
		before += n
	}
	if best.gate == nil {
		return plan{}
	}
	best.wide = isWide(tree)
	b := strconv.Itoa(best.before + 1)
	best.inContext = newPattern(`\A(?s:.){1,` + b + `}?(` + text + `)`)
	best.atStart = newPattern(`\A(?s:.){0,` + b + `}?(` + text + `)`)
	return best
}

// flatten returns the parts that follow each other in every match.
func flatten(re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpCapture:
		return flatten(re.Sub[0])
	case syntax.OpConcat:
		var out []*syntax.Regexp
		for _, s := range re.Sub {
			out = append(out, flatten(s)...)
		}
		return out
	}
	return []*syntax.Regexp{re}
}

func usable(set []string) bool {
	return len(set) > 0 && len(set) <= maxLiterals && shortest(set) >= minLiteral
}

func shortest(set []string) int {
	n := maxLiteral
	for _, s := range set {
		n = min(n, len(s))
	}
	return n
}

// prefixes returns strings (folded) of which every match begins with one; a
// set that holds "" says nothing. exact says that there is no more to a match.
func prefixes(re *syntax.Regexp) (set []string, exact bool) {
	switch re.Op {
	case syntax.OpLiteral:
		var b strings.Builder
		for _, r := range re.Rune {
			if r >= utf8.RuneSelf || b.Len() >= maxLiteral {
				return []string{b.String()}, false
			}
			b.WriteByte(fold(byte(r)))
		}
		return []string{b.String()}, true
	case syntax.OpCharClass:
		return classPrefixes(re.Rune)
	case syntax.OpCapture:
		return prefixes(re.Sub[0])
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, true
	case syntax.OpQuest:
		set, exact = prefixes(re.Sub[0])
		return union(set, []string{""}), exact
	case syntax.OpPlus:
		set, _ = prefixes(re.Sub[0])
		return set, false
	case syntax.OpRepeat:
		if re.Min > 0 {
			set, exact = prefixes(re.Sub[0])
			return set, exact && re.Min == 1 && re.Max == 1
		}
	case syntax.OpAlternate:
		exact = true
		for _, s := range re.Sub {
			one, ex := prefixes(s)
			set, exact = union(set, one), exact && ex
		}
		return set, exact
	case syntax.OpConcat:
		set, exact = []string{""}, true
		for _, s := range re.Sub {
			next, ex := prefixes(s)
			if len(set)*len(next) > maxLiterals {
				return set, false
			}
			set = product(set, next)
			if !ex {
				return set, false
			}
		}
		return set, true
	}
	return []string{""}, false
}

// classPrefixes spells a small class out: [Aa], [13].
func classPrefixes(ranges []rune) ([]string, bool) {
	var set []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			// The Kelvin sign and the long s belong to every case-insensitive
			// k and s. Text that uses them is not what a token looks like.
			if r == '\u212a' || r == '\u017f' {
				continue
			}
			if r >= utf8.RuneSelf || len(set) > 8 {
				return []string{""}, false
			}
			set = union(set, []string{string(fold(byte(r)))})
		}
	}
	return set, true
}

func product(a, b []string) []string {
	var out []string
	for _, x := range a {
		for _, y := range b {
			out = union(out, []string{x + y})
		}
	}
	return out
}

func union(a, b []string) []string {
	out := a[:len(a):len(a)]
next:
	for _, s := range b {
		for _, have := range out {
			if have == s {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// maxRunes returns the most runes that a match can have, or -1.
func maxRunes(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpQuest:
		return maxRunes(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpRepeat:
		n := maxRunes(re.Sub[0])
		if re.Max < 0 || n < 0 {
			return -1
		}
		return n * re.Max
	case syntax.OpConcat, syntax.OpAlternate:
		total := 0
		for _, s := range re.Sub {
			n := maxRunes(s)
			if n < 0 {
				return -1
			}
			if re.Op == syntax.OpConcat {
				total += n
			} else {
				total = max(total, n)
			}
		}
		return total
	}
	return 0
}

// isWide says whether re repeats something that a space matches without bound.
func isWide(re *syntax.Regexp) bool {
	unbounded := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0
	for _, s := range re.Sub {
		if unbounded && takesSpace(s) || isWide(s) {
			return true
		}
	}
	return false
}

func takesSpace(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return true
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= ' ' && ' ' <= re.Rune[i+1] {
				return true
			}
		}
	}
	return slices.ContainsFunc(re.Sub, takesSpace)
}

// gateOf returns a bounded necessary condition for the parts: up to the first
// unbounded repetition, which needs only its minimum, and without word
// boundaries, because the text in front is not seen.
func gateOf(parts []*syntax.Regexp) (*pattern, int) {
	g := &syntax.Regexp{Op: syntax.OpConcat}
	for _, p := range parts {
		b, whole := bounded(p)
		g.Sub = append(g.Sub, b)
		if !whole {
			break
		}
	}
	// Four bytes a rune, and some for what $ and \z look at.
	return newPattern(`\A(?:` + g.String() + `)`), 4*maxRunes(g) + 8
}

// bounded weakens re so that a match is of limited length. whole is false if
// what follows can no longer be required.
func bounded(re *syntax.Regexp) (out *syntax.Regexp, whole bool) {
	empty := &syntax.Regexp{Op: syntax.OpEmptyMatch}
	switch re.Op {
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return empty, true
	case syntax.OpStar:
		return empty, false
	case syntax.OpPlus:
		out, _ = bounded(re.Sub[0])
		return out, false
	case syntax.OpCapture:
		return bounded(re.Sub[0])
	case syntax.OpQuest, syntax.OpRepeat:
		sub, whole := bounded(re.Sub[0])
		c := *re
		c.Sub = []*syntax.Regexp{sub}
		switch {
		case !whole && (re.Op == syntax.OpQuest || re.Min == 0):
			return empty, false
		case !whole:
			return sub, false
		case re.Op == syntax.OpRepeat && re.Max < 0 && re.Min == 0:
			return empty, false
		case re.Op == syntax.OpRepeat && re.Max < 0:
			c.Max = re.Min
			return &c, false
		}
		return &c, true
	case syntax.OpConcat:
		c := &syntax.Regexp{Op: syntax.OpConcat, Flags: re.Flags}
		for _, s := range re.Sub {
			b, whole := bounded(s)
			c.Sub = append(c.Sub, b)
			if !whole {
				return c, false
			}
		}
		return c, true
	case syntax.OpAlternate:
		c := &syntax.Regexp{Op: syntax.OpAlternate, Flags: re.Flags}
		whole = true
		for _, s := range re.Sub {
			b, w := bounded(s)
			c.Sub, whole = append(c.Sub, b), whole && w
		}
		return c, whole
	}
	return re, true
}
