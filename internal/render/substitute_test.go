package render

import (
	"strings"
	"testing"
)

func FuzzSubstitute(f *testing.F) {
	f.Add("a ${b} ${c:=d} $${e}", "v")
	f.Fuzz(func(t *testing.T, text, value string) {
		out, _, err := substitute(text, map[string]string{"b": value})
		if err == nil && !strings.Contains(text, "${") && out != text {
			t.Errorf("%q became %q", text, out)
		}
	})
}
