package render

import (
	"bytes"
	"fmt"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// maxKustomizeNodes bounds a document with its anchors expanded: kustomize
// writes out every alias before it does anything else.
const maxKustomizeNodes = 300_000

// file checks a file of objects or patches that kustomize will parse.
func (s *scout) file(name string) error {
	if !s.in.exists(name) || s.visited["file "+name] {
		return nil // kustomize says what is missing
	}
	s.visited["file "+name] = true
	data, err := s.in.read(name)
	if err != nil || !bytes.ContainsRune(data, '&') {
		return err // without anchors nothing expands
	}
	_, err = bounded(name, data)
	return err
}

// bounded parses a file and refuses what anchors make too large.
func bounded(name string, data []byte) ([]*source.Document, error) {
	return boundedBy(source.ParseYAML, name, data)
}

func boundedBy(parse func(string, []byte) ([]*source.Document, error), name string, data []byte) ([]*source.Document, error) {
	docs, err := parse(name, data)
	if err != nil || !bytes.ContainsRune(data, '&') {
		return docs, err
	}
	left := maxKustomizeNodes
	for _, d := range docs {
		if doc.Any(d.Value, func(any) bool { left--; return left < 0 }) {
			return nil, &source.Error{Position: source.Position{File: name, Line: d.Line},
				Msg: fmt.Sprintf("document expands to more than %d nodes", maxKustomizeNodes)}
		}
	}
	return docs, nil
}

// inline checks a patch or configuration that stands in the kustomization;
// what is no YAML is left to kustomize.
func (s *scout) inline(document *source.Document, at source.Path, text string) error {
	if _, err := bounded(document.File, []byte(text)); err != nil && strings.Contains(err.Error(), "expands") {
		pos, _ := document.Locate(at)
		return &source.Error{Position: pos, Msg: fmt.Sprintf("document expands to more than %d nodes", maxKustomizeNodes)}
	}
	return nil
}
