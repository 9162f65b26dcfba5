package secrets

import (
	"cmp"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Reference says whether the text stands for a value that is not in it: a
// variable, a template action, an address in a secret manager, a ciphertext.
// Such text may be committed and applied. A default inside a reference
// (${PASSWORD:-hunter2}) is a value, and so is text beside one.
func Reference(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" {
		return false
	}
	for _, re := range references {
		if re.regexp().MatchString(text) {
			return true
		}
	}
	rest, found := withoutSubstitutions(text)
	return found && letters(rest) <= 3
}

// references are whole values. Sources: SOPS (getsops/sops README, "Encryption
// protocol"), hiera-eyaml and Ansible Vault (their READMEs), Argo CD Vault
// Plugin ("How it works"), vals (helmfile/vals README), 1Password secret
// references, bank-vaults ("vault:path#key"), AWS ARNs, GCP resource names,
// App Service Key Vault references, Argo CD
// ("User Management", "Sensitive Data and SSO Client Secrets"), Grafana
// ("Variable expansion"), Caddy ("Placeholders"), Python's logging-style interpolation,
// Jasypt, Spring Cloud Config ("Encryption and Decryption"), Vault's transit engine.
var references = patterns(
	`^ENC\[[A-Z0-9_]+,[A-Za-z0-9+/=,:_\s-]+\]$`,
	`^\$ANSIBLE_VAULT;`,
	`^!vault\b`,
	`^<path:[^<>]+>$`,
	`^(?:ref\+[a-z]|op://|vault://|awssm://|awsssm://|gcpsm://|sm://|akv://|azurekeyvault://|keyvault://|doppler://|bws://|env://|secretref:)`,
	`^(?:>>)?vault:[\w.-]+/[\w./ -]*(?:#[^\s]+)?$`,
	`^arn:aws[a-z-]*:(?:secretsmanager|ssm|kms):`,
	`^projects/[^/\s]+/secrets/`,
	`^@Microsoft\.KeyVault\(`,
	`^\{\{resolve:(?:secretsmanager|ssm|ssm-secure):[^}]+\}\}$`,
	`^/run/secrets/`,
	`^\$(?:[A-Z_][A-Z0-9_]*|[a-z_]+|\d+)$`,
	`^\$(?:[a-z]+(?:-[a-z]+)+|[a-z][a-z0-9_-]*:[A-Za-z][\w./-]*)$`, // Argo CD: $key of argocd-secret, $secret:key; names of a factory: $kms_keys:net/disk
	`^%[A-Z_][A-Z0-9_]*%$`,
	`^@[A-Z_][A-Z0-9_]*@$`,
	`^__[A-Z][A-Z0-9_]*__$`,
	`^#\{[^{}]+\}#?$`,
	`^\(\([^()]+\)\)$`,
	`^\$__(?:file|env|vault)\{[^{}]+\}$`,
	`^(?:env|ENV|process\.env|os\.environ)[.:][A-Z_][A-Z0-9_]*$`, `^\{(?:env\.|file\.|\$)[^{}]+\}$`, `^%\(\w+\)s$`,
	`^ENC\([^()]+\)$`, `^\{cipher\}`, `^vault:v\d+:`,
	`^GATE-PLACEHOLDER-[0-9]+$`,
)

// substitution is one variable or template action inside a text. The second
// group is a default.
var substitution = newPattern(`(?s)` +
	`\$?\{\{.*?\}\}|` + // Helm, Go, Jinja, GitHub Actions
	`\$\{(?:[\w.]+:[-=]([^{}]*)|[A-Z][A-Z0-9_]*[-=]([^{}]*))\}|` + // shell, Compose, Flux; ${db-password} is a name
	`\$\{[^{}]*\}|` + // Terraform, others
	`\$\([\w.-]+\)|\$\(.*\)|` + // Kubernetes, shell command
	`<%.*?%>|%\{[^{}]*\}|` +
	`<path:[^<>]+>|GATE-PLACEHOLDER-[0-9]+`)

// withoutSubstitutions returns what a text consists of beside its references:
// literal text and defaults.
func withoutSubstitutions(text string) (rest string, found bool) {
	if !strings.ContainsAny(text, "${<%") && !strings.Contains(text, "GATE-PLACEHOLDER-") {
		return text, false
	}
	rest = substitution.regexp().ReplaceAllStringFunc(text, func(s string) string {
		found = true
		m := substitution.regexp().FindStringSubmatch(s)
		if d := cmp.Or(m[1], m[2]); d != "" && !Reference(d) {
			return d
		}
		return ""
	})
	for _, scheme := range [...]string{"Bearer ", "bearer ", "Basic ", "token "} {
		rest = strings.TrimPrefix(rest, scheme)
	}
	return rest, found
}

func letters(s string) int {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= utf8.RuneSelf {
			n++
		}
	}
	return n
}

// Filler says whether the text is a word that asks to be replaced. Whether
// that is harmless depends on the place: in an object that is applied, the
// word is the password.
func Filler(text string) bool {
	text = strings.ToLower(strings.Trim(strings.TrimSpace(text), `"'`))
	for _, re := range fillers {
		if re.regexp().MatchString(text) {
			return true
		}
	}
	return false
}

var fillers = patterns(
	`^change[-_. ]?(?:me|it|this)\b|^change[-_. ]?(?:me|it|this)$|^changeme`,
	`^(?:to[-_ ]?be|please)[-_ ]`,
	`^replace[-_. ]?(?:me|this|with|by)`,
	`^(?:your|my|some|the|an?|insert|enter|put|set|add)[-_. ].*(?:password|passwd|secret|token|key|here|value|credential)`,
	`^(?:todo|tbd|fixme|xxx+|\*{3,}|\.{3,}|…+|-+|_+|n/a|unset|undefined|redacted|\[?redacted\]?|masked|hidden|dummy|placeholder|example)$`,
	`^(?:example|dummy|placeholder|fake)[-_. ]?(?:password|passwd|pass|secret|token|key|value|credential)s?$`,
	`^<[^<>]+>$`,
	`^\[[^\[\]]+\]$`,
)

// Trivial says whether the text carries no information: empty, a boolean, a
// word for nothing.
func Trivial(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "true", "false", "yes", "no", "on", "off", "null", "nil", "none", "~", "{}", "[]", `""`, "''", "-":
		return true
	}
	return false
}

// safe says whether a value is no secret where it stands; encoded forms of
// references count as references.
func safe(text string, applied bool) bool {
	if Trivial(text) || Reference(text) || !applied && Filler(text) {
		return true
	}
	if plain, ok := decodeBase64(text); ok && (Reference(plain) || Trivial(plain)) {
		return true
	}
	return false
}

// decodeBase64 decodes standard base64 that holds text.
func decodeBase64(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 4 {
		return "", false
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(b) {
		return "", false
	}
	return string(b), true
}

func patterns(texts ...string) []*pattern {
	out := make([]*pattern, len(texts))
	for i, t := range texts {
		out[i] = newPattern(t)
	}
	return out
}

// lengthBucket is the coarse length that a record may tell: in characters.
func lengthBucket(value string) string {
	switch n := utf8.RuneCountInString(value); {
	case n < 8:
		return "<8"
	case n < 16:
		return "8-15"
	case n < 32:
		return "16-31"
	case n < 64:
		return "32-63"
	}
	return "64+"
}
