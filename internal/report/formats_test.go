package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

func TestJSONSchema(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t, "../../schemas/report.schema.json")
	for name, in := range map[string]Input{"sample": sampleInput(), "quiet": {Result: quietResult()}} {
		t.Run(name, func(t *testing.T) { validate(t, schema, render(t, "json", in)) })
	}
	// a result without anything has no null lists
	out := render(t, "json", Input{Result: &decide.Result{Environments: []decide.EnvironmentDecision{{}}, Requirements: []decide.Requirement{{}}}})
	if strings.Contains(out, "null") {
		t.Errorf("null in\n%s", out)
	}
}

// junitDocument is what the tests read, independent of what was written.
type junitDocument struct {
	Tests    string `xml:"tests,attr"`
	Failures string `xml:"failures,attr"`
	Errors   string `xml:"errors,attr"`
	Suites   []struct {
		Attrs []xml.Attr `xml:",any,attr"`
		Cases []struct {
			Attrs    []xml.Attr `xml:",any,attr"`
			Children []struct {
				XMLName xml.Name
				Attrs   []xml.Attr `xml:",any,attr"`
			} `xml:",any"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

// The attributes and elements that each dialect's schema allows, and those it
// wants (GitLab's parser; xunit-plugin's junit-10.xsd).
func TestJUnitDialects(t *testing.T) {
	t.Parallel()
	for dialect, allowed := range map[string]struct{ suite, testcase []string }{
		"junit":         {[]string{"name", "tests", "failures", "errors", "skipped", "time"}, []string{"name", "classname", "file", "time"}},
		"junit:jenkins": {[]string{"name", "tests", "failures", "errors", "skipped", "time", "file"}, []string{"name", "classname", "time"}},
	} {
		for name, in := range map[string]Input{"sample": sampleInput(), "quiet": {Result: quietResult()}, "hostile": hostileInput()} {
			var doc junitDocument
			if err := xml.Unmarshal([]byte(render(t, dialect, in)), &doc); err != nil {
				t.Fatalf("%s %s: %v", dialect, name, err)
			}
			names := map[string]bool{}
			tests, failures, errs := 0, 0, 0
			for _, s := range doc.Suites {
				attrs := attributes(s.Attrs)
				for a := range attrs {
					if !slices.Contains(allowed.suite, a) {
						t.Errorf("%s %s: testsuite has %q", dialect, name, a)
					}
				}
				if attrs["name"] == "" || attrs["tests"] != strconv.Itoa(len(s.Cases)) {
					t.Errorf("%s %s: testsuite %v has %d cases", dialect, name, attrs, len(s.Cases))
				}
				for _, c := range s.Cases {
					attrs := attributes(c.Attrs)
					for a := range attrs {
						if !slices.Contains(allowed.testcase, a) {
							t.Errorf("%s %s: testcase has %q", dialect, name, a)
						}
					}
					if names[attrs["name"]] {
						t.Errorf("%s %s: two cases are named %q", dialect, name, attrs["name"])
					}
					names[attrs["name"]] = true
					tests++
					for _, child := range c.Children {
						switch child.XMLName.Local {
						case "failure":
							failures++
						case "error":
							errs++
						case "skipped", "system-out":
						default:
							t.Errorf("%s %s: testcase holds %q", dialect, name, child.XMLName.Local)
						}
					}
				}
			}
			if got, want := []string{doc.Tests, doc.Failures, doc.Errors}, []string{strconv.Itoa(tests), strconv.Itoa(failures), strconv.Itoa(errs)}; !slices.Equal(got, want) {
				t.Errorf("%s %s: counts %v, want %v", dialect, name, got, want)
			}
		}
	}
}

func attributes(list []xml.Attr) map[string]string {
	m := map[string]string{}
	for _, a := range list {
		m[a.Name.Local] = a.Value
	}
	return m
}

func TestJUnitIsCutVisibly(t *testing.T) {
	t.Parallel()
	r := quietResult()
	for i := range 20_000 {
		r.Findings = append(r.Findings, decide.Finding{
			Rule: "a/b", Severity: "low", Effect: decide.Deny, Message: strings.Repeat("x", 1500), Location: source.Location{Position: at("f", i+1, 1, 2)},
		})
	}
	out := render(t, "junit", Input{Result: r})
	if len(out) > 30_000_000 {
		t.Errorf("%d bytes", len(out))
	}
	if !regexp.MustCompile(`name="[0-9,]+ more findings" classname="gate/cut"`).MatchString(out) {
		t.Error("the cut is silent")
	}
}

func TestCodeQualityFingerprints(t *testing.T) {
	t.Parallel()
	r := sampleResult()
	r.Findings = append(r.Findings, r.Findings...)
	for range 3 { // findings that differ in nothing that identifies them
		r.Findings = append(r.Findings, decide.Finding{Rule: "a/b", Effect: decide.Warn, Message: "m", Location: source.Location{Position: at("f", len(r.Findings), 1, 2)}})
	}
	var issues []codeQualityIssue
	if err := json.Unmarshal([]byte(render(t, "gitlab-codequality", Input{Result: r})), &issues); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, i := range issues {
		if i.Fingerprint == "" || seen[i.Fingerprint] {
			t.Errorf("fingerprint %q of %s is not unique", i.Fingerprint, i.CheckName)
		}
		seen[i.Fingerprint] = true
		if !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i.Severity) || i.Location.Path == "" || i.Location.Lines.Begin < 1 || i.Description == "" {
			t.Errorf("%+v", i)
		}
	}
}

func TestSAST(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	clock := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`)
	for name, kind := range map[string]string{"gitlab-sast": "sast", "gitlab-sast:secrets": "secret_detection"} {
		var got sastReport
		if err := json.Unmarshal([]byte(render(t, name, sampleInput())), &got); err != nil {
			t.Fatal(err)
		}
		if got.Scan.Type != kind || got.Scan.Status != "failure" || !clock.MatchString(got.Scan.StartTime) {
			t.Errorf("%s: scan %+v", name, got.Scan)
		}
		if len(got.Vulnerabilities) == 0 {
			t.Errorf("%s: nothing in it", name)
		}
		for _, v := range got.Vulnerabilities {
			if !id.MatchString(v.ID) || len(v.Name) > 255 || len(v.Identifiers) == 0 || v.Location.StartLine < 1 {
				t.Errorf("%s: %+v", name, v)
			}
			if strings.HasPrefix(v.Identifiers[0].Value, "secrets/") != (kind == "secret_detection") {
				t.Errorf("%s holds %s", name, v.Identifiers[0].Value)
			}
		}
	}
}

// Whatever happens, a comment fits a forge, its folds are closed, the worst stands
// first, and what is left out is counted.
func TestMarkdownBudget(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]Input{"huge": hugeInput(), "hostile": hostileInput(), "sample": sampleInput()} {
		for _, budget := range []int{1000, 5000, 0, 1 << 20} {
			in.Budget = budget
			out := render(t, "markdown", in)
			limit := maxSummary
			if budget > 0 {
				limit = min(budget, maxSummary)
			}
			if len(out) > limit {
				t.Errorf("%s, budget %d: %d bytes", name, budget, len(out))
			}
			if !regexp.MustCompile(`^<!-- gate:[0-9a-f]{24} -->\n## (❌|✅) gate: (deny|allow), `).MatchString(out) {
				t.Errorf("%s, budget %d: starts with %.100q", name, budget, out)
			}
			wellFormed(t, fmt.Sprint(name, " ", budget), out)
			if left := strings.Contains(out, "**Left out here for size**"); left != (budget == 1000 || budget == 5000) {
				t.Errorf("%s, budget %d: says what was left out: %v", name, budget, left)
			}
		}
	}
	in := hugeInput()
	rest := render(t, "markdown", in)
	for _, want := range []string{ // in this order
		"10,000 new findings deny", "### What the change does: 3,000 delete, 7,000 update; risk: 3,000 high, 7,000 low", "- delete `A 0-0 (high)", "… 9,980 more: 2,980 delete, 7,000 update (A ",
		"### deny: 10,000 new findings", "`apps/0000.yaml:1:1` ``container 0 is wrong", "more places &#91;kubernetes/rule-00&#93;&#58; Pod ", "<summary>Before the change: 2 findings</summary>",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q does not follow in\n%s", want, render(t, "markdown", in))
		}
		rest = after
	}
}

// wellFormed checks that every fold that is opened is closed, one after the other,
// and every line that holds code spans closes them.
func wellFormed(t *testing.T, name, out string) {
	t.Helper()
	open := 0
	for _, l := range strings.Split(out, "\n") {
		open += strings.Count(l, "<details>") * oneIf(!strings.Contains(l, "`"))
		open -= oneIf(l == "</details>")
		if open < 0 || open > 1 {
			t.Fatalf("%s: fold %q", name, l)
		}
		if longest := longestRun(l, '`'); longest == 1 && strings.Count(l, "`")%2 != 0 {
			t.Errorf("%s: a code span is open in %.200q", name, l)
		}
	}
	if open != 0 {
		t.Errorf("%s: a fold is not closed", name)
	}
}

// The text of a change is bounded, too: whoever opens the log finds the first new
// finding on the first screen.
func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	lines := strings.Split(render(t, "text", hugeInput()), "\n")
	if len(lines) > 150 {
		t.Errorf("%d lines", len(lines))
	}
	first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "apps/0000.yaml:1:1: container 0 is wrong") })
	if first < 0 || first >= 40 {
		t.Errorf("the first finding stands at line %d of\n%s", first+1, strings.Join(lines, "\n"))
	}
	if rest := strings.Join(lines, "\n"); !strings.Contains(rest, "of 32 more rules: kubernetes/rule-") {
		t.Errorf("what is left out is not counted in\n%s", rest)
	}
}

// hugeInput is a change with 10,000 new findings and 10,000 steps.
func hugeInput() Input {
	r := quietResult()
	r.Decision, r.Change = decide.Deny, facts.Change{Repository: "github.com/acme/platform", Head: strings.Repeat("a", 40), MergeBase: strings.Repeat("b", 40)}
	for i := range 10_000 {
		r.Findings = append(r.Findings, decide.Finding{
			Rule: fmt.Sprintf("kubernetes/rule-%02d", i%40), Severity: "high", Effect: decide.Deny, State: decide.New, Message: fmt.Sprintf("container %d is wrong|`x`", i),
			Remediation: strings.Repeat("Mend it. ", 20), Subject: decide.SubjectRef{ID: fmt.Sprint("p", i), Kind: "Pod", Name: fmt.Sprint("p", i)},
			Scope: facts.Scope{Environment: fmt.Sprint("e", i%3)}, Location: source.Location{Position: at(fmt.Sprintf("apps/%04d.yaml", i), 1, 1, 2)},
		})
		if i < 2 {
			old := r.Findings[i]
			old.State, old.Effect = decide.Existing, decide.Warn
			r.Findings = append(r.Findings, old)
		}
	}
	for u := range 20 {
		x := decide.TransitionSummary{Name: fmt.Sprint("u", u), Actions: map[string]int{"delete": 150, "update": 350}, Risks: map[string]int{"high": 150, "low": 350}}
		for i := range 500 {
			s := decide.Step{Subject: decide.SubjectRef{Kind: "A", Name: fmt.Sprintf("%d-%d", u, i)}, Action: "delete", Risk: "high"}
			if i >= 150 {
				s.Action, s.Risk, s.Paths = "update", "low", []string{fmt.Sprint("spec.", u, i)}
			}
			x.Steps = append(x.Steps, s)
		}
		r.Transitions = append(r.Transitions, x)
	}
	return Input{Result: r}
}

func TestMetricsGrammar(t *testing.T) {
	t.Parallel()
	// OpenMetrics 1.0, "Text format": metadata, samples, then the end mark.
	sample := regexp.MustCompile(`^[a-z_]+(\{([a-z]+="([^"\\]|\\["\\n])*",?)+\})? \d+$`)
	for name, in := range map[string]Input{"sample": sampleInput(), "hostile": hostileInput()} {
		lines := strings.Split(render(t, "metrics", in), "\n")
		if len(lines) < 2 || lines[len(lines)-2] != "# EOF" || lines[len(lines)-1] != "" {
			t.Errorf("%s: does not end in # EOF", name)
		}
		family, seen := "", map[string]bool{}
		for _, l := range lines[:len(lines)-2] {
			if rest, ok := strings.CutPrefix(l, "# TYPE "); ok {
				family, _, _ = strings.Cut(rest, " ")
				continue
			}
			if strings.HasPrefix(l, "# HELP "+family+" ") {
				continue
			}
			key, _, _ := strings.Cut(l, " ")
			if !sample.MatchString(l) || !strings.HasPrefix(key, family) {
				t.Errorf("%s: %.200q", name, l)
			}
			series := l[:strings.LastIndex(l, " ")]
			if seen[series] {
				t.Errorf("%s: two samples of %.200s", name, series)
			}
			seen[series] = true
		}
	}
}
