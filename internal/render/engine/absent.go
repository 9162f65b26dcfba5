package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// Absent is a place where a template renders nothing because of what it asks
// the cluster: an API that is not served, an object that lookup does not
// find, an upgrade that this is not. On another cluster it renders more.
type Absent struct {
	File  string // template path, as in Result.Files
	Line  int    // of the condition; 0 for a file that renders nothing at all
	Asked []string
}

// The functions inside rewritten templates that watch questions to the
// cluster: askedFunc gets each answer, condFunc stands before a condition on
// an object, gapFunc in the branch that leaves the object out.
const (
	askedFunc = "__asked"
	condFunc  = "__cond"
	gapFunc   = "__gap"
)

// upgrade is the question whether the release is upgraded.
const upgrade = "upgrade"

// gaps collects what is left out.
type gaps struct {
	maybe   []Absent        // left out includes, which may hold objects
	pending []string        // unwelcome answers since the last condition
	asked   map[string]bool // unwelcome answers in the current file
	found   map[string]Absent
}

func newGaps() *gaps { return &gaps{asked: map[string]bool{}, found: map[string]Absent{}} }

func (g *gaps) functions() template.FuncMap {
	return template.FuncMap{
		askedFunc: func(what string, args ...any) any {
			answer := args[len(args)-1]
			if name, ok := args[0].(string); ok && len(args) > 1 {
				what += " " + clip(name)
			}
			if truth, ok := template.IsTrue(answer); ok && !truth {
				if what != upgrade { // asked along the way by templates that values switch off
					g.asked[what] = true
				}
				g.pending = append(g.pending, what)
			}
			return answer
		},
		condFunc: func() string { g.pending = g.pending[:0]; return "" },
		gapFunc: func(file string, line int, sure bool) string {
			a := Absent{File: file, Line: line, Asked: slices.Clone(g.pending)}
			switch {
			case len(a.Asked) == 0:
			case sure:
				g.add(a)
			default:
				g.maybe = append(g.maybe, a)
			}
			return ""
		},
	}
}

func (g *gaps) add(a Absent) {
	a.Asked = slices.Clone(a.Asked)
	slices.Sort(a.Asked)
	a.Asked = slices.Compact(a.Asked)
	g.found[a.File+"\x00"+string(rune(a.Line))+strings.Join(a.Asked, "\x00")] = a
}

// file ends the rendering of a file.
func (g *gaps) file(name, text string) {
	blank := strings.TrimSpace(text) == ""
	for _, a := range g.maybe {
		if blank {
			g.add(a)
		}
	}
	if len(g.asked) > 0 && blank {
		known := false
		for _, a := range g.found {
			known = known || a.File == name
		}
		if !known {
			var asked []string
			for what := range g.asked {
				asked = append(asked, what)
			}
			g.add(Absent{File: name, Asked: asked})
		}
	}
	clear(g.asked)
	g.maybe = nil
	g.pending = g.pending[:0]
}

// report returns what was left out, sorted.
func (g *gaps) report() []Absent {
	var out []Absent
	for _, a := range g.found {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Absent) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), slices.Compare(a.Asked, b.Asked))
	})
	return out
}

// beginsObject says whether an object begins in a text.
func beginsObject(text string) bool {
	return strings.HasPrefix(text, "kind:") || strings.Contains(text, "\nkind:")
}

// watchGaps puts the watching functions into a template of file; text is its
// source. The output stays the same.
func watchGaps(root *parse.ListNode, file, text string) {
	if !strings.Contains(text, "Capabilities") && !strings.Contains(text, "lookup") && !strings.Contains(text, ".Release.Is") && !beginsObject(text) {
		return
	}
	var walk func(l *parse.ListNode)
	walk = func(l *parse.ListNode) {
		if l == nil {
			return
		}
		nodes := make([]parse.Node, 0, len(l.Nodes))
		for _, n := range l.Nodes {
			switch n := n.(type) {
			case *parse.ActionNode:
				watchPipe(n.Pipe)
			case *parse.TemplateNode:
				watchPipe(n.Pipe)
			case *parse.RangeNode:
				watchPipe(n.Pipe)
				walk(n.List)
				walk(n.ElseList)
			case *parse.WithNode:
				watchPipe(n.Pipe)
				walk(n.List)
				walk(n.ElseList)
			case *parse.IfNode:
				watchPipe(n.Pipe)
				sure := holdsObject(n.List)
				if (sure || includes(n.List)) && !holdsObject(n.ElseList) && !includes(n.ElseList) {
					line := 1 + strings.Count(text[:min(int(n.Pos), len(text))], "\n")
					nodes = append(nodes, call(n.Pos, condFunc))
					if n.ElseList == nil {
						n.ElseList = &parse.ListNode{NodeType: parse.NodeList, Pos: n.Pos}
					}
					n.ElseList.Nodes = append([]parse.Node{call(n.Pos, gapFunc, stringNode(n.Pos, file), numberNode(n.Pos, line), boolNode(n.Pos, sure))}, n.ElseList.Nodes...)
				}
				walk(n.List)
				walk(n.ElseList)
			}
			nodes = append(nodes, n)
		}
		l.Nodes = nodes
	}
	walk(root)
}

// holdsObject says whether the text of a branch begins an object.
func holdsObject(l *parse.ListNode) bool {
	found := false
	walkLists(l, func(n parse.Node) {
		if t, ok := n.(*parse.TextNode); ok {
			found = found || beginsObject(string(t.Text))
		}
	})
	return found
}

// includes says whether a branch brings in another template.
func includes(l *parse.ListNode) bool {
	found := false
	walkLists(l, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.TemplateNode:
			found = true
		case *parse.ActionNode:
			for _, c := range n.Pipe.Cmds {
				id, ok := c.Args[0].(*parse.IdentifierNode)
				found = found || ok && id.Ident == "include"
			}
		}
	})
	return found
}

// watchPipe hands the answers to questions in a pipeline to askedFunc.
func watchPipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for i, c := range p.Cmds {
		what := question(c)
		for j, a := range c.Args {
			switch a := a.(type) {
			case *parse.PipeNode:
				watchPipe(a)
			case *parse.FieldNode, *parse.VariableNode, *parse.ChainNode:
				if chain, ok := a.(*parse.ChainNode); ok {
					if inner, ok := chain.Node.(*parse.PipeNode); ok {
						watchPipe(inner)
					}
				}
				if asks := releaseQuestion(a); asks != "" && (j > 0 || len(c.Args) == 1) {
					c.Args[j] = asking(a, asks)
				}
			}
		}
		if what != "" && i == 0 { // later commands get the pipeline's value as well
			inner := &parse.PipeNode{NodeType: parse.NodePipe, Pos: c.Pos, Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: c.Pos, Args: c.Args}}}
			args := asking(inner, what).(*parse.PipeNode).Cmds[0].Args
			if what == "API" { // its name is computed
				args = slices.Insert(args, 2, c.Args[1])
			}
			c.Args = args
		}
	}
}

// question says what a command asks the cluster, or "".
func question(c *parse.CommandNode) string {
	switch f := c.Args[0].(type) {
	case *parse.IdentifierNode:
		if f.Ident == "lookup" && len(c.Args) == 5 {
			return "lookup" + argument(c.Args[2])
		}
	case *parse.FieldNode, *parse.VariableNode, *parse.ChainNode:
		if names := fieldNames(f); len(c.Args) == 2 && len(names) > 2 && slices.Equal(names[len(names)-3:], []string{"Capabilities", "APIVersions", "Has"}) {
			return "API" + argument(c.Args[1])
		}
	}
	return ""
}

func argument(n parse.Node) string {
	if s, ok := n.(*parse.StringNode); ok {
		return " " + s.Text
	}
	return ""
}

// releaseQuestion says what a field tells about the release, or "". IsInstall
// is true here, so that it leaves nothing out.
func releaseQuestion(n parse.Node) string {
	if names := fieldNames(n); len(names) > 1 && names[len(names)-2] == "Release" && names[len(names)-1] == "IsUpgrade" {
		return upgrade
	}
	return ""
}

// fieldNames returns the names of a chain of fields.
func fieldNames(n parse.Node) []string {
	switch n := n.(type) {
	case *parse.FieldNode:
		return n.Ident
	case *parse.VariableNode:
		return n.Ident
	case *parse.ChainNode:
		return append(fieldNames(n.Node), n.Field...)
	}
	return nil
}

// asking wraps a node: (__asked "what" node).
func asking(n parse.Node, what string) parse.Node {
	pos := n.Position()
	id := parse.NewIdentifier(askedFunc).SetPos(pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{id, stringNode(pos, what), n}}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
}

func stringNode(pos parse.Pos, s string) parse.Node {
	return &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(s), Text: s}
}

func numberNode(pos parse.Pos, n int) parse.Node {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(n), Text: strconv.Itoa(n)}
}

// call is an action that calls a function and writes nothing.
func call(pos parse.Pos, name string, args ...parse.Node) parse.Node {
	id := parse.NewIdentifier(name).SetPos(pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: append([]parse.Node{id}, args...)}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}}
}

func boolNode(pos parse.Pos, b bool) parse.Node {
	return &parse.BoolNode{NodeType: parse.NodeBool, Pos: pos, True: b}
}
