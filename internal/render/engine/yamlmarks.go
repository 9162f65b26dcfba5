package engine

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yaml is toYaml with a value mark on each line that a known value made.
func (m *marks) yaml(toYaml func(any) (string, error), v any) (string, error) {
	plain, _ := plainDeep(reflect.ValueOf(&v).Elem(), nil)
	text, err := toYaml(plain.Interface())
	if err != nil || text == "" {
		return text, err
	}
	at, ok := map[int]int{}, false
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) == nil && len(doc.Content) == 1 {
		ok = m.values.lines(doc.Content[0], v, nil, at)
	}
	if !ok || len(at) == 0 {
		return text, nil
	}
	lines := strings.Split(text, "\n")
	for n, id := range at {
		if n < 1 || n > len(lines) {
			continue
		}
		l := lines[n-1]
		indent := len(l) - len(strings.TrimLeft(l, " "))
		lines[n-1] = l[:indent] + enclose(l[indent:], []int{id})
	}
	return strings.Join(lines, "\n"), nil
}

// lines says which value each line of a YAML node comes from. at maps lines to
// values; path is nil while the table that x belongs to is unknown.
func (v *values) lines(n *yaml.Node, x any, path []string, at map[int]int) bool {
	switch x := x.(type) {
	case map[string]any:
		if p, ok := v.tables[reflect.ValueOf(x).Pointer()]; ok {
			path = p
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			e, ok := x[n.Content[i].Value]
			if !ok {
				continue
			}
			sub := v.below(path, n.Content[i].Value)
			v.set(at, n.Content[i].Line, e, sub)
			v.lines(n.Content[i+1], e, sub, at)
		}
	case []any:
		if len(x) > 0 {
			if p, ok := v.tables[reflect.ValueOf(x).Pointer()]; ok {
				path = p
			}
		}
		for i := range min(len(n.Content), len(x)) {
			sub := v.below(path, index(i))
			if n.Content[i].Kind == yaml.ScalarNode {
				v.set(at, n.Content[i].Line, x[i], sub)
			}
			v.lines(n.Content[i], x[i], sub, at)
		}
	}
	return true
}

func (v *values) below(path []string, key string) []string {
	if path == nil {
		return nil
	}
	return append(path[:len(path):len(path)], key)
}

// set names the value of a line: the string's own mark, else its path.
func (v *values) set(at map[int]int, line int, e any, path []string) {
	if _, ok := at[line]; ok && path == nil {
		return
	}
	if s, ok := e.(string); ok {
		if ids := valueIDs(s, nil); len(ids) > 0 {
			at[line] = ids[0]
			return
		}
	}
	if path == nil || len(v.paths) >= maxMarks {
		return
	}
	v.paths = append(v.paths, path)
	at[line] = len(v.paths) - 1
}
