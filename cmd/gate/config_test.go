package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// configDir writes files below a new directory.
func configDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const smallConfig = `apiVersion: gate/v1
environments:
  - {name: prod, class: prod}
  - {name: dev, class: non-prod}
roles: {security: {teams: ["@acme/s"]}, elevated: {teams: ["@acme/e"]}}
rules:
  kubernetes/image-digest: {effect: {dev: off}, enforceFrom: 2027-01-01}
exclude: [{paths: ["docs/**"], reason: r, owner: o, expires: 2026-01-01}]
`

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: gate/v1\n"
	const waiver = "  - {id: a, rule: kubernetes/image-digest, scope: {environment: prod, path: a/b}, owner: o, reason: r, created: 2026-01-01, expires: 2026-01-20}\n"
	tests := []struct {
		name  string
		files map[string]string
		code  int
		want  []string // parts of the output
	}{
		{"valid", map[string]string{".gate.yaml": smallConfig, ".gate/waivers.yaml": head + "waivers:\n" + waiver, ".gate/trust.yaml": head}, 0, []string{
			".gate.yaml is valid: 2 environments", "waivers.yaml is valid: 1 waivers", "trust.yaml is valid",
			".gate.yaml:8: exclusion expired on 2026-01-01", `waivers.yaml:3: waiver "a" expired on 2026-01-20`}},
		{"missing", nil, 2, []string{"no such file"}},
		{"faults of all files", map[string]string{
			".gate.yaml":         smallConfig + "",
			".gate/waivers.yaml": head + "waivers:\n" + strings.Replace(waiver, "image-digest", "image-digst", 1) + "  - {id: b}\n",
			".gate/trust.yaml":   head + "image: []\n",
		}, 2, []string{
			`waivers.yaml:3: waiver "a": unknown rule "kubernetes/image-digst"; did you mean "kubernetes/image-digest"?`,
			`waivers.yaml:4: waiver "b": waivers[1] is missing the key "reason"`,
			`trust.yaml:2:1: unknown key "image"; did you mean "images"?`}},
		{"unknown key and rule", map[string]string{".gate.yaml": strings.Replace(smallConfig, "rules:", "rule:", 1)}, 2, []string{`.gate.yaml:6:1: unknown key "rule"; did you mean "rules"?`}},
		{"unknown rule", map[string]string{".gate.yaml": strings.Replace(smallConfig, "image-digest", "image-digests", 1)}, 2, []string{`.gate.yaml:7:3: unknown rule "kubernetes/image-digests"; did you mean "kubernetes/image-digest"?`}},
		{"named companion is missing", map[string]string{".gate.yaml": smallConfig + "trust: keys/trust.yaml\n"}, 2, []string{`.gate.yaml:9:1: "keys/trust.yaml": there is no such file`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := configDir(t, tt.files)
			var out bytes.Buffer
			code := Main([]string{"config", "validate", "--now", "2026-06-01T00:00:00Z", filepath.Join(dir, ".gate.yaml")}, &streams{In: strings.NewReader(""), Out: &out, Err: &out})
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			for _, w := range tt.want {
				if !strings.Contains(out.String(), w) {
					t.Errorf("output lacks %q:\n%s", w, out.String())
				}
			}
		})
	}
}

func TestConfigCompanionsStayBelow(t *testing.T) {
	t.Parallel()
	outside := configDir(t, map[string]string{"secret": "password: hunter2"})
	dir := configDir(t, map[string]string{".gate.yaml": smallConfig, ".gate/x": ""})
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, ".gate", "waivers.yaml")); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	code := Main([]string{"config", "validate", filepath.Join(dir, ".gate.yaml")}, &streams{In: strings.NewReader(""), Out: &out, Err: &out})
	if code != 2 || strings.Contains(out.String(), "password") || !strings.Contains(out.String(), "read .gate/waivers.yaml") {
		t.Errorf("exit %d\n%s", code, out.String())
	}
}

func TestConfigShow(t *testing.T) {
	t.Parallel()
	dir := configDir(t, map[string]string{".gate.yaml": smallConfig})
	show := func(args ...string) (string, int) {
		var out, errs bytes.Buffer
		code := Main(append(append([]string{"config", "show"}, args...), filepath.Join(dir, ".gate.yaml")), &streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		return out.String() + errs.String(), code
	}
	text, code := show("--format", "json", "--now", "2026-06-01T00:00:00Z")
	var v effectiveView
	if err := json.Unmarshal([]byte(text), &v); err != nil || code != 0 {
		t.Fatalf("exit %d, %v\n%s", code, err, text)
	}
	digest := v.Rules["kubernetes/image-digest"]
	got := [3]string{digest["prod"].Effect, digest["dev"].Effect, digest["prod"].From}
	if want := [3]string{"warn", "off", "2027-01-01"}; got != want || len(digest) != 3 {
		t.Errorf("image-digest: %v, want %v", got, want)
	}
	text, _ = show("--format", "json", "--now", "2027-06-01T00:00:00Z", "--env", "prod")
	var later effectiveView
	if err := json.Unmarshal([]byte(text), &later); err != nil {
		t.Fatal(err)
	}
	digest = later.Rules["kubernetes/image-digest"]
	if _, dev := digest["dev"]; dev || digest["prod"].Effect != "deny" {
		t.Errorf("in 2027, prod: %v", digest)
	}
	if text, code := show("--env", "prd"); code != 2 || !strings.Contains(text, `did you mean "prod"?`) {
		t.Errorf("exit %d: %s", code, text)
	}
	if text, code := show("--format", "yml"); code != 2 || !strings.Contains(text, `did you mean "yaml"?`) {
		t.Errorf("exit %d: %s", code, text)
	}
	if text, code := show(); code != 0 || !strings.Contains(text, "kubernetes/image-digest:\n") {
		t.Errorf("exit %d: %s", code, text)
	}
}
