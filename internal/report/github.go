package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gate/internal/decide"
)

// maxAnnotations of one kind are shown of a step; GitHub drops the rest
// without a word.
const maxAnnotations = 10

// maxAnnotation is the size of one annotation's message in bytes.
const maxAnnotation = 4096

// writeGitHub writes workflow commands for the worst nine findings, a tenth
// that says how many more there are, and then the whole report as text, in
// which the runner is told to look for no commands.
func writeGitHub(w io.Writer, v *view, _ string) error {
	notes := v.annotations()
	if len(notes) > maxAnnotations {
		rest := notes[maxAnnotations-1:]
		notes = append(notes[:maxAnnotations-1:maxAnnotations-1], moreAnnotation(rest))
	}
	var out bytes.Buffer
	for _, n := range notes {
		out.WriteString(n.command() + "\n")
	}
	plain := *v
	plain.Color = false
	var body bytes.Buffer
	if err := writeText(&body, &plain, ""); err != nil {
		return err
	}
	// The token ends the part without commands, so that the text must not be
	// able to say it: it is the digest of that text.
	sum := sha256.Sum256(body.Bytes())
	token := hex.EncodeToString(sum[:])
	fmt.Fprintf(&out, "::stop-commands::%s\n", token)
	out.Write(body.Bytes())
	fmt.Fprintf(&out, "::%s::\n", token)
	_, err := w.Write(out.Bytes())
	return err
}

// annotation is one workflow command that shows a message at a line.
type annotation struct {
	level          string // error, warning, notice
	title, message string
	file           string // empty: not bound to a place
	line           int
	column, end    int // 0: the whole line
}

// annotations returns what is worth one, worst first.
func (v *view) annotations() []annotation {
	var notes []annotation
	if !v.Result.Complete {
		notes = append(notes, v.incompleteAnnotation())
	}
	for _, g := range v.collapse(v.fresh) {
		p := place(g.Location.Position)
		n := annotation{
			level: "warning", title: clip(v.rule(g.Finding).Title, 200) + " [" + g.Rule + "]",
			message: g.says(), file: p.File, line: p.Line,
		}
		switch {
		case g.Effect == decide.Deny:
			n.level = "error"
		case g.approved:
			n.level = "notice"
		}
		if p.EndLine <= p.Line && p.Column > 0 && p.EndColumn > p.Column {
			n.column, n.end = p.Column, p.EndColumn
		}
		n.message += "\n" + g.outcome()
		if how := v.remedy(g.Finding); how != "" {
			n.message += "\nfix: " + how
		}
		notes = append(notes, n)
	}
	return notes
}

func (v *view) incompleteAnnotation() annotation {
	n := annotation{level: "error", title: "The run is incomplete"}
	list := gaps(v.failed)
	total := len(list) + len(v.missing)
	switch {
	case len(list) > 0:
		n.message = list[0].failure()
		if p := list[0].Place; local(p.File) {
			n.file, n.line = p.File, max(p.Line, 1)
		}
	case len(v.missing) > 0:
		n.message = notJudgedText(v.missing[0])
	default:
		n.message = "Not everything could be judged."
	}
	if total > 1 {
		n.message += "\nand " + number(total-1) + " more that could not be judged, see the log of this step"
	}
	return n
}

func moreAnnotation(rest []annotation) annotation {
	n := annotation{level: "notice", title: "More findings"}
	counts := map[string]int{}
	for _, r := range rest {
		counts[r.level]++
	}
	var parts []string
	for _, level := range []string{"error", "warning", "notice"} {
		if counts[level] > 0 {
			parts = append(parts, counted(counts[level], level))
		}
	}
	if counts["error"] > 0 {
		n.level = "error"
	} else if counts["warning"] > 0 {
		n.level = "warning"
	}
	n.message = number(len(rest)) + " more (" + strings.Join(parts, ", ") + "), see the log of this step or --format json"
	return n
}

// command is the annotation in the runner's syntax.
func (a annotation) command() string {
	var props []string
	add := func(key, value string) { props = append(props, key+"="+commandProperty(value)) }
	if a.file != "" {
		add("file", clean(a.file))
		add("line", strconv.Itoa(a.line))
		add("endLine", strconv.Itoa(a.line))
		if a.column > 0 {
			add("col", strconv.Itoa(a.column))
			add("endColumn", strconv.Itoa(a.end))
		}
	}
	if a.title != "" {
		add("title", message(oneLine(a.title)))
	}
	return "::" + a.level + " " + strings.Join(props, ",") + "::" + commandData(clip(a.message, maxAnnotation))
}

// commandData and commandProperty escape what ends a command or a property
// (github.com/actions/toolkit, packages/core: command.ts).
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
