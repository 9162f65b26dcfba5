package policy

import (
	"strings"
	"testing"

	"gate/internal/facts"

	"github.com/google/go-cmp/cmp"
)

func secretDocument() Document {
	return Document{ID: "file:k8s/a.yaml", File: "k8s/a.yaml", Value: map[string]any{
		"kind": "Secret", "metadata": map[string]any{"name": "db"},
		"data":       map[string]any{"password": facts.Redacted("secret"), "user": facts.Redacted("secret")},
		"stringData": map[string]any{"token": facts.Redacted("secret"), "url": "postgres://app:[redacted]@db:5432/app"},
	}}
}

// A rule that hangs on what is hidden cannot be told; every other one says what it
// would say of the values.
func TestSetJudgeHidden(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, rule, want string }{
		{"a default password", `input.data.password == "cGFzc3dvcmQ="`, "unknown"},
		{"a default password, decoded", `base64.decode(input.data.password) == "password"`, "unknown"},
		{"no default password", `input.data.password != "cGFzc3dvcmQ="`, "unknown"},
		{"a part", `contains(input.stringData.token, "admin")`, "unknown"},
		{"a beginning, in capitals", `startswith(upper(input.stringData.token), "GHP_")`, "unknown"},
		{"one of the data", `input.stringData.token in data.defaults`, "unknown"},
		{"one of the data that is a key", `data.keys[input.stringData.token]`, "unknown"},
		{"base64", `not base64.is_valid(input.data.password)`, "unknown"},
		{"a pattern", `not regex.match("^[0-9]{3}-[A-Z]+$", input.stringData.token)`, "unknown"},
		{"shorter than", `count(input.stringData.token) < 12`, "unknown"},
		{"not as long as", `count(input.stringData.token) != 77`, "unknown"},
		{"equal to one another", `input.data.password == input.data.user`, "unknown"},
		{"empty", `input.stringData.token == ""`, "unknown"},
		{"a number", `to_number(input.stringData.token) > 100`, "unknown"},
		{"inside of a text", `contains(input.stringData.url, ":admin@")`, "unknown"},
		{"through a function", `weak(input)`, "unknown"},
		{"through walk", "some path, v\n\twalk(input, [path, v])\n\tv == \"letmein\"", "unknown"},
		{"through another rule", `chosen == "letmein"`, "unknown"},
		{"with another input", `chosen == "letmein" with input as object.union(input, {})`, "unknown"},
		{"an exception", `input.kind == "Excepted"`, "none"},
		{"what fails over most texts", `not crypto.x509.parse_certificates(input.data.password)`, "unknown"},
		{"what fails over every text", `not startswith(input.data, "x")`, "none"},
		{"what fails beside it", `not startswith(input.metadata, "x")`, "fail"},
		{"the kind", `input.kind == "Secret"`, "fail"},
		{"another kind", "input.kind == \"ConfigMap\"\n\tinput.data.password == \"x\"", "none"},
		{"that there is one", `input.data.password`, "fail"},
		{"how many", `count(input.data) == 2`, "fail"},
		{"the name of one", "some k, _ in input.data\n\tk == \"password\"", "fail"},
		{"a text beside one", `startswith(input.stringData.url, "postgres://app:")`, "fail"},
		{"always text", `is_string(input.data.password)`, "fail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := set("package main\n\nimport rego.v1\n\ndeny_x contains \"said\" if {\n\t" + tt.rule + "\n}\n\nwarn contains \"another rule\"\n\nweak(o) if o.stringData.token == \"letmein\"\n\nchosen := input.stringData.token\n")
			s.DataPaths = []string{"data.yaml"}
			s.Data = map[string][]byte{"data.yaml": []byte("defaults: [hunter2, letmein]\nkeys: {letmein: true}\n")}
			got, _ := s.Judge(t.Context(), []Document{secretDocument()}, Options{})
			verdict := "none"
			for _, r := range got.Results {
				if r.Rule == "team/main/deny_x" {
					verdict = r.Verdict
				} else if r.Verdict != "fail" {
					t.Errorf("another rule: %v", r)
				}
				if r.Verdict == "unknown" && (r.Cause != "computed" || !strings.Contains(r.Message, "hidden") || !strings.Contains(r.Message, "data.password")) {
					t.Errorf("the reason is missing: %+v", r)
				}
			}
			if verdict != tt.want || len(got.Results) == 0 {
				t.Errorf("%s, want %s: %q", verdict, tt.want, said(got))
			}
		})
	}
}

// What a policy prints of a value that it does not see is no value.
func TestSetJudgeHiddenInMessages(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains sprintf(\"%s is in the repository\", [input.data.password])\n\ndeny contains sprintf(\"%s, too\", [base64.decode(input.data.password)]) if base64.is_valid(input.data.password)\n")
	got, _ := s.Judge(t.Context(), []Document{secretDocument()}, Options{})
	for _, r := range got.Results {
		if strings.Contains(r.Message, firstStandIn) || strings.Contains(r.Message, "R2s0eA") {
			t.Errorf("a stand-in is told: %q", r.Message)
		}
	}
	s = set("package main\n\nimport rego.v1\n\ndeny contains sprintf(\"%s is in the repository\", [input.data.password])\n")
	got, _ = s.Judge(t.Context(), []Document{secretDocument()}, Options{})
	if diff := cmp.Diff([]string{"fail a.yaml main/deny: [redacted] is in the repository", "evaluated main 1"}, said(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a rule says whatever is hidden is said, beside what cannot be told.
func TestSetJudgePartlyHidden(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains \"a Secret\" if input.kind == \"Secret\"\n\ndeny contains \"a default\" if input.stringData.token == \"letmein\"\n")
	got, _ := s.Judge(t.Context(), []Document{secretDocument()}, Options{})
	if lines := said(got); len(got.Results) != 2 || lines[0] != "fail a.yaml main/deny: a Secret" || got.Results[1].Verdict != "unknown" {
		t.Errorf("%q", lines)
	}
}

// An entry that may see secrets is told them, and does not tell them.
func TestSetJudgeShown(t *testing.T) {
	t.Parallel()
	s := set("package main\n\nimport rego.v1\n\ndeny contains sprintf(\"%s is a default\", [input.data.password]) if input.data.password == \"cGFzc3dvcmQ=\"\n")
	d := secretDocument()
	whole := map[string]any{
		"kind": "Secret", "metadata": map[string]any{"name": "db"}, "data": map[string]any{"password": "cGFzc3dvcmQ=", "user": "YXBw"},
		"stringData": map[string]any{"token": "t-1", "url": "postgres://app:s3cr3t@db:5432/app"},
	}
	texts := hiddenTexts(d.Value, whole)
	if diff := cmp.Diff([]string{"cGFzc3dvcmQ=", "password", "YXBw", "app", "t-1", "postgres://app:s3cr3t@db:5432/app", "s3cr3t"}, texts); diff != "" {
		t.Errorf("what is hidden (-want +got):\n%s", diff)
	}
	d.Shown, d.Clean = whole, func(text string) string { return without(text, texts, "[redacted]") }
	got, _ := s.Judge(t.Context(), []Document{d}, Options{})
	if diff := cmp.Diff([]string{"fail a.yaml main/deny: [redacted] is a default", "evaluated main 1"}, said(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The document with its secrets is not changed by hiding them.
func TestWithoutSecrets(t *testing.T) {
	t.Parallel()
	whole := map[string]any{"items": []any{map[string]any{"kind": "Secret", "data": map[string]any{"a": "b"}}}}
	if got := hiddenIn(withoutSecrets(whole)); len(got) != 1 || got[0].path.String() != "items[0].data.a" || !got[0].encoded {
		t.Errorf("hidden: %v", got)
	}
	if got := hiddenIn(whole); len(got) != 0 {
		t.Errorf("the document itself has lost its values: %v", got)
	}
}

func TestMatched(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`^[0-9]{3}-[A-Z]+$`: "000-A", `(ghp|gho)_[A-Za-z]{4,}`: "gho_AAAA", `a?b*c`: "c", `.+@.+`: "k@k",
	} {
		if got, ok := matched(pattern); !ok || got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
	for _, text := range []string{"plain", "a[", ""} {
		if got, ok := matched(text); ok {
			t.Errorf("%q is no pattern: %q", text, got)
		}
	}
}
