package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/source/sourcetest"
)

// planted stands in inputs where only a secret stands, and must stand in no output:
// neither as it is nor as base64. It has not the shape of a token: what it is, its
// place tells.
const planted = "Vq7plumHarbor91xTide"

// TestPlantedValue plants a value in every kind of input, well-formed and broken, and
// looks for it in everything that commands write: standard output and error, every
// format, the facts, the decision, and what is kept on disk. PLANT in a file is the
// value, PLANT64 its base64.
func TestPlantedValue(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join("testdata", "planted", "*.txt"))
	if err != nil || len(names) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split("\n"+string(data), "\n=== ")[1:] {
			title, files, _ := strings.Cut(text, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txt")+"/"+title, func(t *testing.T) {
				t.Parallel()
				plantedCase(t, files)
			})
		}
	}
}

func plantedCase(t *testing.T, files string) {
	dir, out := t.TempDir(), t.TempDir()
	in64 := base64.StdEncoding.EncodeToString([]byte(planted))
	held := false
	for name, text := range sourcetest.Parse(files) {
		held = held || strings.Contains(text, "PLANT")
		text = strings.ReplaceAll(strings.ReplaceAll(text, "PLANT64", in64), "PLANT", planted)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !held {
		t.Fatal("nothing is planted")
	}
	check := []string{"check", "--policy-ref", "worktree", "--now", "2026-11-23T12:00:00Z", "--cache", filepath.Join(out, "cache"), "--decision", filepath.Join(out, "decision"), "--format", "text"}
	for _, f := range []string{"json", "sarif", "junit", "gitlab-codequality", "gitlab-sast", "github", "markdown", "html", "metrics"} {
		check = append(check, "--format", f+"="+filepath.Join(out, "out."+f))
	}
	if plan := filepath.Join(dir, "plan.json"); exists(plan) {
		check = append(check, "--plan", "stack="+plan)
	}
	for _, args := range [][]string{check, {"facts"}, {"render"}} {
		var text bytes.Buffer
		cmd := exec.Command("gate", append(args, dir)...)
		cmd.Stdout, cmd.Stderr = &text, &text
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull)
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		showsPlanted(t, strings.Join(args[:1], " "), text.Bytes())
	}
	// A configuration that is wrong ends the run; no other input does.
	config, _ := os.ReadFile(filepath.Join(dir, ".gate.yaml"))
	if !bytes.Contains(config, []byte(planted)) && !exists(filepath.Join(out, "out.json")) {
		t.Error("check wrote no report: nothing was looked at")
	}
	err := filepath.WalkDir(out, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		rel, _ := filepath.Rel(out, file)
		showsPlanted(t, rel, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// showsPlanted fails where an output holds the planted value.
func showsPlanted(t *testing.T, what string, text []byte) {
	t.Helper()
	for _, form := range []string{planted, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(planted)), "=")[:24]} {
		if at := bytes.Index(text, []byte(form)); at >= 0 {
			t.Errorf("%s shows the value: …%q…", what, text[max(0, at-100):min(len(text), at+60)])
			return
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
