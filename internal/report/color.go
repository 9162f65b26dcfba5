package report

import (
	"strconv"

	"gate/internal/decide"
)

// color is a select graphic rendition parameter (ECMA-48 §8.3.117).
type color int

const (
	bold   color = 1
	dim    color = 2
	red    color = 31
	green  color = 32
	yellow color = 33
	cyan   color = 36
)

func effectColor(e decide.Effect) color {
	switch e {
	case decide.Deny:
		return red
	case decide.RequireApproval:
		return yellow
	case decide.Allow:
		return green
	}
	return cyan
}

func (t *text) paint(s string, c color) string {
	if !t.Color || s == "" {
		return s
	}
	return "\x1b[" + strconv.Itoa(int(c)) + "m" + s + "\x1b[0m"
}
