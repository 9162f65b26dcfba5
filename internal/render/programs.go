package render

import (
	"maps"
	"path"
	"slices"

	"gate/internal/render/cue"
	"gate/internal/render/jsonnet"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// JsonnetOptions are what the programs of a unit are given.
type JsonnetOptions struct {
	Libs          []string // directories from the root, the last one is searched first
	ExtVars, TLAs []jsonnet.Variable
}

// CUEOptions say what of a package is taken, and what its tags are.
type CUEOptions struct {
	Package, Expression string
	Tags                []cue.Tag
}

// lent are the files of a unit as a program sees them.
type lent struct{ in *input }

// Exists is part of jsonnet.Files and cue.Files.
func (l lent) Exists(name string) bool { return l.in.exists(name) }

// Read is part of jsonnet.Files and cue.Files.
func (l lent) Read(name string) ([]byte, error) { return l.in.read(name) }

// List is part of cue.Files.
func (l lent) List(dir string) []string {
	var out []string
	for _, e := range source.Below(l.in.tree, dir) {
		if path.Dir(e.Path) == path.Clean(dir) {
			out = append(out, e.Path)
		}
	}
	return out
}

// jsonnet evaluates a program. nested says that its objects may stand at any
// depth, as kubecfg and Tanka write them; Argo CD wants one or a list.
func (s *Renderer) jsonnet(in *input, r *Rendered, file string, nested bool) error {
	p := jsonnet.Program{File: file, OutputBytes: s.opts.Limits.OutputBytes}
	if o := r.Unit.Jsonnet; o != nil {
		p.Libs, p.ExtVars, p.TLAs = o.Libs, o.ExtVars, o.TLAs
	}
	got, err := jsonnet.Evaluate(lent{in}, p)
	if err != nil {
		return err
	}
	if err := libraries(in, p.Libs); err != nil {
		return err
	}
	return addObjects(r, file, got.Value, got.Locator(), nested)
}

// libraries makes all programs below the libraries sources of the unit: a new
// file beside them may be imported in the place of one that was.
func libraries(in *input, libs []string) error {
	for _, dir := range libs {
		for _, e := range source.Below(in.tree, dir) {
			if ext := path.Ext(e.Path); ext != ".libsonnet" && ext != ".jsonnet" {
				continue
			}
			if _, err := in.read(e.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// cue evaluates a package, whose objects may stand at any depth.
func (s *Renderer) cue(in *input, r *Rendered) error {
	p := cue.Program{Path: r.Unit.Path, OutputBytes: s.opts.Limits.OutputBytes}
	if o := r.Unit.CUE; o != nil {
		p.Package, p.Expression, p.Tags = o.Package, o.Expression, o.Tags
	}
	got, err := cue.Evaluate(lent{in}, p)
	if err != nil {
		return err
	}
	l := got.Locator()
	return addObjects(r, l.Locate(nil).File, got.Value, l, true)
}

// addObjects adds the objects of a value.
func addObjects(r *Rendered, file string, value any, l source.Locator, nested bool) error {
	objects, err := objectsIn(value, nil, nested)
	if err == nil && nested && len(objects) == 0 {
		err = &missingObject{nil, "yields no Kubernetes object"}
	}
	if err != nil {
		at := l.Locate(err.at).Position
		return &source.Error{Position: at, Msg: err.Error()}
	}
	if r.Unit.Controller != "" {
		l = deployedBy(l, r.Unit.Place)
	}
	for _, o := range objects {
		at := source.At(l, o.At)
		r.Objects = append(r.Objects, Object{
			Manifest: o.Manifest, Locator: at, File: file, Hook: hookOf(o.Manifest), Place: at.Locate(nil).Position,
		})
	}
	return nil
}

// deployedBy adds the object that names the program.
func deployedBy(l source.Locator, by source.Position) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		loc := l.Locate(p)
		if by.File != "" && (loc.File != by.File || loc.Line != by.Line) {
			loc.Related = append(slices.Clip(loc.Related), source.Related{Role: "definition", Position: by})
		}
		return loc
	})
}

// missingObject is a fault of a program's value.
type missingObject struct {
	at  source.Path
	msg string
}

// Error names the path and what is wrong with it.
func (m *missingObject) Error() string {
	if len(m.at) == 0 {
		return "the program " + m.msg
	}
	return m.at.String() + " " + m.msg
}

// objectsIn returns the objects of a value, in the order of its keys.
func objectsIn(v any, at source.Path, nested bool) ([]manifest.Object, *missingObject) {
	objects, err := manifest.Objects(v, at)
	if err != nil {
		return nil, &missingObject{at, err.Error()}
	}
	if objects != nil {
		return objects, nil
	}
	var out []manifest.Object
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			if !nested && len(at) > 0 {
				break
			}
			here := append(at[:len(at):len(at)], i)
			more, err := objectsIn(e, here, nested)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
		if nested || len(at) == 0 {
			return out, nil
		}
	case map[string]any:
		_, kind := v["kind"].(string)
		_, version := v["apiVersion"].(string)
		if _, meta := v["metadata"].(map[string]any); nested && !(meta && (kind || version)) {
			for _, k := range slices.Sorted(maps.Keys(v)) {
				more, err := objectsIn(v[k], append(at[:len(at):len(at)], k), true)
				if err != nil {
					return nil, err
				}
				out = append(out, more...)
			}
			return out, nil
		}
	default:
		if nested {
			return nil, nil
		}
	}
	return nil, &missingObject{at, "has no apiVersion or kind"}
}
