package approve

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/attest"
)

// maxDifferences is how many steps are told that one effect has and another has not.
const maxDifferences = 10

// difference tells two effects apart step by step, with a plus before what is new and a
// minus before what is gone.
func difference(was, now Effect) string {
	var out []string
	tell := func(sign string, list, others []attest.Step) {
		for _, s := range list {
			if !slices.ContainsFunc(others, func(o attest.Step) bool { return same(s, o) }) {
				out = append(out, sign+strings.Join(slices.DeleteFunc([]string{s.Action, s.Subject, s.Outcome}, func(t string) bool { return t == "" }), " "))
			}
		}
	}
	tell("+", now.Steps, was.Steps)
	tell("-", was.Steps, now.Steps)
	switch n := len(out); {
	case n == 0 && was.StepsLeft+now.StepsLeft > 0:
		return "the first steps are the same, with other values or other steps behind them"
	case n == 0:
		return "the steps are the same, their values are others"
	case n > maxDifferences:
		out = append(out[:maxDifferences], fmt.Sprintf("and %d more", n-maxDifferences))
	}
	return strings.Join(out, ", ")
}

func same(a, b attest.Step) bool {
	return a.Subject == b.Subject && a.Action == b.Action && a.Outcome == b.Outcome && a.Destructive == b.Destructive && slices.Equal(a.Replace, b.Replace)
}
