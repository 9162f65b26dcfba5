package secrets

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// Repeated hides detected values that are rare wherever they are repeated: in what
// rules say, and in the data of ConfigMaps, in arguments, variables, annotations,
// labels and values. All others may be a common word, a name or an address, and are
// hidden only where they were detected.
type Repeated struct{ redactor *Redactor }

// Repeated returns what hides the rare ones of the values.
func (f *Found) Repeated() *Repeated { return &Repeated{f.redactor(rare)} }

// Words returns what a rule says without the values.
func (r *Repeated) Words(text string) string {
	if r == nil {
		return (*Redactor)(nil).Redact(text)
	}
	return r.redactor.Redact(text)
}

// repeatPlaces are the keys below which text may be anything.
var repeatPlaces = set("data", "binaryData", "stringData", "annotations", "args", "command", "value", "values", "valuesObject", "env",
	"variables", "environment", "user_data", "user_data_base64", "content", "container_definitions")

// selecting are the keys below which text must stay text: what selects is compared
// with what is selected.
var selecting = set("labels", "matchLabels", "selector", "podSelector", "nodeSelector", "matchExpressions", "commonLabels", "tags")

// keyRefs name an entry of a Secret or ConfigMap by its key.
var keyRefs = set("secretKeyRef", "configMapKeyRef")

// Hide returns v without the values; only what changes is copied. What is named by one
// of them keeps its name.
func (r *Repeated) Hide(v map[string]any) map[string]any {
	if r == nil {
		return v
	}
	out, _ := r.hide(v, place{})
	m, _ := out.(map[string]any)
	return m
}

// place is what is known of where something stands.
type place struct{ free, selecting, ref bool }

func (p place) below(k string) place {
	return place{
		free:      p.free || repeatPlaces[k],
		selecting: selecting[k] || p.ref && k == "key" || p.selecting && !repeatPlaces[k],
		ref:       keyRefs[k],
	}
}

func (r *Repeated) hide(v any, at place) (out any, changed bool) {
	switch v := v.(type) {
	case map[string]any:
		return r.hideEntries(v, at)
	case []any:
		for i, e := range v {
			if is, other := r.hide(e, at); other {
				if !changed {
					out, changed = slices.Clone(v), true
				}
				out.([]any)[i] = is
			}
		}
	case string:
		if !r.holds(v) {
			break
		}
		switch {
		case at.selecting:
			return r.redactor.replacer.Replace(v), true
		case at.free:
			return facts.Redacted("secret"), true
		}
	}
	if !changed {
		return v, false
	}
	return out, true
}

func (r *Repeated) hideEntries(m map[string]any, at place) (_ map[string]any, changed bool) {
	out := m
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if is, other := r.hide(m[k], at.below(k)); other {
			if !changed {
				out, changed = maps.Clone(m), true
			}
			out[k] = is
		}
	}
	if at.free || at.selecting {
		if other := withHiddenKeys(out, r.holds); other != nil {
			out, changed = other, true
		}
	}
	return out, changed
}

// holds says whether a text holds one of the values.
func (r *Repeated) holds(text string) bool {
	return len(text) >= minTold && r.redactor.replacer.Replace(text) != text
}

// withHiddenKeys is a mapping with other names for the keys that are secrets; nil if
// none is.
func withHiddenKeys(m map[string]any, hidden func(string) bool) map[string]any {
	names := hiddenKeys(m, hidden)
	if names == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		if name, ok := names[k]; ok {
			k = name
		}
		out[k] = v
	}
	return out
}

// hiddenKeys are the names that stand for keys: "[redacted]", and "[redacted 2]" and
// so on beside it, in the order of the keys.
func hiddenKeys(m map[string]any, hidden func(string) bool) map[string]string {
	var out map[string]string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !hidden(k) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		name := redactedText
		if len(out) > 0 {
			name = fmt.Sprintf("%s %d]", strings.TrimSuffix(redactedText, "]"), len(out)+1)
		}
		out[k] = name
	}
	return out
}

// Path is a path of a document without the keys that are secrets.
func (r *Repeated) Path(p source.Path) source.Path {
	out := p
	for i, e := range p {
		if k, ok := e.(string); ok && (secretKey(k) || r != nil && r.holds(k)) {
			if &out[0] == &p[0] {
				out = slices.Clone(p)
			}
			out[i] = redactedText
		}
	}
	return out
}
