package engine

import (
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"
)

// Marks are runes of the private use area that travel with the text through
// includes and indentation, so that each line of the output can be led back to
// its template. A mark is a kind and the number of a place in two digits:
//
//	text  id id      before the first visible rune of each line of template text
//	open  id id … close   around what an action or a template call writes
//
// They are put into the parsed templates as text. A string that reaches
// anything but the output, indent or nindent has its marks taken out, so that
// no function, comparison or condition ever sees one.
const (
	markOpen  = '\ue000'
	markClose = '\ue001'
	markText  = '\ue002'
	digitBase = '\ue400'
	digitBits = 11
	markLead  = 0xee // first byte of all of them in UTF-8
	markSize  = 9    // bytes of a mark with a number
)

// Place is a place in a template; Line and Column are 1-based, the column in
// bytes.
type Place struct {
	File   string // template path as in Result.Files
	Line   int
	Column int
}

// LineOrigin says where a line of the output comes from.
type LineOrigin struct {
	Place
	// Literal says that the line begins with text of the template at Place;
	// else an action at Place wrote it.
	Literal bool
	// Expr is the action's pipeline, "" of literal text.
	Expr string
	// Values are the paths of the values that the line shows, from the root
	// chart's values; "#1" is an element of a list.
	Values [][]string
	// Inline is the innermost action that wrote on the line after its literal
	// beginning, up to Outer. Nil if there is none.
	Inline *LineOrigin
	// Outer is the action around it: the include that brought it in. Nil at
	// the top of the file that is rendered.
	Outer *LineOrigin
}

// marks is the table of places and values of one render.
type marks struct {
	places []mark
	values *values
}

func newMarks() *marks { return &marks{} }

const maxMarks = 1 << (2 * digitBits)

// number gives a place a number, -1 if there are too many.
func (m *marks) number(p Place, expr string) int {
	if len(m.places) >= maxMarks {
		return -1
	}
	m.places = append(m.places, mark{p, expr})
	return len(m.places) - 1
}

func appendMark(b []byte, kind rune, id int) []byte {
	b = utf8.AppendRune(b, kind)
	b = utf8.AppendRune(b, digitBase+rune(id>>digitBits))
	return utf8.AppendRune(b, digitBase+rune(id&(1<<digitBits-1)))
}

// rewrite puts marks into a parsed template. With lines, its text is marked
// too; the text of tpl has no file to point to.
func (m *marks) rewrite(tree *parse.Tree, file, text string, lines bool) {
	w := &rewriter{marks: m, file: file, text: text, lines: lines}
	w.list(tree.Root)
	plainArguments(tree.Root)
}

type rewriter struct {
	marks *marks
	file  string
	text  string
	lines bool
	// at and line cache the last position that was counted.
	at, line int
}

func (w *rewriter) place(pos parse.Pos) Place {
	p := min(int(pos), len(w.text))
	if p < w.at {
		w.at, w.line = 0, 0
	}
	w.line += strings.Count(w.text[w.at:p], "\n")
	w.at = p
	return Place{File: w.file, Line: w.line + 1, Column: p - strings.LastIndexByte(w.text[:p], '\n')}
}

func (w *rewriter) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	out := make([]parse.Node, 0, 2*len(l.Nodes))
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			if w.lines {
				n.Text = w.textMarks(n)
			}
			out = append(out, n)
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 {
				out = append(out, n)
				continue
			}
			expr := n.Pipe.String()
			direct(n.Pipe)
			out = w.enclose(out, n, n.Pos, expr)
		case *parse.TemplateNode:
			out = w.enclose(out, n, n.Pos, "template "+n.Name)
		case *parse.IfNode:
			w.list(n.List)
			w.list(n.ElseList)
			out = append(out, n)
		case *parse.WithNode:
			w.list(n.List)
			w.list(n.ElseList)
			out = append(out, n)
		case *parse.RangeNode:
			w.list(n.List)
			w.list(n.ElseList)
			out = append(out, n)
		default:
			out = append(out, n)
		}
	}
	l.Nodes = out
}

// enclose puts an open and a close mark around what n writes.
func (w *rewriter) enclose(out []parse.Node, n parse.Node, pos parse.Pos, expr string) []parse.Node {
	if !w.lines {
		return append(out, n)
	}
	id := w.marks.number(w.place(pos), expr)
	if id < 0 {
		return append(out, n)
	}
	open := &parse.TextNode{NodeType: parse.NodeText, Pos: pos, Text: appendMark(nil, markOpen, id)}
	end := &parse.TextNode{NodeType: parse.NodeText, Pos: pos, Text: utf8.AppendRune(nil, markClose)}
	return append(out, open, n, end)
}

// textMarks puts a text mark before the first visible rune of each line.
func (w *rewriter) textMarks(n *parse.TextNode) []byte {
	out := make([]byte, 0, len(n.Text)+4*markSize)
	fresh := true
	for i, c := range n.Text {
		switch {
		case c == '\n':
			fresh = true
		case fresh && c != ' ' && c != '\t' && c != '\r':
			fresh = false
			if id := w.marks.number(w.place(n.Pos+parse.Pos(i)), ""); id >= 0 {
				out = appendMark(out, markText, id)
			}
		}
		out = append(out, c)
	}
	return out
}

// The names of include and tpl where their marks may stay in.
const (
	markedInclude = "__include"
	markedTpl     = "__tpl"
)

// transparent are functions that neither look at nor change the visible text
// of the string that is piped into them.
var transparent = map[string]bool{"indent": true, "nindent": true}

// direct makes an include or tpl keep its marks if its text goes straight to
// the output: {{ include "x" . | nindent 4 }}.
func direct(p *parse.PipeNode) {
	for i := len(p.Cmds) - 1; i >= 0; i-- {
		cmd := p.Cmds[i]
		if inner, ok := cmd.Args[0].(*parse.PipeNode); ok && i == 0 && len(cmd.Args) == 1 {
			direct(inner)
			return
		}
		id, ok := cmd.Args[0].(*parse.IdentifierNode)
		if !ok {
			return
		}
		switch {
		case id.Ident == "include":
			id.Ident = markedInclude
			return
		case id.Ident == "tpl":
			id.Ident = markedTpl
			return
		case !transparent[id.Ident]:
			return
		}
	}
}

// markedFunctions are include and tpl with their marks, and those without.
func (r *renderer) markedFunctions(set *template.Template) template.FuncMap {
	include, tpl := r.include(set), r.tpl(set)
	if r.marks == nil {
		return template.FuncMap{"include": include, "tpl": tpl}
	}
	return template.FuncMap{
		markedInclude: func(name string, data any) (string, error) { return include(stripMarks(name), data) },
		markedTpl: func(text string, data any) (string, error) {
			s, err := tpl(stripMarks(text), data)
			return enclose(s, valueIDs(text, nil)), err
		},
		"include": func(name string, data any) (string, error) {
			s, err := include(stripMarks(name), data)
			return enclose(stripMarks(s), valueIDs(s, nil)), err
		},
		"tpl": func(text string, data any) (string, error) {
			s, err := tpl(stripMarks(text), data)
			return enclose(stripMarks(s), valueIDs(s, valueIDs(text, nil))), err
		},
	}
}
