package attest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"gate/internal/envelope"
)

// TestCosign holds decisions against the real cosign, whose path GATE_COSIGN
// names. It is built from interop/cosign, a module of its own, so that cosign
// never enters ours: make interop.
func TestCosign(t *testing.T) {
	exe := os.Getenv("GATE_COSIGN")
	if exe == "" {
		t.Skip("GATE_COSIGN names no cosign; make interop builds one and runs this test")
	}
	dir := t.TempDir()
	cosign := func(args ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, exe, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=secret", "HOME="+dir)
		return cmd.CombinedOutput()
	}
	if out, err := cosign("version"); err != nil {
		t.Fatalf("%s does not run: %v\n%s", exe, err, out)
	}
	writeFile(t, filepath.Join(dir, "plan.json"), planJSON)
	writeFile(t, filepath.Join(dir, "plan.bin"), planBytes)
	writeFile(t, filepath.Join(dir, "other.json"), "{}")
	verify := func(key, file, predicateType string) ([]byte, error) {
		return cosign("verify-blob-attestation", "--key", key, "--bundle", "d.sigstore.json", "--insecure-ignore-tlog", "--type", predicateType, file)
	}

	seed := sha256.Sum256([]byte("interop"))
	edSigner, err := envelope.NewSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := cosign("generate-key-pair", "--output-key-prefix", "pair"); err != nil {
		t.Fatalf("generate-key-pair: %v\n%s", err, out)
	}
	sealed, err := os.ReadFile(filepath.Join(dir, "pair.key"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := envelope.LoadSigner(sealed, func() ([]byte, error) { return []byte("secret"), nil })
	if err != nil {
		t.Fatalf("a key of cosign: %v", err)
	}
	for name, s := range map[string]envelope.Signer{"ECDSA": testSigner(t, "interop"), "Ed25519": edSigner, "a key of cosign": pair} {
		writeFile(t, filepath.Join(dir, "k.pub"), string(publicPEM(t, s)))
		writeFile(t, filepath.Join(dir, "other.pub"), string(publicPEM(t, testSigner(t, "another"))))
		data, err := Sign(build(t, sample()), s)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, "d.sigstore.json"), string(data))
		for _, file := range []string{"plan.json", "plan.bin"} {
			if out, err := verify("k.pub", file, PredicateType); err != nil {
				t.Errorf("%s: cosign refuses our decision for %s: %v\n%s", name, file, err, out)
			}
		}
		// A check that cannot fail would prove nothing.
		for _, bad := range [][3]string{{"k.pub", "other.json", PredicateType}, {"other.pub", "plan.json", PredicateType}, {"k.pub", "plan.json", "urn:gate:approval:v1"}} {
			if out, err := verify(bad[0], bad[1], bad[2]); err == nil {
				t.Errorf("%s: cosign accepts %q\n%s", name, bad, out)
			}
		}
	}

	// The way of a KMS: gate writes the statement, cosign signs it.
	payload := build(t, sample())
	writeFile(t, filepath.Join(dir, "statement.json"), string(payload))
	if out, err := cosign("attest-blob", "--key", "pair.key", "--use-signing-config=false", "--tlog-upload=false", "--yes", "--statement", "statement.json", "--bundle", "by-cosign.json"); err != nil {
		t.Fatalf("attest-blob: %v\n%s", err, out)
	}
	d, err := Read(filepath.Join(dir, "by-cosign.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(d.Payload, payload) {
		t.Errorf("cosign changed the statement:\n%s\n%s", payload, d.Payload)
	}
	v := Verify(VerifyInput{
		Decision: d, Keys: []envelope.PublicKey{publicKey(t, pair)}, Environment: "prod", Target: "eu", Repository: d.Predicate.Identity.Repository, Now: judged,
		Subjects: map[string]string{SubjectPlan: filepath.Join(dir, "plan.bin"), SubjectPlanJSON: filepath.Join(dir, "plan.json")},
	})
	if !v.Authorised() {
		t.Errorf("signed by cosign: %+v", v.Refusals)
	}
}
