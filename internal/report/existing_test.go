package report

import (
	"bytes"
	"strings"
	"testing"

	"gate/internal/decide"
)

// Beside a base what is new stands before what could not be judged, and what was
// there is one line.
func TestNewComesFirst(t *testing.T) {
	t.Parallel()
	in := sampleInput()
	for i := range in.Result.Findings {
		f := &in.Result.Findings[i]
		if f.State = decide.New; i > 0 {
			f.State, f.Effect, f.Message = decide.Existing, decide.Warn, "it was so before"
		}
	}
	in.Result.Fixed = []decide.Finding{{Rule: "kubernetes/probes", State: decide.Fixed}}
	for format, marks := range map[string][]string{
		"text":     {in.Result.Findings[0].Rule, "before the change", "the change mends 1 finding of the base (kubernetes/probes 1)", "what the change does", "not judged", "decision: "},
		"markdown": {in.Result.Findings[0].Rule, "the change mends 1 finding of the base", "### What the change does", "### Not judged"},
	} {
		var out bytes.Buffer
		if err := Write(&out, format, in); err != nil {
			t.Fatal(err)
		}
		rest := out.String()
		if format == "text" && strings.Contains(rest, "it was so before") {
			t.Errorf("%s: what was there before is shown", format)
		}
		for _, m := range marks {
			_, after, ok := strings.Cut(rest, m)
			if !ok {
				t.Fatalf("%s: %q does not follow in\n%s", format, m, out.String())
			}
			rest = after
		}
	}
}
