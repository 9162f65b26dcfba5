package report

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"gate/internal/decide"
	"gate/internal/policy"
	"gate/internal/source"
)

// compileSchema reads a JSON Schema from a file.
func compileSchema(t testing.TB, file string) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	url := "file:///" + filepath.Base(file)
	if err := c.AddResource(url, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(url)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t testing.TB, schema *jsonschema.Schema, text string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("not JSON: %v", err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%v", err)
	}
}

const sarifSchemaFile = "testdata/sarif-schema-2.1.0.json"

func TestSARIFSchema(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t, sarifSchemaFile)
	for name, in := range map[string]Input{
		"sample": sampleInput(), "quiet": {Result: quietResult()}, "hostile": hostileInput(), "empty": {Result: &decide.Result{}},
		"no source": {Result: sampleResult()},
	} {
		t.Run(name, func(t *testing.T) {
			text := render(t, "sarif", in)
			validate(t, schema, text)
			checkCodeScanning(t, text)
		})
	}
}

// sarifLog is what the tests read of a file, independent of the library that
// wrote it.
type sarifLog struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID               string
					ShortDescription struct{ Text string }
					FullDescription  struct{ Text string }
					Help             struct{ Text, Markdown string }
					Properties       map[string]any
				}
			}
		}
		AutomationDetails struct{ ID string }
		Invocations       []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct {
				Level   string
				Message struct{ Text string }
			}
		}
		Results []sarifLogResult
	}
}

type sarifLogResult struct {
	RuleID              string
	RuleIndex           int
	Level               string
	Message             struct{ Text string }
	Locations           []sarifLogLocation
	RelatedLocations    []sarifLogLocation
	PartialFingerprints map[string]string
	Suppressions        []any
	CodeFlows           []struct {
		ThreadFlows []struct {
			Locations []struct{ Location sarifLogLocation }
		}
	}
	Properties map[string]any
}

type sarifLogLocation struct {
	ID               int
	PhysicalLocation struct {
		ArtifactLocation struct{ URI, URIBaseID string }
		Region           struct {
			StartLine, StartColumn, EndLine, EndColumn int
			Snippet                                    struct{ Text string }
		}
	}
}

func parseSARIF(t testing.TB, text string) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

// checkCodeScanning holds a file against what GitHub rejects or drops.
func checkCodeScanning(t *testing.T, text string) {
	t.Helper()
	log := parseSARIF(t, text)
	if len(log.Runs) != 1 {
		t.Fatalf("%d runs", len(log.Runs))
	}
	run := log.Runs[0]
	if !strings.HasSuffix(run.AutomationDetails.ID, "/") {
		t.Errorf("automationDetails.id %q has no category", run.AutomationDetails.ID)
	}
	for _, r := range run.Tool.Driver.Rules {
		for what, s := range map[string]string{"id": r.ID, "short": r.ShortDescription.Text, "full": r.FullDescription.Text, "help": r.Help.Text, "markdown": r.Help.Markdown} {
			if strings.TrimSpace(s) == "" {
				t.Errorf("rule %s: %s is empty", r.ID, what)
			}
		}
		if n := len([]rune(r.ShortDescription.Text)); n > 1024 {
			t.Errorf("rule %s: short description of %d characters", r.ID, n)
		}
		if n := len([]rune(r.FullDescription.Text)); n > 1024 {
			t.Errorf("rule %s: full description of %d characters", r.ID, n)
		}
		if _, ok := r.Properties["security-severity"].(string); !ok {
			t.Errorf("rule %s: security-severity is not a string", r.ID)
		}
	}
	if len(run.Results) > maxResults {
		t.Errorf("%d results", len(run.Results))
	}
	for _, r := range run.Results {
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("ruleIndex %d is not %s", r.RuleIndex, r.RuleID)
		}
		if r.Suppressions != nil {
			t.Errorf("%s: suppressions", r.RuleID)
		}
		if strings.TrimSpace(r.Message.Text) == "" {
			t.Errorf("%s: empty message", r.RuleID)
		}
		if len(r.Locations) != 1 {
			t.Fatalf("%s: %d locations", r.RuleID, len(r.Locations))
		}
		for _, l := range append(r.Locations, r.RelatedLocations...) {
			uri, g := l.PhysicalLocation.ArtifactLocation.URI, l.PhysicalLocation.Region
			if uri == "" || strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, ".") && strings.HasPrefix(uri, "./") || strings.ContainsAny(uri, " :?#\\") {
				t.Errorf("%s: uri %q", r.RuleID, uri)
			}
			if g.StartLine < 1 || g.StartColumn < 1 || g.EndLine != g.StartLine || g.EndColumn < g.StartColumn {
				t.Errorf("%s: region %+v", r.RuleID, g)
			}
		}
		for i, l := range r.RelatedLocations {
			if l.ID != i+1 {
				t.Errorf("%s: related location %d has id %d", r.RuleID, i, l.ID)
			}
			inTree := l.PhysicalLocation.ArtifactLocation.URIBaseID == ""
			if i < 10 && inTree && !strings.Contains(r.Message.Text, fmt.Sprintf("](%d)", l.ID)) {
				t.Errorf("%s: related location %d is not linked", r.RuleID, l.ID)
			}
		}
	}
}

func TestSARIFResults(t *testing.T) {
	t.Parallel()
	log := parseSARIF(t, render(t, "sarif", sampleInput()))
	run := log.Runs[0]
	var got []string
	for _, r := range run.Results {
		got = append(got, r.Level+" "+r.RuleID+" "+r.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	}
	want := []string{ // waived ones are left out, targets are one alert
		"error kubernetes/privileged-container apps/pay/deploy.yaml",
		"error kubernetes/image-digest charts/web/values.yaml",
		"warning iac/critical-deletion stacks/db/main.tf",
		"warning secrets/plaintext-secret apps/pay/secret.yaml",
		"warning acme/main/owner apps/pay/secret.yaml",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	digest := run.Results[1]
	if digest.PartialFingerprints["gateFinding/v1"] != strings.Repeat("a1", 16) {
		t.Errorf("fingerprints %v", digest.PartialFingerprints)
	}
	if all, _ := digest.Properties["findings"].([]any); len(all) != 3 {
		t.Errorf("findings of the alert: %v", digest.Properties["findings"])
	}
	var flow []string // from where it comes from to what is applied
	for _, step := range digest.CodeFlows[0].ThreadFlows[0].Locations {
		at := step.Location.PhysicalLocation
		flow = append(flow, fmt.Sprintf("%s %s:%d", at.ArtifactLocation.URIBaseID, at.ArtifactLocation.URI, at.Region.StartLine))
	}
	if diff := cmp.Diff([]string{
		" charts/web/templates/deploy.yaml:20", " charts/web/values.yaml:1", " apps/pay/deploy.yaml:6",
		"RENDERED helm/charts/web%40web/apps_Deployment_payments_web.yaml:9",
	}, flow); diff != "" {
		t.Errorf("code flow (-want +got):\n%s", diff)
	}
	last := digest.RelatedLocations[len(digest.RelatedLocations)-1].PhysicalLocation
	if last.ArtifactLocation.URIBaseID != renderedBase || !strings.Contains(last.Region.Snippet.Text, "🚀") {
		t.Errorf("rendered place %+v", last)
	}
	if strings.Contains(digest.Message.Text, "rendered") {
		t.Errorf("a link to no file of the repository: %s", digest.Message.Text)
	}
	// the region of a resource of three lines ends on its first
	if g := run.Results[2].Locations[0].PhysicalLocation.Region; g.EndLine != 1 || g.EndColumn != 36 {
		t.Errorf("region %+v", g)
	}
	inv := run.Invocations[0]
	if inv.ExecutionSuccessful || len(inv.ToolExecutionNotifications) != 3 {
		t.Errorf("invocation %+v", inv)
	}
}

func TestSARIFLimit(t *testing.T) {
	t.Parallel()
	r := quietResult()
	for i := range maxResults + 10 {
		effect := decide.Warn
		if i%2 == 0 && i < 100 {
			effect = decide.Deny
		}
		r.Findings = append(r.Findings, decide.Finding{
			Rule: "a/b", Severity: "low", Effect: effect, Message: "m",
			Location: source.Location{Position: at("f.yaml", i+1, 1, 2)},
		})
	}
	text := render(t, "sarif", Input{Result: r})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil || packed.Len() > 10<<20 {
		t.Errorf("%d bytes gzipped, %v", packed.Len(), err)
	}
	run := parseSARIF(t, text).Runs[0]
	if len(run.Results) != maxResults {
		t.Errorf("%d results", len(run.Results))
	}
	if i := slices.IndexFunc(run.Results, func(r sarifLogResult) bool { return r.Level != "error" }); i != 50 {
		t.Errorf("the strictest do not come first: %d", i)
	}
	notes := run.Invocations[0].ToolExecutionNotifications
	if len(notes) != 1 || !strings.HasPrefix(notes[0].Message.Text, "10 more results were left out") {
		t.Errorf("notifications %v", notes)
	}
}

func TestRelativeURI(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a/b.yaml": "a/b.yaml", "a b/c#d?.yaml": "a%20b/c%23d%3F.yaml", "https:/x": "https%3A/x", "日.yaml": "%E6%97%A5.yaml",
		"100%.yaml": "100%25.yaml", "a\\b": "a%5Cb", "a\nb": "a%0Ab", "~x/-_.": "~x/-_.",
	} {
		if got := relativeURI(in); got != want {
			t.Errorf("relativeURI(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPhysical(t *testing.T) {
	t.Parallel()
	v := newView(Input{Result: quietResult(), Source: func(string) ([]byte, error) { return []byte("  key: 🚀 x  \r\n\n"), nil }})
	tests := []struct {
		name string
		in   source.Position
		want [2]int
	}{
		{"exact", source.Position{Line: 1, Column: 3, EndLine: 1, EndColumn: 6}, [2]int{3, 6}},
		{"no column", source.Position{Line: 1}, [2]int{3, 12}},
		{"several lines", source.Position{Line: 1, Column: 3, EndLine: 2, EndColumn: 1}, [2]int{3, 12}},
		{"beyond the line", source.Position{Line: 1, Column: 3, EndLine: 1, EndColumn: 99}, [2]int{3, 14}},
		{"empty line", source.Position{Line: 2}, [2]int{1, 1}},
		{"beyond the file", source.Position{Line: 9, Column: 4}, [2]int{4, 5}},
	}
	for _, tt := range tests {
		tt.in.File = "f"
		r := v.physical(tt.in).Region
		if got := [2]int{*r.StartColumn, *r.EndColumn}; got != tt.want || *r.StartLine != *r.EndLine {
			t.Errorf("%s: columns %v of lines %d-%d, want %v", tt.name, got, *r.StartLine, *r.EndLine, tt.want)
		}
	}
}

func TestPlaceOutsideTheRoot(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": fallbackFile, "/etc/passwd": fallbackFile, "../x": fallbackFile, "a/../../x": fallbackFile, "..": fallbackFile, "./a": "a", "a/b": "a/b",
	} {
		if got := place(source.Position{File: in, Line: 3}); got.File != want {
			t.Errorf("place(%q) = %v, want %q", in, got, want)
		}
	}
}

// A message cannot make a link that a reader could take for one of ours.
func TestSARIFMessageLinks(t *testing.T) {
	t.Parallel()
	f := &group{Finding: decide.Finding{Rule: "a/b", Effect: decide.Deny, Message: "see [this](https://evil.example) or [that](1)\u202e"}}
	f.members = []decide.Finding{f.Finding}
	got := sarifMessage(f, nil)
	if want := `see [this\](https://evil.example) or [that\](1)\u202e (deny)`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHelpMarkdownFence(t *testing.T) {
	t.Parallel()
	got := helpMarkdown(policy.Rule{Title: "T", Description: "D", Before: "a\n````\nb", Language: "yaml"})
	if !strings.Contains(got, "`````yaml\na\n````\nb\n`````") {
		t.Errorf("fence: %q", got)
	}
}

// The vectors are those that codeql-action tests its own implementation with
// (src/fingerprints.test.ts).
func TestLineHashes(t *testing.T) {
	t.Parallel()
	withEnd := []string{"e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"}
	tests := []struct {
		in   string
		want []string
	}{
		{"", []string{"c129715d7a2bc9a3:1"}},
		{" a\nb\n  \t\tc\n d", []string{"271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"}},
		{" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End", []string{"8b7cf3e952e7aeb2:1", "b1ae1287ec4718d9:1", "bff680108adb0fcc:1", "c6805c5e1288b612:1", "b86d3392aea1be30:1", "e6ceba753e1a442:1"}},
		{" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n", withEnd},
		{" hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r", withEnd},
		{" hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n", withEnd},
		{" hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n", withEnd},
		{strings.Repeat("Lorem ipsum dolor sit amet.\n", 10), []string{
			"a7f2ff13bc495cf2:1", "a7f2ff13bc495cf2:2", "a7f2ff13bc495cf2:3", "a7f2ff13bc495cf2:4", "a7f2ff13bc495cf2:5", "a7f2ff13bc495cf2:6",
			"a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1",
		}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, lineHashes([]byte(tt.in))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.in, diff)
		}
	}
}

func FuzzLineHashes(f *testing.F) {
	f.Add([]byte("a\r\n\tb\rc\n"))
	f.Add([]byte("\xff\xf0\x9f\x9a\x80"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// no blanks: the line ends are then all that the hash folds
		text := strings.NewReplacer(" ", "", "\t", "").Replace(string(data))
		folded := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
		if diff := cmp.Diff(lineHashes([]byte(folded)), lineHashes([]byte(text))); diff != "" {
			t.Errorf("line ends count:\n%s", diff)
		}
		if got, want := len(lineHashes([]byte(text))), strings.Count(folded, "\n")+1; got != want {
			t.Errorf("%d lines, want %d", got, want)
		}
	})
}
