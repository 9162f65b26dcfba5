package sshagent

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/envelope"

	"golang.org/x/crypto/ssh/agent"
)

// listen serves an agent that holds keys, on a socket whose path is returned.
func listen(t *testing.T, keys ...any) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	return socket
}

// TestSigner: what an agent signs verifies as what a key file signs, by either fingerprint
// of the key.
func TestSigner(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	socket := listen(t, large, &ed, ec)
	for name, public := range map[string]any{"ed25519": ed.Public(), "ecdsa": ec.Public()} {
		key, err := envelope.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		prints := key.Fingerprints()
		if len(prints) != 2 || prints[0] == prints[1] {
			t.Fatalf("%s: fingerprints %q", name, prints)
		}
		for _, fingerprint := range prints {
			s, done, err := Signer(socket, fingerprint)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			data, err := envelope.SignBundle([]byte(`{}`), envelope.PayloadType, s)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b, err := envelope.ReadBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := b.Verify([]envelope.PublicKey{key}); err != nil || v.KeyID != s.KeyID() {
				t.Errorf("%s: %v", name, err)
			}
			if err := done(); err != nil {
				t.Error(err)
			}
		}
	}
	for name, tt := range map[string]struct{ socket, fingerprint, want string }{
		"no agent":    {"", "SHA256:x", "SSH_AUTH_SOCK is not set"},
		"a dead one":  {filepath.Join(t.TempDir(), "none"), "SHA256:x", "connect to the ssh-agent"},
		"another key": {socket, "SHA256:x", "the ssh-agent holds no"},
	} {
		if _, _, err := Signer(tt.socket, tt.fingerprint); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
