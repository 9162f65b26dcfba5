// Package printed says how rendered objects are printed, each as a file of its
// own, and where in it something stands.
package printed

import (
	"fmt"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
)

// YAML is a manifest as `gate render` prints it.
func YAML(m map[string]any) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return "", fmt.Errorf("write manifest: %w", err)
	}
	return b.String(), enc.Close()
}

// File is the file below the directory of `gate render --out` that
// holds an object: the unit's kind and path, then group, kind, namespace and
// name. Characters that a file system may refuse are percent-encoded.
func File(object string) string {
	unit, name, _ := strings.Cut(object, "#")
	kind, path, _ := strings.Cut(unit, ":")
	parts := []string{kind}
	for _, p := range strings.Split(path, "/") {
		parts = append(parts, fileName(p))
	}
	return strings.Join(parts, "/") + "/" + fileName(strings.ReplaceAll(strings.TrimPrefix(name, "/"), "/", "_")) + ".yaml"
}

func fileName(s string) string {
	if strings.Trim(s, ".") == "" { // "", ".", ".."
		return strings.Repeat("%2E", max(1, len(s)))
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~@", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Locate adds to locations the line of the printed object that they are about
// (source.Location.Rendered), as related. An object that cannot be printed and
// read again has no lines.
func Locate(objects []facts.Object, at []*source.Location, redact func(string) string) {
	documents := map[string]*source.Document{}
	for _, l := range at {
		if l.Rendered != nil {
			documents[l.Rendered.Object] = nil
		}
	}
	for _, o := range objects {
		if doc, wanted := documents[o.ID]; wanted && doc == nil && o.Manifest != nil {
			documents[o.ID] = document(o)
		}
	}
	for _, l := range at {
		if l.Rendered == nil || documents[l.Rendered.Object] == nil {
			continue
		}
		doc := documents[l.Rendered.Object]
		pos, _ := doc.Locate(l.Rendered.Path)
		pos.File = File(l.Rendered.Object)
		l.Related = append(l.Related[:len(l.Related):len(l.Related)], source.Related{Role: "rendered", Position: pos, Text: redact(doc.Text(pos.Line))})
	}
}

func document(o facts.Object) *source.Document {
	text, err := YAML(o.Manifest)
	if err != nil {
		return nil
	}
	docs, err := source.ParseYAML(o.ID, []byte(text))
	if err != nil || len(docs) != 1 {
		return nil
	}
	return docs[0]
}
