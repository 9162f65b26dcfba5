package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The answer as JSON is what its schema says, tells every check, and has the exit code of
// the process.
func TestVerificationSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "schemas", "verification.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := decisionDir(t, nil)
	for name, tt := range map[string]struct {
		decision, key, environment, file string
		outcomes                         map[string]string
	}{
		"authorised":  {"d.sigstore.json", "k.pub", "prod", "rendered.yaml", map[string]string{"signature": "ok", "policy": "given", "subjects": "ok"}},
		"other bytes": {"d.sigstore.json", "k.pub", "prod", "other.yaml", map[string]string{"signature": "ok", "subjects": "mismatch"}},
		"no file":     {"d.sigstore.json", "k.pub", "prod", "none", map[string]string{"subjects": "unknown"}},
		"elsewhere":   {"d.sigstore.json", "k.pub", "dev", "rendered.yaml", map[string]string{"target": "mismatch", "subjects": "ok"}},
		"unsigned":    {"unsigned.json", "k.pub", "prod", "rendered.yaml", map[string]string{"signature": "mismatch", "subjects": "unknown"}},
	} {
		code, out, errs := runCommand(newVerifyCommand, filepath.Join(dir, tt.decision), "--env", tt.environment, "--key", filepath.Join(dir, tt.key), "--accept-given-trust",
			"--repository", "github.com/acme/platform", "--subject", "rendered-set="+filepath.Join(dir, tt.file), "--format", "json")
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(out)))
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", name, err, out, errs)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got verification
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.ExitCode != code || got.Authorised != (code == exitOK) {
			t.Errorf("%s: exit %d, and %d is told, authorised %v", name, code, got.ExitCode, got.Authorised)
		}
		for _, c := range got.Checks {
			if want := tt.outcomes[c.Name]; want != "" && c.Outcome != want {
				t.Errorf("%s: check %s is %s, want %s", name, c.Name, c.Outcome, want)
			}
		}
		if len(got.Checks) != 16 {
			t.Errorf("%s: %d checks", name, len(got.Checks))
		}
	}
}
