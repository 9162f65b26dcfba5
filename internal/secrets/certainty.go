package secrets

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// certainty is how sure it is that a value is a secret. A name says what a value is
// for, the place whether it takes effect, the value whether it can be what the name
// says: no single one of them is enough.
type certainty int

const (
	// noSecret is a reference, an address, a switch, a word for nothing.
	noSecret certainty = iota
	// doubtful is not reported, and not shown either: a secret by its name, of
	// which the value says nothing (API_KEY=example), or an entry of a Secret that
	// is one by nothing else.
	doubtful
	// possible is reported and leads to no more than a warning.
	possible
	// certain is one that whoever reads it can use.
	certain
)

// judge says how certain it is that a value is a secret under a name of this class.
// applied says that the value takes effect as it stands, see Filler.
func (c nameClass) judge(value string, applied bool) certainty {
	value = strings.TrimSpace(value)
	switch {
	case c == plainName, safe(value, applied), elsewhere(value):
		return noSecret
	case strings.Contains(value, "PRIVATE KEY-----"):
		if wholePEM(value) {
			return certain
		}
		return noSecret
	case hashed(value):
		return possible // it cannot be used as it is, but guessed from
	}
	if rest, found := withoutSubstitutions(value); found && rest != "" {
		value = rest // ${PASSWORD:-hunter2}, base64:${KEY}
	}
	switch c {
	case secretName:
		return chosen(value, applied)
	case issuedName:
		return issued(value, applied)
	}
	return likely(value)
}

// chosen judges a password: what a person sets, so that any word is one where it is
// applied. In a file that nothing applies as it stands, a word may be a sample.
func chosen(value string, applied bool) certainty {
	grade := func(inFile, inObject certainty) certainty {
		if applied {
			return inObject
		}
		return inFile
	}
	switch folded := strings.ToLower(value); {
	case bracketed.regexp().MatchString(value), variableName.regexp().MatchString(value):
		return grade(doubtful, possible) // the name of what belongs there
	case folded == "changeit": // Java's own, of which a store of public certificates has no other
		return grade(doubtful, possible)
	case nonsense[folded], unit(folded), letters(value) == 0, strings.Contains(value, "|") && words(value):
		return grade(doubtful, possible) // a word for none, a setting, stars, required|min:8
	case Filler(value): // it is the password then
		return grade(doubtful, certain)
	case exampleLike(folded) && !generated(value):
		return grade(doubtful, possible)
	case strings.ContainsAny(value, " \t\n"):
		return grade(doubtful, possible) // a sentence about passwords, or a passphrase
	case folded == "password":
		return grade(possible, certain)
	case lettersOnly(value) && wordLike.regexp().MatchString(value):
		return grade(doubtful, certain) // password: db-password names a key elsewhere
	case lettersOnly(value):
		return grade(possible, certain)
	case quantity.regexp().MatchString(value) && len(value) < 4:
		return grade(doubtful, certain)
	}
	return certain
}

// issued judges what a service hands out: no word is one.
func issued(value string, applied bool) certainty {
	folded := strings.ToLower(value)
	switch {
	case strings.ContainsAny(value, " \t\n"), quantity.regexp().MatchString(value):
		return doubtful
	case uuid.regexp().MatchString(value):
		return certain
	case lettersAndDigits.regexp().MatchString(value) && !exampleLike(folded) && !random(value):
		return possible // hunter2
	case words(value), exampleLike(folded), nonsense[folded], Filler(value), variableName.regexp().MatchString(value), bracketed.regexp().MatchString(value):
		if applied && len(value) > 1 && !unit(folded) {
			return possible
		}
		return doubtful
	case random(value):
		return certain
	}
	return possible
}

// likely judges what stands under a name that may mean many things (token, secret
// key): it must look like a secret.
func likely(value string) certainty {
	switch {
	case len(value) < 8, strings.ContainsAny(value, " \t\n"), words(value), quantity.regexp().MatchString(value),
		identifier.regexp().MatchString(value), !uuid.regexp().MatchString(value) && kubernetesName(value):
		return noSecret
	case !strings.ContainsAny(value, "0123456789"), letters(value) < 8, entropy([]byte(value)) < 2.5:
		return noSecret
	case exampleLike(strings.ToLower(value)):
		return doubtful
	case random(value) && !uuid.regexp().MatchString(value):
		return certain
	}
	return possible
}

// kubernetesName says whether a value looks like the name of an object, with the
// suffix that a generator gives it: db-5f7d8c9b, session-token-v2.
func kubernetesName(value string) bool {
	return len(value) < 64 && resource.regexp().MatchString(value) && letterRun.regexp().MatchString(value)
}

// random says whether a value is as long and as mixed as what a generator makes, and
// not made up to be seen.
func random(value string) bool {
	return generated(value) && !exampleLike(strings.ToLower(value))
}

// generated says whether a value is as long and as mixed as what a generator makes:
// most of it is no words.
func generated(value string) bool {
	if len(value) < 16 || words(value) || runs(value) || filePath.regexp().MatchString(value) || entropy([]byte(value)) < 3 {
		return false
	}
	strange := 0
	for _, p := range pieces.regexp().Split(value, -1) {
		if !wordPiece.regexp().MatchString(p) && !wordy(p) {
			strange += len(p)
		}
	}
	return strange >= 12
}

// wordy says whether a part of a value is mostly words that are joined.
func wordy(piece string) bool {
	in := 0
	for _, m := range longWord.regexp().FindAllString(piece, -1) {
		in += len(m)
	}
	if !strings.ContainsAny(piece, "0123456789") {
		return in > 0 || strings.ToUpper(piece) == piece || strings.ToLower(piece) == piece && len(piece) < 20
	}
	return in*10 >= len(piece)*7
}

func mixedCase(s string) bool { return strings.ToLower(s) != s && strings.ToUpper(s) != s }

// elsewhere says whether a value says where something is, or which it is, rather
// than being it.
func elsewhere(value string) bool {
	return filePath.regexp().MatchString(value) || address.regexp().MatchString(value) ||
		resourceName.regexp().MatchString(value) || keyID.regexp().MatchString(value) || digest.regexp().MatchString(value) ||
		call.regexp().MatchString(value) || strings.Contains(value, "/") && words(value)
}

var (
	// wordPiece is a part of a name: a word, an abbreviation, a number of a few
	// digits, words joined in the way of camelCase.
	wordPiece = newPattern(`^(?:[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,})*\d{0,3}|[A-Za-z]\d{0,3}|[A-Z]{2,}\d{0,3}|[a-z]{1,3}\d{1,3}|\d{1,4})$`)
	pieces    = newPattern(`[-_./:@=,;&?|]+`)
	longWord  = newPattern(`[A-Z]?[a-z]{5,}`)
	syllables = newPattern(`[A-Z]?[a-z]{3,}`)
	letterRun = newPattern(`[a-z]{4,}`)

	variableName = newPattern(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^(?:SECRET|PASSWORD|VALUE|TOKEN|KEY)$`)
	bracketed    = newPattern(`^<[^<>]+>$|^\[[^\[\]]+\]$|^\{[^{}]+\}$`)
	resourceName = newPattern(`^arn:aws[a-z-]*:|^projects/[\w.-]+/|^/subscriptions/`)
	keyID        = newPattern(`^(?:AKIA|ASIA|ABIA|ACCA|LTAI)[A-Za-z0-9]{12,24}$`) // the identifier that goes with a key: its own detector tells of it
	digest       = newPattern(`^(?:sha(?:1|256|384|512)|md5)[:-][0-9A-Za-z+/=]+$`)
	call         = newPattern(`^[A-Za-z_][\w.]*[(\[].*[)\]]$`)
	passwordHash = newPattern(`^(?:[\w.@-]+:)?(?:\$(?:2[abxy]?|apr1|argon2(?:id?|d)|pbkdf2[\w-]*|scrypt|7|y|[156])\$|\{(?:SSHA|SHA|CRYPT|BCRYPT|PBKDF2|SMD5|MD5)\d*\}|SCRAM-SHA-\d+\$)|^\*[0-9A-F]{40}$|^md5[0-9a-f]{32}$`)
)

// hashed says whether a value is the hash of a password: crypt(5), RFC 2307
// (userPassword), PostgreSQL's and MySQL's own forms, with or without the user that
// htpasswd writes in front.
func hashed(value string) bool { return passwordHash.regexp().MatchString(value) }

// words says whether a value consists of words, abbreviations and small numbers, as
// names of things do.
func words(value string) bool {
	if value == "" || len(value) > 200 {
		return false
	}
	for _, p := range pieces.regexp().Split(strings.Trim(value, "-_./:@=,;&?|"), -1) {
		if !wordPiece.regexp().MatchString(p) {
			return false
		}
	}
	return true
}

// lettersOnly says whether a value consists of words without a digit.
func lettersOnly(value string) bool {
	if strings.IndexFunc(value, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 { // a word of another language
		return strings.IndexFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune("-_. ", r) }) < 0
	}
	if strings.ContainsAny(value, "0123456789") || !identifier.regexp().MatchString(value) && !resource.regexp().MatchString(value) && !words(value) {
		return false
	}
	for _, p := range pieces.regexp().Split(value, -1) {
		if len(p) <= 6 || wordPiece.regexp().MatchString(p) || strings.ToLower(p) == p || strings.ToUpper(p) == p {
			continue
		}
		in := 0
		for _, m := range syllables.regexp().FindAllString(p, -1) {
			in += len(m)
		}
		if in*10 < len(p)*6 {
			return false // kHPdpIYtdtGXeStv
		}
	}
	return true
}

// nonsense are words that stand where a value would, and that nobody takes for one.
var nonsense = set("test", "testing", "tests", "foo", "bar", "baz", "foobar", "example", "sample", "dummy", "fake", "mock", "mocked",
	"placeholder", "xxx", "xxxx", "string", "value", "secret-value", "none", "unset", "notset", "not-set", "ignored", "unused", "redacted", "hidden", "masked",
	"my-password", "mypassword", "fake_password", "fake-password", "testpassword", "test-password", "test_password")

// initialWord is what the value of an argument says that stands there until somebody sets
// another one.
var initialWord = newPattern(`(?i)(?:^|[-_. ])(?:initial|init|chang\w*|placeholder|dummy|todo|tbd|fixme|replac\w*|manual\w*|updat\w*|overrid\w*|overwrit\w*|temp\w*|default|empty|null|none|unset|example|fake|notset|later)(?:$|[-_. ])`)

// untilSet judges anew a value whose changes are ignored (lifecycle, ignore_changes): where
// it is made of words of which one says so, it stands there until somebody sets another.
// What only keeps a secret for others (a parameter, a version of a secret) has none until
// then; what takes effect by itself, as a password of a database does, has this one.
func untilSet(sure certainty, value string, keeps bool) certainty {
	spaced := strings.ReplaceAll(value, " ", "-")
	switch {
	case !words(spaced) || !initialWord.regexp().MatchString(value):
		return sure
	case keeps:
		return min(sure, doubtful)
	}
	return min(sure, possible)
}

// unit says whether a word is the unit or the setting of something (Cognito's
// token_validity_units has the entries access_token and refresh_token).
func unit(folded string) bool {
	switch strings.TrimSuffix(folded, "s") {
	case "second", "minute", "hour", "day", "week", "month", "year", "required", "optional", "enabled", "disabled", "header", "query", "cookie", "default", "auto", "opaque", "jwt", "reference":
		return true
	}
	return false
}

// samples are what made-up values are recognised by.
var samples = []string{"example", "placeholder", "xxxx", "your-", "your_", "yourkey", "replace", "insert",
	"dummy", "not-a-real", "notareal", "not-real", "fake", "sample", "foobar", "deadbeef", "changeme", "change-me", "change_me", "change-this", "redacted", "..."}

// runs says whether little is left of a value without runs such as 12345 and aaaaa.
func runs(value string) bool {
	left := 0
	for i := 0; i < len(value); {
		n := 1
		if i+1 < len(value) {
			for step := int(value[i+1]) - int(value[i]); i+n < len(value) && step >= -1 && step <= 1 && int(value[i+n])-int(value[i+n-1]) == step; {
				n++
			}
		}
		if n < 5 {
			n = 1
			left++
		}
		i += n
	}
	return left < 10
}

// exampleLike says whether a folded value is made up to be seen.
func exampleLike(folded string) bool {
	for _, s := range samples {
		if strings.Contains(folded, s) {
			return true
		}
	}
	return false
}
