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
// rules say, and, with passphrases, in the data of ConfigMaps, in arguments, variables,
// annotations, labels and values. All others may be a common word, a name or an address, and are
// hidden only where they were detected.
type Repeated struct {
	redactor *Redactor // of structures; nil: there are none
	rare     *Redactor // of what rules say, where names stand as well: passphrases stay
}

// Repeated returns what hides the rare ones of the values.
func (f *Found) Repeated() *Repeated {
	forms := f.forms(func(v string) bool { return rare(v) || phrase(v) })
	if len(forms) == 0 {
		return &Repeated{}
	}
	return &Repeated{redactor: redactorOf(forms), rare: redactorOf(f.forms(rare))}
}

// Words returns what a rule says without the values.
func (r *Repeated) Words(text string) string {
	return r.rare.Redact(text)
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
	if r.redactor == nil {
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
		switch {
		case !at.selecting && !at.free || !r.holds(v):
		case at.selecting:
			return r.redactor.replacer.Replace(v), true
		default:
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
	for k, v := range m {
		if is, other := r.hide(v, at.below(k)); other {
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
	return r != nil && r.redactor != nil && len(text) >= minTold && r.redactor.replacer.Replace(text) != text
}

// Value is Hide for a value of a place where text may be anything.
func (r *Repeated) Value(v any) any {
	if r.redactor == nil {
		return v
	}
	out, _ := r.hide(v, place{free: true})
	return out
}

// Labels are labels without the values.
func (r *Repeated) Labels(labels map[string]string) map[string]string {
	held := false
	for k, v := range labels {
		held = held || r.holds(k) || r.holds(v)
	}
	if !held {
		return labels
	}
	out := make(map[string]string, len(labels))
	for k, v := range labels {
		out[r.redactor.replacer.Replace(k)] = r.redactor.replacer.Replace(v)
	}
	return out
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
	hidden := func(e any) bool {
		k, ok := e.(string)
		return ok && (secretKey(k) || r.holds(k))
	}
	if !slices.ContainsFunc(p, hidden) {
		return p
	}
	out := slices.Clone(p)
	for i, e := range p {
		if hidden(e) {
			out[i] = redactedText
		}
	}
	return out
}
