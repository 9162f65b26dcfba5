package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"
)

// sure judges a match of a detector: value stands at start, the match began at
// begin.
func (r *search) sure(d *detector, begin, start int, value string) certainty {
	text := strings.Trim(value, `"'`)
	switch {
	case d.id == privateKeyID:
		if wholePEM(text) {
			return certain
		}
		return noSecret
	case d.rank < rankProvider && safe(text, false):
		return noSecret
	case d.id == templatesOnly:
		return min(inTemplate(text), possible)
	case d.id == "hashicorp-tf-password" && words(text) && comment(string(r.before(start))):
		return noSecret // what somebody says of a password
	case d.id == "nuget-config-password", d.id == "hashicorp-tf-password":
		return secretName.judge(text, false)
	case strings.HasPrefix(d.id, "curl-auth"):
		return r.inProse(curl(text))
	case identifiers[d.id]:
		if exampleLike(strings.ToLower(text)) {
			return noSecret
		}
		return possible // who asks, not what proves it
	case publicIDs[d.id]:
		return noSecret
	case d.contextual:
		return r.inProse(r.named(d, begin, start, text))
	}
	sure := token(d.id, text)
	if strings.HasPrefix(d.id, "jwt") {
		sure = r.inProse(sure)
	}
	return sure
}

// identifiers are detectors of what is given out beside a secret and says who asks.
// Whoever has only that has nothing.
var identifiers = set("aws-access-token", "alibaba-access-key-id", "twilio-api-key", "sendbird-access-id", "sumologic-access-id",
	"new-relic-user-api-id", "flutterwave-public-key", "lob-pub-api-key", "mailgun-pub-key")

// publicIDs are detectors of what stands in the address of every login.
var publicIDs = set("adobe-client-id", "asana-client-id", "bitbucket-client-id", "discord-client-id", "linkedin-client-id",
	"looker-client-id", "messagebird-client-id", "plaid-client-id")

// token judges what has the shape of one provider's tokens.
func token(id, text string) certainty {
	folded := strings.ToLower(text)
	switch {
	case exampleLike(folded), runs(text), lettersOnly(strings.TrimLeft(text, "_")):
		return noSecret
	case id == "sourcegraph-access-token" && !strings.HasPrefix(folded, "sgp_"):
		return noSecret // any commit of Git
	case id == "vault-service-token" && strings.HasPrefix(text, "s.") && (!mixedCase(text) || !strings.ContainsAny(text, "0123456789")):
		return noSecret // a method of s
	case strings.HasPrefix(id, "jwt"):
		return webToken(text)
	}
	return certain
}

// webToken judges a JSON Web Token (RFC 7519) by what it claims.
func webToken(text string) certainty {
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil && bytes.HasPrefix(plain, []byte("ey")) {
		text = string(plain)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 || parts[2] == "" {
		return possible // unsigned, or cut short
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var claims map[string]any
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return possible
	}
	switch {
	case claims["sub"] == "1234567890", claims["role"] == "anon": // jwt.io's example, a key of Supabase that browsers are given
		return noSecret
	}
	return certain
}

// named judges a value by the name that stands before it in its line. A name in
// another line says nothing: "key:" and an image's tag, a list of secrets and the
// digest after it.
func (r *search) named(d *detector, begin, start int, value string) certainty {
	before := r.before(start)
	m := settingName.regexp().FindSubmatch(before)
	if m == nil {
		return noSecret
	}
	name := string(m[1])
	class := classify(name)
	if class == plainName {
		if !maybeKey(name) || d.rank < rankProvider && !random(value) {
			return noSecret
		}
		class = maybeName
	}
	if strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 {
		return webToken(value)
	}
	provider := d.rank == rankProvider && start-begin <= len(before)
	switch {
	case safe(value, false), elsewhere(value), words(value), lettersOnly(value), exampleLike(strings.ToLower(value)), hashed(value), runs(value) && len(value) > 9:
		return noSecret
	case class == maybeName && !provider && likely(value) == noSecret:
		return noSecret
	case uuid.regexp().MatchString(value):
		if class > maybeName {
			return certain
		}
		return possible
	case !random(value):
		return possible
	case commented(before), classify(name) == plainName && !provider:
		return possible
	}
	return certain
}

// before is what stands in the line before an offset, as far as a name reaches.
func (r *search) before(offset int) []byte {
	text := r.text[max(0, offset-200):offset]
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// settingName is the name in front of a value: of a setting, an argument of a call,
// an element of XML.
var settingName = newPattern("([\\w./-]+(?: [\\w./-]+){0,2})[\"'`]?(?:[ \\t]*:[ \\t]*[A-Za-z]+)?[ \\t]*(?:(?:[:=]|=>)+|>|[,(])[ \\t]*[\"'`]?$")

// maybeKey says whether the last word of a name may mean a secret: ALGOLIA_KEY.
func maybeKey(name string) bool {
	parts := splitName(name)
	if len(parts) < 2 {
		return false
	}
	for _, w := range parts {
		if derived[w] {
			return false
		}
	}
	switch parts[len(parts)-1] {
	case "key", "auth", "creds", "secrets", "tokens", "sid":
		return true
	}
	return false
}

func commented(before []byte) bool {
	return comment(string(before)) || bytes.Contains(before, []byte(" # ")) || bytes.HasPrefix(bytes.TrimLeft(before, " \t"), []byte("*"))
}

// curl judges what curl sends: user:password, or the value of a header.
func curl(text string) certainty {
	if scheme, rest, ok := strings.Cut(text, ":"); ok && strings.EqualFold(scheme, "authorization") {
		text = rest
	}
	if user, password, ok := strings.Cut(text, ":"); ok && !strings.Contains(user, " ") {
		if strings.EqualFold(user, password) {
			return possible // admin:admin
		}
		return secretName.judge(strings.Trim(password, `"'`), false)
	}
	_, value, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		value = text
	}
	return issuedName.judge(value, false)
}

// inTemplate judges the last line of what looks like a Secret in a template that
// cannot be parsed.
func inTemplate(text string) certainty {
	text = strings.TrimRight(text, " \t\r\n")
	line := text[strings.LastIndexByte(text, '\n')+1:]
	key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	if !ok || strings.Contains(value, "{{") {
		return noSecret
	}
	if plain, ok := decodeBase64(value); ok {
		value = plain
	}
	if publicEntry(key, value) || safe(value, true) {
		return noSecret
	}
	return (&walker{applied: true}).entry(key, value)
}

// inProse is what is certain elsewhere in text for people, and in files that are
// there to be copied: what is shown there is most often shown as an example.
func (r *search) inProse(sure certainty) certainty {
	if sampleFile.regexp().MatchString(path.Base(r.path)) {
		return min(sure, possible)
	}
	switch strings.ToLower(path.Ext(r.path)) {
	case ".md", ".mdx", ".markdown", ".rst", ".adoc", ".asciidoc", ".txt", ".html", ".htm", ".ipynb", ".gotmpl":
		return min(sure, possible)
	}
	return sure
}

// sampleFile are names of files that are there to be copied: .env.example.
var sampleFile = newPattern(`(?i)(?:^|[._-])(?:example|sample|template|dist|tmpl)s?(?:$|[._-])`)
