package render

import (
	"cmp"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"sigs.k8s.io/kustomize/kyaml/utils"
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

// made says whether c made the value at p of object o, and where.
func (c change) made(o *builtObject, p source.Path, value any) (source.Position, bool) {
	if c.value == nil {
		return source.Position{}, false
	}
	if c.patch != nil {
		for i := len(c.patch) - 1; i >= 0; i-- {
			if pos, ok := c.patch[i].made(o, p, value); ok {
				return pos, true
			}
		}
		return source.Position{}, false
	}
	if !touches(c.kind, p) {
		return source.Position{}, false
	}
	for _, field := range transformerFields[c.kind] {
		v, ok := doc.Lookup(c.value, field)
		if !ok {
			continue
		}
		at, ok := entry(source.Path{field}, v, o, p, value)
		if !ok {
			continue
		}
		return c.locate(at), true
	}
	// A transformer that is configured in a file of its own.
	if doc.Text(c.value, "kind") == c.kind {
		pos := c.locate(nil)
		pos.Approximate = true
		return pos, true
	}
	return source.Position{}, false
}

// certain is patch.certain of the last patch of c that says something.
func (c change) certain(o *builtObject, p source.Path, value any) (pos source.Position, before source.Path, ok bool) {
	for i := len(c.patch) - 1; i >= 0; i-- {
		if pos, before, ok = c.patch[i].certain(o, p, value); ok || before != nil {
			return pos, before, ok
		}
	}
	return source.Position{}, nil, false
}

// removed returns where the patches of c took a field away.
func (c change) removed(o *builtObject, p, was source.Path) (source.Position, bool) {
	for i := len(c.patch) - 1; i >= 0; i-- {
		if pos, ok := c.patch[i].removed(o, p, was); ok {
			return pos, true
		}
	}
	return source.Position{}, false
}

// entry narrows a field down to the entry that made value.
func entry(at source.Path, v any, o *builtObject, p source.Path, value any) (source.Path, bool) {
	text := doc.Text(value)
	switch at[0] {
	case "images", "imageTags":
		list := doc.List(v)
		for i, e := range list {
			m := doc.Map(e)
			for _, key := range []string{"newTag", "digest", "newName", "name"} {
				if s, ok := m[key]; ok && imageHas(text, key, s) {
					if name := cmp.Or(doc.Text(m, "newName"), doc.Text(m, "name")); name == "" || imageNamed(text, name) {
						return append(at, i, key), true
					}
				}
			}
		}
		return nil, false
	case "replicas":
		list := doc.List(v)
		for i, e := range list {
			m := doc.Map(e)
			name := doc.Text(m, "name")
			if name != "" && strings.Contains(doc.Text(o.manifest, "metadata", "name"), name) {
				return append(at, i, "count"), true
			}
		}
		return nil, false
	case "commonLabels", "commonAnnotations":
		m := doc.Map(v)
		if key, ok := p[len(p)-1].(string); ok {
			if _, has := m[key]; has {
				return append(at, key), true
			}
		}
		return at, !doc.IsScalar(value)
	case "labels":
		list := doc.List(v)
		key, _ := p[len(p)-1].(string)
		for i, e := range list {
			m := doc.Map(e)
			pairs := doc.Map(m, "pairs")
			if _, has := pairs[key]; has {
				return append(at, i, "pairs", key), true
			}
		}
		return at, !doc.IsScalar(value)
	case "namespace":
		return at, value == v
	case "namePrefix":
		s := doc.Text(v)
		return at, s != "" && strings.HasPrefix(text, s)
	case "nameSuffix":
		s := doc.Text(v)
		return at, s != "" && strings.Contains(text, s)
	case "replacements":
		return replacement(at, v, p), true
	}
	return at, true
}

// replacement narrows replacements down to the field path that leads to p, or
// to the file of the entry that may.
func replacement(at source.Path, v any, p source.Path) source.Path {
	list := doc.List(v)
	for i := len(list) - 1; i >= 0; i-- {
		targets := doc.List(list[i], "targets")
		for j := len(targets) - 1; j >= 0; j-- {
			for k, e := range doc.List(targets[j], "fieldPaths") {
				if text := doc.Text(e); fieldPath(text, p) {
					return append(at[:len(at):len(at)], i, "targets", j, "fieldPaths", k)
				}
			}
		}
	}
	if len(list) == 1 {
		return append(at[:len(at):len(at)], 0)
	}
	return at
}

// fieldPath says whether a field path of a replacement can lead to p; what
// selects an element of a list may be any of them.
func fieldPath(text string, p source.Path) bool {
	parts := utils.SmarterPathSplitter(text, ".")
	if len(parts) != len(p) {
		return false
	}
	for i, part := range parts {
		if name, ok := p[i].(string); ok && name != strings.Trim(part, "[]") {
			return false
		}
	}
	return true
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

// generator returns the entry of a generator in a kustomization.
func (m *kustomizeMapping) generator(file, kind, name string) source.Position {
	pos := source.Position{File: file, Line: 1, Approximate: true}
	docs := m.documents(file)
	if len(docs) == 0 {
		return pos
	}
	field := map[string]string{"ConfigMapGenerator": "configMapGenerator", "SecretGenerator": "secretGenerator"}[kind]
	best := -1
	for i, e := range doc.List(docs[0].Value, field) {
		n := doc.Text(e, "name")
		if n != "" && strings.Contains(name, n) && len(n) > best {
			best = len(n)
			pos, _ = docs[0].Locate(source.Path{field, i, "name"})
		}
	}
	return pos
}
