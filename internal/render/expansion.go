package render

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
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

// repeated places what kustomize says of a key that stands twice in one mapping: it
// names neither the file nor its lines. Nil: it says something else.
func (s *scout) repeated(err error) error {
	if !strings.Contains(err.Error(), "mapping key") || !strings.Contains(err.Error(), "already defined") {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(s.visited)) {
		name, ok := strings.CutPrefix(key, "file ")
		if !ok {
			continue
		}
		data, err := s.in.read(name)
		if err != nil {
			continue
		}
		docs, err := source.ParseLenient(name, data)
		if err != nil {
			continue
		}
		for _, d := range docs {
			if len(d.Repeated) > 0 {
				r := d.Repeated[0]
				at := r.Last
				at.EndLine, at.EndColumn = 0, 0
				return &source.Error{Position: at, Msg: fmt.Sprintf("kustomize refuses that %s stands twice in one mapping", r.Path), Hint: "take out what stands twice"}
			}
		}
	}
	return nil
}

// bounded parses a file and refuses what anchors make too large. Of keys that stand
// twice kustomize takes the last in a kustomization, and says itself where it does not.
func bounded(name string, data []byte) ([]*source.Document, error) {
	return boundedBy(source.ParseLenient, name, data)
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
