package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		x := &told{Step: c.step, names: []string{stepName(c.step)}}
		word, _ := stepWord(c.step)
		if got := word + " " + x.text(); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}

// Steps that are one to a person are one line; what takes something away is named
// thing by thing.
func TestStepsTogether(t *testing.T) {
	t.Parallel()
	step := func(name, action, path string) decide.Step {
		return decide.Step{Subject: decide.SubjectRef{Kind: "A", Name: name}, Action: action, Risk: "low", Paths: []string{path}, File: name + ".yaml", Line: 2}
	}
	created := func(kind, file string) decide.Step {
		return decide.Step{Subject: decide.SubjectRef{Kind: kind, Name: "n"}, Action: "create", Risk: "low", File: file, Line: 1}
	}
	in := func(environment string, steps ...decide.Step) decide.TransitionSummary {
		return decide.TransitionSummary{Environment: environment, Name: "u", Actions: map[string]int{}, Risks: map[string]int{}, Steps: steps}
	}
	r := quietResult()
	r.Transitions = []decide.TransitionSummary{
		in("prod", step("a", "delete", ""), step("b", "delete", ""), step("c", "update", "x"), step("d", "update", "x"), step("e", "update", "y"),
			created("X", "f"), created("Y", "f"), created("Z", "g")),
		in("dev", step("a", "delete", ""), step("c", "update", "x")),
	}
	var got []string
	for _, x := range newView(Input{Result: r}).steps() {
		word, _ := stepWord(x.Step)
		got = append(got, word+" "+x.text())
	}
	want := []string{
		"delete A a (low) in dev, prod · a.yaml:2", "delete A b (low) in prod · b.yaml:2",
		"update A c, A d (low) in dev, prod: x · c.yaml:2 and 1 more file", "update A e (low) in prod: y · e.yaml:2",
		"create X n, Y n (low) in prod · f:1", "create Z n (low) in prod · g:1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The worst steps of all units together are named up to the bound; what is left
// is counted by action and kind.
func TestStepsAreBounded(t *testing.T) {
	t.Parallel()
	r := quietResult()
	const bound, units = 20, 7
	for u := range units {
		x := decide.TransitionSummary{Name: fmt.Sprint(u), Actions: map[string]int{"update": 5, "delete": 4}, Risks: map[string]int{"low": 5, "high": 4}, More: 4}
		for i := range 5 {
			x.Steps = append(x.Steps, decide.Step{Subject: decide.SubjectRef{Kind: "A", Name: fmt.Sprintf("%d-%d", u, i)}, Action: "update", Risk: "low", Paths: []string{fmt.Sprint(i, u)}})
		}
		r.Transitions = append(r.Transitions, x)
	}
	for _, format := range []string{"text", "markdown"} {
		out := render(t, format, Input{Result: r})
		if more := "… 43 more: 28 delete, 15 update (A 15) (see --format json)"; !strings.Contains(strings.ReplaceAll(out, "\n    ", " "), more) {
			t.Errorf("%s: %q is missing in\n%s", format, more, out)
		}
		if n := strings.Count(out, "(low)"); n != bound {
			t.Errorf("%s: %d steps are named:\n%s", format, n, out)
		}
	}
}
