package engine

import (
	"regexp"
	"slices"
	"text/template/parse"
)

// rewrite puts the watching functions into a template.
func (w *watcher) rewrite(t *parse.Tree) {
	p := &placing{watcher: w, tree: t}
	p.list(t.Root, w.flow.dots[t.Name])
}

// placing is a template in which the watching functions are placed.
type placing struct {
	*watcher
	tree   *parse.Tree
	guards bool // what is looked at decides on text with keys
}

func (p *placing) key(at parse.Pos, kind branchKind, on Unknown) string {
	return p.at(p.tree, at, kind, on, p.guards)
}

func (p *placing) list(l *parse.ListNode, dot value) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			on := p.flow.pipe(p.tree.Name, n.Pipe, dot).whole() & outside
			p.pipe(n.Pipe, dot, false)
			if on != 0 && len(n.Pipe.Decl) == 0 {
				insert(n.Pipe, len(n.Pipe.Cmds), printFunc, p.key(n.Pipe.Pos, printed, on))
			}
		case *parse.TemplateNode:
			p.pipe(n.Pipe, dot, false)
		case *parse.IfNode:
			p.condition(&n.BranchNode, dot, condition)
			p.list(n.List, dot)
			p.list(n.ElseList, dot)
		case *parse.WithNode:
			v := p.flow.pipe(p.tree.Name, n.Pipe, dot)
			p.condition(&n.BranchNode, dot, dotted)
			p.list(n.List, v)
			p.list(n.ElseList, dot)
		case *parse.RangeNode:
			v := of(p.flow.pipe(p.tree.Name, n.Pipe, dot).whole())
			p.condition(&n.BranchNode, dot, ranged)
			p.list(n.List, v)
			p.list(n.ElseList, dot)
		}
	}
}

// condition watches the pipeline on which a branch hangs.
func (p *placing) condition(n *parse.BranchNode, dot value, kind branchKind) {
	pipe := n.Pipe
	p.guards = holdsKeys(n.List) || holdsKeys(n.ElseList)
	defer func() { p.guards = false }()
	open := p.flow.pipe(p.tree.Name, pipe, dot).all & branching
	handled := p.pipe(pipe, dot, true)
	if open == 0 || handled {
		return
	}
	insert(pipe, len(pipe.Cmds), branchFunc, p.key(pipe.Pos, kind, open))
}

// insert puts a watching function into a pipeline.
func insert(pipe *parse.PipeNode, i int, name, arg string) {
	id := parse.NewIdentifier(name).SetPos(pipe.Pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pipe.Pos, Args: []parse.Node{id, stringNode(pipe.Pos, arg)}}
	pipe.Cmds = slices.Insert(pipe.Cmds, i, cmd)
}

// pipe watches a pipeline. Where a branch hangs on it, handled says that what
// decides is watched within: the operands of and, or and not.
func (p *placing) pipe(pipe *parse.PipeNode, dot value, deciding bool) (handled bool) {
	if pipe == nil {
		return false
	}
	var piped value
	for i := 0; i < len(pipe.Cmds); i++ {
		c := pipe.Cmds[i]
		name, _ := called(c)
		operands := deciding && len(pipe.Cmds) == 1 && (name == "and" || name == "or" || name == "not")
		v := p.flow.command(p.tree.Name, c, piped, i > 0, dot)
		open := p.judges(c, name, piped, i > 0, dot)
		p.arguments(c, name, operands, dot)
		switch {
		case i == 0 || len(c.Args) == 0:
		case name == "ternary" && len(c.Args) == 3 && piped.whole()&branching != 0: // cond | ternary a b
			insert(pipe, i, branchFunc, p.key(c.Pos, condition, piped.whole()&branching))
			i++
		case len(c.Args) == 1 && endsIn(fieldNames(c.Args[0]), "Has"):
			insert(pipe, i, noteFunc, noteAPI)
			i++
		}
		switch {
		case operands:
			handled = true
		case open != 0:
			i++
			insert(pipe, i, branchFunc, p.key(c.Pos, condition, open))
		}
		piped = v
	}
	return handled
}

// judges is on what the answer of a command hangs, if it says yes or no.
func (p *placing) judges(c *parse.CommandNode, name string, piped value, isPiped bool, dot value) Unknown {
	if !judging[name] {
		return 0
	}
	args := make([]value, 0, len(c.Args))
	for _, a := range c.Args[1:] {
		args = append(args, p.flow.node(p.tree.Name, a, dot))
	}
	if isPiped {
		args = append(args, piped)
	}
	return p.flow.judged(c, args)
}

// arguments watches those of a command, and what the command itself reads.
func (p *placing) arguments(c *parse.CommandNode, name string, operands bool, dot value) {
	for j, a := range c.Args {
		open := p.flow.node(p.tree.Name, a, dot).all & branching
		decides := operands || name == "ternary" && j == 3
		if inner, ok := a.(*parse.PipeNode); ok {
			if p.pipe(inner, dot, decides) {
				continue
			}
			if decides && open != 0 && j > 0 {
				insert(inner, len(inner.Cmds), branchFunc, p.key(inner.Pos, condition, open))
			}
			continue
		}
		if chain, ok := a.(*parse.ChainNode); ok {
			if inner, ok := chain.Node.(*parse.PipeNode); ok {
				p.pipe(inner, dot, false)
			}
		}
		if j == 0 && len(c.Args) > 1 { // a method, or a function
			continue
		}
		if what := p.noted(a); what != "" {
			c.Args[j] = noting(a, what)
		} else if j > 0 && lookingInto[name] && whole(a) {
			c.Args[j] = calls(rootFunc, a)
		}
		if decides && open != 0 && j > 0 {
			c.Args[j] = calls(branchFunc, stringNode(a.Position(), p.key(a.Position(), condition, open)), c.Args[j])
		}
	}
	if len(c.Args) == 2 && endsIn(fieldNames(c.Args[0]), "Has") {
		c.Args[1] = noting(c.Args[1], noteAPI)
	}
}

// noted says what a field tells that is watched, or "".
func (p *placing) noted(n parse.Node) string {
	if s, ok := n.(*parse.StringNode); ok {
		switch s.Text {
		case "IsUpgrade", "IsInstall":
			return noteUpgrade
		case "Release":
			return noteRelease
		case "Capabilities":
			return noteCluster
		}
		return ""
	}
	names := fieldNames(n)
	switch {
	case endsIn(names, "IsUpgrade"), endsIn(names, "IsInstall"), endsIn(names, "Release", "Revision"):
		return noteUpgrade
	case endsIn(names, "Release"):
		return noteRelease
	case endsIn(names, "Capabilities"):
		return noteCluster
	case endsIn(names, "APIVersions"):
		return noteAPIs
	}
	return ""
}

// lookingInto are the functions that may look into a mapping under a name that is
// computed, or write it down as a whole.
var lookingInto = words(`index get dig pluck values pick omit toYaml toYamlPretty toJson toPrettyJson toRawJson mustToJson mustToRawJson toToml
	toString print printf quote deepCopy mustDeepCopy keys`)

// whole says whether a node is dot or a variable.
func whole(n parse.Node) bool {
	switch n := n.(type) {
	case *parse.DotNode:
		return true
	case *parse.VariableNode:
		return len(n.Ident) == 1
	}
	return false
}

func noting(n parse.Node, what string) parse.Node {
	return calls(noteFunc, stringNode(n.Position(), what), n)
}

// calls is a call as an argument: (name args).
func calls(name string, args ...parse.Node) parse.Node {
	pos := args[len(args)-1].Position()
	id := parse.NewIdentifier(name).SetPos(pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: append([]parse.Node{id}, args...)}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
}

// holdsKeys says whether keys of a mapping stand in the text of a branch.
func holdsKeys(l *parse.ListNode) bool {
	found := false
	walkLists(l, func(n parse.Node) {
		if t, ok := n.(*parse.TextNode); ok {
			found = found || keyLine.Match(t.Text)
		}
	})
	return found
}

// keyLine is a line of YAML that begins with a key.
var keyLine = regexp.MustCompile(`(?m)^[ \t]*(?:- )?["']?[A-Za-z][\w./-]*["']?:(?:\s|$)`)
