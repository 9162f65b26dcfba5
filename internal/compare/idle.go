package compare

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/fetch"
	"gate/internal/render"
	"gate/internal/source"
)

// Idle tells which units need not be rendered to know what a change does: it
// touches nothing that they are read from, they deploy and lend nothing to
// others, and no kind of object or role for everybody is defined there. In doubt
// a unit is rendered. It may be used from several goroutines.
type Idle struct {
	trees          *Trees
	reach          *Reach
	tree           source.Tree
	kustomizations map[string]*discover.Kustomization // by directory
	remote         map[string]bool                    // directories of charts that want others from repositories
	charts         func(fetch.Chart) ([]byte, error)  // texts of charts that are not in the tree; nil: none
	lent           [][]byte                           // names of what values and variables come from

	mu    sync.Mutex
	texts map[string][]byte // files of idle units, and charts that are not in the tree
	loud  map[string]bool   // files that say something to others
}

// NewIdle reads off a tree what its units may say to one another. charts are the
// texts of charts that are not in the tree; nil: there are none.
func NewIdle(t *Trees, head *discover.Inventory, reach *Reach, charts func(fetch.Chart) ([]byte, error)) *Idle {
	n := &Idle{
		trees: t, reach: reach, tree: t.Head, kustomizations: map[string]*discover.Kustomization{}, remote: map[string]bool{}, charts: charts,
		texts: map[string][]byte{}, loud: map[string]bool{},
	}
	for _, c := range head.Charts {
		n.remote[c.Dir] = slices.ContainsFunc(c.Dependencies, func(d discover.Dependency) bool { return render.RemoteChart(d.Repository, d.Name, "") != nil })
	}
	names := map[string]bool{}
	for i := range head.Kustomizations {
		k := &head.Kustomizations[i]
		if n.kustomizations[k.Dir] = k; k.Doc != nil {
			lentNames(k.Doc.Value, names)
		}
	}
	for _, m := range head.Manifests {
		for _, d := range m.Docs {
			if version := doc.Text(d.Value, "apiVersion"); version == "" || strings.Contains(version, "fluxcd.") {
				lentNames(d.Value, names)
			}
		}
	}
	for name := range names {
		n.lent = append(n.lent, []byte(name))
	}
	return n
}

// lentNames adds the names of what lends values and variables, wherever in a
// document that is said, and be it in the text of a patch.
func lentNames(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, e := range v {
			if key == "substituteFrom" || key == "valuesFrom" {
				for _, from := range doc.List(e) {
					if name := doc.Text(from, "name"); name != "" {
						names[name] = true
					}
				}
			}
			lentNames(e, names)
		}
	case []any:
		for _, e := range v {
			lentNames(e, names)
		}
	case string:
		if strings.Contains(v, "substituteFrom") || strings.Contains(v, "valuesFrom") {
			for _, m := range namesIn().FindAllStringSubmatch(v, -1) {
				names[m[1]] = true
			}
		}
	}
}

var namesIn = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`name["']?:\s*["']?([\w.-]+)`) })

// Unit says whether a unit of the head is idle, and from which files it would be
// rendered.
func (n *Idle) Unit(u render.Unit) (files []string, idle bool) {
	if u.Fault != nil && u.Fetch == nil || u.Revision != nil || u.Artifact != nil || u.Overlay["components"] != nil || u.Overlay["patches"] != nil || n.reached(u) || loud([]byte(fmt.Sprint(inline(u)))) {
		return nil, false
	}
	if files, idle = n.files(u); !idle {
		return nil, false
	}
	for _, f := range files {
		if n.speaks(f) {
			return nil, false
		}
	}
	if u.Fetch == nil {
		return files, true
	}
	name := render.FetchedDir(*u.Fetch)
	return append(files, name), !n.says(name, func() ([]byte, error) { return n.charts(*u.Fetch) })
}

// inline are the values that the object which deploys a unit gives it.
func inline(u render.Unit) []any {
	var out []any
	for _, v := range u.Inline {
		out = append(out, v.Values)
	}
	for _, p := range u.Parameters {
		out = append(out, p.Value)
	}
	return out
}

// reached says whether the change touches anything that a unit is, or would be,
// read from, as far as that is told without reading it.
func (n *Idle) reached(u render.Unit) bool {
	c := n.reach
	files := slices.Concat(u.Files, u.Values, u.OptionalValues, u.From, []string{u.Place.File, u.ControllerFile, u.Defined.File})
	for _, p := range u.Parameters {
		files = append(files, p.File)
	}
	for _, p := range files {
		if c.files[p] || p != "" && u.Kind == render.KindManifests && c.dirs[path.Dir(p)] || len(c.files) > 0 && c.linked(p) {
			return true
		}
	}
	return slices.ContainsFunc(append(c.reads(u), u.Watches...), func(dir string) bool {
		return u.Kind != render.KindManifests && c.above[dir] || c.files[dir] || c.linked(dir) || c.links[dir] || c.linksBelow(dir)
	})
}

// files are those that a unit is read from, if that can be told without reading
// it.
func (n *Idle) files(u render.Unit) ([]string, bool) {
	files := slices.Concat(u.Files, u.Values)
	switch u.Kind {
	case render.KindManifests:
	case render.KindHelm:
		if u.Fetch != nil {
			files = slices.DeleteFunc(files, func(f string) bool { _, here := n.tree.Lookup(f); return !here })
			return files, n.charts != nil && !n.reach.files[fetch.LockFile]
		}
		if slices.ContainsFunc(n.reach.reads(u), func(dir string) bool { return n.remote[dir] }) && n.charts != nil {
			return nil, false
		}
		for _, dir := range n.reach.reads(u) {
			for _, e := range source.Below(n.tree, dir) {
				files = append(files, e.Path)
			}
		}
	case render.KindKustomize:
		for _, at := range n.reach.reads(u) {
			k := n.kustomizations[at]
			switch e, isFile := n.tree.Lookup(at); {
			case k == nil && isFile:
				files = append(files, e.Path)
			case k == nil || len(k.Remote) > 0 || k.Doc == nil || inflates(k.Doc.Value):
				return nil, false
			default:
				files = append(files, k.File)
			}
		}
	default: // programs read from anywhere
		return nil, false
	}
	slices.Sort(files)
	return slices.Compact(files), true
}

// inflates says whether a kustomization renders charts.
func inflates(v any) bool {
	for _, field := range []string{"helmCharts", "helmChartInflationGenerator", "helmGlobals"} {
		if doc.At(v, field) != nil {
			return true
		}
	}
	return false
}

// speaks says whether a file may hold what others hang on.
func (n *Idle) speaks(file string) bool {
	return n.says(file, func() ([]byte, error) {
		data, err := n.tree.ReadFile(file)
		if err == nil && strings.HasSuffix(file, ".tgz") {
			return render.ArchiveText(data)
		}
		return data, err
	})
}

// says says the same of a text that is read once.
func (n *Idle) says(name string, read func() ([]byte, error)) bool {
	n.mu.Lock()
	speaks, known := n.loud[name]
	n.mu.Unlock()
	if !known { // read by several at once: it may have to be fetched
		data, err := read()
		speaks = err != nil || loud(data) || slices.ContainsFunc(n.lent, func(name []byte) bool { return bytes.Contains(data, name) })
		n.mu.Lock()
		defer n.mu.Unlock()
		n.loud[name] = speaks
		if !speaks {
			n.texts[name] = data
		}
	}
	return speaks
}

// loud says whether a text may hold objects that deploy others (Argo CD's, Flux's,
// a cluster that Applications are made for, an inflated chart), or what counts for
// everybody.
func loud(text []byte) bool {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return bytes.Contains(text, []byte(part)) })
	}
	return has("argoproj.io/v", "fluxcd.io/v", "fluxcd.controlplane.io/v", "argocd.argoproj.io/secret-type", "HelmChartInflationGenerator") ||
		has("gatekeeper.sh/v", "kyverno.io/v") || // policies of admission, of any kind
		has("ClusterPolicy", "AdmissionPolicy", "List\n", "List\r", "List ", `List"`, "List'", "kind: {{", `kind: "{{`, "kind: '{{", `kind": "{{`, `kind":"{{`) && forAll().Match(text)
}

// forAll are the kinds whose objects count wherever others are: policies of
// admission; and lists and templates, which may be of any kind.
var forAll = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:- |\s*\{?\s*")?kind"?:\s*["']?(?:ClusterPolicy|\w*AdmissionPolicy|\w*AdmissionPolicyBinding|\w*List|\{\{.*)["']?,?\s*(?:#.*)?$`)
})
