package decide

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"sync"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// waivedPlace names what stands in a line of a file, so that it is found again
// where lines have moved: the object and the path in it, the block of a
// configuration. A waiver at policy-ref holds for the same place only.
func (c *commented) waivedPlace(n int) string {
	switch path.Ext(c.file) {
	case ".tf", ".tofu", ".hcl", ".tfvars":
		return c.hclPlace(n)
	case ".yaml", ".yml":
		if docs, err := source.ParseLenient(c.file, c.text); err == nil {
			return documentPlace(docs, n)
		}
	}
	return c.textPlace(n)
}

// documentPlace is an object with the path of what stands in a line.
func documentPlace(docs []*source.Document, n int) string {
	for i := len(docs) - 1; i >= 0; i-- {
		at, ok := docs[i].PathAt(n)
		if !ok {
			continue
		}
		place := identity(docs[i].Value)
		if place == "" {
			place = fmt.Sprintf("document %d", i)
		}
		v := docs[i].Value
		for _, e := range at {
			v = doc.At(v, e)
			if _, item := e.(int); item {
				if id := identity(v); id != "" {
					e = id
				}
			}
			place += fmt.Sprintf("\x00%v", e)
		}
		return place
	}
	return ""
}

// identity is what an object, or an element of a list, is known by.
func identity(v any) string {
	if kind := doc.Text(v, "kind"); kind != "" {
		return kind + "/" + doc.Text(v, "metadata", "namespace") + "/" + doc.Text(v, "metadata", "name")
	}
	return doc.Text(v, "name")
}

// hclPlace is the blocks, and the attribute, around a line.
func (c *commented) hclPlace(n int) string {
	f, _ := hclsyntax.ParseConfig(c.text, c.file, hcl.InitialPos)
	if f == nil {
		return c.textPlace(n)
	}
	body, _ := f.Body.(*hclsyntax.Body)
	var place []string
	for body != nil {
		for name, a := range body.Attributes {
			if r := a.Range(); r.Start.Line <= n && n <= r.End.Line {
				place = append(place, name)
			}
		}
		var inner *hclsyntax.Body
		for i, b := range body.Blocks {
			if r := b.Range(); r.Start.Line <= n && n <= b.CloseBraceRange.End.Line {
				name := append([]string{b.Type}, b.Labels...)
				if len(b.Labels) == 0 {
					name = append(name, fmt.Sprint(nth(body.Blocks, i)))
				}
				place, inner = append(place, strings.Join(name, ".")), b.Body
			}
		}
		body = inner
	}
	return strings.Join(place, "\x00")
}

// nth counts the blocks of the same type before one.
func nth(blocks hclsyntax.Blocks, i int) int {
	n := 0
	for _, b := range blocks[:i] {
		if b.Type == blocks[i].Type {
			n++
		}
	}
	return n
}

// textPlace is what stands in a line and the lines that it is indented below, in the
// document that its type and name tell: for templates, which nothing parses.
func (c *commented) textPlace(n int) string {
	place := []string{lineKey(c.code(n))}
	indent := indentOf(c.code(n))
	for i := n - 1; i > 0; i-- {
		code := c.code(i)
		if c.inside[i-1] || strings.TrimSpace(code) == "" {
			continue
		}
		if strings.HasPrefix(code, "---") {
			break
		}
		switch in := indentOf(code); {
		case in < indent:
			place, indent = append(place, c.itemKey(i)), in
		case in == 0 && identifying().MatchString(code), in == 2 && indent == 0 && identifying().MatchString(code):
			place = append(place, strings.Join(strings.Fields(code), " "))
		}
	}
	return strings.Join(place, "\x00")
}

// itemKey is the key in a line; of the first line of an element of a list, with the
// element's name.
func (c *commented) itemKey(n int) string {
	code := c.code(n)
	item, ok := strings.CutPrefix(strings.TrimLeft(code, " "), "- ")
	if !ok {
		return lineKey(code)
	}
	column := len(code) - len(strings.TrimLeft(item, " "))
	for i := n; i <= len(c.lines); i++ {
		line := c.code(i)
		if i > n && strings.TrimSpace(line) != "" && indentOf(line) < column {
			break
		}
		if !c.inside[i-1] && len(line) > column && strings.HasPrefix(line[column:], "name:") {
			return "- " + strings.Join(strings.Fields(line[column:]), " ")
		}
	}
	return lineKey(code)
}

func indentOf(code string) int { return len(code) - len(strings.TrimLeft(code, " \t")) }

var (
	keyForm     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:- +)*["']?[A-Za-z0-9_./-]+["']?[ \t]*[:=]`) })
	identifying = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^ {0,2}["']?(?:kind|name|metadata)["']?[ \t]*:[ \t]*[^ \t]`)
	})
)

// lineKey is a line up to its value, so that another value does not make it another
// place; lines without a key are taken whole.
func lineKey(code string) string {
	code = strings.TrimSpace(code)
	if key := keyForm().FindString(code); key != "" {
		return key
	}
	return code
}
