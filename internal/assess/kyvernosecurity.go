package assess

import (
	"fmt"
	"slices"

	"gate/internal/assess/kyverno"
	"gate/internal/doc"
	"gate/internal/source"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// kyvernoControls are the checks of a control by the name that the Pod Security
// Standards give it
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func kyvernoControls() map[string][]policy.CheckID {
	return map[string][]policy.CheckID{
		"HostProcess":              {"windowsHostProcess"},
		"Host Namespaces":          {"hostNamespaces"},
		"Privileged Containers":    {"privileged"},
		"Capabilities":             {"capabilities_baseline", "capabilities_restricted"},
		"HostPath Volumes":         {"hostPathVolumes"},
		"Host Ports":               {"hostPorts"},
		"AppArmor":                 {"appArmorProfile"},
		"SELinux":                  {"seLinuxOptions"},
		"/proc Mount Type":         {"procMount"},
		"Seccomp":                  {"seccompProfile_baseline", "seccompProfile_restricted"},
		"Sysctls":                  {"sysctls"},
		"Volume Types":             {"restrictedVolumes"},
		"Privilege Escalation":     {"allowPrivilegeEscalation"},
		"Running as Non-root":      {"runAsNonRoot"},
		"Running as Non-root user": {"runAsUser"},
	}
}

// kyvernoSecurity judges the pod of a request by validate.podSecurity, whose
// judge is the library of Pod Security
// (https://kyverno.io/docs/policy-types/cluster-policy/validate/#pod-security).
func (r *request) kyvernoSecurity(rule *kyverno.Rule, block map[string]any, more []any) []objection {
	whole := func(why string) []objection {
		return []objection{{unknown: fmt.Sprintf("%s: %s", rule, why)}}
	}
	if r.gvk.Kind != "Pod" || r.gvk.Group != "" {
		return whole("validate.podSecurity is evaluated on pods")
	}
	level, err := api.ParseLevel(fmt.Sprint(block["level"]))
	if err != nil {
		return whole("the level of podSecurity is not known")
	}
	wanted := newest
	if v := doc.Text(block, "version"); v != "" && v != "latest" {
		if wanted = parseVersion(v); wanted == newest {
			return whole("the version of podSecurity is not known")
		}
	}
	template, err := decodeTemplate(r.s.Raw, r.at)
	if err != nil {
		return whole("the pod cannot be read")
	}
	meta := &metav1.ObjectMeta{Annotations: template.Annotations}
	exempt := slices.Concat(doc.List(block, "exclude"), more)
	var out []objection
	seen := map[string]bool{}
	for _, c := range revisionsFor(policy.DefaultChecks(), wanted) {
		if level == api.LevelPrivileged || level == api.LevelBaseline && c.level != api.LevelBaseline {
			continue
		}
		verdict := c.check(meta, &template.Spec)
		if verdict.Allowed {
			continue
		}
		places := localise(c.check, meta, &template.Spec)
		if len(places) == 0 {
			places = []place{{path: source.Path{"spec"}, detail: verdict.ForbiddenDetail}}
		}
		for _, p := range places {
			image := ""
			at := p.path
			if p.container != nil {
				image = imageOf(containersOf(&template.Spec), p.container)
				at = join(source.Path{"spec", p.container.field, p.container.index}, p.path...)
			}
			excepted, known := exempted(exempt, c.id, p.container != nil, image)
			switch {
			case !known:
				out = append(out, whole("podSecurity.exclude with restrictedField, or of a control that is not known, is not evaluated")...)
			case !excepted && !seen[at.String()]:
				seen[at.String()] = true
				out = append(out, objection{path: at, msg: fmt.Sprintf("%s: violates %s: %s", rule, level, message(verdict.ForbiddenReason, p.detail))})
			}
		}
	}
	return out
}

// exempted says whether a control is taken out: one of the pod by its name, one
// of a container by its name and the image.
func exempted(list []any, id policy.CheckID, container bool, image string) (excepted, known bool) {
	controls := kyvernoControls()
	for _, e := range list {
		ids, ok := controls[doc.Text(e, "controlName")]
		if !ok {
			return false, false
		}
		if !slices.Contains(ids, id) {
			continue
		}
		images := doc.List(e, "images")
		if container != (len(images) > 0) || container && !slices.ContainsFunc(images, func(p any) bool { return kyverno.Wildcard(fmt.Sprint(p), image) }) {
			continue
		}
		if doc.At(e, "restrictedField") != nil {
			return false, false
		}
		return true, true
	}
	return false, true
}

func imageOf(list []containerOf, at *containerAt) string {
	for _, c := range list {
		if c.containerAt == *at {
			return c.container.Image
		}
	}
	return ""
}
