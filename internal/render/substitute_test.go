package render

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"gate/internal/doc"

	"github.com/google/go-cmp/cmp"
)

// TestSubstitution checks expressions against what Flux makes of them.
func TestSubstitution(t *testing.T) {
	vars := map[string]string{"v": "release-1.2.3", "name": "web", "up": "WEB", "empty": "", "path": "a/b/c.tar.gz", "_x1": "ok", "cut": "äöü"}
	for _, c := range []struct {
		text, want, empty string
	}{
		{"no variable: $HOME $(pwd) {v}", "no variable: $HOME $(pwd) {v}", ""},
		{"${v} ${_x1}", "release-1.2.3 ok", ""},
		{"a${none}b ${empty}.", "ab .", "none"},
		{"${none:=d} ${none:-d e} ${none=d} ${empty:=d} ${name:=d}", "d d e d d web", ""},
		{"${none:=${name}-${none:-x}}", "web-x", ""},
		{"$${v} $$${v} a$$b", "${v} $release-1.2.3 a$b", ""},
		{"${v:0:7} ${v:8} ${v:8:1} ${v: -3} ${v:8:-2} ${v:99} ${none:0:7}", "release 1.2.3 1 release-1.2.3 1.2  ", "none"},
		{"${name^^} ${name^} ${up,,} ${up,} ${none^^}", "WEB Web web wEB ", "none"},
		{"${name/e/o} ${path/\\//-} ${path//\\//-} ${path//\\//} ${v/#release-/v} ${v/%.3/.x}", "wob a-b/c.tar.gz a-b-c.tar.gz abc.tar.gz v1.2.3 release-1.2.x", ""},
		{"${path##*/} ${path%%.*} ${path%.gz} ${v#release-} ${#name}", "c.tar.gz a/b/c a/b/c.tar 1.2.3 3", ""},
	} {
		s := substitution{vars: vars, empty: map[string]bool{}, left: 1 << 20}
		got, err := s.apply(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got != c.want {
			t.Errorf("%s: %q, expected %q", c.text, got, c.want)
		}
		if empty := strings.Join(slices.Sorted(maps.Keys(s.empty)), " "); empty != c.empty {
			t.Errorf("%s: without a value %q, expected %q", c.text, empty, c.empty)
		}
	}
}

// TestSubstitutionFails checks what is refused, and that hostile texts end.
func TestSubstitutionFails(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for name, c := range map[string]struct{ text, want string }{
		"a name with a dot":       {"x: ${name}\ny: ${a.b} ${c.d}", `"${a.b}" is no expression that is understood`},
		"an array of a shell":     {"${list[@]}", `"${list[@]}" is no expression that is understood`},
		"a default without colon": {"${a-b}", `"${a-b}" is no expression that is understood`},
		"no name":                 {"${}", `"${}" is no expression that is understood`},
		"without an end":          {"a\nb ${name\nc", `"${name" is no expression that is understood`},
		"behind an escaped one":   {"$${a.b} ${name:=${x.y}}", `"${name:=${x.y}" is no expression that is understood`},
		"many":                    {strings.Repeat("${name}", maxExpressions+1), "more than 100000 variables"},
		"nested":                  {strings.Repeat("${none:=", 1000) + strings.Repeat("}", 1000), "nested more than 100 levels deep"},
		"escapes":                 {strings.Repeat("$$", 1<<20), "too many escapes"},
		"multiplied":              {"${long//a/" + strings.Repeat("b", 1000) + "}", "more text than one unit may have"},
		"repeated":                {strings.Repeat("${long}", 100), "more text than one unit may have"},
		"offsets that overflow":   {"${name:1:9223372036854775807}", "cannot be evaluated"},
		"patterns":                {"${long##*b}", "more text than one unit may have"},
	} {
		s := substitution{vars: map[string]string{"name": "web", "long": long}, empty: map[string]bool{}, left: 64 << 20}
		if _, err := s.apply(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, expected %s", name, err, c.want)
		}
	}
}

// TestSubstituteObjects checks what is exempt, and that a value takes its type
// from the text that it becomes.
func TestSubstituteObjects(t *testing.T) {
	object := func(name, metadata string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + metadata + "}\ndata: {v: '${n}', w: \"${t}\"}\n"
	}
	u := kustomizationAt("k")
	u.Substitute = map[string]string{"n": "3", "t": "a: b"}
	w := tree(t, map[string]string{
		"k/kustomization.yaml": "resources: [a.yaml, b.yaml, c.yaml]\n",
		"k/a.yaml":             object("a", ", labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}"),
		"k/b.yaml":             object("b", ", annotations: {kustomize.toolkit.fluxcd.io/substitute: disabled}"),
		"k/c.yaml":             object("c", ", labels: {kustomize.toolkit.fluxcd.io/substitute: enabled}"),
	})
	r, err := Render(t.Context(), w, u, Options{})
	if err == nil {
		t.Fatalf("a text that breaks the YAML is taken: %v", r.Objects)
	}
	u.Substitute["t"] = "x"
	if r, err = Render(t.Context(), w, u, Options{}); err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, o := range r.Objects {
		got = append(got, doc.At(o.Manifest, "data", "v"), doc.At(o.Manifest, "data", "w"))
	}
	if diff := cmp.Diff([]any{"${n}", "${t}", "${n}", "${t}", int64(3), "x"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if at := r.Objects[2].Locator.Locate([]any{"data", "v"}).String(); at != "k/c.yaml:4:8" {
		t.Errorf("the value stands at %s", at)
	}
	u.Substitute["a.b"] = "x"
	if _, err = Render(t.Context(), w, u, Options{}); err == nil || !strings.Contains(err.Error(), `"a.b" is no name of a variable`) {
		t.Errorf("error %v", err)
	}
}

func FuzzSubstitute(f *testing.F) {
	f.Add("a ${b} ${c:=d} $${e}", "v")
	f.Add("${b:0:7} ${b^^} ${b/a/b} ${b//x/yy} ${b##*/} ${#b}", "v/w")
	f.Add("${b:1:9223372036854775807} ${b: -1:-9}", "value")
	f.Fuzz(func(t *testing.T, text, value string) {
		s := substitution{vars: map[string]string{"b": value}, empty: map[string]bool{}, left: 1 << 20}
		out, err := s.apply(text)
		if err == nil && !strings.Contains(text, "${") && !strings.Contains(text, "$$") && out != text {
			t.Errorf("%q became %q", text, out)
		}
		if len(out) > 1<<20 && len(text) < 1<<20 {
			t.Errorf("%d bytes are made", len(out))
		}
	})
}
