package deploy

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// artifactHint is for what a registry or bucket holds.
const artifactHint = "judge what the artifact is made of where it is made, and exclude the unit here"

// unread says why the source that an object names at a path is not what stands in
// the tree at a directory, and where that is said; nothing if it is.
func (f flux) unread(d deployer, dir string, at ...any) (fault, hint string, pos source.Position) {
	ref := doc.Map(d.obj, append(at[:len(at):len(at)], "sourceRef")...)
	kind, name := doc.Text(ref, "kind"), doc.Text(ref, "name")
	pos = d.place(append(at[:len(at):len(at)], "sourceRef")...)
	switch kind {
	case "OCIRepository", "Bucket":
		return fmt.Sprintf("path %q is deployed from %s %s, whose content is not in this tree", doc.Text(d.obj, "spec", "path"), kind, name), artifactHint, pos
	case "ExternalArtifact":
		if _, made := f.artifact(d, at...); !made {
			return fmt.Sprintf("path %q is deployed from %s %s, which nothing in this tree makes", doc.Text(d.obj, "spec", "path"), kind, name), artifactHint, pos
		}
	case "GitRepository":
		o, ok := f.object(d, kind, cmp.Or(doc.Text(ref, "namespace"), doc.Text(d.obj, "metadata", "namespace")), name)
		if !ok {
			return "", "", pos
		}
		// https://fluxcd.io/flux/components/source/gitrepositories/#include
		for i, e := range doc.List(o.obj, "spec", "include") {
			other := doc.Text(e, "repository", "name")
			to := path.Clean("./" + cmp.Or(doc.Text(e, "toPath"), other))
			if dir == to || within(to, dir) || within(dir, to) {
				return fmt.Sprintf("%s %s includes %s at %q, which is not read", kind, name, other, to), artifactHint, o.place("spec", "include", i)
			}
		}
	}
	return "", "", pos
}

// within says whether a path stands below a directory.
func within(below, dir string) bool { return dir == "." || strings.HasPrefix(below, dir+"/") }

// instance adds what an instance of Flux syncs: the operator makes a source and a
// Kustomization of it: https://fluxcd.control-plane.io/operator/fluxinstance/#sync-configuration
func (f flux) instance(d deployer) {
	sync := doc.Map(d.obj, "spec", "sync")
	if sync == nil {
		return
	}
	kind := doc.Text(sync, "kind")
	what := path.Clean("./" + doc.Text(sync, "path"))
	if kind == "OCIRepository" || kind == "Bucket" {
		f.planner.fail(d, render.KindKustomize, what, d.place("spec", "sync"),
			fmt.Sprintf("path %q is deployed from the %s %q, whose content is not in this tree", doc.Text(sync, "path"), kind, doc.Text(sync, "url")), artifactHint)
		return
	}
	if _, other := f.planner.elsewhere(doc.Text(sync, "url")); other || doc.Text(sync, "path") == "" || kind != "GitRepository" {
		return
	}
	for i, patch := range doc.List(d.obj, "spec", "kustomize", "patches") {
		if patchesSync(patch) {
			f.planner.fail(d, render.KindKustomize, what, d.place("spec", "kustomize", "patches", i),
				"the patch may change what is synced, which is not read", "give the patch a target of another kind, or commit the Kustomization instead of spec.sync")
			return
		}
	}
	place := d.place("spec", "sync", "ref")
	object := d
	object.obj = map[string]any{"apiVersion": d.obj["apiVersion"], "kind": d.kind, "metadata": d.obj["metadata"],
		"spec": map[string]any{"path": sync["path"], "prune": true}}
	f.planner.pinnedTo(doc.Text(sync, "ref"), place, func(p *planner) {
		p.inArtifact(packing{}, func(p *planner) { f.planKustomization(p, object) })
	})
}

// patchesSync says whether a patch of an instance may change the objects that
// sync: it selects all kinds or one of theirs.
func patchesSync(patch any) bool {
	kind := doc.Text(patch, "target", "kind")
	if kind == "" {
		text := doc.Text(patch, "patch") // which may name its object itself
		return doc.Map(patch, "target") != nil || strings.Contains(text, "Kustomization") || strings.Contains(text, "GitRepository")
	}
	selects, err := regexp.Compile("^(?:" + kind + ")$")
	return err != nil || selects.MatchString("Kustomization") || selects.MatchString("GitRepository")
}

// resourceSet fails a ResourceSet, whose objects are made by templates:
// https://fluxcd.control-plane.io/operator/resourceset/
func (p *planner) resourceSet(d deployer) {
	at := d.place("spec")
	for _, field := range []string{"resourcesTemplate", "resources"} {
		if doc.At(d.obj, "spec", field) != nil {
			at = d.place("spec", field)
		}
	}
	p.fail(d, render.KindManifests, "resourceset/"+d.name, at, fmt.Sprintf("ResourceSet %q makes objects that are not judged", d.name), "commit the objects that it makes, or exclude the unit")
}
