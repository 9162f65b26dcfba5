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

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/fetch"
	"gate/internal/render/engine"
	"gate/internal/source"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/kustomize/api/konfig"
)

// inflations remembers the charts of the kustomization in file.
func (s *scout) inflations(file, dir, namespace string) error {
	data, err := s.in.read(file)
	if err != nil {
		return err
	}
	docs, err := source.ParseManifests(file, data) // kustomize reads YAML 1.1: yes is true
	if err != nil || len(docs) == 0 {
		return err
	}
	charts, err := inflations(docs[0], dir)
	if err != nil || len(charts) == 0 {
		return err
	}
	if ns := doc.Text(docs[0].Value, "namespace"); ns != "" {
		namespace = ns
	}
	inherits := false
	for i, c := range charts {
		if c.Namespace == "" {
			charts[i].Namespace, inherits = namespace, true
		}
	}
	if !inherits {
		namespace = ""
	}
	if before, ok := s.namespaces[file]; ok && before != namespace {
		return charts[0].fault("", fmt.Sprintf("the chart is inflated for namespace %q and for namespace %q in one build", before, namespace),
			"name the namespace of the chart, or build the kustomizations one by one")
	}
	if _, ok := s.namespaces[file]; !ok {
		s.charts[file] = append(s.charts[file], charts...)
		s.namespaces[file] = namespace
	}
	return nil
}

// inflator takes the i-th generator of a kustomization if it only inflates
// charts: the text of an entry, or the file that it names.
func (s *scout) inflator(document *source.Document, dir string, i int, text string) (bool, error) {
	file, data := document.File, []byte(text)
	var host source.Position
	if strings.Contains(text, "\n") {
		host, _ = document.Locate(source.Path{"generators", i})
	} else {
		name, ok := source.Join(dir, text)
		if !ok || s.dirs[name] || !s.in.exists(name) || Remote(text) {
			return false, nil
		}
		var err error
		if file = name; s.in.exists(name) {
			if data, err = s.in.read(name); err != nil {
				return false, err
			}
		}
	}
	if !bytes.Contains(data, []byte(inflatorKind)) {
		return false, nil
	}
	if _, err := bounded(file, data); err != nil {
		return false, err
	}
	docs, err := source.ParseManifests(file, data)
	if err != nil {
		return false, err
	}
	var found []inflation
	for _, d := range docs {
		c, ok, err := inflator(d, dir, host)
		if err != nil {
			return false, err
		}
		if ok {
			found = append(found, c)
		}
	}
	if len(found) < len(docs) {
		return false, nil // refused where its other documents are looked at
	}
	if !slices.Contains(s.dropped[document.File], i) {
		s.dropped[document.File] = append(s.dropped[document.File], i)
		s.charts[document.File] = append(s.charts[document.File], found...)
	}
	return true, nil
}

// inflate renders the charts of all kustomizations that are built, and puts
// their objects in the place of the fields that name them.
func (s *Renderer) inflate(ctx context.Context, sc *scout, tfs *treeFS, m *kustomizeMapping, r *Rendered) error {
	count, size := 0, 0
	for _, file := range slices.Sorted(maps.Keys(sc.charts)) {
		var names []string
		for i, c := range sc.charts[file] {
			if err := ctx.Err(); err != nil {
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
		KubeVersion: cmp.Or(parent.KubeVersion, c.KubeVersion), APIVersions: c.ApiVersions, SkipCRDs: !c.IncludeCRDs,
		Fetch: fetched,
	}}
	if len(parent.APIVersions) > 0 {
		sub.Unit.APIVersions = parent.APIVersions
	}
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

// InflatedCharts returns the charts of a tree that kustomizations inflate, each
// with the directory of the first one that does. One whose kustomization cannot
// be read is not among them.
func InflatedCharts(tree source.Tree, dirs map[string]bool, kustomizations []discover.Kustomization) map[string]string {
	out := map[string]string{}
	used := map[string]bool{}
	for _, k := range kustomizations {
		for _, r := range k.Refs {
			used[r] = true
		}
	}
	in := &input{tree: tree, sums: map[string]string{}}
	for _, k := range kustomizations {
		if k.Doc == nil || k.Kind == "Component" && !used[k.Dir] {
			continue
		}
		charts, err := inflations(k.Doc, k.Dir)
		if err != nil {
			continue
		}
		sc := newScout(in, dirs)
		for i, g := range doc.List(k.Doc.Value, "generators") {
			if text, ok := g.(string); ok {
				_, _ = sc.inflator(k.Doc, k.Dir, i, text) // building it says what is wrong
			}
		}
		for _, c := range append(charts, sc.charts[k.File]...) {
			if dir, err := c.chart(in.read, in.exists); err == nil && out[dir] == "" {
				out[dir] = k.Dir
			}
		}
	}
	return out
}
