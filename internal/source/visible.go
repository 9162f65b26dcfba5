package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes hostile text one line that shows all that it holds: control characters,
// escape sequences, line breaks, marks and overrides of direction, characters without
// a shape and bytes that are not UTF-8 become escapes (\n, \x1b, \u202e). Printable text of
// any script, emoji included, stays as it is.
func Visible(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	before := rune(0)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		after, _ := utf8.DecodeRuneInString(s[size:])
		switch {
		case r == utf8.RuneError && size <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case isVisible(r, before, after):
			b.WriteString(s[:size])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		before, s = r, s[size:]
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isVisible says whether a character shows, between two others. What scripts and emoji join
// or vary their characters by does so there, and hides in what is written in ASCII.
func isVisible(r, before, after rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return before >= utf8.RuneSelf && after >= utf8.RuneSelf && after != utf8.RuneError && unicode.IsPrint(before) && unicode.IsPrint(after)
	case unicode.Is(unicode.Variation_Selector, r):
		return before >= utf8.RuneSelf && unicode.IsPrint(before) && !unicode.Is(unicode.Variation_Selector, before)
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u2800': // the last is an empty pattern of Braille
		return false
	}
	return r == ' ' || r == '\u00a0' || unicode.IsPrint(r)
}
