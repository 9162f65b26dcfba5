package render

import (
	"crypto/sha256"
	"strings"
	"sync"
	"unicode"

	"gate/internal/cputime"
	"gate/internal/doc"
	"gate/internal/render/engine"
	"gate/internal/source"
)

// helmMapping leads from rendered lines to template lines. It renders the
// chart a second time, with marks, when the first position is asked for, unless
// the run has ended by then; a file whose marked text differs from the plain one
// in anything but the marks is not trusted and keeps the file as its position.
type helmMapping struct {
	prepared *prepared
	sums     map[string][sha256.Size]byte // of the plain files
	marked   func() map[string][]engine.LineOrigin
	values   *provenance
	// starts are, by file, where its documents begin.
	starts map[string][]documentStart
}

func newHelmMapping(s *Renderer, in *input, u Unit, p *prepared, res *engine.Result, values map[string]any) *helmMapping {
	m := &helmMapping{prepared: p, sums: make(map[string][sha256.Size]byte, len(res.Files)), starts: map[string][]documentStart{},
		values: newProvenance(in, u, p)}
	for name, text := range res.Files {
		m.sums[name] = sha256.Sum256([]byte(text))
	}
	m.marked = sync.OnceValue(func() map[string][]engine.LineOrigin { return m.render(s, u, values) })
	return m
}

// render renders with marks and keeps the files that pass the check.
func (m *helmMapping) render(s *Renderer, u Unit, values map[string]any) map[string][]engine.LineOrigin {
	run := m.values.in.run
	if run == nil || run.Err() != nil {
		return nil
	}
	ctx, cancel := cputime.WithTimeout(run, s.opts.Limits.Time)
	defer cancel()
	defer s.opts.Started(u.ID)()
	p, err := s.prepare(m.values.in, u, m.prepared.files, values)
	if err != nil {
		return nil
	}
	p.options.Marks = true
	if !u.told.first() && !u.told.whole {
		p.options.Only = map[string]bool{}
		for name := range m.sums {
			p.options.Only[name] = true
		}
	}
	res, err := engine.Render(ctx, p.chart, p.values, p.options)
	if err != nil {
		return nil
	}
	for name, text := range res.Files {
		if sha256.Sum256([]byte(text)) != m.sums[name] {
			delete(res.Lines, name)
		}
	}
	return res.Lines
}

// documents writes a rendered file as Helm hands it on, and remembers where its
// lines stood: cut at lines that begin with dashes, whatever follows them, without
// the space around a document, and with one line break at the end of each. That
// break ends a block scalar which the template leaves without one, and those that
// a scalar keeps (|+) are gone. See SplitManifests of Helm's releaseutil, and the
// renderResources of its action, which writes "---\n# Source: %s\n%s\n".
func (m *helmMapping) documents(name, text string) string {
	end := len(strings.TrimRightFunc(text, unicode.IsSpace))
	begin := end - len(strings.TrimLeftFunc(text[:end], unicode.IsSpace))
	if strings.HasPrefix(text[end:], "\n") && !separated().MatchString(text[begin:end]) { // most are written so already
		m.starts[name] = []documentStart{{1, 1 + strings.Count(text[:begin], "\n")}}
		return text[begin : end+1]
	}
	var out strings.Builder
	var starts []documentStart
	at, line, written := 0, 1, 0
	for _, cut := range append(separator().FindAllStringIndex(text[:end], -1), []int{end, end}) {
		if document := strings.TrimSpace(text[at:cut[0]]); document != "" {
			from := at + strings.Index(text[at:cut[0]], document)
			line, at = line+strings.Count(text[at:from], "\n"), from
			out.WriteString("---\n")
			out.WriteString(document)
			out.WriteByte('\n')
			starts = append(starts, documentStart{written + 2, line})
			written += strings.Count(document, "\n") + 2
		}
		line, at = line+strings.Count(text[at:cut[1]], "\n"), cut[1]
	}
	m.starts[name] = starts
	return out.String()
}

// documentStart leads from the first line of a document to the rendered one.
type documentStart struct{ line, rendered int }

// separator is what Helm cuts rendered files at; separated finds one that is more
// than a line of dashes between two documents.
var (
	separator = compiled(`(?:^|\s*\n)---\s*`)
	separated = compiled(`(?:^|\n)---(?:[^\n]|\n\s)|\s\n---`)
)

// renderedLine turns a line of the documents into one of the rendered file; 0 if
// there is none.
func (m *helmMapping) renderedLine(name string, line int) int {
	starts := m.starts[name]
	for i := len(starts) - 1; i >= 0; i-- {
		if s := starts[i]; s.line <= line {
			return s.rendered + line - s.line
		}
	}
	return 0
}

// locator returns the Locator of one rendered document.
func (m *helmMapping) locator(name string, d *source.Document) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		pos, ok := d.Locate(p)
		at, value := nearest(d.Value, p)
		if empty(value) { // what lacks a field, on the line below its key
			if next := strings.TrimSpace(d.Text(pos.Line + 1)); (next == "{}" || next == "[]") && strings.HasSuffix(strings.TrimSpace(d.Text(pos.Line)), ":") {
				pos = source.Position{File: pos.File, Line: pos.Line + 1}
			}
		} else if len(at) < len(p) {
			at, value = p, nil
		}
		loc := m.locate(name, pos, d.Text(pos.Line), at, value)
		if !ok {
			loc.Approximate = true
		}
		return loc
	})
}

// nearest is the value at a path, else at the part of it that leads to one.
func nearest(v any, p source.Path) (source.Path, any) {
	for i := len(p); ; i-- {
		if got, ok := doc.Lookup(v, p[:i]...); ok || i == 0 {
			return p[:i], got
		}
	}
}

// empty says whether a value is a table or a list without members.
func empty(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

// locate turns a position in the rendered file into one in a template; text is
// the rendered line, p the path in the document and value what stands there.
func (m *helmMapping) locate(name string, pos source.Position, text string, p source.Path, value any) source.Location {
	fallback := m.prepared.position(name, 0, 0)
	fallback.Line, fallback.Approximate = 1, true
	lines := m.marked()[name]
	line := m.renderedLine(name, pos.Line)
	if line < 1 || line > len(lines) {
		return source.Location{Position: fallback}
	}
	origin := lines[line-1]
	near := false
	for origin.File == "" { // a blank line: what stands above
		if line--; line < 1 {
			return source.Location{Position: fallback}
		}
		origin, near = lines[line-1], true
	}
	main := m.choose(&origin)
	loc := source.Location{Position: m.place(main, pos, text)}
	if near {
		loc.Approximate = true
	}
	if !near {
		loc.Related = m.values.relate(&origin, m.prepared.templates[name].scope, p, value)
	}
	for o := &origin; o != nil; o = o.Outer {
		if o != main && len(loc.Related) < maxRelated {
			at := m.prepared.position(o.File, o.Line, m.column(o))
			if at.File != loc.File || at.Line != loc.Line {
				loc.Related = append(loc.Related, source.Related{Role: "definition", Position: at})
			}
		}
	}
	if printed := !origin.Literal || origin.Inline != nil && empty(value); printed && !near {
		return ofValue(loc)
	}
	return loc
}

const maxRelated = 4

// ofValue is the place of what a template prints whole, such as by toYaml: its line
// holds nothing of it, the value does.
func ofValue(loc source.Location) source.Location {
	at := -1
	for i, r := range loc.Related {
		if r.Role == "values" {
			if at >= 0 || r.Approximate {
				return loc
			}
			at = i
		}
	}
	if at < 0 {
		return loc
	}
	value := loc.Related[at].Position
	loc.Related[at] = source.Related{Role: "definition", Position: loc.Position}
	loc.Position = value
	return loc
}

// choose picks the place that a person would change: where the text stands,
// or the innermost action that is not the machinery of a library chart. A
// place inside a packed subchart cannot be edited, the include of it can.
func (m *helmMapping) choose(o *engine.LineOrigin) *engine.LineOrigin {
	var first *engine.LineOrigin
	for at := o; at != nil; at = at.Outer {
		t := m.prepared.templates[at.File]
		if t.file == "" || strings.HasSuffix(t.file, ".tgz") {
			continue
		}
		if at.Literal || !t.library {
			return at
		}
		if first == nil {
			first = at
		}
	}
	if first != nil {
		return first
	}
	return o
}

// place turns an origin into a position. Literal text is followed to the
// column that pos has in the rendered line.
func (m *helmMapping) place(o *engine.LineOrigin, pos source.Position, text string) source.Position {
	out := m.prepared.position(o.File, o.Line, m.column(o))
	if !o.Literal || out.Approximate {
		return out
	}
	line := m.prepared.line(o.File, o.Line)
	start := len(text) - len(strings.TrimLeft(text, " \t"))
	from, to := offset(text, pos.Column), offset(text, pos.EndColumn)
	if pos.EndLine != pos.Line || from < start || to < from || o.Column-1 > len(line) {
		return out
	}
	rest := line[o.Column-1:]
	if !strings.HasPrefix(rest, text[start:from]) {
		return out
	}
	at := o.Column - 1 + from - start
	out.Column = source.Column(line, at)
	if word := text[from:to]; strings.HasPrefix(line[at:], word) {
		out.EndLine, out.EndColumn = out.Line, source.Column(line, at+len(word))
	}
	return out
}

// column converts the byte column of an origin to UTF-16 code units.
func (m *helmMapping) column(o *engine.LineOrigin) int {
	line := m.prepared.line(o.File, o.Line)
	return source.Column(line, max(o.Column-1, 0))
}

// offset is the byte offset of a UTF-16 column in a line.
func offset(line string, column int) int {
	n := 1
	for i, r := range line {
		if n >= column {
			return i
		}
		if n++; r > 0xffff {
			n++
		}
	}
	return len(line)
}
