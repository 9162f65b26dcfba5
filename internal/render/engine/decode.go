package engine

import (
	"strings"
	"unicode/utf8"
)

type mark struct {
	Place
	expr string
}

// nextMark reads the mark at the beginning of s. size is 0 if there is none.
func nextMark(s string) (kind rune, id, size int) {
	if len(s) < 3 || s[0] != markLead {
		return 0, 0, 0
	}
	kind, _ = utf8.DecodeRuneInString(s)
	switch kind {
	case markClose, markValueEnd:
		return kind, 0, 3
	case markOpen, markText, markValue:
		if len(s) < markSize {
			return 0, 0, 0
		}
		high, _ := utf8.DecodeRuneInString(s[3:])
		low, _ := utf8.DecodeRuneInString(s[6:])
		high, low = high-digitBase, low-digitBase
		if high < 0 || low < 0 || high >= 1<<digitBits || low >= 1<<digitBits {
			return 0, 0, 0
		}
		return kind, int(high)<<digitBits | int(low), markSize
	}
	return 0, 0, 0
}

// stripMarks returns s without marks.
func stripMarks(s string) string {
	i := strings.IndexByte(s, markLead)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i >= 0 {
		b.WriteString(s[:i])
		if _, _, size := nextMark(s[i:]); size > 0 {
			s = s[i+size:]
		} else {
			b.WriteByte(s[i])
			s = s[i+1:]
		}
		i = strings.IndexByte(s, markLead)
	}
	b.WriteString(s)
	return b.String()
}

// decode takes the marks out of a rendered file and says where each line
// comes from; a line without visible text has no file.
func (r *renderer) decode(text string) (string, []LineOrigin) {
	d := decoder{marks: r.marks, lines: make([]LineOrigin, 1, strings.Count(text, "\n")+1), literal: -1, fresh: true}
	d.out.Grow(len(text))
	for i := 0; i < len(text); {
		if text[i] == markLead {
			if kind, id, size := nextMark(text[i:]); size > 0 {
				d.mark(kind, id)
				i += size
				continue
			}
		}
		d.char(text[i])
		i++
	}
	return d.out.String(), d.lines
}

type decoder struct {
	marks   *marks
	out     strings.Builder
	lines   []LineOrigin
	stack   *LineOrigin // open actions
	open    []int       // open values
	literal int         // text mark that waits for its rune, or -1
	fresh   bool        // no visible rune on this line yet
}

func (d *decoder) mark(kind rune, id int) {
	switch kind {
	case markClose:
		if d.stack != nil {
			d.stack = d.stack.Outer
		}
	case markOpen:
		if id < len(d.marks.places) {
			m := d.marks.places[id]
			d.stack = &LineOrigin{Place: m.Place, Expr: m.expr, Outer: d.stack}
		}
	case markText:
		if id < len(d.marks.places) {
			d.literal = id
		}
	case markValue:
		d.open = append(d.open, id)
	case markValueEnd:
		if len(d.open) > 0 {
			d.open = d.open[:len(d.open)-1]
		}
	}
}

func (d *decoder) char(c byte) {
	line := &d.lines[len(d.lines)-1]
	switch {
	case c == '\n':
		d.lines = append(d.lines, LineOrigin{})
		d.fresh, d.literal = true, -1
	case c == ' ' || c == '\t' || c == '\r':
	default:
		if d.fresh {
			d.fresh = false
			if d.literal >= 0 {
				*line = LineOrigin{Place: d.marks.places[d.literal].Place, Literal: true, Outer: d.stack}
			} else if d.stack != nil {
				*line = *d.stack
			}
			d.literal = -1
		}
		if line.Literal && line.Inline == nil && d.stack != line.Outer {
			line.Inline = d.stack
		}
		if len(d.open) > 0 {
			d.values(line)
		}
	}
	d.out.WriteByte(c)
}

// values adds the open values to a line, the innermost first.
func (d *decoder) values(line *LineOrigin) {
	for i := len(d.open) - 1; i >= 0 && len(line.Values) < maxValueMarks; i-- {
		if d.open[i] >= len(d.marks.values.paths) {
			continue
		}
		p := d.marks.values.paths[d.open[i]]
		known := false
		for _, have := range line.Values {
			known = known || len(have) == len(p) && (len(p) == 0 || &have[0] == &p[0])
		}
		if !known {
			line.Values = append(line.Values, p)
		}
	}
}
