package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// plugins checks entries that configure generators and transformers.
func (s *scout) plugins(document *source.Document, dir, field string, v any) error {
	list := doc.List(v)
	for i, e := range list {
		text := doc.Text(e)
		at := source.Path{field, i}
		if field == "generators" {
			if done, err := s.inflator(document, dir, i, text); done || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		if strings.Contains(text, "\n") { // inline configuration
			if remoteInside().MatchString(text) {
				return refused(document, at, "an inline configuration with a remote reference")
			}
			if err := s.inline(document, at, text); err != nil {
				return err
			}
			docs, _ := source.ParseYAML(document.File, []byte(text)) // kustomize says what is wrong
			for _, d := range docs {
				pos, _ := document.Locate(at)
				if err := program(d, pos); err != nil {
					return err
				}
			}
			continue
		}
		if err := s.local(document, dir, at, text); err != nil {
			return err
		}
		target, ok := source.Join(dir, text)
		if !ok {
			return leaves(document, at, text)
		}
		var err error
		if s.dirs[target] {
			err = s.kustomization(target, true, "")
		} else {
			err = s.pluginFile(target)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pluginFile refuses a configuration with a remote reference anywhere.
func (s *scout) pluginFile(name string) error {
	if _, ok := s.in.tree.Lookup(name); !ok {
		return nil // kustomize says what is missing
	}
	data, err := s.in.read(name)
	if err != nil {
		return err
	}
	docs, err := source.ParseYAML(name, data)
	if err != nil {
		return err
	}
	for _, d := range docs {
		if doc.Text(d.Value, "kind") == inflatorKind {
			return &source.Error{Position: source.Position{File: name, Line: d.Line}, Msg: "a chart is inflated by a generator that a kustomization builds, which is not followed",
				Hint: "name the file under generators, alone, or use helmCharts"}
		}
		if err := program(d, source.Position{File: name, Line: d.Line}); err != nil {
			return err
		}
		if err := s.anywhere(d, d.Value, nil); err != nil {
			return err
		}
	}
	return nil
}

// program refuses the configuration of a plugin that is not kustomize's own:
// kustomize would look for a program, or a container, of that name.
func program(d *source.Document, at source.Position) error {
	m := doc.Map(d.Value)
	if m == nil || m["apiVersion"] == "builtin" && !hasFunction(m) {
		return nil
	}
	return &source.Error{Position: at, Msg: fmt.Sprintf("%s of %s runs a program, which is not done", doc.Text(m, "kind"), doc.Text(m, "apiVersion")),
		Hint: "commit what it makes as a resource"}
}

func hasFunction(m map[string]any) bool {
	notes := doc.Map(m, "metadata", "annotations")
	return notes["config.kubernetes.io/function"] != nil || notes["config.k8s.io/function"] != nil
}

func (s *scout) anywhere(document *source.Document, v any, at source.Path) error {
	switch v := v.(type) {
	case string:
		if remoteInside().MatchString(v) && len(at) > 0 && at[0] != "apiVersion" {
			return refused(document, at, v)
		}
	case []any:
		for i, e := range v {
			if err := s.anywhere(document, e, append(at[:len(at):len(at)], i)); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := s.anywhere(document, v[k], append(at[:len(at):len(at)], k)); err != nil {
				return err
			}
		}
	}
	return nil
}
