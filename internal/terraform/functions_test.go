package terraform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source/sourcetest"
)

// Every function says what Terraform says: the table was written by the program whose
// version is its name, one line for an expression and its value as JSON. What is not
// computed here may be unknown and nothing else; what Terraform refuses has no value.
func TestFunctions(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "functions", "terraform-1.11.4.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	src, err := Locate(sourcetest.Tree{"main.tf": "locals {\n  t = \"x$${a}y\"\n}\n"}, ".")
	if err != nil {
		t.Fatal(err)
	}
	s := newEvaluation(src, nil).root
	for line := range strings.Lines(string(data)) {
		text, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || strings.HasPrefix(text, "#") {
			continue
		}
		got := "<unknown>"
		expr, diags := hclsyntax.ParseExpression([]byte("jsonencode("+text+")"), "e", hcl.InitialPos)
		if diags.HasErrors() {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		if v, _ := s.value(expr, nil).Unmark(); v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
			got = v.AsString()
		}
		if want == "<error>" {
			want = "<unknown>"
		}
		if reason := otherwise[text]; reason != "" {
			if got == want {
				t.Errorf("%s is as Terraform has it, and listed as not", text)
			}
			continue
		}
		if got != want && !(got == "<unknown>" && uncomputed(text)) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// otherwise are calls that this version of Terraform refuses, and why they have a value.
var otherwise = map[string]string{
	`element(["a", "b", "c"], -1)`:     "later versions count from the end",
	`lookup(tomap({a = 1}), "a", "z")`: "a default of another type is not looked at when nobody needs it",
}

// uncomputed names calls whose value is not told.
func uncomputed(text string) bool {
	name, _, _ := strings.Cut(text, "(")
	for _, f := range untoldFunctions {
		if f == name {
			return true
		}
	}
	return false
}
