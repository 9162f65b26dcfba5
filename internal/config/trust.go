package config

import (
	"encoding/pem"
	"regexp"
	"strings"
	"sync"

	"gate/internal/source"
)

// ParseTrust reads the trust file. Its error joins every fault, as Parse's.
func ParseTrust(file string, data []byte) (*Trust, error) {
	t := &Trust{File: file}
	d, err := read(file, data, t)
	if err != nil {
		return nil, err
	}
	k := checks{decoder: d}
	if t.APIVersion != "" {
		k.word(source.Path{"apiVersion"}, t.APIVersion, apiVersions)
	}
	k.unique("images", len(t.Images), func(i int) (string, source.Path) { return t.Images[i].Name, source.Path{"name"} })
	for i, x := range t.Images {
		p := source.Path{"images", i}
		k.identifier(at(p, "name"), x.Name)
		for j, g := range x.Match {
			k.pattern(at(p, "match", j), g)
		}
		if len(x.Match) == 0 && x.Match != nil {
			k.faultf(at(p, "match"), "match is empty; the entry would cover no image")
		}
		k.signers(p, x.Keys, x.Identity)
	}
	k.unique("decisions", len(t.Decisions), func(i int) (string, source.Path) { return t.Decisions[i].Name, source.Path{"name"} })
	for i, x := range t.Decisions {
		p := source.Path{"decisions", i}
		k.identifier(at(p, "name"), x.Name)
		for j, g := range x.Repositories {
			k.pattern(at(p, "repositories", j), g)
		}
		for j, g := range x.Environments {
			k.pattern(at(p, "environments", j), g)
		}
		k.signers(p, x.Keys, x.Identity)
	}
	k.unique("runners", len(t.Runners), func(i int) (string, source.Path) { return t.Runners[i].Name, source.Path{"name"} })
	for i, x := range t.Runners {
		k.runner(source.Path{"runners", i}, x)
	}
	k.unique("collectors", len(t.Collectors), func(i int) (string, source.Path) { return t.Collectors[i].Name, source.Path{"name"} })
	for i, x := range t.Collectors {
		p := source.Path{"collectors", i}
		k.identifier(at(p, "name"), x.Name)
		for j, s := range x.Sources {
			k.word(at(p, "sources", j), s, relayed)
		}
		if len(x.Sources) == 0 {
			k.faultf(at(p, "sources"), "entry may pass on nothing; expected %s", strings.Join(relayed, " or "))
		}
		k.distinct(at(p, "sources"), x.Sources)
		for j, g := range x.Repositories {
			k.pattern(at(p, "repositories", j), g)
		}
		for j, g := range x.Environments {
			k.pattern(at(p, "environments", j), g)
		}
		k.signers(p, x.Keys, nil)
	}
	for i, x := range t.Revoked {
		k.revocation(source.Path{"revoked", i}, x)
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (k checks) runner(p source.Path, x RunnerTrust) {
	k.identifier(at(p, "name"), x.Name)
	k.filled(at(p, "issuer"), x.Issuer)
	if x.Issuer != "" && !strings.HasPrefix(x.Issuer, "https://") {
		k.faultf(at(p, "issuer"), "issuer %q is no https URL", clip(x.Issuer))
	}
	k.filled(at(p, "audience"), x.Audience)
	k.filled(at(p, "keys"), x.Keys)
	if x.Keys != "" {
		k.path(at(p, "keys"), x.Keys)
	}
	for key, list := range map[string][]string{"repositories": x.Repositories, "environments": x.Environments, "deployments": x.Deployments, "workflows": x.Workflows, "refs": x.Refs} {
		for j, g := range list {
			k.pattern(at(p, key, j), g)
		}
	}
}

var sha256Hex = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

func (k checks) revocation(p source.Path, x Revocation) {
	k.filled(at(p, "reason"), x.Reason)
	set := 0
	for _, kind := range revocable {
		id := x.id(kind)
		if id == "" && !k.present(at(p, kind)) {
			continue
		}
		set++
		switch {
		case kind == RevokedKey && !fingerprint().MatchString(id):
			k.faultf(at(p, kind), "%q is no key fingerprint; expected SHA256: and 43 characters of base64", clip(id))
		case kind != RevokedKey && !sha256Hex().MatchString(id):
			k.faultf(at(p, kind), "%q is no SHA-256; expected 64 digits of lower-case hex", clip(id))
		}
	}
	if set != 1 {
		k.faultf(p, "entry revokes %d things; expected one of decision, approval or key", set)
	}
}

// What can be revoked.
const (
	RevokedDecision = "decision"
	RevokedApproval = "approval"
	RevokedKey      = "key"
)

var revocable = [...]string{RevokedDecision, RevokedApproval, RevokedKey}

// id is what the entry takes back of a kind.
func (x Revocation) id(kind string) string {
	switch kind {
	case RevokedDecision:
		return x.Decision
	case RevokedApproval:
		return x.Approval
	case RevokedKey:
		return x.Key
	}
	return ""
}

// Revoked says whether something was taken back, and why.
func Revoked(list []Revocation, kind, id string) (reason string, revoked bool) {
	for _, x := range list {
		if of := x.id(kind); of != "" && of == id {
			return x.Reason, true
		}
	}
	return "", false
}

func (k checks) signers(p source.Path, keys []Key, identities []Signer) {
	if len(keys) == 0 && len(identities) == 0 {
		k.faultf(p, "entry trusts nobody; expected keys or identities")
	}
	for j, key := range keys {
		q := at(p, "keys", j)
		switch {
		case (key.PEM == "") == (key.File == ""):
			k.faultf(q, "key needs either pem or file")
		case key.File != "":
			k.path(at(q, "file"), key.File)
		default:
			k.publicKey(at(q, "pem"), key.PEM)
		}
	}
	for j, id := range identities {
		q := at(p, "identities", j)
		k.filled(at(q, "issuer"), id.Issuer)
		k.filled(at(q, "subject"), id.Subject)
		if id.Issuer != "" && !strings.HasPrefix(id.Issuer, "https://") {
			k.faultf(at(q, "issuer"), "issuer %q is no https URL", clip(id.Issuer))
		}
		k.pattern(at(q, "subject"), id.Subject)
		if id.Subject != "" && strings.Trim(id.Subject, "*/") == "" {
			k.faultf(at(q, "subject"), "subject %q trusts everybody; expected an identity", clip(id.Subject))
		}
	}
}

// publicKey refuses text that is no PEM block of a public key. Which
// algorithms count is the envelope's business.
func (k checks) publicKey(p source.Path, text string) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case block == nil:
		k.faultf(p, "pem is no PEM block")
	case strings.Contains(block.Type, "PRIVATE"):
		k.faultf(p, "pem is a private key; expected a public one. Treat the key as disclosed")
	case !strings.HasSuffix(block.Type, "PUBLIC KEY"):
		k.faultf(p, "pem is a %q; expected a PUBLIC KEY", clip(block.Type))
	case strings.TrimSpace(string(rest)) != "":
		k.faultf(p, "pem holds more than one block; expected one key in each entry")
	}
}
