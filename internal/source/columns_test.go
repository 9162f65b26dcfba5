package source

import (
	"strings"
	"testing"
)

// TestColumnIndex compares the index of a long line with counting it.
func TestColumnIndex(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{"ASCII": "x", "two bytes": "é", "surrogates": "🚀", "mixed": "aé🚀, "} {
		line := strings.Repeat(unit, 3*longLine)
		index := indexColumns(line)
		if want := Column(line, len(line)); index.width+1 != want {
			t.Errorf("%s: ends at %d, want %d", name, index.width+1, want)
		}
		runes := len([]rune(line))
		for _, column := range []int{0, 1, 2, longLine - 1, longLine, longLine + 1, longLine + 2, 2*longLine + 7, runes, runes + 1, runes + 9} {
			if got, want := index.runeColumn(line, column), RuneColumn(line, column); got != want {
				t.Errorf("%s: column %d is %d, want %d", name, column, got, want)
			}
		}
	}
}

// TestLongLine locates every value of a file that is one line.
func TestLongLine(t *testing.T) {
	t.Parallel()
	const values = 200_000
	docs, err := ParseYAML("plan.json", []byte("["+strings.Repeat("7, ", values)+"é]"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range values {
		if at, ok := docs[0].Locate(Path{i}); !ok || at.Column != 2+3*i || at.EndColumn != 3+3*i {
			t.Fatalf("value %d at %+v, %v", i, at, ok)
		}
	}
}
