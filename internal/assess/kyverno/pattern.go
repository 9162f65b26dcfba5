package kyverno

import (
	"maps"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// matched is what a pattern says about a value: Pass, Fail with places, Skip
// by a conditional or global anchor, Unknown with a reason.
type matched struct {
	outcome Outcome
	places  []source.Path
	why     string
}

var passed, skipped = matched{outcome: Pass}, matched{outcome: Skip}

func failedAt(at source.Path) matched { return matched{outcome: Fail, places: []source.Path{at}} }

func unknownBecause(why string) matched { return matched{outcome: Unknown, why: why} }

// both puts two parts of one object together: an anchor that takes the object
// out decides, then what is not known, then what fails.
func (m matched) both(o matched) matched {
	switch {
	case m.outcome == Skip || o.outcome == Skip:
		return skipped
	case m.outcome == Unknown:
		return m
	case o.outcome == Unknown:
		return o
	case m.outcome == Pass:
		return o
	}
	return matched{outcome: m.outcome, places: append(m.places, o.places...)}
}

const maxDepth = 64 // of a pattern

// match lays a pattern over a value
// (https://kyverno.io/docs/policy-types/cluster-policy/validate/#patterns).
// at is the value's path in the object; where a value is absent, the place of a
// fault is what is there of it.
func match(v, pattern any, at source.Path, depth int) matched {
	if depth > maxDepth {
		return unknownBecause("the pattern is too deep")
	}
	switch p := pattern.(type) {
	case map[string]any:
		m, ok := v.(map[string]any)
		if !ok {
			return failedAt(at)
		}
		return matchObject(m, p, at, depth)
	case []any:
		l, ok := v.([]any)
		if !ok {
			return failedAt(at)
		}
		return matchList(l, p, at, depth)
	}
	if l, ok := v.([]any); ok { // every element
		out := passed
		for i, e := range l {
			out = out.both(match(e, pattern, join(at, i), depth+1))
		}
		return out
	}
	switch t := scalar(v, pattern); t.value {
	case yes:
		return passed
	case unsure:
		return unknownBecause(t.why)
	}
	return failedAt(at)
}

// anchor reads a key: kind is one of "", "(", "=", "^", "X", "<", "+".
func anchor(key string) (kind, name string) {
	if !strings.HasSuffix(key, ")") {
		return "", key
	}
	if name, ok := strings.CutPrefix(key, "("); ok {
		return "(", strings.TrimSuffix(name, ")")
	}
	if len(key) > 2 && key[1] == '(' && strings.Contains("=^X<+", key[:1]) {
		return key[:1], strings.TrimSuffix(key[2:], ")")
	}
	return "", key
}

func matchObject(v, pattern map[string]any, at source.Path, depth int) matched {
	pattern = expanded(v, pattern)
	out := passed
	for _, key := range slices.Sorted(maps.Keys(pattern)) {
		out = out.both(matchField(v, key, pattern[key], at, depth))
	}
	return out
}

func matchField(v map[string]any, key string, p any, at source.Path, depth int) matched {
	kind, name := anchor(key)
	have, present := v[name]
	place := at
	if present {
		place = join(at, name)
	}
	within := func() matched { return match(have, p, place, depth+1) }
	switch kind {
	case "(", "<": // a condition on what stands beside it, or on the whole rule
		if !present {
			if kind == "<" {
				return passed
			}
			return skipped
		}
		if m := within(); m.outcome != Fail {
			return m
		}
		return skipped
	case "=":
		if !present {
			return passed
		}
		return within()
	case "X":
		if present {
			return failedAt(place)
		}
		return passed
	case "^":
		if !present {
			return passed
		}
		return matchSome(have, p, place, depth)
	case "+":
		return unknownBecause("the anchor +() is for mutate rules")
	}
	if p == any("*") {
		if have == nil {
			return failedAt(place)
		}
		return passed
	}
	return within()
}

// matchSome is the existence anchor: each pattern of the list is met by at
// least one element.
func matchSome(v, pattern any, at source.Path, depth int) matched {
	l, ok := v.([]any)
	patterns, okP := pattern.([]any)
	if !ok || !okP {
		return failedAt(at)
	}
	out := passed
	for _, p := range patterns {
		found := failedAt(at)
		for i, e := range l {
			m := match(e, p, join(at, i), depth+1)
			if m.outcome == Pass {
				found = m
				break
			}
			if m.outcome == Unknown {
				found = m
			}
		}
		out = out.both(found)
	}
	return out
}

// matchList lays the first element of a pattern over every element of a list.
// Elements that an anchor takes out do not count; if it takes out all, the
// list is taken out.
func matchList(v, pattern []any, at source.Path, depth int) matched {
	if len(pattern) == 0 {
		return failedAt(at)
	}
	if _, nested := pattern[0].([]any); nested {
		return unknownBecause("lists within lists of a pattern are not evaluated")
	}
	out, judged, left := passed, 0, 0
	for i, e := range v {
		switch m := match(e, pattern[0], join(at, i), depth+1); m.outcome {
		case Skip:
			left++
		default:
			judged++
			out = out.both(m)
		}
	}
	if judged == 0 && left > 0 {
		return skipped
	}
	return out
}

// expanded replaces keys with wildcards in the labels and annotations of a
// pattern by the key that is there.
func expanded(v, pattern map[string]any) map[string]any {
	var out map[string]any
	for _, key := range slices.Sorted(maps.Keys(pattern)) {
		_, name := anchor(key)
		if name != "labels" && name != "annotations" {
			continue
		}
		inner, ok := pattern[key].(map[string]any)
		if !ok || !uses(keysOf(inner), "*") && !uses(keysOf(inner), "?") {
			continue
		}
		if out == nil {
			out = map[string]any{}
			for k, p := range pattern {
				out[k] = p
			}
		}
		out[key] = expandedKeys(doc.Map(v, name), inner)
	}
	if out == nil {
		return pattern
	}
	return out
}

func keysOf(m map[string]any) []any {
	var out []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k)
	}
	return out
}

func expandedKeys(have, pattern map[string]any) map[string]any {
	out := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(pattern)) {
		kind, name := anchor(key)
		to := key
		if strings.ContainsAny(name, "*?") {
			for _, k := range slices.Sorted(maps.Keys(have)) {
				if !Wildcard(name, k) {
					continue
				}
				switch kind {
				case "":
					to = k
				case "(":
					to = "(" + k + ")"
				default:
					to = kind + "(" + k + ")"
				}
				break
			}
		}
		out[to] = pattern[key]
	}
	return out
}
