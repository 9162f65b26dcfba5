package secrets

import (
	"maps"
	"slices"
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
	if manifest["kind"] == "Secret" {
		out = withSecretKeys(out)
	}
	return out
}

// withSecretKeys is a Secret without the keys that are secrets themselves.
func withSecretKeys(manifest map[string]any) map[string]any {
	for _, part := range slices.Sorted(maps.Keys(manifest)) {
		m := doc.Map(manifest, part)
		if !secretPart(part) || m == nil {
			continue
		}
		if other := withHiddenKeys(m, secretKey); other != nil {
			manifest, _ = doc.Replace(manifest, source.Path{part}, other).(map[string]any)
		}
	}
	return manifest
}

// secretKeys are the keys of a Secret that are secrets themselves: nothing says so but
// what they look like.
func secretKeys(manifest map[string]any) []string {
	if manifest["kind"] != "Secret" {
		return nil
	}
	var out []string
	for _, part := range slices.Sorted(maps.Keys(manifest)) {
		if !secretPart(part) {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(doc.Map(manifest, part))) {
			if secretKey(k) {
				out = append(out, k)
			}
		}
	}
	return out
}

// secretPart says whether something under the key of a Secret may be secret: all but
// what says which Secret it is. data may be no mapping, and a misspelt key holds the
// same.
func secretPart(key string) bool {
	switch key {
	case "apiVersion", "kind", "metadata", "type", "immutable", "sops", "status":
		return false
	}
	return true
}

// secretParts tells of what in a Secret may be one.
func secretParts(manifest map[string]any, tell func(source.Path)) {
	const applied = "kubectl.kubernetes.io/last-applied-configuration"
	if doc.Text(manifest, "metadata", "annotations", applied) != "" {
		tell(source.Path{"metadata", "annotations", applied})
	}
	for _, key := range slices.Sorted(maps.Keys(manifest)) {
		if !secretPart(key) {
			continue
		}
		m, ok := manifest[key].(map[string]any)
		if !ok && manifest[key] != nil {
			tell(source.Path{key})
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			tell(source.Path{key, k})
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
	r.Partly = slices.DeleteFunc(slices.Clone(r.Partly), func(k facts.PartlyKnown) bool { return s.tells(r.Type, k) })
	return r
}

// tells says whether the known part of a text is, or holds, a credential.
func (s *Scanner) tells(typ string, k facts.PartlyKnown) bool {
	v := k.Value
	for _, e := range slices.Backward(k.Path) {
		switch e := e.(type) {
		case string:
			v = map[string]any{e: v}
		default:
			v = []any{v}
		}
	}
	after, _ := v.(map[string]any)
	found := len(s.resource(facts.Resource{Type: typ, After: after})) > 0
	credentialLeaves(nil, after, 0, func(source.Path) { found = true })
	return found
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
