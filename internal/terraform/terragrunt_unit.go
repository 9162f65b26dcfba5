package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"gate/internal/source"
)

// chain lists the configurations that make the unit, the least important
// first: what is included, then the file itself.
func (c *terragruntConfig) chain() []terragruntInclude {
	var out []terragruntInclude
	for _, in := range c.includes {
		if in.strategy != "no_merge" {
			out = append(out, in)
		}
	}
	return append(out, terragruntInclude{config: c, strategy: "shallow", file: c.file})
}

// read evaluates the unit.
func (u *terragruntUnit) read(l *loader) {
	c := l.terragruntConfig(u.file, u, 0)
	u.faults = append(u.faults, c.faults...)
	u.inputs, u.inputAt, u.known = map[string]cty.Value{}, map[string]hcl.Range{}, true
	u.inputExpr = map[string]definition{}
	u.whole = len(c.faults) == 0
	generated := map[string]generatedFile{}
	for _, part := range c.chain() {
		p := part.config
		for name, v := range p.inputs() {
			if was, ok := u.inputs[name]; ok && (part.strategy == "deep" || c.deep()) {
				v = deepMerge(was, v)
			}
			u.inputs[name] = v
		}
		u.whole = u.whole && p.wholeInputs()
		p.inputPlaces(u.inputAt, u.inputExpr)
		for _, b := range p.blocks["terraform"] {
			if a := attributes(b.Body)["source"]; a != nil {
				u.source, u.known, u.branches = p.moduleSource(a.Expr)
				u.sourceAt = a.Range
			}
			u.extraArguments(p, b)
		}
		for _, b := range p.blocks["generate"] {
			if g, ok := p.generate(b); ok {
				generated[b.Labels[0]] = g
			} else {
				u.faults = append(u.faults, &source.Error{Position: l.position(b.DefRange), Msg: fmt.Sprintf("what generate %q writes is only known when Terragrunt runs", b.Labels[0])})
			}
		}
		for _, b := range p.blocks["remote_state"] {
			u.state, u.stateOf = b, p
		}
	}
	for _, name := range slices.Sorted(maps.Keys(generated)) {
		if generated[name].text != "" {
			u.generated = append(u.generated, generated[name])
		}
	}
	switch {
	case !u.known:
	case u.source == "":
		if len(l.files[u.dir]) > 0 || len(u.generated) > 0 {
			u.moduleDir = u.dir
		}
	default:
		if dir, ok := l.localSource(u.dir, u.source); ok {
			u.moduleDir = dir
		}
	}
}

// maxSources bounds the sources that a unit may have by its conditions.
const maxSources = 8

// moduleSource is the source of the module of a unit; where conditions decide about
// it that cannot be told, all that it may be. known is false if it is not told.
func (c *terragruntConfig) moduleSource(expr hcl.Expression) (text string, known bool, branches []string) {
	if text, known = knownText(c.value(expr)); known {
		return text, true, nil
	}
	branches, whole := c.branches(expr, 0)
	slices.Sort(branches)
	branches = slices.Compact(branches)
	switch {
	case !whole || len(branches) > maxSources:
		return "", false, nil
	case len(branches) == 1: // whatever the conditions are
		return branches[0], true, nil
	}
	return "", false, branches
}

// branches are the texts that an expression may have; whole is false if they are not
// all told.
func (c *terragruntConfig) branches(expr hcl.Expression, depth int) (texts []string, whole bool) {
	if text, known := knownText(c.value(expr)); known {
		return []string{text}, true
	}
	if depth > maxSources {
		return nil, false
	}
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return c.branches(e.Expression, depth+1)
	case *hclsyntax.TemplateWrapExpr:
		return c.branches(e.Wrapped, depth+1)
	case *hclsyntax.ScopeTraversalExpr:
		if a := c.locals[step(e.Traversal, 1)]; e.Traversal.RootName() == "local" && len(e.Traversal) == 2 && a != nil {
			return c.branches(a.Expr, depth+1)
		}
	case *hclsyntax.ConditionalExpr:
		yes, all := c.branches(e.TrueResult, depth+1)
		no, rest := c.branches(e.FalseResult, depth+1)
		return append(yes, no...), all && rest
	case *hclsyntax.TemplateExpr:
		texts = []string{""}
		for _, part := range e.Parts {
			more, whole := c.branches(part, depth+1)
			if !whole || len(texts)*len(more) > maxSources*maxSources {
				return nil, false
			}
			var next []string
			for _, before := range texts {
				for _, behind := range more {
					next = append(next, before+behind)
				}
			}
			texts = next
		}
		return texts, true
	}
	return nil, false
}

// deep says whether an include asks for its inputs to be merged into.
func (c *terragruntConfig) deep() bool {
	for _, in := range c.includes {
		if in.strategy == "deep" {
			return true
		}
	}
	return false
}

// deepMerge merges b over a: https://terragrunt.gruntwork.io/docs/reference/hcl/blocks/#include
func deepMerge(a, b cty.Value) cty.Value {
	a, _ = a.Unmark()
	raw, marks := b.Unmark()
	if !a.IsKnown() || !raw.IsKnown() || a.IsNull() || raw.IsNull() {
		return b
	}
	switch at, bt := a.Type(), raw.Type(); {
	case (at.IsObjectType() || at.IsMapType()) && (bt.IsObjectType() || bt.IsMapType()):
		out := a.AsValueMap()
		if out == nil {
			return b
		}
		for k, v := range raw.AsValueMap() {
			if was, ok := out[k]; ok {
				v = deepMerge(was, v)
			}
			out[k] = v
		}
		return cty.ObjectVal(out).WithMarks(marks)
	case (at.IsTupleType() || at.IsListType()) && (bt.IsTupleType() || bt.IsListType()):
		return cty.TupleVal(append(a.AsValueSlice(), raw.AsValueSlice()...)).WithMarks(marks)
	}
	return b
}

func (c *terragruntConfig) inputPlaces(into map[string]hcl.Range, exprs map[string]definition) {
	a := c.attrs["inputs"]
	if a == nil {
		return
	}
	expr := a.Expr
	if call, ok := expr.(*hclsyntax.FunctionCallExpr); ok && call.Name == "merge" && len(call.Args) > 0 {
		expr = call.Args[len(call.Args)-1]
	}
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return
	}
	for _, kv := range pairs {
		if key, ok := knownText(c.key(kv.Key)); ok {
			into[key], exprs[key] = kv.Key.Range(), definition{kv.Value, frame{config: c}, nil}
		}
	}
}

// generate reads a generate block; ok is false if what it writes is unknown.
func (c *terragruntConfig) generate(b *hcl.Block) (generatedFile, bool) {
	attrs := attributes(b.Body)
	if a := attrs["disable"]; a != nil && truth(a) {
		return generatedFile{}, true
	}
	if attrs["path"] == nil || attrs["contents"] == nil {
		return generatedFile{}, false
	}
	name, ok1 := knownText(c.value(attrs["path"].Expr))
	text, ok2 := knownText(c.partial(attrs["contents"].Expr))
	g := generatedFile{name: name, text: text, at: attrs["contents"].Expr.Range()}
	line := ""
	if raw := c.loader.text[g.at.Filename]; g.at.Start.Byte < len(raw) {
		line, _, _ = strings.Cut(string(raw[g.at.Start.Byte:]), "\n")
	}
	g.head = strings.HasPrefix(line, "<<")
	return g, ok1 && ok2
}

// partial is the text of a template in which what is unknown stands as a
// placeholder: a provider block with one unknown argument is still one.
func (c *terragruntConfig) partial(expr hcl.Expression) cty.Value {
	v := c.value(expr)
	if v.IsKnown() {
		return v
	}
	t, ok := expr.(*hclsyntax.TemplateExpr)
	if !ok {
		return v
	}
	text, ok := c.parts(t)
	if !ok || len(text) > maxConfigBytes {
		return cty.DynamicVal
	}
	return cty.StringVal(text)
}

// parts joins what is known of a template with placeholders for the rest. It is
// not ok if a directive decides about whole lines and cannot be told.
func (c *terragruntConfig) parts(t *hclsyntax.TemplateExpr) (text string, ok bool) {
	var out strings.Builder
	for _, p := range t.Parts {
		v, _ := c.value(p).Unmark()
		s, err := convert.Convert(v, cty.String)
		switch d := p.(type) {
		case *hclsyntax.TemplateJoinExpr: // %{ for }
			if !s.IsKnown() {
				return "", false
			}
		case *hclsyntax.ConditionalExpr: // %{ if }, or an expression
			if s.IsKnown() || err != nil {
				break
			}
			branch, ok := c.branch(d)
			if !ok {
				return "", false
			}
			out.WriteString(branch)
			continue
		}
		if err != nil || s.IsNull() || !s.IsKnown() {
			out.WriteString("unknown")
			continue
		}
		out.WriteString(s.AsString())
	}
	return out.String(), true
}

// branch is what is known of a conditional part: of the branch that its
// condition takes, else a placeholder if both stay in their line.
func (c *terragruntConfig) branch(d *hclsyntax.ConditionalExpr) (text string, ok bool) {
	of := func(e hclsyntax.Expression) (string, bool) {
		if s, known := knownText(c.value(e)); known {
			return s, true
		}
		if t, isTemplate := e.(*hclsyntax.TemplateExpr); isTemplate {
			return c.parts(t)
		}
		return "unknown", true
	}
	condition, _ := c.value(d.Condition).Unmark()
	if known, err := convert.Convert(condition, cty.Bool); err == nil && known.IsKnown() && !known.IsNull() {
		if known.True() {
			return of(d.TrueResult)
		}
		return of(d.FalseResult)
	}
	yes, ok := of(d.TrueResult)
	no, ok2 := of(d.FalseResult)
	if !ok || !ok2 || strings.Contains(yes+no, "\n") {
		return "", false
	}
	return "unknown", true
}
