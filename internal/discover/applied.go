package discover

import (
	"bytes"
	"path"
	"strings"

	"gate/internal/source"
)

// applied reads a file once more that its name makes a part of something: who
// is pointed at its directory, kubectl or a controller, reads every YAML and
// JSON file there, whatever it is called. Of equal keys the last counts then,
// as for them. Nil: it holds nothing that could be applied.
func (c *collector) applied(r *reading) []*source.Document {
	switch r.kind {
	case KindChart, KindKustomization: // of the first document Helm and kustomize know what it is
		if r.fault == nil && kindOf(r.docs) != KindManifest {
			return nil
		}
	case KindChartTemplate, KindChartFile, KindTerraform, KindConfig:
	default:
		return nil
	}
	ext := strings.ToLower(path.Ext(r.entry.Path))
	if !manifestName(r.entry.Path) || r.unread == errPointer {
		return nil
	}
	data, err := c.tree.ReadFile(r.entry.Path)
	if err != nil || !bytes.Contains(data, []byte("kind")) && !escapedLetter().Match(data) || !mayBeManifest(data) {
		return nil
	}
	if ext != ".json" {
		data = beforeActions(data)
	}
	if len(data) == 0 || ext != ".json" && r.kind == KindChartFile && definesKinds(data) {
		return nil
	}
	docs, err := source.ParseLenient(r.entry.Path, data)
	if err != nil || kindOf(docs) != KindManifest || !nameable(docs) {
		return nil
	}
	return docs
}

// beforeActions are the documents of a text before the first line that begins
// with an action of a template, which no YAML reader gets past: kubectl applies
// what stands before. Most templates have such a line, and need not be parsed.
func beforeActions(data []byte) []byte {
	at, start := 0, 0
	for line := range bytes.Lines(data) {
		text := bytes.TrimLeft(line, " \t-")
		switch {
		case bytes.HasPrefix(text, []byte("{{")):
			return data[:start]
		case bytes.HasPrefix(line, []byte("---")):
			start = at
		}
		at += len(line)
	}
	return data
}

// definesKinds says whether a text holds definitions of kinds and nothing else,
// by its lines without an indent. Charts carry megabytes of them for their
// jobs to install; they run nothing and grant nothing.
func definesKinds(data []byte) bool {
	found := false
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, " \t\r\n")
		key, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) == 0, line[0] == ' ', line[0] == '#', string(line) == "---":
		case string(key) == "kind" && string(bytes.TrimSpace(value)) == "CustomResourceDefinition":
			found = true
		case string(key) == "apiVersion", string(line) == "metadata:", string(line) == "spec:", string(line) == "status:":
		default:
			return false
		}
	}
	return found
}
