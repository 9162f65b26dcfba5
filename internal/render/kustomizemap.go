package render

import (
	"reflect"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/manifest"
	"gate/internal/source"

	"sigs.k8s.io/kustomize/api/resource"
)

// kustomizeMapping finds where the fields of built objects come from: the
// base's line if the field is unchanged, else the patch or the field of the
// kustomization that kustomize's transformer annotation names.
type kustomizeMapping struct {
	in   *input
	dir  string // of the kustomization that is built
	file string
	docs map[string][]*source.Document
	// made are the objects of files that stand for inflated charts.
	made map[string][]baseObject
	// layers are kustomizations that stand in no file.
	layers map[string]layer
	// controller is the object that sets fields of the kustomization, if any.
	controller source.Position
	// overlay is what it sets, nil if nothing says where.
	overlay *change
	// byFile holds the patches of each kustomization.
	byFile map[string][]patch
}

func newKustomizeMapping(in *input, dir, file string) *kustomizeMapping {
	return &kustomizeMapping{
		in: in, dir: dir, file: file, docs: map[string][]*source.Document{}, made: map[string][]baseObject{}, byFile: map[string][]patch{},
	}
}

// documents returns the documents of a file, none if it cannot be read.
func (m *kustomizeMapping) documents(name string) []*source.Document {
	if d, ok := m.docs[name]; ok {
		return d
	}
	var docs []*source.Document
	if data, err := m.in.tree.ReadFile(name); err == nil {
		docs, _ = source.ParseManifests(name, data)
	}
	m.docs[name] = docs
	return docs
}

// baseObject is an object before kustomize changes it.
type baseObject struct {
	manifest map[string]any
	locator  source.Locator
	file     string
	start    source.Position
}

// objects returns the objects of a file, or of the chart that it stands for.
func (m *kustomizeMapping) objects(name string) []baseObject {
	if made, ok := m.made[name]; ok {
		return made
	}
	var out []baseObject
	for _, d := range m.documents(name) {
		items, _ := manifest.Objects(d.Value, nil)
		for _, it := range items {
			start, _ := d.Locate(it.At)
			out = append(out, baseObject{manifest: it.Manifest, locator: source.At(d.Locator(), it.At), file: name, start: start})
		}
	}
	return out
}

// builtObject is the Locator of one built object.
type builtObject struct {
	file     string // the file that the object comes from
	manifest map[string]any
	base     *baseObject // before the changes, or nil
	changes  []change    // last one first
	start    source.Position
	// controller is where a field may come from that nothing else explains.
	controller source.Position
}

// change is one place that may have changed a field.
type change struct {
	kind   string // kind of the transformer
	file   string // kustomization
	value  any    // what the file holds; nil if it cannot be read
	locate func(source.Path) source.Position
	patch  []patch
}

// layer is what a kustomization sets, and where.
type layer struct {
	value   any
	locate  func(source.Path) source.Position
	patches []patch
}

// layer returns the kustomization in a file.
func (m *kustomizeMapping) layer(file string) layer {
	if l, ok := m.layers[file]; ok {
		return l
	}
	docs := m.documents(file)
	if len(docs) == 0 {
		return layer{patches: []patch{}}
	}
	return layer{value: docs[0].Value, locate: located(docs[0]), patches: m.patches(docs[0], file)}
}

// overlayOf is what the object that deploys a unit sets in its kustomization.
func overlayOf(u Unit) *change {
	if u.OverlayLoc == nil {
		return nil
	}
	return &change{value: u.Overlay, locate: func(p source.Path) source.Position { return u.OverlayLoc.Locate(p).Position }}
}

// located returns Locate of a document without its second answer.
func located(d *source.Document) func(source.Path) source.Position {
	return func(p source.Path) source.Position {
		pos, _ := d.Locate(p)
		return pos
	}
}

// object prepares the locator of one object.
func (m *kustomizeMapping) object(manifest map[string]any, origin *resource.Origin, ts resource.Transformations) *builtObject {
	o := &builtObject{file: m.file, manifest: manifest, controller: m.controller, start: source.Position{File: m.file, Line: 1, Approximate: true}}
	switch {
	case origin == nil:
	case origin.Path != "":
		if f, ok := source.Join(m.dir, origin.Path); ok {
			o.file = f
			o.start = source.Position{File: f, Line: 1, Approximate: true}
			o.findBase(m.objects(f))
		}
	case origin.ConfiguredIn != "":
		if f, ok := source.Join(m.dir, origin.ConfiguredIn); ok {
			o.file = f
			o.start = m.generator(f, origin.ConfiguredBy.Kind, doc.Text(manifest, "metadata", "name"))
		}
	}
	patched := map[string]bool{}
	for i := len(ts) - 1; i >= 0; i-- {
		f, ok := source.Join(m.dir, ts[i].ConfiguredIn)
		if !ok || ts[i].ConfiguredIn == "" {
			continue
		}
		if m.overlay != nil && f == m.file && !strings.HasPrefix(ts[i].ConfiguredBy.Kind, "Patch") {
			set := *m.overlay
			set.kind, set.file = ts[i].ConfiguredBy.Kind, f
			o.changes = append(o.changes, set)
		}
		l := m.layer(f)
		c := change{kind: ts[i].ConfiguredBy.Kind, file: f, value: l.value, locate: l.locate}
		if strings.HasPrefix(c.kind, "Patch") {
			if patched[f] { // named once for each of the patches
				continue
			}
			patched[f], c.patch = true, []patch{}
			for _, p := range l.patches {
				if p.targets(o) {
					c.patch = append(c.patch, p)
				}
			}
		}
		o.changes = append(o.changes, c)
	}
	return o
}

// findBase picks the object that this one was: the same kind, the name that
// is or became the object's, and if there are several the same namespace.
func (o *builtObject) findBase(objects []baseObject) {
	kind := doc.Text(o.manifest, "kind")
	name := doc.Text(o.manifest, "metadata", "name")
	best := -1
	for i, b := range objects {
		if b.manifest["kind"] != kind {
			continue
		}
		score := 0
		switch n := doc.Text(b.manifest, "metadata", "name"); {
		case n == name:
			score = 1 << 20
		case n != "" && strings.Contains(name, n): // prefix, suffix, hash
			score = 2 * len(n)
		}
		if doc.Text(b.manifest, "metadata", "namespace") == doc.Text(o.manifest, "metadata", "namespace") {
			score++
		}
		if score > best {
			best, o.base = score, &objects[i]
		}
	}
	if o.base != nil {
		o.start, o.file = o.base.start, o.base.file
		o.start.Approximate = true
	}
}

// Locate is part of source.Locator. A field that is not there is where it was
// taken out, else where what would hold it stands.
func (o *builtObject) Locate(p source.Path) source.Location {
	value, exists := doc.Lookup(o.manifest, p...)
	if !exists {
		return o.absent(p)
	}
	base, found, same := o.inBase(p, value)
	for _, c := range o.changes { // a patch may repeat what the base says
		pos, before, ok := c.certain(o, p, value)
		if ok {
			return changed(pos, base, found)
		}
		if before != nil && o.base != nil {
			if old, has := doc.Lookup(o.base.manifest, before...); has && equalOrTables(old, value) {
				return o.base.locator.Locate(before)
			}
		}
	}
	if same {
		return base
	}
	for _, c := range o.changes {
		if pos, ok := c.made(o, p, value); ok {
			return changed(pos, base, found)
		}
	}
	if o.controller.File != "" && doc.IsScalar(value) {
		loc := source.Location{Position: o.controller}
		loc.Approximate = true
		return loc
	}
	if o.base == nil {
		return source.Location{Position: o.start}
	}
	base.Approximate = true
	return base
}

// inBase returns the place of p in the base, or of its nearest ancestor there;
// found says that the base has it, same that it is unchanged.
func (o *builtObject) inBase(p source.Path, value any) (loc source.Location, found, same bool) {
	if o.base == nil {
		return loc, false, false
	}
	at, found := translate(o.manifest, o.base.manifest, p)
	old, _ := doc.Lookup(o.base.manifest, at...)
	return o.base.locator.Locate(at), found, found && (reflect.DeepEqual(old, value) || !doc.IsScalar(value) && scalarFree(old))
}

// changed is the place of a change, with that of the base.
func changed(pos source.Position, base source.Location, found bool) source.Location {
	loc := source.Location{Position: pos}
	if found {
		loc.Related = append(loc.Related, source.Related{Role: "definition", Position: base.Position})
	}
	return loc
}

// absent is the place of a field that the object does not have.
func (o *builtObject) absent(p source.Path) source.Location {
	if o.base != nil {
		if was, found := translate(o.manifest, o.base.manifest, p); found {
			for _, c := range o.changes {
				if pos, ok := c.removed(o, p, was); ok {
					return changed(pos, o.base.locator.Locate(was), true)
				}
			}
		}
	}
	for k := len(p) - 1; k >= 0; k-- {
		if _, ok := doc.Lookup(o.manifest, p[:k]...); ok {
			loc := o.Locate(p[:k])
			loc.Approximate = true
			return loc
		}
	}
	return source.Location{Position: o.start}
}

// scalarFree says whether v is a mapping or list: a changed one still stands
// where the base has it.
func scalarFree(v any) bool { return v != nil && !doc.IsScalar(v) }
