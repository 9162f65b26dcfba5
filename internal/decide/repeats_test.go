package decide

import (
	"testing"

	"gate/internal/facts"
	"gate/internal/policy"
	"gate/internal/source"

	"github.com/google/go-cmp/cmp"
)

// A chart is rendered once as it is deployed and once for each of its ci values:
// what a permutation says again is left out, what only it says is not.
func TestWithoutRepeats(t *testing.T) {
	t.Parallel()
	const web, a, b, other = "helm:web", "helm:web@ci/a-values.yaml", "helm:web@ci/b-values.yaml", "helm:other@ci/a-values.yaml"
	f := &facts.Facts{}
	for _, u := range []struct{ id, kind, path, environment string }{
		{web, "helm", "web", ""}, {a, "helm", "web", ""}, {b, "helm", "web", ""}, {other, "helm", "other", ""},
		{"helm:web@prod", "helm", "web", ""}, {"kustomize:k", "kustomize", "k", ""},
	} {
		unit := facts.Unit{Kind: u.kind, Path: u.path}
		unit.ID, unit.Environment = u.id, u.environment
		f.Units = append(f.Units, unit)
		object := facts.Object{Unit: u.id}
		object.ID, object.Environment = u.id+"#o", u.environment
		second := object
		second.ID = u.id + "#p"
		f.Objects = append(f.Objects, object, second)
		container := facts.Container{Unit: u.id}
		container.ID, container.Environment = u.id+"#o/c", u.environment
		f.Containers = append(f.Containers, container)
		assessment, reference := facts.Assessment{Of: u.id}, facts.SecretReference{Object: u.id}
		assessment.ID, assessment.Environment = "assessment:"+u.id, u.environment
		reference.ID, reference.Environment = "reference:"+u.id, u.environment
		f.Assessments, f.SecretReferences = append(f.Assessments, assessment), append(f.SecretReferences, reference)
	}
	at := func(line int) source.Location {
		return source.Location{Position: source.Position{File: "web/templates/a.yaml", Line: line, Column: 3}}
	}
	near := at(1)
	near.Approximate = true
	say := func(subject string, change ...func(*policy.Result)) policy.Result {
		r := policy.Result{Rule: "k8s/privileged", Subject: subject, Verdict: "fail", Path: source.Path{"image"}, Message: subject}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	for _, tt := range []struct {
		name   string
		places map[string]source.Location // by subject; at(7) if it is not named
		in     []policy.Result
		want   []string // subjects that stay, in their order
	}{
		{name: "the chart says it first", in: []policy.Result{say(web + "#o"), say(a + "#o"), say(b + "#o")}, want: []string{web + "#o"}},
		{name: "the chart comes first, whatever the order", in: []policy.Result{say(b + "#o"), say(web + "#o"), say(a + "#o")}, want: []string{web + "#o"}},
		{name: "of permutations the first by name", in: []policy.Result{say(b + "#o"), say(a + "#o")}, want: []string{a + "#o"}},
		{name: "twice in one unit is twice", in: []policy.Result{say(a + "#o"), say(a + "#p")}, want: []string{a + "#o", a + "#p"}},
		{name: "containers", in: []policy.Result{say(web + "#o/c"), say(a + "#o/c")}, want: []string{web + "#o/c"}},
		{name: "units", in: []policy.Result{say(web), say(a)}, want: []string{web}},
		{name: "assessments", in: []policy.Result{say("assessment:" + web), say("assessment:" + a)}, want: []string{"assessment:" + web}},
		{name: "references to secrets", in: []policy.Result{say("reference:" + web), say("reference:" + a)}, want: []string{"reference:" + web}},
		{
			name: "those who deploy the chart are no permutations", in: []policy.Result{say(web + "#o"), say("helm:web@prod#o")},
			want: []string{web + "#o", "helm:web@prod#o"},
		},
		{name: "another chart", in: []policy.Result{say(a + "#o"), say(other + "#o")}, want: []string{a + "#o", other + "#o"}},
		{name: "no chart", in: []policy.Result{say("kustomize:k#o"), say("kustomize:k#p"), say("file:x"), say("file:x")}, want: []string{"kustomize:k#o", "kustomize:k#p", "file:x", "file:x"}},
		{
			name: "another line", places: map[string]source.Location{a + "#o": at(8)},
			in: []policy.Result{say(web + "#o"), say(a + "#o")}, want: []string{web + "#o", a + "#o"},
		},
		{
			name: "another rule", in: []policy.Result{say(web + "#o"), say(a+"#o", func(r *policy.Result) { r.Rule = "k8s/probes" })},
			want: []string{web + "#o", a + "#o"},
		},
		{
			name: "a verdict that is not known", in: []policy.Result{say(web+"#o", func(r *policy.Result) { r.Verdict = "unknown" }), say(a + "#o")},
			want: []string{web + "#o", a + "#o"},
		},
		{
			name: "another level", in: []policy.Result{say(web+"#o", func(r *policy.Result) { r.Level = "warn" }), say(a + "#o")},
			want: []string{web + "#o", a + "#o"},
		},
		{
			name: "another cause", in: []policy.Result{say(web+"#o", func(r *policy.Result) { r.Cause = "unavailable" }), say(a + "#o")},
			want: []string{web + "#o", a + "#o"},
		},
		{
			name: "near a line, of another path", places: map[string]source.Location{web + "#o": near, a + "#o": near},
			in:   []policy.Result{say(web + "#o"), say(a+"#o", func(r *policy.Result) { r.Path = source.Path{"command"} })},
			want: []string{web + "#o", a + "#o"},
		},
		{
			name: "at a line, of another path", in: []policy.Result{say(web + "#o"), say(a+"#o", func(r *policy.Result) { r.Path = source.Path{"command"} })},
			want: []string{web + "#o"},
		},
		{
			name: "near a line, of the same path", places: map[string]source.Location{web + "#o": near, a + "#o": near},
			in: []policy.Result{say(web + "#o"), say(a + "#o")}, want: []string{web + "#o"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			locate := func(subject string, _ source.Path) source.Location {
				if l, ok := tt.places[subject]; ok {
					return l
				}
				return at(7)
			}
			var got []string
			for _, r := range WithoutRepeats(f, locate, tt.in) {
				got = append(got, r.Subject)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("in another environment", func(t *testing.T) {
		elsewhere := *f
		elsewhere.Objects = []facts.Object{{Unit: web}, {Unit: a}, {Unit: b}}
		for i, o := range []struct{ id, environment, target string }{{"x", "prod", "eu"}, {"y", "dev", "eu"}, {"z", "prod", "us"}} {
			elsewhere.Objects[i].ID, elsewhere.Objects[i].Environment, elsewhere.Objects[i].Target = o.id, o.environment, o.target
		}
		got := WithoutRepeats(&elsewhere, func(string, source.Path) source.Location { return at(7) }, []policy.Result{say("x"), say("y"), say("z")})
		if len(got) != 3 {
			t.Errorf("%d results, want 3", len(got))
		}
	})
	t.Run("without permutations nothing is dropped", func(t *testing.T) {
		plain := &facts.Facts{Units: []facts.Unit{f.Units[0], f.Units[4]}, Objects: f.Objects}
		in := []policy.Result{say(web + "#o"), say("helm:web@prod#o")}
		if got := WithoutRepeats(plain, func(string, source.Path) source.Location { return at(7) }, in); len(got) != 2 {
			t.Errorf("%d results, want 2", len(got))
		}
	})
}
