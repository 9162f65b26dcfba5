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

func TestMarkdownBudget(t *testing.T) {
	t.Parallel()
	r := quietResult()
	r.Decision = decide.Deny
	for i := range 5000 {
		r.Findings = append(r.Findings, decide.Finding{
			Rule: "a/b", Severity: "low", Effect: []decide.Effect{decide.Warn, decide.Deny}[i%2], Message: fmt.Sprintf("m%d|`x`", i),
			Location: source.Location{Position: at("f", i+1, 1, 2)},
		})
	}
	for _, budget := range []int{1000, 65_536, 0} {
		out := render(t, "markdown", Input{Result: r, Budget: budget})
		limit := budget
		if limit == 0 {
			limit = maxSummary
		}
		if len(out) > limit {
			t.Errorf("budget %d: %d bytes", budget, len(out))
		}
		left := strings.Contains(out, " left out here for size**")
		if left != (budget != 0) {
			t.Errorf("budget %d: says what was left out: %v", budget, left)
		}
		if strings.Count(out, "<details>") != strings.Count(out, "</details>") {
			t.Errorf("budget %d: details are not closed", budget)
		}
		if !strings.HasPrefix(out, "## ❌ gate: deny, complete\n") {
			t.Errorf("budget %d: starts with %.50q", budget, out)
		}
		if first, _, _ := strings.Cut(out, "warn ("); budget == 65_536 && strings.Count(first, "\n- ") < 500 {
			t.Errorf("the worst do not come first")
		}
	}
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
