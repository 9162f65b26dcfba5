package config

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest returns the known word that is closest to word, or "" if none is
// close enough to be worth a suggestion. Distance counts insertions,
// deletions, substitutions and swaps of neighbours (optimal string alignment),
// case aside. Equal distances go to the first in alphabetical order.
func Nearest(word string, known []string) string {
	best, limit := "", max(1, len([]rune(word))/3)
	if len(word) > 200 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(known))
	for _, k := range sorted {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n <= limit && (best == "" || n < limit) {
			best, limit = k, n
		}
	}
	return best
}

// DidYouMean is the tail of a message about an unknown word: the nearest known
// one, or nothing.
func DidYouMean(word string, known []string) string {
	if n := Nearest(word, known); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// suggest is the tail of a message about an unknown word: the nearest known
// one, else all of them while they are few.
func suggest(word string, known []string) string {
	if tail := DidYouMean(word, known); tail != "" {
		return tail
	}
	var once []string
	for _, k := range known {
		if !slices.Contains(once, k) {
			once = append(once, k)
		}
	}
	if len(once) == 0 || len(once) > 20 {
		return ""
	}
	return "; expected " + oneOf(once)
}

// oneOf lists words as "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
