package repository

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// expressions are those in the scripts of a workflow or composite action: what
// steps run, and what they hand to actions/github-script.
func expressions(m map[string]any) []facts.WorkflowExpression {
	out := []facts.WorkflowExpression{}
	steps := func(list []any, at []any, job string) {
		for i, step := range list {
			scripts := []struct {
				text string
				path []any
			}{{doc.Text(step, "run"), sub(at, i, "run")}}
			if strings.HasPrefix(strings.ToLower(doc.Text(step, "uses")), "actions/github-script@") {
				scripts[0].text, scripts[0].path = doc.Text(step, "with", "script"), sub(at, i, "with", "script")
			}
			for _, s := range scripts {
				for _, text := range embedded(s.text) {
					out = append(out, facts.WorkflowExpression{Path: s.path, Job: job, Text: text, Carries: carried(text)})
				}
			}
		}
	}
	steps(doc.List(m, "runs", "steps"), []any{"runs", "steps"}, "")
	jobs := doc.Map(m, "jobs")
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		steps(doc.List(jobs[name], "steps"), []any{"jobs", name, "steps"}, name)
	}
	return out
}

// embedded are the expressions in a text, with their brackets. One that is not
// closed is none.
func embedded(text string) []string {
	var out []string
	for {
		start := strings.Index(text, "${{")
		if start < 0 {
			return out
		}
		end := closing(text[start+3:])
		if end < 0 {
			return out
		}
		end += start + 3
		out, text = append(out, text[start:end]), text[end:]
	}
}

// closing is where an expression ends, behind its brackets; those in quotes do not
// count.
func closing(text string) int {
	quoted := false
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '\'':
			quoted = !quoted // two of them are one, and close and open
		case !quoted && text[i] == '}' && text[i+1] == '}':
			return i + 2
		}
	}
	return -1
}

// carried are the values that the value of an expression can hold, each once,
// sorted.
func carried(text string) []string {
	p := &expressionParser{rest: strings.TrimSuffix(strings.TrimPrefix(text, "${{"), "}}")}
	v := p.or(0)
	if p.space(); p.failed || p.rest != "" {
		return []string{text} // GitHub refuses it; who reads it judges by its words
	}
	slices.Sort(v)
	return append([]string{}, slices.Compact(v)...)
}

// expressionParser reads the expressions of GitHub
// (https://docs.github.com/en/actions/reference/workflows-and-actions/expressions).
// Each method takes one construct from the rest and returns what its value can
// carry. The linters that have such a parser bring a whole linter along, and none
// says what a value is made of.
type expressionParser struct {
	rest   string
	failed bool
}

// maxExpressionDepth bounds brackets in brackets.
const maxExpressionDepth = 60

func (p *expressionParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

func (p *expressionParser) take(token string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = rest
	}
	return ok
}

// or is the first operand that counts as true, or the last one.
func (p *expressionParser) or(depth int) []string {
	v := p.and(depth)
	for p.take("||") {
		v = append(v, p.and(depth)...)
	}
	return v
}

// and is the last operand, or the first that counts as false: that is a false, a
// nothing, a zero or an empty text, of which none carries anything.
func (p *expressionParser) and(depth int) []string {
	v := p.equal(depth)
	for p.take("&&") {
		v = p.equal(depth)
	}
	return v
}

func (p *expressionParser) equal(depth int) []string {
	v := p.less(depth)
	for p.take("==") || p.take("!=") {
		p.less(depth)
		v = nil
	}
	return v
}

func (p *expressionParser) less(depth int) []string {
	v := p.unary(depth)
	for p.take("<=") || p.take(">=") || p.take("<") || p.take(">") {
		p.unary(depth)
		v = nil
	}
	return v
}

func (p *expressionParser) unary(depth int) []string {
	p.space()
	if strings.HasPrefix(p.rest, "!") && !strings.HasPrefix(p.rest, "!=") {
		p.rest = p.rest[1:]
		if depth++; depth > maxExpressionDepth {
			p.failed = true
			return nil
		}
		p.unary(depth)
		return nil
	}
	return p.postfix(depth)
}

// postfix is a value with the properties and elements that are taken of it.
func (p *expressionParser) postfix(depth int) []string {
	if depth > maxExpressionDepth || p.failed {
		p.failed = true
		return nil
	}
	v := p.primary(depth + 1)
	for !p.failed {
		switch {
		case p.take("."):
			p.space()
			name := p.word()
			if name == "" && !p.take("*") {
				p.failed = true
			}
			v = below(v, strings.ToLower(name))
		case p.take("["):
			v = below(v, p.index(depth))
			p.failed = p.failed || !p.take("]")
		default:
			return v
		}
	}
	return v
}

// index is the name in brackets, if it is written out, else "".
func (p *expressionParser) index(depth int) string {
	p.space()
	if p.take("*") {
		return ""
	}
	before := p.rest
	if strings.HasPrefix(p.rest, "'") {
		if name, ok := p.text(); ok {
			if p.space(); strings.HasPrefix(p.rest, "]") && name != "" {
				return strings.ToLower(name)
			}
		}
		p.rest = before
	}
	p.or(depth + 1)
	return ""
}

// below are the parts of values that a name means: one that is not known is any.
func below(values []string, name string) []string {
	var out []string
	for _, v := range values {
		if strings.HasSuffix(v, ".**") { // of fromJSON
			out = append(out, v)
		} else if name == "" {
			out = append(out, v+".*")
		} else {
			out = append(out, v+"."+name)
		}
	}
	return out
}

func (p *expressionParser) primary(depth int) []string {
	p.space()
	switch {
	case p.take("("):
		v := p.or(depth)
		p.failed = p.failed || !p.take(")")
		return v
	case strings.HasPrefix(p.rest, "'"):
		if _, ok := p.text(); !ok {
			p.failed = true
		}
		return nil
	case p.rest != "" && strings.IndexByte("0123456789+-.", p.rest[0]) >= 0:
		p.number()
		return nil
	}
	name := strings.ToLower(p.word())
	switch {
	case name == "":
		p.failed = true
		return nil
	case p.take("("):
		return p.call(name, depth)
	case name == "true", name == "false", name == "null", name == "nan", name == "infinity":
		return nil
	}
	return []string{name}
}

// call is the value of a function. What only tests or digests its arguments holds
// nothing of them.
func (p *expressionParser) call(name string, depth int) []string {
	var v []string
	for first := true; !p.failed && !p.take(")"); first = false {
		if !first && !p.take(",") {
			p.failed = true
			return nil
		}
		v = append(v, p.or(depth)...)
	}
	switch name {
	case "contains", "startswith", "endswith", "hashfiles", "success", "always", "cancelled", "failure":
		return nil
	case "tojson", "fromjson":
		for i := range v {
			v[i] = strings.TrimSuffix(v[i], ".**") + ".**"
		}
	}
	return v
}

// text takes a text in quotes; a quote in it is written twice.
func (p *expressionParser) text() (string, bool) {
	var out strings.Builder
	for i := 1; i < len(p.rest); i++ {
		if p.rest[i] != '\'' {
			out.WriteByte(p.rest[i])
			continue
		}
		if i+1 < len(p.rest) && p.rest[i+1] == '\'' {
			out.WriteByte('\'')
			i++
			continue
		}
		p.rest = p.rest[i+1:]
		return out.String(), true
	}
	return "", false
}

// number takes a number: 711, -9.2, 0xff, -2.99e-2.
func (p *expressionParser) number() {
	end := strings.IndexFunc(p.rest, func(r rune) bool {
		return !strings.ContainsRune("0123456789abcdefABCDEFxXoO+-.", r)
	})
	if end < 0 {
		end = len(p.rest)
	}
	p.rest = p.rest[end:]
}

// word takes a name: letters, digits, "_" and "-", not beginning with a digit.
func (p *expressionParser) word() string {
	end := 0
	for end < len(p.rest) {
		c := p.rest[end]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (end == 0 || c != '-' && (c < '0' || c > '9')) {
			break
		}
		end++
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name
}
