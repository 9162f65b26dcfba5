package attest

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestExecution(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "schemas", "execution.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := &Decision{Digest: strings.Repeat("a", 64)}
	whole := func(change func(*Execution)) Execution {
		x := Execution{
			Result: Success, StartedAt: "2026-11-23T12:00:00Z", EndedAt: "2026-11-23T12:01:00Z", Command: []string{"terraform", "apply", "{plan}"},
			Approvals: []string{}, Runner: map[string]string{},
		}
		change(&x)
		return x
	}
	for name, tt := range map[string]struct {
		change func(*Execution)
		want   string
	}{
		"ended":         {func(*Execution) {}, ""},
		"started":       {func(x *Execution) { x.Result, x.EndedAt, x.ExitCode = Started, "", -1 }, ""},
		"no end":        {func(x *Execution) { x.EndedAt = "" }, "an end"},
		"an early end":  {func(x *Execution) { x.Result = Started }, "an end"},
		"another word":  {func(x *Execution) { x.Result = "fine" }, "result is"},
		"no command":    {func(x *Execution) { x.Command = nil }, "are missing"},
		"another clock": {func(x *Execution) { x.StartedAt = "noon" }, "RFC 3339"},
	} {
		payload, digest, err := BuildExecution(d, whole(tt.change))
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
			continue
		}
		if err != nil || !isSHA256(digest) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
