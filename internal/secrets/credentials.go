package secrets

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/source"
)

// What is hidden without being told: text that may be a credential by what stands
// before it. A finding would be wrong too often; so would be to show it.

// credential is what follows the scheme of an Authorization header (RFC 9110,
// 11.6.2; RFC 6750, 2.1; RFC 7617).
var credential = newPattern(`(?i)\b(bearer|basic|token)([ \t]+)([A-Za-z0-9._~+/-]{12,}=*)`)

// withoutCredentials returns text without what an Authorization header holds. Words
// of letters only are left: "basic authentication".
func withoutCredentials(text string) string {
	if !hasScheme(text) {
		return text
	}
	return credential.regexp().ReplaceAllStringFunc(text, func(s string) string {
		m := credential.regexp().FindStringSubmatch(s)
		if !strings.ContainsAny(m[3], "0123456789") || identifier.regexp().MatchString(m[3]) || resource.regexp().MatchString(m[3]) {
			return s
		}
		return m[1] + m[2] + redactedText
	})
}

func hasScheme(text string) bool {
	for _, s := range [...]string{"earer", "EARER", "asic", "ASIC", "oken", "OKEN"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// declaredSensitive are the blocks of helm_release whose values their name calls
// sensitive (hashicorp/helm 3, resource helm_release).
var declaredSensitive = set("set_sensitive", "set_wo")

// credentialLeaves tells of the leaves that hold a credential, a private key that is
// cut short, an argument behind a flag whose name says secret, or a value that is
// declared sensitive.
func credentialLeaves(p source.Path, v any, depth int, tell func(source.Path)) {
	if depth > maxWalk {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := append(p[:len(p):len(p)], k)
			if declaredSensitive[k] {
				sensitiveValues(at, v[k], 0, tell)
				continue
			}
			credentialLeaves(at, v[k], depth+1, tell)
		}
	case []any:
		for i, e := range v {
			at := append(p[:len(p):len(p)], i)
			if text, ok := e.(string); ok && i > 0 && secretFlag(v[i-1]) && !safe(text, true) && !strings.HasPrefix(text, "-") {
				tell(at)
				continue
			}
			credentialLeaves(at, e, depth+1, tell)
		}
	case string:
		if withoutCredentials(v) != v || strings.Contains(v, "PRIVATE KEY-----") && wholePEM(v) {
			tell(p)
		}
	}
}

// secretFlag says whether an argument is a flag whose value is the next one.
func secretFlag(v any) bool {
	text, _ := v.(string)
	name, ok := strings.CutPrefix(text, "-")
	return ok && !strings.ContainsAny(name, "= ") && classify(name) != plainName
}

// sensitiveValues tells of what stands under the name value.
func sensitiveValues(p source.Path, v any, depth int, tell func(source.Path)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := append(p[:len(p):len(p)], k)
			if k == "value" {
				tell(at)
			} else if depth < maxWalk {
				sensitiveValues(at, v[k], depth+1, tell)
			}
		}
	case []any:
		for i, e := range v {
			sensitiveValues(append(p[:len(p):len(p)], i), e, depth+1, tell)
		}
	}
}

// KeyLines returns the lines of a text, from 1, that a private key takes, whether it
// ends or not.
func KeyLines(text string) map[int]bool {
	if !strings.Contains(text, "PRIVATE KEY") {
		return nil
	}
	out := map[int]bool{}
	open, n := false, 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		begins := strings.Contains(line, "-----BEGIN") && strings.Contains(line, "PRIVATE KEY")
		ends := strings.Contains(line, "-----END")
		bare := strings.Trim(line, " \t\r\"',+|-")
		if open && !begins && !ends && bare != "" && !keyLine.regexp().MatchString(bare) {
			open = false
		}
		if begins || open {
			out[n] = true
		}
		open = (open || begins) && !ends
	}
	return out
}

// keyLine is a line of an encoded key, or of its headers (RFC 7468, RFC 1421).
var keyLine = newPattern(`^[A-Za-z0-9+/=\\]{16,}$|^[A-Za-z0-9+/]+={0,2}(?:\\n)?$|^(?:Proc-Type|DEK-Info): `)
