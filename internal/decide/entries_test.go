package decide

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gate/internal/facts"
)

// TestEntries is about the environments and targets that a run answers for.
func TestEntries(t *testing.T) {
	t.Parallel()
	at := func(places ...facts.Scope) map[string]SubjectContext {
		out := map[string]SubjectContext{}
		for i, s := range places {
			id := string(rune('a' + i))
			out[id] = subject(id, s, "x.yaml", 1)
		}
		return out
	}
	prod := func(target string) facts.Scope { return scope("prod", "prod", target) }
	for _, tt := range []struct {
		name     string
		subjects map[string]SubjectContext
		edit     func(in *Input)
		want     []string // environment/target class
	}{
		{"a target", at(prod("eu")), nil, []string{"prod/eu prod"}},
		{"no target is all of them", at(prod("")), nil, []string{"prod/eu prod", "prod/us prod"}},
		{"a target beside no target", at(prod("us"), prod("")), nil, []string{"prod/eu prod", "prod/us prod"}},
		{"a target that is not configured", at(prod("ap")), nil, []string{"prod/ap prod"}},
		{"an environment without targets", at(scope("dev", "non-prod", "")), nil, []string{"dev/ non-prod"}},
		{"an environment that is reached and has no subject", nil, func(in *Input) { in.Environments[0].Reached = true }, []string{"prod/eu prod", "prod/us prod"}},
		{"an environment that is not reached", at(scope("dev", "non-prod", "")), func(in *Input) { in.Environments[0].Changed = true }, []string{"dev/ non-prod"}},
		{"no place", at(scope("", "", "")), nil, []string{"/ prod"}},
		{"what stands for the configuration is no place", map[string]SubjectContext{
			"environment/prod": subject("environment/prod", prod(""), ".gate.yaml", 1), "a": subject("a", scope("dev", "non-prod", ""), "x.yaml", 1),
		}, nil, []string{"dev/ non-prod"}},
		{"what stands for the repository is no place", map[string]SubjectContext{
			"secret:x": subject("secret:x", scope("", "", ""), "x", 1), "file:x": subject("file:x", scope("", "", ""), "x", 1), "a": subject("a", scope("dev", "non-prod", ""), "x.yaml", 1),
		}, nil, []string{"dev/ non-prod"}},
		{"the class of the configuration counts", at(scope("dev", "", "")), func(in *Input) { in.Environments[1].Class = "prod" }, []string{"dev/ non-prod"}},
		{"the class of an environment that is not configured", at(scope("lab", "", "")), func(in *Input) {
			in.Environments = append(in.Environments, facts.Environment{Subject: facts.Subject{Scope: facts.Scope{Class: "non-prod"}}, Name: "lab"})
		}, []string{"lab/ non-prod"}},
		{"one that nobody knows is production", at(scope("lab", "", "")), nil, []string{"lab/ prod"}},
		{"one environment of several", at(prod("eu"), scope("dev", "non-prod", "")), func(in *Input) { in.Only = []string{"dev"} }, []string{"dev/ non-prod"}},
		{"an environment that nothing belongs to", at(prod("eu")), func(in *Input) { in.Only = []string{"dev"} }, []string{"/ prod"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := base(t)
			in.Subjects = tt.subjects
			for i := range in.Environments {
				in.Environments[i].Reached, in.Environments[i].Changed = false, false
			}
			if tt.edit != nil {
				tt.edit(&in)
			}
			var got []string
			for _, e := range decided(t, in).Environments {
				got = append(got, e.Environment+"/"+e.Target+" "+e.Class)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}
