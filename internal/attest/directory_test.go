package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
)

// One file whose name looks like the lines of two does not stand for both of them.
func TestNamesOfSeveralLines(t *testing.T) {
	t.Parallel()
	sums := map[string][sha256.Size]byte{"a.yaml": sha256.Sum256([]byte("a")), "b.yaml": sha256.Sum256([]byte("b"))}
	set := CloseContents(SubjectRendered, sums)
	digest := func(files map[string]string) string {
		t.Helper()
		dir := t.TempDir()
		for name, text := range files {
			file := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Skip("the file system has no such names: ", err)
			}
		}
		got, err := digestOf(set, dir)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	sum := sums["a.yaml"]
	forged := "a.yaml " + hex.EncodeToString(sum[:]) + "\n100644 b.yaml"
	if digest(map[string]string{"a.yaml": "a", "b.yaml": "b"}) != set.SHA256 {
		t.Error("the files themselves are not what was judged")
	}
	if digest(map[string]string{forged: "b"}) == set.SHA256 {
		t.Error("one file stands for two")
	}
	if digest(map[string]string{"x\ny": "b"}) == digest(map[string]string{`"x\ny"`: "b"}) {
		t.Error("a quoted name is the same as the name that it quotes")
	}
}
