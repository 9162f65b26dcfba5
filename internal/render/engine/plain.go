package engine

import (
	"reflect"
	"strings"
	"text/template/parse"
	"unicode"
	"unicode/utf8"
)

// plainFunc strips an argument of a function of text/template itself, which
// cannot be wrapped.
const plainFunc = "__plain"

// looking are the functions of text/template that look at their arguments.
var looking = map[string]bool{
	"eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true, "len": true, "index": true, "html": true,
	"js": true, "urlquery": true,
}

// plainArguments puts plainFunc around the arguments of looking functions.
func plainArguments(l *parse.ListNode) {
	walkLists(l, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.ActionNode:
			plainPipe(n.Pipe)
		case *parse.IfNode:
			plainPipe(n.Pipe)
		case *parse.WithNode:
			plainPipe(n.Pipe)
		case *parse.RangeNode:
			plainPipe(n.Pipe)
		case *parse.TemplateNode:
			plainPipe(n.Pipe)
		}
	})
}

func plainPipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	var cmds []*parse.CommandNode
	for i, c := range p.Cmds {
		for _, a := range c.Args {
			if inner, ok := a.(*parse.PipeNode); ok {
				plainPipe(inner)
			}
		}
		id, ok := c.Args[0].(*parse.IdentifierNode)
		if ok && looking[id.Ident] {
			for j := 1; j < len(c.Args); j++ {
				switch c.Args[j].(type) {
				case *parse.FieldNode, *parse.VariableNode, *parse.PipeNode, *parse.ChainNode, *parse.DotNode:
					c.Args[j] = plainCall(c.Args[j])
				}
			}
			if i > 0 {
				name := parse.NewIdentifier(plainFunc).SetPos(c.Pos)
				cmds = append(cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: c.Pos, Args: []parse.Node{name}})
			}
		}
		cmds = append(cmds, c)
	}
	p.Cmds = cmds
}

func plainCall(arg parse.Node) parse.Node {
	pos := arg.Position()
	name := parse.NewIdentifier(plainFunc).SetPos(pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{name, arg}}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
}

// plainString strips v if it is a string.
func plainString(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.String:
		if s := v.String(); strings.IndexByte(s, markLead) >= 0 {
			return reflect.ValueOf(stripMarks(s)).Convert(v.Type())
		}
	case v.Kind() == reflect.Interface && !v.IsNil():
		if s, ok := v.Interface().(string); ok && strings.IndexByte(s, markLead) >= 0 {
			out := reflect.New(v.Type()).Elem()
			out.Set(reflect.ValueOf(stripMarks(s)))
			return out
		}
	}
	return v
}

// plainDeep returns v without marks, copied where there were any, and adds
// the values that the marks named.
func plainDeep(v reflect.Value, ids []int) (reflect.Value, []int) {
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); strings.IndexByte(s, markLead) >= 0 {
			return plainString(v), valueIDs(s, ids)
		}
	case reflect.Interface:
		if v.IsNil() {
			return v, ids
		}
		x, changed, ids := plainAny(v.Interface(), ids)
		if changed {
			out := reflect.New(v.Type()).Elem()
			out.Set(reflect.ValueOf(x))
			return out, ids
		}
		return v, ids
	case reflect.Map, reflect.Slice:
		x, changed, ids := plainAny(v.Interface(), ids)
		if changed {
			return reflect.ValueOf(x), ids
		}
		return v, ids
	}
	return v, ids
}

func plainAny(x any, ids []int) (any, bool, []int) {
	switch x := x.(type) {
	case string:
		if strings.IndexByte(x, markLead) < 0 {
			return x, false, ids
		}
		return stripMarks(x), true, valueIDs(x, ids)
	case []any:
		var out []any
		for i, e := range x {
			p, changed, more := plainAny(e, ids)
			ids = more
			if changed && out == nil {
				out = append([]any{}, x...)
			}
			if changed {
				out[i] = p
			}
		}
		if out != nil {
			return out, true, ids
		}
	case []string:
		var out []string
		for i, e := range x {
			if strings.IndexByte(e, markLead) >= 0 {
				if out == nil {
					out = append([]string{}, x...)
				}
				out[i], ids = stripMarks(e), valueIDs(e, ids)
			}
		}
		if out != nil {
			return out, true, ids
		}
	case map[string]any:
		var out map[string]any
		for _, k := range sortedKeys(x) {
			p, changed, more := plainAny(x[k], ids)
			ids = more
			if changed && out == nil {
				out = make(map[string]any, len(x))
				for k, e := range x {
					out[k] = e
				}
			}
			if changed {
				out[k] = p
			}
		}
		if out != nil {
			return out, true, ids
		}
	}
	return x, false, ids
}

// trimMarked is trim for a string whose marks may stand between blanks.
func trimMarked(s string) string {
	if strings.IndexByte(s, markLead) < 0 {
		return strings.TrimSpace(s)
	}
	if strings.TrimSpace(stripMarks(s)) == "" {
		return ""
	}
	var front strings.Builder
	for s != "" {
		if _, _, size := nextMark(s); size > 0 {
			front.WriteString(s[:size])
			s = s[size:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		if !unicode.IsSpace(r) {
			break
		}
		s = s[size:]
	}
	tail := "" // marks behind the last visible rune
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		switch {
		case r == markClose || r == markValueEnd:
			tail = s[len(s)-size:] + tail
		case !unicode.IsSpace(r):
			return front.String() + s + tail
		}
		s = s[:len(s)-size]
	}
	return front.String() + tail
}
