package source

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReplaceWord replaces a word of a text wherever no letter or digit stands beside
// it: web in web-config and "web", not in website.
func ReplaceWord(text, from, to string) string {
	if from == "" || !strings.Contains(text, from) {
		return text
	}
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	var out strings.Builder
	for i := 0; ; {
		n := strings.Index(text[i:], from)
		if n < 0 {
			return out.String() + text[i:]
		}
		at, end := i+n, i+n+len(from)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		out.WriteString(text[i:at])
		if part(before) || part(after) {
			out.WriteString(from)
		} else {
			out.WriteString(to)
		}
		i = end
	}
}
