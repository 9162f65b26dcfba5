package assess

import (
	"fmt"
	"path"

	"gate/internal/facts"
	"gate/internal/render"
)

// Controls of JudgeSchema about keys that stand twice in one mapping: of those that
// are repeated the last counts, so that what runs is known, and one of the two was
// not meant; those that are refused are applied by nobody.
const (
	controlRepeated = "repeated"
	controlRefused  = "refused"
)

// repeated turns repeated keys into assessments. Values that several units of
// one environment and target share are told once.
func repeated(f *facts.Facts, repeats []render.Repeat) []facts.Assessment {
	if len(repeats) == 0 {
		return nil
	}
	objects, units := map[string]*facts.Object{}, map[string]facts.Scope{}
	for i := range f.Objects {
		objects[f.Objects[i].ID] = &f.Objects[i]
	}
	for _, u := range f.Units {
		units[u.ID] = u.Scope
	}
	type place struct{ environment, target, path string }
	told := map[place]bool{}
	var out []facts.Assessment
	for _, r := range repeats {
		if o, ok := objects[r.Of]; ok {
			s := &Object{Object: *o}
			control, what := controlRepeated, "the last one counts"
			if r.Refused {
				control, what = controlRefused, "strict validation refuses it"
			}
			out = append(out, s.assessment(JudgeSchema, control, Fail, r.Path, fmt.Sprintf("%s: %s stands twice in one mapping; %s", s.titled(), r.Keys, what)))
			continue
		}
		scope := units[r.Of]
		at := place{scope.Environment, scope.Target, r.Path.String()}
		if told[at] {
			continue
		}
		told[at] = true
		what, reader := "values", "Helm"
		switch base := path.Base(r.File); base {
		case "Chart.yaml":
			what = base
		case "kustomization.yaml", "kustomization.yml", "Kustomization":
			what, reader = base, "kustomize"
		}
		out = append(out, facts.Assessment{
			Subject: facts.Subject{Scope: scope}, Judge: JudgeSchema, Control: controlRepeated, Of: r.Of, Path: r.Path, Outcome: Fail,
			Message: fmt.Sprintf("%s: %s is set twice in one mapping; %s takes the last", what, r.Keys, reader), Values: []string{},
		})
	}
	return number(out)
}
