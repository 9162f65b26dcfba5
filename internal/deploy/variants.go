package deploy

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/render"
	"gate/internal/source"
)

// What bounds the files of values that are judged though no unit names them.
const (
	maxChartVariants = 20
	maxVariants      = 300
)

// variants adds each chart once more for every file that could be its values
// (helm install -f) and that no unit names: a pipeline or a person may, and what
// production runs with stands in such a file as often as not. What is found by
// one is judged in the environment of the file.
func (p *planner) variants() {
	files := p.valuesFiles()
	if len(files) == 0 {
		return
	}
	added := 0
	for _, c := range p.inv.Charts {
		list := files[c.Dir]
		if len(list) == 0 {
			continue
		}
		like := p.like(c)
		for i, f := range list {
			if i == maxChartVariants || added == maxVariants {
				p.entry(facts.Failed, render.KindHelm, c.Dir, fmt.Sprintf("%d more files that no unit names could be values of the chart, %s first: no more than %d of a chart and %d of a tree are judged", len(list)-i, f, maxChartVariants, maxVariants),
					"name those that are used under units[].values in .gate.yaml, and list the others under exclude", source.Position{File: f})
				break
			}
			added++
			u := render.Unit{
				Kind: render.KindHelm, Path: c.Dir, Release: releaseName(c), Values: []string{f}, Undeployed: true,
				Variant:     &facts.Variant{By: facts.VariantFile, With: f, At: []string{f}},
				Environment: p.habitats.input(f), Place: source.Position{File: f},
			}
			if like != nil {
				u.Release, u.Namespace, u.KubeVersion, u.APIVersions = like.Release, like.Namespace, like.KubeVersion, like.APIVersions
			}
			p.units = append(p.units, planned{Unit: u})
		}
	}
}

// like is the unit of a chart that its variants are named after: one that is
// deployed, if any is.
func (p *planner) like(c discover.Chart) *render.Unit {
	var found *render.Unit
	for i := range p.units {
		u := &p.units[i].Unit
		if u.Kind == render.KindHelm && u.Path == c.Dir && u.Variant == nil && claimed(*u) && !elsewhere(*u) && (found == nil || u.Release < found.Release) {
			found = u
		}
	}
	return found
}

// EnvironmentOf is the configured environment of a file that is an input of
// something: that of the file's path, else the one that its name speaks of; ""
// if there is none.
func EnvironmentOf(cfg *config.Config, file string) string {
	h := newHabitats(cfg)
	return cmp.Or(h.input(file), h.linked(file))
}

// input is the environment of an input; see EnvironmentOf.
func (h *habitats) input(file string) string {
	if len(h.environments) == 0 {
		return ""
	}
	if at := h.file(file).environment; at != "" {
		return at
	}
	stem := strings.ToLower(strings.TrimSuffix(path.Base(file), path.Ext(file)))
	for _, same := range []func(part, name string) bool{
		func(part, name string) bool { return part == name },
		func(part, name string) bool { return wordOf(part) != "" && wordOf(part) == wordOf(name) },
	} {
		for _, e := range h.environments {
			name := strings.ToLower(e.Name)
			if stem == name || slices.ContainsFunc(nameParts(stem), func(part string) bool { return same(part, name) }) || strings.Contains("-"+stem+"-", "-"+name+"-") {
				return e.Name
			}
		}
	}
	return ""
}

// nameParts are the words of a name.
func nameParts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
}

// valuesFiles are the files that no unit names and that could be the values of
// a chart, by the chart's directory.
func (p *planner) valuesFiles() map[string][]string {
	own := func(c discover.Chart) bool { return !c.Vendored && !strings.EqualFold(c.Type, "library") }
	charts := slices.DeleteFunc(slices.Clone(p.inv.Charts), func(c discover.Chart) bool { return !own(c) })
	if len(charts) == 0 {
		return nil
	}
	taken := p.namedFiles()
	manifests := map[string]bool{}
	for _, m := range p.inv.Manifests {
		manifests[m.Path] = true
	}
	out := map[string][]string{}
	for _, f := range p.inv.Files {
		if f.Kind != discover.KindOther && f.Kind != discover.KindChartFile || manifests[f.Path] || !mayBeInput(f.Path) || f.Owner == "" && !calledValues(f.Path) || taken.has(f.Path) || p.inv.Excluded(f.Path) {
			continue
		}
		for _, dir := range p.chartsOf(f, charts) {
			out[dir] = append(out[dir], f.Path)
		}
	}
	return out
}

// chartsOf are the directories of the charts whose values a file could be.
func (p *planner) chartsOf(f discover.File, charts []discover.Chart) []string {
	if f.Owner != "" {
		return p.ownChart(f, charts)
	}
	var out, keys []string
	best := 0
	for _, c := range charts {
		rank := 1000*related(c, f.Path) + inCommon(c.Dir+"/", f.Path)
		if rank < 1000 && len(charts) > maxUnrelated || rank < best {
			continue
		}
		if keys == nil {
			if keys, _ = p.valuesKeys(f.Path); len(keys) == 0 {
				return nil
			}
		}
		knows := p.layout.knows(c)
		if slices.ContainsFunc(keys, func(k string) bool { return !knows(k) }) {
			continue
		}
		if rank > best {
			out, best = nil, rank
		}
		out = append(out, c.Dir)
	}
	return out
}

// maxUnrelated is up to how many charts a tree has for a file that speaks of none
// of them to be taken for the values of each that knows all that it sets.
const maxUnrelated = 3

// ownChart is the directory of the chart that a file stands in, if it could be
// its values.
func (p *planner) ownChart(f discover.File, charts []discover.Chart) []string {
	c, ok := p.chart(f.Owner)
	if !ok || !slices.ContainsFunc(charts, func(o discover.Chart) bool { return o.Dir == c.Dir }) || !besideTemplates(c.Dir, f.Path) {
		return nil
	}
	called := strings.Contains(path.Base(f.Path), "values")
	keys, err := p.valuesKeys(f.Path)
	if err != nil && called {
		p.entry(facts.Failed, render.KindHelm, c.Dir+"@"+strings.TrimPrefix(f.Path, c.Dir+"/"), "could be values of the chart, and cannot be read: "+err.Error(), "mend the file, or list it under exclude in .gate.yaml", source.Position{File: f.Path})
	}
	knows := p.layout.knows(c)
	if len(keys) == 0 || !called && slices.ContainsFunc(keys, func(k string) bool { return !knows(k) }) {
		return nil
	}
	return []string{c.Dir}
}

// related says how plainly a file outside of a chart speaks of it: by its name,
// by where it stands, or not at all.
func related(c discover.Chart, file string) int {
	stem := strings.TrimSuffix(path.Base(file), path.Ext(file))
	names := append(strings.Split(path.Dir(file), "/"), stem)
	for _, n := range names {
		for _, chart := range []string{c.Name, path.Base(c.Dir)} {
			if chart != "" && chart != "." && (n == chart || strings.HasPrefix(n, chart+"-") || strings.HasSuffix(n, "-"+chart) || strings.HasPrefix(n, chart+".")) {
				return 3
			}
		}
	}
	if up := path.Dir(c.Dir); up != "." && strings.HasPrefix(file, up+"/") {
		return 2
	}
	return 0
}

// mayBeInput says whether a file could be handed to Helm as values, and is not
// called as what only shows or describes them.
func mayBeInput(file string) bool {
	base := strings.ToLower(path.Base(file))
	ext := path.Ext(base)
	if ext != ".yaml" && ext != ".yml" && ext != ".json" || strings.HasPrefix(base, ".") {
		return false
	}
	stem := strings.TrimSuffix(base, ext)
	if strings.Contains(stem, "schema") || strings.HasSuffix(stem, "_test") { // the latter are of helm-unittest
		return false
	}
	for _, part := range append(nameParts(stem), strings.Split(strings.ToLower(path.Dir(file)), "/")...) {
		switch part {
		case "example", "examples", "sample", "samples", "template", "templates", "tpl", "fixtures", "testdata", "schema", "schemas", "docs", "node_modules":
			return false
		}
	}
	return true
}

// calledValues says whether a file outside of a chart is called as values are: by
// that word, or by an environment.
func calledValues(file string) bool {
	base := strings.ToLower(path.Base(file))
	stem := strings.TrimSuffix(base, path.Ext(base))
	return strings.Contains(stem, "values") || wordIn(stem) != "" || inEnvironment(file)
}

// inEnvironment says whether a file stands where values of environments do.
func inEnvironment(file string) bool {
	word, _ := environmentWord(path.Dir(file))
	return word != "" || inValues(file)
}

// inValues says whether a file stands in a directory that is called as one of
// values.
func inValues(file string) bool {
	return slices.ContainsFunc(strings.Split(strings.ToLower(path.Dir(file)), "/"), func(d string) bool {
		switch d {
		case "values", "env", "envs", "environment", "environments", "overrides", "releases":
			return true
		}
		return false
	})
}

// besideTemplates says whether a file of a chart is no part of what the chart
// itself reads: its default values, files and tests.
func besideTemplates(chart, file string) bool {
	rel := file
	if chart != "." {
		rel = strings.TrimPrefix(file, chart+"/")
	}
	first, _, deep := strings.Cut(rel, "/")
	if !deep {
		return rel != "values.yaml"
	}
	return !slices.Contains([]string{"templates", "charts", "crds", "files", "ci", "tests", "unittests"}, first)
}

// valuesKeys are the keys at the top of a file that could be values: a mapping
// that is no object, and not encrypted as a whole.
func (p *planner) valuesKeys(file string) ([]string, error) {
	data, err := p.tree.ReadFile(file)
	if err != nil {
		return nil, err
	}
	docs, err := source.ParseValues(file, data)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	m := doc.Map(docs[0].Value)
	if m["sops"] != nil || m["apiVersion"] != nil && m["kind"] != nil {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(m)), nil
}

// knows says of a key whether a chart knows it at the top of its values: by its
// default values, its templates or its dependencies.
func (l *layout) knows(c discover.Chart) func(key string) bool {
	known := l.values[c.Dir]
	if known == nil {
		known = map[string]bool{"global": true, "tags": true}
		for _, d := range c.Dependencies {
			known[d.Name], known[d.Alias] = true, true
		}
		if data, err := l.tree.ReadFile(path.Join(c.Dir, "values.yaml")); err == nil {
			if docs, err := source.ParseValues("values.yaml", data); err == nil && len(docs) > 0 {
				for k := range doc.Map(docs[0].Value) {
					known[k] = true
				}
			}
		}
		for _, e := range source.Below(l.tree, path.Join(c.Dir, "templates")) {
			data, err := l.tree.ReadFile(e.Path)
			if err != nil || !bytes.Contains(data, []byte(".Values.")) {
				continue
			}
			for _, m := range topValue().FindAllSubmatch(data, -1) {
				known[string(m[1])] = true
			}
		}
		l.values[c.Dir] = known
	}
	return func(key string) bool { return known[key] }
}

var topValue = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\.Values\.(\w+)`) })

// namedFiles are the files that units and kustomizations name as values or read
// in another way.
type namedFiles struct {
	files map[string]bool
	texts []string // of objects that cannot be understood
}

func (p *planner) namedFiles() namedFiles {
	n := namedFiles{files: map[string]bool{}}
	for i := range p.units {
		u := &p.units[i].Unit
		for _, list := range [][]string{u.Values, u.OptionalValues, u.From} {
			for _, f := range list {
				n.files[f] = true
			}
		}
		for _, param := range u.Parameters {
			n.files[param.File] = true
		}
		if u.Spec != nil {
			n.texts = appendFileNames(n.texts, u.Spec)
		}
	}
	for _, k := range p.inv.Kustomizations {
		for _, ref := range k.Refs {
			n.files[ref] = true
		}
	}
	return n
}

// has says whether a file is named.
func (n namedFiles) has(file string) bool {
	return n.files[file] || slices.ContainsFunc(n.texts, func(t string) bool {
		return t == file || strings.HasSuffix(t, "/"+file) || strings.HasSuffix(file, "/"+t)
	})
}

// appendFileNames adds the texts of a value that end as the name of a file of
// values does.
func appendFileNames(out []string, v any) []string {
	switch v := v.(type) {
	case string:
		if ext := path.Ext(v); ext == ".yaml" || ext == ".yml" || ext == ".json" {
			for strings.HasPrefix(v, "../") || strings.HasPrefix(v, "./") || strings.HasPrefix(v, "/") {
				_, v, _ = strings.Cut(v, "/")
			}
			out = append(out, v)
		}
	case []any:
		for _, e := range v {
			out = appendFileNames(out, e)
		}
	case map[string]any:
		for _, e := range v {
			out = appendFileNames(out, e)
		}
	}
	return out
}
