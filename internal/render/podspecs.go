package render

import "gate/internal/source"

// PodSpec is one pod template of an object.
type PodSpec struct {
	Path   source.Path // of the pod spec inside the object
	Spec   map[string]any
	Labels map[string]string // of the template
}

// PodSpecs returns the pod templates of an object of any kind that carries
// pods, in the order of the kind's fields.
func PodSpecs(object map[string]any) []PodSpec {
	var out []PodSpec
	for _, t := range podTemplates(object) {
		spec, at := t.spec()
		out = append(out, PodSpec{Path: at, Spec: spec, Labels: labels(t.template)})
	}
	return out
}
