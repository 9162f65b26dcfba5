package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// section is a part of a report for people. Text, Markdown and HTML show the
// same ones in the same order, which is that of their weight.
type section struct {
	title string
	color color
	fold  bool // stands folded where a format can fold
	lines []line
}

// line is an entry of a section. What it says is clean text.
type line struct {
	word  string // what happens or how it stands; before the text
	color color  // of the word
	text  string
	hint  bool // what a person would do about the lines above
	fault bool // of the form "file:line:column: message", which tools read: it is not wrapped
}

// sizes bound what a report for people shows of each kind; what is left out is
// counted.
type sizes struct {
	gaps   int // causes for which something was not judged
	steps  int // of all stacks and units together
	images int
	list   int // entries of each other list
	rules  int // of each effect
	places int // of each rule
	full   int // rules whose worst place stands with source lines and the whole remediation; negative: every place
}

// whole says where everything is that a report for people leaves out.
const whole = "see --format json"

// bounded are the first lines, and one that says how many others there are.
func bounded(lines []line, limit int, noun string) []line {
	if len(lines) <= limit {
		return lines
	}
	more := len(lines) - limit
	return append(lines[:limit:limit], line{text: "… " + number(more) + " more " + plural(more, noun) + " (" + whole + ")"})
}

// tally counts equal names, the most frequent first: "a 3, b and 2 more".
func tally(names []string, limit int) string {
	counts := map[string]int{}
	for _, n := range names {
		counts[n]++
	}
	return tallied(counts, limit)
}

func tallied(counts map[string]int, limit int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, n := range names {
		names[i] = strings.TrimSpace(n + " " + number(counts[n]))
	}
	return brief(listed(names, limit))
}

// listed joins at most limit names and counts the others.
func listed(names []string, limit int) string {
	if len(names) <= limit {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:limit], ", ") + " and " + number(len(names)-limit) + " more"
}

// insert adds s to a sorted set.
func insert(set []string, s string) []string {
	i, found := slices.BinarySearch(set, s)
	if found {
		return set
	}
	return slices.Insert(set, i, s)
}
