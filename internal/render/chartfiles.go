package render

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"
	"time"

	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"
	"sigs.k8s.io/yaml"
)

// chartFiles are the files of a chart as Helm would load them, archives of
// subcharts unpacked and local dependencies put in place.
type chartFiles struct {
	files []loader.BufferedFile
	sums  map[string]string // files of the tree that were read -> sha256
	// origin leads from the content of a loaded file (its first byte) to the
	// file of the tree; chart.LoadFiles keeps the content where it is.
	origin map[*byte]string
	// fetched leads from the origin of files that are not of the tree to what
	// names their chart.
	fetched map[string]source.Position
	// repeated are the keys that stand twice in the values of the chart itself
	// and of those below it.
	repeated func() (root, below []source.Repeat)
	err      error
}

// maxChartBytes is the default limit of the files of one chart.
const maxChartBytes = 64 << 20

// maxArchiveDepth bounds archives inside archives.
const maxArchiveDepth = 5

// chartFiles returns the files of the chart at dir, read once. What it fetches
// is for all units of the run, so that no unit's own time ends it.
func (s *Renderer) chartFiles(run context.Context, dir string) *chartFiles {
	v, _ := s.charts.LoadOrStore(dir, sync.OnceValue(func() *chartFiles {
		ctx, cancel := context.WithTimeout(run, dependencyTime)
		defer cancel()
		l := s.chartLoader(ctx)
		l.out.err = l.load(dir, "", nil)
		l.out.sums = l.in.sums
		return l.out
	}))
	return v.(func() *chartFiles)()
}

func (s *Renderer) chartLoader(ctx context.Context) *chartLoader {
	out := &chartFiles{origin: map[*byte]string{}, fetched: map[string]source.Position{}}
	out.repeated = sync.OnceValues(out.findRepeats)
	return &chartLoader{
		tree: s.tree, in: &input{tree: s.tree, sums: map[string]string{}}, budget: s.opts.Limits.ChartBytes,
		out: out, ctx: ctx, charts: s.opts.Charts,
	}
}

// chart builds a fresh chart: rendering changes it.
func (c *chartFiles) chart() (*chart.Chart, error) {
	files := make([]*loader.BufferedFile, len(c.files))
	for i := range c.files {
		f := c.files[i]
		files[i] = &f
	}
	ch, err := loader.LoadFiles(files)
	if err != nil {
		return nil, err
	}
	sortDependencies(ch)
	return ch, nil
}

// sortDependencies makes the order independent of the loader's map iteration.
func sortDependencies(c *chart.Chart) {
	deps := append([]*chart.Chart{}, c.Dependencies()...)
	for _, d := range deps {
		sortDependencies(d)
	}
	sort.SliceStable(deps, func(i, j int) bool {
		if deps[i].Name() != deps[j].Name() {
			return deps[i].Name() < deps[j].Name()
		}
		return deps[i].Metadata.Version < deps[j].Metadata.Version
	})
	c.SetDependencies(deps...)
}

// originOf returns the file of the tree that content was loaded from.
func (c *chartFiles) originOf(content []byte) (string, bool) {
	if len(content) == 0 {
		return "", false
	}
	name, ok := c.origin[&content[0]]
	return name, ok
}

type chartLoader struct {
	tree   source.Tree
	in     *input
	budget int64
	out    *chartFiles
	ctx    context.Context // of what is fetched
	charts Charts          // nil: nothing is
}

// load adds the files of the chart at dir under prefix ("charts/x/" for a
// subchart). parents are the chart directories that are being loaded.
func (l *chartLoader) load(dir, prefix string, parents []string) error {
	for _, p := range parents {
		if p == dir {
			return fault1(path.Join(dir, "Chart.yaml"), "chart depends on itself: "+strings.Join(append(parents, dir), " -> "), "")
		}
	}
	rules, err := l.rules(dir)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	var chartYAML []byte
	for _, e := range source.Below(l.tree, dir) {
		rel := e.Path
		if dir != "." {
			rel = e.Path[len(dir)+1:]
		}
		if ignored(rules, rel) {
			continue
		}
		data, err := l.in.read(e.Path)
		if err != nil {
			return err
		}
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if rel == "Chart.yaml" {
			chartYAML = data
		}
		if sub, ok := strings.CutPrefix(rel, "charts/"); ok {
			have[strings.SplitN(sub, "/", 2)[0]] = true
		}
		if isArchive(rel) {
			err = l.unpack(e.Path, prefix+rel, data, 0)
		} else {
			err = l.add(prefix+rel, e.Path, data)
		}
		if err != nil {
			return err
		}
	}
	return l.localDependencies(dir, prefix, chartYAML, have, append(parents, dir))
}

// isArchive says whether a file is a packed subchart: charts/x.tgz.
func isArchive(rel string) bool {
	return strings.HasSuffix(rel, ".tgz") && path.Base(path.Dir(rel)) == "charts" && !strings.ContainsAny(path.Base(rel)[:1], "_.")
}

func (l *chartLoader) add(name, origin string, data []byte) error {
	if l.budget -= int64(len(data)); l.budget < 0 {
		return fault1(origin, "the chart's files are larger than the limit", "exclude what is no part of the chart by .helmignore")
	}
	l.out.files = append(l.out.files, loader.BufferedFile{Name: name, Data: data})
	if len(data) > 0 {
		l.out.origin[&data[0]] = origin
	}
	return nil
}

// unpack adds the files of a packed subchart as if it stood there unpacked;
// each keeps the archive as its origin.
func (l *chartLoader) unpack(origin, name string, data []byte, depth int) error {
	if depth > maxArchiveDepth {
		return fault1(origin, fmt.Sprintf("archives are nested more than %d levels deep", maxArchiveDepth), "")
	}
	files, err := loader.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return fault1(origin, "cannot be unpacked: "+err.Error(), "helm dependency build "+source.ShellOperand(path.Dir(path.Dir(origin))))
	}
	// Not the plain name: an unpacked chart of that name may stand beside it.
	dir := strings.TrimSuffix(name, ".tgz") + ".packed"
	for _, f := range files {
		inner := dir + "/" + f.Name
		if isArchive(f.Name) {
			err = l.unpack(origin, inner, f.Data, depth+1)
		} else {
			err = l.add(inner, origin, f.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// localDependencies puts charts of file:// repositories in place, as `helm
// dependency build` would; a vendored copy wins.
func (l *chartLoader) localDependencies(dir, prefix string, chartYAML []byte, have map[string]bool, parents []string) error {
	var meta struct {
		Dependencies []struct{ Name, Version, Repository string }
	}
	if chartYAML == nil || yaml.Unmarshal(chartYAML, &meta) != nil {
		return nil // chart.LoadFiles says what is wrong
	}
	locked := l.lockedVersions(dir)
	for i, d := range meta.Dependencies {
		sub, ok := LocalDependency(dir, d.Repository)
		if d.Name == "" || strings.ContainsAny(d.Name, "/\\") || vendored(have, d.Name) {
			continue
		}
		if !ok {
			if err := l.remoteDependency(dir, prefix, i, d.Name, d.Version, d.Repository, locked); err != nil {
				return err
			}
			continue
		}
		if _, ok := l.tree.Lookup(path.Join(sub, "Chart.yaml")); !ok {
			continue // missing dependency: said where dependencies are checked
		}
		have[d.Name] = true
		if err := l.load(sub, prefix+"charts/"+d.Name+"/", parents); err != nil {
			return err
		}
	}
	return nil
}

func vendored(have map[string]bool, name string) bool {
	for h := range have {
		if h == name || strings.HasPrefix(h, name+"-") && strings.HasSuffix(h, ".tgz") {
			return true
		}
	}
	return false
}

// rules reads the chart's .helmignore.
func (l *chartLoader) rules(dir string) (*ignore.Rules, error) {
	rules := ignore.Empty()
	name := path.Join(dir, ignore.HelmIgnore)
	if _, ok := l.tree.Lookup(name); ok {
		data, err := l.in.read(name)
		if err != nil {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(data)); err != nil {
			return nil, fault1(name, err.Error(), "")
		}
	}
	rules.AddDefaults()
	return rules, nil
}

// ignored says whether .helmignore hides a file or one of its directories.
func ignored(rules *ignore.Rules, rel string) bool {
	for i := range len(rel) {
		if rel[i] == '/' && rules.Ignore(rel[:i], fileInfo{rel[:i], true}) {
			return true
		}
	}
	return rules.Ignore(rel, fileInfo{rel, false})
}

// fileInfo is what the ignore rules ask of a file.
type fileInfo struct {
	path string
	dir  bool
}

func (f fileInfo) Name() string       { return path.Base(f.path) }
func (f fileInfo) Size() int64        { return 0 }
func (f fileInfo) Mode() fs.FileMode  { return 0 }
func (f fileInfo) ModTime() time.Time { return time.Time{} }
func (f fileInfo) IsDir() bool        { return f.dir }
func (f fileInfo) Sys() any           { return nil }

func fault1(file, msg, hint string) error {
	return &source.Error{Position: source.Position{File: file}, Msg: msg, Hint: hint}
}

// asError returns the *source.Error in err, or nil.
func asError(err error) *source.Error {
	var e *source.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// LocalDependency returns the directory of a file:// repository.
func LocalDependency(chart, repository string) (string, bool) {
	rel, ok := strings.CutPrefix(repository, "file://")
	if !ok || strings.HasPrefix(rel, "/") {
		return "", false
	}
	return source.Join(chart, rel)
}
