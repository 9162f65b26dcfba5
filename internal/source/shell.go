package source

import (
	"regexp"
	"strings"
	"sync"
)

// A hint may be a command that a person copies into a shell. Whatever stands in a
// repository may be hostile: it is part of a command only through one of these.

// plainShell is what means nothing to a shell but itself (POSIX.1-2024, XCU 2.2; zsh
// expands a leading = and ~).
var plainShell = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$`) })

// ShellWord is a text as one word of a command, quoted where it has to be.
func ShellWord(text string) string {
	if plainShell().MatchString(text) {
		return text
	}
	return ShellQuoted(text)
}

// ShellQuoted is a text as one word of a command, in single quotes, in which nothing is
// special (XCU 2.2.2). Characters that drive a terminal are left out: a name never has
// any, and no quotes hold them.
func ShellQuoted(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
	return "'" + strings.ReplaceAll(clean, "'", `'\''`) + "'"
}

// ShellOperand is ShellWord for the operand of a command, which is no option whatever
// it begins with.
func ShellOperand(text string) string {
	if strings.HasPrefix(text, "-") {
		text = "./" + text
	}
	return ShellWord(text)
}
