package terraform

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// A document that an attribute holds as text is mended where its text is written: in
// a heredoc, a file, or the blocks of a data source.

// inTemplate is the place of a value in the JSON text of a template.
func (l *loader) inTemplate(t *hclsyntax.TemplateExpr, p source.Path) (source.Position, bool) {
	r := t.Range()
	return jsonPlace(l.text[r.Filename], t, p, l.position)
}

// jsonPlace is the place of a value in the JSON text that a template in some text is.
func jsonPlace(text []byte, t *hclsyntax.TemplateExpr, p source.Path, position func(hcl.Range) source.Position) (source.Position, bool) {
	blank, start, ok := withoutParts(text, t)
	if !ok {
		return source.Position{}, false
	}
	expr, ok := parseJSONText(blank, t.Range().Filename, start)
	if !ok {
		return source.Position{}, false
	}
	return inJSON(expr, p, position), true
}

// inJSON is the place of the value at a path, else of what is nearest to it.
func inJSON(expr hcl.Expression, p source.Path, position func(hcl.Range) source.Position) source.Position {
	at := expr.Range()
	for _, e := range p {
		switch e := e.(type) {
		case int:
			items, diags := hcl.ExprList(expr)
			if diags.HasErrors() || e < 0 || e >= len(items) {
				return position(at)
			}
			expr, at = items[e], items[e].Range()
		case string:
			value, key := jsonMember(expr, e)
			if value == nil {
				return position(at)
			}
			expr, at = value, key
		}
	}
	return position(at)
}

// jsonMember is a member of an object, with the range of its name. IAM takes names
// without regard to case.
func jsonMember(expr hcl.Expression, name string) (hcl.Expression, hcl.Range) {
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return nil, hcl.Range{}
	}
	var near hcl.Expression
	var at hcl.Range
	for _, kv := range pairs {
		v, diags := kv.Key.Value(nil)
		if diags.HasErrors() || v.Type() != cty.String {
			continue
		}
		switch key := v.AsString(); {
		case key == name:
			return kv.Value, kv.Key.Range()
		case near == nil && strings.EqualFold(key, name):
			near, at = kv.Value, kv.Key.Range()
		}
	}
	return near, at
}

// parseJSONText parses text that Terraform would send as a document.
func parseJSONText(text []byte, file string, start hcl.Pos) (hcl.Expression, bool) {
	if _, err := source.TooDeep(text); err != nil {
		return nil, false
	}
	expr, diags := hcljson.ParseExpressionWithStartPos(text, file, start)
	if diags.HasErrors() {
		expr, diags = hcljson.ParseExpressionWithStartPos(withoutTrailingCommas(string(text)), file, start)
	}
	return expr, !diags.HasErrors()
}

// withoutParts is the text of a template, each of its lines and columns where they
// stand in the source, with something in the place of what is computed. It is not ok
// where parts of the text are repeated or left out.
func withoutParts(text []byte, t *hclsyntax.TemplateExpr) ([]byte, hcl.Pos, bool) {
	r := t.Range()
	if r.Start.Byte < 0 || r.End.Byte > len(text) || r.Start.Byte > r.End.Byte {
		return nil, hcl.Pos{}, false
	}
	start, end := r.Start, r.End.Byte
	if bytes.HasPrefix(text[start.Byte:end], []byte("<<")) {
		first := bytes.IndexByte(text[start.Byte:end], '\n')
		if first < 0 {
			return nil, hcl.Pos{}, false
		}
		start = hcl.Pos{Line: start.Line + 1, Column: 1, Byte: start.Byte + first + 1}
		body := bytes.TrimRight(text[start.Byte:end], " \t\r\n")
		end = start.Byte + bytes.LastIndexByte(body, '\n') + 1 // without the marker
	} else if start.Byte < len(text) && text[start.Byte] == '"' {
		return nil, hcl.Pos{}, false // one line, in which quotes are escaped
	}
	out := slices.Clone(text[start.Byte:end])
	at := start.Byte
	fill := func(to int) bool {
		part := bytes.TrimLeft(out[at-start.Byte:max(at, to)-start.Byte], " \t") // indentation of a heredoc
		if len(part) == 0 {
			return true
		}
		if !bytes.HasPrefix(part, []byte("${")) || bytes.Contains(part, []byte("%{")) || bytes.IndexByte(part, '\n') >= 0 {
			return false
		}
		for i := range part {
			part[i] = '_'
		}
		if !quotedAt(out[:at-start.Byte]) {
			copy(part, "0   ")
			for i := 1; i < len(part); i++ {
				part[i] = ' '
			}
		}
		return true
	}
	for _, part := range t.Parts {
		lit, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok {
			continue
		}
		from, to := lit.Range().Start.Byte, lit.Range().End.Byte
		if from < at || to > end || !fill(from) {
			return nil, hcl.Pos{}, false
		}
		at = to
	}
	return out, start, fill(end)
}

// quotedAt says whether JSON text ends inside of a string.
func quotedAt(text []byte) bool {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		}
	}
	return quoted
}

// inFileOf is the place of a value in the file that a call of file or templatefile
// reads.
func (f *follower) inFileOf(call *hclsyntax.FunctionCallExpr) (source.Position, bool) {
	name, ok := f.fileName(call.Args[0])
	if !ok {
		return source.Position{}, false
	}
	data, err := f.s.loader.tree.ReadFile(name)
	if err != nil || len(data) > maxConfigBytes {
		return source.Position{}, false
	}
	if _, err := source.TooDeep(data); err != nil {
		return source.Position{}, false
	}
	position := func(r hcl.Range) source.Position { return positionIn(data, r) }
	if call.Name == "file" {
		expr, ok := parseJSONText(data, name, hcl.InitialPos)
		if !ok {
			return source.Position{}, false
		}
		return inJSON(expr, f.rest, position), true
	}
	expr, diags := hclsyntax.ParseTemplate(data, name, hcl.InitialPos)
	if diags.HasErrors() {
		return source.Position{}, false
	}
	switch t := expr.(type) {
	case *hclsyntax.TemplateExpr:
		return jsonPlace(data, t, f.rest, position)
	case *hclsyntax.TemplateWrapExpr:
		if call, ok := t.Wrapped.(*hclsyntax.FunctionCallExpr); ok && call.Name == "jsonencode" && len(call.Args) == 1 {
			return inJSON(call.Args[0], f.rest, position), true
		}
	}
	return source.Position{}, false
}

// fileName is the file of the tree that an expression names by what is always known.
func (f *follower) fileName(e hcl.Expression) (string, bool) {
	work := f.s.workDir()
	v, diags := e.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"path": cty.ObjectVal(map[string]cty.Value{
		"module": cty.StringVal(relative(work, f.node.module.dir)), "root": cty.StringVal("."),
	})}})
	name, known := knownText(v)
	if diags.HasErrors() || !known || path.IsAbs(name) {
		return "", false
	}
	return path.Join(work, name), true
}

// source goes into the block of a data source that writes a document: to what sets
// the value, else to the nearest block. It is not ok where the block is not known.
func (f *follower) source(ref hcl.Traversal) (source.Position, bool) {
	b := f.node.module.resources["data."+step(ref, 1)+"."+step(ref, 2)]
	if b == nil {
		return source.Position{}, false
	}
	p, values := inArguments(b, f.rest)
	at, _ := f.s.loader.inBlock(b, p, values)
	f.block, f.key, f.iterators, f.value, f.composed, f.somewhere = b, lastKey(ref), nil, nil, false, false
	f.expr = nil
	if len(p) > 0 && f.enter(b.Body, p, values) {
		f.value = nil
	}
	return at, true
}

// lastKey is the key of the instance that a reference names.
func lastKey(ref hcl.Traversal) any {
	if len(ref) > 3 {
		if keys := traversed(ref[3:4], 0); len(keys) == 1 {
			if _, named := ref[3].(hcl.TraverseIndex); named {
				return keys[0]
			}
		}
	}
	return nil
}

// policyArguments are the arguments of a statement that give its members:
// https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
var policyArguments = map[string]string{
	"Effect": "effect", "Sid": "sid", "Action": "actions", "NotAction": "not_actions", "Resource": "resources",
	"NotResource": "not_resources", "Principal": "principals", "NotPrincipal": "not_principals",
}

// inArguments is the path in the arguments of a data source that leads to the value at
// a path of its document, with what is known of the values there.
func inArguments(b *hcl.Block, p source.Path) (source.Path, any) {
	native, ok := b.Body.(*hclsyntax.Body)
	if !ok || len(p) < 2 {
		return nil, nil
	}
	i, ok := p[1].(int)
	if !ok || i < 0 {
		return nil, nil
	}
	block, argument := "statement", ""
	if b.Labels[0] == "google_iam_policy" {
		block, argument = "binding", pathName(p, 2)
	} else {
		argument = policyArguments[pathName(p, 2)]
	}
	for _, name := range [...]string{"source_policy_documents", "override_policy_documents"} {
		if native.Attributes[name] != nil { // whose statements come first
			return nil, nil
		}
	}
	all := blocksNamed(native, block)
	for n, b := range all {
		if b.Type == "dynamic" && n <= i && len(all) > 1 {
			return nil, nil // how many it makes is not told here
		}
	}
	out := source.Path{block, i}
	switch argument {
	case "":
		return out, nil
	case "principals", "not_principals":
		everybody := map[string]any{"identifiers": []any{"*"}}
		list := make([]any, i+1)
		list[i] = map[string]any{argument: []any{everybody}}
		return append(out, argument, 0, "identifiers"), map[string]any{block: list}
	}
	return append(out, argument), nil
}
