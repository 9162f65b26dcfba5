package report

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"
)

// proposed is a change of which the base has findings and gaps as well.
func proposed() Input {
	r := quietResult()
	r.Decision, r.Complete = decide.Deny, false
	r.Change.Files = []facts.File{{Path: "b.yaml", Status: "modified"}}
	finding := func(rule, state string, effect decide.Effect, file string) decide.Finding {
		return decide.Finding{Rule: rule, State: state, Effect: effect, Severity: "high", Message: rule + " in " + file, Subject: decide.SubjectRef{ID: file, Kind: "Pod", Name: file},
			Location: source.Location{Position: at(file, 1, 1, 2)}, Fingerprint: strings.Repeat("a", 31) + file[:1]}
	}
	r.Findings = []decide.Finding{
		finding("k/new", decide.New, decide.Deny, "a.yaml"), finding("k/new", decide.New, decide.Deny, "b.yaml"),
		finding("k/old", decide.Existing, decide.Warn, "c.yaml"), finding("k/old", decide.Existing, decide.Warn, "d.yaml"),
	}
	gap := func(id, reason string, cause source.Cause, existing bool) facts.Entry {
		return facts.Entry{Kind: "unit", ID: id, State: facts.Failed, Reason: reason, Hint: "do something about it", Cause: cause, Existing: existing, Place: source.Position{File: id + ".yaml", Line: 3}}
	}
	r.Coverage.Entries = []facts.Entry{
		gap("u1", `chart "web" of https://x is not in the repository`, source.CauseChart, false),
		gap("u2", `chart "web" of https://x is not in the repository`, source.CauseChart, false),
		gap("u3", `chart "web" of https://x is not in the repository`, source.CauseChart, false),
		gap("u4", "the template fails", "", false),
		gap("o1", `chart "old" of https://x is not in the repository`, source.CauseChart, true),
		gap("o2", `chart "other" of https://x is not in the repository`, source.CauseChart, true),
		gap("o3", `"https://y" is remote`, source.CauseRemote, true),
		gap("o4", "the old template fails", "", true),
	}
	r.Environments[0].Scope = decide.ScopeChange
	r.Environments = append(r.Environments, decide.EnvironmentDecision{Environment: "prod", Class: "prod", Decision: decide.Deny, Scope: decide.ScopeTree})
	return Input{Result: r}
}

// What the change makes or reaches is named first, one line for one cause; what
// was there before is counted by cause, with the one command that settles all of
// it, behind everything that is asked.
func TestGaps(t *testing.T) {
	t.Parallel()
	for format, marks := range map[string][]string{
		"text": {
			"4 things that the change makes or\n  reaches could not be judged", "incomplete: 4 things that the change makes or reaches not judged",
			"u4.yaml:3: the template fails [unit]\n    hint: do something about it\n", `u1.yaml:3: chart "web" of https://x is not in the repository [unit], 3 times`,
			"hint: gate vendor --allow-network=helm, commit .gate/charts.lock", "deny: 2 new findings", "before the change: 2 findings, 4 things not judged\n",
			"2 findings the base has as well (k/old 2)", "not judged at the base either, and not reached by the change: 4 things", "2 for a chart from elsewhere: gate vendor --allow-network=helm", "1 for what another repository holds: ",
			"1 for other reasons (unit 1; see --format json)", "only what the change reaches",
		},
		"markdown": {
			"4 things that the change makes or reaches could not be judged", "| covers |", "only what the change reaches", "### Incomplete: 4 things", "`u4.yaml:3: the template fails [unit]`",
			", 3 times`", "hint: `gate vendor", "### deny: 2 new findings", "<details><summary>Before the change: 2 findings, 4 things not judged</summary>", "2 for a chart from elsewhere: gate vendor",
		},
		"html": {
			"4 things that the change makes or reaches could not be judged", "<th>covers</th>", "only what the change reaches", "<summary>incomplete: 4 things", ", 3 times",
			"deny: 2 new findings", "<details><summary>before the change: 2 findings, 4 things not judged</summary>", "2 for a chart from elsewhere",
		},
	} {
		out := render(t, format, proposed())
		rest := out
		for _, m := range marks {
			_, after, ok := strings.Cut(rest, m)
			if !ok {
				t.Fatalf("%s: %q does not follow in\n%s", format, m, out)
			}
			rest = after
		}
		for _, old := range []string{`chart "old"`, "the old template", "k/old in"} {
			if strings.Contains(out, old) {
				t.Errorf("%s names %q, which was there before", format, old)
			}
		}
	}
}

// Findings in files that the change touches stand before others of their effect.
func TestChangedFilesFirst(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "markdown", "html", "github"} {
		out := render(t, format, proposed())
		if a, b := strings.Index(out, "k/new in a.yaml"), strings.Index(out, "k/new in b.yaml"); b < 0 || a < b {
			t.Errorf("%s: b.yaml at %d, a.yaml at %d of\n%s", format, b, a, out)
		}
	}
}

// No format for machines tells what was there before as new, or as a failure.
func TestBeforeFailsNothing(t *testing.T) {
	t.Parallel()
	in := proposed()
	var doc junitDocument
	out := render(t, "junit", in)
	if err := xml.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Failures != "2" || doc.Errors != "2" || !strings.Contains(out, "2 findings that the base has as well") || !strings.Contains(out, "2 for a chart from elsewhere") {
		t.Errorf("junit: %s failures, %s errors in\n%s", doc.Failures, doc.Errors, out)
	}
	if out := render(t, "github", in); strings.Count(out, "\n::error")+strings.Count(out[:2], "::") != 3 || strings.Contains(strings.Split(out, "::stop-commands::")[0], "k/old") {
		t.Errorf("github:\n%s", out)
	}
	if out := render(t, "metrics", in); !strings.Contains(out, `policy_state_count{state="existing"} 2`) || !strings.Contains(out, `policy_gap_count{state="existing"} 4`) || !strings.Contains(out, `policy_gap_count{state="new"} 4`) {
		t.Errorf("metrics:\n%s", out)
	}
	in.Result.Complete = true
	var sast sastReport
	if err := json.Unmarshal([]byte(render(t, "gitlab-sast", in)), &sast); err != nil {
		t.Fatal(err)
	}
	if sast.Scan.Status != "success" || len(sast.Vulnerabilities) != 4 || len(sast.Scan.Messages) == 0 || sast.Scan.Messages[0].Level != "info" {
		t.Errorf("gitlab-sast: %+v", sast)
	}
}

// GitLab's widget compares by fingerprint: what a run over the base reports has the
// same fingerprint in the report of the change, whatever it leads to there.
func TestCodeQualityKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	prints := func(r *decide.Result) (out []string) {
		var issues []codeQualityIssue
		if err := json.Unmarshal([]byte(render(t, "gitlab-codequality", Input{Result: r})), &issues); err != nil {
			t.Fatal(err)
		}
		for _, i := range issues {
			out = append(out, i.Fingerprint)
		}
		slices.Sort(out)
		return out
	}
	finding := func(environment, fingerprint, state string, effect decide.Effect) decide.Finding {
		return decide.Finding{Rule: "k/x", Message: "m", State: state, Effect: effect, Fingerprint: fingerprint, Scope: facts.Scope{Environment: environment},
			Subject: decide.SubjectRef{Kind: "Pod", Name: "p"}, Location: source.Location{Position: at("a.yaml", 1, 1, 2)}}
	}
	gap := facts.Entry{Kind: "unit", ID: "u", State: facts.Failed, Reason: "x"}
	base, head := quietResult(), quietResult()
	base.Findings = []decide.Finding{finding("dev", "b", "", decide.Warn), finding("prod", "c", "", decide.Deny)}
	base.Coverage.Entries = []facts.Entry{gap}
	gap.Existing = true
	head.Coverage.Entries = []facts.Entry{gap}
	head.Findings = []decide.Finding{finding("dev", "b", decide.Existing, decide.Warn), finding("prod", "c", decide.Existing, decide.Warn), finding("stage", "a", decide.New, decide.Warn)}
	if diff := cmp.Diff(prints(base), prints(head)); diff != "" {
		t.Errorf("fingerprints (-base +head):\n%s", diff)
	}
}

// The marker is the same from run to run, tells repositories and configurations
// apart, and nothing in it ends the comment.
func TestMarker(t *testing.T) {
	t.Parallel()
	marker := func(repository string, of ...string) string {
		r := quietResult()
		r.Change.Repository, r.Change.Commit = repository, strings.Repeat("a", 40)
		first, _, _ := strings.Cut(render(t, "markdown", Input{Result: r, Of: of}), "\n")
		return first
	}
	seen := map[string]bool{}
	for _, m := range []string{
		marker("a"), marker("b"), marker("a", "x"), marker("a", "x", "y"), marker("a", "xy"), marker("ax"), marker("--> <script>", "-->"),
	} {
		if seen[m] || strings.Count(m, "-->") != 1 || !strings.HasSuffix(m, " -->") {
			t.Errorf("marker %q", m)
		}
		seen[m] = true
	}
	if first := marker("a", "x"); marker("a", "x") != first {
		t.Error("the marker changes")
	}
}
