package decide

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// commented is a file line by line, with where comments begin: text that only looks
// like a comment, in a quoted value or a block scalar, waives nothing.
type commented struct {
	file  string
	text  []byte
	lines []string
	// starts are where the first comment of each line begins, in bytes from 0; -1
	// where there is none.
	starts []int
	inside []bool // the line begins inside a value: a block scalar, a quoted text
}

func readComments(file string, text []byte) *commented {
	c := &commented{file: file, text: text, lines: strings.Split(string(text), "\n")}
	c.starts, c.inside = make([]int, len(c.lines)), make([]bool, len(c.lines))
	for i := range c.starts {
		c.lines[i] = strings.TrimSuffix(c.lines[i], "\r")
		c.starts[i] = -1
	}
	switch path.Ext(file) {
	case ".tf", ".tofu", ".hcl", ".tfvars":
		c.hcl()
	case ".json": // has none
	case ".yaml", ".yml", ".tpl", ".txt", "":
		c.yaml()
	default:
		c.other()
	}
	return c
}

// comment is the comment of a line (1-based), "" where there is none.
func (c *commented) comment(n int) string {
	if n < 1 || n > len(c.lines) || c.starts[n-1] < 0 {
		return ""
	}
	return c.lines[n-1][c.starts[n-1]:]
}

// only says whether a line holds nothing but a comment.
func (c *commented) only(n int) bool {
	return c.comment(n) != "" && strings.TrimSpace(c.code(n)) == ""
}

// code is a line without its comment.
func (c *commented) code(n int) string {
	if n < 1 || n > len(c.lines) {
		return ""
	}
	if at := c.starts[n-1]; at >= 0 {
		return c.lines[n-1][:at]
	}
	return c.lines[n-1]
}

// waives is the line that a comment in line n is about: its own, or the next one
// that holds more than a comment.
func (c *commented) waives(n int) int {
	for c.only(n) || n < len(c.lines) && strings.TrimSpace(c.lines[n-1]) == "" {
		n++
	}
	return n
}

// hcl finds comments as HCL does
// (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md#comments-and-whitespace).
func (c *commented) hcl() {
	tokens, _ := hclsyntax.LexConfig(c.text, c.file, hcl.InitialPos)
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		for n := t.Range.Start.Line; n <= t.Range.End.Line && n <= len(c.lines); n++ {
			at := 0
			if n == t.Range.Start.Line {
				at = t.Range.Start.Byte - 1 - bytes.LastIndexByte(c.text[:t.Range.Start.Byte], '\n')
			} else if n == t.Range.End.Line && t.Range.End.Column == 1 {
				break
			}
			if c.starts[n-1] < 0 && at <= len(c.lines[n-1]) {
				c.starts[n-1] = at
			}
		}
	}
}

// other finds comments in languages that are not told apart: behind quotes there is
// none.
func (c *commented) other() {
	for i, line := range c.lines {
		if at := commentStart().FindStringIndex(line); at != nil && !strings.ContainsAny(line[:at[0]], "\"'`") {
			c.starts[i] = at[0]
		}
	}
}

// blockHeader ends a line whose value is a block scalar
// (https://yaml.org/spec/1.2.2/#81-block-scalar-styles).
var blockHeader = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[:?-][ \t]+)(?:[!&][^ \t]*[ \t]+)*[|>][-+0-9]{0,2}[ \t]*$`)
})

// yaml finds comments of YAML, and of templates of YAML.
func (c *commented) yaml() {
	s := yamlScan{block: noBlock}
	for i, line := range c.lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if s.text(line, indent) {
			c.inside[i] = true
			continue
		}
		c.inside[i] = s.open != ""
		c.starts[i] = s.line(line)
		if code := c.code(i + 1); s.open == "" && blockHeader().MatchString(code) {
			s.block = keyColumn(code)
		}
	}
}

// keyColumn is where the node of a line stands, behind the dashes of lists; of a
// dash itself where nothing but a scalar follows.
func keyColumn(code string) int {
	at := len(code) - len(strings.TrimLeft(code, " "))
	for {
		rest, ok := strings.CutPrefix(code[at:], "-")
		inner := strings.TrimLeft(rest, " \t")
		if !ok || inner == rest || !strings.Contains(inner, ":") && !strings.HasPrefix(inner, "-") {
			break
		}
		at = len(code) - len(inner)
	}
	if strings.HasPrefix(code, "---") || at == 0 && !strings.Contains(code, ":") && !strings.HasPrefix(code, "-") {
		return -1 // the document itself
	}
	return at
}

// noBlock stands for no block scalar; one that is the whole document stands in
// column -1.
const noBlock = -2

// yamlScan is what a scan of YAML has open between lines.
type yamlScan struct {
	block int    // the column of the node whose block scalar is open, or noBlock
	open  string // the end of the quoted text or action that is open
}

// text says whether a line belongs to a block scalar.
func (s *yamlScan) text(line string, indent int) bool {
	if s.block == noBlock {
		return false
	}
	if strings.TrimSpace(line) == "" || indent > s.block && !strings.HasPrefix(line, "---") {
		return true
	}
	s.block = noBlock
	return false
}

// line returns where a comment begins in a line, or -1.
func (s *yamlScan) line(line string) int {
	begins := true // a node may begin here
	for i := 0; i < len(line); {
		rest := line[i:]
		switch {
		case s.open != "":
			i += s.close(rest)
			begins = false
		case strings.HasPrefix(rest, "{{"):
			if action := strings.TrimLeft(strings.TrimPrefix(rest[2:], "-"), " \t"); strings.HasPrefix(action, "/*") {
				return i
			}
			s.open, begins = "}}", false
			i += 2
		case rest[0] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return i
		case begins && (rest[0] == '"' || rest[0] == '\''):
			s.open = rest[:1]
			i++
		case rest[0] == ' ' || rest[0] == '\t':
			i++
		case begins && (rest[0] == '&' || rest[0] == '!'): // an anchor, a tag: the node follows
			i += max(1, strings.IndexAny(rest+" ", " \t"))
		default:
			begins = strings.IndexByte("[{,", rest[0]) >= 0 ||
				strings.IndexByte("-?:", rest[0]) >= 0 && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\t')
			i++
		}
	}
	return -1
}

// close walks to the end of what is open and returns how far it came.
func (s *yamlScan) close(rest string) int {
	for i := 0; i < len(rest); i++ {
		switch {
		case s.open == `"` && rest[i] == '\\':
			i++
		case s.open == `'` && strings.HasPrefix(rest[i:], "''"):
			i++
		case strings.HasPrefix(rest[i:], s.open):
			i += len(s.open)
			s.open = ""
			return i
		}
	}
	return len(rest)
}
