package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gate": main, "sigstore-kms-test": kmsPlugin})
}

// One script for each behaviour; each also says what must not be written.
// The command "code N" runs gate and asks for its exit code, "keypair NAME"
// writes NAME.key and NAME.pub.
func TestScripts(t *testing.T) {
	testscript.Run(t, scripts(filepath.Join("testdata", "script")))
}

// scripts are those of a directory, with the commands and the environment of all of them.
func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
			e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			e.Setenv("GIT_AUTHOR_NAME", "Alice")
			e.Setenv("GIT_AUTHOR_EMAIL", "alice@example.com")
			e.Setenv("GIT_AUTHOR_DATE", "2026-11-20T12:00:00Z")
			e.Setenv("GIT_COMMITTER_NAME", "Alice")
			e.Setenv("GIT_COMMITTER_EMAIL", "alice@example.com")
			e.Setenv("GIT_COMMITTER_DATE", "2026-11-20T12:00:00Z")
			e.Setenv("NOW", "2026-11-23T12:00:00Z")
			// For what goes by the clock.
			e.Setenv("TODAY", time.Now().UTC().Format(time.DateOnly))
			e.Setenv("NEXTMONTH", time.Now().UTC().AddDate(0, 1, 0).Format(time.DateOnly))
			fixtures, err := filepath.Abs("testdata")
			e.Setenv("FIXTURES", fixtures)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"code": code, "keypair": keypair},
	}
}

// code runs a command and compares its exit code: code 3 gate check .
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = exitCode(err)
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// keypair writes a key that signs decisions and its public half: keypair ci
func keypair(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keypair NAME")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pub"), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600))
}

func exitCode(err error) string {
	type coder interface{ ExitCode() int }
	if c, ok := err.(coder); ok {
		return strconv.Itoa(c.ExitCode())
	}
	return err.Error()
}
