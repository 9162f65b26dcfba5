package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"gate/internal/fetch"
	"gate/internal/source"

	"helm.sh/helm/v3/pkg/chart/loader"
	"sigs.k8s.io/yaml"
)

// Charts returns the archive of a chart that is not in the tree. Its errors are
// *source.Error, without a place unless they are about a file of the tree.
type Charts func(ctx context.Context, c fetch.Chart) ([]byte, error)

// errNotVendored is wrapped by errors about a chart that a repository would
// have.
var errNotVendored = errors.New("chart is not in the tree")

// dependencyTime bounds the fetching of all dependencies of a chart.
const dependencyTime = 40 * time.Second

// FetchedDir is where the value files of a fetched chart are named; nothing
// stands there in the tree.
func FetchedDir(c fetch.Chart) string {
	return path.Join(path.Dir(fetch.LockFile), "charts", strings.Map(fileRune, c.Name+"-"+cmp.Or(c.Version, "any")))
}

// RemoteChart returns the chart that a repository would have, or nil.
func RemoteChart(repository, name, version string) *fetch.Chart {
	if name == "" || !strings.Contains(repository, "://") {
		return nil
	}
	return &fetch.Chart{Repository: repository, Name: name, Version: version}
}

// notFetched is the fault of a unit whose chart is not in the tree.
func (s *Renderer) notFetched(u Unit) error {
	e := asError(u.Fault)
	if e == nil || u.Fetch == nil {
		return u.Fault
	}
	out := *e
	out.Cause = source.CauseChart
	out.Hint += "; or lock it: " + fetch.Command + ", and check with that flag"
	if _, locked := s.tree.Lookup(fetch.LockFile); locked {
		out.Hint = "fetch what " + fetch.LockFile + " names with --allow-network=helm, or " + e.Hint
	}
	return &out
}

// unitChart returns the files of a unit's chart: of the tree, or fetched. The
// value files of a fetched chart can be read through in.
func (s *Renderer) unitChart(ctx context.Context, in *input, u Unit) (*chartFiles, error) {
	if u.Fetch == nil {
		files := s.chartFiles(in.run, u.Path)
		for name, sum := range files.sums {
			in.noteSum(name, sum)
		}
		return files, files.err
	}
	l := s.chartLoader(ctx)
	if err := l.fetched(*u.Fetch, "", u.Place); err != nil {
		return nil, err
	}
	for _, f := range l.out.files {
		if dir, base := path.Split(f.Name); dir == "" && strings.HasSuffix(base, ".yaml") {
			in.make(path.Join(FetchedDir(*u.Fetch), base), f.Data)
		}
	}
	for name, sum := range l.in.sums {
		in.noteSum(name, sum)
	}
	return l.out, nil
}

// Texts returns what stands in the files of charts, to be searched; nil without
// charts.
func (c Charts) Texts(ctx context.Context) func(fetch.Chart) ([]byte, error) {
	if c == nil {
		return nil
	}
	return func(want fetch.Chart) ([]byte, error) {
		data, err := c(ctx, want)
		if err != nil {
			return nil, err
		}
		return ArchiveText(data)
	}
}

// ArchiveText is what stands in the files of a chart's archive, and of those that
// are packed in it, one behind the other, to be searched.
func ArchiveText(data []byte) ([]byte, error) {
	l := &chartLoader{out: &chartFiles{origin: map[*byte]string{}}, budget: maxChartBytes}
	if err := l.unpack("", "chart", data, 0); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, f := range l.out.files {
		out.Write(f.Data)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// presentValues leaves out the value files that need not be there.
func presentValues(in *input, u Unit) []string {
	if len(u.OptionalValues) == 0 {
		return u.Values
	}
	return slices.DeleteFunc(slices.Clone(u.Values), func(name string) bool {
		return slices.Contains(u.OptionalValues, name) && !in.exists(name)
	})
}

// fetched adds the files of a chart that is not in the tree under prefix. Its
// files cannot be edited, so that their place is what names the chart.
func (l *chartLoader) fetched(c fetch.Chart, prefix string, at source.Position) error {
	at.EndLine, at.EndColumn, at.Approximate = 0, 0, true
	data, err := l.charts(l.ctx, c)
	if err != nil {
		return placed(err, at)
	}
	if l.in.exists(fetch.LockFile) {
		if _, err := l.in.read(fetch.LockFile); err != nil {
			return err
		}
	}
	fault := func(format string, args ...any) error {
		return placed(&source.Error{Msg: c.String() + " " + fmt.Sprintf(format, args...)}, at)
	}
	files, err := loader.LoadArchiveFiles(bytes.NewReader(data))
	if err != nil {
		return fault("cannot be unpacked: %v", err)
	}
	// Two places may name the same chart: the place is a part of its name here.
	origin := fmt.Sprintf("%s:%s.tgz", at, c.Name)
	l.out.fetched[origin] = at
	var meta struct{ Name, Version string }
	for _, f := range files {
		if f.Name == "Chart.yaml" && yaml.Unmarshal(f.Data, &meta) != nil {
			return fault("has a Chart.yaml that is no YAML")
		}
		if isArchive(f.Name) {
			err = l.unpack(origin, prefix+f.Name, f.Data, 0)
		} else {
			err = l.add(prefix+f.Name, origin, f.Data)
		}
		if err != nil {
			return fault("%v", asMessage(err))
		}
	}
	if meta.Name != c.Name {
		return fault("holds the chart %q", meta.Name)
	}
	return nil
}

// placed gives an error without a place one.
func placed(err error, at source.Position) error {
	e := asError(err)
	if e == nil {
		return &source.Error{Position: at, Msg: err.Error()}
	}
	if e.File != "" {
		return err
	}
	out := *e
	out.Position = at
	return &out
}

func asMessage(err error) string {
	if e := asError(err); e != nil {
		return e.Msg
	}
	return err.Error()
}

// outside places an error about a file of a fetched chart where the chart is
// named.
func (s *Renderer) outside(err error, u Unit) error {
	e := asError(err)
	if u.Fetch == nil || e == nil {
		return err
	}
	if _, ok := s.tree.Lookup(e.File); ok {
		return err
	}
	out := *e
	out.Position, out.Msg = u.Place, u.Fetch.String()+": "+e.Msg
	out.Approximate = true
	return &out
}

// remoteDependency adds a chart that Chart.yaml wants from a repository and
// that is not vendored. lock are the versions of Chart.lock.
func (l *chartLoader) remoteDependency(dir, prefix string, i int, name, version, repository string, lock map[string]string) error {
	c := RemoteChart(repository, name, cmp.Or(lock[name], version))
	if l.charts == nil || c == nil || strings.HasPrefix(repository, "file://") {
		return nil // missing dependency: said where dependencies are checked
	}
	file := path.Join(dir, "Chart.yaml")
	at := source.Position{File: file}
	if data, err := l.in.read(file); err == nil {
		if docs, err := source.ParseYAML(file, data); err == nil && len(docs) > 0 {
			at, _ = docs[0].Locate(source.Path{"dependencies", i})
		}
	}
	return l.fetched(*c, prefix+"charts/"+name+"/", at)
}

// lockedVersions are the versions of Chart.lock.
func (l *chartLoader) lockedVersions(dir string) map[string]string {
	name := path.Join(dir, "Chart.lock")
	if !l.in.exists(name) {
		return nil
	}
	data, err := l.in.read(name)
	if err != nil {
		return nil
	}
	var lock struct {
		Dependencies []struct{ Name, Version string }
	}
	if yaml.Unmarshal(data, &lock) != nil {
		return nil
	}
	out := map[string]string{}
	for _, d := range lock.Dependencies {
		out[d.Name] = d.Version
	}
	return out
}
