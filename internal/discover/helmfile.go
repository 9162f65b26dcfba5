package discover

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Helmfile is the kind of the entries of the ledger for what helmfile deploys.
const Helmfile = "helmfile"

// maxReleases bounds the releases that an entry names.
const maxReleases = 3

// helmfileName says whether helmfile takes a file for its own without being told:
// https://helmfile.readthedocs.io/en/latest/#configuration
func helmfileName(p string) bool {
	base, dir := path.Base(p), path.Base(path.Dir(p))
	switch strings.TrimSuffix(base, ".gotmpl") {
	case "helmfile.yaml", "helmfile.yml":
		return true
	}
	name := strings.TrimSuffix(base, ".gotmpl")
	return dir == "helmfile.d" && (strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml"))
}

// helmfiles names what helmfile would install: nothing here evaluates its templates,
// environments and layers of values.
func (c *collector) helmfiles(inv *Inventory) {
	for i := range c.read {
		p := c.read[i].entry.Path
		if c.read[i].fault != nil || !helmfileName(p) {
			continue
		}
		data, err := c.tree.ReadFile(p)
		if err != nil {
			continue
		}
		names, found := releases(p, data)
		if !found {
			continue
		}
		what := "its releases"
		if len(names) > 0 {
			what = strings.Join(names[:min(len(names), maxReleases)], ", ")
			if more := len(names) - maxReleases; more > 0 {
				what += fmt.Sprintf(" and %d more", more)
			}
		}
		inv.Ledger = append(inv.Ledger, facts.Entry{
			Kind: Helmfile, ID: "file:" + p, State: facts.Skipped, Input: "rendering", Place: source.Position{File: p},
			Reason: "helmfile is not evaluated; not judged as released: " + what,
			Hint:   "commit what it renders (helmfile -f " + p + " template > FILE), or name the charts of the tree under units in .gate.yaml and list the file under exclude",
		})
	}
}

// releases are the names of the releases of a helmfile, as far as they can be read, and
// whether it has any: a template is none by itself.
func releases(p string, data []byte) (names []string, found bool) {
	docs, err := source.ParseYAML(p, data)
	if err != nil {
		for line := range strings.Lines(string(data)) {
			found = found || strings.HasPrefix(line, "releases:") || strings.HasPrefix(line, "helmfiles:")
		}
		return nil, found
	}
	for _, d := range docs {
		found = found || doc.At(d.Value, "releases") != nil || doc.At(d.Value, "helmfiles") != nil
		for _, r := range doc.List(d.Value, "releases") {
			if name := doc.Text(r, "name"); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names, found
}
