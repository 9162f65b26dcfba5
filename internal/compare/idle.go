package compare

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/discover"
	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/manifest"
	"gate/internal/source"
)

// Idle tells which units need not be rendered to know what a change does: it
// touches nothing that they are read from, they deploy and lend nothing to
// others, and no kind of object or role for everybody is defined there. In doubt
// a unit is rendered. It may be used from several goroutines.
type Idle struct {
	trees *Trees
	reach *Reach
	tree  source.Tree
	inv   *discover.Inventory
	kinds map[string]*discover.Kustomization // by directory
	lent  [][]byte                           // names of what values and variables come from

	mu    sync.Mutex
	texts map[string][]byte // files of idle units
	loud  map[string]bool   // files that say something to others
}

// NewIdle reads off a tree what its units may say to one another.
func NewIdle(t *Trees, head *discover.Inventory, reach *Reach) *Idle {
	n := &Idle{
		trees: t, reach: reach, tree: t.Head, inv: head, kinds: map[string]*discover.Kustomization{}, texts: map[string][]byte{}, loud: map[string]bool{},
	}
	names := map[string]bool{}
	for i := range head.Kustomizations {
		k := &head.Kustomizations[i]
		if n.kinds[k.Dir] = k; k.Doc != nil {
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
				for _, from := range asList(e) {
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

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

var namesIn = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`name["']?:\s*["']?([\w.-]+)`) })

// Unit says whether a unit of the head is idle, and from which files it would be
// rendered.
func (n *Idle) Unit(u render.Unit) (files []string, idle bool) {
	if u.Fault != nil || u.Fetch != nil || u.Revision != nil || u.Overlay["components"] != nil || u.Overlay["patches"] != nil || n.reached(u) || loud([]byte(fmt.Sprint(inline(u)))) {
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
	return files, true
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
		for _, dir := range n.reach.reads(u) {
			for _, e := range source.Below(n.tree, dir) {
				files = append(files, e.Path)
			}
		}
	case render.KindKustomize:
		for _, at := range n.reach.reads(u) {
			k := n.kinds[at]
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
	n.mu.Lock()
	defer n.mu.Unlock()
	speaks, known := n.loud[file]
	if !known {
		data, err := n.tree.ReadFile(file)
		speaks = err != nil || loud(data) || slices.ContainsFunc(n.lent, func(name []byte) bool { return bytes.Contains(data, name) })
		n.loud[file] = speaks
		if !speaks {
			n.texts[file] = data
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
		has("ClusterPolicy", "AdmissionPolicy", "List\n", "List\r", "List ", `List"`, "List'", "kind: {{", `kind: "{{`, "kind: '{{", `kind": "{{`, `kind":"{{`) && forAll().Match(text)
}

// forAll are the kinds whose objects count wherever others are: policies of
// admission; and lists and templates, which may be of any kind.
var forAll = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:- |\s*\{?\s*")?kind"?:\s*["']?(?:ClusterPolicy|\w*AdmissionPolicy|\w*AdmissionPolicyBinding|\w*List|\{\{.*)["']?,?\s*(?:#.*)?$`)
})

// Around is what changed objects are judged together with, by the cluster that
// they go to.
type Around map[clusterRef]*around

// clusterRef is a cluster, by its name or its address, or both; what is empty is
// not known.
type clusterRef struct{ name, server string }

type around struct {
	// names are those of namespaces, "" for what names none, and of what objects
	// refer to in the cluster; groups are those of their kinds.
	names, groups map[string]bool
}

// Around is what the objects that the change makes others are judged together with.
// What nothing deployed at the base was beside nothing.
func (n *Idle) Around(base, head Side) Around {
	was, _ := settle(n.trees, &base, &head)
	before, here, out := outcomesByID(base.Outcomes), map[string]bool{}, Around{}
	for _, h := range head.Outcomes {
		here[h.Unit.ID] = true
		b, ok := before[h.Unit.ID]
		switch {
		case h.Rendered == nil || h.Rendered.AsBefore, h.Unit.Undeployed && !n.reach.touches(h):
		case !ok || was.units[h.Unit.ID]:
			out.add(h.Unit, nil, h.Rendered)
		case !h.Unit.Same(b.Unit) || n.reach.touches(h):
			out.add(h.Unit, b.Rendered, h.Rendered)
		}
	}
	for _, b := range base.Outcomes {
		if !here[b.Unit.ID] && !was.units[b.Unit.ID] {
			out.add(b.Unit, b.Rendered, nil)
		}
	}
	return out
}

// add adds what the objects of a unit that are others at the base are judged
// together with; was or is may be nil.
func (a Around) add(u render.Unit, was, is *render.Rendered) {
	to := clusterRef{u.Cluster, u.Server}
	if a[to] == nil {
		a[to] = &around{map[string]bool{}, map[string]bool{}}
	}
	before, after := objectsByName(was), objectsByName(is)
	for name, obj := range after {
		if old, ok := before[name]; !ok || !reflect.DeepEqual(old, obj) {
			a[to].add(u, obj)
		}
	}
	for name, obj := range before {
		if _, ok := after[name]; !ok {
			a[to].add(u, obj)
		}
	}
}

func objectsByName(r *render.Rendered) map[string]map[string]any {
	out := map[string]map[string]any{}
	if r != nil {
		for i, obj := range r.Objects {
			name := fmt.Sprint(callingOf(obj.Manifest))
			if _, twice := out[name]; twice {
				name += fmt.Sprint(i)
			}
			out[name] = obj.Manifest
		}
	}
	return out
}

func (a *around) add(u render.Unit, obj map[string]any) {
	group := manifest.Group(doc.Text(obj, "apiVersion"))
	a.groups[group] = true
	if name, namespaced := render.NamespaceOf(u, obj); namespaced && (name != "" || judgedTogether(group, obj)) {
		a.names[name] = true
	}
	for _, p := range [][]any{{"roleRef", "name"}, {"spec", "secretStoreRef", "name"}, {"spec", "ingressClassName"}, {"spec", "gatewayClassName"}} {
		if name := doc.Text(obj, p...); name != "" {
			a.names[name] = true
		}
	}
}

// judgedTogether says whether an object is one of those that are judged with others of
// their namespace: of Kubernetes itself, a store of secrets, or something with pods.
// A custom object without a namespace may as well be one of the cluster.
func judgedTogether(group string, obj map[string]any) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") || group == "external-secrets.io" || doc.At(obj, "spec", "template", "spec") != nil
}

// Near says of idle units, with their files, whether what the change reaches is
// judged together with them: what shares a namespace, and what is referred to. What
// nothing deploys is beside nothing.
func (n *Idle) Near(all Around) func(u render.Unit, files []string) bool {
	type matcher struct { // of one destination
		to   clusterRef
		bare bool            // objects that name no namespace
		near map[string]bool // by file
		name wordList
	}
	var list []matcher
	for to, a := range all {
		m := matcher{to, a.names[""], map[string]bool{}, newWordList(a.names)}
		group := newWordList(a.groups)
		for f, text := range n.texts {
			m.near[f] = m.name.in(text) || bytes.Contains(text, []byte("CustomResourceDefinition")) && group.in(text)
		}
		list = append(list, m)
	}
	return func(u render.Unit, files []string) bool {
		return !u.Undeployed && slices.ContainsFunc(list, func(m matcher) bool {
			if m.to.apart(clusterRef{u.Cluster, u.Server}) {
				return false
			}
			return m.bare && u.Namespace == "" || m.name.in([]byte(u.Namespace)) || m.name.in([]byte(fmt.Sprint(inline(u)))) ||
				slices.ContainsFunc(files, func(f string) bool { return m.near[f] })
		})
	}
}

// apart says whether two destinations are known to be two clusters.
func (d clusterRef) apart(e clusterRef) bool {
	return d.name != "" && e.name != "" && d.name != e.name || d.server != "" && e.server != "" && d.server != e.server
}

// wordList is what is searched for in texts.
type wordList struct {
	list    [][]byte
	pattern *regexp.Regexp
}

func newWordList(of map[string]bool) wordList {
	var w wordList
	var quoted []string
	for _, word := range slices.Sorted(maps.Keys(of)) {
		if word != "" {
			w.list = append(w.list, []byte(word))
			quoted = append(quoted, regexp.QuoteMeta(word))
		}
	}
	w.pattern = regexp.MustCompile(`(?:^|[^\w.-])(?:` + strings.Join(quoted, "|") + `)(?:$|[^\w-])`)
	return w
}

// in says whether a text holds one of the words.
func (w wordList) in(text []byte) bool {
	return slices.ContainsFunc(w.list, func(word []byte) bool { return bytes.Contains(text, word) }) && w.pattern.Match(text)
}
