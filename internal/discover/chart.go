package discover

import (
	"path"
	"strings"

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

// chart reads a Chart.yaml: https://helm.sh/docs/topics/charts/#the-chartyaml-file
func (c *collector) chart(r *reading) Chart {
	ch := Chart{Dir: path.Dir(r.entry.Path), Type: "application"}
	if len(r.docs) == 0 {
		return ch
	}
	ch.Doc = r.docs[0]
	m, _ := ch.Doc.Value.(map[string]any)
	ch.Name, ch.Version, ch.AppVersion = text(m["name"]), text(m["version"]), text(m["appVersion"])
	ch.KubeVersion, ch.APIVersion = text(m["kubeVersion"]), text(m["apiVersion"])
	if t := text(m["type"]); t != "" {
		ch.Type = t
	}
	ch.Dependencies = dependencies(m)
	if ch.APIVersion == "v1" && len(ch.Dependencies) == 0 {
		file := path.Join(ch.Dir, "requirements.yaml")
		if data, err := c.tree.ReadFile(file); err == nil {
			if docs, err := source.ParseYAML(file, data); err == nil && len(docs) > 0 {
				m, _ := docs[0].Value.(map[string]any)
				ch.Dependencies = dependencies(m)
			}
		}
	}
	return ch
}

func dependencies(m map[string]any) []Dependency {
	var out []Dependency
	list, _ := m["dependencies"].([]any)
	for _, v := range list {
		d, ok := v.(map[string]any)
		if !ok {
			continue
		}
		out = append(out, Dependency{
			Name: text(d["name"]), Version: text(d["version"]), Repository: text(d["repository"]), Alias: text(d["alias"]), Condition: text(d["condition"]),
		})
	}
	return out
}

func text(v any) string {
	s, _ := v.(string)
	return s
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
