package pipeline

import (
	"fmt"
	"strings"

	"gate/internal/decide"
	"gate/internal/facts"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
)

// ManifestYAML is a manifest as `gate render` prints it.
func ManifestYAML(m map[string]any) (string, error) {
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(m); err != nil {
		return "", fmt.Errorf("write manifest: %w", err)
	}
	return b.String(), enc.Close()
}

// RenderedFile is the file below the directory of `gate render --out` that
// holds an object: the unit's kind and path, then group, kind, namespace and
// name. Characters that a file system may refuse are percent-encoded.
func RenderedFile(object string) string {
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

// renderedPlaces adds to findings the line of the rendered object that they
// are about. An object that cannot be printed and read again has no lines: it
// is judged all the same.
func renderedPlaces(f *facts.Facts, findings []decide.Finding, redact func(string) string) {
	printed := map[string]*source.Document{}
	for _, x := range findings {
		if x.Location.Rendered != nil {
			printed[x.Location.Rendered.Object] = nil
		}
	}
	for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
		for _, o := range list {
			if doc, wanted := printed[o.ID]; wanted && doc == nil && o.Manifest != nil {
				printed[o.ID] = printManifest(o)
			}
		}
	}
	for i, x := range findings {
		at := x.Location.Rendered
		if at == nil || printed[at.Object] == nil {
			continue
		}
		doc := printed[at.Object]
		pos, _ := doc.Locate(at.Path)
		pos.File = RenderedFile(at.Object)
		related := x.Location.Related
		findings[i].Location.Related = append(related[:len(related):len(related)],
			source.Related{Role: "rendered", Position: pos, Text: redact(doc.Text(pos.Line))})
	}
}

func printManifest(o facts.Object) *source.Document {
	text, err := ManifestYAML(o.Manifest)
	if err != nil {
		return nil
	}
	docs, err := source.ParseYAML(o.ID, []byte(text))
	if err != nil || len(docs) != 1 {
		return nil
	}
	return docs[0]
}
