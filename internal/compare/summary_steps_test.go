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
	for _, s := range Summary(Steps{Facts: f}) {
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
