package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// Nothing that a repository says may reach a reader or a runner as anything
// but visible text.
func TestHostileTextIsVisible(t *testing.T) {
	t.Parallel()
	in := hostileInput()
	for _, name := range allNames() {
		out := render(t, name, in)
		if !utf8.ValidString(out) {
			t.Errorf("%s: not UTF-8", name)
		}
		if len(out) > 10<<20 {
			t.Errorf("%s: %d bytes", name, len(out))
		}
		if strings.Contains(out, "%!") && name != "json" && !strings.Contains(out, "%!(EXTRA)") {
			t.Errorf("%s: text was used as a format", name)
		}
		for _, r := range out {
			if r != '\n' && (r < ' ' || !isJSON(name) && (r == 0x7f || r >= 0x80 && r < 0xa0)) {
				t.Errorf("%s: control character %U", name, r)
				break
			}
			if !isJSON(name) && (unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029') {
				t.Errorf("%s: invisible character %U", name, r)
				break
			}
		}
	}
}

// isJSON says that a format is read by programs, which need names as they are.
func isJSON(name string) bool {
	return name == "json" || name == "sarif" || strings.HasPrefix(name, "gitlab-")
}

// No line of a report is a command for a CI runner but those of the github
// format, and these are exactly the ones it means.
func TestRunnerCommands(t *testing.T) {
	t.Parallel()
	in := hostileInput()
	for _, line := range strings.Split(render(t, "text", in), "\n") {
		if isCommand(line) {
			t.Errorf("text: %.200q", line)
		}
	}
	var commands []string
	stopped := ""
	for _, line := range strings.Split(render(t, "github", in), "\n") {
		switch {
		case stopped != "" && line == "::"+stopped+"::":
			stopped = ""
		case stopped != "":
			if isCommand(line) || strings.Contains(line, stopped) {
				t.Errorf("github, in the text: %.200q", line)
			}
		case strings.HasPrefix(line, "::stop-commands::"):
			stopped = strings.TrimPrefix(line, "::stop-commands::")
		case line != "":
			commands = append(commands, line)
		}
	}
	if stopped != "" {
		t.Error("commands stay stopped")
	}
	if len(commands) != maxAnnotations {
		t.Errorf("%d annotations", len(commands))
	}
	for _, c := range commands {
		level, _, _ := strings.Cut(strings.TrimPrefix(c, "::"), " ")
		if level != "error" && level != "warning" && level != "notice" {
			t.Errorf("command %.100q", c)
		}
		props, _, _ := strings.Cut(strings.TrimPrefix(c, "::"+level+" "), "::")
		for _, p := range strings.Split(props, ",") {
			switch key, _, _ := strings.Cut(p, "="); key {
			case "file", "line", "endLine", "col", "endColumn", "title":
			default:
				t.Errorf("property %q of %.100q", key, c)
			}
		}
	}
}

func isCommand(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[")
}

func TestAnnotationsWorstNine(t *testing.T) {
	t.Parallel()
	r := quietResult()
	for i := range 30 {
		r.Findings = append(r.Findings, decide.Finding{
			Rule: "a/b", Severity: "low", Effect: []decide.Effect{decide.Warn, decide.Deny}[i%2], Message: fmt.Sprint("m", i),
			Location: source.Location{Position: at("f", i+1, 1, 2)},
		})
	}
	lines := strings.Split(render(t, "github", Input{Result: r}), "\n")[:11]
	for i, l := range lines[:9] {
		if !strings.HasPrefix(l, "::error ") {
			t.Errorf("%d: %s", i, l)
		}
	}
	if want := "::error title=More findings::21 more (6 errors, 15 warnings), see the log of this step or --format json"; lines[9] != want {
		t.Errorf("got %s", lines[9])
	}
	if !strings.HasPrefix(lines[10], "::stop-commands::") {
		t.Errorf("got %s", lines[10])
	}
	r.Findings = r.Findings[:10]
	if out := render(t, "github", Input{Result: r}); strings.Contains(out, "more") || strings.Count(out, "\n::") != 11 {
		t.Errorf("ten findings need no eleventh line:\n%s", out)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "日本語 🚀 é": "日本語 🚀 é", "a\nb\r\t": `a\nb\r\t`, "\x1b[0m": `\x1b[0m`, "\u202e\ufeff\u200b": `\u202e\ufeff\u200b`,
		"\xff": `\xff`, "👩‍👩": "👩‍👩", "\U000e0041": `\U000e0041`, "\ufffd": "\ufffd", "\u0085": `\u0085`, "'": "'", "\x00": `\x00`,
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("::error\x1b]\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x1b\x00") {
			t.Errorf("clean(%q) = %q", s, got)
		}
		if isCommand(logLine(got)) {
			t.Errorf("logLine: %q", logLine(got))
		}
		if c := clip(s, 20); len(c) > 20 && len(c) >= len(s) {
			t.Errorf("clip(%q) = %q", s, c)
		}
		span := code(got)
		if got != "" && longestRun(strings.Trim(span, "`"), '`') >= len(span)-len(strings.TrimLeft(span, "`")) {
			t.Errorf("code span %q can be closed from inside", span)
		}
		if strings.ContainsAny(entity(s), "|<>[]*_`\n") {
			t.Errorf("entity(%q) = %q", s, entity(s))
		}
	})
}

// FuzzFormats puts one hostile text and place through every format; those
// with a grammar must still parse.
func FuzzFormats(f *testing.F) {
	for _, s := range []string{"]]>\x00", "::error::x\n", "\xff\u202e", "a|b`c", "%s", "🚀"} {
		f.Add(s, 1, 2, 3)
	}
	f.Fuzz(func(t *testing.T, s string, line, column, end int) {
		r := quietResult()
		r.Complete = false
		r.Findings = []decide.Finding{{
			Rule: "a/" + s, Title: s, Severity: s, Effect: decide.Deny, Message: s, Scope: facts.Scope{Environment: s},
			Subject:  decide.SubjectRef{ID: s, Name: s},
			Location: source.Location{Position: source.Position{File: s, Line: line, Column: column, EndLine: line, EndColumn: end}, Related: []source.Related{{Role: s, Position: source.Position{File: s, Line: line}}}},
		}}
		r.Coverage.Entries = append(r.Coverage.Entries, facts.Entry{Kind: "file", ID: s, State: facts.Failed, Reason: s})
		in := Input{Result: r, Width: 60, Source: func(string) ([]byte, error) { return []byte(s), nil }}
		for _, name := range allNames() {
			out := render(t, name, in)
			switch name {
			case "json", "sarif", "gitlab-codequality", "gitlab-sast", "gitlab-sast:secrets":
				if !json.Valid([]byte(out)) {
					t.Errorf("%s: not JSON: %q", name, out)
				}
			case "junit", "junit:jenkins":
				parseXML(t, out)
			}
		}
	})
}

func parseXML(t testing.TB, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
}

// The report says where a secret is and never repeats it.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	in := sampleInput()
	for _, name := range allNames() {
		if out := render(t, name, in); strings.Contains(out, "hunter2") {
			t.Errorf("%s shows the secret", name)
		}
	}
	in.Hide = func(path string, line int) bool { return path == "apps/pay/deploy.yaml" && line == 6 }
	in.Result.Findings = []decide.Finding{{
		Rule: "kubernetes/x", Effect: decide.Deny, Message: "m", Location: source.Location{Position: at("apps/pay/deploy.yaml", 7, 5, 20)},
	}}
	out := render(t, "text", in)
	if strings.Contains(out, "nginx") || !strings.Contains(out, "6 | (not shown") {
		t.Errorf("hidden line is shown:\n%s", out)
	}
}

func TestHTMLIsSelfContained(t *testing.T) {
	t.Parallel()
	out := render(t, "html", hostileInput())
	if strings.Contains(out, "<script") || strings.Contains(out, "src=") || strings.Contains(out, "@import") || strings.Contains(out, "ZgotmplZ") {
		t.Error("page has a script or loads something")
	}
	if _, err := template.New("x").Parse(htmlTemplate); err == nil {
		t.Error("the template needs functions; this test is out of date")
	}
}
