package approve

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/attest"
)

// What has become of an effect is told step by step, and whether that is all.
func TestDifference(t *testing.T) {
	t.Parallel()
	step := func(action, subject string) attest.Step {
		return attest.Step{Action: action, Subject: subject, Replace: []string{}}
	}
	update, remove := step("update", "aws_db.a"), step("delete", "aws_db.a")
	var many []attest.Step
	for i := range 15 {
		many = append(many, step("create", fmt.Sprintf("r.%02d", i)))
	}
	for name, tt := range map[string]struct {
		was, now Effect
		want     string
	}{
		"another action":   {Effect{Steps: []attest.Step{update}}, Effect{Steps: []attest.Step{remove}}, "+delete aws_db.a, -update aws_db.a"},
		"a step more":      {Effect{Steps: []attest.Step{update}}, Effect{Steps: []attest.Step{update, step("create", "aws_db.b")}}, "+create aws_db.b"},
		"other values":     {Effect{Steps: []attest.Step{update}}, Effect{Steps: []attest.Step{update}}, "the steps are the same, their values are others"},
		"behind the end":   {Effect{Steps: []attest.Step{update}, StepsLeft: 3}, Effect{Steps: []attest.Step{update}, StepsLeft: 4}, "the first steps are the same, with other values or other steps behind them"},
		"many":             {Effect{}, Effect{Steps: many}, "+create r.09, and 5 more"},
		"what it comes to": {Effect{Steps: []attest.Step{{Action: "deleted", Subject: "o"}}}, Effect{Steps: []attest.Step{{Action: "deleted", Subject: "o", Outcome: "orphaned"}}}, "+deleted o orphaned, -deleted o"},
	} {
		if got := difference(tt.was, tt.now); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
