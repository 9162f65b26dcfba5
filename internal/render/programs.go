package render

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
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

// isProgram says whether a file of a directory is evaluated, not read.
func isProgram(name string) bool { return path.Ext(name) == ".jsonnet" }

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
func (s *session) jsonnet(in *input, r *Rendered, file string, nested bool) error {
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
func (s *session) cue(in *input, r *Rendered) error {
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

// programs are the Jsonnet programs in a directory.
func (p *planner) programs(dir string, recurse bool) []string {
	var out []string
	for _, e := range source.Below(p.tree, dir) {
		if isProgram(e.Path) && (recurse || path.Dir(e.Path) == dir) {
			out = append(out, e.Path)
		}
	}
	return out
}

// argoJsonnet reads the options of an Application's programs:
// https://argo-cd.readthedocs.io/en/stable/user-guide/jsonnet/
func (p *planner) argoJsonnet(d deployer, src map[string]any, at source.Path) (o *JsonnetOptions, fault string, pos source.Position) {
	j := doc.Map(src, "directory", "jsonnet")
	here := func(e ...any) source.Path { return append(append(at[:len(at):len(at)], "directory", "jsonnet"), e...) }
	o = &JsonnetOptions{Libs: []string{path.Clean(strings.TrimPrefix(doc.Text(src, "path"), "/"))}}
	for i, e := range doc.List(j, "libs") {
		dir, ok := source.Join(".", strings.TrimPrefix(asText(e), "/"))
		if !ok {
			return nil, fmt.Sprintf("library %q leaves the repository", asText(e)), d.place(here("libs", i)...)
		}
		o.Libs = append(o.Libs, dir)
	}
	for _, f := range []struct {
		field string
		list  *[]jsonnet.Variable
	}{{"extVars", &o.ExtVars}, {"tlas", &o.TLAs}} {
		for i, e := range doc.List(j[f.field]) {
			m := doc.Map(e)
			code := doc.Bool(m, "code")
			value, unknown := p.argoEnvironment(d, src, asText(orNil(m["value"])))
			if unknown != "" {
				return nil, fmt.Sprintf("%s is known only to Argo CD", unknown), d.place(here(f.field, i)...)
			}
			*f.list = append(*f.list, jsonnet.Variable{Name: doc.Text(m, "name"), Value: value, Code: code, Loc: d.below(here(f.field, i, "value")...)})
		}
	}
	return o, "", source.Position{}
}

func orNil(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// argoEnvironment replaces the build environment in a text:
// https://argo-cd.readthedocs.io/en/stable/user-guide/build-environment/
// What only a sync knows is unknown.
func (p *planner) argoEnvironment(d deployer, src map[string]any, text string) (replaced, unknown string) {
	dest := doc.Map(d.obj, "spec", "destination")
	known := map[string]string{
		"ARGOCD_APP_NAME": d.name, "ARGOCD_APP_NAMESPACE": doc.Text(dest, "namespace"), "ARGOCD_APP_PROJECT_NAME": cmp.Or(doc.Text(d.obj, "spec", "project"), "default"),
		"ARGOCD_APP_SOURCE_PATH": doc.Text(src, "path"), "ARGOCD_APP_SOURCE_REPO_URL": doc.Text(src, "repoURL"),
		"ARGOCD_APP_SOURCE_TARGET_REVISION": doc.Text(src, "targetRevision"),
	}
	replaced = os.Expand(text, func(name string) string {
		if v, ok := known[name]; ok {
			return v
		}
		if name == "$" {
			return "$"
		}
		if strings.HasPrefix(name, "ARGOCD_") || strings.HasPrefix(name, "KUBE_") {
			unknown = name
		}
		return ""
	})
	return replaced, unknown
}

// configuredProgram adds a program of the configuration.
func (p *planner) configuredProgram(u Unit, kind, name string) {
	u.Kind, u.Path = kind, path.Clean(name)
	found := p.dirs[u.Path] && kind == KindCUE
	if _, ok := p.tree.Lookup(u.Path); ok {
		found = true
	}
	if !found {
		p.entry(facts.Failed, kind, u.Path, fmt.Sprintf("the configuration names %q, but it is not in the tree", name),
			"correct units[]."+kind, source.Position{File: ".gate.yaml"})
		return
	}
	u.Place = source.Position{File: u.Path}
	if kind == KindCUE && p.dirs[u.Path] {
		for _, f := range (lent{&input{tree: p.tree}}).List(u.Path) {
			if path.Ext(f) == ".cue" {
				u.Place.File = f
				break
			}
		}
	}
	u.seq = len(p.units) + 1
	p.units = append(p.units, u)
}

// variables are those of a configuration's unit; loc leads to the unit.
func variables(loc source.Locator, textKey string, text map[string]string, codeKey string, code map[string]string) []jsonnet.Variable {
	var out []jsonnet.Variable
	add := func(key string, m map[string]string, isCode bool) {
		for name, value := range m {
			v := jsonnet.Variable{Name: name, Value: value, Code: isCode}
			if loc != nil {
				v.Loc = source.At(loc, source.Path{key, name})
			}
			out = append(out, v)
		}
	}
	add(textKey, text, false)
	add(codeKey, code, true)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
