package report

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"gate/internal/source"
)

// clean makes one line of hostile text safe to show.
func clean(s string) string { return source.Visible(s) }

// maxName and maxMessage are the sizes in bytes that a name (of a file, a
// subject, a rule) and a message may have in a report for people. What is
// longer is cut visibly; the JSON report has it whole.
const (
	maxName    = 500
	maxMessage = 2000
)

// brief is a name as clean text.
func brief(s string) string { return clean(clip(s, maxName)) }

// message is a sentence as clean text.
func message(s string) string {
	if over := len(s) - maxMessage; over > 0 {
		return clean(clip(s, maxMessage)) + " (" + number(over) + " bytes more)"
	}
	return clean(s)
}

// cleanLines is clean text that keeps its lines.
func cleanLines(s string) string {
	out := strings.Split(strings.Trim(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n")
	for i := range out {
		out[i] = clean(strings.ReplaceAll(out[i], "\t", "    "))
	}
	return strings.Join(out, "\n")
}

// oneLine folds runs of white space, so that metadata of several lines fits
// where only one line may stand.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// runnerCommand matches what CI runners take for a command inside a line of
// a log: ##[error] (GitHub, Azure), ##vso[…] (Azure), ##teamcity[…].
var runnerCommand = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`#(#[A-Za-z]*\[)`) })

// logLine keeps a line of a terminal report from being read as a command of
// the CI runner that shows it. A GitHub workflow command is "::" at the start
// of a line, white space aside.
func logLine(s string) string {
	if strings.Contains(s, "##") {
		s = runnerCommand().ReplaceAllString(s, `\u0023$1`)
	}
	trimmed := strings.TrimLeft(s, " \t")
	if strings.HasPrefix(trimmed, "::") {
		s = s[:len(s)-len(trimmed)] + `\u003a` + trimmed[1:]
	}
	return s
}

// clip cuts s to at most n bytes at a character's border and marks the cut.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	end := max(n-len(mark), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + mark
}

// number formats n with thousands separators, as people read it.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted is "1 finding", "2 findings".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "y") {
		return number(n) + " " + strings.TrimSuffix(noun, "y") + "ies"
	}
	return number(n) + " " + noun + "s"
}

// columns is the number of terminal cells that s takes: two for East Asian
// wide characters and emoji (Unicode Standard Annex #11), none for marks.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60,
		r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// wrap breaks clean text into lines of at most width cells where there are
// spaces.
func wrap(s string, width int) []string {
	var out []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		w := columns(word)
		if used > 0 && used+1+w > width {
			out, line, used = append(out, line), "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+w
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
