package render

import (
	"path"
	"reflect"
	"strconv"
	"strings"

	"gate/internal/source"
)

// transformerFields are the fields of a kustomization that configure a
// built-in transformer.
var transformerFields = map[string][]string{
	"ImageTagTransformer":     {"images", "imageTags"},
	"NamespaceTransformer":    {"namespace"},
	"LabelTransformer":        {"labels", "commonLabels"},
	"AnnotationsTransformer":  {"commonAnnotations"},
	"ReplicaCountTransformer": {"replicas"},
	"PrefixTransformer":       {"namePrefix"},
	"SuffixTransformer":       {"nameSuffix"},
	"ReplacementTransformer":  {"replacements"},
}

// touches says whether a transformer can have made the value at p: without
// it every label transformer would be named for every field.
func touches(kind string, p source.Path) bool {
	at := func(i int) string {
		s, _ := p[len(p)-1-i].(string)
		return s
	}
	if len(p) == 0 {
		return false
	}
	switch kind {
	case "ImageTagTransformer":
		return at(0) == "image" || at(0) == "newName" || at(0) == "newTag"
	case "NamespaceTransformer":
		return strings.HasSuffix(strings.ToLower(at(0)), "namespace") || len(p) == 2 && p[0] == "metadata" && at(0) == "name"
	case "LabelTransformer":
		return len(p) > 1 && (at(1) == "labels" || at(1) == "matchLabels" || at(1) == "selector") || at(0) == "labels" || at(0) == "selector"
	case "AnnotationsTransformer":
		return len(p) > 1 && at(1) == "annotations" || at(0) == "annotations"
	case "ReplicaCountTransformer":
		return at(0) == "replicas"
	case "PrefixTransformer", "SuffixTransformer":
		return at(0) == "name" || strings.HasSuffix(at(0), "Name")
	}
	return true
}

// locate says whether c made the value at p of object o, and where.
func (c change) locate(o *builtObject, p source.Path, value any) (source.Position, bool) {
	if c.doc == nil {
		return source.Position{}, false
	}
	if c.patch != nil {
		for i := len(c.patch) - 1; i >= 0; i-- {
			if pos, ok := c.patch[i].locate(o, p, value); ok {
				return pos, true
			}
		}
		return source.Position{}, false
	}
	if !touches(c.kind, p) {
		return source.Position{}, false
	}
	for _, field := range transformerFields[c.kind] {
		v, ok := lookup(c.doc.Value, source.Path{field})
		if !ok {
			continue
		}
		at, ok := entry(source.Path{field}, v, o, p, value)
		if !ok {
			continue
		}
		pos, _ := c.doc.Locate(at)
		return pos, true
	}
	// A transformer that is configured in a file of its own.
	if kind, _ := lookup(c.doc.Value, source.Path{"kind"}); kind == c.kind {
		pos, _ := c.doc.Locate(nil)
		pos.Approximate = true
		return pos, true
	}
	return source.Position{}, false
}

// entry narrows a field down to the entry that made value.
func entry(at source.Path, v any, o *builtObject, p source.Path, value any) (source.Path, bool) {
	text, _ := value.(string)
	switch at[0] {
	case "images", "imageTags":
		list, _ := v.([]any)
		for i, e := range list {
			m, _ := e.(map[string]any)
			for _, key := range []string{"newTag", "digest", "newName", "name"} {
				if s, ok := m[key]; ok && imageHas(text, key, s) {
					if name := pick(m, "newName", "name"); name == "" || imageNamed(text, name) {
						return append(at, i, key), true
					}
				}
			}
		}
		return nil, false
	case "replicas":
		list, _ := v.([]any)
		for i, e := range list {
			m, _ := e.(map[string]any)
			name, _ := m["name"].(string)
			if name != "" && strings.Contains(nameOf(o.manifest), name) {
				return append(at, i, "count"), true
			}
		}
		return nil, false
	case "commonLabels", "commonAnnotations":
		m, _ := v.(map[string]any)
		if key, ok := p[len(p)-1].(string); ok {
			if _, has := m[key]; has {
				return append(at, key), true
			}
		}
		return at, !scalar(value)
	case "labels":
		list, _ := v.([]any)
		key, _ := p[len(p)-1].(string)
		for i, e := range list {
			m, _ := e.(map[string]any)
			pairs, _ := m["pairs"].(map[string]any)
			if _, has := pairs[key]; has {
				return append(at, i, "pairs", key), true
			}
		}
		return at, !scalar(value)
	case "namespace":
		return at, value == v
	case "namePrefix":
		s, _ := v.(string)
		return at, s != "" && strings.HasPrefix(text, s)
	case "nameSuffix":
		s, _ := v.(string)
		return at, s != "" && strings.Contains(text, s)
	case "replacements":
		return at, true
	}
	return at, true
}

func imageHas(image, key string, v any) bool {
	s, ok := v.(string)
	if !ok {
		switch n := v.(type) {
		case int64:
			s = strconv.FormatInt(n, 10)
		case float64:
			s = strconv.FormatFloat(n, 'f', -1, 64)
		default:
			return false
		}
	}
	if s == "" {
		return false
	}
	switch key {
	case "newTag":
		return strings.HasSuffix(image, ":"+s) || strings.Contains(image, ":"+s+"@")
	case "digest":
		return strings.HasSuffix(image, "@"+s)
	}
	return imageNamed(image, s)
}

func imageNamed(image, name string) bool {
	rest, ok := strings.CutPrefix(image, name)
	return ok && (rest == "" || rest[0] == ':' || rest[0] == '@')
}

func pick(m map[string]any, keys ...string) string {
	for _, k := range keys {
		if s, _ := m[k].(string); s != "" {
			return s
		}
	}
	return ""
}

// patch is one document of a strategic-merge or JSON patch.
type patch struct {
	doc *source.Document
	// An inline patch stands in the kustomization: line is the line above its
	// text. Zero for a patch file.
	host string
	line int
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
	if file, ok := join(dir, text); ok && !strings.Contains(text, "\n") {
		for _, d := range m.documents(file) {
			out = append(out, patch{doc: d, kind: kind, name: name})
		}
		return out
	}
	host, _ := doc.Lookup(at)
	docs, _ := source.ParseManifests(host.File, []byte(text))
	for _, d := range docs {
		out = append(out, patch{doc: d, host: host.File, line: host.Line, kind: kind, name: name})
	}
	return out
}

// locate says whether the patch sets the value at p of object o.
func (t patch) locate(o *builtObject, p source.Path, value any) (source.Position, bool) {
	at, exact, ok := t.find(o, p, value)
	if !ok {
		return source.Position{}, false
	}
	pos, _ := t.doc.Locate(at)
	if t.line > 0 {
		pos = source.Position{File: t.host, Line: t.line + pos.Line}
	}
	pos.Approximate = !exact
	return pos, true
}

func (t patch) find(o *builtObject, p source.Path, value any) (at source.Path, exact, ok bool) {
	if t.kind != "" && t.kind != o.manifest["kind"] {
		return nil, false, false
	}
	switch v := t.doc.Value.(type) {
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

// generator returns the entry of a generator in a kustomization.
func (m *kustomizeMapping) generator(file, kind, name string) source.Position {
	pos := source.Position{File: file, Line: 1, Approximate: true}
	docs := m.documents(file)
	if len(docs) == 0 {
		return pos
	}
	field := map[string]string{"ConfigMapGenerator": "configMapGenerator", "SecretGenerator": "secretGenerator"}[kind]
	v, _ := lookup(docs[0].Value, source.Path{field})
	list, _ := v.([]any)
	best := -1
	for i, e := range list {
		g, _ := e.(map[string]any)
		n, _ := g["name"].(string)
		if n != "" && strings.Contains(name, n) && len(n) > best {
			best = len(n)
			pos, _ = docs[0].Locate(source.Path{field, i, "name"})
		}
	}
	return pos
}
