package report

import (
	"bytes"
	"strings"
	"testing"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

func written(t *testing.T, format string, r *decide.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, Input{Result: r}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What one line has in several environments and objects is one case of JUnit and one
// finding of the metrics, and it names them.
func TestFolded(t *testing.T) {
	t.Parallel()
	f := func(name, environment string, effect decide.Effect) decide.Finding {
		return decide.Finding{
			Rule: "kubernetes/probes", Effect: effect, Severity: "low", Verdict: "fail", Message: "a probe is missing", Scope: facts.Scope{Environment: environment},
			Subject:  decide.SubjectRef{ID: "helm:a#" + name + environment, Kind: "Deployment", Name: name},
			Location: source.Location{Position: source.Position{File: "values.yaml", Line: 3}}, Fingerprint: name + environment,
		}
	}
	r := &decide.Result{Decision: decide.Deny, Complete: true, Findings: []decide.Finding{f("web", "prod", decide.Deny), f("web", "staging", decide.Warn), f("api", "prod", decide.Deny)}}
	junit := written(t, "junit", r)
	if n := strings.Count(junit, "<testcase"); n != 1 {
		t.Errorf("%d cases:\n%s", n, junit)
	}
	for _, part := range []string{"Deployment api, Deployment web", "deny in prod; warn in staging", "<failure"} {
		if !strings.Contains(junit, part) {
			t.Errorf("JUnit lacks %q:\n%s", part, junit)
		}
	}
	if m := written(t, "metrics", r); !strings.Contains(m, `policy_rule_findings{rule="kubernetes/probes",severity="low",effect="deny"} 1`) || strings.Contains(m, `severity="low",effect="warn"`) {
		t.Errorf("metrics:\n%s", m)
	}
}

// A resource is named by its address in every format, even where a word of the message
// is its name.
func TestResourceIsNamed(t *testing.T) {
	t.Parallel()
	r := &decide.Result{Decision: decide.Deny, Complete: true, Findings: []decide.Finding{{
		Rule: "iac/public-exposure", Effect: decide.Deny, Severity: "high", Verdict: "fail", Message: `ports 22-80 (tcp) open to "0.0.0.0/0"`,
		Subject:  decide.SubjectRef{ID: "terraform:.:module.a.aws_security_group.tcp", Kind: "aws_security_group", Name: "tcp", Address: "module.a.aws_security_group.tcp"},
		Location: source.Location{Position: source.Position{File: "main.tf", Line: 3}},
	}}}
	const want = `(module.a.aws_security_group.tcp)`
	for _, format := range []string{"text", "markdown", "junit", "sarif", "github", "gitlab-codequality", "html"} {
		if out := written(t, format, r); !strings.Contains(out, want) {
			t.Errorf("%s does not name it:\n%s", format, out)
		}
	}
}

// What is missing for many is said once, with all places.
func TestGapsAreFolded(t *testing.T) {
	t.Parallel()
	r := &decide.Result{Decision: decide.Allow}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		r.Coverage.Entries = append(r.Coverage.Entries, facts.Entry{
			Kind: "unit", ID: "helm:" + name, State: facts.Failed, Reason: "chart redis 1.2.3 is not vendored", Cause: source.CauseChart,
			Hint: "helm dependency build " + name, Place: source.Position{File: name + "/Chart.yaml", Line: 2},
		})
	}
	junit, sarif := written(t, "junit", r), written(t, "sarif", r)
	if n := strings.Count(junit, "<testcase"); n != 1 {
		t.Errorf("%d cases:\n%s", n, junit)
	}
	if n := strings.Count(sarif, "is not vendored"); n != 1 {
		t.Errorf("%d notifications:\n%s", n, sarif)
	}
	for _, place := range []string{"a/Chart.yaml", "e/Chart.yaml"} {
		if !strings.Contains(junit, place) || !strings.Contains(sarif, place) {
			t.Errorf("%s is not said", place)
		}
	}
	for _, out := range []string{junit, sarif, written(t, "gitlab-sast", r)} {
		if !strings.Contains(out, "and 2 more were not judged") {
			t.Errorf("not counted: %s", out)
		}
	}
}
