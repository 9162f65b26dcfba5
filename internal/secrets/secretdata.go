package secrets

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gate/internal/doc"
	"gate/internal/source"
)

// secretData looks at data (base64) or stringData of a Secret.
func (w *walker) secretData(p source.Path, v any, encoded bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		s, ok := m[key].(string)
		if !ok {
			if s = fmt.Sprint(m[key]); m[key] == nil {
				continue
			}
		}
		raw := ""
		if encoded {
			if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), "")); err == nil && !w.safe(s) {
				raw, s = s, string(b)
			}
		}
		if w.safe(s) || publicEntry(key, s) {
			continue
		}
		if rest, found := withoutSubstitutions(s); found && strings.ContainsAny(rest, "\n =/:") {
			// A URL or a configuration with references in it: what counts is
			// what stands beside them.
			w.text(append(p[:len(p):len(p)], key), "", s)
			continue
		}
		known := len(w.found)
		w.add(w.entry(key, s), secretDataID, append(p[:len(p):len(p)], key), s, 0)
		for i := range w.found[known:] {
			w.found[known+i].raw = raw
		}
	}
}

// entry judges one entry of a Secret. That it stands there says that somebody wanted
// it hidden, not that it is a secret: addresses, switches and whole files of settings
// are kept in Secrets beside the one password that they go with.
func (w *walker) entry(key, s string) certainty {
	trimmed := strings.TrimSpace(s)
	switch class := classify(key); {
	case !utf8.ValidString(s):
		return possible // a keystore, or a typing error
	case strings.Contains(s, "PRIVATE KEY-----"):
		if wholePEM(s) {
			return certain
		}
		return possible
	case strings.Contains(trimmed, "\n"), strings.HasPrefix(trimmed, "{"), strings.HasPrefix(trimmed, "["),
		class == plainName && oneSetting.regexp().MatchString(trimmed):
		return w.inside(trimmed)
	case class == secretName || strings.EqualFold(key, "pw"):
		return secretName.judge(s, w.applied)
	case class != plainName:
		return max(doubtful, issuedInSecret(trimmed))
	}
	if urls := urlSecrets(s, w.applied); urls != nil {
		return surest(urls)
	}
	switch {
	case hashed(trimmed):
		return possible
	case address.regexp().MatchString(trimmed):
		if randomPart(trimmed) {
			return possible // the address of a webhook is its key
		}
		return doubtful
	case len(trimmed) >= 6 && lettersAndDigits.regexp().MatchString(trimmed) && !exampleLike(strings.ToLower(trimmed)) && !random(trimmed):
		return possible // one word with digits in it
	case identifierName(key), len(trimmed) < 64 && kubernetesName(trimmed), elsewhere(trimmed), words(trimmed), quantity.regexp().MatchString(trimmed), uuid.regexp().MatchString(trimmed),
		strings.ContainsAny(trimmed, " \t"), len(trimmed) < 6, exampleLike(strings.ToLower(trimmed)):
		return doubtful
	case random(trimmed):
		return certain
	}
	return possible
}

// issuedInSecret judges a token or key among the data of a Secret: there a word is
// one that somebody chose, or one that waits to be replaced.
func issuedInSecret(value string) certainty {
	switch sure := issuedName.judge(value, true); {
	case sure != doubtful:
		return sure
	case quantity.regexp().MatchString(value), words(value):
		return possible
	}
	return doubtful
}

// inside judges an entry that is a document or a file: by what stands in it under
// names of its own.
func (w *walker) inside(s string) certainty {
	sure := surest(urlSecrets(s, w.applied))
	var v any
	if json.Unmarshal([]byte(s), &v) == nil {
		in := &walker{applied: w.applied, vault: w.vault, carrier: w.carrier}
		in.value(nil, "", v, 1)
		for _, t := range in.found {
			sure = max(sure, t.sure)
		}
		return max(sure, registryLogins(v), doubtful)
	}
	lines := settings(s, shellDialect)
	for _, a := range lines {
		sure = max(sure, a.class.judge(a.value, w.applied))
	}
	for line := range strings.Lines(s) {
		if hashed(strings.TrimSpace(line)) || authToken.regexp().MatchString(line) {
			sure = max(sure, possible)
		}
	}
	if sure == noSecret && sqlPassword.regexp().MatchString(s) {
		sure = possible
	}
	return max(sure, doubtful)
}

// identifierName says whether a name ends in what says which, not what proves it.
func identifierName(name string) bool {
	parts := splitName(name)
	switch n := len(parts); {
	case n == 0:
		return false
	default:
		last := parts[n-1]
		return last == "id" || last == "ids" || last == "uid" || last == "arn" || last == "name" || strings.HasSuffix(last, "id") && len(last) > 5
	}
}

// oneSetting is a file of settings of one line: store.type=DATABASE.
var oneSetting = newPattern(`^[A-Za-z_][\w.-]*\s*(?:=\s*[^\s=]|:\s+\S)`)

// lettersAndDigits is one word of letters and digits.
var lettersAndDigits = newPattern(`^[A-Za-z]+\d[A-Za-z\d]*$|^\d+[A-Za-z]+\d[A-Za-z\d]*$`)

var (
	authToken   = newPattern(`(?i)_authToken\s*=\s*[\w-]{16}|^\s*(?:machine|default)\b.*\bpassword\s+\S`)
	sqlPassword = newPattern(`(?i)\bidentified\s+(?:with\s+\w+\s+)?by\s+['"]|\bpassword\s+'[^']`)
)

// registryLogins judges the "auths" of a file of Docker's logins
// (docker/cli, config/configfile: auth is base64 of user:password).
func registryLogins(v any) certainty {
	sure := noSecret
	for _, login := range doc.Map(v, "auths") {
		plain, ok := decodeBase64(doc.Text(login, "auth"))
		if _, password, found := strings.Cut(plain, ":"); ok && found {
			sure = max(sure, secretName.judge(password, true))
		}
	}
	return sure
}

// logins adds the logins of a file of Docker.
func (w *walker) logins(p source.Path, auths any, sure certainty) {
	m := doc.Map(auths)
	for _, registry := range slices.Sorted(maps.Keys(m)) {
		if auth := doc.Text(m, registry, "auth"); auth != "" {
			w.add(sure, namedValueID, append(p[:len(p):len(p)], registry, "auth"), auth, 0)
		}
	}
}

func surest(urls []urlSecret) certainty {
	sure := noSecret
	for _, u := range urls {
		sure = max(sure, u.sure)
	}
	return sure
}

// randomPart says whether the path of a URL has a part that looks generated.
func randomPart(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	_, rest, _ = strings.Cut(rest, "/")
	for _, p := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=#", r) }) {
		if random(p) && !uuid.regexp().MatchString(p) {
			return true
		}
	}
	return false
}

// publicKeys are the entries of Secrets that are not secret by their meaning:
// certificates, names and addresses.
var publicKeys = set("ca", "cert", "crt", "ca.crt", "tls.crt", "ca.pem", "cert.pem", "ca-cert.pem", "root-cert.pem", "cert-chain.pem", "username", "user", "login",
	"email", "host", "hostname", "port", "database", "dbname", "db", "name", "namespace", "type", "url", "uri", "endpoint", "server",
	"region", "zone", "bucket", "project", "projectid", "tenantid", "clientid", "accountid", "environment", "enabled",
	"enableoci", "insecure", "admin-user", "postgres-user", "mode", "scheme", "driver", "provider", "issuer", "keyid", "key-id",
	"ssh-publickey", "ssh-public-key", "id_rsa.pub", "known_hosts", "ssh_known_hosts", "sshknownhosts")

// serverURL is the address of a data service without credentials; web
// addresses are not among them, because those of webhooks are secrets.
var serverURL = newPattern(`^(?:rediss?|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|amqps?|nats|kafka|tcp|ldaps?)://[^@\s]*$`)

// publicEntry says whether an entry of a Secret is public by its name and does
// not look like a secret in spite of it.
func publicEntry(key, value string) bool {
	if strings.Contains(value, "-----BEGIN CERTIFICATE-----") && !strings.Contains(value, "PRIVATE KEY") {
		return true
	}
	if serverURL.regexp().MatchString(value) && !secretWord.regexp().MatchString(value) {
		return true
	}
	if configuration(key, value) {
		return true
	}
	folded := strings.ToLower(key)
	plain := strings.NewReplacer("_", "", "-", "").Replace(folded)
	if !publicKeys[folded] && !publicKeys[plain] {
		last := splitName(key)
		if len(last) == 0 || !publicKeys[last[len(last)-1]] || classify(key) != plainName {
			return false
		}
	}
	if urlSecrets(value, true) != nil || !utf8.ValidString(value) {
		return false
	}
	v := strings.TrimSpace(value)
	return len(v) < 20 || uuid.regexp().MatchString(v) || address.regexp().MatchString(v) || resource.regexp().MatchString(v) || strings.ContainsAny(v, "@ ") ||
		filePath.regexp().MatchString(v) || entropy([]byte(v)) < 3.5
}

// configurationFile are the names of files that settings stand in.
var configurationFile = newPattern(`(?i)\.(?:conf|cnf|cfg|ini|toml|ya?ml|properties|alloy|hcl)$`)

// configuration says whether an entry is a file of settings none of which is
// a secret by its name: charts keep whole configurations in Secrets because
// some of their users put passwords there.
func configuration(key, value string) bool {
	if !configurationFile.regexp().MatchString(key) || strings.Count(strings.TrimSpace(value), "\n") == 0 ||
		!utf8.ValidString(value) || secretWord.regexp().MatchString(value) {
		return false
	}
	return urlSecrets(value, true) == nil
}

// sealed looks at the part of a SealedSecret that is not encrypted
// (bitnami-labs/sealed-secrets: spec.template becomes the Secret).
func (w *walker) sealed(p source.Path, v any) {
	spec := doc.Map(v)
	template := doc.Map(spec, "template")
	for _, key := range slices.Sorted(maps.Keys(template)) {
		at := append(p[:len(p):len(p)], "template", key)
		if key != "data" && key != "stringData" {
			w.value(at, key, template[key], 0)
			continue
		}
		// A text with actions is filled from the ciphertext: what counts is
		// what stands beside them.
		filled, literal := map[string]any{}, map[string]any{}
		data := doc.Map(template, key)
		for k, v := range data {
			s, _ := v.(string)
			if _, found := withoutSubstitutions(s); found {
				filled[k] = v
			} else {
				literal[k] = v
			}
		}
		w.mapping(at, filled, 0)
		w.secretData(at, literal, false)
	}
}

// generators looks at the literals of Kustomize secret generators.
func (w *walker) generators(p source.Path, v any) {
	list := doc.List(v)
	for i, e := range list {
		m := doc.Map(e)
		literals := doc.List(m, "literals")
		for j, l := range literals {
			s, _ := l.(string)
			key, value, ok := strings.Cut(s, "=")
			value = strings.Trim(value, `"'`)
			if in := (&walker{applied: true}); ok && !in.safe(value) && !publicEntry(key, value) {
				w.add(in.entry(key, value), generatorID, append(p[:len(p):len(p)], i, "literals", j), value, 0)
			}
		}
	}
}
