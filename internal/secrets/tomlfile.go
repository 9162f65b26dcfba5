package secrets

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"gate/internal/source"
)

// tomlSettings returns the literals of TOML under names that say secret (the same
// that Settings finds in YAML). ok is false for text that cannot be parsed.
func tomlSettings(text []byte) (out []literalSetting, ok bool) {
	if _, err := source.TooDeep(text); err != nil {
		return nil, false
	}
	var document map[string]any
	if _, err := toml.Decode(string(text), &document); err != nil {
		return nil, false
	}
	used := map[int]bool{}
	for _, t := range Settings(document) {
		name := ""
		for _, p := range t.Path {
			if key, isKey := p.(string); isKey {
				name = key
			}
		}
		start := placeOf(text, name, t.value, used)
		if start < 0 {
			continue // written in another way, with escapes: the patterns read it
		}
		used[start] = true
		class := classify(name)
		if class == plainName {
			class = secretName // the walker knows more: a URL, a pair
		}
		out = append(out, literalSetting{name: name, value: t.value, class: class, start: start, end: start + len(t.value)})
	}
	slices.SortFunc(out, func(a, b literalSetting) int { return cmp.Compare(a.start, b.start) })
	return out, true
}

// placeOf returns where a value stands in the line that has its name, else where it
// stands at all; -1 if nowhere. The decoder of TOML has no positions of values.
func placeOf(text []byte, name, value string, used map[int]bool) int {
	first := -1
	for from := 0; value != ""; {
		i := bytes.Index(text[from:], []byte(value))
		if i < 0 {
			break
		}
		at := from + i
		from = at + len(value)
		if used[at] {
			continue
		}
		line := text[bytes.LastIndexByte(text[:at], '\n')+1 : at]
		if strings.Contains(string(line), name) {
			return at
		}
		if first < 0 {
			first = at
		}
	}
	return first
}
