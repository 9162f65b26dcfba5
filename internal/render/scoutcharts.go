package render

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/source"
)

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

// inflations remembers the charts of the kustomization in file.
func (s *scout) inflations(file, dir, namespace string) error {
	data, err := s.in.read(file)
	if err != nil {
		return err
	}
	docs, err := source.ParseLenient(file, data) // kustomize reads YAML 1.1: yes is true
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
