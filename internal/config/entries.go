package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// AddPolicy adds an entry under policies to the text of a configuration, an empty one
// included, and leaves everything else as it stands. What it returns was parsed again
// and differs by the entry alone; a text in which that cannot be done is an error.
func AddPolicy(file string, text []byte, name, path string) ([]byte, error) {
	entry := fmt.Sprintf("{name: %s, path: %s, style: catalog}", name, path)
	refuse := func(err error) error {
		return fmt.Errorf("%s: cannot be added to: %w\n  = hint: add it by hand, under policies: %s", file, err, entry)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("apiVersion: gate/v1\n")
	}
	before, err := Parse(file, text)
	if err != nil {
		return nil, err
	}
	out, err := withEntry(text, entry)
	if err != nil {
		return nil, refuse(err)
	}
	after, err := Parse(file, out)
	if err != nil {
		return nil, refuse(err)
	}
	got := Policy{}
	rest := []Policy{}
	for _, p := range after.Policies {
		if p.Entry() == name {
			got = p
			continue
		}
		rest = append(rest, p)
	}
	if len(before.Policies) != len(rest) || got.Path != path || len(rest) > 0 && !reflect.DeepEqual(rest, before.Policies) {
		return nil, refuse(errors.New("its list of policies is written in a way that is not understood"))
	}
	return out, nil
}

// withEntry writes an entry at the beginning of the list of policies, or the list at the
// end.
func withEntry(text []byte, entry string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode || doc.Content[0].Style&yaml.FlowStyle != 0 {
		return nil, errors.New("it is no block of keys")
	}
	lines := strings.SplitAfter(string(text), "\n")
	insert := func(row int, line string) []byte { // before the row, which counts from 1
		return []byte(strings.Join(lines[:row-1], "") + line + strings.Join(lines[row-1:], ""))
	}
	keys := doc.Content[0].Content
	for i := 0; i+1 < len(keys); i += 2 {
		key, list := keys[i], keys[i+1]
		if key.Value != "policies" {
			continue
		}
		switch {
		case list.Kind == yaml.SequenceNode && list.Style&yaml.FlowStyle != 0:
			line := []rune(lines[list.Line-1])
			if list.Column > len(line) || line[list.Column-1] != '[' {
				return nil, errors.New("its list of policies does not begin where it should")
			}
			if len(list.Content) > 0 {
				entry += ", "
			}
			lines[list.Line-1] = string(line[:list.Column]) + entry + string(line[list.Column:])
			return []byte(strings.Join(lines, "")), nil
		case list.Kind == yaml.SequenceNode && list.Line > key.Line:
			return insert(list.Line, strings.Repeat(" ", list.Column-1)+"- "+entry+"\n"), nil
		}
		return nil, errors.New("its policies are no list")
	}
	if n := len(lines); lines[n-1] != "" {
		lines[n-1] += "\n"
	}
	return []byte(strings.Join(lines, "") + "policies:\n  - " + entry + "\n"), nil
}
