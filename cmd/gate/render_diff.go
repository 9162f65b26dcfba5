package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gate/internal/printed"
	"gate/internal/rendition"
	"gate/internal/transition"
)

// diffOrder is the order of actions: first what cannot be taken back.
var diffOrder = []string{"deleted", "updated", "moved", "created", "unknown"}

// writeDiff says what a change does to the rendered state.
func writeDiff(w io.Writer, got *rendition.Rendition, provenance bool) error {
	byAction := map[string][]rendition.Object{"deleted": got.Deleted}
	unchanged := 0
	for _, o := range got.Objects {
		switch {
		case o.Change == nil:
			byAction["unknown"] = append(byAction["unknown"], o)
		case o.Change.Action == "unchanged":
			unchanged++
		default:
			byAction[o.Change.Action] = append(byAction[o.Change.Action], o)
		}
	}
	var counts []string
	for _, a := range diffOrder {
		if n := len(byAction[a]); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, a))
		}
	}
	counts = append(counts, fmt.Sprintf("%d unchanged", unchanged))
	fmt.Fprintln(w, strings.Join(counts, ", "))
	for _, a := range diffOrder {
		for _, o := range byAction[a] {
			if err := writeObjectDiff(w, a, o, provenance); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeObjectDiff(w io.Writer, action string, o rendition.Object, provenance bool) error {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + o.Name
	}
	kind := o.Kind
	if o.Group != "" {
		kind += "." + o.Group
	}
	fmt.Fprintf(w, "\n%s %s %s  (%s%s)\n", action, oneLine(kind), oneLine(name), oneLine(o.Unit), oneLine(strings.Replace(scopeOf(o.Scope), " environment:", ",", 1)))
	if provenance {
		fmt.Fprintf(w, "  # %s\n", oneLine(originOf(o.Origin)))
	}
	switch action {
	case "created":
		text, err := printed.YAML(o.Manifest)
		if err != nil {
			return fmt.Errorf("write %s: %w", o.ID, err)
		}
		writeBlock(w, "+", text)
	case "moved":
		from, _, _ := strings.Cut(o.Change.From, "#")
		fmt.Fprintf(w, "  from %s\n", oneLine(from))
	case "unknown":
		fmt.Fprintln(w, "  what it was is not known: the base could not be rendered")
	}
	for _, d := range o.Differences {
		writeDifference(w, d)
	}
	return nil
}

// longest is the length up to which values stand in one line.
const longest = 100

func writeDifference(w io.Writer, d transition.Difference) {
	path := oneLine(d.Path)
	before, after := valueText(d.Before), valueText(d.After)
	switch {
	case d.Sensitive:
		fmt.Fprintf(w, "  %s: a secret is %s\n", path, secretAction(d))
	case !d.HasBefore:
		fmt.Fprintf(w, "  + %s: %s\n", path, after)
	case !d.HasAfter:
		fmt.Fprintf(w, "  - %s: %s\n", path, before)
	default:
		x, ok1 := d.Before.(string)
		y, ok2 := d.After.(string)
		if ok1 && ok2 && (strings.Contains(x, "\n") || strings.Contains(y, "\n")) {
			fmt.Fprintf(w, "  %s:\n", path)
			writeLines(w, x, y)
			return
		}
		before, after = around(before, after)
		fmt.Fprintf(w, "  %s: %s → %s\n", path, before, after)
	}
}

func secretAction(d transition.Difference) string {
	switch {
	case !d.HasBefore:
		return "added"
	case !d.HasAfter:
		return "removed"
	}
	return "changed"
}

func valueText(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("(%v)", err)
	}
	return oneLine(strings.TrimSuffix(b.String(), "\n"))
}

// around cuts what two long values share at their ends down to what leads to
// the difference.
func around(a, b string) (string, string) {
	if len(a) <= longest && len(b) <= longest {
		return a, b
	}
	const context = 30
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	from := max(0, n-context)
	for from > 0 && !utf8.RuneStart(a[from]) {
		from--
	}
	m := 0
	for m < len(a)-n && m < len(b)-n && a[len(a)-1-m] == b[len(b)-1-m] {
		m++
	}
	m = max(0, m-context)
	cut := func(s string) string {
		to := len(s) - m
		for to < len(s) && !utf8.RuneStart(s[to]) {
			to++
		}
		out := s[from:to]
		if from > 0 {
			out = "…" + out
		}
		if to < len(s) {
			out += "…"
		}
		return out
	}
	return cut(a), cut(b)
}

// writeLines shows the lines of a text that differ, as one region.
func writeLines(w io.Writer, before, after string) {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	m := 0
	for m < len(a)-n && m < len(b)-n && a[len(a)-1-m] == b[len(b)-1-m] {
		m++
	}
	for _, line := range a[n : len(a)-m] {
		fmt.Fprintf(w, "    - %s\n", oneLine(line))
	}
	for _, line := range b[n : len(b)-m] {
		fmt.Fprintf(w, "    + %s\n", oneLine(line))
	}
}

func writeBlock(w io.Writer, mark, text string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		fmt.Fprintf(w, "  %s %s\n", mark, oneLine(line))
	}
}
