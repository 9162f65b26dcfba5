package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gate/internal/doc"

	"github.com/fluxcd/pkg/envsubst"
	"github.com/google/go-cmp/cmp"
	sigsyaml "sigs.k8s.io/yaml"
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

// substituted is an object after the substitution of Flux: the text is what
// kustomize makes of it, and what is made of the text is read as JSON
// (github.com/fluxcd/pkg/kustomize, SubstituteVariables; AsYAML of a resource).
func substituted(object map[string]any, vars map[string]string) (out any, err error) {
	defer func() {
		if p := recover(); p != nil { // offsets whose sum overflows
			err = fmt.Errorf("%v", p)
		}
	}()
	data, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	text, err := sigsyaml.JSONToYAML(data)
	if err != nil {
		return nil, err
	}
	replaced, err := envsubst.Eval(string(text), func(name string) (string, bool) { return vars[name], true })
	if err != nil {
		return nil, err
	}
	if data, err = sigsyaml.YAMLToJSON([]byte(replaced)); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	if _, ok := out.(map[string]any); !ok {
		return nil, errors.New("no object")
	}
	return out, nil
}

// FuzzSubstituteObjects compares objects after substitution with what Flux makes
// of them.
func FuzzSubstituteObjects(f *testing.F) {
	for _, text := range []string{
		"${v}", "a ${v} b", "${none:=d}", "$${v}", "${v:0:3} ${v^^}", "${none:=a: b}", "line\n${v}\nline\n", "${none:-'x'}", "'${v}'", "${v} #", "- ${v}", "${none:=[a, b]}",
		"a long text of many words that goes on and on beyond what fits in one line of eighty characters ${v} and ${none:=a default of several words} behind",
		" ${v}", "${v}\t", "y${none}", "0${v}", "${none:=yes}", "${none:=1e3}", "${none:=.nan}", "${none:=0o17}", "${none:=0x1F}", "${none:=2001-01-01}", "${none:=~}", "${none:=12345678901234567890}", "\u00e9${v}", "${v}\u2028", "\x07${v}",
	} {
		f.Add(text, "value")
		f.Add(text, "a: b")
		f.Add(text, "'")
		f.Add(text, "1\t#")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text)+len(value) > 300 || !utf8.ValidString(text) || !utf8.ValidString(value) {
			return // no text in an object is anything else
		}
		value = strings.ReplaceAll(value, "\n", "") // as where variables are read
		object := map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c", "labels": map[string]any{text: "x"}},
			"data": map[string]any{"v": text, "deep": []any{map[string]any{"v": text, "n": int64(1)}, []any{text}, "${v}"}},
		}
		vars := map[string]string{"v": value}
		want, wantErr := substituted(object, vars)
		r := Rendered{Unit: Unit{Substitute: vars}, Objects: []Object{{Manifest: object}}}
		err := NewRenderer(nil, Options{}).substituteObjects(&r)
		switch {
		case err != nil: // known: what is refused here is told, so that nothing passes
			if wantErr == nil && !ownRefusal(err) {
				t.Errorf("%v, and Flux makes %v", err, want)
			}
			return
		case wantErr != nil:
			t.Fatalf("Flux says %v, and nothing is wrong here", wantErr)
		}
		data, err := json.Marshal(r.Objects[0].Manifest)
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-Flux +here\n%s", diff)
		}
	})
}

// ownRefusal says whether an object is refused here for a reason of our own.
func ownRefusal(err error) bool {
	return slices.ContainsFunc([]string{
		"more than", "too many escapes", // limits
		"no text", "cannot be evaluated", // what the library does not get through either
	}, func(s string) bool { return strings.Contains(err.Error(), s) })
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
