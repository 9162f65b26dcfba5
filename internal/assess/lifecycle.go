package assess

import (
	"fmt"

	"gate/internal/facts"
	"gate/internal/source"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Controls of JudgeLifecycle.
const (
	controlRemoved    = "removed"
	controlDeprecated = "deprecated"
)

// lifecycle says from which minor version on an API version is deprecated and
// no longer served, and what takes its place.
type lifecycle struct {
	deprecated, removed version
	instead             string
}

// gone are the API versions that k8s.io/api has dropped with their types, by
// "group/version/Kind", where the kind may be "*"
// (https://kubernetes.io/docs/reference/using-api/deprecation-guide/ and the
// changelogs of 1.19 to 1.31).
func gone() map[string]lifecycle {
	return map[string]lifecycle{
		"autoscaling/v2beta1/HorizontalPodAutoscaler":           {version{1, 22}, version{1, 25}, "autoscaling/v2"},
		"autoscaling/v2beta2/HorizontalPodAutoscaler":           {version{1, 23}, version{1, 26}, "autoscaling/v2"},
		"policy/v1beta1/PodSecurityPolicy":                      {version{1, 21}, version{1, 25}, "the labels of Pod Security admission"},
		"extensions/v1beta1/PodSecurityPolicy":                  {version{1, 11}, version{1, 16}, "the labels of Pod Security admission"},
		"batch/v2alpha1/CronJob":                                {version{1, 8}, version{1, 21}, "batch/v1"},
		"apiextensions.k8s.io/v1beta1/CustomResourceDefinition": {version{1, 16}, version{1, 22}, "apiextensions.k8s.io/v1"},
		"apiregistration.k8s.io/v1beta1/APIService":             {version{1, 19}, version{1, 22}, "apiregistration.k8s.io/v1"},
		"settings.k8s.io/v1alpha1/PodPreset":                    {version{1, 20}, version{1, 20}, "a mutating admission policy"},
		"auditregistration.k8s.io/v1alpha1/AuditSink":           {version{1, 19}, version{1, 19}, "the audit configuration of the API server"},
		"resource.k8s.io/v1alpha1/*":                            {version{1, 27}, version{1, 27}, "resource.k8s.io/v1"},
		"resource.k8s.io/v1alpha2/*":                            {version{1, 31}, version{1, 31}, "resource.k8s.io/v1"},
	}
}

// Lifecycle judges whether the API version of each object is served by the
// Kubernetes version of its unit: removed, or deprecated and to be removed.
// The data are those of k8s.io/api (APILifecycleRemoved and its kin), and the
// versions that a CustomResourceDefinition of the tree deprecates.
func Lifecycle(subjects []Object) []facts.Assessment {
	dropped, defs := gone(), definitionsOf(subjects)
	known := map[schema.GroupVersionKind]*lifecycle{}
	var out []facts.Assessment
	for i := range subjects {
		s := &subjects[i]
		gvk := gvkOf(s)
		l, seen := known[gvk]
		if !seen {
			l = lifecycleOf(gvk, dropped)
			known[gvk] = l
		}
		add := func(control, msg string) {
			out = append(out, s.assessment(JudgeLifecycle, control, Fail, source.Path{"apiVersion"}, s.titled()+": "+msg))
		}
		if l == nil {
			if d := defs.find(s); len(d) > 0 && d[0].deprecated != "" {
				add(controlDeprecated, fmt.Sprintf("%q is deprecated: %s", s.APIVersion, d[0].deprecated))
			}
			continue
		}
		instead := ""
		if l.instead != "" {
			instead = "; use " + l.instead
		}
		switch v := parseVersion(s.KubeVersion); {
		case !v.before(l.removed):
			add(controlRemoved, fmt.Sprintf("%q is not served since Kubernetes %s, the cluster has %s%s", s.APIVersion, l.removed, v, instead))
		case !v.before(l.deprecated):
			add(controlDeprecated, fmt.Sprintf("%q is deprecated since Kubernetes %s and not served from %s on%s", s.APIVersion, l.deprecated, l.removed, instead))
		}
	}
	return number(out)
}

// lifecycleOf returns nil for an API version that no release removes.
func lifecycleOf(gvk schema.GroupVersionKind, dropped map[string]lifecycle) *lifecycle {
	group := gvk.Group + "/" + gvk.Version + "/"
	for _, key := range []string{group + gvk.Kind, group + "*"} {
		if l, ok := dropped[key]; ok {
			return &l
		}
	}
	o := typeOf(gvk)
	r, ok := o.(interface{ APILifecycleRemoved() (major, minor int) })
	if !ok {
		return nil
	}
	l := &lifecycle{deprecated: newest}
	l.removed.major, l.removed.minor = r.APILifecycleRemoved()
	if d, ok := o.(interface{ APILifecycleDeprecated() (major, minor int) }); ok {
		l.deprecated.major, l.deprecated.minor = d.APILifecycleDeprecated()
	}
	if i, ok := o.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		if to := i.APILifecycleReplacement(); to.Kind != "" {
			l.instead = to.GroupVersion().String()
			if to.Kind != gvk.Kind {
				l.instead += " " + to.Kind
			}
		}
	}
	return l
}
