package compare

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/manifest"
)

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
