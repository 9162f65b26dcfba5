package engine

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"text/template/parse"
)

// stepFunc is the name of the step counter inside rewritten templates.
const stepFunc = "__step"

// builtins names the functions of text/template for the parser, which only
// asks whether a name exists.
var builtins = map[string]any{
	"and": 0, "break": 0, "call": 0, "continue": 0, "html": 0, "index": 0, "slice": 0, "js": 0, "len": 0, "not": 0,
	"or": 0, "print": 0, "printf": 0, "println": 0, "urlquery": 0, "eq": 0, "ge": 0, "gt": 0, "le": 0, "lt": 0, "ne": 0,
}

// countSteps puts a call of the step counter into the template's body and into
// the body of every range, because text/template cannot be cancelled: a loop
// that writes nothing and calls nothing would never end.
func countSteps(root *parse.ListNode) {
	prepend(root)
	walkLists(root, func(n parse.Node) {
		if r, ok := n.(*parse.RangeNode); ok {
			prepend(r.List)
		}
	})
}

func prepend(l *parse.ListNode) {
	id := parse.NewIdentifier(stepFunc).SetPos(l.Pos)
	cmd := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: l.Pos, Args: []parse.Node{id}}
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: l.Pos, Cmds: []*parse.CommandNode{cmd}}
	action := &parse.ActionNode{NodeType: parse.NodeAction, Pos: l.Pos, Pipe: pipe}
	l.Nodes = append([]parse.Node{action}, l.Nodes...)
}

// walkLists calls visit for every node of the control structure.
func walkLists(l *parse.ListNode, visit func(parse.Node)) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		visit(n)
		switch n := n.(type) {
		case *parse.IfNode:
			walkLists(n.List, visit)
			walkLists(n.ElseList, visit)
		case *parse.WithNode:
			walkLists(n.List, visit)
			walkLists(n.ElseList, visit)
		case *parse.RangeNode:
			walkLists(n.List, visit)
			walkLists(n.ElseList, visit)
		}
	}
}

// step counts one loop pass or template call.
func (r *renderer) step() (string, error) {
	r.steps++
	if r.steps > r.limits.Steps {
		return "", fmt.Errorf("more than %d template steps: %w", r.limits.Steps, ErrLimit)
	}
	if r.steps%256 == 0 {
		if err := context.Cause(r.ctx); err != nil {
			return "", fmt.Errorf("time for rendering is over: %w", err)
		}
	}
	return "", nil
}

// limitedWriter collects text and fails above the render's output budget.
type limitedWriter struct {
	strings.Builder
	renderer *renderer
}

func (r *renderer) writer() *limitedWriter { return &limitedWriter{renderer: r} }

// Write appends p.
func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.renderer.written += len(p); w.renderer.written > w.renderer.limits.OutputBytes {
		return 0, fmt.Errorf("templates write more than %d bytes: %w", w.renderer.limits.OutputBytes, ErrLimit)
	}
	return w.Builder.Write(p)
}

// sized fails if n bytes are more than one value may have.
func (r *renderer) sized(n int) error {
	if n < 0 || n > r.limits.StringBytes {
		return fmt.Errorf("a value of more than %d bytes: %w", r.limits.StringBytes, ErrLimit)
	}
	return nil
}

// counted fails if a generated list of n elements is too long.
func (r *renderer) counted(n int64) error {
	if n < 0 || n > int64(r.limits.Elements) {
		return fmt.Errorf("a list of more than %d elements: %w", r.limits.Elements, ErrLimit)
	}
	return nil
}

// weigh estimates the bytes that printing v takes and fails above the limit.
// Values are trees, but lists built in a template may share their parts, so
// that a small value prints as a huge text.
func (r *renderer) weigh(values ...any) error {
	left := r.limits.StringBytes
	for _, v := range values {
		if !weighValue(reflect.ValueOf(v), &left, 0) {
			return r.sized(r.limits.StringBytes + 1)
		}
	}
	return nil
}

func weighValue(v reflect.Value, left *int, depth int) bool {
	if *left--; *left < 0 || depth > 1000 {
		return false
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		return v.IsNil() || weighValue(v.Elem(), left, depth+1)
	case reflect.String:
		*left -= v.Len()
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			*left -= v.Len()
			break
		}
		for i := range v.Len() {
			if !weighValue(v.Index(i), left, depth+1) {
				return false
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if !weighValue(it.Key(), left, depth+1) || !weighValue(it.Value(), left, depth+1) {
				return false
			}
		}
	}
	return *left >= 0
}
