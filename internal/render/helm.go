package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"

	"gate/internal/render/engine"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// helm renders a chart as `helm install` would, without a cluster.
func (s *session) helm(ctx context.Context, in *input, r *Rendered) error {
	u := r.Unit
	files := s.chartFiles(u.Path)
	for name, sum := range files.sums {
		in.noteSum(name, sum)
	}
	if files.err != nil {
		return files.err
	}
	values, err := readValues(in, u.Values)
	if err != nil {
		return err
	}
	if values, err = controllerValues(in, u, values); err != nil {
		return err
	}
	p, err := s.prepare(u, files, values)
	if err != nil {
		return err
	}
	res, err := engine.Render(ctx, p.chart, p.values, p.options)
	if err != nil {
		return p.templateError(u, err)
	}
	r.SeededBy, r.Placeholders = res.Seeded, res.Placeholders
	if !u.SkipCRDs {
		if err := p.crds(r); err != nil {
			return err
		}
	}
	return p.objects(newHelmMapping(s, in, u, p, res, values), r, res)
}

// prepared is a chart that is ready to be executed.
type prepared struct {
	dir     string // of the chart
	chart   *chart.Chart
	files   *chartFiles
	values  chartutil.Values
	options engine.Options
	// templates are the templates and files of all charts by template path.
	templates map[string]chartFile
}

// chartFile is one file of a chart.
type chartFile struct {
	file    string // of the tree; "" if unknown
	library bool   // of a library chart
	data    []byte
	scope   []string // path of its chart's values from the root chart
}

// prepare loads the chart, checks it as Helm does and composes its values.
// values is not changed.
func (s *session) prepare(u Unit, files *chartFiles, values map[string]any) (*prepared, error) {
	chartYAML := path.Join(u.Path, "Chart.yaml")
	c, err := files.chart()
	if err != nil {
		return nil, fault1(chartYAML, "chart cannot be loaded: "+err.Error(), "")
	}
	if strings.EqualFold(c.Metadata.Type, "library") {
		return nil, fault1(chartYAML, "a library chart renders nothing by itself", "render a chart that depends on it")
	}
	if missing := missingDependencies(c); len(missing) > 0 {
		return nil, fault1(chartYAML, "dependencies are not vendored: "+strings.Join(missing, ", "), "helm dependency build "+u.Path)
	}
	caps, err := capabilities(u)
	if err != nil {
		return nil, fault1(chartYAML, err.Error(), "write kubeVersion as 1.33 or v1.33.0")
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, caps.KubeVersion.Version) {
		return nil, fault1(chartYAML, fmt.Sprintf("the chart needs Kubernetes %s, this unit is rendered for %s", want, caps.KubeVersion.Version),
			"set kubeVersion of the unit")
	}
	vals := deepCopy(values).(map[string]any)
	if err := chartutil.ProcessDependenciesWithMerge(c, vals); err != nil {
		return nil, fault1(chartYAML, "dependencies: "+err.Error(), "")
	}
	top, err := chartutil.ToRenderValuesWithSchemaValidation(c, vals, chartutil.ReleaseOptions{
		Name: u.Release, Namespace: namespaceOf(u), Revision: 1, IsInstall: true,
	}, caps, true)
	if err != nil {
		return nil, fault1(chartYAML, "values: "+err.Error(), "")
	}
	p := &prepared{chart: c, dir: u.Path, files: files, values: top, templates: map[string]chartFile{}}
	p.collectTemplates(c, nil)
	if table, err := top.Table("Values"); err == nil {
		if err := p.checkSchemas(c, table, u); err != nil {
			return nil, err
		}
	}
	p.options = engine.Options{
		Seed: strings.Join([]string{u.Path, u.Release, namespaceOf(u), u.Environment, u.Target}, "\x00"),
		Now:  s.opts.Now, Limits: engine.Limits{OutputBytes: s.opts.Limits.OutputBytes},
	}
	return p, nil
}

func namespaceOf(u Unit) string {
	if u.Namespace == "" {
		return "default"
	}
	return u.Namespace
}

// missingDependencies names what Chart.yaml asks for and charts/ lacks; Helm
// refuses to install such a chart even if the dependency is switched off.
func missingDependencies(c *chart.Chart) []string {
	have := map[string]bool{}
	for _, d := range c.Dependencies() {
		have[d.Name()] = true
	}
	var missing []string
	for _, d := range c.Metadata.Dependencies {
		if d != nil && !have[d.Name] {
			missing = append(missing, d.Name)
		}
	}
	sort.Strings(missing)
	return missing
}

// capabilities are what .Capabilities answers: a cluster with the built-in
// APIs of the unit's version. chartutil's own default is v1.20.
func capabilities(u Unit) (*chartutil.Capabilities, error) {
	want := u.KubeVersion
	if want == "" {
		want = DefaultKubeVersion
	}
	if strings.Count(want, ".") == 1 {
		want += ".0" // a cluster always tells a patch version
	}
	v, err := chartutil.ParseKubeVersion(want)
	if err != nil {
		return nil, fmt.Errorf("kubeVersion %q is no version", u.KubeVersion)
	}
	caps := chartutil.DefaultCapabilities.Copy()
	caps.KubeVersion = *v
	caps.HelmVersion.Version = "v3.22.0"
	caps.APIVersions = append(append(chartutil.VersionSet{}, caps.APIVersions...), u.APIVersions...)
	return caps, nil
}

// collectTemplates remembers where the files of c and its subcharts stand.
func (p *prepared) collectTemplates(c *chart.Chart, scope []string) {
	library := strings.EqualFold(c.Metadata.Type, "library")
	for _, list := range [][]*chart.File{c.Templates, c.Files} {
		for _, f := range list {
			if origin, ok := p.files.originOf(f.Data); ok {
				p.templates[path.Join(c.ChartFullPath(), f.Name)] = chartFile{file: origin, library: library, data: f.Data, scope: scope}
			}
		}
	}
	for _, d := range c.Dependencies() {
		p.collectTemplates(d, append(scope[:len(scope):len(scope)], d.Name()))
	}
}

// position turns a place in a template into one in the tree. Inside an
// archive only the archive can be named.
func (p *prepared) position(file string, line, column int) source.Position {
	t, ok := p.templates[file]
	switch {
	case !ok:
		return source.Position{File: path.Join(p.dir, "Chart.yaml"), Approximate: true}
	case strings.HasSuffix(t.file, ".tgz"):
		return source.Position{File: t.file, Approximate: true}
	}
	return source.Position{File: t.file, Line: line, Column: column}
}

// line returns the text of a line of a template.
func (p *prepared) line(file string, n int) string {
	data := p.templates[file].data
	for ; n > 1; n-- {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return ""
		}
		data = data[i+1:]
	}
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		data = data[:i]
	}
	return string(bytes.TrimSuffix(data, []byte("\r")))
}

func (p *prepared) templateError(u Unit, err error) error {
	var te *engine.Error
	if !errors.As(err, &te) {
		return &source.Error{Position: u.Place, Msg: err.Error()}
	}
	e := &source.Error{Position: p.position(te.File, te.Line, te.Column), Msg: te.Msg}
	if te.File != te.Template {
		e.Msg += " (while rendering " + te.Template + ")"
	}
	return &fault{at: e, cause: err}
}

// crds adds the objects below crds/, which are not templates.
func (p *prepared) crds(r *Rendered) error {
	list := p.chart.CRDObjects()
	sort.Slice(list, func(i, j int) bool { return list[i].Filename < list[j].Filename })
	for _, crd := range list {
		pos := p.position(crd.Filename, 0, 0)
		docs, err := source.ParseManifests(pos.File, crd.File.Data)
		if err != nil {
			return err
		}
		for _, d := range docs {
			objects, err := unroll(d.Value, nil, 0)
			if err != nil {
				return &source.Error{Position: source.Position{File: pos.File, Line: d.Line}, Msg: err.Error()}
			}
			for _, o := range objects {
				l := source.At(d.Locator(), o.at)
				if pos.Approximate { // inside an archive
					l = source.Fixed(pos)
				}
				r.Objects = append(r.Objects, Object{Manifest: o.manifest, Locator: l, File: pos.File, Place: l.Locate(nil).Position})
			}
		}
	}
	return nil
}

// glued finds a document separator with text on its line, which Helm's own
// splitter accepts and YAML does not.
var glued = regexp.MustCompile(`(?m)^---([^\s-])`)

// objects parses what the templates rendered.
func (p *prepared) objects(m *helmMapping, r *Rendered, res *engine.Result) error {
	names := make([]string, 0, len(res.Files))
	for n := range res.Files {
		if path.Base(n) != "NOTES.txt" {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		text := res.Files[name]
		if strings.TrimSpace(text) == "" {
			continue
		}
		text = m.splitGlued(name, text)
		pos := p.position(name, 0, 0)
		docs, err := source.ParseManifests(name, []byte(text))
		if err != nil {
			return p.renderedError(m, name, text, err)
		}
		for _, d := range docs {
			if m, ok := d.Value.(map[string]any); ok && len(m) == 0 {
				continue
			}
			objects, err := unroll(d.Value, nil, 0)
			if err == nil && objects == nil {
				err = errors.New("the template renders a document without apiVersion or kind")
			}
			if err != nil {
				return p.renderedError(m, name, text, &source.Error{Position: source.Position{Line: d.Line}, Msg: err.Error()})
			}
			for _, o := range objects {
				r.Objects = append(r.Objects, Object{
					Manifest: o.manifest, Locator: source.At(m.locator(name, d), o.at), File: pos.File, Hook: hookOf(o.manifest),
					Place: source.Position{File: pos.File, Approximate: true},
				})
			}
		}
	}
	return nil
}

// renderedError places a fault of the rendered text in its template, and
// quotes the rendered line.
func (p *prepared) renderedError(m *helmMapping, name, text string, err error) error {
	e := asError(err)
	if e == nil {
		return err
	}
	out := &source.Error{Position: p.position(name, 0, 0), Msg: "rendered text: " + e.Msg, Hint: e.Hint}
	if lines := strings.Split(text, "\n"); e.Line > 0 && e.Line <= len(lines) {
		line := lines[e.Line-1]
		out.Position = m.locate(name, e.Position, line, nil, nil).Position
		out.Msg += fmt.Sprintf(" (rendered line %d: %q)", e.Line, clipLine(line))
	}
	return out
}

func clipLine(s string) string {
	const most = 80
	s = strings.TrimRight(s, " \r")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// readValues reads value files in order; later ones win.
func readValues(in *input, names []string) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range names {
		data, err := in.read(name)
		if err != nil {
			return nil, err
		}
		// Duplicate keys, cycles and bombs are refused here; Helm's own reading
		// decides what the scalars are.
		if _, err := source.ParseYAML(name, data); err != nil {
			return nil, err
		}
		vals, err := chartutil.ReadValues(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
		if err != nil {
			return nil, fault1(name, "value file: "+err.Error(), "")
		}
		out = mergeValues(out, vals)
	}
	return out, nil
}

// mergeValues lays over on base, table by table; lists are replaced.
func mergeValues(base, over map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(over))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		if table, ok := v.(map[string]any); ok {
			if below, ok := out[k].(map[string]any); ok {
				out[k] = mergeValues(below, table)
				continue
			}
		}
		out[k] = v
	}
	return out
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = deepCopy(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = deepCopy(e)
		}
		return out
	}
	return v
}
