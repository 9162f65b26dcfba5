package deploy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gate/internal/doc"
	"gate/internal/selector"
	"gate/internal/source"

	"k8s.io/apimachinery/pkg/labels"
)

// generators makes the parameters of an ApplicationSet.
type generators struct {
	planner    *planner
	goTemplate bool
	missingKey string
}

// one runs one generator and keeps what its selector selects.
func (g generators) one(gen map[string]any) ([]map[string]any, error) {
	sets, err := g.run(gen)
	if err != nil || gen["selector"] == nil {
		return sets, err
	}
	selects, err := selector.Parse(gen["selector"])
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sets, func(set map[string]any) bool {
		flat := labels.Set{}
		flatten(set, "", flat)
		return !selects.Matches(flat)
	}), nil
}

// flatten names the scalars of parameters by their paths.
func flatten(v any, at string, into map[string]string) {
	below := func(k string) string { return strings.TrimPrefix(at+"."+k, ".") }
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			flatten(e, below(k), into)
		}
	case []any:
		for i, e := range v {
			flatten(e, below(strconv.Itoa(i)), into)
		}
	default:
		into[at] = asText(orNil(v))
	}
}

func (g generators) run(gen map[string]any) ([]map[string]any, error) {
	for _, kind := range slices.Sorted(maps.Keys(gen)) {
		body := doc.Map(gen[kind])
		if kind == "selector" {
			continue
		}
		switch kind {
		case "list":
			return g.elements(body)
		case "git":
			return g.git(body)
		case "clusters":
			return g.clusters(body)
		case "matrix":
			return g.matrix(doc.List(body, "generators"))
		case "merge":
			return g.merge(doc.List(body, "generators"), doc.List(body, "mergeKeys"))
		default:
			return nil, fmt.Errorf("generator %q is not run: it needs a cluster, a forge or a plugin", kind)
		}
	}
	return nil, errors.New("a generator without a kind")
}

func (g generators) elements(body map[string]any) ([]map[string]any, error) {
	if body["elementsYaml"] != nil {
		return nil, errors.New("elementsYaml is not run")
	}
	var out []map[string]any
	for _, e := range doc.List(body, "elements") {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("an element of a list generator is no mapping")
		}
		out = append(out, m)
	}
	return out, nil
}

// matrix combines two generators; the second may use the parameters of the
// first.
func (g generators) matrix(gens []any) ([]map[string]any, error) {
	if len(gens) != 2 {
		return nil, fmt.Errorf("a matrix of %d generators, expected 2", len(gens))
	}
	first, err := g.one(doc.Map(gens[0]))
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, a := range first {
		inner, err := g.expand(gens[1], a)
		if err != nil {
			return nil, err
		}
		second, err := g.one(doc.Map(inner))
		if err != nil {
			return nil, err
		}
		for _, b := range second {
			if out = append(out, doc.Merge(a, b)); len(out) > maxApplications {
				return nil, fmt.Errorf("more than %d Applications are made", maxApplications)
			}
		}
	}
	return out, nil
}

// merge lays the sets of later generators over those of the first that have
// the same keys; no two sets of a generator may have the same.
func (g generators) merge(gens, keys []any) ([]map[string]any, error) {
	if len(gens) < 2 || len(keys) == 0 {
		return nil, errors.New("a merge generator needs two generators and mergeKeys")
	}
	var out []map[string]any
	index := map[string]int{} // key -> set of the first generator
	for n, gen := range gens {
		sets, err := g.one(doc.Map(gen))
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for i, set := range sets {
			key := mergeKey(set, keys)
			if seen[key] {
				return nil, errors.New("two sets of parameters have the same values of mergeKeys")
			}
			seen[key] = true
			if n == 0 {
				out, index[key] = append(out, set), i
			} else if i, ok := index[key]; ok {
				out[i] = doc.Merge(out[i], set)
			}
		}
	}
	return out, nil
}

func mergeKey(set map[string]any, keys []any) string {
	var b strings.Builder
	for _, k := range keys {
		v, ok := set[asText(k)]
		if !ok {
			v, _ = doc.Lookup(set, dotted(asText(k))...)
		}
		fmt.Fprintf(&b, "%q ", asText(orNil(v)))
	}
	return b.String()
}

func dotted(s string) source.Path {
	var p source.Path
	for _, e := range strings.Split(s, ".") {
		p = append(p, e)
	}
	return p
}
