package secrets

import (
	"slices"
	"strings"
	"unicode"
)

// What a value may be looked for by. A value that is a common word stands in names of
// images, files and objects: to blank it there hides what is meant, and tells the
// value by what is missing.

// minTold is the shortest value that is looked for in any text.
const minTold = 8

// odd are characters that no name has.
const odd = "!$%^&*#~|?<>\\\"'`+"

// rare says whether a value is so long and so mixed that it stands nowhere by
// chance: it is hidden in what rules say, and where a structure repeats it.
func rare(v string) bool {
	v = strings.TrimSpace(v)
	if len(v) < 12 || letters(v) < 8 || entropy([]byte(v)) < 2.5 || nameLike(v) {
		return false
	}
	return strings.ContainsAny(v, "0123456789") || !strings.ContainsAny(v, " \t\n") && strings.ContainsAny(v, odd)
}

// phrase says whether a value is a passphrase, words in a row: it stands nowhere by
// chance either, but as a name, and names are kept.
func phrase(v string) bool {
	v = strings.TrimSpace(v)
	return len(v) >= 16 && !strings.ContainsAny(v, "./:=\n") && len(strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune("-_ ", r) })) >= 3
}

// nameLike says whether a value has the form of names, versions, files or addresses.
func nameLike(v string) bool {
	return identifier.regexp().MatchString(v) || resource.regexp().MatchString(v) || quantity.regexp().MatchString(v) ||
		filePath.regexp().MatchString(v) || address.regexp().MatchString(v) && !secretAddress(v) || imageLike.regexp().MatchString(v)
}

// imageLike is a reference to an image of words and numbers: postgres:15-alpine.
var imageLike = newPattern(`^[a-z]+[0-9]{0,4}(?:[-._/][a-z0-9]+)*:v?[0-9]+(?:\.[0-9]+)*(?:-[a-z]+[0-9.]*)*$`)

// secretAddress says whether an address holds a secret: https://hooks.example.com/T0/Xy…
func secretAddress(v string) bool {
	_, rest, _ := strings.Cut(v, "://")
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=@:", r) }) {
		if len(part) >= 12 && strings.ContainsAny(part, "0123456789") && !nameLike(part) && entropy([]byte(part)) >= 2.5 {
			return true
		}
	}
	return false
}

// told says whether a value is looked for in what readers and libraries say: an error
// may quote any input, and is worth reading without the word. It is rare, or a word
// with figures or signs in it, or a phrase of three words; names and versions, single
// words and pairs of words are left.
func told(v string) bool {
	v = strings.TrimSpace(v)
	switch {
	case len(v) < minTold:
		return false
	case rare(v), uuid.regexp().MatchString(v):
		return true
	case quantity.regexp().MatchString(v), filePath.regexp().MatchString(v), address.regexp().MatchString(v), imageLike.regexp().MatchString(v):
		return false
	case identifier.regexp().MatchString(v), resource.regexp().MatchString(v):
		return len(v) >= 16 && len(strings.FieldsFunc(v, func(r rune) bool { return r == '-' || r == '_' || r == '.' })) >= 3
	case strings.ContainsAny(v, " \t\n"):
		return len(v) >= 16
	}
	return strings.ContainsAny(v, "0123456789"+odd) || len(v) >= 12
}

// tokenLike says whether a word that nothing is known of looks like a secret: letters
// of both cases and figures, in turns. Digests of hexadecimal figures do not, and
// neither does CamelCase with a version.
func tokenLike(v string) bool {
	return len(v) >= 16 && strings.IndexFunc(v, unicode.IsUpper) >= 0 && mixed(v)
}

// mixed says whether letters and figures take turns in a word.
func mixed(v string) bool {
	runs, figures, size := 0, 0, 0
	last := rune(0)
	for _, r := range v {
		class := rune('-')
		switch {
		case unicode.IsUpper(r):
			class = 'A'
		case unicode.IsLower(r):
			class = 'a'
		case unicode.IsDigit(r):
			class = '0'
		}
		size++
		if class != last && (class != 'a' || last != 'A') { // one capital begins a word
			if class != '-' {
				runs++
			}
			if class == '0' {
				figures++
			}
		}
		last = class
	}
	return figures >= 2 && size <= 3*runs
}

// secretKey says whether the key of an entry of a Secret is a secret itself: one of its
// words is long and mixed.
func secretKey(k string) bool {
	return len(k) >= 12 && !nameLike(k) && slices.ContainsFunc(strings.FieldsFunc(k, func(r rune) bool { return strings.ContainsRune("-_./ ", r) }), func(w string) bool {
		return len(w) >= 12 && mixed(w)
	})
}

// WithoutTokens is what is said of an input that could not be read, and of which
// nothing is known therefore, without the words in it that look like secrets. Files are
// named.
func WithoutTokens(text string) string {
	return word.regexp().ReplaceAllStringFunc(text, func(w string) string {
		if tokenLike(w) && !strings.Contains(w, ".") {
			return redactedText
		}
		return w
	})
}

// word is what a text quotes as one, with the end of the name of a file.
var word = newPattern(`[A-Za-z0-9+_=-]{16,}(?:\.[a-z][a-z0-9]*)?`)
