package kmsplugin

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain makes a plugin of the test program, where it is called as one.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == prefix+"test" {
		act()
		return
	}
	os.Exit(m.Run())
}

// act is a plugin whose key references say what it does: KIND or KIND-FAULT, in a directory
// that keeps its key.
func act() {
	var args struct {
		InitOptions struct {
			ProtocolVersion string
			KeyResourceID   string
			HashFunc        crypto.Hash
			CtxDeadline     time.Time
			RPCOptions      map[string]any
		}
		MethodName string
		PublicKey  *struct {
			PublicKeyOptions struct{ RPCOptions map[string]any }
		}
		SignMessage *struct {
			SignOptions struct{ RPCOptions, MessageOptions map[string]any }
		}
	}
	fail := func(err error) {
		out, _ := json.Marshal(map[string]any{"errorMessage": err.Error()})
		os.Stdout.Write(out)
		os.Exit(1)
	}
	if len(os.Args) != 3 || os.Args[1] != "v1" {
		fail(fmt.Errorf("arguments %q", os.Args))
	}
	if err := json.Unmarshal([]byte(os.Args[2]), &args); err != nil {
		fail(err)
	}
	in := args.InitOptions
	if in.ProtocolVersion != "v1" || in.HashFunc != crypto.SHA256 || in.CtxDeadline.Before(time.Now().Add(-time.Minute)) || in.RPCOptions == nil {
		fail(fmt.Errorf("options %+v", in))
	}
	fmt.Fprintln(os.Stderr, "touch the token")
	kind, fault, _ := strings.Cut(filepath.Base(in.KeyResourceID), "-")
	key := keyOf(kind)
	message, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	answer := map[string]any{"more": 1}
	switch args.MethodName {
	case "publicKey":
		if args.PublicKey == nil || args.PublicKey.PublicKeyOptions.RPCOptions == nil || len(message) > 0 {
			fail(fmt.Errorf("%s", os.Args[2]))
		}
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			fail(err)
		}
		answer["publicKey"] = map[string]any{"publicKeyPEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
	case "signMessage":
		if args.SignMessage == nil || args.SignMessage.SignOptions.RPCOptions == nil || args.SignMessage.SignOptions.MessageOptions == nil {
			fail(fmt.Errorf("%s", os.Args[2]))
		}
		var signature []byte
		if k, ok := key.(ed25519.PrivateKey); ok {
			signature = ed25519.Sign(k, message)
		} else {
			sum := sha256.Sum256(message)
			if signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
				fail(err)
			}
		}
		switch fault {
		case "other":
			signature = ed25519.Sign(keyOf("ed25519x").(ed25519.PrivateKey), message)
		case "raw":
			var rs struct{ R, S *big.Int }
			if _, err := asn1.Unmarshal(signature, &rs); err != nil {
				fail(err)
			}
			signature = append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
		}
		answer["signMessage"] = map[string]any{"signature": signature}
	}
	out, _ := json.Marshal(answer)
	switch fault {
	case "says":
		fail(fmt.Errorf("no such key"))
	case "garbage":
		out = []byte("ok\n")
	case "twice":
		out = append(out, out...)
	case "nothing":
		out = []byte("{}")
	case "much":
		out = bytes.Repeat([]byte(" "), 3<<20)
	case "slow":
		time.Sleep(time.Minute)
	case "killed":
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		time.Sleep(time.Minute)
	case "status":
		os.Stdout.Write(out)
		os.Exit(3)
	case "talks":
		os.Stderr.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	os.Stdout.Write(out)
}

func keyOf(kind string) crypto.Signer {
	seed := sha256.Sum256([]byte(kind))
	switch kind {
	case "ecdsa":
		// Not a key for anything but this test: the scalar is a digest.
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
		if err != nil {
			panic(err)
		}
		return k
	case "p384":
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), append(make([]byte, 16), seed[:]...))
		if err != nil {
			panic(err)
		}
		return k
	}
	return ed25519.NewKeyFromSeed(seed[:])
}

func TestSigner(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, prefix+"test")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	pae := []byte("DSSEv1 1 x 1 y")
	for _, tt := range []struct {
		key, public, sign string // the fault of each call
	}{
		{"test://ecdsa", "", ""},
		{"test://a/b/ed25519", "", ""},
		{"test://ecdsa-status", "", ""},
		{"test://ecdsa-talks", "", ""},
		{"test://p384", "ECDSA P-256 and Ed25519 are supported", ""},
		{"test://ed25519-other", "", "is not by the key"},
		{"test://ecdsa-raw", "", "is not by the key"},
		{"test://ecdsa-says", "no such key", ""},
		{"test://ecdsa-garbage", "read its answer", ""},
		{"test://ecdsa-twice", "data after the value", ""},
		{"test://ecdsa-nothing", "publicKey.publicKeyPEM is missing", ""},
		{"test://ecdsa-much", "larger than", ""},
		{"test://ecdsa-slow", "has not answered within", ""},
		{"test://ecdsa-killed", "killed", ""},
		{"nobody://x", "sigstore-kms-nobody", ""},
		{"test://", "want NAME://KEY", ""},
		{"../test://x", "want NAME://KEY", ""},
	} {
		limit := 20 * time.Second
		if strings.HasSuffix(tt.key, "slow") {
			limit = 300 * time.Millisecond
		}
		var notes bytes.Buffer
		s, err := newSigner(tt.key, &notes, limit)
		if tt.public != "" {
			if err == nil || !strings.Contains(err.Error(), tt.public) {
				t.Errorf("%s: %v, want %s", tt.key, err, tt.public)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.key, err)
			continue
		}
		if !strings.Contains(notes.String(), "touch the token") || notes.Len() > maxNotes {
			t.Errorf("%s: %d bytes are said to people", tt.key, notes.Len())
		}
		signature, err := s.Sign(pae)
		if tt.sign != "" {
			if err == nil || !strings.Contains(err.Error(), tt.sign) {
				t.Errorf("%s: %v, want %s", tt.key, err, tt.sign)
			}
			continue
		}
		if err != nil || !fits(s.Public(), pae, signature) || !strings.HasPrefix(s.KeyID(), "SHA256:") {
			t.Errorf("%s: signature %x: %v", tt.key, signature, err)
		}
	}
	if !IsReference("awskms://alias/x") || IsReference("ci.key") || IsReference("ssh-agent:SHA256:x") || IsReference("./a://b") {
		t.Error("what is a reference")
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte(`{"publicKey":{"publicKeyPEM":"LS0="}}`))
	f.Add([]byte(`{"signMessage":{"signature":"AA=="},"errorMessage":""}`))
	f.Add([]byte(`{"errorMessage":"no"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		answer, err := readAnswer(data)
		if err != nil {
			return
		}
		if message, ok := answer["errorMessage"].(string); ok && message != "" {
			t.Error("an error is taken for an answer")
		}
		if data, err := member(answer, "signMessage", "signature"); err == nil && len(data) == 0 {
			t.Error("an empty signature")
		}
	})
}
