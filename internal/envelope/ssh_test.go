package envelope

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// TestOpenSSH: keys as ssh-keygen writes them sign as the same keys in PEM do.
func TestOpenSSH(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	password := func(text string) func() ([]byte, error) { return func() ([]byte, error) { return []byte(text), nil } }
	for name, key := range map[string]any{"ed25519": ed, "ecdsa": ec} {
		plain, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			t.Fatal(err)
		}
		locked, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("right"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := NewSigner(key)
		if err != nil {
			t.Fatal(err)
		}
		for form, block := range map[string]*pem.Block{"plain": plain, "locked": locked} {
			s, err := LoadSigner(pem.EncodeToMemory(block), password("right"))
			if err != nil || s.KeyID() != want.KeyID() {
				t.Errorf("%s, %s: %v", name, form, err)
				continue
			}
			sig, err := s.Sign([]byte("text"))
			if err != nil {
				t.Fatal(err)
			}
			if public, err := NewPublicKey(s.Public()); err != nil || !public.verify([]byte("text"), sig) {
				t.Errorf("%s, %s: the signature does not verify: %v", name, form, err)
			}
		}
		if _, err := LoadSigner(pem.EncodeToMemory(locked), password("wrong")); err == nil || !strings.Contains(err.Error(), "wrong password") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := LoadSigner(pem.EncodeToMemory(locked), nil); err == nil || !strings.Contains(err.Error(), "no password was given") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
