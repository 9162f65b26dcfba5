package supplychain

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fixtures of rules/supply-chain again")

// TestFixtures writes, with -update, the fixtures of the rule image-signed:
// real bundles, signed with keys made from a name. Without it they must be
// what is committed, so that nobody has to trust a blob.
func TestFixtures(t *testing.T) {
	t.Parallel()
	base := filepath.Join("..", "..", "rules", "supply-chain", "image-signed", "testdata")
	for name, data := range fixtureFiles(t) {
		path := filepath.Join(base, filepath.FromSlash(name))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v (go test ./internal/supplychain -run Fixtures -update writes it)", err)
		} else if !bytes.Equal(got, data) {
			t.Errorf("%s differs from what -update writes", path)
		}
	}
}

// fixtureFiles returns every file of the fixtures by its path.
func fixtureFiles(t *testing.T) map[string][]byte {
	t.Helper()
	build, stranger, release := ecdsaSigner(t, "build"), ecdsaSigner(t, "stranger"), ed25519Signer("release")
	files := map[string][]byte{}
	add := func(dir string, trust string, containers []container, attestations map[string][]byte) {
		files[dir+"/.gate.yaml"] = []byte(fixtureConfig)
		files[dir+"/.gate/trust.yaml"] = []byte(trust)
		files[dir+"/prod/deployment.yaml"] = deployment(containers)
		for name, data := range attestations {
			files[dir+"/attestations/"+name] = data
		}
	}
	sign := map[string]any{}
	provenance := map[string]any{
		"buildDefinition": map[string]any{"buildType": "https://example.com/build/v1", "externalParameters": map[string]any{}},
		"runDetails":      map[string]any{"builder": map[string]any{"id": "https://example.com/builder"}},
	}
	failedVSA := map[string]any{
		"resourceUri": "registry.example.com/summary", "timeVerified": "2026-01-02T03:04:05Z",
		"verificationResult": "FAILED", "verifiedLevels": []any{},
		"verifier": map[string]any{"id": "https://example.com/verifier"}, "policy": map[string]any{"uri": "https://example.com/policy"},
	}
	trust := trustFile(t, build, release)

	add("bad", trust, []container{
		{"never-signed", at("web"), "no attestation was collected for this digest", true},
		{"tag-only", "registry.example.com/web:1.0.0", "a signature is about a digest, and there is none", true},
		{"stranger", at("stranger"), "the only signature is by a key that nobody trusts", true},
	}, map[string][]byte{
		"stranger.sigstore.json": bundle(t, stranger, digestOf("stranger"), signPredicate, sign),
	})
	add("good", trust, []container{
		{"ecdsa", at("web"), "", false},
		{"ed25519", at("api"), "", false},
	}, map[string][]byte{
		"web/signature.sigstore.json": bundle(t, build, digestOf("web"), signPredicate, sign),
		"api/signature.sigstore.json": bundle(t, release, digestOf("api"), signPredicate, sign),
	})
	add("near-miss-unsigned", trust, []container{
		{"provenance", at("provenance"), "a provenance by the trusted key is no signature: its predicate type is not on the allow-list", true},
		{"summary", at("summary"), "a FAILED verification summary by the trusted key is the only attestation", true},
		{"other-subject", at("other-subject"), "the signature beside it is about the digest of another image", true},
		{"other-registry", "mirror.example.com/web@" + digestOf("mirrored"), "the key signed this digest, but is trusted for another registry only", true},
		{"tampered", at("tampered"), "the payload was changed after signing", true},
	}, map[string][]byte{
		"provenance.sigstore.json":     bundle(t, build, digestOf("provenance"), slsaPredicate, provenance),
		"summary.sigstore.json":        bundle(t, build, digestOf("summary"), vsaPredicate, failedVSA),
		"other-subject.sigstore.json":  bundle(t, build, digestOf("elsewhere"), signPredicate, sign),
		"other-registry.sigstore.json": bundle(t, build, digestOf("mirrored"), signPredicate, sign),
		"tampered.sigstore.json":       tamper(t, build),
	})
	add("near-miss-signed", trust, []container{
		{"shadowed", at("shadowed"), "a bundle by a stranger and a failed summary stand beside the valid signature and take nothing from it", false},
		{"older-form", at("older-form"), "cosign's older form without an attestation", false},
		{"tag-and-digest", strings.Replace(at("tagged"), "@", ":1.0.0@", 1), "the tag beside the digest says nothing", false},
	}, map[string][]byte{
		"shadowed/a.sigstore.json": bundle(t, stranger, digestOf("shadowed"), signPredicate, sign),
		"shadowed/b.sigstore.json": bundle(t, build, digestOf("shadowed"), vsaPredicate, failedVSA),
		"shadowed/c.sigstore.json": bundle(t, build, digestOf("shadowed"), signPredicate, sign),
		"older-form.json":          simple(t, build, digestOf("older-form")),
		"tagged.json":              dsseOf(t, bundle(t, release, digestOf("tagged"), signPredicate, sign)),
		"README.md":                []byte("Written by `go test ./internal/supplychain -run Fixtures -update`; what is no .json file is left alone.\n"),
	})
	return files
}

// tamper returns a bundle whose payload names another image than was signed.
func tamper(t *testing.T, s fixedSigner) []byte {
	t.Helper()
	signed := bundle(t, s, digestOf("before"), signPredicate, map[string]any{})
	other := bundle(t, s, digestOf("tampered"), signPredicate, map[string]any{})
	payload := func(b []byte) string {
		_, rest, _ := strings.Cut(string(b), `"payload":"`)
		text, _, _ := strings.Cut(rest, `"`)
		return text
	}
	return []byte(strings.Replace(string(signed), payload(signed), payload(other), 1))
}

type container struct {
	name, image, why string
	want             bool
}

// at is an image of the trusted registry, by its digest.
func at(name string) string { return "registry.example.com/" + name + "@" + digestOf(name) }

func deployment(containers []container) []byte {
	var b bytes.Buffer
	b.WriteString(`apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
`)
	for _, c := range containers {
		if c.why != "" {
			fmt.Fprintf(&b, "        # why: %s\n", c.why)
		}
		fmt.Fprintf(&b, "        - name: %s\n          image: %s", c.name, c.image)
		if c.want {
			b.WriteString(" # want supply-chain/image-signed")
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

func trustFile(t *testing.T, keys ...fixedSigner) string {
	var b strings.Builder
	b.WriteString("apiVersion: gate/v1\nimages:\n  - name: builds\n    match: [\"registry.example.com/**\"]\n    keys:\n")
	for _, k := range keys {
		b.WriteString("      - pem: |\n")
		for _, line := range strings.Split(strings.TrimSpace(k.pem(t)), "\n") {
			b.WriteString("          " + line + "\n")
		}
	}
	return b.String()
}

const fixtureConfig = `apiVersion: gate/v1
environments:
  - {name: prod, class: prod, paths: ["prod/**"]}
optional: [pull-request, plan, protection, contract]
`
