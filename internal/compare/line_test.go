package compare

import (
	"strings"
	"testing"
)

func TestMapLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		line, want    int
	}{
		{"a\nb\nc\n", "a\nc\n", 2, 2},
		{"a\nb\nc\n", "a\nc\n", 3, 2},
		{"a\nb\nc\n", "a\nb\n", 3, 2},
		{"a\nb\nc\n", "a\nx\nc\n", 1, 2},
		{"a\n", "", 1, 1},
		{"a\nb\n", "a\nb\n", 1, 1},                                 // a renamed file
		{"a\nkeep\n}\nM\nend\n", "b\nkeep\n}\nlast\n", 4, 4},       // another change above
		{"a\n}\nkeep\n}\nM\nend\n", "b\n}\nkeep\n}\nlast\n", 5, 5}, // behind lines that stand twice
		{"a\nM\nb\n", "x\ny\n", 2, 1},
	} {
		split := func(s string) (out [][]byte) {
			for l := range strings.SplitSeq(s, "\n") {
				out = append(out, []byte(l))
			}
			return out
		}
		if got := newLineMap(split(c.before), split(c.after)).line(c.line); got != c.want {
			t.Errorf("line %d of %q in %q: %d, want %d", c.line, c.before, c.after, got, c.want)
		}
	}
}

func TestLinesThatStood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		line          int // of after
		want          bool
	}{
		{"a\nb\nc", "a\nb\nc", 2, true},
		{"a\nb\nc", "x\na\nb\nc", 3, true},
		{"a\nb\nc", "a\nB\nc", 2, false},
		{"a\nb\nc", "a\nB\nc", 3, true},
		{"a\nb\nc\nd", "a\nx\nb\nc\ny\nd", 4, true},  // between two that are new
		{"a\nb\nx\nb\nd", "A\nb\ny\nb\nD", 2, false}, // one of two alike
		{"a", "a\nb", 2, false},
		{"a\nb", "b\na", 2, true},
		{"a", "a", 2, false}, // is not there
	} {
		split := func(s string) (out [][]byte) {
			for l := range strings.SplitSeq(s, "\n") {
				out = append(out, []byte(l))
			}
			return out
		}
		if got := newLineMap(split(c.before), split(c.after)).stood(c.line); got != c.want {
			t.Errorf("line %d of %q stood in %q: %v", c.line, c.after, c.before, got)
		}
	}
}
