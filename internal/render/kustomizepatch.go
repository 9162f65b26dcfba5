package render

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"gate/internal/doc"
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
func (m *kustomizeMapping) patches(document *source.Document, file string) []patch {
	if known, ok := m.byFile[file]; ok {
		return known
	}
	out, dir := []patch{}, path.Dir(file)
	defer func() { m.byFile[file] = out }()
	if document == nil {
		return out
	}
	for _, field := range []string{"patchesStrategicMerge", "patchesJson6902", "patches"} {
		for i, e := range doc.List(document.Value, field) {
			at := source.Path{field, i}
			switch e := e.(type) {
			case string:
				out = append(out, m.patch(document, dir, at, e, "", "")...)
			case map[string]any:
				target := doc.Map(e, "target")
				kind, name := doc.Text(target, "kind"), doc.Text(target, "name")
				if inline := doc.Text(e, "patch"); inline != "" {
					out = append(out, m.patch(document, dir, append(at, "patch"), inline, kind, name)...)
				} else if file := doc.Text(e, "path"); file != "" {
					out = append(out, m.patch(document, dir, at, file, kind, name)...)
				}
			}
		}
	}
	return out
}

func (m *kustomizeMapping) patch(document *source.Document, dir string, at source.Path, text, kind, name string) []patch {
	var out []patch
	if file, ok := source.Join(dir, text); ok && m.in.exists(file) {
		for _, d := range m.documents(file) {
			out = append(out, patch{value: d.Value, locate: located(d), kind: kind, name: name})
		}
		return out
	}
	host, _ := document.Lookup(at)
	// The position of a block scalar is that of its indicator.
	if line := document.Text(host.Line); !strings.ContainsAny(line[min(offset(line, host.Column), len(line)):], "|>") {
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

// targets says whether the patch is for object o, by the kind and the name of
// its target, which are regular expressions. Names that layers in between gave
// are not known: what the name contains then counts as one of them.
func (t patch) targets(o *builtObject) bool {
	kind := doc.Text(o.manifest, "kind")
	if t.kind != "" && !whole(t.kind, kind) {
		return false
	}
	name := doc.Text(o.manifest, "metadata", "name")
	if t.name == "" || whole(t.name, name) || o.base == nil && strings.Contains(name, t.name) {
		return true
	}
	was := ""
	if o.base != nil {
		was = doc.Text(o.base.manifest, "metadata", "name")
	}
	return was != "" && was != name && (whole(t.name, was) || strings.Contains(name, t.name) || strings.Contains(t.name, was))
}

// whole says whether an expression matches all of a text.
func whole(expression, text string) bool {
	if expression == text {
		return true
	}
	re, err := regexp.Compile("^(?:" + expression + ")$")
	return err == nil && re.MatchString(text)
}

func (t patch) find(o *builtObject, p source.Path, value any) (at source.Path, exact, ok bool) {
	switch v := t.value.(type) {
	case []any:
		at, _, _ := undo(v, o.manifest, p)
		if got, has := doc.Lookup(v, at...); at != nil && has && equalOrTables(got, value) {
			return at, true, true
		}
		// Another patch may have moved the element since.
		at, ok = findOperation(v, p, value)
		return at, false, ok
	case map[string]any:
		if t.kind == "" && (v["kind"] != o.manifest["kind"] || !strings.Contains(doc.Text(o.manifest, "metadata", "name"), doc.Text(v, "metadata", "name"))) {
			return nil, false, false
		}
		if at, ok = translate(o.manifest, v, p); !ok {
			return nil, false, false
		}
		got, _ := doc.Lookup(v, at...)
		return at, true, equalOrTables(got, value)
	}
	return nil, false, false
}

// certain says whether an operation of a JSON patch made exactly the value at
// p, and where; if it only moved it, before is where it came from.
func (t patch) certain(o *builtObject, p source.Path, value any) (pos source.Position, before source.Path, ok bool) {
	ops, isList := t.value.([]any)
	if !isList {
		return source.Position{}, nil, false
	}
	at, was, moved := undo(ops, o.manifest, p)
	if at == nil {
		if !moved {
			was = nil
		}
		return source.Position{}, was, false
	}
	for k := 2; k <= len(at); k++ { // a later layer may have put something else there
		got, has := doc.Lookup(t.value, at[:k]...)
		is, _ := doc.Lookup(o.manifest, p[:len(p)-len(at)+k]...)
		if !has || !alike(got, is) {
			return source.Position{}, nil, false
		}
	}
	return t.locate(at), nil, true
}

// removed returns the place of the operation that took a field of the base
// away.
func (t patch) removed(o *builtObject, p, was source.Path) (source.Position, bool) {
	switch v := t.value.(type) {
	case []any:
		for _, q := range []source.Path{was, p} {
			if at, ok := removed(v, q); ok {
				return t.locate(at), true
			}
		}
	case map[string]any: // null deletes
		if _, _, ok := t.find(o, p, nil); ok {
			at, _ := translate(o.manifest, v, p)
			return t.locate(at), true
		}
	}
	return source.Position{}, false
}

// findOperation looks for the operation of a JSON patch that set p, whatever
// the indices of lists are.
func findOperation(ops []any, p source.Path, value any) (source.Path, bool) {
	for i := len(ops) - 1; i >= 0; i-- {
		op := doc.Map(ops, i)
		pointer := doc.Text(op, "path")
		rest, ok := cutPointer(p, pointer)
		if !ok {
			continue
		}
		if got, has := doc.Lookup(op["value"], rest...); has && equalOrTables(got, value) {
			return append(source.Path{i, "value"}, rest...), true
		}
	}
	return nil, false
}

// cutPointer returns what is left of p after a JSON pointer (RFC 6901) with
// any indices.
func cutPointer(p source.Path, text string) (source.Path, bool) {
	parts := pointer(text)
	if len(parts) > len(p) {
		return nil, false
	}
	for i, part := range parts {
		switch e := p[i].(type) {
		case string:
			if part != e {
				return nil, false
			}
		case int:
			if _, err := strconv.Atoi(part); part != "-" && err != nil {
				return nil, false
			}
		}
	}
	return p[len(parts):], true
}
