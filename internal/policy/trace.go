package policy

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/topdown/print"
)

// What a trace may hold: of one package over one document, and of an entry.
const (
	maxTraceEvents = 2_000
	maxTracePrint  = 64 << 10
	maxTrace       = 4 << 20
)

// trace is what one package prints over a document and how its rules are evaluated. The
// nil trace notes nothing.
type trace struct {
	printed bytes.Buffer
	events  []*topdown.Event
	cut     bool
}

// options are those of an evaluation that is traced.
func (t *trace) options() []rego.EvalOption {
	if t == nil {
		return nil
	}
	return []rego.EvalOption{rego.EvalPrintHook(t), rego.EvalQueryTracer(t)}
}

// Print notes what a policy prints, with its line.
func (t *trace) Print(c print.Context, msg string) error {
	if t.printed.Len()+len(msg) > maxTracePrint {
		t.cut = true
		return nil
	}
	if c.Location != nil {
		fmt.Fprintf(&t.printed, "%s:%d: ", c.Location.File, c.Location.Row)
	}
	t.printed.WriteString(msg + "\n")
	return nil
}

// Enabled says whether there is room for more.
func (t *trace) Enabled() bool { return len(t.events) < maxTraceEvents }

// Config asks for the values of variables.
func (t *trace) Config() topdown.TraceConfig { return topdown.TraceConfig{PlugLocalVars: true} }

// TraceEvent notes a step of an evaluation.
func (t *trace) TraceEvent(e topdown.Event) {
	if !t.Enabled() {
		return
	}
	t.events = append(t.events, &e)
	t.cut = t.cut || len(t.events) == maxTraceEvents
}

// text is the trace of a package over a document, which may see what stands in hide.
func (t *trace) text(about string, hide func(string) string) string {
	if t == nil {
		return ""
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "trace of %s\n", about)
	b.Write(t.printed.Bytes())
	topdown.PrettyTraceWithLocation(&b, t.events)
	if t.cut {
		b.WriteString("and so on\n")
	}
	return hide(plainNames(strings.TrimRight(b.String(), "\n") + "\n"))
}
