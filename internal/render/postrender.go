package render

import (
	"context"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
)

// PostRenderer is one change that Flux makes to what a chart rendered, with
// kustomize: https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers
type PostRenderer struct {
	Fields map[string]any // of a kustomization: see postFields
	Loc    source.Locator // of Fields in the HelmRelease
}

const (
	postFile    = "kustomization.yaml"
	postObjects = "rendered.yaml"
)

// postRender applies the post renderers in order. Hooks and the definitions
// below crds/ do not pass through them.
func (s *Renderer) postRender(ctx context.Context, r *Rendered) error {
	for _, p := range r.Unit.PostRenderers {
		var apart []Object
		var through []baseObject
		var text strings.Builder
		for _, o := range r.Objects {
			if o.Hook != "" || o.crd {
				apart = append(apart, o)
				continue
			}
			through = append(through, baseObject{manifest: o.Manifest, locator: o.Locator, file: o.File, start: o.Place})
			data, err := yaml.Marshal(o.Manifest)
			if err != nil {
				return err
			}
			text.WriteString("---\n" + string(data))
		}
		if len(through) == 0 {
			continue
		}
		r.Notes = append(r.Notes, p.patchNotes(through)...)
		built, err := s.postRenderOne(ctx, r.Unit, p, text.String(), through)
		if err != nil {
			return err
		}
		r.Objects = append(apart, built...)
	}
	return nil
}

func (s *Renderer) postRenderOne(ctx context.Context, u Unit, p PostRenderer, text string, through []baseObject) ([]Object, error) {
	k, l, err := p.kustomization(s.tree)
	if err != nil {
		return nil, err
	}
	data, err := yaml.Marshal(k)
	if err != nil {
		return nil, err
	}
	data, ok := withOrigins(data, nil)
	if !ok {
		return nil, &source.Error{Position: p.Loc.Locate(nil).Position, Msg: "the post renderer cannot be read"}
	}
	in := &input{tree: source.NoFiles{}, sums: map[string]string{}}
	in.make(postFile, data)
	in.make(postObjects, []byte(text))
	resources, err := runKustomize(ctx, &treeFS{in: in, dirs: map[string]bool{".": true}}, ".", false)
	if err != nil {
		at := p.Loc.Locate(nil).Position
		e := asError(kustomizeError(at.File, err))
		return nil, &fault{at: &source.Error{Position: at, Msg: "post renderer: " + e.Msg, Hint: e.Hint}, cause: err}
	}
	m := newKustomizeMapping(in, ".", postFile)
	m.made[postObjects] = through
	m.layers = map[string]layer{postFile: l}
	var out []Object
	for _, res := range resources {
		o, err := kustomizeObject(m, res, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, o...)
	}
	return out, nil
}

// kustomization turns the fields into a kustomization, and says where the
// patches stand.
func (p PostRenderer) kustomization(tree source.Tree) (map[string]any, layer, error) {
	at := func(e ...any) source.Position { return p.Loc.Locate(e).Position }
	k := map[string]any{"resources": []any{postObjects}}
	l := layer{value: p.Fields, locate: func(q source.Path) source.Position { return at(q...) }, patches: []patch{}}
	var patches []any // in the order in which kustomize applies the three fields
	for _, field := range []string{"patchesStrategicMerge", "patches", "patchesJson6902", "images"} {
		for i, e := range doc.List(p.Fields[field]) {
			m := doc.Map(e)
			if m == nil {
				return nil, l, &source.Error{Position: at(field, i), Msg: "expected a mapping"}
			}
			target := doc.Map(m, "target")
			kind, name := doc.Text(target, "kind"), doc.Text(target, "name")
			switch field {
			case "patches":
				text, isText := m["patch"].(string)
				if m["path"] != nil || !isText {
					return nil, l, &source.Error{Position: at(field, i), Msg: "expected patch, a text"}
				}
				host := at(field, i, "patch")
				if _, err := bounded(host.File, []byte(text)); err != nil {
					return nil, l, &source.Error{Position: host, Msg: "patch cannot be read: " + asError(err).Msg}
				}
				l.patches = append(l.patches, inlinePatches(hostOf(tree, host), text, kind, name)...)
				patches = append(patches, m)
			case "patchesStrategicMerge", "patchesJson6902":
				value, where := any(m), []any{field, i}
				if field == "patchesJson6902" {
					value, where = m["patch"], append(where, "patch")
				}
				text, err := yaml.Marshal(value)
				if err != nil {
					return nil, l, err
				}
				l.patches = append(l.patches, patch{value: value, kind: kind, name: name, locate: func(q source.Path) source.Position {
					return at(append(where[:len(where):len(where)], q...)...)
				}})
				add := map[string]any{"patch": string(text)}
				if field == "patchesJson6902" {
					add["target"] = m["target"]
				}
				patches = append(patches, add)
			}
		}
	}
	if patches != nil {
		k["patches"] = patches
	}
	if images := doc.List(p.Fields, "images"); images != nil {
		k["images"] = images
	}
	return k, l, nil
}

// patchNotes are about patches that select none of the objects.
func (p PostRenderer) patchNotes(through []baseObject) []Note {
	var have before
	seen := map[string]bool{}
	for _, b := range through {
		have.objects = append(have.objects, selectableOf(b.manifest))
		texts(b.manifest, seen)
	}
	texts(p.Fields["patches"], seen)
	texts(p.Fields["patchesStrategicMerge"], seen)
	have.texts = slices.Sorted(maps.Keys(seen))
	out := have.images(doc.List(p.Fields, "images"), func(i int) source.Position { return p.Loc.Locate(source.Path{"images", i}).Position })
	for _, field := range []string{"patches", "patchesJson6902"} {
		out = append(out, unmatched("patch", "target", doc.List(p.Fields[field]), func(i int) source.Position {
			return p.Loc.Locate(source.Path{field, i, "target"}).Position
		}, have.objects)...)
	}
	return out
}

// blockScalar ends a line after which the text of a field begins.
var blockScalar = compiled(`[|>][0-9+-]*\s*(#.*)?$`)

// hostOf returns the position above the first line of a field's text.
func hostOf(tree source.Tree, pos source.Position) source.Position {
	data, err := tree.ReadFile(pos.File)
	if err != nil {
		pos.Approximate = true
		return pos
	}
	text := string(data)
	for n := 1; n < pos.Line; n++ {
		_, text, _ = strings.Cut(text, "\n")
	}
	line, _, _ := strings.Cut(text, "\n")
	if !blockScalar().MatchString(strings.TrimRight(line, "\r")) {
		pos.Line--
	}
	return pos
}
