package terraform

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// masker replaces sensitive leaves while a plan or a configuration is read.
//
// Marks of the plan (before_sensitive, after_sensitive) come first. Attributes
// that the providers' schemas call sensitive are masked by name as well: plans
// before format 1.0 carry no marks, and the constants of the configuration
// never do. Last, the values of sensitive variables are masked wherever they
// appear, as a constant may repeat them.
type masker struct {
	secrets []string // values of sensitive variables, longest first
}

// minSecret is the shortest variable value that is searched for in other
// values; shorter ones would hit words and numbers by chance.
const minSecret = 6

func newMasker(vars map[string]planVariable) *masker {
	m := &masker{}
	for _, v := range vars {
		if v.sensitive {
			m.learn(v.value)
		}
	}
	sort.Slice(m.secrets, func(i, j int) bool {
		if len(m.secrets[i]) != len(m.secrets[j]) {
			return len(m.secrets[i]) > len(m.secrets[j])
		}
		return m.secrets[i] < m.secrets[j]
	})
	return m
}

func (m *masker) learn(v any) {
	switch v := v.(type) {
	case string:
		// Addresses and account numbers are no secrets, and a rule must not be
		// blinded by a variable that calls "0.0.0.0/0" one.
		if len(v) >= minSecret && strings.Trim(v, "0123456789.:/*") != "" {
			m.secrets = append(m.secrets, v)
		}
	case map[string]any:
		for _, e := range v {
			m.learn(e)
		}
	case []any:
		for _, e := range v {
			m.learn(e)
		}
	}
}

// pathSet collects the paths of masked leaves.
type pathSet map[string][]any

func (s *pathSet) add(p []any) {
	if *s == nil {
		*s = pathSet{}
	}
	(*s)[pathKey(p)] = append([]any(nil), p...)
}

func (s pathSet) sorted() [][]any {
	out := make([][]any, 0, len(s))
	for _, k := range slices.Sorted(maps.Keys(s)) {
		out = append(out, s[k])
	}
	return out
}

// object masks a resource's values in place and returns them.
func (m *masker) object(v map[string]any, marks any, typ string, found *pathSet) map[string]any {
	if v == nil {
		return nil
	}
	if marks == true { // the whole object
		found.add(nil)
		out := map[string]any{}
		for k := range v {
			out[k] = facts.Redacted("sensitive")
		}
		return out
	}
	out, _ := m.walk(v, marks, typ, nil, found).(map[string]any)
	return out
}

// plain masks a value that has no marks of its own.
func (m *masker) plain(v any) any { return m.walk(v, nil, "", nil, nil) }

func (m *masker) walk(v, marks any, typ string, path []any, found *pathSet) any {
	if marks == true && v != nil {
		if found != nil {
			found.add(path)
		}
		return facts.Redacted("sensitive")
	}
	switch v := v.(type) {
	case map[string]any:
		sub := doc.Map(marks)
		for k, e := range v {
			p := append(path, k)
			if s, ok := e.(string); ok && s != "" && sensitiveName(typ, k, len(path) == 0) {
				if found != nil {
					found.add(p)
				}
				v[k] = facts.Redacted("sensitive")
				continue
			}
			v[k] = m.walk(e, sub[k], typ, p, found)
		}
		return v
	case []any:
		sub := doc.List(marks)
		for i, e := range v {
			var mark any
			if i < len(sub) {
				mark = sub[i]
			}
			v[i] = m.walk(e, mark, typ, append(path, i), found)
		}
		return v
	case string:
		if m.holdsSecret(v) {
			if found != nil {
				found.add(path)
			}
			return facts.Redacted("sensitive")
		}
	}
	return v
}

func (m *masker) holdsSecret(s string) bool {
	for _, secret := range m.secrets {
		if strings.Contains(s, secret) {
			return true
		}
	}
	return false
}
