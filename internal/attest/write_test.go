package attest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/envelope"
)

func publicPEM(t testing.TB, s envelope.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "d.sigstore.json")
	s := testSigner(t, "ours")
	data, err := Sign(build(t, sample()), s)
	if err != nil {
		t.Fatal(err)
	}
	paths, err := Write(file, []Output{{Environment: "prod", Data: data, Signed: true}})
	if err != nil || len(paths) != 1 {
		t.Fatal(paths, err)
	}
	d, err := Read(file)
	if err != nil || !d.Signed {
		t.Fatalf("%+v, %v", d, err)
	}
	for _, n := range [][]Output{nil, {{Environment: "prod", Target: "eu"}, {Environment: "prod", Target: "us"}}} {
		if _, err := Write(file, n); !errors.Is(err, ErrManyDecisions) {
			t.Errorf("%d decisions in one file: %v", len(n), err)
		}
	}
	if again, err := Read(file); err != nil || again.Digest != d.Digest {
		t.Error("a refused write changed the file")
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := Write(filepath.Join(file, "x"), []Output{{}}); err == nil {
		t.Error("wrote below a file")
	}
}

func TestWriteDirectory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   []Output
		want []string
	}{
		{"plain", []Output{{Environment: "prod", Target: "eu", Signed: true}, {Environment: "dev", Signed: true}, {Target: "x"}}, []string{"prod-eu.sigstore.json", "dev.sigstore.json", "x.json"}},
		{"nameless", []Output{{}}, []string{"decision.json"}},
		{"hostile", []Output{{Environment: "../../etc", Target: "a b"}}, []string{"_._.._etc-a_b-67bd48e3.json"}},
		{"same when joined", []Output{{Environment: "a-b", Target: "c"}, {Environment: "a", Target: "b-c"}}, []string{"a-b-c-695274f6.json", "a-b-c-02654a5c.json"}},
		{"same but for case", []Output{{Environment: "Prod"}, {Environment: "prod"}}, []string{"Prod-afcc0c47.json", "prod-60fa1c16.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, fileNames(tt.in)); diff != "" {
				t.Error(diff)
			}
			dir := filepath.Join(t.TempDir(), "new") + "/"
			paths, err := Write(dir, tt.in)
			if err != nil || len(paths) != len(tt.in) {
				t.Fatal(paths, err)
			}
			for i, p := range paths {
				if filepath.Dir(p) != filepath.Clean(dir) || filepath.Base(p) != tt.want[i] {
					t.Errorf("wrote %s", p)
				}
			}
		})
	}
}
