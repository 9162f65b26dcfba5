package render

import (
	"bytes"
	"fmt"
	"path"

	"gate/internal/doc"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chartutil"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
)

// values composes the values of an inflated chart as kustomize does: the
// values file and the inline values become one file (valuesMerge says who
// wins, `override` being the inline values), the additional files follow.
func (c inflation) values(in *input, chart string) ([]InlineValues, error) {
	first, err := c.firstValues(in, chart)
	if err != nil {
		return nil, err
	}
	var out []InlineValues
	if first != nil {
		out = append(out, *first)
	}
	for i, name := range c.AdditionalValuesFiles {
		file, ok := source.Join(c.dir, name)
		if !ok || path.IsAbs(name) || Remote(name) {
			return nil, c.fault("additionalValuesFiles", fmt.Sprintf("values file %q is not in the repository", name), "")
		}
		_, vals, loc, err := valuesOf(in, file, false)
		if err != nil {
			return nil, fmt.Errorf("additional values file %d: %w", i, err)
		}
		out = append(out, InlineValues{Values: vals, Loc: loc})
	}
	return out, nil
}

func (c inflation) firstValues(in *input, chart string) (*InlineValues, error) {
	switch c.ValuesMerge {
	case "", "override", "merge", "replace":
	default:
		return nil, c.fault("valuesMerge", fmt.Sprintf("valuesMerge %q is none of override, merge, replace", c.ValuesMerge), "")
	}
	file := path.Join(chart, "values.yaml")
	if c.ValuesFile != "" {
		var ok bool
		if file, ok = source.Join(c.dir, c.ValuesFile); !ok || path.IsAbs(c.ValuesFile) || Remote(c.ValuesFile) {
			return nil, c.fault("valuesFile", fmt.Sprintf("values file %q is not in the repository", c.ValuesFile), "")
		}
	}
	if len(c.ValuesInline) == 0 {
		if c.ValuesFile == "" {
			return nil, nil
		}
		_, vals, loc, err := valuesOf(in, file, false)
		if err != nil {
			return nil, err
		}
		return &InlineValues{Values: vals, Loc: loc}, nil
	}
	inline, err := kyaml.FromMap(c.ValuesInline)
	if err != nil {
		return nil, c.fault(c.inline, "values: "+err.Error(), "")
	}
	here := source.LocatorFunc(func(p source.Path) source.Location {
		return source.Location{Position: c.place(append([]any{c.inline}, p...)...)}
	})
	if c.ValuesMerge == "replace" || c.ValuesFile == "" && !in.exists(file) {
		vals, err := nodeValues(inline)
		return &InlineValues{Values: vals, Loc: here}, err
	}
	text, fileValues, there, err := valuesOf(in, file, true)
	if err != nil {
		return nil, err
	}
	base, err := kyaml.Parse(string(text))
	if err != nil {
		return nil, fault1(file, "values: "+err.Error(), "")
	}
	winner, winnerLoc, otherLoc := any(c.ValuesInline), source.Locator(here), there
	over, under := inline, base
	if c.ValuesMerge == "merge" {
		winner, winnerLoc, otherLoc = fileValues, there, here
		over, under = base, inline
	}
	merged, err := merge2.Merge(over, under, kyaml.MergeOptions{})
	if err != nil {
		return nil, c.fault(c.inline, "values cannot be merged: "+err.Error(), "")
	}
	vals, err := nodeValues(merged)
	if err != nil {
		return nil, err
	}
	return &InlineValues{Values: vals, Loc: source.LocatorFunc(func(p source.Path) source.Location {
		if _, ok := doc.Lookup(winner, p...); ok {
			return winnerLoc.Locate(p)
		}
		return otherLoc.Locate(p)
	})}, nil
}

// nodeValues reads values as helm would read them from the file that
// kustomize writes.
func nodeValues(n *kyaml.RNode) (map[string]any, error) {
	text, err := n.String()
	if err != nil {
		return nil, err
	}
	return chartutil.ReadValues([]byte(text))
}

// valuesOf reads one value file with the places of its values. Cycles and bombs
// are refused, and duplicate keys where kustomize merges the file and does not
// only hand it to helm; Helm's own reading decides what the scalars are.
func valuesOf(in *input, name string, merged bool) (text []byte, vals map[string]any, loc source.Locator, err error) {
	if text, err = in.read(name); err != nil {
		return nil, nil, nil, err
	}
	parse := source.ParseValues
	if merged {
		parse = source.ParseYAML
	}
	docs, err := boundedBy(parse, name, text)
	in.repeated(docs)
	if err != nil {
		return nil, nil, nil, err
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if vals, err = chartutil.ReadValues(text); err != nil {
		return nil, nil, nil, fault1(name, "value file: "+err.Error(), "")
	}
	loc = source.Fixed(source.Position{File: name, Line: 1, Approximate: true})
	if len(docs) > 0 {
		loc = docs[0].Locator()
	}
	return text, vals, loc, nil
}
