package assess

import (
	"context"

	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// All asks every judge about the objects of the facts; raw are their manifests
// before redaction, by id, and repeats the keys that stand twice in them or in
// the values that made them.
func All(ctx context.Context, f *facts.Facts, raw map[string]map[string]any, repeats []render.Repeat, o Options) ([]facts.Assessment, []facts.Entry) {
	if len(f.Objects) == 0 {
		return nil, nil
	}
	subjects := objects(f, raw, o.KubeVersions)
	var all []facts.Assessment
	var entries []facts.Entry
	for _, judge := range []struct {
		name string
		ask  func() ([]facts.Assessment, []facts.Entry)
	}{
		{JudgePodSecurity, func() ([]facts.Assessment, []facts.Entry) { return PodSecurity(subjects), nil }},
		{JudgeLifecycle, func() ([]facts.Assessment, []facts.Entry) { return Lifecycle(subjects), nil }},
		{JudgeSchema, func() ([]facts.Assessment, []facts.Entry) {
			found, ledger := Schema(subjects)
			return append(found, repeated(f, repeats)...), ledger
		}},
		{JudgeAdmission, func() ([]facts.Assessment, []facts.Entry) { return Admission(ctx, subjects, o) }},
	} {
		found, ledger := judge.ask()
		judged := judge.name != JudgeAdmission
		for _, e := range ledger {
			judged = judged || e.Count > 0 && e.State == facts.Evaluated
		}
		if judged {
			found = append(found, Passed(judge.name, subjects, found)...)
		}
		all, entries = append(all, found...), append(entries, ledger...)
	}
	return all, entries
}

// objects are the objects as their judges see them.
func objects(f *facts.Facts, raw map[string]map[string]any, fixed map[string]string) []Object {
	versions := map[string]string{}
	for _, u := range f.Units {
		if versions[u.ID] = u.KubeVersion; u.KubeVersion == "" {
			versions[u.ID] = render.DefaultKubeVersion
		}
	}
	clusters := clusterVersions(f.Units, fixed)
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
	out := make([]Object, 0, len(f.Objects))
	for _, o := range f.Objects {
		if holdsCiphertext(o.Kind) || holdsCiphertext(o.APIVersion) {
			continue // Encrypted says so
		}
		out = append(out, Object{
			Object: o, Raw: Plain(raw[o.ID]), KubeVersion: versions[o.Unit], ClusterVersion: clusters[o.Unit],
			Cluster:      render.ClusterScoped(o.APIVersion, o.Kind),
			PodTemplates: templates(o.Pods),
			Container:    func(name string) string { return containers[o.ID][name] },
		})
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
