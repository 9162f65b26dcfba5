package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Of equal keys the last counts whole, and the position of a value is its own.
func TestRepeatedKeys(t *testing.T) {
	t.Parallel()
	text := `image:
  tag: v1
  pull: Always
list:
  - {a: 1, a: 2, a: 3}
image:
  tag: v2
<<: {image: {tag: merged}, b: yes}
base: &base {x: 1, x: 2}
again: *base
`
	for name, parse := range map[string]func(string, []byte) ([]*Document, error){"values": ParseValues, "lenient": ParseLenient} {
		docs, err := parse("v.yaml", []byte(text))
		if err != nil || len(docs) != 1 {
			t.Fatalf("%s: %d documents, %v", name, len(docs), err)
		}
		want := map[string]any{
			"image": map[string]any{"tag": "merged"}, "list": []any{map[string]any{"a": int64(3)}}, "b": true,
			"base": map[string]any{"x": int64(2)}, "again": map[string]any{"x": int64(2)},
		}
		if diff := cmp.Diff(want, docs[0].Value); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		var got []string
		for _, r := range docs[0].Repeated {
			got = append(got, r.Path.String()+" "+r.First.String()+" "+r.Last.String())
		}
		told := []string{"list[0].a v.yaml:5:6 v.yaml:5:18", "image v.yaml:1:1 v.yaml:6:1", "base.x v.yaml:9:14 v.yaml:9:20"}
		if diff := cmp.Diff(told, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if pos, ok := docs[0].Locate(Path{"image", "tag"}); !ok || pos.Line != 8 {
			t.Errorf("%s: the tag stands at %s", name, pos)
		}
	}
	for name, parse := range map[string]func(string, []byte) ([]*Document, error){"yaml": ParseYAML, "manifests": ParseManifests} {
		if _, err := parse("m.yaml", []byte("a: 1\na: 2\n")); err == nil || !strings.Contains(err.Error(), `key "a" is already defined`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file of manifests is read as a stream of lines, each of which ends in a
// break; values are read as they stand.
func TestLastBreak(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		parse func(string, []byte) ([]*Document, error)
		want  string
	}{
		"yaml": {ParseYAML, "b"}, "manifests": {ParseManifests, "b\n"}, "lenient": {ParseLenient, "b\n"}, "values": {ParseValues, "b"},
	} {
		data := []byte("a: |\n  b...")[:len("a: |\n  b")]
		docs, err := c.parse("f.yaml", data)
		if err != nil || len(docs) != 1 {
			t.Fatalf("%s: %d documents, %v", name, len(docs), err)
		}
		if diff := cmp.Diff(map[string]any{"a": c.want}, docs[0].Value); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if rest := data[:len(data)+3][len(data):]; string(rest) != "..." {
			t.Errorf("%s: what stands behind the text is %q now", name, rest)
		}
	}
}
