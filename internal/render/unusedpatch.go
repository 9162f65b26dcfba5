package render

import (
	"path"
	"slices"

	"gate/internal/doc"
	"gate/internal/render/manifest"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// unusedPatches are the files that a kustomization names as patches, and that
// change no object of a kind which they hold: what stands in them is not in what
// is built. A patch without a target always finds its object, or the build fails.
func (b before) unusedPatches(m *kustomizeMapping, file string, entries []any) []string {
	var out []string
	for _, e := range entries {
		name, target := doc.Text(e, "path"), doc.Map(e, "target")
		if name == "" || target == nil {
			continue
		}
		name = path.Join(path.Dir(file), name)
		var kinds []string
		for _, d := range m.documents(name) {
			objects, _ := manifest.Objects(d.Value, nil)
			for _, o := range objects {
				kinds = append(kinds, doc.Text(o.Manifest, "kind"))
			}
		}
		if len(kinds) > 0 && !b.selects(target, kinds) {
			out = append(out, name)
		}
	}
	return out
}

// selects says whether a target selects an object of one of some kinds. One that
// kustomize does not read counts as selecting: it says so.
func (b before) selects(target map[string]any, kinds []string) bool {
	sel, regex, err := selectorOf(target)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(b.objects, func(o selectable) bool {
		return slices.Contains(kinds, o.gvk.Kind) && o.selected(sel, regex)
	})
}

// selectorOf reads the target of a patch:
// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
func selectorOf(target map[string]any) (types.Selector, *types.SelectorRegex, error) {
	sel := types.Selector{
		ResId:              resid.ResId{Gvk: resid.NewGvk(doc.Text(target, "group"), doc.Text(target, "version"), doc.Text(target, "kind")), Name: doc.Text(target, "name"), Namespace: doc.Text(target, "namespace")},
		LabelSelector:      doc.Text(target, "labelSelector"),
		AnnotationSelector: doc.Text(target, "annotationSelector"),
	}
	regex, err := types.NewSelectorRegex(&sel)
	return sel, regex, err
}
