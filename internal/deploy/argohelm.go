package deploy

import (
	"fmt"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// helmSource is the source of an Application that is a chart.
type helmSource struct {
	planner *planner
	app     deployer
	source  map[string]any
	helm    map[string]any // its options
	at      source.Path    // of the options
	refs    map[string]map[string]any
	dir     string // that value files are named from
	// unknown is the first variable of the build environment that only Argo CD
	// knows, and where it is used.
	unknown   string
	unknownAt source.Path
}

// argoHelm adds the unit of a source that is a chart.
func (p *planner) argoHelm(d deployer, u render.Unit, src map[string]any, at source.Path, refs map[string]map[string]any) {
	h := &helmSource{
		planner: p, app: d, source: src, helm: doc.Map(src, "helm"), at: append(at[:len(at):len(at)], "helm"), refs: refs, dir: u.Path,
	}
	if u.Fetch != nil {
		h.dir = render.FetchedDir(*u.Fetch)
	} else if _, ok := p.chart(u.Path); !ok {
		msg, hint := fmt.Sprintf("there is no chart at %q", u.Path), "correct the path"
		if p.unreadable(u.Path, discover.KindChart) {
			msg, hint = fmt.Sprintf("the chart at %q cannot be read", u.Path), ""
		}
		p.fail(d, render.KindHelm, u.Path, d.place(h.at...), msg, hint)
		return
	}
	if r := doc.Text(h.helm, "releaseName"); r != "" {
		u.Release = r
	}
	if n := doc.Text(h.helm, "namespace"); n != "" {
		u.Namespace, u.NamespaceAt = n, d.place(append(slices.Clone(h.at), "namespace")...)
	}
	u.KubeVersion = doc.Text(h.helm, "kubeVersion")
	for _, v := range doc.List(h.helm, "apiVersions") {
		u.APIVersions = append(u.APIVersions, asText(v))
	}
	u.SkipCRDs, u.SkipTests = doc.Bool(h.helm, "skipCrds"), doc.Bool(h.helm, "skipTests")
	u.SkipSchema = doc.Bool(h.helm, "skipSchemaValidation")
	for _, set := range []func(*render.Unit) *source.Error{h.valueFiles, h.inlineValues, h.parameters} {
		if e := set(&u); e != nil {
			p.fail(d, render.KindHelm, u.Path, e.Position, e.Msg, e.Hint)
			return
		}
	}
	if h.unknown != "" {
		p.fail(d, render.KindHelm, u.Path, d.place(h.unknownAt...), h.unknown+" is known only to Argo CD", "")
		return
	}
	p.deploy(u)
}

// in is the path of an option.
func (h *helmSource) in(option ...any) source.Path {
	return append(h.at[:len(h.at):len(h.at)], option...)
}

// environment replaces the build environment in the text of an option.
func (h *helmSource) environment(text string, option ...any) string {
	if !strings.Contains(text, "$") {
		return text
	}
	replaced, name := h.planner.argoEnvironment(h.app, h.source, text)
	if name != "" && h.unknown == "" {
		h.unknown, h.unknownAt = name, h.in(option...)
	}
	return replaced
}

func (h *helmSource) fault(msg, hint string, option ...any) *source.Error {
	return &source.Error{Position: h.app.place(h.in(option...)...), Msg: msg, Hint: hint}
}

func (h *helmSource) valueFiles(u *render.Unit) *source.Error {
	ignore := doc.Bool(h.helm, "ignoreMissingValueFiles")
	for i, e := range doc.List(h.helm, "valueFiles") {
		name := asText(e)
		if ref, _, _ := strings.Cut(strings.TrimPrefix(name, "$"), "/"); !strings.HasPrefix(name, "$") || h.refs[ref] == nil {
			name = h.environment(name, "valueFiles", i)
		}
		file, msg := h.planner.argoValueFile(h.dir, name, h.refs)
		if msg != "" {
			return h.fault(msg, "vendor the file, or correct the path", "valueFiles", i)
		}
		if _, ok := h.planner.tree.Lookup(file); !ok && ignore {
			u.OptionalValues = append(u.OptionalValues, file)
			if u.Fetch == nil {
				continue
			}
		}
		u.Values = append(u.Values, file)
	}
	return nil
}

func (h *helmSource) inlineValues(u *render.Unit) *source.Error {
	if text := doc.Text(h.helm, "values"); text != "" && h.helm["valuesObject"] == nil {
		vals, err := parseValues(text, h.app.below(h.in("values")...))
		if err != nil {
			return h.fault("values: "+err.Error(), "", "values")
		}
		u.Inline = append(u.Inline, vals)
	}
	if obj := doc.Map(h.helm, "valuesObject"); obj != nil {
		u.Inline = append(u.Inline, render.InlineValues{Values: floats(obj).(map[string]any), Loc: h.app.below(h.in("valuesObject")...)})
	}
	return nil
}

func (h *helmSource) parameters(u *render.Unit) *source.Error {
	for i, e := range doc.List(h.helm, "parameters") {
		u.Parameters = append(u.Parameters, render.Parameter{
			Name: doc.Text(e, "name"), Value: h.environment(asText(orNil(doc.At(e, "value"))), "parameters", i),
			String: doc.Bool(e, "forceString"), Loc: h.app.below(h.in("parameters", i)...),
		})
	}
	for i, e := range doc.List(h.helm, "fileParameters") {
		name := doc.Text(e, "path")
		file, ok := source.Join(h.dir, h.environment(name, "fileParameters", i))
		if rest, isRoot := strings.CutPrefix(name, "/"); isRoot { // from the root of the repository
			file, ok = source.Join(".", rest)
		}
		if !ok {
			return h.fault(fmt.Sprintf("file parameter %q leaves the repository", name), "", "fileParameters", i)
		}
		u.Parameters = append(u.Parameters, render.Parameter{Name: doc.Text(e, "name"), File: file, Loc: h.app.below(h.in("fileParameters", i)...)})
	}
	return nil
}

// argoValueFile turns a value file of an Application into a path of the tree:
// relative to the chart, from the root with a leading slash, or from the root
// of the source that a $ref names.
func (p *planner) argoValueFile(dir, file string, refs map[string]map[string]any) (name, fault string) {
	if render.Remote(file) {
		return "", fmt.Sprintf("value file %q is remote; nothing is fetched", file)
	}
	if rest, ok := strings.CutPrefix(file, "$"); ok {
		ref, rest, _ := strings.Cut(rest, "/")
		if refs[ref] == nil {
			return "", fmt.Sprintf("value file %q names no source", file)
		}
		if other, ok := p.elsewhere(doc.Text(refs[ref], "repoURL")); ok {
			return "", fmt.Sprintf("value file %q is in %s, which is another repository", file, other)
		}
		dir, file = ".", rest
	}
	if rest, ok := strings.CutPrefix(file, "/"); ok {
		dir, file = ".", rest
	}
	name, ok := source.Join(dir, file)
	if !ok {
		return "", fmt.Sprintf("value file %q leaves the repository", file)
	}
	return name, ""
}
