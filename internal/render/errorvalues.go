package render

import (
	"bytes"
	"strings"

	"gate/internal/doc"
	"gate/internal/secrets"
)

// minErrorValue is the shortest value that is hidden in an error: shorter ones stand
// in everything.
const minErrorValue = 8

var quotedText = compiled(`"(?:[^"\\]|\\.)*"`)

// withoutValues returns what a template says of a fault without the values that it
// was given, because any of them may be a secret: fail and required say what they
// like, and functions quote their arguments. What stands in the templates themselves
// is left.
func (p *prepared) withoutValues(msg string) string {
	values := map[string]bool{}
	given, err := p.values.Table("Values")
	if err != nil {
		given = nil
	}
	doc.Any(map[string]any(given), func(v any) bool {
		if s, ok := v.(string); ok && len(s) >= minErrorValue && !p.written(s) {
			values[s] = true
		}
		return false
	})
	list := make([]string, 0, len(values))
	for v := range values {
		list = append(list, v)
	}
	msg = secrets.NewRedactor(list).Redact(msg)
	return quotedText().ReplaceAllStringFunc(msg, func(quoted string) string {
		text := strings.Trim(quoted, `"`)
		if len(text) < minErrorValue || p.written(text) || strings.Contains(text, "[redacted]") {
			return quoted
		}
		return `"[redacted]"`
	})
}

// written says whether a text stands in the templates, or names one.
func (p *prepared) written(text string) bool {
	for name, t := range p.templates {
		if strings.Contains(name, text) || bytes.Contains(t.data, []byte(text)) {
			return true
		}
	}
	return false
}
