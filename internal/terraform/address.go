package terraform

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Address is a parsed resource instance address as plans write it:
// module.m["a.b"].data.aws_ami.x[0].
type Address struct {
	Module []ModuleStep
	Mode   string // managed, data, ephemeral
	Type   string
	Name   string
	Index  any // int64, string or nil
}

// ModuleStep is one module call of an address.
type ModuleStep struct {
	Name  string
	Index any // int64, string or nil
}

// ParseAddress parses a resource instance address. Keys may hold any
// character, dots, brackets and quotes included.
func ParseAddress(s string) (Address, error) {
	p := addressParser{text: s}
	if !utf8.ValidString(s) {
		return Address{}, fmt.Errorf("address %q is not valid UTF-8", s)
	}
	a, err := p.address()
	if err != nil {
		return Address{}, fmt.Errorf("address %q: %w", s, err)
	}
	return a, nil
}

// ModulePath is the dotted path of the module calls without their keys, which
// is how configuration and manifest name a module: "a.b", "" for the root.
func (a Address) ModulePath() string {
	names := make([]string, len(a.Module))
	for i, m := range a.Module {
		names[i] = m.Name
	}
	return strings.Join(names, ".")
}

// Resource is the address inside its module without a key: data.aws_ami.x.
func (a Address) Resource() string {
	if a.Mode == "managed" {
		return a.Type + "." + a.Name
	}
	return a.Mode + "." + a.Type + "." + a.Name
}

// ModuleAddress is the address of the module instance, "" for the root.
func (a Address) ModuleAddress() string {
	parts := make([]string, len(a.Module))
	for i, m := range a.Module {
		parts[i] = "module." + m.Name + keySuffix(m.Index)
	}
	return strings.Join(parts, ".")
}

// keySuffix writes a count or for_each key in the syntax of addresses.
func keySuffix(key any) string {
	switch k := key.(type) {
	case int64:
		return "[" + strconv.FormatInt(k, 10) + "]"
	case string:
		return "[" + quoteKey(k) + "]"
	}
	return ""
}

func quoteKey(k string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range k {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '$', '%':
			b.WriteRune(r)
			if strings.HasPrefix(k[i+1:], "{") {
				b.WriteRune(r) // ${ and %{ are written $${ and %%{
			}
		default:
			if !unicode.IsPrint(r) && r != ' ' {
				if r < 65536 {
					fmt.Fprintf(&b, "\\u%04x", r)
				} else {
					fmt.Fprintf(&b, "\\U%08x", r)
				}
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

type addressParser struct {
	text string
	pos  int
}

func (p *addressParser) address() (Address, error) {
	a := Address{Mode: "managed"}
	for {
		name, err := p.name()
		if err != nil {
			return a, err
		}
		switch name {
		case "module":
			step := ModuleStep{}
			if step.Name, err = p.dotted(); err != nil {
				return a, err
			}
			if step.Index, err = p.key(); err != nil {
				return a, err
			}
			a.Module = append(a.Module, step)
			if !p.eat('.') {
				return a, fmt.Errorf("expected a resource after the module at offset %d", p.pos)
			}
			continue
		case "data", "ephemeral":
			a.Mode = name
			if a.Type, err = p.dotted(); err != nil {
				return a, err
			}
		default:
			a.Type = name
		}
		if a.Name, err = p.dotted(); err != nil {
			return a, err
		}
		if a.Index, err = p.key(); err != nil {
			return a, err
		}
		if p.pos < len(p.text) {
			return a, fmt.Errorf("unexpected text at offset %d", p.pos)
		}
		return a, nil
	}
}

func (p *addressParser) eat(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *addressParser) dotted() (string, error) {
	if !p.eat('.') {
		return "", fmt.Errorf("expected '.' at offset %d", p.pos)
	}
	return p.name()
}

func (p *addressParser) name() (string, error) {
	start := p.pos
	for p.pos < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		p.pos += size
	}
	if start == p.pos {
		return "", fmt.Errorf("expected a name at offset %d", p.pos)
	}
	return p.text[start:p.pos], nil
}

// key reads an optional [0] or ["key"].
func (p *addressParser) key() (any, error) {
	if !p.eat('[') {
		return nil, nil
	}
	if p.eat('"') {
		k, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if !p.eat(']') {
			return nil, fmt.Errorf("expected ']' at offset %d", p.pos)
		}
		return k, nil
	}
	end := strings.IndexByte(p.text[p.pos:], ']')
	if end < 0 {
		return nil, fmt.Errorf("expected ']' after offset %d", p.pos)
	}
	n, err := strconv.ParseInt(p.text[p.pos:p.pos+end], 10, 64)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("expected a count index at offset %d", p.pos)
	}
	p.pos += end + 1
	return n, nil
}

func (p *addressParser) quoted() (string, error) {
	var b strings.Builder
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			return b.String(), nil
		case (c == '$' || c == '%') && strings.HasPrefix(p.text[p.pos:], string(c)+"{"):
			b.WriteByte(c)
			b.WriteByte('{')
			p.pos += 2
		case c != '\\':
			b.WriteByte(c)
		default:
			if err := p.escape(&b); err != nil {
				return "", err
			}
		}
	}
	return "", fmt.Errorf("key is not closed")
}

func (p *addressParser) escape(b *strings.Builder) error {
	if p.pos >= len(p.text) {
		return fmt.Errorf("key is not closed")
	}
	c := p.text[p.pos]
	p.pos++
	digits := 0
	switch c {
	case '"', '\\':
		b.WriteByte(c)
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return fmt.Errorf("unknown escape at offset %d", p.pos-1)
	}
	if digits == 0 {
		return nil
	}
	if p.pos+digits > len(p.text) {
		return fmt.Errorf("malformed escape at offset %d", p.pos)
	}
	n, err := strconv.ParseUint(p.text[p.pos:p.pos+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(n)) {
		return fmt.Errorf("malformed escape at offset %d", p.pos)
	}
	b.WriteRune(rune(n))
	p.pos += digits
	return nil
}
