package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// every name that Write takes
func allNames() []string {
	return append(Formats(), "junit:jenkins", "gitlab-sast:secrets")
}

func render(t testing.TB, name string, in Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, name, in); err != nil {
		t.Fatalf("Write(%s): %v", name, err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range allNames() {
		for sample, in := range map[string]Input{"sample": sampleInput(), "quiet": {Result: quietResult()}} {
			got := render(t, name, in)
			file := filepath.Join("testdata", "golden", sample+"."+strings.ReplaceAll(name, ":", "-"))
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", sample, name, diff)
			}
		}
	}
}

// The order of the findings, of the rules and of every list of the result
// must not show in a report.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	for _, name := range allNames() {
		in := sampleInput()
		first := render(t, name, in)
		if again := render(t, name, in); again != first {
			t.Errorf("%s: two runs differ", name)
		}
		r := in.Result
		slices.Reverse(r.Findings)
		slices.Reverse(r.Environments)
		slices.Reverse(r.Requirements)
		slices.Reverse(r.NotJudged)
		slices.Reverse(r.Coverage.Entries)
		slices.Reverse(in.Rules)
		if diff := cmp.Diff(first, render(t, name, in)); diff != "" {
			t.Errorf("%s depends on the order of its input:\n%s", name, diff)
		}
	}
}

// A report must not change the result that other reports and the decision are
// made of.
func TestResultIsNotChanged(t *testing.T) {
	t.Parallel()
	in := sampleInput()
	for _, name := range allNames() {
		render(t, name, in)
	}
	if diff := cmp.Diff(sampleResult(), in.Result); diff != "" {
		t.Errorf("result was changed (-want +got):\n%s", diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value string
		want  Output
		err   string
	}{
		{value: "text", want: Output{Format: "text"}},
		{value: "sarif=out/x.sarif", want: Output{Format: "sarif", File: "out/x.sarif"}},
		{value: "json=a=b", want: Output{Format: "json", File: "a=b"}},
		{value: "junit:jenkins=j.xml", want: Output{Format: "junit:jenkins", File: "j.xml"}},
		{value: "sarf", err: `did you mean "sarif"?`},
		{value: "codequality", err: `did you mean "gitlab-codequality"?`},
		{value: "JSON", err: `did you mean "json"?`},
		{value: "", err: `unknown format ""`},
		{value: "junit:jenkin", err: `did you mean "jenkins"?`},
		{value: "sarif:x", err: `takes no option`},
		{value: "text=", err: `names no file`},
	}
	for _, tt := range tests {
		got, err := Parse(tt.value)
		switch {
		case tt.err == "" && err != nil:
			t.Errorf("Parse(%q): %v", tt.value, err)
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("Parse(%q): error %v, want %q", tt.value, err, tt.err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.value, diff)
		}
	}
}

func TestParseAll(t *testing.T) {
	t.Parallel()
	got, err := ParseAll([]string{"text", "sarif=x", "json=y"})
	if err != nil || len(got) != 3 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, values := range [][]string{{"text", "json"}, {"text", "json=-"}, {"sarif=x", "json=x"}, {"nope"}} {
		if _, err := ParseAll(values); err == nil {
			t.Errorf("ParseAll(%q): no error", values)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, "text", Input{}); err == nil {
		t.Error("no result: no error")
	}
	if err := Write(&b, "txt", sampleInput()); err == nil {
		t.Error("unknown format: no error")
	}
	if b.Len() != 0 {
		t.Errorf("wrote %q", b.String())
	}
	if err := Write(brokenWriter{}, "json", sampleInput()); !errors.Is(err, errBroken) {
		t.Errorf("error of the writer is lost: %v", err)
	}
}

var errBroken = errors.New("broken pipe")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
