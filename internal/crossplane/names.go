package crossplane

import (
	"strings"
	"unicode"
)

// Snake writes a camel case name as Terraform does: kmsKeyId is kms_key_id,
// DBInstance is db_instance. In fields of upjet's providers every capital
// begins a word (upjet, pkg/types/name, LowerCamelComputed); kinds have
// acronyms.
func Snake(camel string) string {
	var b strings.Builder
	runes := []rune(camel)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' {
			before, after := runes[i-1], rune(0)
			if i+1 < len(runes) {
				after = runes[i+1]
			}
			if !unicode.IsUpper(before) || unicode.IsLower(after) {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// camel writes a Terraform name as upjet does in fields.
func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, w := range words {
		if i > 0 && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// fieldName says whether a key can be a field of a block; other keys are the
// user's.
func fieldName(key string) bool {
	for i, r := range key {
		switch {
		case r >= 'a' && r <= 'z', i > 0 && (r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'):
		default:
			return false
		}
	}
	return key != ""
}
