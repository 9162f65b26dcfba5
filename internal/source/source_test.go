package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseYAMLPositions(t *testing.T) {
	text := "# comment\n" +
		"apiVersion: v1\n" +
		"spec:\n" +
		"  containers:\n" +
		"    - name: \"wéb\"\n" +
		"      image: x:1 # why\n" +
		"    - {name: b, 😀: c, image: y}\n" +
		"--- # second\n" +
		"a: &x {b: 1}\n" +
		"c:\n" +
		"  <<: *x\n" +
		"  d: 2\n"
	docs, err := ParseYAML("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 {
		t.Fatalf("%d documents, want 2", len(docs))
	}
	tests := []struct {
		doc  int
		path Path
		want Position
		ok   bool
	}{
		{0, Path{"apiVersion"}, Position{File: "f.yaml", Line: 2, Column: 1, EndLine: 2, EndColumn: 11}, true},
		{0, Path{"spec", "containers", 0, "image"}, Position{File: "f.yaml", Line: 6, Column: 7, EndLine: 6, EndColumn: 12}, true},
		{0, Path{"spec", "containers", 1, "image"}, Position{File: "f.yaml", Line: 7, Column: 24, EndLine: 7, EndColumn: 29}, true}, // the emoji is two units
		{0, Path{"spec", "containers", 0, "missing"}, Position{File: "f.yaml", Line: 5, Column: 7, EndLine: 5, EndColumn: 18, Approximate: true}, false},
		{1, Path{"c", "d"}, Position{File: "f.yaml", Line: 12, Column: 3, EndLine: 12, EndColumn: 4}, true},
		{1, Path{"c", "b"}, Position{File: "f.yaml", Line: 9, Column: 8, EndLine: 9, EndColumn: 9}, true}, // where the merged key stands
	}
	for _, tt := range tests {
		got, ok := docs[tt.doc].Locate(tt.path)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("%s: ok=%v (-want +got):\n%s", tt.path, ok, diff)
		}
	}
	want := map[string]any{"a": map[string]any{"b": int64(1)}, "c": map[string]any{"b": int64(1), "d": int64(2)}}
	if diff := cmp.Diff(any(want), docs[1].Value); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
}

func TestParseManifestsReadsYAML11(t *testing.T) {
	text := "a: yes\nb: \"yes\"\nc: off\nd: 0777\ne: 1e3\nf: 2001-01-01\ng: ~\nh: .inf\n"
	docs, err := ParseManifests("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": true, "b": "yes", "c": false, "d": int64(511), "e": float64(1000), "f": "2001-01-01", "g": nil, "h": ".inf"}
	if diff := cmp.Diff(any(want), docs[0].Value); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	docs, err = ParseYAML("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := docs[0].Value.(map[string]any)["a"]; got != "yes" {
		t.Errorf("YAML 1.2: a = %v, want the text", got)
	}
}

func TestParseYAMLRefuses(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i <= 'i'; i++ {
		prev := string(i - 1)
		bomb += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+prev+", ", 9) + "*" + prev + "]\n"
	}
	tests := []struct{ name, text, want string }{
		{"a duplicate key", "a: 1\nb: 2\na: 3\n", `f.yaml:3:1: key "a" is already defined`},
		{"a duplicate key in flow style", "x: {a: 1, a: 2}\n", `key "a" is already defined`},
		{"a cycle", "a: &x\n  b: *x\n", `anchor "x" contains itself`},
		{"a cycle in a list", "a: &x [*x]\n", `contains itself`},
		{"an alias bomb", bomb, "expands to more than"},
		{"depth", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "deep"},
		{"no UTF-8", "a: \"\xff\xfe\"\n", "f.yaml:1:5: text is not valid UTF-8"},
		{"UTF-16", "\xff\xfea\x00:\x00 \x001\x00", "UTF-8"},
		{"truncated", "a: [1, 2\n", "f.yaml:"},
		{"a tab", "a:\n\t- b\n", "f.yaml:"},
		{"a key that is a list", "? [a]\n: b\n", "mapping key is not a scalar"},
		{"a merge of a text", "a:\n  <<: x\n", "merge key needs a mapping"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseYAML("f.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want one about %q", err, tt.want)
			}
		})
	}
}

func TestParseYAMLSplits(t *testing.T) {
	// What conftest's split on "\n---\n" loses is read.
	for _, sep := range []string{"---\n", "--- # comment\n", "---   \n", "---\r\n", "...\n---\n", "---\n---\n", "---\n# only a comment\n---\n"} {
		docs, err := ParseYAML("f.yaml", []byte("a: 1\n"+sep+"b: 2\n"))
		if err != nil || len(docs) != 2 {
			t.Errorf("separator %q: %d documents, %v; want 2", sep, len(docs), err)
		}
	}
}

func TestColumns(t *testing.T) {
	line := "aé😀z"
	if got := Column(line, len(line)-1); got != 5 {
		t.Errorf("Column = %d, want 5", got)
	}
	if got := RuneColumn(line, 4); got != 5 {
		t.Errorf("RuneColumn = %d, want 5", got)
	}
}

func TestPathString(t *testing.T) {
	p := Path{"metadata", "labels", "app.kubernetes.io/name", 0, "x"}
	if got, want := p.String(), `metadata.labels["app.kubernetes.io/name"][0].x`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte("a: &x {b: 1}\nc: {<<: *x}\n---\n- 1\n"))
	f.Add([]byte("a: |\n  text\n--- # c\nb: [1, {c: d}]\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := ParseManifests("f.yaml", data)
		if err != nil && err.Error() == "" {
			t.Error("an error without text")
		}
		for _, d := range docs {
			d.Locate(Path{"a", 0, "b"})
			d.Locate(nil)
		}
	})
}
