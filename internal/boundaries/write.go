package boundaries

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Formats are the names that Write knows.
var formats = []string{"text", "markdown", "json"}

// Formats lists the formats that Write knows.
func Formats() []string { return append([]string(nil), formats...) }

// Write writes the table in a format.
func Write(w io.Writer, format string, t *Table) error {
	switch format {
	case "text":
		return writeText(w, t)
	case "markdown":
		return writeMarkdown(w, t)
	case "json":
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(t)
	}
	return fmt.Errorf("format %q: want one of %s", format, strings.Join(formats, ", "))
}

var columns = []string{"state", "tool", "desired state", "environment", "target", "backend", "owner"}

func (b Boundary) row() []string {
	return []string{b.State, b.Tool, b.Desired, b.Environment, b.Target, b.Backend, b.Owner}
}

// maxConflicts is how many conflicts of one boundary people are shown; JSON has
// all of them.
const maxConflicts = 3

func shown(conflicts []string) []string {
	if len(conflicts) <= maxConflicts {
		return conflicts
	}
	return append(append([]string(nil), conflicts[:maxConflicts]...), fmt.Sprintf("and %d more", len(conflicts)-maxConflicts))
}

func summary(t *Table) string {
	unowned, conflicts := t.Counts()
	return fmt.Sprintf("%d state boundaries, %d without an owner, %d in conflict", len(t.Boundaries), unowned, conflicts)
}

func writeText(w io.Writer, t *Table) error {
	rows := [][]string{{}}
	for _, c := range columns {
		rows[0] = append(rows[0], strings.ToUpper(c))
	}
	for _, b := range t.Boundaries {
		row := b.row()
		for i, cell := range row {
			if row[i] = plain(cell); cell == "" {
				row[i] = "-"
			}
		}
		rows = append(rows, row)
	}
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for i, row := range rows {
		if i == 0 && len(rows) == 1 {
			break
		}
		var line strings.Builder
		for j, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if i > 0 {
			for _, c := range shown(t.Boundaries[i-1].Conflict) {
				out.WriteString("  conflict: " + plain(c) + "\n")
			}
		}
	}
	if len(rows) > 1 {
		out.WriteString("\n")
	}
	out.WriteString(summary(t) + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func writeMarkdown(w io.Writer, t *Table) error {
	var out strings.Builder
	out.WriteString("# State boundaries\n\n" + summary(t) + ".\n")
	if len(t.Boundaries) > 0 {
		out.WriteString("\n| " + strings.Join(columns, " | ") + " | conflict |\n|" + strings.Repeat(" --- |", len(columns)+1) + "\n")
	}
	for _, b := range t.Boundaries {
		cells := b.row()
		for i, c := range cells {
			if cells[i] = cell(c); c == "" {
				cells[i] = "–"
			}
		}
		if b.Owner == "" {
			cells[len(cells)-1] = "**none**"
		}
		var conflicts []string
		for _, c := range shown(b.Conflict) {
			conflicts = append(conflicts, cell(c))
		}
		out.WriteString("| " + strings.Join(append(cells, strings.Join(conflicts, "<br>")), " | ") + " |\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// plain is text of the repository that cannot drive a terminal.
func plain(s string) string {
	var out strings.Builder
	for _, r := range s {
		if r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// cell is text of the repository that stays text in a Markdown table.
func cell(s string) string {
	var out strings.Builder
	for _, r := range plain(s) {
		switch r {
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '&':
			out.WriteString("&amp;")
		case '|', '\\', '`', '*', '_', '[', ']', '~', '#', '!':
			out.WriteString(`\` + string(r))
		case '@': // an owner is named, not called
			out.WriteString("@\u200b")
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}
