package discover

import (
	"cmp"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"
)

// chartDirs are the directories with a Chart.yaml.
func chartDirs(tree source.Tree) map[string]bool {
	dirs := map[string]bool{}
	for _, e := range tree.Entries() {
		if path.Base(e.Path) == "Chart.yaml" {
			dirs[path.Dir(e.Path)] = true
		}
	}
	return dirs
}

// mayBeChart says whether a file of the name could be a chart's: an object of a
// cluster without a name at its top is none to Helm.
func mayBeChart(docs []*source.Document) bool {
	if len(docs) == 0 {
		return true
	}
	_, _, isObject := object(docs[0].Value)
	return !isObject || doc.At(docs[0].Value, "name") != nil
}

// chart reads a Chart.yaml: https://helm.sh/docs/topics/charts/#the-chartyaml-file
func (c *collector) chart(r *reading) Chart {
	ch := Chart{Dir: path.Dir(r.entry.Path), Type: "application"}
	if len(r.docs) == 0 {
		return ch
	}
	ch.Doc = r.docs[0]
	v := ch.Doc.Value
	ch.Name, ch.Version, ch.AppVersion = doc.Text(v, "name"), doc.Text(v, "version"), doc.Text(v, "appVersion")
	ch.KubeVersion, ch.APIVersion = doc.Text(v, "kubeVersion"), doc.Text(v, "apiVersion")
	ch.Type = cmp.Or(doc.Text(v, "type"), ch.Type)
	ch.Dependencies = dependencies(v)
	if ch.APIVersion == "v1" && len(ch.Dependencies) == 0 {
		file := path.Join(ch.Dir, "requirements.yaml")
		if data, err := c.tree.ReadFile(file); err == nil {
			if docs, err := source.ParseLenient(file, data); err == nil && len(docs) > 0 {
				ch.Dependencies = dependencies(docs[0].Value)
			}
		}
	}
	return ch
}

func dependencies(chart any) []Dependency {
	var out []Dependency
	for _, v := range doc.List(chart, "dependencies") {
		if d, ok := v.(map[string]any); ok {
			out = append(out, Dependency{
				Name: doc.Text(d, "name"), Version: doc.Text(d, "version"), Repository: doc.Text(d, "repository"), Alias: doc.Text(d, "alias"), Condition: doc.Text(d, "condition"),
			})
		}
	}
	return out
}

// vendor says which charts stand below the charts/ of another one.
func vendor(inv *Inventory) {
	dirs := map[string]bool{}
	for _, ch := range inv.Charts {
		dirs[ch.Dir] = true
	}
	for i := range inv.Charts {
		ch := &inv.Charts[i]
		for d := ch.Dir; d != "."; d = path.Dir(d) {
			up, last := path.Split(d)
			if last != "charts" {
				continue
			}
			if up = strings.TrimSuffix(up, "/"); up == "" {
				up = "."
			}
			if dirs[up] {
				ch.Parent, ch.Vendored = up, true
				break
			}
		}
	}
}
