package kyverno

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"

	"github.com/jmespath-community/go-jmespath"
	yaml "go.yaml.in/yaml/v3"
)

// functions are those that Kyverno adds to JMESPath and that depend on their
// arguments alone (https://kyverno.io/docs/policy-types/cluster-policy/jmespath/).
// Functions of the library whose result can be of any size or order are
// replaced.
func functions() []jmespath.FunctionEntry {
	return slices.Concat(textFunctions(), replaceFunctions(), numberFunctions(), collectionFunctions())
}

// handler is a function on arguments of the types that its entry asks for.
type handler = func([]any) (any, error)

// entry is a function whose result is bounded; the arguments are of one type
// each.
func entry(name string, f handler, types ...jmespath.JpType) jmespath.FunctionEntry {
	e := jmespath.FunctionEntry{Name: name, Handler: func(a []any) (any, error) {
		v, err := f(a)
		if s, ok := v.(string); ok && len(s) > maxResult {
			return nil, errResult
		}
		return v, err
	}}
	for _, t := range types {
		e.Arguments = append(e.Arguments, jmespath.ArgSpec{Types: []jmespath.JpType{t}})
	}
	return e
}

func textFunctions() []jmespath.FunctionEntry {
	one := func(name string, f func(a string) (any, error)) jmespath.FunctionEntry {
		return entry(name, func(a []any) (any, error) { return f(a[0].(string)) }, jmespath.JpString)
	}
	two := func(name string, f func(a, b string) (any, error)) jmespath.FunctionEntry {
		return entry(name, func(a []any) (any, error) { return f(a[0].(string), a[1].(string)) }, jmespath.JpString, jmespath.JpString)
	}
	return []jmespath.FunctionEntry{
		two("compare", func(a, b string) (any, error) { return float64(strings.Compare(a, b)), nil }),
		two("equal_fold", func(a, b string) (any, error) { return strings.EqualFold(a, b), nil }),
		two("trim", func(a, b string) (any, error) { return strings.Trim(a, b), nil }),
		two("trim_prefix", func(a, b string) (any, error) { return strings.TrimPrefix(a, b), nil }),
		two("split", func(a, b string) (any, error) {
			var l []any
			for _, s := range strings.Split(a, b) {
				l = append(l, s)
			}
			return l, nil
		}),
		two("regex_match", func(a, b string) (any, error) {
			r, err := expression(a)
			return err == nil && r.MatchString(b), err
		}),
		two("pattern_match", func(a, b string) (any, error) { return Wildcard(a, b), nil }),
		two("semver_compare", semverCompare),
		one("to_upper", func(a string) (any, error) { return strings.ToUpper(a), nil }),
		one("to_lower", func(a string) (any, error) { return strings.ToLower(a), nil }),
		one("to_boolean", func(a string) (any, error) {
			if l := strings.ToLower(a); l == "true" || l == "false" {
				return l == "true", nil
			}
			return nil, errors.New("no boolean")
		}),
		one("base64_decode", func(a string) (any, error) {
			b, err := base64.StdEncoding.DecodeString(a)
			return string(b), err
		}),
		one("base64_encode", func(a string) (any, error) { return base64.StdEncoding.EncodeToString([]byte(a)), nil }),
		one("path_canonicalize", func(a string) (any, error) { return path.Clean(a), nil }),
		one("sha256", func(a string) (any, error) {
			sum := sha256.Sum256([]byte(a))
			return hex.EncodeToString(sum[:]), nil
		}),
		one("parse_json", func(a string) (any, error) {
			var v any
			return v, json.Unmarshal([]byte(a), &v)
		}),
		one("parse_yaml", parseYAML),
		entry("truncate", func(a []any) (any, error) {
			s, n := a[0].(string), int(math.Max(0, a[1].(float64)))
			return s[:min(len(s), n)], nil
		}, jmespath.JpString, jmespath.JpNumber),
		entry("join", joined, jmespath.JpString, jmespath.JpArray),
	}
}

func replaceFunctions() []jmespath.FunctionEntry {
	matches := func(verbatim bool) handler {
		return func(a []any) (any, error) {
			return replaceMatches(a[0].(string), a[1].(string), a[2].(string), verbatim)
		}
	}
	const text = jmespath.JpString
	return []jmespath.FunctionEntry{
		entry("replace", func(a []any) (any, error) {
			return bounded(a[0].(string), a[1].(string), a[2].(string), int(a[3].(float64)))
		}, text, text, text, jmespath.JpNumber),
		entry("replace_all", func(a []any) (any, error) { return bounded(a[0].(string), a[1].(string), a[2].(string), -1) }, text, text, text),
		entry("regex_replace_all", matches(false), text, text, text),
		entry("regex_replace_all_literal", matches(true), text, text, text),
	}
}

func numberFunctions() []jmespath.FunctionEntry {
	two := func(name string, f func(a, b float64) float64) jmespath.FunctionEntry {
		return entry(name, func(a []any) (any, error) {
			v := f(a[0].(float64), a[1].(float64))
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errors.New("no number")
			}
			return v, nil
		}, jmespath.JpNumber, jmespath.JpNumber)
	}
	return []jmespath.FunctionEntry{
		two("add", func(a, b float64) float64 { return a + b }),
		two("subtract", func(a, b float64) float64 { return a - b }),
		two("multiply", func(a, b float64) float64 { return a * b }),
		two("divide", func(a, b float64) float64 { return a / b }),
		two("modulo", math.Mod),
		entry("round", func(a []any) (any, error) {
			p := math.Pow(10, math.Trunc(a[1].(float64)))
			return math.Round(a[0].(float64)*p) / p, nil
		}, jmespath.JpNumber, jmespath.JpNumber),
	}
}

func collectionFunctions() []jmespath.FunctionEntry {
	return []jmespath.FunctionEntry{
		entry("label_match", labelMatch, jmespath.JpAny, jmespath.JpAny),
		entry("lookup", func(a []any) (any, error) {
			switch of := a[0].(type) {
			case map[string]any:
				return of[doc.Text(a, 1)], nil
			case []any:
				if i, ok := a[1].(float64); ok && i == math.Trunc(i) && i >= 0 && int(i) < len(of) {
					return of[int(i)], nil
				}
			}
			return nil, nil
		}, jmespath.JpAny, jmespath.JpAny),
		entry("items", items, jmespath.JpAny, jmespath.JpString, jmespath.JpString),
		entry("object_from_lists", objectFromLists, jmespath.JpArray, jmespath.JpArray),
		// The library's own have no order.
		entry("keys", func(a []any) (any, error) { return keysOf(doc.Map(a, 0)), nil }, jmespath.JpObject),
		entry("values", func(a []any) (any, error) { return valuesOf(doc.Map(a, 0)), nil }, jmespath.JpObject),
		entry(projected, func(a []any) (any, error) {
			if m, ok := a[0].(map[string]any); ok {
				return valuesOf(m), nil
			}
			return nil, nil
		}, jmespath.JpAny),
	}
}

func joined(a []any) (any, error) {
	between, list := a[0].(string), doc.List(a, 1)
	size, words := 0, make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if size += len(s) + len(between); !ok || size > maxResult {
			return nil, errResult
		}
		words = append(words, s)
	}
	return strings.Join(words, between), nil
}

func labelMatch(a []any) (any, error) {
	want, okA := a[0].(map[string]any)
	have, okB := a[1].(map[string]any)
	if !okA || !okB {
		return nil, errors.New("no labels")
	}
	for k, v := range want {
		if h, ok := have[k]; !ok || h != v {
			return false, nil
		}
	}
	return true, nil
}

func objectFromLists(a []any) (any, error) {
	m, values := map[string]any{}, doc.List(a, 1)
	for i, k := range doc.List(a, 0) {
		s, ok := k.(string)
		if !ok {
			return nil, errors.New("a key is no text")
		}
		m[s] = doc.At(values, i)
	}
	return m, nil
}

func expression(s string) (*regexp.Regexp, error) {
	if len(s) > 1000 {
		return nil, errResult
	}
	return regexp.Compile(s)
}

func bounded(s, old, with string, n int) (any, error) {
	if len(s)+(strings.Count(s, old)+1)*len(with) > maxResult {
		return nil, errResult
	}
	return strings.Replace(s, old, with, n), nil
}

func replaceMatches(pattern, s, with string, verbatim bool) (any, error) {
	r, err := expression(pattern)
	if err != nil {
		return nil, err
	}
	if (len(s)+1)*(len(with)+1) > maxResult || !verbatim && strings.Count(with, "$")*(len(s)+1)*(len(s)+1) > maxResult {
		return nil, errResult
	}
	if verbatim {
		return r.ReplaceAllLiteralString(s, with), nil
	}
	return r.ReplaceAllString(s, with), nil
}

// semverCompare says whether a version is within a range of one comparison.
func semverCompare(v, in string) (any, error) {
	for _, op := range []string{">=", "<=", "!=", "==", ">", "<", "=", "!"} {
		rest, ok := strings.CutPrefix(strings.TrimSpace(in), op)
		if !ok {
			continue
		}
		r, ok := orderVersions(v, strings.TrimSpace(rest))
		if !ok {
			break
		}
		switch op {
		case "!=":
			op = "!"
		case "==", "=":
			op = ""
		}
		return ordered(r, op), nil
	}
	return nil, errRange
}

func parseYAML(s string) (any, error) {
	if len(s) > maxResult/4 || strings.ContainsAny(s, "&*") { // no aliases that grow
		return nil, errResult
	}
	var v any
	if err := yaml.Unmarshal([]byte(s), &v); err != nil {
		return nil, err
	}
	return normal(v), nil
}

func valuesOf(m map[string]any) []any {
	out := []any{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func items(a []any) (any, error) {
	key, value := a[1].(string), a[2].(string)
	out := []any{}
	switch of := a[0].(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(of)) {
			out = append(out, map[string]any{key: k, value: of[k]})
		}
	case []any:
		for i, e := range of {
			out = append(out, map[string]any{key: strconv.Itoa(i), value: e})
		}
	default:
		return nil, errors.New("no object")
	}
	return out, nil
}
