package kyverno

import (
	"strings"

	"gate/internal/doc"
)

// images is the variable of that name
// (https://kyverno.io/docs/policy-types/cluster-policy/variables/): the parts of
// each image of a pod or a pod template. It is nil if there is an image
// without a registry: then the installation decides about its parts.
func images(o map[string]any) any {
	spec := doc.Map(o, "spec")
	if t := doc.Map(spec, "jobTemplate", "spec", "template", "spec"); t != nil {
		spec = t
	} else if t := doc.Map(spec, "template", "spec"); t != nil {
		spec = t
	}
	out := map[string]any{}
	for _, field := range []string{"initContainers", "containers", "ephemeralContainers"} {
		of := map[string]any{}
		for _, e := range doc.List(spec, field) {
			c := doc.Map(e)
			parts := imageParts(doc.Text(c, "image"))
			if parts == nil || doc.Text(c, "name") == "" {
				return nil
			}
			of[doc.Text(c, "name")] = parts
		}
		if len(of) > 0 {
			out[field] = of
		}
	}
	return out
}

func imageParts(ref string) map[string]any {
	rest, digest, _ := strings.Cut(ref, "@")
	registry, p, ok := strings.Cut(rest, "/")
	if !ok || !strings.ContainsAny(registry, ".:") && registry != "localhost" {
		return nil
	}
	tag := ""
	if i := strings.LastIndex(p, ":"); i >= 0 {
		p, tag = p[:i], p[i+1:]
	}
	if tag == "" && digest == "" {
		tag = "latest"
	}
	full := registry + "/" + p
	out := map[string]any{"registry": registry, "path": p, "name": p[strings.LastIndex(p, "/")+1:], "referenceWithTag": full + ":" + tag}
	out["reference"] = full + ":" + tag
	if tag != "" {
		out["tag"] = tag
	}
	if digest != "" {
		out["digest"], out["reference"] = digest, full+"@"+digest
	}
	return out
}
