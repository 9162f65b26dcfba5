package assess

import (
	"fmt"
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// PodSecurity judges every pod template by the controls of the Pod Security
// Standards (https://kubernetes.io/docs/concepts/security/pod-security-standards/),
// with k8s.io/pod-security-admission and in the revision for the Kubernetes
// version of the subject. Control is "<level>/<id of the check>". There is one
// assessment for each control, container and field.
//
// Where a control of the level restricted replaces one of baseline, and a
// field breaks both, the assessment of the first has "baseline" among Values.
func PodSecurity(subjects []Object) []facts.Assessment {
	checks := policy.DefaultChecks()
	revisions := map[version][]revision{}
	var out []facts.Assessment
	for i := range subjects {
		s := &subjects[i]
		if len(s.PodTemplates) == 0 {
			continue
		}
		v := parseVersion(s.KubeVersion)
		if revisions[v] == nil {
			revisions[v] = revisionsFor(checks, v)
		}
		for _, at := range s.PodTemplates {
			out = append(out, s.podSecurity(revisions[v], at)...)
		}
	}
	return number(out)
}

// revision is a control as a Kubernetes version has it.
type revision struct {
	id       policy.CheckID
	level    api.Level
	check    policy.CheckPodFn
	replaces []policy.CheckID
}

func (r revision) control() string { return string(r.level) + "/" + string(r.id) }

// revisionsFor selects the newest revision of each control that is not newer
// than the version; baseline comes first.
func revisionsFor(checks []policy.Check, v version) []revision {
	out := []revision{}
	for _, c := range checks {
		var chosen *policy.VersionedCheck
		for i, x := range c.Versions {
			if !v.before(version{x.MinimumVersion.Major(), x.MinimumVersion.Minor()}) {
				chosen = &c.Versions[i]
			}
		}
		if chosen != nil {
			out = append(out, revision{id: c.ID, level: c.Level, check: chosen.CheckPod, replaces: chosen.OverrideCheckIDs})
		}
	}
	slices.SortStableFunc(out, func(a, b revision) int {
		switch {
		case a.level == b.level:
			return 0
		case a.level == api.LevelBaseline:
			return -1
		}
		return 1
	})
	return out
}

func (s *Object) podSecurity(revisions []revision, at source.Path) []facts.Assessment {
	template, err := decodeTemplate(s.Raw, at)
	if err != nil {
		return []facts.Assessment{s.assessment(JudgePodSecurity, string(api.LevelBaseline)+"/decode", Unknown, join(at, "spec"),
			fmt.Sprintf("%s: the pod cannot be read, so that no control is judged: %v", s.titled(), err))}
	}
	meta, spec := &metav1.ObjectMeta{Annotations: template.Annotations}, &template.Spec
	broken := map[policy.CheckID][]place{}
	var out []facts.Assessment
	for _, r := range revisions {
		verdict := r.check(meta, spec)
		if verdict.Allowed {
			continue
		}
		places := localise(r.check, meta, spec)
		if len(places) == 0 { // a control that a newer library brings
			places = []place{{path: source.Path{"spec"}, detail: verdict.ForbiddenDetail}}
		}
		broken[r.id] = places
		for _, p := range places {
			of, path := s.placed(at, spec, p)
			a := s.assessment(JudgePodSecurity, r.control(), Fail, path, s.titled()+": "+message(verdict.ForbiddenReason, p.detail))
			a.Of = of
			for _, id := range r.replaces {
				if slices.ContainsFunc(broken[id], func(b place) bool { return samePlace(b, p) }) {
					a.Values = []string{string(api.LevelBaseline)}
				}
			}
			out = append(out, a)
		}
	}
	return out
}

func message(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

// placed returns the subject and the path in it: the container, where its name
// leads to one, else the object. The key of a volume's source, which the typed
// pod does not tell, is taken from the manifest.
func (s *Object) placed(at source.Path, spec *corev1.PodSpec, p place) (string, source.Path) {
	if p.container == nil {
		path := join(at, p.path...)
		if len(p.path) == 3 && p.path[1] == "volumes" {
			m := doc.Map(s.Raw, path...)
			for _, k := range slices.Sorted(maps.Keys(m)) {
				if k != "name" && m[k] != nil {
					return s.ID, join(path, k)
				}
			}
		}
		return s.ID, path
	}
	if s.Container != nil && len(s.PodTemplates) == 1 {
		if id := s.Container(p.container.name); id != "" {
			return id, p.path
		}
	}
	return s.ID, join(at, append(source.Path{"spec", p.container.field, p.container.index}, p.path...)...)
}

// decodeTemplate reads a pod template and sets the one default of the API that
// a control depends on: a volume without a source is an emptyDir
// (SetDefaults_Volume of k8s.io/kubernetes/pkg/apis/core/v1).
func decodeTemplate(manifest map[string]any, at source.Path) (*corev1.PodTemplateSpec, error) {
	m := doc.Map(manifest, at...)
	if m == nil {
		return nil, fmt.Errorf("%s is no object", at)
	}
	// Only what the controls read: the rest of a custom workload may differ.
	read := map[string]any{"spec": m["spec"]}
	if meta := doc.Map(m, "metadata"); meta != nil {
		read["metadata"] = map[string]any{"annotations": meta["annotations"]}
	}
	t := &corev1.PodTemplateSpec{}
	if err := decodeExact(read, t); err != nil {
		return nil, err
	}
	for i, v := range t.Spec.Volumes {
		if v.VolumeSource == (corev1.VolumeSource{}) {
			t.Spec.Volumes[i].EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	return t, nil
}
