package deploy

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/manifest"
)

// Copies are the files of manifests that nobody deploys and that hold what
// another unit renders, object by object: what a test compares with, or what
// somebody reads. Each leads to the id of that unit. What the configuration says to
// belong to an environment is applied there.
func Copies(cfg *config.Config, outs []render.Outcome) map[string]string {
	x := copies{files: map[string][]*copiedObject{}, wanted: map[string]bool{}}
	for _, o := range outs {
		x.file(o)
	}
	if len(x.files) == 0 {
		return nil
	}
	h := newHabitats(cfg)
	out := map[string]string{}
	for f, objects := range x.files {
		if h.file(f).environment == "" && !slices.ContainsFunc(objects, func(c *copiedObject) bool { return !fragment(c.object) }) {
			out[f] = Fragment
		}
	}
	for _, o := range outs {
		if o.Unit.Kind == render.KindManifests || !whollyRendered(o) || elsewhere(o.Unit) {
			continue
		}
		read := o.Rendered.Sources
		if o.Unit.Kind == render.KindHelm { // which reads whatever stands beside its templates
			read = o.Rendered.Files()
		}
		for _, f := range read { // is built, and no copy
			delete(x.files, f)
			delete(out, f)
		}
		rendered := x.rendered(o)
		if len(rendered) == 0 {
			continue
		}
		for f, objects := range x.files {
			if out[f] != "" || slices.ContainsFunc(objects, func(c *copiedObject) bool { return !c.in(rendered) }) {
				continue
			}
			if h.file(f).environment == "" {
				out[f] = o.Unit.ID
			}
		}
	}
	return out
}

// Fragment stands for the unit of a file that holds parts of objects alone: what a patch
// lays over an object that stands elsewhere, which no API server takes by itself.
const Fragment = "patch"

// fragment says whether an object lacks what the API of its kind requires of it, without
// a default: a workload of apps/v1 its selector
// (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentSpec).
func fragment(object map[string]any) bool {
	return doc.Text(object, "apiVersion") == "apps/v1" && slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, doc.Text(object, "kind")) &&
		doc.At(object, "spec", "selector") == nil
}

// copies is what could be copies.
type copies struct {
	files  map[string][]*copiedObject
	wanted map[string]bool // names of all of their objects
}

// copiedObject is an object of a file.
type copiedObject struct {
	object        map[string]any
	name, content string // content is told once it is asked for
}

// in says whether an object is one of those, by name and content.
func (c *copiedObject) in(rendered map[string]map[string]bool) bool {
	sums := rendered[c.name]
	if sums == nil {
		return false
	}
	if c.content == "" {
		c.content = contentOf(c.object)
	}
	return c.content != "" && sums[c.content]
}

// whollyRendered says whether all is known that a unit renders.
func whollyRendered(o render.Outcome) bool {
	return o.Rendered != nil && !o.Rendered.AsBefore && len(o.Rendered.Faults) == 0
}

// file adds the files of manifests that nobody deploys. What deploys others is
// looked at as it stands.
func (x *copies) file(o render.Outcome) {
	u := o.Unit
	if u.Kind != render.KindManifests || claimed(u) || u.Variant != nil || u.Delivers || !whollyRendered(o) {
		return
	}
	for _, obj := range o.Rendered.Objects {
		c := &copiedObject{object: obj.Manifest, name: calledBy(obj.Manifest)}
		x.files[obj.File], x.wanted[c.name] = append(x.files[obj.File], c), true
	}
}

// rendered are the contents of the objects of a unit, by name, where a file has one
// of that name.
func (x *copies) rendered(o render.Outcome) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for _, obj := range o.Rendered.Objects {
		name := calledBy(obj.Manifest)
		if !x.wanted[name] {
			continue
		}
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		out[name][contentOf(obj.Manifest)] = true
	}
	return out
}

// calledBy tells an object from others of its kind.
func calledBy(object map[string]any) string {
	return strings.Join([]string{manifest.GroupKind(object), doc.Text(object, "metadata", "name"), doc.Text(object, "metadata", "generateName")}, "\x00")
}

// contentOf is the digest of what an object says: a field without a value says
// nothing. "" if JSON cannot say it (a number that is none), which equals nothing.
func contentOf(object map[string]any) string {
	text, err := json.Marshal(said(object))
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}

// said is a value without the fields that have none.
func said(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if e != nil {
				out[k] = said(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = said(e)
		}
		return out
	}
	return v
}

// WithoutCopies are the same outcomes without the objects of some files of
// manifests that nobody deploys.
func WithoutCopies(outs []render.Outcome, copied func(file string) bool) []render.Outcome {
	out := slices.Clone(outs)
	for i, o := range out {
		if u := o.Unit; u.Kind != render.KindManifests || claimed(u) || u.Variant != nil || o.Rendered == nil {
			continue
		}
		of := func(obj render.Object) bool { return copied(obj.File) }
		if !slices.ContainsFunc(o.Rendered.Objects, of) {
			continue
		}
		rendered := *o.Rendered
		rendered.Objects = slices.DeleteFunc(slices.Clone(o.Rendered.Objects), of)
		out[i].Rendered = &rendered
	}
	return out
}
