package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/policysource"
	"gate/internal/source/sourcetest"

	"github.com/google/go-cmp/cmp"
)

const (
	tokenLike = "ghp_fjgVvVqE1SkHbn88HxjSI6bWHtP3fS2qHx6k" // has the shape of a secret
	word      = "correct-horse-battery"                    // is one by its key only
)

// A line is not shown that holds a secret: one detected there, or the value of
// one that was detected elsewhere.
func TestHoldsSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"values.yaml": "db:\n  password: " + word + "\n  name: web\n",
		"a.yaml":      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: " + word + "\n  b: plain\n",
		"broken.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  x: [a\n  y: : :\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := Check(context.Background(), Options{Dir: dir, Local: true, Rules: []string{"kubernetes/privileged-container"}})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, tt := range []struct {
		file string
		line int
		want bool
	}{
		{"values.yaml", 1, false}, {"values.yaml", 2, true}, {"values.yaml", 3, false},
		{"a.yaml", 4, false}, {"a.yaml", 5, true}, {"a.yaml", 5, true}, {"a.yaml", 6, false}, {"a.yaml", 60, false},
		{"broken.yaml", 1, true}, // a Secret that cannot be read may hold one anywhere
	} {
		if got := out.HoldsSecret(tt.file, tt.line); got != tt.want {
			t.Errorf("%s:%d: %v, want %v", tt.file, tt.line, got, tt.want)
		}
	}
}

// What is wrong with the policy's files is said without their secrets, and
// stays a fault of usage.
func TestPolicyHidesSecrets(t *testing.T) {
	t.Parallel()
	valid := "apiVersion: gate/v1\nenvironments:\n  - {name: prod, class: prod}\n"
	broken := "apiVersion: gate/v1\nenvironments:\n  - {name: prod, class: " + tokenLike + "}\n"
	for _, tt := range []struct {
		name string
		tree sourcetest.Tree
		from string // a configuration that is handed in
		want string
	}{
		{name: "a token in the configuration", tree: sourcetest.Tree{config.File: broken}, want: `environments[0].class is "[redacted]"`},
		{name: "in one that is handed in", tree: sourcetest.Tree{}, from: broken, want: `environments[0].class is "[redacted]"`},
		{
			name: "a word that another key makes a secret",
			tree: sourcetest.Tree{config.File: valid + "password: " + word + "\nrules: {a/b: {effect: " + word + "}}\n"}, want: `effect is "[redacted]"`,
		},
		{name: "waivers", tree: sourcetest.Tree{config.File: valid, ".gate/waivers.yaml": "apiVersion: " + tokenLike + "\n"}, want: `apiVersion is "[redacted]"`},
		{
			name: "waivers under another name",
			tree: sourcetest.Tree{config.File: valid + "waivers: other.yaml\n", "other.yaml": "apiVersion: " + tokenLike + "\n"}, want: `apiVersion is "[redacted]"`,
		},
		{name: "trust", tree: sourcetest.Tree{config.File: valid, ".gate/trust.yaml": "apiVersion: " + tokenLike + "\n"}, want: `apiVersion is "[redacted]"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := policysource.Open(context.Background(), policysource.Options{
				Config: tt.from, ReadInput: func(string) ([]byte, error) { return []byte(tt.from), nil },
			}, nil, tt.tree)
			if p != nil || err == nil {
				t.Fatalf("error %v", err)
			}
			if text := err.Error(); !strings.Contains(text, tt.want) || strings.Contains(text, tokenLike) || strings.Contains(text, word) {
				t.Errorf("error %q, want %q", text, tt.want)
			}
		})
	}
}

// What the decision says by itself quotes waivers: they may hold secrets.
func TestFindingsHideSecrets(t *testing.T) {
	t.Parallel()
	used := &decide.WaiverUse{ID: "a", Owner: "@a", Reason: "was " + word, Ticket: "x/" + tokenLike}
	res := &decide.Result{
		Findings: []decide.Finding{{Message: `waiver "a": ` + tokenLike}, {Message: "m", Waived: used}},
		Waivers:  []decide.WaiverUse{*used}, Notes: []string{word},
	}
	redact := strings.NewReplacer(word, "[redacted]", tokenLike, "[redacted]").Replace
	redactFindings(res, redact, redact)
	hidden := decide.WaiverUse{ID: "a", Owner: "@a", Reason: "was [redacted]", Ticket: "x/[redacted]"}
	want := &decide.Result{
		Findings: []decide.Finding{{Message: `waiver "a": [redacted]`}, {Message: "m", Waived: &hidden}},
		Waivers:  []decide.WaiverUse{hidden}, Notes: []string{"[redacted]"},
	}
	if diff := cmp.Diff(want, res); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The driver's redactor knows the policy's own files too, and every text of a
// record goes through it.
func TestRedactor(t *testing.T) {
	t.Parallel()
	c := changeFacts(t, "-- .gate/waivers.yaml --\npassword: "+word+"\n", "-- values.yaml --\npassword: staple-mountain-river\n-- a.yaml --\nx: y\n")
	said := Record{
		Ledger: []facts.Entry{{Reason: "a " + word, Hint: "b staple-mountain-river"}}, Notes: []string{"c " + word + " staple-mountain-river"},
	}
	got := said.Redacted(c.redactor())
	want := Record{Ledger: []facts.Entry{{Reason: "a [redacted]", Hint: "b [redacted]"}}, Notes: []string{"c [redacted] [redacted]"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if said.Notes[0] != "c "+word+" staple-mountain-river" {
		t.Error("the record itself was changed")
	}
	err := c.failure(context.Background(), usage(errors.New("bad "+word)))
	var fault *UsageError
	if !errors.As(err, &fault) || err.Error() != "bad [redacted]" {
		t.Errorf("error %v", err)
	}
	if err := c.failure(context.Background(), errors.New("bad staple-mountain-river")); errors.As(err, &fault) || err.Error() != "bad [redacted]" {
		t.Errorf("error %v", err)
	}
	c.gathered = nil
	if text := c.redactor()(word + " staple-mountain-river"); text != "[redacted] [redacted]" {
		t.Errorf("before facts are gathered: %s", text)
	}
}
