package deploy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// made is an Application that an ApplicationSet makes.
type made struct {
	set deployer
	app deployer
}

// object is the Application as one that is rendered. As a whole it stands in
// the file that it was made from, its fields in the set.
func (m made) object() render.Object {
	out := render.Object{Manifest: m.app.obj, Locator: m.app.loc, File: m.app.file, Place: m.app.place()}
	if m.app.from == "" {
		return out
	}
	out.File, out.Place = m.app.from, source.Position{File: m.app.from, Line: 1}
	out.Locator = source.LocatorFunc(func(p source.Path) source.Location {
		if len(p) == 0 {
			return source.Location{Position: out.Place}
		}
		return m.app.loc.Locate(p)
	})
	return out
}

// places says where the objects that deploy units stand among what is rendered.
type places struct {
	ids     map[*rendering]string
	raw     map[string]*rendering // file of plain manifests -> the unit of it
	objects map[*rendering]map[inFile]int
	apps    []render.Deployer // of Applications that are made, in their order
}

// inFile is an object of a file.
type inFile struct{ file, key string }

func newPlaces(list []*rendering, ids map[*rendering]string) *places {
	w := &places{ids: ids, raw: map[string]*rendering{}, objects: map[*rendering]map[inFile]int{}}
	for _, r := range list {
		if r.unit.Kind == render.KindManifests {
			for _, f := range r.unit.Files {
				if w.raw[f] == nil {
					w.raw[f] = r
				}
			}
		}
	}
	return w
}

// of is the place of an object, none if nothing renders it.
func (w *places) of(d *deployer) render.Deployer {
	switch {
	case d == nil:
		return render.Deployer{}
	case d.made > 0:
		return w.apps[d.made-1]
	case d.by != nil:
		return render.Deployer{Unit: w.ids[d.by], Object: d.number}
	}
	r := w.raw[d.file]
	if r == nil || r.outcome.Rendered == nil {
		return render.Deployer{}
	}
	if w.objects[r] == nil {
		w.objects[r] = objectsOf(r.outcome.Rendered.Objects)
	}
	i, ok := w.objects[r][inFile{d.file, d.key()}]
	if !ok {
		return render.Deployer{}
	}
	return render.Deployer{Unit: w.ids[r], Object: i}
}

// objectsOf are the indices of objects; of several alike the first one counts.
func objectsOf(list []render.Object) map[inFile]int {
	out := make(map[inFile]int, len(list))
	for i, o := range slices.Backward(list) {
		out[inFile{o.File, newDeployer(o.Manifest, nil, "").key()}] = i
	}
	return out
}

// sets are the Applications that ApplicationSets make, set by set, in the order
// of their ids.
func (w *places) sets(all []made) []render.Outcome {
	var out []render.Outcome
	at := map[string]int{} // id of a set's unit -> index
	taken := map[string]string{}
	for _, m := range all {
		id := render.KindApplicationSet + ":" + m.set.key()
		from := fmt.Sprintf("%s %v", m.set.file, w.of(&m.set))
		for n := 2; taken[id] != "" && taken[id] != from; n++ {
			id = fmt.Sprintf("%s:%s~%d", render.KindApplicationSet, m.set.key(), n)
		}
		taken[id] = from
		i, ok := at[id]
		if !ok {
			u := render.Unit{
				ID: id, Kind: render.KindApplicationSet, Path: m.set.file, Controller: m.set.id(), ControllerFile: m.set.file,
				Deployer: w.of(&m.set),
			}
			i, at[id] = len(out), len(out)
			out = append(out, render.Outcome{Unit: u, Rendered: &render.Rendered{Unit: u}})
		}
		r := out[i].Rendered
		w.apps = append(w.apps, render.Deployer{Unit: id, Object: len(r.Objects)})
		r.Objects = append(r.Objects, m.object())
	}
	slices.SortFunc(out, func(a, b render.Outcome) int { return strings.Compare(a.Unit.ID, b.Unit.ID) })
	return out
}

// key tells objects apart that a file holds.
func (d deployer) key() string {
	return d.kind + "/" + doc.Text(d.obj, "metadata", "namespace") + "/" + d.name
}

// delivers says whether what was rendered holds an object that says what is
// deployed: somebody applies it, or nothing of it would be.
func (t *rounds) delivers(r *rendering) bool {
	if r.outcome.Rendered == nil {
		return t.mayDeliver(r.unit)
	}
	return slices.ContainsFunc(r.outcome.Rendered.Objects, func(o render.Object) bool {
		return leads(o.Manifest)
	})
}

// mayDeliver says whether a unit that cannot be rendered may hold such an object:
// whether any of its own files speaks of their kinds.
func (t *rounds) mayDeliver(u render.Unit) bool {
	dirs, seen := []string{u.Path}, map[string]bool{u.Path: true}
	for i := 0; i < len(dirs); i++ {
		for _, ref := range t.layout.refs[dirs[i]] {
			if !seen[ref] {
				seen[ref] = true
				dirs = append(dirs, ref)
			}
		}
	}
	return slices.ContainsFunc(dirs, func(dir string) bool {
		files := source.Below(t.layout.tree, dir)
		if e, ok := t.layout.tree.Lookup(dir); ok {
			files = append(files[:len(files):len(files)], e)
		}
		return slices.ContainsFunc(files, func(e source.Entry) bool {
			speaks, known := t.speaks[e.Path]
			if !known {
				data, err := t.layout.tree.ReadFile(e.Path)
				speaks = err != nil || bytes.Contains(data, []byte("argoproj.io/")) || bytes.Contains(data, []byte("fluxcd."))
				t.speaks[e.Path] = speaks
			}
			return speaks
		})
	})
}

// leads says whether an object leads to paths of a repository, or limits what
// does: somebody applies it, or nothing would be deployed. A release of a chart
// in a directory that nothing leads to is not.
func leads(object map[string]any) bool {
	group, kind := manifest.Group(doc.Text(object, "apiVersion")), doc.Text(object, "kind")
	switch group {
	case "argoproj.io":
		return slices.Contains([]string{"Application", "ApplicationSet", "AppProject"}, kind)
	case "kustomize.toolkit.fluxcd.io", "source.extensions.fluxcd.io", "fluxcd.controlplane.io":
		return true
	case "source.toolkit.fluxcd.io":
		return kind == "GitRepository"
	}
	return false
}
