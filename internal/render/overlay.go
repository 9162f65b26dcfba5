package render

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/manifest"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/strvals"
)

// controllerValues lays the values of the controller's object over those of
// the value files: inline values, then parameters.
func controllerValues(in *input, u Unit, values map[string]any) (map[string]any, error) {
	for _, v := range u.Inline {
		in.repeatedInText(v)
		values = doc.Merge(values, v.Values)
	}
	if len(u.Parameters) == 0 {
		return values, nil
	}
	values = doc.Clone(values).(map[string]any)
	for _, p := range u.Parameters {
		text := p.Value
		if p.File != "" {
			data, err := in.read(p.File)
			if err != nil {
				return nil, err
			}
			text = string(data)
		}
		if err := setParameter(p, text, values); err != nil {
			e := &source.Error{Position: u.Place, Msg: fmt.Sprintf("parameter %q: %v", p.Name, err)}
			if p.Loc != nil {
				e.Position = p.Loc.Locate(nil).Position
			}
			return nil, e
		}
	}
	return values, nil
}

// setParameter sets one value as helm does; the content of a file is taken as
// it is.
func setParameter(p Parameter, text string, values map[string]any) error {
	switch {
	case p.File != "":
		return strvals.ParseIntoFile(p.Name+"=file", values, func([]rune) (any, error) { return text, nil })
	case p.String:
		return strvals.ParseIntoString(p.Name+"="+escapeParameter(text), values)
	}
	return strvals.ParseInto(p.Name+"="+escapeParameter(text), values)
}

// escapeParameter keeps the value of a parameter in one piece, as Argo CD
// does: a comma is part of the value unless it is a list in braces.
func escapeParameter(s string) string {
	if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, `\,`, `,`), `,`, `\,`)
}

// setFields sets the fields of a controller in a kustomization: scalars are
// replaced, mappings merged, images replaced by name, other lists appended.
func setFields(top *yaml.Node, fields map[string]any) bool {
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		var add yaml.Node
		if err := add.Encode(fields[key]); err != nil {
			return false
		}
		have := mappingValue(top, key)
		switch {
		case have == nil:
			top.Content = append(top.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, &add)
		case have.Kind == yaml.SequenceNode && add.Kind == yaml.SequenceNode:
			for _, e := range add.Content {
				if i := sameName(have, e); key == "images" && i >= 0 {
					have.Content[i] = e
					continue
				}
				have.Content = append(have.Content, e)
			}
		case have.Kind == yaml.MappingNode && add.Kind == yaml.MappingNode:
			for i := 0; i+1 < len(add.Content); i += 2 {
				if v := mappingValue(have, add.Content[i].Value); v != nil {
					*v = *add.Content[i+1]
					continue
				}
				have.Content = append(have.Content, add.Content[i], add.Content[i+1])
			}
		default:
			*have = add
		}
	}
	return true
}

// mappingValue is the value of a key, the last one if it stands twice.
func mappingValue(m *yaml.Node, key string) *yaml.Node {
	for i := len(m.Content) - len(m.Content)%2 - 2; i >= 0; i -= 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

func sameName(list, e *yaml.Node) int {
	name := mappingValue(e, "name")
	for i, o := range list.Content {
		if n := mappingValue(o, "name"); n != nil && name != nil && n.Value == name.Value {
			return i
		}
	}
	return -1
}

// overlay refuses remote references in the fields of a controller.
func (s *scout) overlay(u Unit) error {
	refs := doc.List(u.Overlay, "components")
	for _, r := range refs {
		ref := doc.Text(r)
		if Remote(ref) {
			return &source.Error{Position: u.Place, Msg: fmt.Sprintf("component %q is remote; nothing is fetched", ref), Cause: source.CauseRemote}
		}
		target, ok := source.Join(u.Path, ref)
		if !ok {
			return &fault{at: &source.Error{Position: u.Place, Msg: fmt.Sprintf("component %q leaves the repository", ref)}, cause: source.ErrEscapes}
		}
		if err := s.kustomization(target, false, doc.Text(u.Overlay, "namespace")); err != nil {
			return err
		}
	}
	patches := doc.List(u.Overlay, "patches")
	for _, e := range patches {
		p := doc.Map(e)
		if file := doc.Text(p, "path"); Remote(file) {
			return &source.Error{Position: u.Place, Msg: fmt.Sprintf("patch %q is remote; nothing is fetched", file), Cause: source.CauseRemote}
		}
	}
	return nil
}

// generate makes the kustomization that Flux makes of a directory without
// one: every manifest below it, and what stands below as a kustomization of
// its own. https://fluxcd.io/flux/components/kustomize/kustomizations/#generate-a-kustomizationyaml-file
func generate(in *input, dir string) error {
	var resources []string
	skip := map[string]bool{} // directories with a kustomization
	entries := source.Below(in.tree, dir)
	for _, e := range entries {
		for _, n := range kustomizationNames {
			if d := path.Dir(e.Path); path.Base(e.Path) == n && d != dir {
				skip[d] = true
			}
		}
	}
	rel := func(p string) string {
		if dir == "." {
			return p
		}
		return strings.TrimPrefix(p, dir+"/")
	}
	for d := range skip {
		if !inside(skip, path.Dir(d)) {
			resources = append(resources, rel(d))
		}
	}
	for _, e := range entries {
		ext := path.Ext(e.Path)
		if ext != ".yaml" && ext != ".yml" || inside(skip, path.Dir(e.Path)) {
			continue
		}
		data, err := in.read(e.Path)
		if err != nil {
			return err
		}
		docs, err := source.ParseManifests(e.Path, data)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if items, err := manifest.Objects(d.Value, nil); items != nil || err != nil { // kustomize says what is wrong
				resources = append(resources, rel(e.Path))
				break
			}
		}
	}
	sort.Strings(resources)
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources,
	})
	if err != nil {
		return err
	}
	in.make(path.Join(dir, kustomizationNames[0]), data)
	return nil
}

func inside(dirs map[string]bool, d string) bool {
	for ; ; d = path.Dir(d) {
		if dirs[d] {
			return true
		}
		if d == "." || d == "/" {
			return false
		}
	}
}
