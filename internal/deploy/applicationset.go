package deploy

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/engine"
	"gate/internal/source"
)

// What ApplicationSets may make: Applications each, and bytes of text by
// templates all together.
const (
	maxApplications = 2000
	maxExpanded     = 64 << 20
)

// applicationSet adds the units of the Applications that an ApplicationSet
// makes: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/
// Generators that need a cluster, a forge or a plugin fail.
func (p *planner) applicationSet(d deployer) {
	goTemplate := doc.Bool(d.obj, "spec", "goTemplate")
	missingKey := "missingkey=default"
	for _, o := range doc.List(d.obj, "spec", "goTemplateOptions") {
		missingKey = asText(o)
	}
	g := generators{planner: p, goTemplate: goTemplate, missingKey: missingKey}
	list := doc.List(d.obj, "spec", "generators")
	count := 0
	var apps []deployer // none of them is deployed if one cannot be made
	for i, e := range list {
		gen := doc.Map(e)
		params, err := g.one(gen)
		if err != nil {
			p.failSet(d, d.place("spec", "generators"), err.Error(), "commit the Applications that it makes")
			return
		}
		if count += len(params); count > maxApplications {
			p.failSet(d, d.place("spec", "generators"), fmt.Sprintf("more than %d Applications are made", maxApplications), "")
			return
		}
		tmpl, own := templateOf(doc.Map(d.obj, "spec", "template"), gen)
		for _, params := range params {
			app, patched, err := application(tmpl, doc.At(d.obj, "spec", "templatePatch"), params, g)
			if err != nil {
				p.failSet(d, d.place("spec", "template"), "template: "+err.Error(), "")
				return
			}
			apps = append(apps, deployer{
				loc: templated(d, own, source.Path{"spec", "generators", i}, patched), file: d.file, obj: app, kind: "Application", name: doc.Text(app, "metadata", "name"), from: g.read(params),
			})
		}
	}
	set := p.from
	defer func() { p.from = set }()
	for i := range apps {
		app := &apps[i]
		app.obj = madeBy(d, app.obj)
		p.made = append(p.made, made{set: *set, app: *app})
		app.by, app.made = set.by, len(p.made)
		p.from = app
		p.application(*app)
	}
}

// madeBy gives an Application what its controller sets in it: the names of its
// kind, and the namespace of the set.
func madeBy(set deployer, app map[string]any) map[string]any {
	meta := doc.Merge(doc.Map(app, "metadata"), nil)
	if ns := doc.Text(set.obj, "metadata", "namespace"); ns != "" && meta["namespace"] == nil {
		meta["namespace"] = ns
	}
	return doc.Merge(app, map[string]any{"apiVersion": set.obj["apiVersion"], "kind": "Application", "metadata": meta})
}

// failSet fails an ApplicationSet of which it is not known what it makes.
func (p *planner) failSet(d deployer, at source.Position, msg, hint string) {
	p.fail(d, render.KindManifests, "applicationset/"+d.name, at, msg, hint)
	sources := slices.Concat(doc.List(d.obj, "spec", "template", "spec", "sources"), []any{doc.At(d.obj, "spec", "template", "spec", "source")})
	last := &p.units[len(p.units)-1]
	for _, s := range sources {
		if _, other := p.elsewhere(doc.Text(s, "repoURL")); other || doc.Map(s) == nil || doc.Text(s, "chart") != "" {
			continue
		}
		p.known.directories()
		last.Watches = append(last.Watches, beforeTemplate(doc.Text(s, "path")))
	}
}

// beforeTemplate is the directory in which a path begins that is a template.
func beforeTemplate(text string) string {
	if i := strings.Index(text, "{{"); i >= 0 {
		text = path.Dir(text[:i] + "x")
	}
	return path.Clean(strings.TrimPrefix(text, "/"))
}

// templateOf lays the template of a generator over that of the set.
func templateOf(tmpl, generator map[string]any) (merged map[string]any, own source.Path) {
	for _, kind := range slices.Sorted(maps.Keys(generator)) {
		if t := doc.Map(generator[kind], "template"); t != nil {
			return doc.Merge(tmpl, t), source.Path{kind, "template"}
		}
	}
	return tmpl, nil
}

// application makes one Application; patched is what templatePatch sets in it.
func application(tmpl map[string]any, patch any, params map[string]any, g generators) (app, patched map[string]any, err error) {
	v, err := g.expand(tmpl, params)
	if err != nil {
		return nil, nil, err
	}
	app = doc.Map(v)
	text, isText := patch.(string)
	if !isText {
		return app, nil, nil
	}
	if v, err = g.expand(text, params); err != nil {
		return nil, nil, fmt.Errorf("templatePatch: %w", err)
	}
	docs, err := source.ParseYAML("templatePatch", []byte(v.(string)))
	if err != nil {
		return nil, nil, fmt.Errorf("templatePatch: %w", err)
	}
	if len(docs) == 0 || docs[0].Value == nil {
		return app, nil, nil
	}
	if patched = doc.Map(docs[0].Value); len(docs) > 1 || patched == nil {
		return nil, nil, fmt.Errorf("templatePatch: expected one mapping")
	}
	app, err = mergePatch(app, patched)
	return app, patched, err
}

// mergePatch applies a strategic merge patch to an Application, whose lists
// have no merge keys: it is a merge patch unless it gives directives.
func mergePatch(base, patch map[string]any) (map[string]any, error) {
	if d := directive(patch); d != "" {
		return nil, fmt.Errorf("templatePatch: the directive %q is not understood", d)
	}
	return mergedPatch(base, patch), nil
}

// directive is the first directive of a strategic merge patch, "" if it gives none.
func directive(patch map[string]any) string {
	for _, k := range sortedKeys(patch) {
		if strings.HasPrefix(k, "$") {
			return k
		}
		if d := directive(doc.Map(patch[k])); d != "" {
			return d
		}
	}
	return ""
}

// mergedPatch applies a merge patch (RFC 7396).
func mergedPatch(base, patch map[string]any) map[string]any {
	out := make(map[string]any, len(base))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(out, k)
		case map[string]any:
			out[k] = mergedPatch(doc.Map(out[k]), v)
		default:
			out[k] = v
		}
	}
	return out
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// templated leads from a field of a made Application to the template: the
// patch, else the template of the generator, else that of the set.
func templated(d deployer, own, generator source.Path, patched map[string]any) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if _, ok := doc.Lookup(patched, p...); ok && len(p) > 0 && patched != nil {
			loc := d.loc.Locate(source.Path{"spec", "templatePatch"})
			loc.Approximate = true
			return loc
		}
		if own != nil {
			at := append(append(generator[:len(generator):len(generator)], own...), p...)
			if _, ok := doc.Lookup(d.obj, at...); ok && len(p) > 0 {
				return d.loc.Locate(at)
			}
		}
		return d.loc.Locate(append(source.Path{"spec", "template"}, p...))
	})
}

// expand fills parameters into every string of v, within what is left to all
// ApplicationSets.
func (g generators) expand(v any, params map[string]any) (any, error) {
	switch v := v.(type) {
	case string:
		if !strings.Contains(v, "{{") {
			return v, nil
		}
		out := ""
		if !g.goTemplate {
			out = fastExpand(v, params)
		} else {
			var err error
			if out, err = goExpand(v, params, g.missingKey); err != nil {
				return nil, err
			}
		}
		if g.planner.expanded += len(out); g.planner.expanded > maxExpanded {
			return nil, fmt.Errorf("ApplicationSets make more than %d bytes of text", maxExpanded)
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			key, err := g.expand(k, params)
			if err != nil {
				return nil, err
			}
			if out[key.(string)], err = g.expand(v[k], params); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = g.expand(e, params); err != nil {
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
	out, err := engine.Expand(text, params, missingKey, template.FuncMap{"normalize": normalized, "slugify": slug})
	if err != nil {
		return "", fmt.Errorf("%q: %w", clipLine(text), err)
	}
	return out, nil
}

var fastTag = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`)

// fastExpand replaces {{name}}; an unknown name stays as it is. {{path}} is
// the path itself, {{path.basename}} and {{path[0]}} its parts; of a list each
// element has its number for a name.
func fastExpand(text string, params map[string]any) string {
	return fastTag.ReplaceAllStringFunc(text, func(m string) string {
		name := fastTag.FindStringSubmatch(m)[1]
		if v, ok := params[name]; ok && doc.IsScalar(v) {
			return asText(v)
		}
		if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
			name = name[:i] + ".segments." + name[i+1:len(name)-1]
		}
		var v any = params
		for _, part := range strings.Split(name, ".") {
			switch have := v.(type) {
			case map[string]any:
				v = have[part]
			case []any:
				i, err := strconv.Atoi(part)
				if err != nil || i < 0 || i >= len(have) {
					return m
				}
				v = have[i]
			default:
				return m
			}
		}
		if path := doc.Map(v); path["path"] != nil {
			v = path["path"]
		}
		if v == nil || !doc.IsScalar(v) {
			return m
		}
		return asText(v)
	})
}

// slug is the function slugify of templates: at most the given number of
// characters (50), cut at a word if that is asked for.
func slug(args ...any) (string, error) {
	if len(args) == 0 || len(args) > 3 {
		return "", fmt.Errorf("slugify takes one to three arguments")
	}
	most, smart := 50, false
	if len(args) > 1 {
		n, err := strconv.Atoi(asText(args[0]))
		if err != nil || n <= 0 {
			return "", fmt.Errorf("slugify: the size is no number above 0")
		}
		most = n
	}
	if len(args) == 3 {
		smart = doc.Bool(args, 1)
	}
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(asText(args[len(args)-1])), "-"), "-_")
	if len(s) <= most {
		return s, nil
	}
	if i := strings.LastIndexByte(s[:most+1], '-'); smart && i > 0 {
		return s[:i], nil
	}
	return strings.TrimRight(s[:most], "-_"), nil
}

var notSlug = regexp.MustCompile(`[^a-z0-9_-]+`)

// clipLine shortens the text of a template, which holds no values.
func clipLine(s string) string {
	const most = 80
	s = strings.TrimRight(s, " \r")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
