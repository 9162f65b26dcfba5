package report

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/decide"
)

func TestStepText(t *testing.T) {
	t.Parallel()
	web := decide.SubjectRef{Kind: "Deployment", Namespace: "web", Name: "web"}
	db := decide.SubjectRef{Address: "aws_db_instance.db"}
	size := decide.Attribute{Path: "instance_class", Class: "size", Before: "a", After: "b"}
	many := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, c := range []struct {
		step decide.Step
		want string
	}{
		{decide.Step{Subject: web, Action: "update", Outcome: "applied", Paths: []string{"spec.replicas"}}, "update Deployment web/web (low): spec.replicas"},
		{decide.Step{Subject: web, Action: "update", Paths: many}, "update Deployment web/web (low): a, b, c, d, e, f and 2 more"},
		{decide.Step{Subject: web, Action: "create"}, "create Deployment web/web (low)"},
		{decide.Step{Subject: web, Action: "forget", Outcome: "orphaned", Reason: "x does not prune"}, "orphaned: Deployment web/web (low): x does not prune"},
		{decide.Step{Subject: web, Action: "update", Outcome: "not-applied", Reason: "x is suspended", Paths: []string{"spec"}}, "not applied: update Deployment web/web (low): x is suspended; spec"},
		{decide.Step{Subject: web, Action: "delete", Outcome: "unknown"}, "unknown: delete Deployment web/web (low)"},
		{decide.Step{Subject: web, Action: "create", Outcome: "moved", Reason: "to cluster b"}, "moved: create Deployment web/web (low): to cluster b"},
		{decide.Step{Subject: web, Action: "move", Outcome: "moved", Reason: "to cluster b"}, "move Deployment web/web (low): to cluster b"},
		{decide.Step{Subject: db, Action: "update", Paths: []string{"instance_class", "x"}, Attributes: []decide.Attribute{size}}, "update aws_db_instance.db (low): instance_class a → b (size), x"},
		{decide.Step{Subject: db, Action: "replace", Forces: []string{"zone"}, Paths: []string{"instance_class", "x", "zone"}, Attributes: []decide.Attribute{size}, Reason: "y"},
			"replace aws_db_instance.db (low), forced by zone: y; instance_class a → b (size)"},
		{decide.Step{Subject: db, Action: "update", Paths: []string{"ingress", "ingress_rules", "tags.a"}, Attributes: []decide.Attribute{{Path: "ingress.cidr_blocks", Class: "exposure", After: "::/0"}}},
			"update aws_db_instance.db (low): ingress.cidr_blocks none → ::/0 (exposure), ingress_rules, tags.a"},
		{decide.Step{Subject: db, Action: "update", Paths: []string{"ingress[0].cidr_blocks[1]", "ingress[0].description", "ingress_rules"}, Attributes: []decide.Attribute{{Path: "ingress.cidr_blocks", Class: "exposure", After: "::/0"}}},
			"update aws_db_instance.db (low): ingress.cidr_blocks none → ::/0 (exposure), ingress[0].description, ingress_rules"},
		{decide.Step{Subject: db, Action: "update", Attributes: []decide.Attribute{{Path: "p", Class: "size", Before: strings.Repeat("x", 100)}}},
			"update aws_db_instance.db (low): p " + strings.Repeat("x", maxValue-3) + "… → none (size)"},
	} {
		c.step.Risk = "low"
		if got := stepText(c.step); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// Each step is named up to the bound; what is left is counted.
func TestStepsAreBounded(t *testing.T) {
	t.Parallel()
	r := quietResult()
	x := decide.TransitionSummary{Name: "u", Actions: map[string]int{"update": maxNamed + 5}, Risks: map[string]int{"low": maxNamed + 5}, More: 3}
	for i := range maxNamed + 2 {
		x.Steps = append(x.Steps, decide.Step{Subject: decide.SubjectRef{Kind: "A", Name: fmt.Sprint(i)}, Action: "update", Risk: "low"})
	}
	r.Transitions = []decide.TransitionSummary{x}
	for _, c := range []struct{ format, more string }{
		{"text", "\n    … 5 more (see --format json)\n"}, {"markdown", "\n  - … 5 more\n"}, {"html", "\n<li>… 5 more</li>\n"},
	} {
		out := render(t, c.format, Input{Result: r})
		if n := strings.Count(out, "update"); n != maxNamed+1 || !strings.Contains(out, c.more) {
			t.Errorf("%s: %d steps are named:\n%s", c.format, n-1, out)
		}
	}
}
