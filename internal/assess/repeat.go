package assess

import (
	"fmt"

	"gate/internal/facts"
	"gate/internal/render"
)

// controlRepeated is the control of JudgeSchema about keys that stand twice in
// one mapping, of which Helm takes the last: what runs is known, and one of the
// two was not meant.
const controlRepeated = "repeated"

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
			out = append(out, s.assessment(JudgeSchema, controlRepeated, Fail, r.Path,
				fmt.Sprintf("%s: %s is rendered twice in one mapping; the last one counts", s.titled(), r.Keys)))
			continue
		}
		scope := units[r.Of]
		at := place{scope.Environment, scope.Target, r.Path.String()}
		if told[at] {
			continue
		}
		told[at] = true
		out = append(out, facts.Assessment{
			Subject: facts.Subject{Scope: scope}, Judge: JudgeSchema, Control: controlRepeated, Of: r.Of, Path: r.Path, Outcome: Fail,
			Message: fmt.Sprintf("values: %s is set twice in one mapping; Helm takes the last", r.Keys), Values: []string{},
		})
	}
	return number(out)
}
