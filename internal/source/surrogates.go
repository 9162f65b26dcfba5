package source

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

// JSON escapes what lies beyond U+FFFF as two halves, "\ud83d\ude00"
// (RFC 8259, section 7), which YAML refuses. Where a text is JSON, its readers
// take it as such: each half is read as the escape of a character for
// private use that takes as many columns, and turned back in the values.

// halfStandIns are the first of 0x800 characters for private use that may stand
// for halves: those of which a text has none.
var halfStandIns = [...]rune{0xE000, 0xE800, 0xF000}

// halves turn stand-ins back; 0 where there are none.
type halves rune

var surrogateEscape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\\(?:[^u]|u[0-9A-Fa-f]{4})`)
})

// hideSurrogates returns a JSON text without escaped halves.
func hideSurrogates(data []byte) ([]byte, halves) {
	if !hasHalf(data) || !json.Valid(data) {
		return data, 0
	}
	for _, first := range halfStandIns {
		in := func(r rune) bool { return r >= first && r < first+0x800 }
		used := bytes.ContainsFunc(data, in)
		out := surrogateEscape().ReplaceAllFunc(data, func(m []byte) []byte {
			if m[1] != 'u' {
				return m
			}
			n, _ := strconv.ParseUint(string(m[2:]), 16, 16)
			switch r := rune(n); {
			case in(r):
				used = true
			case utf16.IsSurrogate(r):
				return []byte(`\u` + strconv.FormatInt(int64(first+r-0xD800), 16))
			}
			return m
		})
		if !used {
			return out, halves(first)
		}
	}
	return data, 0 // nobody writes that; YAML says what is wrong
}

func hasHalf(data []byte) bool {
	for _, s := range []string{`\ud`, `\uD`} {
		if bytes.Contains(data, []byte(s)) {
			return true
		}
	}
	return false
}

// restore turns the halves in the scalars below n into what they mean together; one
// that is alone becomes U+FFFD, as encoding/json reads it.
func (h halves) restore(n *yaml.Node) {
	if h == 0 {
		return
	}
	if n.Kind == yaml.ScalarNode {
		n.Value = h.text(n.Value)
	}
	for _, c := range n.Content {
		h.restore(c)
	}
}

func (h halves) text(s string) string {
	half := func(r rune) (rune, bool) { return r - rune(h) + 0xD800, r >= rune(h) && r < rune(h)+0x800 }
	if !strings.ContainsFunc(s, func(r rune) bool { _, ok := half(r); return ok }) {
		return s
	}
	var out strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); i++ {
		hi, ok := half(runes[i])
		if !ok {
			out.WriteRune(runes[i])
			continue
		}
		r := rune(0xFFFD)
		if i+1 < len(runes) {
			if lo, ok := half(runes[i+1]); ok {
				if r = utf16.DecodeRune(hi, lo); r != 0xFFFD {
					i++
				}
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}
