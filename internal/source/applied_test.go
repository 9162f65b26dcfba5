package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// applied is what kubectl makes of a file: apimachinery's decoder of streams,
// which decodes each document with sigs.k8s.io/yaml, or as JSON. The documents
// before a fault are returned with it.
func applied(data []byte) ([]any, error) {
	dec := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var out []any
	for {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if v != nil {
			out = append(out, v)
		}
	}
}

// plainNumbers makes all numbers float64, which is what any becomes in
// encoding/json.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plainNumbers(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainNumbers(e)
		}
		return out
	case int64:
		return float64(v)
	}
	return v
}

// differs says how a file is read otherwise than it is applied, where that is not
// one of the differences that are meant:
//
//   - a file that the reference refuses is applied by nobody, so what is read of
//     it does no harm; of numbers that JSON has none for, the text is kept;
//   - what is refused here is told (ledger, exit 3): keys that stand twice in a
//     mapping, of which the reference takes the last or any; text that is not
//     UTF-8; what is nested or expands beyond the limits; JSON that is no YAML
//     (control characters, keys of more than 1024 characters or on another line
//     than their colon, several texts without a separator);
//   - a document that is a scalar is no manifest, and not compared;
//   - a mark of byte order behind empty lines at the beginning of a document is
//     dropped, as Helm does, which drops the lines; kubectl takes it as part of a key;
//   - of a text between two separators the reference reads the first document
//     only (sigs.k8s.io/yaml decodes one): those behind "..." are read as well.
func differs(data []byte) string {
	want, err := applied(data)
	if err != nil {
		want = nil
	}
	docs, err := ParseManifests("f.yaml", data)
	if err != nil || want == nil || spacedMark.Match(data) {
		return ""
	}
	var got []any
	for _, d := range docs {
		if !scalar(d.Value) {
			got = append(got, plainNumbers(d.Value))
		}
	}
	next := 0
	want = slices.DeleteFunc(want, scalar)
	for i, w := range want {
		w = plainNumbers(w)
		for next < len(got) && !cmp.Equal(w, got[next]) {
			next++
		}
		if next == len(got) {
			return "document " + string(rune('0'+i%10)) + " is not read as it is applied (-want +got):\n" + cmp.Diff(want, got)
		}
		next++
	}
	if len(got) > len(want) && !bytes.Contains(data, []byte("...")) && !bytes.ContainsAny(data, "\r\u0085\u2028\u2029") {
		return "more documents are read than applied:\n" + cmp.Diff(want, got)
	}
	return ""
}

func scalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

var spacedMark = regexp.MustCompile(`(?s)(?:^\s*\{.*|(?:^|\n---[^\n]*\n)[\s\x{FEFF}]*\s)\x{FEFF}`)

// appliedSeeds are texts that YAML 1.2, or another reader, takes otherwise.
var appliedSeeds = []string{
	"a: &x {k: 1}\nm: {k: 2, <<: *x}\n",
	"a: &x {k: 1}\nm: {<<: *x, k: 2}\n",
	"a: &x {k: 1}\nb: &y {k: 2}\nm: {<<: *x, <<: *y}\n",
	"a: &x {k: 1}\nb: &y {k: 2}\nm: {<<: [*x, *y], z: 1}\n",
	"a: &x {k: 1}\nb: &y {<<: *x, k: 2}\nm:\n  k: 3\n  <<: *y\n",
	"a: &x [{k: 1}]\nm: {<<: *x}\n",
	"a: &x {k: 1}\nm: {\"<<\": *x, '<<': 1}\n",
	"a: &x {k: 1}\nm: {! \"<<\": *x, !!str <<: 1}\n",
	"a: &x {k: 1}\nm: {!!merge k: *x}\n",
	"a: &x {k: 1}\nm: {!!merge <<: *x}\n",
	"a: &k <<\nb: &x {k: 1}\nm: {*k : *x}\n",
	"!!binary a2luZA==: !!binary UG9k\n",
	"a: !!binary /w==\n!!binary /w==: 1\n",
	"1: a\n0x10: b\n010: c\n1.5: d\n1e3: e\nyes: f\n2020-01-01: g\n.inf: h\n-.Inf: i\n1_0: j\n0b11: k\n0o17: l\n",
	"a: 010\nb: 0o17\nc: 0x1F\nd: 1_000\ne: .5\nf: 1e3\ng: 08\nh: -0b11\ni: +1\nj: 0.\nk: 18446744073709551615\nl: 123456789012345678901\n",
	"a: !!bool yes\nb: !!bool \"on\"\nc: !!int \"7\"\nd: !!float 1\ne: !!str 1\nf: !!timestamp 2020-01-01\ng: !foo 1\nh: !!foo yes\n",
	"a: ! true\nb: ! \"true\"\nc: &x ! 5\nd: ! |-\n  yes\n",
	"a: ~\nb:\nc: null\nd: Null\ne: ''\nf: !!null ''\ng: !!str\n",
	"~: a\n",
	"a: yes\nb: On\nc: n\nd: 'no'\ne: y\n",
	"a: 2001-12-14t21:59:43.10-05:00\nb: 2001-1-1\nc: 12:30:45\nd: 1:30\n",
	"{\"a\": \"\\ud83d\\ude00\", \"\\ud83d\\ude00\": \"\\ud83d\", \"b\": \"\\\\ud83d\", \"c\": \"\\ude00x\\ud83d\\ud83d\\ude00\"}",
	"{\"a\": \"\\ue000\\ud83d\\ude00\"}",
	"[\"\\uD83D\\uDE00\"]",
	"a: \"\\ud83d\\ude00\"\n",
	"\ufeffa: 1\n---\n\ufeffb: 2\n",
	"a: 1\n--- # x\nb: 2\n---   \n---\n# only\n---\nc: 3\n...\n---\nd: 4\n",
	"a: 1\n---# x\nb: 2\n",
	"a: 1\n...\nb: 2\n",
	"a: 1\n--- {b: 2}\n",
	"a: |\n  ---\n  b\nc: \"x\n  --- y\"\n",
	"a: 1\r\n---\r\nb: 2\r\n",
	"a: 1\r---\rb: 2\r",
	"%YAML 1.1\n---\na: 1\n",
	"a: 1\n# c\n---\n# d\n",
	"{\"a\": 1}\n---\n{\"b\": 2}\n",
	"{\"a\": 1} {\"b\": 2}",
	"{\"a\": 1, \"a\": 2}",
	"a: 1\na: 2\n",
	"1: a\n\"1\": b\n",
	"a: &x [*x]\n",
	"? a\n: b\n? [c]\n: d\n",
	"a: \"x\u2028y\u0085z\"\nb: x\u2028y\n",
	"a: \"\\/\\e\\_\\L\\x41\\u00e9\\U0001F600\"\n",
	"a: >-\n x\n y\n\n z\nb: |+\n x\n\n",
	"a:\n- b\n-\n- - c\n  -\n",
	"a: {b, c: , d}\n",
	"a: [b: 1, c]\n",
	"a: !!set {b, c}\nd: !!omap [e: 1]\n",
	"a: <<\nb: =\nc: '<<'\n",
	"&a k: v\n*a : w\nb: *a\n",
	"a: .nan\n",
	"a: \"\\0\\x01\"\n",
	"#c\n\ta: 1\n",
	"a:\tb\n",
	"a: @b\nc: `d\n",
	"a: 'it''s'\nb: x#y\nc: x #y\n",
	"a: x: y\n", "a:b\n", "a: - b\n", "- a\n-b\n",
	"{a: 1, b: {c: [1, 2,],},}\n",
	"a: |\n  b", "a: >\n  b\n  c", "a: |+\n  b", "a: |+\n  b\n", "a: |-\n  b", "a: |\r\n  b\r", "a: |\n  b\n---\nc: |\n  d", "a: b", "a: |\n  b\n ", "a: |\n",
}

// TestAppliedSeeds holds what is written down here, whatever the fuzzer finds.
func TestAppliedSeeds(t *testing.T) {
	t.Parallel()
	for _, s := range appliedSeeds {
		if how := differs([]byte(s)); how != "" {
			t.Errorf("%q: %s", s, how)
		}
	}
}

// FuzzManifests compares what is read with what is applied; differs says which
// differences are meant.
func FuzzManifests(f *testing.F) {
	for _, s := range appliedSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if how := differs(data); how != "" {
			t.Error(how)
		}
	})
}

// FuzzJSON compares what is read of JSON with encoding/json. What is refused here
// is told; of keys that stand twice it is the last that counts.
func FuzzJSON(f *testing.F) {
	for _, s := range appliedSeeds {
		if v, err := yaml.YAMLToJSON([]byte(s)); err == nil {
			f.Add(v)
		}
	}
	f.Add([]byte(`{"a": "\ud83d\ude00\ud83d", "\u2028": 1E2, "b": -0, "c": [1.0, "\/", "\u0000"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var want any
		if json.Unmarshal(data, &want) != nil || bytes.ContainsFunc(data, func(r rune) bool { return r == 0xFEFF }) {
			return
		}
		docs, err := ParseManifests("f.json", data)
		if err != nil || !strings.ContainsAny(strings.TrimSpace(string(data))[:1], "[{") {
			return
		}
		if len(docs) != 1 {
			t.Fatalf("%d documents", len(docs))
		}
		if got := plainNumbers(docs[0].Value); !cmp.Equal(want, got, cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-12*math.Abs(a) })) {
			t.Error(cmp.Diff(want, got))
		}
	})
}
