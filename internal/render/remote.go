package render

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// kustomizationNames are the names of the file that kustomize looks for.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// scout reads a kustomization and all that it refers to before kustomize
// does: kustomize has no offline switch, it dials HTTP and executes git for
// what looks remote. The scout refuses whatever kustomize would take for
// remote, and what would run a program.
type scout struct {
	in      *input
	dirs    map[string]bool
	visited map[string]bool
	// charts are the charts that each kustomization inflates, by its file;
	// namespaces the namespace that each inherits; dropped the generators
	// that only inflate.
	charts     map[string][]inflation
	namespaces map[string]string
	dropped    map[string][]int
	// resources are the files of objects, built the kustomizations, in the
	// order in which they are met.
	resources []string
	built     []*source.Document
	schema    bool // one of the kustomizations selects an OpenAPI schema
}

func newScout(in *input, dirs map[string]bool) *scout {
	return &scout{
		in: in, dirs: dirs, visited: map[string]bool{},
		charts: map[string][]inflation{}, namespaces: map[string]string{}, dropped: map[string][]int{},
	}
}

// pathFields are the fields of a kustomization whose strings are paths
// (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/);
// the ones below patches and generators are found by their own key.
var pathFields = map[string]bool{
	"resources": true, "bases": true, "components": true, "crds": true, "configurations": true, "openapi": true,
	"patchesStrategicMerge": true, "patchesJson6902": true, "patches": true, "replacements": true,
	"configMapGenerator": true, "secretGenerator": true,
}

// pluginFields hold configurations of generators and transformers: their
// files can name paths anywhere.
var pluginFields = map[string]bool{"generators": true, "transformers": true, "validators": true}

// leafKeys are the keys below pathFields that hold paths.
var leafKeys = map[string]bool{"path": true, "files": true, "envs": true, "env": true}

// kustomization checks the kustomization at dir. plugin says that its output
// configures generators or transformers, namespace is the one that the
// kustomizations above it set.
func (s *scout) kustomization(dir string, plugin bool, namespace string) error {
	key := fmt.Sprintf("%s %t %q", dir, plugin, namespace)
	if s.visited[key] {
		return nil
	}
	s.visited[key] = true
	file := kustomizationFile(s.in, dir)
	if file == "" {
		return nil // kustomize says what is missing
	}
	document, err := s.parse(file)
	if err != nil || document == nil {
		return err
	}
	top, ok := document.Value.(map[string]any)
	if !ok {
		return fault1(file, "kustomization is not a mapping", "")
	}
	if err := s.inflations(file, dir, namespace); err != nil {
		return err
	}
	if own := doc.Text(top, "namespace"); own != "" {
		namespace = own
	}
	s.schema = s.schema || top["openapi"] != nil
	if !plugin && !s.visited["built "+file] {
		s.visited["built "+file] = true
		s.built = append(s.built, document)
	}
	if plugin {
		if err := s.anywhere(document, top, nil); err != nil {
			return err
		}
	}
	for _, field := range slices.Sorted(maps.Keys(top)) {
		var err error
		switch {
		case pluginFields[field]:
			err = s.plugins(document, dir, field, top[field])
		case field == "resources", field == "bases", field == "components":
			err = s.references(document, dir, field, top[field], plugin, namespace)
		case pathFields[field]:
			err = s.paths(document, dir, source.Path{field}, top[field], true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kustomizationFile(in *input, dir string) string {
	for _, n := range kustomizationNames {
		if in.exists(path.Join(dir, n)) {
			return path.Join(dir, n)
		}
	}
	return ""
}

func (s *scout) parse(file string) (*source.Document, error) {
	data, err := s.in.read(file)
	if err != nil {
		return nil, err
	}
	docs, err := bounded(file, data)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	s.in.repeated(docs[:1])
	return docs[0], nil
}

// references checks entries that are files or directories of resources.
func (s *scout) references(document *source.Document, dir, field string, v any, plugin bool, namespace string) error {
	list := doc.List(v)
	for i, e := range list {
		ref := doc.Text(e)
		at := source.Path{field, i}
		if err := s.local(document, dir, at, ref); err != nil {
			return err
		}
		target, ok := source.Join(dir, ref)
		if !ok {
			return leaves(document, at, ref)
		}
		if s.dirs[target] {
			if err := s.kustomization(target, plugin, namespace); err != nil {
				return err
			}
			continue
		}
		if err := s.file(target); err != nil {
			return err
		}
		s.resources = append(s.resources, target)
		if plugin {
			if err := s.pluginFile(target); err != nil {
				return err
			}
		}
	}
	return nil
}

// paths checks the strings below v that are paths: the elements of a list
// directly in the field, and the values of leafKeys.
func (s *scout) paths(document *source.Document, dir string, at source.Path, v any, isPath bool) error {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "\n") && strings.HasPrefix(at[0].(string), "patches") {
			return s.inline(document, at, v)
		}
		if !isPath || strings.Contains(v, "\n") {
			return nil
		}
		if err := s.local(document, dir, at, v); err != nil {
			return err
		}
		// Files of generators are data, all others are parsed.
		if target, ok := source.Join(dir, v); ok && !strings.HasSuffix(at[0].(string), "Generator") {
			return s.file(target)
		}
		return nil
	case []any:
		for i, e := range v {
			if err := s.paths(document, dir, append(at[:len(at):len(at)], i), e, isPath); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := s.paths(document, dir, append(at[:len(at):len(at)], k), v[k], leafKeys[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// local refuses a reference that kustomize would fetch.
func (s *scout) local(document *source.Document, dir string, at source.Path, ref string) error {
	if _, file, ok := strings.Cut(ref, "="); ok && Remote(file) { // key=file of a generator
		return s.refuse(document, dir, at, ref)
	}
	if !Remote(ref) {
		return nil
	}
	// An odd name of a file that exists is read as a file; a URL never is.
	if target, ok := source.Join(dir, ref); ok && !strings.Contains(ref, "://") {
		if _, ok := s.in.tree.Lookup(target); ok {
			return nil
		}
	}
	return s.refuse(document, dir, at, ref)
}

func (s *scout) refuse(document *source.Document, dir string, at source.Path, ref string) error {
	e := refused(document, at, ref).(*source.Error)
	vendored := path.Join(dir, "vendor", vendorName(ref))
	if strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml") {
		e.Hint = fmt.Sprintf("vendor it: curl -fsSL --create-dirs -o %s %s, and name that file instead", source.ShellWord(vendored), source.ShellQuoted(ref))
	} else {
		e.Hint = fmt.Sprintf("vendor it: mkdir -p %s && kustomize build %s > %s, and name that file instead", source.ShellOperand(path.Dir(vendored)), source.ShellQuoted(ref), source.ShellWord(vendored))
	}
	return e
}

func refused(document *source.Document, at source.Path, ref string) error {
	pos, _ := document.Locate(at)
	return &source.Error{Position: pos, Msg: fmt.Sprintf("%q is remote; nothing is fetched", ref), Cause: source.CauseRemote}
}

func leaves(document *source.Document, at source.Path, ref string) error {
	pos, _ := document.Locate(at)
	return &fault{
		at:    &source.Error{Position: pos, Msg: fmt.Sprintf("%q leaves the repository", ref)},
		cause: source.ErrEscapes,
	}
}

// vendorName derives a file name from a remote reference.
func vendorName(ref string) string {
	ref, _, _ = strings.Cut(ref, "?")
	name := strings.TrimSuffix(path.Base(strings.TrimRight(ref, "/")), ".git")
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".yaml"), ".yml")
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, name)
	if name == "" || name == "." {
		name = "remote"
	}
	return name + ".yaml"
}

// What kustomize v0.21 takes for remote (api/internal/git/repospec.go): a
// scheme, a user name before @, the host github.com. Wider here: any scheme.
var (
	remoteStart  = compiled(`(?i)^(git::|[a-z][a-z0-9+.-]*://|[a-z][a-z0-9-]*@|github\.com[/:])`)
	remoteInside = compiled(`(?i)(git::|[a-z][a-z0-9+.-]*://|\bgithub\.com[/:]|(^|\s|=)[a-z][a-z0-9-]*@[a-z0-9.-]+[:/])`)
)

func Remote(ref string) bool { return remoteStart().MatchString(strings.TrimSpace(ref)) }
