package terraform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// A print is a digest of what decides on a value that cannot be told, or not be
// shown: its expression, in which everything that is known counts by its value
// and each name by what it stands for. Two trees that print an expression alike
// give it the same value, whatever that is; neither the layout of the text nor
// the names of variables and locals matter, as far as values are known.
//
// A value that the provider computes, or that a module from elsewhere returns,
// counts by its address: what it depends on is told of the resource or call
// itself, and most changes of a resource leave what it computes as it was. A data
// source counts by its arguments, as it reads anew.

type printKey struct {
	scope *scope
	name  string
}

// maxPrintDepth limits names that stand for names.
const maxPrintDepth = 60

// printLeaves prints what is unknown or sensitive of an expression, each member
// of an object and element of a tuple for itself.
func (s *scope) printLeaves(into map[string]string, expr hcl.Expression, extra map[string]cty.Value, at []any) {
	v := s.value(expr, extra)
	if v.IsWhollyKnown() && !v.ContainsMarked() {
		return
	}
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		s.printLeaves(into, e.Expression, extra, at)
		return
	case *hclsyntax.ObjectConsExpr:
		if keys, ok := s.keys(e, extra); ok {
			for i, k := range keys {
				s.printLeaves(into, e.Items[i].ValueExpr, extra, append(slices.Clone(at), k))
			}
			return
		}
	case *hclsyntax.TupleConsExpr:
		for i, x := range e.Exprs {
			s.printLeaves(into, x, extra, append(slices.Clone(at), i))
		}
		return
	}
	into[pathKey(at)] = s.print(expr, extra)
}

// keys are the keys of an object if all are known.
func (s *scope) keys(e *hclsyntax.ObjectConsExpr, extra map[string]cty.Value) ([]string, bool) {
	out := make([]string, len(e.Items))
	for i, item := range e.Items {
		key, ok := knownText(s.value(item.KeyExpr, extra))
		if !ok {
			return nil, false
		}
		out[i] = key
	}
	return out, true
}

// print is the print of an expression in the scope.
func (s *scope) print(expr hcl.Expression, extra map[string]cty.Value) string {
	h := sha256.New()
	(&printer{s: s, extra: extra, w: h}).expression(expr)
	return hex.EncodeToString(h.Sum(nil))
}

// printOf is the print of a value that is known.
func printOf(v cty.Value) string {
	known, _ := goValue(v)
	data, _ := json.Marshal(known) // of strings, numbers, lists and maps
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

type printer struct {
	s     *scope
	extra map[string]cty.Value
	w     io.Writer
	depth int
}

func (p *printer) text(parts ...string) {
	for _, t := range parts {
		fmt.Fprintf(p.w, "%d:%s", len(t), t)
	}
}

// apart is the print of a part, where the order of parts does not matter.
func (p *printer) apart(write func(*printer)) string {
	h := sha256.New()
	write(&printer{s: p.s, extra: p.extra, w: h, depth: p.depth})
	return string(h.Sum(nil))
}

func (p *printer) expression(expr hcl.Expression) {
	if p.depth++; p.depth > 8*maxPrintDepth {
		p.text("deep")
		p.depth--
		return
	}
	defer func() { p.depth-- }()
	if raw, _ := p.s.value(expr, p.extra).UnmarkDeep(); raw.IsWhollyKnown() {
		if known, unknown := goValue(raw); unknown == nil {
			if data, err := json.Marshal(known); err == nil {
				p.text("value", string(data))
				return
			}
		}
	}
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		p.expression(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		p.expression(e.Wrapped)
	case *hclsyntax.ObjectConsKeyExpr:
		p.expression(e.Wrapped)
	case *hclsyntax.ScopeTraversalExpr:
		p.reference(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		p.text("traverse", steps(e.Traversal))
		p.expression(e.Source)
	case *hclsyntax.ObjectConsExpr:
		p.object(e)
	case *hclsyntax.FunctionCallExpr:
		p.text("call", e.Name, fmt.Sprint(len(e.Args), e.ExpandFinal))
		p.fileContent(e)
		p.all(e.Args...)
	case *hclsyntax.ForExpr:
		p.text("for", e.KeyVar, e.ValVar, fmt.Sprint(e.Group))
		p.all(e.CollExpr, e.KeyExpr, e.ValExpr, e.CondExpr)
	default:
		p.operation(expr)
	}
}

func (p *printer) operation(expr hcl.Expression) {
	switch e := expr.(type) {
	case *hclsyntax.TemplateExpr:
		p.text("template", fmt.Sprint(len(e.Parts)))
		p.all(e.Parts...)
	case *hclsyntax.TupleConsExpr:
		p.text("tuple", fmt.Sprint(len(e.Exprs)))
		p.all(e.Exprs...)
	case *hclsyntax.ConditionalExpr:
		p.text("if")
		p.all(e.Condition, e.TrueResult, e.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		p.text("binary", operators[e.Op])
		p.all(e.LHS, e.RHS)
	case *hclsyntax.UnaryOpExpr:
		p.text("unary", operators[e.Op])
		p.all(e.Val)
	case *hclsyntax.IndexExpr:
		p.text("index")
		p.all(e.Collection, e.Key)
	case *hclsyntax.SplatExpr:
		p.text("splat")
		p.all(e.Source, e.Each)
	case *hclsyntax.TemplateJoinExpr:
		p.text("join")
		p.all(e.Tuple)
	case *hclsyntax.AnonSymbolExpr:
		p.text("each")
	default: // of a JSON file
		p.text("json", p.s.ev.sources.loader.words(expr.Range()))
		for _, t := range expr.Variables() {
			p.reference(t)
		}
	}
}

func (p *printer) all(list ...hclsyntax.Expression) {
	for _, e := range list {
		if e == nil {
			p.text("none")
			continue
		}
		p.expression(e)
	}
}

// object prints members in the order of their prints: theirs in the text does not
// matter.
func (p *printer) object(e *hclsyntax.ObjectConsExpr) {
	members := make([]string, len(e.Items))
	for i, item := range e.Items {
		members[i] = p.apart(func(p *printer) { p.all(item.KeyExpr, item.ValueExpr) })
	}
	slices.Sort(members)
	p.text("object")
	p.text(members...)
}

// fileContent prints what a call reads.
func (p *printer) fileContent(e *hclsyntax.FunctionCallExpr) {
	if len(e.Args) == 0 || e.Name != "templatefile" && e.Name != "file" && e.Name != "filebase64" && !slices.Contains(digestFunctions, e.Name) {
		return
	}
	name, ok := knownText(p.s.value(e.Args[0], p.extra))
	if !ok {
		return
	}
	tree, full := p.s.ev.sources.loader.tree, path.Join(p.s.ev.sources.workDir(), name)
	if e.Name == "fileset" {
		for _, f := range tree.Entries() {
			if rest, below := strings.CutPrefix(f.Path, full+"/"); below {
				p.text(rest)
			}
		}
		return
	}
	data, err := tree.ReadFile(full)
	sum := sha256.Sum256(data)
	p.text("file", string(sum[:]), fmt.Sprint(err == nil))
}

var operators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&", hclsyntax.OpLogicalNot: "!", hclsyntax.OpEqual: "==", hclsyntax.OpNotEqual: "!=",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=", hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%", hclsyntax.OpNegate: "neg",
}

// reference prints what a name stands for.
func (p *printer) reference(t hcl.Traversal) {
	s, root, name := p.s, t.RootName(), step(t, 1)
	if _, inner := p.extra[root]; inner {
		p.text("inner", steps(t))
		return
	}
	switch root {
	case "var":
		p.text("var", steps(t[min(2, len(t)):]))
		p.text(s.meaning("var."+name, func() string { return s.printVariable(name) }))
		return
	case "local":
		a := s.node.module.locals[name]
		if a == nil {
			break
		}
		p.text("local", steps(t[min(2, len(t)):]))
		p.text(s.meaning("local."+name, func() string { return s.print(a.Expr, nil) }))
		return
	case "module":
		p.text("module", steps(t[min(2, len(t)):]))
		p.text(s.meaning("module."+name+"."+step(t, 2), func() string { return s.printOutput(name, step(t, 2)) }))
		return
	case "data":
		key := "data." + name + "." + step(t, 2)
		p.text("data", name, steps(t[min(3, len(t)):]))
		if b := s.node.module.resources[key]; b != nil {
			p.text(s.meaning(key, func() string { return s.printBody(b.Body) }))
		}
		return
	}
	if b := s.node.module.resources[root+"."+name]; b != nil {
		attr := step(t, 2)
		if a := attributes(b.Body)[attr]; a != nil && attributes(b.Body)["count"] == nil && attributes(b.Body)["for_each"] == nil {
			p.text("attribute", steps(t[min(3, len(t)):]))
			p.text(s.meaning(root+"."+name+"."+attr, func() string { return s.print(a.Expr, nil) }))
			return
		}
	}
	p.text("name", s.successor(t))
}

// successor writes a reference to a resource by the address that it has at the
// head: a resource that moves is still the same.
func (s *scope) successor(t hcl.Traversal) string {
	a := Address{Mode: "managed", Type: t.RootName(), Name: step(t, 1)}
	n := 2
	if n < len(t) {
		if i, ok := t[n].(hcl.TraverseIndex); ok {
			a.Index, _ = goValue(i.Key)
			n++
		}
	}
	if n > len(t) || a.Name == "" {
		return steps(t)
	}
	return s.ev.laterAddress(s.address, a) + steps(t[n:])
}

// laterAddress is the address at the head of something that a module of this tree
// declares.
func (ev *evaluation) laterAddress(module string, a Address) string {
	if module != "" {
		outer, _, _ := moduleSteps(module)
		a.Module = slices.Concat(outer, a.Module)
	}
	if ev.later != nil {
		a = ev.later(a)
	}
	return a.text()
}

// meaning prints what a name stands for, once.
func (s *scope) meaning(name string, print func() string) string {
	key := printKey{s, name}
	if known, ok := s.ev.prints[key]; ok {
		return known
	}
	if s.ev.prints == nil {
		s.ev.prints = map[printKey]string{}
	}
	s.ev.prints[key] = name // it depends on itself
	if s.ev.printing++; s.ev.printing <= maxPrintDepth {
		s.ev.prints[key] = print()
	}
	s.ev.printing--
	return s.ev.prints[key]
}

// printVariable prints what gives an input variable its value.
func (s *scope) printVariable(name string) string {
	if e := s.args[name]; e != nil && s.parent != nil {
		return s.parent.print(e, s.caller)
	}
	if u := s.ev.sources.unit; s.parent == nil && u != nil && u.inputExpr[name].expr != nil {
		return s.ev.sources.loader.words(u.inputExpr[name].expr.Range())
	}
	return "variable " + name
}

// printOutput prints what a module returns, of one from elsewhere its address.
func (s *scope) printOutput(call, output string) string {
	node := s.ev.sources.child(s.node, call)
	if node == nil || node.module == nil {
		return s.ev.laterAddress(s.address, Address{Module: []ModuleStep{{Name: call}}}) + " " + output
	}
	h := sha256.New()
	p := &printer{s: s, w: h}
	for _, c := range s.child(call) {
		p.text(keySuffix(c.key))
		for name, b := range node.module.outputs {
			if a := attributes(b.Body)["value"]; a != nil && name == output {
				p.text(c.scope.print(a.Expr, nil))
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// printBody prints all arguments and nested blocks of a body.
func (s *scope) printBody(body hcl.Body) string {
	var parts []string
	var visit func(prefix string, body hcl.Body)
	visit = func(prefix string, body hcl.Body) {
		for name, a := range attributes(body) {
			if name != "depends_on" {
				parts = append(parts, prefix+name+"="+s.print(a.Expr, nil))
			}
		}
		if native, ok := body.(*hclsyntax.Body); ok {
			for i, b := range native.Blocks {
				visit(fmt.Sprintf("%s%s.%d.", prefix, b.Type, i), b.Body)
			}
		}
	}
	visit("", body)
	slices.Sort(parts)
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// steps writes what stands behind the names of a reference, or all of it.
func steps(t hcl.Traversal) string {
	var b strings.Builder
	for _, st := range t {
		switch st := st.(type) {
		case hcl.TraverseRoot:
			b.WriteString(st.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + st.Name)
		case hcl.TraverseIndex:
			key, _ := goValue(st.Key)
			fmt.Fprintf(&b, "[%v]", key)
		default:
			b.WriteString(".*")
		}
	}
	return b.String()
}

// words are the tokens of a range of a file, without layout and remarks.
func (l *loader) words(r hcl.Range) string {
	text := l.text[r.Filename]
	if r.End.Byte > len(text) || r.Start.Byte > r.End.Byte {
		return ""
	}
	text = text[r.Start.Byte:r.End.Byte]
	tokens, _ := hclsyntax.LexExpression(text, r.Filename, hcl.InitialPos)
	words := make([]string, 0, len(tokens))
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenComment, hclsyntax.TokenNewline, hclsyntax.TokenComma, hclsyntax.TokenEOF:
		default:
			words = append(words, string(t.Bytes))
		}
	}
	return strings.Join(words, "\x00")
}
