package secrets

import (
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Redact returns a manifest in which the data of a Secret, every detected value and
// every credential is facts.Redacted. Only what changes is copied; the argument
// stays as it is. A leaf that holds a secret among other text is redacted as a whole.
func (s *Scanner) Redact(manifest map[string]any) map[string]any {
	out := manifest
	replace := func(p source.Path) { out, _ = doc.Replace(out, p, facts.Redacted("secret")).(map[string]any) }
	if manifest["kind"] == "Secret" {
		secretParts(manifest, replace)
	}
	for _, t := range s.object(manifest) {
		replace(t.Path)
	}
	credentialLeaves(nil, manifest, 0, replace)
	return out
}

// secretParts tells of what in a Secret may be one: all but what says which Secret it
// is. data may be no mapping, and a misspelt key holds the same.
func secretParts(manifest map[string]any, tell func(source.Path)) {
	for _, key := range slices.Sorted(maps.Keys(manifest)) {
		switch key {
		case "apiVersion", "kind", "type", "immutable", "sops", "status":
		case "metadata":
			const applied = "kubectl.kubernetes.io/last-applied-configuration"
			if doc.Text(manifest, key, "annotations", applied) != "" {
				tell(source.Path{key, "annotations", applied})
			}
		default:
			m, ok := manifest[key].(map[string]any)
			if !ok && manifest[key] != nil {
				tell(source.Path{key})
			}
			for _, k := range slices.Sorted(maps.Keys(m)) {
				tell(source.Path{key, k})
			}
		}
	}
}

// RedactSettings returns a document of settings, such as a workflow, in which
// every detected value is replaced inside its text. What stands around the
// value stays: a made-up token must not hide the rest of a script from rules.
func (s *Scanner) RedactSettings(document map[string]any) map[string]any {
	out := document
	for _, t := range s.withTokens(Settings(document), document, "file", false) {
		text, ok := doc.At(out, t.Path...).(string)
		if !ok {
			out, _ = doc.Replace(out, t.Path, facts.Redacted("secret")).(map[string]any)
			continue
		}
		clean := text
		for _, v := range []string{t.raw, t.value} {
			if v != "" {
				clean = strings.ReplaceAll(clean, v, redactedText)
			}
		}
		if clean == text { // the value stands there in another form
			clean = redactedText
		}
		out, _ = doc.Replace(out, t.Path, clean).(map[string]any)
	}
	return out
}

// RedactResource returns the resource without the values that Resource and
// the scanner detect, wherever it holds them: before and after, in expressions,
// parsed documents and companions.
func (s *Scanner) RedactResource(r facts.Resource) facts.Resource {
	paths := []source.Path{}
	for _, state := range []facts.Resource{r, {Type: r.Type, After: r.Before}} {
		for _, t := range s.resource(state) {
			paths = append(paths, t.Path)
		}
		credentialLeaves(nil, state.After, 0, func(p source.Path) { paths = append(paths, p) })
	}
	credentialLeaves(nil, r.Expressions, 0, func(p source.Path) { // at the places of the expressions themselves
		r.Expressions, _ = doc.Replace(r.Expressions, p, facts.Redacted("secret")).(map[string]any)
	})
	r.Documents = slices.Clone(r.Documents)
	for _, p := range paths {
		r.After, _ = doc.Replace(r.After, p, facts.Redacted("secret")).(map[string]any)
		r.Before, _ = doc.Replace(r.Before, p, facts.Redacted("secret")).(map[string]any)
		r.Expressions = redactExpression(r.Expressions, p)
		for i, d := range r.Documents {
			if comparePaths(d.Path, p) == 0 {
				r.Documents[i].Value = facts.Redacted("secret")
			}
		}
		if r.Change != nil {
			c := *r.Change
			c.Before = doc.Replace(c.Before, p, facts.Redacted("secret"))
			r.Change = &c
		}
	}
	r.Companions = slices.Clone(r.Companions)
	for i, c := range r.Companions {
		for _, t := range s.resource(facts.Resource{Type: c.Type, After: c.After}) {
			c.After, _ = doc.Replace(c.After, t.Path, facts.Redacted("secret")).(map[string]any)
		}
		r.Companions[i] = c
	}
	return r
}

// redactExpression redacts the constant at a path of the resource; a constant
// stands one level deeper than its value, at whatever level it is written.
func redactExpression(expressions map[string]any, p source.Path) map[string]any {
	for n := len(p); n > 0; n-- {
		if m, ok := doc.At(expressions, p[:n]...).(map[string]any); ok && m["constant"] != nil {
			at := append(slices.Clone(p[:n]), "constant")
			expressions, _ = doc.Replace(expressions, append(at, p[n:]...), facts.Redacted("secret")).(map[string]any)
			break
		}
	}
	return expressions
}

// redactedText stands where a value stood in text.
const redactedText = "[redacted]"

// minRedacted is the shortest value that is replaced inside other words: one
// or two characters would make any text unreadable and tell the value by what
// is missing.
const minRedacted = 4

// Redactor removes known secret values from text, such as the messages of
// policies: as they are, as base64, quoted, and line by line.
type Redactor struct {
	replacer *strings.Replacer
}

// NewRedactor returns a Redactor for the values.
func NewRedactor(values []string) *Redactor {
	forms := map[string]bool{}
	add := func(s string) {
		if len(s) >= minRedacted {
			forms[s] = true
		}
	}
	for _, v := range values {
		trimmed := strings.TrimSpace(v)
		for _, s := range [...]string{v, trimmed} {
			add(s)
			add(base64.StdEncoding.EncodeToString([]byte(s)))
			add(strings.Trim(strconv.Quote(s), `"`))
			if len(s) > 0 && len(s) < minRedacted {
				// Short values are removed where they are quoted.
				forms[`"`+s+`"`] = true
				forms[`'`+s+`'`] = true
			}
		}
		if strings.Contains(trimmed, "\n") {
			for line := range strings.SplitSeq(trimmed, "\n") {
				if line = strings.TrimSpace(line); len(line) >= 16 {
					add(line)
				}
			}
		}
	}
	sorted := make([]string, 0, len(forms))
	for f := range forms {
		sorted = append(sorted, f)
	}
	// The replacer takes the first that matches: longer values go first.
	slices.SortFunc(sorted, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(sorted))
	for _, f := range sorted {
		pairs = append(pairs, f, redactedText)
	}
	return &Redactor{strings.NewReplacer(pairs...)}
}

// Redact returns text without the known values.
func (r *Redactor) Redact(text string) string {
	if r == nil {
		return withoutCredentials(text)
	}
	return withoutCredentials(r.replacer.Replace(text))
}
