package engine

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// Error is a fault of a template.
type Error struct {
	// Template is the file that was rendered; File, Line and Column (1-based,
	// bytes) are the place of the fault, which may lie in an included
	// template. File is a template path as in Result.Files; Line is 0 if the
	// place is unknown.
	Template string
	File     string
	Line     int
	Column   int
	Msg      string
	// Refused says that the template itself refused to render, by fail or
	// required.
	Refused bool
	cause   error
}

// Error returns the message without the place.
func (e *Error) Error() string { return e.Msg }

// Unwrap returns the error of text/template.
func (e *Error) Unwrap() error { return e.cause }

// place is the "template: name:line:column: " that text/template puts before
// each message; nested executions repeat it, the last one is the innermost.
var (
	place  = regexp.MustCompile(`template: ([^:\n]+):(\d+)(?::(\d+))?: `)
	marked = regexp.MustCompile(`(?s)` + failStart + `(.*?)` + failEnd)
	// The chain of calls that text/template puts before a function's own error.
	calling = regexp.MustCompile(`^(?:error calling \w+: )+`)
	within  = regexp.MustCompile(`^executing "[^"]*" at <(?s:.*?)>: `)
)

// failStart and failEnd enclose the message of fail and required, so that it
// can be told from the chain of errors around it.
const (
	failStart = "\ue010"
	failEnd   = "\ue011"
)

func newParseError(name string, err error) *Error {
	return newError(name, err)
}

func newError(name string, err error) *Error {
	text := err.Error()
	e := &Error{Template: name, File: name, cause: err}
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], "/") {
			continue // text of tpl: it has no place of its own
		}
		e.File = m[1]
		e.Line, _ = strconv.Atoi(m[2])
		e.Column, _ = strconv.Atoi(m[3])
		if e.Column > 0 || m[3] != "" {
			e.Column++ // text/template counts columns from 0
		}
	}
	if m := marked.FindStringSubmatch(text); m != nil {
		e.Msg, e.Refused = m[1], true
		return e
	}
	if at := place.FindAllStringIndex(text, -1); at != nil {
		text = text[at[len(at)-1][1]:]
	}
	text = calling.ReplaceAllString(within.ReplaceAllString(text, ""), "")
	if errors.Is(err, ErrLimit) && !strings.Contains(text, ErrLimit.Error()) {
		text = ErrLimit.Error() + ": " + text
	}
	e.Msg = clip(strings.NewReplacer(failStart, "", failEnd, "").Replace(strings.TrimSpace(text)))
	return e
}

// clip keeps messages that quote whole templates readable.
func clip(s string) string {
	const most = 600
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
