package source

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// Panicked says what a library panicked with, as far as that is not what it was given:
// inputs may hold secrets, and nobody knows which part of a text is quoted. Faults that
// the runtime finds are said whole, they hold types and indices; of other texts the
// words of the first line.
func Panicked(p any) string {
	switch p := p.(type) {
	case runtime.Error:
		return firstLine(p.Error()) // also of those without the prefix
	case string, error, fmt.Stringer:
		return Unquoted(fmt.Sprint(p))
	}
	return fmt.Sprintf("a %T", p)
}

// runtimeFault is what the runtime says of indices, nil and numbers, in words of its own.
var runtimeFault = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^runtime error: [a-z :,-]*(?:\[[0-9:-]*\])?[a-z ]*[0-9]*$`)
})

// hiddenPart stands for what is left out of the text of a panic.
const hiddenPart = "…"

// longestWord is the longest word that is said: what is longer is no word.
const longestWord = 20

// Unquoted is the first line of a text without what it quotes and without all that is
// no plain word.
func Unquoted(text string) string {
	if runtimeFault().MatchString(firstLine(text)) {
		return firstLine(text)
	}
	var out strings.Builder
	for rest := firstLine(text); rest != ""; {
		i := strings.IndexAny(rest, "\"'`")
		if i < 0 {
			out.WriteString(rest)
			break
		}
		out.WriteString(rest[:i] + hiddenPart)
		end := strings.IndexByte(rest[i+1:], rest[i])
		if end < 0 {
			break // it is cut
		}
		rest = rest[i+1+end+1:]
	}
	words := strings.Fields(out.String())
	for i, w := range words {
		if !plainWord(strings.TrimRight(strings.TrimLeft(w, "("), ".,:;)!?")) {
			words[i] = hiddenPart
		}
	}
	return strings.Join(words, " ")
}

// plainWord says whether a word may be said: letters, in one case but for the first, or
// an address of memory.
func plainWord(w string) bool {
	if strings.HasPrefix(w, "0x") {
		return len(w) <= longestWord && strings.Trim(w[2:], "0123456789abcdef…") == ""
	}
	for i, r := range strings.TrimSuffix(w, hiddenPart) {
		if !(r >= 'a' && r <= 'z') && !(i == 0 && r >= 'A' && r <= 'Z') {
			return false
		}
	}
	return len(w) <= longestWord
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// StackOnly is what the runtime wrote about a panic without its text: the calls, which
// tell addresses and places in programs.
func StackOnly(stack string) string {
	i := strings.Index("\n"+stack, "\ngoroutine ")
	if i < 0 {
		return ""
	}
	return stack[i:]
}

// PanickedIn is the function that panicked, of a stack that the runtime wrote
// (runtime/debug.Stack); "" if it cannot be told.
func PanickedIn(stack string) string {
	_, calls, ok := strings.Cut(stack, "\npanic(")
	if !ok {
		calls = StackOnly(stack)
	}
	lines := strings.Split(calls, "\n")
	for _, line := range lines[min(1, len(lines)):] {
		if strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "runtime.") || strings.HasPrefix(line, "goroutine ") || strings.HasPrefix(line, "panic(") {
			continue
		}
		if i := strings.LastIndexByte(line, '('); i > 0 {
			return line[:i]
		}
	}
	return ""
}
