package render

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"
	"text/template"

	"gate/internal/render/engine"
	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
)

// maxApplications bounds what one ApplicationSet may make.
const maxApplications = 2000

// applicationSet adds the units of the Applications that an ApplicationSet
// makes: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/
// Generators that need a cluster, a forge or a plugin fail.
func (p *planner) applicationSet(d deployer) {
	tmpl := asMap(d.get("spec", "template"))
	goTemplate, _ := d.get("spec", "goTemplate").(bool)
	if d.get("spec", "templatePatch") != nil {
		p.fail(d, KindManifests, "applicationset/"+d.name, d.place("spec", "templatePatch"), "templatePatch is not applied, so its Applications are not known",
			"write what it changes into the template")
		return
	}
	g := generators{planner: p, goTemplate: goTemplate}
	params, err := g.list(asList(d.get("spec", "generators")))
	if err != nil {
		p.fail(d, KindManifests, "applicationset/"+d.name, d.place("spec", "generators"), err.Error(), "commit the Applications that it makes")
		return
	}
	missingKey := "missingkey=default"
	for _, o := range asList(d.get("spec", "goTemplateOptions")) {
		missingKey = asText(o)
	}
	for _, set := range params {
		app, err := expand(tmpl, set, goTemplate, missingKey)
		if err != nil {
			p.fail(d, KindManifests, "applicationset/"+d.name, d.place("spec", "template"), "template: "+err.Error(), "")
			return
		}
		obj := asMap(app)
		// Positions are those of the template: its values stand there.
		p.application(deployer{
			loc: d.below("spec", "template"), file: d.file, obj: obj, kind: "Application", name: nameOf(obj),
		})
	}
}

// generators makes the parameters of an ApplicationSet.
type generators struct {
	planner    *planner
	goTemplate bool
}

func (g generators) list(list []any) ([]map[string]any, error) {
	var out []map[string]any
	for _, e := range list {
		sets, err := g.one(asMap(e))
		if err != nil {
			return nil, err
		}
		if out = append(out, sets...); len(out) > maxApplications {
			return nil, fmt.Errorf("more than %d Applications are made", maxApplications)
		}
	}
	return out, nil
}

// one runs one generator.
func (g generators) one(gen map[string]any) ([]map[string]any, error) {
	if gen["selector"] != nil {
		return nil, errors.New("generators with a selector are not run")
	}
	for _, kind := range sortedKeys(gen) {
		body := asMap(gen[kind])
		switch kind {
		case "list":
			return g.elements(body)
		case "git":
			return g.git(body)
		case "matrix":
			return g.matrix(asList(body["generators"]))
		case "merge":
			return g.merge(asList(body["generators"]), asList(body["mergeKeys"]))
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
	for _, e := range asList(body["elements"]) {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, errors.New("an element of a list generator is no mapping")
		}
		out = append(out, m)
	}
	return out, nil
}

// git matches directories or files of the tree.
func (g generators) git(body map[string]any) ([]map[string]any, error) {
	if other, ok := g.planner.elsewhere(pick(body, "repoURL")); ok {
		return nil, fmt.Errorf("the git generator reads %s, which is another repository", other)
	}
	prefix := pick(body, "pathParamPrefix")
	if dirs := asList(body["directories"]); dirs != nil {
		var names []string
		for d := range g.planner.dirs {
			if d != "." && matches(dirs, d) {
				names = append(names, d)
			}
		}
		sort.Strings(names)
		var out []map[string]any
		for _, n := range names {
			out = append(out, g.pathParams(n, prefix))
		}
		return out, nil
	}
	var out []map[string]any
	for _, e := range g.planner.tree.Entries() {
		if !matches(asList(body["files"]), e.Path) {
			continue
		}
		data, err := g.planner.tree.ReadFile(e.Path)
		if err != nil {
			return nil, readError(e.Path, err)
		}
		docs, err := source.ParseYAML(e.Path, data)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			list, isList := d.Value.([]any)
			if !isList {
				list = []any{d.Value}
			}
			for _, v := range list {
				set := g.pathParams(path.Dir(e.Path), prefix)
				for k, x := range asMap(v) {
					set[k] = x
				}
				if p := asMap(set["path"]); p != nil {
					p["filename"] = path.Base(e.Path)
				}
				out = append(out, set)
			}
		}
	}
	return out, nil
}

func (g generators) pathParams(dir, prefix string) map[string]any {
	segments := []any{}
	for _, s := range strings.Split(dir, "/") {
		segments = append(segments, s)
	}
	p := map[string]any{
		"path": dir, "basename": path.Base(dir), "basenameNormalized": normalized(path.Base(dir)), "segments": segments,
	}
	if prefix != "" {
		return map[string]any{prefix: map[string]any{"path": p}}
	}
	return map[string]any{"path": p}
}

var notName = regexp.MustCompile(`[^a-z0-9.-]`)

func normalized(s string) string {
	return strings.Trim(notName.ReplaceAllString(strings.ToLower(s), "-"), "-.")
}

// matches says whether an entry of path patterns includes name and none
// excludes it.
func matches(patterns []any, name string) bool {
	in := false
	for _, e := range patterns {
		m := asMap(e)
		if ok, err := doublestar.Match(pick(m, "path"), name); err != nil || !ok {
			continue
		}
		if out, _ := m["exclude"].(bool); out {
			return false
		}
		in = true
	}
	return in
}

// matrix combines two generators; the second may use the parameters of the
// first.
func (g generators) matrix(gens []any) ([]map[string]any, error) {
	if len(gens) != 2 {
		return nil, fmt.Errorf("a matrix of %d generators, expected 2", len(gens))
	}
	first, err := g.one(asMap(gens[0]))
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	for _, a := range first {
		inner, err := expand(gens[1], a, g.goTemplate, "missingkey=default")
		if err != nil {
			return nil, err
		}
		second, err := g.one(asMap(inner))
		if err != nil {
			return nil, err
		}
		for _, b := range second {
			if out = append(out, mergeValues(a, b)); len(out) > maxApplications {
				return nil, fmt.Errorf("more than %d Applications are made", maxApplications)
			}
		}
	}
	return out, nil
}

// merge lays the sets of later generators over those of the first that have
// the same keys.
func (g generators) merge(gens, keys []any) ([]map[string]any, error) {
	if len(gens) < 2 || len(keys) == 0 {
		return nil, errors.New("a merge generator needs two generators and mergeKeys")
	}
	key := func(m map[string]any) string {
		var b strings.Builder
		for _, k := range keys {
			v, _ := lookup(m, dotted(asText(k)))
			fmt.Fprintf(&b, "%q=%q ", asText(k), asText(v))
		}
		return b.String()
	}
	out, err := g.one(asMap(gens[0]))
	if err != nil {
		return nil, err
	}
	for _, gen := range gens[1:] {
		sets, err := g.one(asMap(gen))
		if err != nil {
			return nil, err
		}
		for i, base := range out {
			for _, over := range sets {
				if key(over) == key(base) {
					out[i] = mergeValues(out[i], over)
				}
			}
		}
	}
	return out, nil
}

func dotted(s string) source.Path {
	var p source.Path
	for _, e := range strings.Split(s, ".") {
		p = append(p, e)
	}
	return p
}

// expand fills parameters into every string of v.
func expand(v any, params map[string]any, goTemplate bool, missingKey string) (any, error) {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, "{{") {
			return v, nil
		}
		if goTemplate {
			return goExpand(v, params, missingKey)
		}
		return fastExpand(v, params), nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			key, err := expand(k, params, goTemplate, missingKey)
			if err != nil {
				return nil, err
			}
			if out[key.(string)], err = expand(v[k], params, goTemplate, missingKey); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = expand(e, params, goTemplate, missingKey); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

func goExpand(text string, params map[string]any, missingKey string) (string, error) {
	if missingKey != "missingkey=error" && missingKey != "missingkey=zero" && missingKey != "missingkey=invalid" {
		missingKey = "missingkey=default"
	}
	out, err := engine.Expand(text, params, missingKey, template.FuncMap{"normalize": normalized, "slugify": normalized})
	if err != nil {
		return "", fmt.Errorf("%q: %w", clipLine(text), err)
	}
	return out, nil
}

var fastTag = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`)

// fastExpand replaces {{name}}; an unknown name stays as it is. {{path}} is
// the path itself, {{path.basename}} and {{path[0]}} its parts.
func fastExpand(text string, params map[string]any) string {
	return fastTag.ReplaceAllStringFunc(text, func(m string) string {
		name := fastTag.FindStringSubmatch(m)[1]
		if v, ok := params[name]; ok && scalar(v) {
			return asText(v)
		}
		if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
			name = name[:i] + ".segments." + name[i+1:len(name)-1]
		}
		p := dotted(name)
		if n := len(p); n > 1 && p[n-2] == "segments" {
			p = valuePath([]string{name[:strings.Index(name, ".segments")], "segments", "#" + p[n-1].(string)})
		}
		v, ok := lookup(params, p)
		if m := asMap(v); ok && m["path"] != nil {
			v = m["path"]
		}
		if !ok || !scalar(v) {
			return m
		}
		return asText(v)
	})
}
