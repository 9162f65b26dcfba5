package secrets

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// redactedText stands where a value stood in text.
const redactedText = "[redacted]"

// minRedacted is the shortest value that a Redactor replaces inside other words: one
// or two characters would make any text unreadable and tell the value by what
// is missing.
const minRedacted = 4

// Redactor removes secret values from text: as they are, as base64, quoted, and line
// by line.
type Redactor struct {
	replacer *strings.Replacer
}

// NewRedactor returns a Redactor for the values, whatever form they have. Which of
// those that were detected may be looked for in text, Found.Redactor and
// Found.Repeated know.
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
	return redactorOf(forms)
}

// redactorOf returns a Redactor for texts as they stand.
func redactorOf(forms map[string]bool) *Redactor {
	sorted := make([]string, 0, len(forms))
	for f := range forms {
		sorted = append(sorted, f)
	}
	// The replacer takes the first that matches: longer values go first.
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
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

// Redactor removes the detected values from what readers and libraries say of their
// inputs, and from what people write beside them: those that are told (see told).
func (f *Found) Redactor() *Redactor { return redactorOf(f.forms(told)) }

// Quoted removes more of the detected values from what is quoted of files: a line too
// many that is not shown does no harm there. Words that lines are full of stay.
func (f *Found) Quoted() *Redactor {
	return redactorOf(f.forms(func(v string) bool {
		return told(v) || rare(v) || phrase(v) || len(v) >= 8 && strings.ContainsAny(v, "0123456789")
	}))
}

// forms are the texts that values which are sought stand in text as, and parts of others
// which are.
func (f *Found) forms(sought func(value string) bool) map[string]bool {
	forms := map[string]bool{}
	encoded := func(v string) { // stands nowhere by chance, but that words decode, too
		if e := base64.StdEncoding.EncodeToString([]byte(v)); told(e) {
			forms[e] = true
		}
	}
	add := func(v string) {
		forms[v] = true
		forms[strings.Trim(strconv.Quote(v), `"`)] = true
		encoded(v)
	}
	for _, r := range f.records {
		for _, v := range [...]string{r.value, strings.TrimSpace(r.value), r.raw} {
			switch {
			case len(v) < minRedacted:
			case r.rank >= rankProvider && told(v), strings.Contains(v, "PRIVATE KEY-----"), sought(v):
				add(v)
			default:
				encoded(v)
			}
		}
		for _, part := range parts(r.value) {
			if sought(part) {
				add(part)
			}
		}
	}
	for _, k := range f.keys {
		forms[k] = true
	}
	return forms
}

// parts are the words of a value that is a text by itself: a whole configuration or a
// key. What an error quotes of it is no more than a line or a setting.
func parts(value string) []string {
	if !strings.ContainsAny(value, " \t\n,;") {
		return nil
	}
	var out []string
	if strings.Contains(value, "PRIVATE KEY") || strings.Contains(value, "\n") {
		for line := range strings.SplitSeq(value, "\n") {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.ContainsAny(line, " \t") {
				out = append(out, line)
			}
		}
	}
	return append(out, strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`,;:@=<>(){}[]", r) })...)
}

// Keeping is redact but for names: what a text is about is named, also where a secret
// has the same value. Only a name that would be touched is looked for, and only as a
// whole: a name may be part of a value.
func Keeping(redact func(string) string, text string, names ...string) string {
	clean := redact(text)
	if clean == text {
		return text
	}
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" || n == text || !strings.Contains(text, n) || redact(n) == n })
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, n := range names {
		if i := wordIndex(text, n); i >= 0 {
			return Keeping(redact, text[:i], names...) + n + Keeping(redact, text[i+len(n):], names...)
		}
	}
	return clean
}

// wordIndex is where a name stands as a whole.
func wordIndex(text, name string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return -1
		}
		i += from
		if end := i + len(name); (i == 0 || !wordByte(text[i-1])) && (end == len(text) || !wordByte(text[end])) {
			return i
		}
		from = i + 1
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
