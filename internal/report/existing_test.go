package report

import (
	"bytes"
	"strings"
	"testing"

	"gate/internal/decide"
)

// Beside a base the verdict stands first, then what the change does and what is
// new, and what was there is counted.
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
		"text":     {"decision: deny, incomplete: 1 new finding warns (", "not judged", "what the change does", "[" + in.Result.Findings[0].Rule + "]", "approvals", "before the change: 6 findings\n", "the change mends 1 finding of the base (kubernetes/probes 1)", "decision: "},
		"markdown": {"1 new finding warns (", "### Incomplete: 2 things not judged", "### What the change does", "[" + in.Result.Findings[0].Rule + "]", "### Approvals", "<summary>Before the change: 6 findings</summary>", "the change mends 1 finding of the base"},
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
