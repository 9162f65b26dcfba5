package compare

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/source"
)

// Reach is what the files of a change can have an influence on.
type Reach struct {
	files map[string]bool // changed files, by the names before and after
	dirs  map[string]bool // directories that hold one
	above map[string]bool // directories that hold one at any depth
	links map[string]bool // symbolic links of both trees
	// linkDirs are the directories that hold one of those, at any depth.
	linkDirs map[string]bool
	names    map[string][]string // directories and files that charts and kustomizations name, by directory
	inputs   bool                // a changed file may be an input of what nobody can read
	// structural says that a changed file may define or belong to a unit that
	// only the base has.
	structural bool
}

// NewReach reads off the changed files what they can have an influence on.
func NewReach(t *Trees, head *discover.Inventory) *Reach {
	c := &Reach{files: map[string]bool{}, dirs: map[string]bool{}, above: map[string]bool{}, links: map[string]bool{}, linkDirs: map[string]bool{}, names: namesOf(head)}
	for _, tree := range []source.Tree{t.Head, t.Base} {
		for _, e := range tree.Entries() {
			if e.Symlink {
				c.links[e.Path] = true
				for d := path.Dir(e.Path); !c.linkDirs[d]; d = path.Dir(d) {
					c.linkDirs[d] = true
				}
			}
		}
	}
	for _, f := range t.Files {
		for _, p := range []string{f.Path, f.Previous} {
			if p == "" {
				continue
			}
			c.files[p] = true
			c.dirs[path.Dir(p)] = true
			for d := path.Dir(p); !c.above[d]; d = path.Dir(d) {
				c.above[d] = true
			}
			c.structural = c.structural || definesUnits(p) || c.links[p]
			c.inputs = c.inputs || mayBeInput(p)
		}
	}
	return c
}

// namesOf are what the charts and kustomizations of a tree name beside their
// own files.
func namesOf(inv *discover.Inventory) map[string][]string {
	out := map[string][]string{}
	if inv == nil {
		return out
	}
	manifests := map[string][]*source.Document{}
	for _, m := range inv.Manifests {
		manifests[m.Path] = m.Docs
	}
	for _, k := range inv.Kustomizations {
		out[k.Dir] = append(out[k.Dir], k.Refs...)
		if k.Doc != nil {
			out[k.Dir] = append(out[k.Dir], namedByPlugins(k, manifests)...)
		}
	}
	for _, chart := range inv.Charts {
		for _, d := range chart.Dependencies {
			if dir, ok := render.LocalDependency(chart.Dir, d.Repository); ok {
				out[chart.Dir] = append(out[chart.Dir], dir)
			}
		}
	}
	return out
}

// namedByPlugins are the paths outside of its directory that the configurations of a
// kustomization's generators, transformers and validators name, in files or in
// place.
func namedByPlugins(k discover.Kustomization, manifests map[string][]*source.Document) []string {
	var out []string
	for _, field := range []string{"generators", "transformers", "validators"} {
		for _, entry := range doc.Texts(k.Doc.Value, field) {
			dir := k.Dir
			texts := []string{entry}
			if at := path.Join(k.Dir, entry); manifests[at] != nil {
				dir, texts = path.Dir(at), nil
				for _, d := range manifests[at] {
					texts = append(texts, fmt.Sprint(d.Value))
				}
			}
			for _, text := range texts {
				for _, rel := range outside().FindAllString(text, -1) {
					out = append(out, path.Join(dir, rel))
				}
			}
		}
	}
	return out
}

// Any says whether the change can have an influence on anything that is
// rendered: on one of the outcomes of the head, on what only the base has, or on
// what a chart or kustomization deploys that nobody can read. If not, the base
// renders to what the head renders to.
func (c *Reach) Any(head Side) bool {
	return c.structural || slices.ContainsFunc(head.Outcomes, c.touches) ||
		c.inputs && head.Inventory != nil && slices.ContainsFunc(head.Inventory.Unreadable, builds)
}

// definesUnits says whether a file of this name may be a manifest, a chart or
// a kustomization.
func definesUnits(p string) bool {
	switch {
	case own(p):
		return false
	case kustomizationName(p), path.Base(p) == ".sourceignore": // which says what is none
		return true
	}
	return slices.Contains([]string{".yaml", ".yml", ".json", ".jsonnet", ".cue"}, strings.ToLower(path.Ext(p)))
}

// mayBeInput says whether a file of this name may be read for what is deployed:
// what tells people or forges something is not, unless it is known to be read.
func mayBeInput(p string) bool {
	name := path.Base(p)
	for _, prefix := range []string{"README", "CHANGELOG", "LICENSE", "CODEOWNERS", "CONTRIBUTING"} {
		if strings.HasPrefix(strings.ToUpper(name), prefix) {
			return false
		}
	}
	return definesUnits(p) || path.Ext(name) != ".md" && !own(p) && name != ".gitignore"
}

// own says whether a file configures the forge or this program.
func own(p string) bool {
	return strings.HasPrefix(p, ".github/") || strings.HasPrefix(p, ".gate/") || p == ".gate.yaml" || p == ".gitlab-ci.yml"
}

func kustomizationName(p string) bool {
	return slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, path.Base(p))
}

// touches says whether the change can have an influence on what a unit of the
// head renders to. It says so rather too often: a file that is gone is in no
// list of sources, so that its neighbours tell.
func (c *Reach) touches(o render.Outcome) bool {
	switch {
	case o.Rendered == nil:
		return c.touchesFailed(o.Unit)
	case o.Rendered.AsBefore:
		return false
	}
	if o.Unit.Kind != render.KindManifests && c.above[o.Unit.Path] {
		return true
	}
	for _, list := range [][]string{o.Rendered.Sources, o.Unit.Files, o.Unit.Values} {
		for _, p := range list {
			dir := path.Dir(p)
			if c.files[p] || c.dirs[dir] || path.Base(p) == "Chart.yaml" && c.above[dir] || c.linked(p) && len(c.files) > 0 {
				return true
			}
		}
	}
	return false
}

// touchesFailed says whether the change can have an influence on what a unit
// would render to of which it is only known why it does not render.
func (c *Reach) touchesFailed(u render.Unit) bool {
	switch {
	case !c.inputs: // what tells people something is read where it is named, and nowhere else
		return u.Fetch == nil && slices.ContainsFunc(slices.Concat(u.Files, u.Values, c.reads(u)), func(p string) bool { return c.files[p] })
	case u.Kind == render.KindJsonnet, u.Kind == render.KindCUE: // read from anywhere
		return true
	}
	files := slices.Concat(u.Files, u.Values)
	if u.Fault == nil { // else it is told from the object alone
		files = append(files, u.Place.File)
	}
	for _, p := range files {
		if c.files[p] || p != "" && u.Kind != render.KindHelm && c.dirs[path.Dir(p)] {
			return true
		}
	}
	return u.Fetch == nil && slices.ContainsFunc(append(c.reads(u), u.Watches...), func(dir string) bool {
		return c.above[dir] || c.files[dir] || c.linked(dir) || c.links[dir] || c.linksBelow(dir)
	})
}

// reads are the directories that a chart or kustomization is made of, with
// what it names in other ones.
func (c *Reach) reads(u render.Unit) []string {
	out, seen := []string{u.Path}, map[string]bool{u.Path: true}
	for i := 0; i < len(out); i++ {
		for _, next := range c.names[out[i]] {
			if !seen[next] {
				seen[next] = true
				out = append(out, next)
			}
		}
	}
	return out
}

// linksBelow says whether a symbolic link stands in a directory, at any depth:
// it may lead to what is changed.
func (c *Reach) linksBelow(dir string) bool {
	return c.linkDirs[dir]
}

// linked says whether p is reached through a symbolic link, whose target is
// what may be changed.
func (c *Reach) linked(p string) bool {
	if len(c.links) == 0 {
		return false
	}
	for ; p != "."; p = path.Dir(p) {
		if c.links[p] {
			return true
		}
	}
	return false
}

// Changed says whether the change touches a file, by its name before or after.
func (c *Reach) Changed(file string) bool { return c.files[file] }
