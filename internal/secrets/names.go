package secrets

import (
	"strings"
	"unicode"
)

// nameClass says what the name of a setting tells about its value.
type nameClass int

const (
	plainName  nameClass = iota
	maybeName            // the value is a secret if it looks like one
	issuedName           // a service hands the value out: no word is one
	secretName           // a person chooses the value: whatever stands there is one
)

// Tails of names, in words. Only the last words count: passwordFile and
// tokenTTL are no secrets.
var (
	secretTails = set("password", "passwd", "pwd", "psw", "passphrase",
		"db pass", "database pass", "user pass", "redis pass", "mysql pass", "postgres pass", "smtp pass", "admin pass",
		"root pass", "mail pass", "default pass", "rabbitmq pass", "mq pass", "ldap pass", "ftp pass", "auth pass", "app pass", "sql pass", "mongo pass", "email pass", "shared secret", "webhook secret", "jwt secret",
		"session secret", "cookie secret", "secret string", "master password")
	issuedTails = set("client secret", "access token", "auth token", "api token", "bot token", "root token", "bearer token",
		"refresh token", "api key", "apikey", "secretaccesskey", "accesskeysecret", "clientsecret", "accesstoken", "authtoken", "secret access key", "app secret", "consumer secret", "sas token")
	maybeTails = set("secret", "token", "credential", "credentials", "pass", "secret key", "secretkey", "access key", "accesskey", "private key",
		"encryption key", "signing key", "master key", "account key", "shared key", "storage key", "license key",
		"auth key", "hmac key", "app key", "secret key base", "connection string", "pat", "secret value", "key material")
)

// derived are words of names whose value is computed from a secret and does
// not reveal it, or is given to everybody: the annotation checksum/secret, a
// public key, the hashes of a baseline of detect-secrets.
var derived = set("checksum", "digest", "fingerprint", "sha", "sha1", "sha256", "sha512", "md5", "thumbprint", "hash", "hashed", "public", "publishable")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// classify judges a name by its last three, two and one words.
func classify(name string) nameClass {
	if len(name) > 200 || !mayBeSecret(name) {
		return plainName
	}
	words := splitName(name)
	for _, w := range words {
		if derived[w] {
			return plainName
		}
	}
	if n := len(words); n > 0 && (strings.HasSuffix(words[n-1], "password") || strings.HasSuffix(words[n-1], "passwd")) {
		return secretName // PGPASSWORD, dbpassword
	}
	best := plainName
	for n := min(3, len(words)); n > 0; n-- {
		tail := strings.Join(words[len(words)-n:], " ")
		for _, t := range [...]string{tail, strings.TrimSuffix(tail, "s")} {
			switch {
			case secretTails[t]:
				return secretName
			case issuedTails[t]:
				best = issuedName
			case maybeTails[t]:
				best = max(best, maybeName)
			}
		}
	}
	return best
}

// mayBeSecret is a quick necessary condition: every tail holds one of these.
func mayBeSecret(name string) bool {
	for i := 0; i+2 < len(name); i++ {
		switch [3]byte{fold(name[i]), fold(name[i+1]), fold(name[i+2])} {
		case [3]byte{'p', 'a', 's'}, [3]byte{'p', 'w', 'd'}, [3]byte{'p', 's', 'w'}, [3]byte{'s', 'e', 'c'}, [3]byte{'t', 'o', 'k'},
			[3]byte{'k', 'e', 'y'}, [3]byte{'c', 'r', 'e'}, [3]byte{'p', 'a', 't'}, [3]byte{'s', 't', 'r'}:
			return true
		}
	}
	return false
}

// splitName splits snake_case, kebab-case, dotted.names, paths and camelCase
// into folded words.
func splitName(name string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush()
		}
		word.WriteRune(r)
	}
	flush()
	return words
}

// Shapes of values that name a thing rather than being the secret.
var (
	identifier = newPattern(`^[A-Za-z][a-z]*(?:[-_./:][A-Za-z]+)*$|^[A-Z]+(?:_[A-Z]+)*$|^[a-z]+(?:[A-Z][a-z]+)*$|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$`)
	resource   = newPattern(`^[a-z0-9]+(?:[-.][a-z0-9]+)+$`)
	uuid       = newPattern(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	filePath   = newPattern(`^(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+-]*)*$|^[A-Za-z]:\\|^[\w.-]+(?:/[\w.-]+)*\.(?:pem|key|crt|cer|txt|json|ya?ml|env|pub|jks|p12|pfx|tf|sh)$`)
	address    = newPattern(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s]*$|^[\w.-]+:[0-9]+$`)
	quantity   = newPattern(`^[0-9]+(?:\.[0-9]+)*(?:ns|us|ms|s|m|h|d|w|[kKMGT]i?B?|%)?$`)
	wordLike   = newPattern(`(?i)pass(?:word|wd|phrase)?|secret|token|key|credential`)
)

// wholePEM says whether text holds private key material rather than an
// abbreviated example ("MIIE...").
func wholePEM(text string) bool {
	i := strings.Index(text, "PRIVATE KEY")
	if i < 0 {
		return false
	}
	body := text[i+len("PRIVATE KEY"):]
	if j := strings.LastIndex(body, "-----END"); j >= 0 {
		body = body[:j]
	}
	if strings.Contains(body, "...") || strings.Contains(body, "…") {
		return false
	}
	return keyMaterial.regexp().MatchString(body)
}

// keyMaterial is one line of an encoded key: the shortest (Ed25519, RFC 8410)
// has 64 characters; prose never has as many without a space.
var keyMaterial = newPattern(`[A-Za-z0-9+/=]{40}`)
