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
	str := []jmespath.JpType{jmespath.JpString}
	num := []jmespath.JpType{jmespath.JpNumber}
	any := []jmespath.JpType{jmespath.JpAny}
	arr := []jmespath.JpType{jmespath.JpArray}
	var out []jmespath.FunctionEntry
	add := func(name string, f func([]interface{}) (interface{}, error), types ...[]jmespath.JpType) {
		e := jmespath.FunctionEntry{Name: name, Handler: func(a []interface{}) (interface{}, error) {
			v, err := f(a)
			if s, ok := v.(string); ok && len(s) > maxResult {
				return nil, errResult
			}
			return v, err
		}}
		for _, t := range types {
			e.Arguments = append(e.Arguments, jmespath.ArgSpec{Types: t})
		}
		out = append(out, e)
	}
	texts1 := func(name string, f func(a string) (interface{}, error)) {
		add(name, func(a []interface{}) (interface{}, error) { return f(a[0].(string)) }, str)
	}
	texts2 := func(name string, f func(a, b string) (interface{}, error)) {
		add(name, func(a []interface{}) (interface{}, error) { return f(a[0].(string), a[1].(string)) }, str, str)
	}
	texts2("compare", func(a, b string) (interface{}, error) { return float64(strings.Compare(a, b)), nil })
	texts2("equal_fold", func(a, b string) (interface{}, error) { return strings.EqualFold(a, b), nil })
	texts2("trim", func(a, b string) (interface{}, error) { return strings.Trim(a, b), nil })
	texts2("trim_prefix", func(a, b string) (interface{}, error) { return strings.TrimPrefix(a, b), nil })
	texts2("split", func(a, b string) (interface{}, error) {
		var l []interface{}
		for _, s := range strings.Split(a, b) {
			l = append(l, s)
		}
		return l, nil
	})
	texts2("regex_match", func(a, b string) (interface{}, error) {
		r, err := expression(a)
		return err == nil && r.MatchString(b), err
	})
	texts2("pattern_match", func(a, b string) (interface{}, error) { return Wildcard(a, b), nil })
	texts2("semver_compare", semverCompare)
	texts1("to_upper", func(a string) (interface{}, error) { return strings.ToUpper(a), nil })
	texts1("to_lower", func(a string) (interface{}, error) { return strings.ToLower(a), nil })
	texts1("to_boolean", func(a string) (interface{}, error) {
		if l := strings.ToLower(a); l == "true" || l == "false" {
			return l == "true", nil
		}
		return nil, errors.New("no boolean")
	})
	texts1("base64_decode", func(a string) (interface{}, error) {
		b, err := base64.StdEncoding.DecodeString(a)
		return string(b), err
	})
	texts1("base64_encode", func(a string) (interface{}, error) { return base64.StdEncoding.EncodeToString([]byte(a)), nil })
	texts1("path_canonicalize", func(a string) (interface{}, error) { return path.Clean(a), nil })
	texts1("sha256", func(a string) (interface{}, error) {
		sum := sha256.Sum256([]byte(a))
		return hex.EncodeToString(sum[:]), nil
	})
	texts1("parse_json", func(a string) (interface{}, error) {
		var v interface{}
		return v, json.Unmarshal([]byte(a), &v)
	})
	texts1("parse_yaml", parseYAML)
	replace := func(a []interface{}) (interface{}, error) {
		n := -1
		if len(a) > 3 {
			n = int(a[3].(float64))
		}
		return bounded(a[0].(string), a[1].(string), a[2].(string), n)
	}
	add("replace", replace, str, str, str, num)
	add("replace_all", replace, str, str, str)
	for _, name := range []string{"regex_replace_all", "regex_replace_all_literal"} {
		add(name, func(a []interface{}) (interface{}, error) {
			return replaceMatches(a[0].(string), a[1].(string), a[2].(string), name == "regex_replace_all_literal")
		}, str, str, str)
	}
	add("truncate", func(a []interface{}) (interface{}, error) {
		s, n := a[0].(string), int(math.Max(0, a[1].(float64)))
		return s[:min(len(s), n)], nil
	}, str, num)
	add("round", func(a []interface{}) (interface{}, error) {
		p := math.Pow(10, math.Trunc(a[1].(float64)))
		return math.Round(a[0].(float64)*p) / p, nil
	}, num, num)
	for name, f := range map[string]func(a, b float64) float64{
		"add": func(a, b float64) float64 { return a + b }, "subtract": func(a, b float64) float64 { return a - b },
		"multiply": func(a, b float64) float64 { return a * b }, "divide": func(a, b float64) float64 { return a / b }, "modulo": math.Mod,
	} {
		add(name, func(a []interface{}) (interface{}, error) {
			v := f(a[0].(float64), a[1].(float64))
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errors.New("no number")
			}
			return v, nil
		}, num, num)
	}
	add("label_match", func(a []interface{}) (interface{}, error) {
		want, okA := a[0].(map[string]interface{})
		have, okB := a[1].(map[string]interface{})
		if !okA || !okB {
			return nil, errors.New("no labels")
		}
		for k, v := range want {
			if h, ok := have[k]; !ok || h != v {
				return false, nil
			}
		}
		return true, nil
	}, any, any)
	add("lookup", func(a []interface{}) (interface{}, error) {
		switch of := a[0].(type) {
		case map[string]interface{}:
			return of[doc.Text(a, 1)], nil
		case []interface{}:
			if i, ok := a[1].(float64); ok && i == math.Trunc(i) && i >= 0 && int(i) < len(of) {
				return of[int(i)], nil
			}
		}
		return nil, nil
	}, any, any)
	add("items", items, any, str, str)
	add("object_from_lists", func(a []interface{}) (interface{}, error) {
		m, values := map[string]interface{}{}, doc.List(a, 1)
		for i, k := range doc.List(a, 0) {
			s, ok := k.(string)
			if !ok {
				return nil, errors.New("a key is no text")
			}
			m[s] = nil
			if i < len(values) {
				m[s] = values[i]
			}
		}
		return m, nil
	}, arr, arr)
	add("join", func(a []interface{}) (interface{}, error) {
		size, words := 0, make([]string, 0, len(doc.List(a, 1)))
		for _, e := range doc.List(a, 1) {
			s, ok := e.(string)
			if size += len(s) + len(a[0].(string)); !ok || size > maxResult {
				return nil, errResult
			}
			words = append(words, s)
		}
		return strings.Join(words, a[0].(string)), nil
	}, str, arr)
	// The library's own have no order.
	obj := []jmespath.JpType{jmespath.JpObject}
	add("keys", func(a []interface{}) (interface{}, error) { return keysOf(doc.Map(a, 0)), nil }, obj)
	add("values", func(a []interface{}) (interface{}, error) { return valuesOf(doc.Map(a, 0)), nil }, obj)
	add(projected, func(a []interface{}) (interface{}, error) {
		if m, ok := a[0].(map[string]interface{}); ok {
			return valuesOf(m), nil
		}
		return nil, nil
	}, any)
	return out
}

func expression(s string) (*regexp.Regexp, error) {
	if len(s) > 1000 {
		return nil, errResult
	}
	return regexp.Compile(s)
}

func bounded(s, old, with string, n int) (interface{}, error) {
	if len(s)+(strings.Count(s, old)+1)*len(with) > maxResult {
		return nil, errResult
	}
	return strings.Replace(s, old, with, n), nil
}

func replaceMatches(pattern, s, with string, verbatim bool) (interface{}, error) {
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
func semverCompare(v, in string) (interface{}, error) {
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

func parseYAML(s string) (interface{}, error) {
	if len(s) > maxResult/4 || strings.ContainsAny(s, "&*") { // no aliases that grow
		return nil, errResult
	}
	var v interface{}
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

func items(a []interface{}) (interface{}, error) {
	key, value := a[1].(string), a[2].(string)
	out := []interface{}{}
	switch of := a[0].(type) {
	case map[string]interface{}:
		for _, k := range slices.Sorted(maps.Keys(of)) {
			out = append(out, map[string]interface{}{key: k, value: of[k]})
		}
	case []interface{}:
		for i, e := range of {
			out = append(out, map[string]interface{}{key: strconv.Itoa(i), value: e})
		}
	default:
		return nil, errors.New("no object")
	}
	return out, nil
}
