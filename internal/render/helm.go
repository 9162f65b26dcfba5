package render

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/engine"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// helm renders a chart as `helm install` would, without a cluster.
func (s *Renderer) helm(ctx context.Context, in *input, r *Rendered) (err error) {
	u := r.Unit
	defer func() { err = s.outside(err, u) }()
	files, err := s.unitChart(ctx, in, u)
	if err != nil {
		return err
	}
	in.tell(files.repeats(u.OwnValues)...)
	values := map[string]any{}
	if !u.OwnValues {
		if values, err = readValues(in, presentValues(in, u)); err != nil {
			return err
		}
	}
	if values, err = controllerValues(in, u, values); err != nil {
		return err
	}
	p, err := s.prepare(in, u, files, values)
	if err != nil {
		return err
	}
	res, err := engine.Render(ctx, p.chart, p.values, p.options)
	if err != nil {
		return p.templateError(u, err)
	}
	r.SeededBy, r.Placeholders = res.Seeded, res.Placeholders
	if u.told.first() {
		r.Inputs = u.inputs(p.capabilities, res.Asked, res.Seeded)
		if !res.Asked.Nothing() {
			e := p.explore(ctx, u, res)
			r.found, r.Open = s.exploredIn(in, e, values), append(r.Open, e.open...)
		}
	}
	r.Notes = append(append(r.Notes, p.absentNotes(res.Absent)...), p.schemaNotes...)
	r.Faults = append(r.Faults, p.sealedFaults()...)
	if !u.SkipCRDs {
		if err := p.crds(r); err != nil {
			return err
		}
	}
	if err := p.objects(u, newHelmMapping(s, in, u, p, res, values), r, res, s.opts.Limits.Objects); err != nil {
		return err
	}
	if u.SkipTests {
		r.Objects = slices.DeleteFunc(r.Objects, func(o Object) bool { return testHook(o.Hook) })
	}
	return nil
}

// prepared is a chart that is ready to be executed.
type prepared struct {
	dir     string // of the chart
	chart   *chart.Chart
	files   *chartFiles
	values  chartutil.Values
	options engine.Options
	// unspoilt are the values before templates saw them; told and capabilities what
	// they are told of the release and the cluster.
	unspoilt     map[string]any
	told         chartutil.ReleaseOptions
	capabilities *chartutil.Capabilities
	// schemaNotes say by which schemas the values are not validated.
	schemaNotes []Note
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
func (s *Renderer) prepare(in *input, u Unit, files *chartFiles, values map[string]any) (*prepared, error) {
	chartYAML := path.Join(u.Path, "Chart.yaml")
	c, err := files.chart()
	if err != nil {
		return nil, fault1(chartYAML, "chart cannot be loaded: "+err.Error(), "")
	}
	if strings.EqualFold(c.Metadata.Type, "library") {
		return nil, fault1(chartYAML, "a library chart renders nothing by itself", "render a chart that depends on it")
	}
	if missing := missingDependencies(c); len(missing) > 0 {
		return nil, &source.Error{
			Position: source.Position{File: chartYAML}, Msg: "dependencies are not vendored: " + strings.Join(missing, ", "), Hint: dependencyHint(c, u.Path),
			Cause: source.CauseChart,
		}
	}
	caps, err := capabilities(u)
	if err != nil {
		return nil, fault1(chartYAML, err.Error(), "write kubeVersion as 1.33 or v1.33.0")
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, caps.KubeVersion.Version) {
		return nil, fault1(chartYAML, fmt.Sprintf("the chart needs Kubernetes %s, this unit is rendered for %s", want, caps.KubeVersion.Version),
			"set kubeVersion of the unit")
	}
	if u.OwnValues {
		if c.Values, err = readValues(in, presentValues(in, u)); err != nil {
			return nil, err
		}
	}
	vals := doc.Clone(values).(map[string]any)
	if err := chartutil.ProcessDependenciesWithMerge(c, vals); err != nil {
		return nil, fault1(chartYAML, "dependencies: "+valueless(err), "")
	}
	told := u.release()
	top, err := chartutil.ToRenderValuesWithSchemaValidation(c, vals, told, caps, true)
	if err != nil {
		return nil, fault1(chartYAML, "values: "+valueless(err), "")
	}
	p := &prepared{chart: c, dir: u.Path, files: files, values: top, told: told, capabilities: caps, templates: map[string]chartFile{}}
	p.collectTemplates(c, nil)
	if table, err := top.Table("Values"); err == nil {
		p.unspoilt = doc.Clone(map[string]any(table)).(map[string]any)
	}
	if table, err := top.Table("Values"); err == nil && !u.SkipSchema {
		if err := p.checkSchemas(c, table, u, nil, func() *provenance { return newProvenance(in, u, p) }); err != nil {
			return nil, err
		}
	}
	p.options = engine.Options{
		Seed: strings.Join([]string{u.Path, u.Release, namespaceOf(u), u.Environment, u.Target}, "\x00"),
		Now:  s.opts.Now, Limits: engine.Limits{OutputBytes: s.opts.Limits.OutputBytes},
		Watch: u.watch(caps.KubeVersion.Version), Turn: u.told.turn,
	}
	if !u.told.first() {
		p.values["Capabilities"] = p.capabilitiesUnder(u.told)
	}
	return p, nil
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
		if at, ok := p.files.fetched[t.file]; ok {
			return at
		}
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

// mismatch is where Helm repeats a value that is no mapping.
var mismatch = compiled(`(?s)type mismatch on ([^:]*): .*`)

// valueless is what Helm says about values, without the values.
func valueless(err error) string {
	return mismatch().ReplaceAllString(err.Error(), "the values of $1 are no mapping")
}
