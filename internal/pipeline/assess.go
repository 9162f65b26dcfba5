package pipeline

import (
	"context"

	"gate/internal/assess"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// assess asks the judges of Kubernetes that exist only as libraries. It runs
// after the search for secrets, so that no message repeats one.
func (g *gathered) assess(ctx context.Context, rendered *render.Collected, places source.Index, said *Record) {
	if len(g.facts.Objects) == 0 {
		return
	}
	subjects := assessed(&g.facts, rendered.Raw)
	for _, judge := range []struct {
		name string
		ask  func() ([]facts.Assessment, []facts.Entry)
	}{
		{assess.JudgePodSecurity, func() ([]facts.Assessment, []facts.Entry) { return assess.PodSecurity(subjects), nil }},
		{assess.JudgeLifecycle, func() ([]facts.Assessment, []facts.Entry) { return assess.Lifecycle(subjects), nil }},
		{assess.JudgeSchema, func() ([]facts.Assessment, []facts.Entry) { return assess.Schema(subjects) }},
		{assess.JudgeAdmission, func() ([]facts.Assessment, []facts.Entry) { return assess.Admission(ctx, subjects) }},
	} {
		found, ledger := judge.ask()
		judged := judge.name != assess.JudgeAdmission
		for _, e := range ledger {
			judged = judged || e.Count > 0 && e.State == facts.Evaluated
			if l := places[e.ID]; l != nil {
				e.Place = l.Locate(nil).Position
			}
			said.Ledger = append(said.Ledger, e)
		}
		if judged {
			found = append(found, assess.Passed(judge.name, subjects, found)...)
		}
		for _, a := range found {
			a.Message = g.redact(a.Message)
			said.Locators[a.ID] = source.At(places[a.Of], source.Path(a.Path))
			g.facts.Assessments = append(g.facts.Assessments, a)
		}
	}
}

// assessed are the objects as their judges see them.
func assessed(f *facts.Facts, raw map[string]map[string]any) []assess.Object {
	versions := map[string]string{}
	for _, u := range f.Units {
		if versions[u.ID] = u.KubeVersion; u.KubeVersion == "" {
			versions[u.ID] = render.DefaultKubeVersion
		}
	}
	containers := map[string]map[string]string{} // object -> name -> id
	for _, c := range f.Containers {
		if containers[c.Object] == nil {
			containers[c.Object] = map[string]string{}
		}
		if _, twice := containers[c.Object][c.Name]; twice {
			containers[c.Object][c.Name] = ""
			continue
		}
		containers[c.Object][c.Name] = c.ID
	}
	out := make([]assess.Object, len(f.Objects))
	for i, o := range f.Objects {
		out[i] = assess.Object{
			Object: o, Raw: assess.Plain(raw[o.ID]), KubeVersion: versions[o.Unit],
			Cluster:      render.ClusterScoped(o.APIVersion, o.Kind),
			PodTemplates: templates(o.Pods),
			Container:    func(name string) string { return containers[o.ID][name] },
		}
	}
	return out
}

// templates are the paths of pod templates: what holds each pod spec.
func templates(pods []facts.Pod) []source.Path {
	var out []source.Path
	for _, p := range pods {
		out = append(out, source.Path(p.Path[:len(p.Path)-1]))
	}
	return out
}
