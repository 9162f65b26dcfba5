package discover

import (
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/source"

	"github.com/bmatcuk/doublestar/v4"
)

// isAction says whether an action.yml is an action of GitHub and not a file
// that happens to have the name.
func isAction(docs []*source.Document) bool {
	if len(docs) == 0 {
		return false
	}
	return doc.Map(docs[0].Value, "runs") != nil
}

// includes follows the local includes of .gitlab-ci.yml:
// https://docs.gitlab.com/ci/yaml/#includelocal
func (c *collector) includes(inv *Inventory) {
	seen := map[string]bool{}
	for i := 0; i < len(inv.Workflows); i++ { // the list grows
		w := inv.Workflows[i]
		seen[w.Path] = true
		if w.Platform != "gitlab" {
			continue
		}
		for _, pattern := range localIncludes(w.Docs) {
			for _, p := range c.match(pattern) {
				if seen[p] {
					continue
				}
				seen[p] = true
				r := c.byPath[p]
				r.kind, r.form, r.fault, r.unread, r.reason, r.hint = KindWorkflow, "include", nil, nil, "", ""
				c.parse(r, source.ParseYAML)
				if r.fault == nil {
					inv.Workflows = append(inv.Workflows, Workflow{Path: p, Platform: "gitlab", Form: r.form, Docs: r.docs})
				}
			}
		}
	}
}

func localIncludes(docs []*source.Document) []string {
	var out []string
	for _, d := range docs {
		include := doc.At(d.Value, "include")
		entries, ok := include.([]any)
		if !ok {
			entries = []any{include}
		}
		for _, e := range entries {
			local := doc.Text(e, "local")
			if s := doc.Text(e); s != "" && !strings.Contains(s, "://") {
				local = s
			}
			if local = path.Clean(strings.TrimPrefix(local, "/")); local != "." && !strings.HasPrefix(local, "..") {
				out = append(out, local)
			}
		}
	}
	return out
}

// match returns the files that an include means: one file, or with * (one
// level) and ** (any) several.
func (c *collector) match(pattern string) []string {
	if r := c.byPath[pattern]; r != nil {
		return []string{pattern}
	}
	if !strings.Contains(pattern, "*") || !doublestar.ValidatePattern(pattern) {
		return nil
	}
	var out []string
	for i := range c.read {
		p := c.read[i].entry.Path
		if ok, _ := doublestar.Match(pattern, p); ok && (strings.HasSuffix(p, ".yml") || strings.HasSuffix(p, ".yaml")) {
			out = append(out, p)
		}
	}
	return out
}

// catalog reads the entities of a catalog-info.yaml.
func catalog(r *reading) []CatalogInfo {
	var out []CatalogInfo
	for _, d := range r.docs {
		group, kind, ok := object(d.Value)
		if !ok || group != "backstage.io" || kind != "Component" && kind != "Resource" && kind != "System" {
			continue
		}
		out = append(out, CatalogInfo{
			Path: r.entry.Path, Dir: path.Dir(r.entry.Path), Kind: kind,
			Name: doc.Text(d.Value, "metadata", "name"), Owner: doc.Text(d.Value, "spec", "owner"),
		})
	}
	return out
}
