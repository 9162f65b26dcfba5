package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/fetch"
	"gate/internal/render/engine"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/kustomize/api/konfig"
)

// inflate renders the charts of all kustomizations that are built, and puts
// their objects in the place of the fields that name them.
func (s *Renderer) inflate(ctx context.Context, sc *scout, tfs *treeFS, m *kustomizeMapping, r *Rendered) error {
	count, size := 0, 0
	for _, file := range slices.Sorted(maps.Keys(sc.charts)) {
		var names []string
		for i, c := range sc.charts[file] {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			sub, err := s.inflateOne(ctx, sc.in, r.Unit, c)
			if err != nil {
				return err
			}
			text, objects, err := inflatedFile(sub)
			if err != nil {
				return err
			}
			// Many entries may name one small chart.
			if count += len(objects); count > s.opts.Limits.Objects {
				return c.fault("", fmt.Sprintf("the charts of the kustomization render more than the limit of %d objects", s.opts.Limits.Objects), "")
			}
			if size += len(text); size > s.opts.Limits.OutputBytes {
				return c.fault("", fmt.Sprintf("the charts of the kustomization render more than the limit of %d bytes", s.opts.Limits.OutputBytes), "")
			}
			base := strings.Map(fileRune, fmt.Sprintf("chart-%d-%s", i, path.Base(c.Name)))
			name := path.Join(path.Dir(file), base+".inflated.yaml")
			if sc.in.exists(name) {
				return c.fault("", fmt.Sprintf("the file %q stands where the chart's objects are put", name), "rename it")
			}
			sc.in.make(name, text)
			m.made[name] = objects
			names = append(names, path.Base(name))
			r.Notes = append(r.Notes, sub.Notes...)
			r.SeededBy = append(r.SeededBy, sub.SeededBy...)
			r.Placeholders = append(r.Placeholders, sub.Placeholders...)
			r.Inputs, r.Open = append(r.Inputs, sub.Inputs...), append(r.Open, sub.Open...)
			for _, x := range sub.found {
				x.build = nil // the whole kustomization is built
				r.found = append(r.found, x)
			}
		}
		data, err := sc.in.read(file)
		if err != nil {
			return err
		}
		text, ok := withoutCharts(data, names, sc.dropped[file])
		if !ok {
			return fault1(file, "charts cannot be put in the place of helmCharts", "")
		}
		tfs.replaced[file] = text
	}
	slices.Sort(r.SeededBy)
	r.SeededBy = slices.Compact(r.SeededBy)
	slices.Sort(r.Placeholders)
	r.Placeholders = slices.Compact(r.Placeholders)
	return nil
}

func fileRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
		return r
	}
	return '-'
}

// inflateOne renders one chart as `helm template` would for kustomize.
func (s *Renderer) inflateOne(ctx context.Context, in *input, parent Unit, c inflation) (*Rendered, error) {
	dir, err := c.chart(in.read, in.exists)
	var fetched *fetch.Chart
	if errors.Is(err, errNotVendored) && s.opts.Charts != nil {
		if fetched = RemoteChart(c.Repo, c.Name, c.Version); fetched != nil {
			dir, err = FetchedDir(*fetched), nil
		}
	}
	if err != nil {
		return nil, err
	}
	sub := &Rendered{Unit: Unit{
		ID: parent.ID, Kind: KindHelm, Path: dir, Release: c.ReleaseName, Namespace: c.Namespace,
		Environment: parent.Environment, Target: parent.Target, Place: c.place(),
		KubeVersion: cmp.Or(parent.KubeVersion, c.KubeVersion), Serves: parent.Serves, APIVersions: c.ApiVersions, SkipCRDs: !c.IncludeCRDs,
		Fetch: fetched, Strict: true, inflated: true,
	}}
	if len(parent.APIVersions) > 0 {
		sub.Unit.APIVersions = parent.APIVersions
	}
	sub.Unit.told = sub.Unit.open(parent.told)
	switch {
	case c.NameTemplate != "" && c.ReleaseName != "":
		return nil, c.fault("nameTemplate", "a release has a name or a template for its name, not both", "")
	case c.NameTemplate != "":
		if err := s.nameRelease(ctx, c, sub); err != nil {
			return nil, err
		}
	case c.ReleaseName == "": // helm appends the time
		sub.Unit.Release = path.Base(c.Name)
		sub.SeededBy = []string{"generate-name"}
	}
	if fetched != nil { // its values.yaml can be merged with those of the kustomization
		if _, err := s.unitChart(ctx, in, sub.Unit); err != nil {
			return nil, err
		}
	}
	if sub.Unit.Inline, err = c.values(in, dir); err != nil {
		return nil, err
	}
	named := sub.SeededBy
	if err := s.helm(ctx, in, sub); err != nil {
		return nil, err
	}
	sub.SeededBy = append(sub.SeededBy, named...)
	sub.Objects = slices.DeleteFunc(sub.Objects, func(o Object) bool {
		return o.Hook != "" && (c.SkipHooks || c.SkipTests && testHook(o.Hook))
	})
	return sub, nil
}

func testHook(hook string) bool {
	for e := range strings.SplitSeq(hook, ",") {
		if e = strings.TrimSpace(e); e == "test" || e == "test-success" {
			return true
		}
	}
	return false
}

// nameRelease executes the template of a release's name.
func (s *Renderer) nameRelease(ctx context.Context, c inflation, sub *Rendered) error {
	ch := &chart.Chart{Metadata: &chart.Metadata{Name: "name"}, Templates: []*chart.File{{Name: "templates/name", Data: []byte(c.NameTemplate)}}}
	res, err := engine.Render(ctx, ch, map[string]any{}, engine.Options{
		Seed: strings.Join([]string{"name", sub.Unit.Path, c.dir}, "\x00"), Now: s.opts.Now, Limits: engine.Limits{OutputBytes: 1 << 10},
	})
	if err != nil {
		return c.fault("nameTemplate", err.Error(), "")
	}
	sub.Unit.Release, sub.SeededBy = res.Files["name/templates/name"], res.Seeded
	return nil
}

// inflatedFile writes the objects of a chart as kustomize would read them.
// kustomize leaves the namespace of marked objects to helm.
func inflatedFile(sub *Rendered) ([]byte, []baseObject, error) {
	var out bytes.Buffer
	var objects []baseObject
	for _, o := range sub.Objects {
		objects = append(objects, baseObject{manifest: o.Manifest, locator: o.Locator, file: o.File, start: o.Place})
		text, err := yaml.Marshal(markInflated(o.Manifest))
		if err != nil {
			return nil, nil, err
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return out.Bytes(), objects, nil
}

func markInflated(o map[string]any) map[string]any {
	copied := func(m map[string]any) map[string]any {
		out := make(map[string]any, len(m)+1)
		for k, v := range m {
			out[k] = v
		}
		return out
	}
	out := copied(o)
	meta := copied(doc.Map(o, "metadata"))
	notes := copied(doc.Map(meta, "annotations"))
	notes[konfig.HelmGeneratedAnnotation] = "true"
	meta["annotations"], out["metadata"] = notes, meta
	return out
}

// withoutCharts returns a kustomization that lists files instead of charts.
func withoutCharts(data []byte, files []string, dropped []int) ([]byte, bool) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || document.Kind != yaml.DocumentNode || document.Content[0].Kind != yaml.MappingNode {
		return nil, false
	}
	top := document.Content[0]
	if g := mappingValue(top, "generators"); g != nil && len(dropped) > 0 {
		var kept []*yaml.Node
		for i, e := range g.Content {
			if !slices.Contains(dropped, i) {
				kept = append(kept, e)
			}
		}
		g.Content = kept
	}
	var fields []*yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		switch top.Content[i].Value {
		case "helmCharts", "helmGlobals", "helmChartInflationGenerator":
		default:
			fields = append(fields, top.Content[i], top.Content[i+1])
		}
	}
	top.Content = fields
	add := make([]any, len(files))
	for i, f := range files {
		add[i] = f
	}
	if !setFields(top, map[string]any{"resources": add}) {
		return nil, false
	}
	out, err := yaml.Marshal(&document)
	return out, err == nil
}
