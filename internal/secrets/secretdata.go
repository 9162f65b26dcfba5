package secrets

import (
	"encoding/base64"
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
		w.add(secretDataID, append(p[:len(p):len(p)], key), s, 0)
		w.found[len(w.found)-1].raw = raw
	}
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
	if v, _ := urlSecrets(value, true); v != nil || !utf8.ValidString(value) {
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
	urls, _ := urlSecrets(value, true)
	return urls == nil
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
			if ok && !w.safe(value) && !publicEntry(key, value) {
				w.add(generatorID, append(p[:len(p):len(p)], i, "literals", j), value, 0)
			}
		}
	}
}
