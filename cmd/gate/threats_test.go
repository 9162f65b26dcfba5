package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gate/internal/envelope"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

// Each script mounts an attack, or a fault that others shipped, on one repository and says
// which check stops it; docs/threats.md lists them. They begin on a branch "change", which
// changes prod/web.yaml. The command "bundle KEY FILE OUT" signs any bytes, "replan FILE
// OUT" makes another binary plan of the same content.
func TestThreats(t *testing.T) {
	p := scripts(filepath.Join("testdata", "threats"))
	environment := p.Setup
	p.Setup = func(e *testscript.Env) error {
		if err := environment(e); err != nil {
			return err
		}
		return layThreatened(e.WorkDir, e.Vars)
	}
	p.Cmds["bundle"], p.Cmds["replan"] = bundle, replan
	testscript.Run(t, p)
}

// threatKeys are whose keys there are: of jobs, of people, and of somebody else.
var threatKeys = []string{"ci", "ci-dev", "alice", "bob", "bob-laptop", "carol", "mallory"}

// layThreatened lays out testdata/threatened.txtar as a repository below dir, with keys
// beside it.
func layThreatened(dir string, env []string) error {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "threatened.txtar"))
	if err != nil {
		return err
	}
	var names []string
	for _, name := range threatKeys {
		s, err := threatKey(name)
		if err != nil {
			return err
		}
		names = append(names, "KEY("+name+")", s.KeyID())
		if err := writeKeys(dir, name, s); err != nil {
			return err
		}
	}
	keys := strings.NewReplacer(names...)
	for i, f := range archive.Files {
		archive.Files[i].Data = []byte(keys.Replace(string(f.Data)))
	}
	if err := txtar.Write(archive, dir); err != nil {
		return err
	}
	for _, name := range []string{"ci", "ci-dev"} {
		public, err := os.ReadFile(filepath.Join(dir, name+".pub"))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "repo", ".gate", name+".pub"), public, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.Command("sh", "../lay.sh")
	cmd.Dir, cmd.Env = filepath.Join(dir, "repo"), append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lay out the repository: %w: %s", err, out)
	}
	return nil
}

type seeded struct {
	envelope.Signer
	key ed25519.PrivateKey
}

func threatKey(name string) (seeded, error) {
	seed := sha256.Sum256([]byte("threat " + name))
	key := ed25519.NewKeyFromSeed(seed[:])
	s, err := envelope.NewSigner(key)
	return seeded{s, key}, err
}

func writeKeys(dir, name string, s seeded) error {
	private, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(s.Public())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o644)
}

// bundle signs what nobody would sign: bundle ci payload.json out.json
func bundle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: bundle KEY PAYLOAD OUT")
	}
	s, err := threatKey(args[0])
	ts.Check(err)
	data, err := envelope.SignBundle([]byte(strings.TrimSuffix(ts.ReadFile(args[1]), "\n")), envelope.PayloadType, s)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o644))
}

// replan writes an archive of the same files at another time, as a plan that is made again
// is: replan tfplan again
func replan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: replan FILE OUT")
	}
	data := []byte(ts.ReadFile(args[0]))
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	ts.Check(err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		ts.Check(err)
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)})
		ts.Check(err)
		_, err = io.Copy(to, r)
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out.Bytes(), 0o644))
}

// The page names, for each threat, a check of gate and what mounts the attack: all of it
// exists, and every script is named.
func TestThreatsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	rows := 0
	test, script := regexp.MustCompile("^`((?:Test|Fuzz)\\w+)` in `([\\w/.-]+)`$"), regexp.MustCompile("^`([\\w-]+\\.txtar)`$")
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 3 || cells[2] == "test" {
			continue
		}
		rows++
		for _, name := range strings.Split(cells[2], ", ") {
			if m := script.FindStringSubmatch(name); m != nil {
				named[m[1]] = true
				_, threat := os.Stat(filepath.Join("testdata", "threats", m[1]))
				_, other := os.Stat(filepath.Join("testdata", "script", m[1]))
				if threat != nil && other != nil {
					t.Errorf("%s is no script", m[1])
				}
				continue
			}
			m := test.FindStringSubmatch(name)
			if m == nil {
				t.Errorf("%q names neither a script nor a test", name)
				continue
			}
			if !declaresTest(t, filepath.Join("../..", m[2]), m[1]) {
				t.Errorf("%s has no %s", m[2], m[1])
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "threats", "*.txtar"))
	if err != nil || len(files) == 0 || rows < len(files) {
		t.Fatalf("%d rows, %d scripts, %v", rows, len(files), err)
	}
	for _, f := range files {
		if !named[filepath.Base(f)] {
			t.Errorf("docs/threats.md does not name %s", filepath.Base(f))
		}
	}
}

func declaresTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte("\nfunc "+name+"(")) {
			return true
		}
	}
	return false
}
