package deploy

import (
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// argoKustomize turns the kustomize options into fields of the kustomization,
// as Argo CD does with `kustomize edit`:
// https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/
func (p *planner) argoKustomize(d deployer, u render.Unit, src map[string]any, at source.Path) {
	k := doc.Map(src, "kustomize")
	u.Overlay = map[string]any{}
	for _, field := range []string{"namePrefix", "nameSuffix", "namespace", "commonLabels", "commonAnnotations", "components", "patches"} {
		if v := k[field]; v != nil {
			u.Overlay[field] = v
		}
	}
	if doc.Bool(k, "labelWithoutSelector") && u.Overlay["commonLabels"] != nil {
		templates := doc.Bool(k, "labelIncludeTemplates")
		u.Overlay["labels"] = []any{map[string]any{"pairs": u.Overlay["commonLabels"], "includeTemplates": templates}}
		delete(u.Overlay, "commonLabels")
	}
	if doc.Bool(k, "commonAnnotationsEnvsubst") && doc.Map(u.Overlay, "commonAnnotations") != nil {
		notes := map[string]any{}
		for key, v := range doc.Map(u.Overlay, "commonAnnotations") {
			text, unknown := p.argoEnvironment(d, src, asText(orNil(v)))
			if unknown != "" { // a revision, which only the sync knows
				text = asText(orNil(v))
			}
			notes[key] = text
		}
		u.Overlay["commonAnnotations"] = notes
	}
	if doc.Bool(k, "ignoreMissingComponents") {
		p.presentComponents(&u)
	}
	u.KubeVersion = doc.Text(k, "kubeVersion")
	for _, v := range doc.List(k, "apiVersions") {
		u.APIVersions = append(u.APIVersions, asText(v))
	}
	var images []any
	for _, e := range doc.List(k, "images") {
		images = append(images, kustomizeImage(asText(e)))
	}
	if images != nil {
		u.Overlay["images"] = images
	}
	if r := doc.List(k, "replicas"); r != nil {
		u.Overlay["replicas"] = r
	}
	u.OverlayLoc = d.below(append(slices.Clone(at), "kustomize")...)
	if len(u.Overlay) == 0 {
		u.Overlay, u.OverlayLoc = nil, nil
	}
	if kz, ok := p.kustomization(u.Path); ok && u.Overlay == nil {
		u.Place = source.Position{File: kz.File}
	}
	if u.Overlay != nil {
		u.Place = d.place(append(at[:len(at):len(at)], "kustomize")...)
	}
	p.deploy(u)
}

// presentComponents leaves out the components of an overlay that do not exist.
func (p *planner) presentComponents(u *render.Unit) {
	var present []any
	for _, c := range doc.List(u.Overlay, "components") {
		name := doc.Text(c)
		if dir, ok := source.Join(u.Path, name); !ok || p.dirs[dir] || render.Remote(name) {
			present = append(present, c)
		}
	}
	if delete(u.Overlay, "components"); present != nil {
		u.Overlay["components"] = present
	}
}

// kustomizeImage parses name=newname:tag, name:tag and name@digest.
func kustomizeImage(s string) map[string]any {
	out := map[string]any{}
	name, target, renamed := strings.Cut(s, "=")
	if !renamed {
		target = s
	}
	if rest, digest, ok := strings.Cut(target, "@"); ok {
		target = rest
		out["digest"] = digest
	} else if i := strings.LastIndexByte(target, ':'); i > strings.LastIndexByte(target, '/') {
		out["newTag"] = target[i+1:]
		target = target[:i]
	}
	if !renamed {
		name = target
	} else {
		out["newName"] = target
	}
	out["name"] = name
	return out
}
