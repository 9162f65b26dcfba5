package render

import (
	"context"
	"fmt"
	"sync"

	"gate/internal/doc"
	"gate/internal/render/manifest"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/yaml"
)

// kustomizeRuns serialises the builds of this process. kyaml (v0.21, package
// openapi) keeps the schema by which it merges lists in variables of its own:
// each build selects one for all builds that run, and the maps of the parsed
// schema are read without a lock while another build fills them, which ends the
// process and not the build. No build is safe beside another one, then, not even
// those that select nothing, because they share the maps that the first lookup
// fills; Flux's controllers hold a lock around each build for the same reason
// (https://github.com/kubernetes-sigs/kustomize/issues/3659, 4824). The variable
// is global because what it protects is.
var kustomizeRuns sync.Mutex

// The annotations in which kustomize says where an object comes from.
const (
	originAnnotation      = "config.kubernetes.io/origin"
	transformerAnnotation = "alpha.config.kubernetes.io/transformations"
)

// kustomize builds a kustomization. Files outside its directory may be named
// (as Flux allows); files outside the tree may not.
func (s *Renderer) kustomize(ctx context.Context, in *input, r *Rendered) error {
	if r.Unit.Generate {
		if err := generate(in, r.Unit.Path); err != nil {
			return err
		}
	}
	sc := newScout(in, s.dirs())
	if err := sc.kustomization(r.Unit.Path, false, doc.Text(r.Unit.Overlay, "namespace")); err != nil {
		return err
	}
	if err := sc.overlay(r.Unit); err != nil {
		return err
	}
	file := kustomizationFile(in, r.Unit.Path)
	if file == "" {
		return fault1(r.Unit.Path, "there is no kustomization.yaml", "")
	}
	data, err := in.read(file)
	if err != nil {
		return err
	}
	asked := askedMetadata(data)
	tfs := &treeFS{in: in, dirs: s.dirs(), replaced: map[string][]byte{}}
	m := newKustomizeMapping(in, r.Unit.Path, file)
	if len(r.Unit.Overlay) > 0 {
		m.overlay = overlayOf(r.Unit)
		if m.controller = r.Unit.Defined; m.controller.File == "" {
			m.controller = r.Unit.Place
		}
	}
	if err := s.inflate(ctx, sc, tfs, m, r); err != nil {
		return err
	}
	if inflated, ok := tfs.replaced[file]; ok {
		data = inflated
	}
	if with, ok := withOrigins(data, r.Unit.Overlay); ok {
		tfs.replaced[file] = with
	} else if len(r.Unit.Overlay) > 0 {
		return fault1(file, "the fields of "+r.Unit.Controller+" cannot be set in this kustomization", "")
	}
	resources, err := s.build(ctx, tfs, r.Unit.Path, sc)
	if err != nil {
		if at := sc.repeated(err); at != nil {
			return at
		}
		return kustomizeError(file, err)
	}
	for _, res := range resources {
		o, err := kustomizeObject(m, res, asked)
		if err != nil {
			return kustomizeError(file, err)
		}
		r.Objects = append(r.Objects, o...)
	}
	r.Notes = append(r.Notes, sc.idleNotes(m, r)...)
	return nil
}

// builtResource is a resource that kustomize has built.
type builtResource struct {
	Kind            string
	Origin          *resource.Origin
	Transformations resource.Transformations
	Text            string // YAML
}

// runKustomize runs kustomize; schema says that the kustomization selects one.
func runKustomize(ctx context.Context, tree filesys.FileSystem, dir string, schema bool) ([]builtResource, error) {
	kustomizeRuns.Lock()
	defer kustomizeRuns.Unlock()
	if err := context.Cause(ctx); err != nil {
		return nil, err // waited too long for a build that does not end
	}
	opts := krusty.MakeDefaultOptions()
	opts.LoadRestrictions = types.LoadRestrictionsNone // tree is the confinement
	opts.PluginConfig = types.DisabledPluginConfig()
	// A schema that one kustomization selects would stay for the next, and be
	// laid over what the one before has left.
	if schema {
		openapi.ResetOpenAPI()
	}
	defer resetSchema()
	m, err := krusty.MakeKustomizer(opts).Run(tree, abs(dir))
	if err != nil {
		return nil, err
	}
	out := make([]builtResource, m.Size())
	for i, res := range m.Resources() {
		if out[i], err = builtFrom(res); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func builtFrom(res *resource.Resource) (b builtResource, err error) {
	b.Kind = res.GetKind()
	if b.Origin, err = res.GetOrigin(); err != nil {
		return b, fmt.Errorf("origin of %s: %w", res.CurId(), err)
	}
	if b.Transformations, err = res.GetTransformations(); err != nil {
		return b, fmt.Errorf("transformations of %s: %w", res.CurId(), err)
	}
	text, err := res.AsYAML()
	b.Text = string(text)
	return b, err
}

// resetSchema forgets a schema that was selected; parsing the built-in one
// again is slow, so only then.
func resetSchema() {
	if openapi.GetSchemaVersion() != "" && openapi.GetSchemaVersion() != openapi.DefaultOpenAPI {
		openapi.ResetOpenAPI()
	}
}

// kustomizeObject turns a resource into objects.
func kustomizeObject(m *kustomizeMapping, res builtResource, asked map[string]bool) ([]Object, error) {
	docs, err := source.ParseManifests(m.file, []byte(res.Text))
	if err != nil {
		return nil, err
	}
	var out []Object
	for _, d := range docs {
		items, err := manifest.Objects(d.Value, nil)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			stripMetadata(it.Manifest, asked)
			l := m.object(it.Manifest, res.Origin, res.Transformations)
			out = append(out, Object{Manifest: it.Manifest, Locator: l, File: l.file, Hook: hookOf(it.Manifest), Place: l.start})
		}
	}
	return out, nil
}

// stripMetadata removes the annotations that were only added here.
func stripMetadata(o map[string]any, asked map[string]bool) {
	meta := doc.Map(o, "metadata")
	notes := doc.Map(meta, "annotations")
	if notes == nil {
		return
	}
	if !asked[types.OriginAnnotations] {
		delete(notes, originAnnotation)
	}
	if !asked[types.TransformerAnnotations] {
		delete(notes, transformerAnnotation)
	}
	if len(notes) == 0 {
		delete(meta, "annotations")
	}
}

// askedMetadata says which build metadata the kustomization itself asks for.
func askedMetadata(data []byte) map[string]bool {
	var k struct {
		BuildMetadata []string
	}
	out := map[string]bool{}
	if kyaml.Unmarshal(data, &k) == nil {
		for _, o := range k.BuildMetadata {
			out[o] = true
		}
	}
	return out
}

// withOrigins returns the kustomization with build metadata switched on and
// the fields of a controller set. ok is false if it cannot be read; kustomize
// then says why.
func withOrigins(data []byte, overlay map[string]any) (out []byte, ok bool) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || document.Kind != yaml.DocumentNode || document.Content[0].Kind != yaml.MappingNode {
		return nil, false
	}
	top := document.Content[0]
	var list *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == "buildMetadata" {
			if list = top.Content[i+1]; list.Kind != yaml.SequenceNode {
				return nil, false
			}
		}
	}
	if list == nil {
		list = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		top.Content = append(top.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "buildMetadata"}, list)
	}
	asked := askedMetadata(data)
	for _, o := range []string{types.OriginAnnotations, types.TransformerAnnotations} {
		if !asked[o] {
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: o})
		}
	}
	if !setFields(top, overlay) {
		return nil, false
	}
	out, err := yaml.Marshal(&document)
	return out, err == nil
}
