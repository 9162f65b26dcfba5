package worker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"gate/internal/source"
)

// internalError begins the reasons that are faults of this program.
const internalError = "internal error: "

// reasonOf says how a worker died, in words that are the same for the same
// cause: they stand in reports. words is the beginning of its standard error.
func reasonOf(state *os.ProcessState, err error, words string, memory int64) string {
	line := func(prefix string) (string, bool) {
		for l := range strings.Lines(words) {
			if rest, ok := strings.CutPrefix(l, prefix); ok {
				return steady(rest), true
			}
		}
		return "", false
	}
	switch {
	case strings.Contains(words, "stack overflow") || strings.Contains(words, "goroutine stack exceeds"):
		return fmt.Sprintf("stack overflow (limit %s)", Size(maxStack))
	case strings.Contains(words, "out of memory") || strings.Contains(words, "cannot allocate memory") ||
		strings.Contains(words, "failed to create new OS thread"):
		return fmt.Sprintf("out of memory (limit %s)", Size(memory))
	}
	for _, p := range []struct{ prefix, say string }{
		{"gate: internal error: ", internalError}, {"panic: ", internalError}, {"fatal error: ", ""}, {"gate: ", ""},
	} {
		if rest, ok := line(p.prefix); ok {
			if p.say != "" { // what a library was given is nobody's business
				rest = source.Unquoted(rest)
			}
			return p.say + rest
		}
	}
	if text, killed := signalled(state); killed {
		return text
	}
	var status *exec.ExitError
	if state != nil && (err == nil || errors.As(err, &status)) {
		return fmt.Sprintf("it ended with status %d", state.ExitCode())
	}
	return steady(fmt.Sprint(err))
}

var addresses = regexp.MustCompile(`0x[0-9a-f]+`)

// steady takes out of a message what differs from run to run.
func steady(s string) string {
	s = addresses.ReplaceAllString(strings.TrimSpace(s), "0x…")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// firstCalls are the first lines of the stack that the runtime wrote.
func firstCalls(s string, n int) string {
	lines := strings.SplitN(strings.TrimSpace(source.StackOnly(s)), "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

var units = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// Size writes a number of bytes in the largest unit that is exact: 8GiB.
func Size(n int64) string {
	for _, u := range units {
		if n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%d", n)
}

// ParseSize reads what Size writes.
func ParseSize(s string) (int64, error) {
	for _, u := range append(units[:len(units):len(units)], struct {
		name  string
		bytes int64
	}{"", 1}) {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		var n int64
		if len(digits) == 0 || len(digits) > 15 {
			break
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return 0, fmt.Errorf("size %q: want a number and KiB, MiB, GiB or TiB, such as 8GiB", s)
			}
			n = n*10 + int64(c-'0')
		}
		if n > (1<<62)/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, fmt.Errorf("size %q: want a number and KiB, MiB, GiB or TiB, such as 8GiB", s)
}
