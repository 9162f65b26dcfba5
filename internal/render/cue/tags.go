package cue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// setTag unifies a field with the value that the program gives its tag:
// https://cuelang.org/docs/reference/command/cue-help-injection/
func (l *loader) setTag(f *ast.Field, a *ast.Attribute, body string, refuse func(*ast.Attribute, string, string)) {
	options := strings.Split(body, ",")
	name, kind, short := strings.TrimSpace(options[0]), "string", []string(nil)
	for _, o := range options[1:] {
		key, value, _ := strings.Cut(strings.TrimSpace(o), "=")
		switch key {
		case "type":
			kind = value
		case "short":
			short = strings.Split(value, "|")
		case "var":
			refuse(a, "@tag with var depends on the machine; it is not evaluated", "set the value by a tag")
			return
		}
	}
	for _, t := range l.p.Tags {
		value := t.Value
		switch {
		case t.Name == name:
		case value == "" && slices.Contains(short, t.Name):
			value = t.Name
		default:
			continue
		}
		l.used[t.Name] = true
		var lit ast.Expr
		switch kind {
		case "string":
			lit = ast.NewString(value)
		case "int", "number":
			n, err := parser.ParseExpr(name, value)
			if number, ok := n.(*ast.BasicLit); err != nil || !ok || number.Kind != token.INT && number.Kind != token.FLOAT {
				refuse(a, fmt.Sprintf("tag %q wants a number", name), "")
				return
			}
			lit = n
		case "bool":
			v, err := strconv.ParseBool(value)
			if err != nil {
				refuse(a, fmt.Sprintf("tag %q wants true or false", name), "")
				return
			}
			lit = ast.NewBool(v)
		default:
			refuse(a, fmt.Sprintf("tag type %q is not known", kind), "write string, int, number or bool")
			return
		}
		f.Value = ast.NewBinExpr(token.AND, f.Value, lit)
	}
}
