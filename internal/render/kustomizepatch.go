package render

import (
	"path"
	"reflect"
	"strconv"
	"strings"

	"gate/internal/source"
)

// patch is one document of a strategic-merge or JSON patch.
type patch struct {
	value  any
	locate func(source.Path) source.Position
	// kind and name of the target, "" for any; name may be a regular expression.
	kind, name string
}

// patches returns the patches that a kustomization names, in order; never nil.
func (m *kustomizeMapping) patches(doc *source.Document, file string) []patch {
	if known, ok := m.byFile[file]; ok {
		return known
	}
	out, dir := []patch{}, path.Dir(file)
	defer func() { m.byFile[file] = out }()
	if doc == nil {
		return out
	}
	for _, field := range []string{"patchesStrategicMerge", "patchesJson6902", "patches"} {
		v, _ := lookup(doc.Value, source.Path{field})
		list, _ := v.([]any)
		for i, e := range list {
			at := source.Path{field, i}
			switch e := e.(type) {
			case string:
				out = append(out, m.patch(doc, dir, at, e, "", "")...)
			case map[string]any:
				target, _ := e["target"].(map[string]any)
				kind, name := pick(target, "kind"), pick(target, "name")
				if inline := pick(e, "patch"); inline != "" {
					out = append(out, m.patch(doc, dir, append(at, "patch"), inline, kind, name)...)
				} else if file := pick(e, "path"); file != "" {
					out = append(out, m.patch(doc, dir, at, file, kind, name)...)
				}
			}
		}
	}
	return out
}

func (m *kustomizeMapping) patch(doc *source.Document, dir string, at source.Path, text, kind, name string) []patch {
	var out []patch
	if file, ok := join(dir, text); ok && m.in.exists(file) {
		for _, d := range m.documents(file) {
			out = append(out, patch{value: d.Value, locate: located(d), kind: kind, name: name})
		}
		return out
	}
	host, _ := doc.Lookup(at)
	// The position of a block scalar is that of its indicator.
	if line := doc.Text(host.Line); !strings.ContainsAny(line[min(offset(line, host.Column), len(line)):], "|>") {
		host.Line--
	}
	return inlinePatches(host, text, kind, name)
}

// inlinePatches are the patches of a text that begins on the line after host.
func inlinePatches(host source.Position, text, kind, name string) []patch {
	var out []patch
	docs, _ := source.ParseManifests(host.File, []byte(text))
	for _, d := range docs {
		out = append(out, patch{value: d.Value, kind: kind, name: name, locate: func(p source.Path) source.Position {
			pos, _ := d.Locate(p)
			return source.Position{File: host.File, Line: host.Line + pos.Line, Approximate: host.Approximate}
		}})
	}
	return out
}

// made says whether the patch sets the value at p of object o, and where.
func (t patch) made(o *builtObject, p source.Path, value any) (source.Position, bool) {
	at, exact, ok := t.find(o, p, value)
	if !ok {
		return source.Position{}, false
	}
	pos := t.locate(at)
	pos.Approximate = pos.Approximate || !exact
	return pos, true
}

func (t patch) find(o *builtObject, p source.Path, value any) (at source.Path, exact, ok bool) {
	if t.kind != "" && t.kind != o.manifest["kind"] {
		return nil, false, false
	}
	switch v := t.value.(type) {
	case []any:
		if at, ok = findOperation(v, p, value, false); ok {
			return at, true, true
		}
		// Another patch may have moved the element since.
		at, ok = findOperation(v, p, value, true)
		return at, false, ok
	case map[string]any:
		if t.kind == "" && (v["kind"] != o.manifest["kind"] || !strings.Contains(nameOf(o.manifest), nameOf(v))) {
			return nil, false, false
		}
		if at, ok = translate(o.manifest, v, p); !ok {
			return nil, false, false
		}
		got, _ := lookup(v, at)
		return at, true, reflect.DeepEqual(got, value) || !scalar(value) && !scalar(got)
	}
	return nil, false, false
}

// findOperation looks for the operation of a JSON patch (RFC 6902) that set p;
// with anyIndex whatever the indices of lists are.
func findOperation(ops []any, p source.Path, value any, anyIndex bool) (source.Path, bool) {
	for i := len(ops) - 1; i >= 0; i-- {
		op, _ := ops[i].(map[string]any)
		pointer, _ := op["path"].(string)
		rest, ok := cutPointer(p, pointer, anyIndex)
		if !ok {
			continue
		}
		got, has := lookup(op["value"], rest)
		if has && (reflect.DeepEqual(got, value) || !scalar(value) && !scalar(got)) {
			return append(source.Path{i, "value"}, rest...), true
		}
	}
	return nil, false
}

// cutPointer returns what is left of p after a JSON pointer (RFC 6901); "-"
// matches any index.
func cutPointer(p source.Path, pointer string, anyIndex bool) (source.Path, bool) {
	if pointer == "" {
		return p, true
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	if len(parts) > len(p) {
		return nil, false
	}
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for i, part := range parts {
		switch e := p[i].(type) {
		case string:
			if unescape.Replace(part) != e {
				return nil, false
			}
		case int:
			if _, err := strconv.Atoi(part); part != "-" && part != strconv.Itoa(e) && (!anyIndex || err != nil) {
				return nil, false
			}
		}
	}
	return p[len(parts):], true
}
