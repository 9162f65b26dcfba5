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
func (r *run) assess(ctx context.Context, rendered *render.Collected) {
	if len(r.facts.Objects) == 0 {
		return
	}
	subjects := r.assessed(rendered)
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
			e.Place = r.place(e.ID)
			r.ledger = append(r.ledger, e)
		}
		if judged {
			found = append(found, assess.Passed(judge.name, subjects, found)...)
		}
		for _, a := range found {
			a.Message = r.redact(a.Message)
			r.locators[a.ID] = source.At(r.locators[a.Of], source.Path(a.Path))
			r.facts.Assessments = append(r.facts.Assessments, a)
		}
	}
}

// assessed are the objects as their judges see them.
func (r *run) assessed(rendered *render.Collected) []assess.Subject {
	versions := map[string]string{}
	for _, u := range r.facts.Units {
		if versions[u.ID] = u.KubeVersion; u.KubeVersion == "" {
			versions[u.ID] = render.DefaultKubeVersion
		}
	}
	containers := map[string]map[string]string{} // object -> name -> id
	for _, c := range r.facts.Containers {
		if containers[c.Object] == nil {
			containers[c.Object] = map[string]string{}
		}
		if _, twice := containers[c.Object][c.Name]; twice {
			containers[c.Object][c.Name] = ""
			continue
		}
		containers[c.Object][c.Name] = c.ID
	}
	out := make([]assess.Subject, len(r.facts.Objects))
	for i, o := range r.facts.Objects {
		out[i] = assess.Subject{
			Object: o, Raw: assess.Plain(rendered.Raw[o.ID]), KubeVersion: versions[o.Unit],
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

// place is where a subject begins, if it has one.
func (r *run) place(id string) source.Position {
	if l := r.locators[id]; l != nil {
		return l.Locate(nil).Position
	}
	return source.Position{}
}
