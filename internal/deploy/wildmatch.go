package deploy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// wildmatch translates a pattern of git into an expression over one character a
// byte, which takes linear time. It is nil if the pattern can match nothing:
// https://git-scm.com/docs/gitignore#_pattern_format, and for what is not said
// there, `git ls-files` itself (FuzzPathspec).
func wildmatch(pattern string, segments, fold bool) *regexp.Regexp {
	w := wild{pattern: pattern, segments: segments, fold: fold}
	for w.at < len(pattern) {
		if !w.next() {
			return nil
		}
	}
	re, err := regexp.Compile(`(?s)^` + w.out.String() + `$`)
	if err != nil {
		return nil // larger than an expression may be
	}
	return re
}

// wild is the translation of a pattern so far.
type wild struct {
	pattern        string
	at             int
	segments, fold bool
	out            strings.Builder
}

// next translates what stands next; false if that can match nothing.
func (w *wild) next() bool {
	c := w.pattern[w.at]
	w.at++
	switch c {
	case '*':
		w.stars()
		return true
	case '?':
		w.one(func(byte) bool { return true })
		return true
	case '[':
		return w.class()
	case '\\':
		if w.at == len(w.pattern) {
			return false
		}
		c = w.pattern[w.at]
		w.at++
	default:
		if w.fold {
			c = lower(c)
		}
	}
	if c == '/' {
		w.out.WriteByte(c)
	} else {
		w.one(func(t byte) bool { return t == c })
	}
	return true
}

// stars translates a run of stars of which one is read. Two that are a segment of
// their own stand for any number of segments; what stands before the first
// wildcard is cut off before that is looked at.
func (w *wild) stars() {
	start := w.at - 1
	for w.at < len(w.pattern) && w.pattern[w.at] == '*' {
		w.at++
	}
	rest := w.pattern[w.at:]
	begins := start == strings.IndexAny(w.pattern, wildcards) || w.pattern[start-1] == '/'
	switch whole := w.at-start > 1 && begins && (rest == "" || rest[0] == '/' || strings.HasPrefix(rest, `\/`)); {
	case w.segments && !whole:
		w.out.WriteString(`[^/]*`)
	case w.segments && strings.HasPrefix(rest, "/"):
		w.at++
		w.out.WriteString(`(?:.*/)?`)
	default:
		w.out.WriteString(`.*`)
	}
}

// class translates a class of which the bracket is read. Its first character
// may be one that closes it, and a backslash takes away what the next one means.
func (w *wild) class() bool {
	negated := w.char() == '!' || w.char() == '^'
	if negated {
		w.at++
	}
	var set [256]bool // by the byte of the text, in lower case if case is folded
	for prev, first := byte(0), true; ; first = false {
		c := w.char()
		switch {
		case w.at >= len(w.pattern):
			return false
		case c == ']' && !first:
			w.at++
			w.one(func(t byte) bool { return set[t] != negated })
			return true
		case c == '-' && prev != 0 && w.at+1 < len(w.pattern) && w.pattern[w.at+1] != ']':
			w.at++
			to, ok := w.escaped()
			if !ok {
				return false
			}
			w.between(&set, prev, to)
			prev = 0
		case c == '[' && strings.HasPrefix(w.pattern[w.at:], "[:"):
			named, ok := w.named(&set)
			if !ok {
				return false
			}
			prev = 0
			if !named {
				set['['], prev = true, '['
				w.at++
			}
		default:
			var ok bool
			if prev, ok = w.escaped(); !ok {
				return false
			}
			set[prev] = true
		}
	}
}

// char is the next character, 0 at the end.
func (w *wild) char() byte {
	if w.at < len(w.pattern) {
		return w.pattern[w.at]
	}
	return 0
}

// escaped reads a character of a class, with the backslash before it.
func (w *wild) escaped() (c byte, ok bool) {
	if w.char() == '\\' {
		w.at++
	}
	c = w.char()
	w.at++
	return c, w.at <= len(w.pattern)
}

// between adds a range; a letter is in it in either case if case is folded.
func (w *wild) between(set *[256]bool, from, to byte) {
	for t := range 256 {
		c := byte(t)
		in := from <= c && c <= to
		if w.fold && 'a' <= c && c <= 'z' {
			in = in || from <= c-'a'+'A' && c-'a'+'A' <= to
		}
		set[c] = set[c] || in
	}
}

// named adds a class of POSIX; named is false if none is closed there, and ok is
// false for a name that there is not.
func (w *wild) named(set *[256]bool) (named, ok bool) {
	inner, _, closed := strings.Cut(w.pattern[w.at+2:], "]")
	if !closed {
		return false, false
	}
	name, isClass := strings.CutSuffix(inner, ":")
	if !isClass {
		return false, true
	}
	if w.fold && name == "upper" { // the text is in lower case
		name = "alpha"
	}
	if !slices.Contains(posixClasses(), name) {
		return false, false
	}
	re := regexp.MustCompile(`^[[:` + name + `:]]$`)
	for t := range 128 {
		c := string(rune(t))
		set[t] = set[t] || re.MatchString(c)
	}
	w.at += 2 + len(inner) + 1
	return true, true
}

func posixClasses() []string {
	return []string{"alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"}
}

// one adds that a byte follows of which is asked in lower case if case is folded.
func (w *wild) one(is func(byte) bool) {
	var b strings.Builder
	for t := range 256 {
		c := byte(t)
		if w.fold {
			c = lower(c)
		}
		if is(c) && !(w.segments && c == '/') {
			fmt.Fprintf(&b, `\x{%x}`, t)
		}
	}
	if b.Len() == 0 {
		b.WriteString(`^\x{0}-\x{10ffff}`)
	}
	w.out.WriteString("[" + b.String() + "]")
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
