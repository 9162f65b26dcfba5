package compare

import (
	"fmt"
	"strings"
	"testing"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
	"gate/internal/transition"

	"github.com/google/go-cmp/cmp"
)

// manifestOf is the one object in a text of YAML, nil of an empty one.
func manifestOf(t *testing.T, text string) map[string]any {
	t.Helper()
	docs, err := source.ParseYAML("a.yaml", []byte(text))
	if err != nil || len(docs) > 1 {
		t.Fatalf("%d documents, %v in\n%s", len(docs), err, text)
	}
	if len(docs) == 0 {
		return nil
	}
	return doc.Map(docs[0].Value)
}

// changes are the facts of a change: of each pair of texts what an object was
// and what it is, one of them empty where it is created or deleted.
func changes(t *testing.T, pairs ...[2]string) *facts.Facts {
	t.Helper()
	f := &facts.Facts{Units: []facts.Unit{{Subject: facts.Subject{ID: "u"}, Path: "u"}}}
	for _, p := range pairs {
		was, is := manifestOf(t, p[0]), manifestOf(t, p[1])
		shown := is
		if is == nil {
			shown = was
		}
		got := render.Facts([]render.Outcome{{Unit: render.Unit{ID: "u"}, Rendered: &render.Rendered{
			Objects: []render.Object{{Manifest: shown, Locator: source.Fixed(source.Position{})}},
		}}}, nil)
		o := got.Objects[0]
		o.Change = &facts.ResourceChange{Action: "updated", Before: was, Outcome: facts.OutcomeApplied}
		switch {
		case is == nil:
			o.Change = &facts.ResourceChange{Action: "deleted", Outcome: facts.OutcomeApplied}
			f.DeletedObjects = append(f.DeletedObjects, o)
			continue
		case was == nil:
			o.Change = &facts.ResourceChange{Action: "created", Outcome: facts.OutcomeApplied}
		default:
			o.Change.Paths = transition.Paths(transition.Diff(transition.Same(was), transition.Same(is)))
			if name := doc.Text(was, "metadata", "name"); name != o.Name {
				o.Change.From = "u#" + name
			}
		}
		f.Objects = append(f.Objects, o)
		f.Containers = append(f.Containers, got.Containers...)
	}
	return f
}

// stepLines is what is told of a change: a line for each step, one for what is
// folded.
func stepLines(f *facts.Facts) []string {
	var out []string
	for _, s := range summarised(Steps{Facts: f}) {
		for _, x := range s.Steps {
			line := fmt.Sprintf("%s %s, %s: %s", x.Comes(), x.Subject.Name, x.Risk, strings.Join(x.Paths, " "))
			if x.Reason != "" {
				line += " (" + x.Reason + ")"
			}
			out = append(out, strings.NewReplacer(":  (", " (").Replace(strings.TrimSuffix(line, ": ")))
		}
		if n := s.Folded; n.Count > 0 {
			out = append(out, fmt.Sprintf("folded %d of %s, %d restart, %s", n.Count, strings.Join(n.Of, " "), n.Restarts, n.Risk))
		}
	}
	return out
}

// A person goes to the line of the field that changes, if the change touches the
// file of that line.
func TestStepsStandWhereTheirFieldsChange(t *testing.T) {
	t.Parallel()
	of := func(replicas string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: " + replicas + "}\n"
	}
	byField := func(file string) source.Locator {
		return source.LocatorFunc(func(p source.Path) source.Location {
			at := source.Position{File: "x.yaml", Line: 1}
			if p.String() == "spec.replicas" {
				at = source.Position{File: file, Line: 7}
			}
			return source.Location{Position: at}
		})
	}
	for _, c := range []struct {
		name, field string
		touched     []string
		cause       string
		want        string
	}{
		{"in its own file", "x.yaml", []string{"x.yaml"}, "", "x.yaml:7"},
		{"in a values file that is touched", "values.yaml", []string{"other.yaml", "values.yaml"}, "other.yaml", "values.yaml:7"},
		{"in one that is not, as what overrode it is gone", "values.yaml", []string{"prod.yaml"}, "prod.yaml", "prod.yaml:3"},
	} {
		f := changes(t, [2]string{of("1"), of("2")})
		id := f.Objects[0].ID
		for _, file := range c.touched {
			f.Change.Files = append(f.Change.Files, facts.File{Path: file})
		}
		in := Steps{Facts: f, Locators: source.Index{id: byField(c.field)}, Places: source.Index{}}
		if c.cause != "" {
			in.Places[id] = source.Fixed(source.Position{File: c.cause, Line: 3})
		}
		s := summarised(in)[0].Steps[0]
		if got := fmt.Sprintf("%s:%d", s.File, s.Line); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Several releases of one chart in one place are told apart.
func TestSummariesOfOnePathHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := &facts.Facts{}
	for _, id := range []string{"helm:charts/api@a", "helm:charts/api@b", "helm:charts/web@a", "kustomize:k", "manifests:k"} {
		u := facts.Subject{ID: id}
		_, path, _ := strings.Cut(id, ":")
		path, _, _ = strings.Cut(path, "@")
		f.Units = append(f.Units, facts.Unit{Subject: u, Path: path})
		f.Objects = append(f.Objects, facts.Object{Subject: facts.Subject{ID: id + "#x"}, Unit: id, Name: "x", Change: &facts.ResourceChange{Action: "created"}})
	}
	var got []string
	for _, s := range summarised(Steps{Facts: f}) {
		got = append(got, s.Name)
	}
	if diff := cmp.Diff([]string{"charts/api@a", "charts/api@b", "charts/web", "kustomize:k", "manifests:k"}, got); diff != "" {
		t.Error(diff)
	}
}
