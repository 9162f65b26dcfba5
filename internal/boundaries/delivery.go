package boundaries

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"gate/internal/config"
	"gate/internal/doc"
	"gate/internal/facts"
)

// delivery is one source of an Argo CD or Flux object.
type delivery struct {
	object    *facts.Object
	tool      string
	paths     []string // of the desired state: globs
	release   string   // empty: any
	namespace string
	cluster   string
	elsewhere string // the desired state, if it is not in the tree
}

// deliveries tells what every unit is delivered by, and what controllers
// deliver from elsewhere.
func (t *tableBuilder) deliveries() {
	var all []delivery
	for i := range t.f.Objects {
		all = append(all, t.of(&t.f.Objects[i])...)
	}
	delivered := map[string]bool{} // objects of which a unit was found
	rows := map[string]int{}       // one for each tool and path: a path may be read in more than one way
	for _, u := range t.f.Units {
		found := false
		for _, d := range all {
			if d.delivers(u) {
				found, delivered[d.object.ID] = true, true
				t.unit(u, d.tool, d.namespace, d.cluster, cmp.Or(u.Owner, d.object.Owner), rows)
			}
		}
		if !found {
			t.unit(u, "unknown ("+u.Kind+")", "", t.cluster(u.Scope), u.Owner, rows)
		}
	}
	for _, d := range all {
		if delivered[d.object.ID] {
			continue
		}
		state := "objects of " + d.object.Name
		if d.namespace != "" {
			state += " in namespace " + d.namespace
		}
		t.add(Boundary{Kind: Objects, State: state, Tool: d.tool, Desired: d.desired(), Backend: d.cluster, subjects: []string{d.object.ID}}, d.object.Scope)
	}
}

// unit adds what a tool delivers of a unit.
func (t *tableBuilder) unit(u facts.Unit, tool, namespace, cluster, owner string, rows map[string]int) {
	t.tools[u.ID] = append(t.tools[u.ID], tool)
	name, identity := u.Path, u.Path
	if u.Kind == "helm" {
		name, identity = cmp.Or(u.Release, u.Path), u.Path+"\x00"+u.Release // each release of a chart is a state
	}
	key := strings.Join([]string{tool, identity, u.Environment, u.Target}, "\x00")
	if i, ok := rows[key]; ok {
		t.out[i].subjects = append(t.out[i].subjects, u.ID)
		return
	}
	rows[key] = len(t.out)
	state := "objects of " + name
	if ns := cmp.Or(u.Namespace, namespace); ns != "" {
		state += " in namespace " + ns
	}
	t.add(Boundary{
		Kind: Objects, State: state, Tool: tool, Desired: u.Path, Backend: cluster, Owner: owner, subjects: []string{u.ID}, identity: identity,
	}, u.Scope)
}

func (d delivery) desired() string {
	if d.elsewhere != "" {
		return d.elsewhere
	}
	return strings.Join(d.paths, ", ")
}

// delivers says whether a unit is what d delivers, there where the unit goes.
func (d delivery) delivers(u facts.Unit) bool {
	o := d.object
	if o.Unit == u.ID || o.Environment != u.Environment || o.Target != u.Target && o.Target != "" && u.Target != "" {
		return false
	}
	if d.release != "" && u.Release != "" && d.release != u.Release {
		return false
	}
	return slices.ContainsFunc(d.paths, func(p string) bool {
		if !globMeta().MatchString(p) {
			return p == u.Path
		}
		return config.Match(p, u.Path)
	})
}

// of are the sources of an object that delivers others.
func (t *tableBuilder) of(o *facts.Object) []delivery {
	switch o.Group + "/" + o.Kind {
	case "argoproj.io/Application":
		return t.argo(o, doc.At(o.Manifest, "spec"))
	case "argoproj.io/ApplicationSet":
		return t.argo(o, doc.At(o.Manifest, "spec", "template", "spec"))
	case "kustomize.toolkit.fluxcd.io/Kustomization":
		d := delivery{object: o, tool: "Flux " + objectName(o), namespace: doc.Text(o.Manifest, "spec", "targetNamespace"), cluster: t.remote(o)}
		d.paths = []string{escape(clean(doc.Text(o.Manifest, "spec", "path")))}
		return []delivery{d}
	case "helm.toolkit.fluxcd.io/HelmRelease":
		d := delivery{object: o, tool: "Flux " + objectName(o), cluster: t.remote(o)}
		d.namespace = cmp.Or(doc.Text(o.Manifest, "spec", "targetNamespace"), o.Namespace)
		d.release = cmp.Or(doc.Text(o.Manifest, "spec", "releaseName"), o.Name)
		chart := cmp.Or(doc.Text(o.Manifest, "spec", "chart", "spec", "chart"), doc.Text(o.Manifest, "spec", "chartRef", "name"))
		switch doc.Text(o.Manifest, "spec", "chart", "spec", "sourceRef", "kind") {
		case "GitRepository", "Bucket":
			d.paths = []string{escape(clean(chart))}
		default:
			d.elsewhere = "chart " + chart
		}
		return []delivery{d}
	}
	return nil
}

// argo are the sources of an Application, or of what an ApplicationSet makes.
func (t *tableBuilder) argo(o *facts.Object, spec any) []delivery {
	base := delivery{object: o, tool: "Argo CD " + objectName(o), namespace: templated(doc.Text(spec, "destination", "namespace"))}
	server := strings.TrimSuffix(doc.Text(spec, "destination", "server"), "/")
	base.cluster = templated(cmp.Or(doc.Text(spec, "destination", "name"), server))
	if base.cluster == "in-cluster" || base.cluster == "https://kubernetes.default.svc" {
		base.cluster = t.cluster(o.Scope)
	}
	var out []delivery
	for _, s := range append(slices.Clone(doc.List(spec, "sources")), doc.At(spec, "source")) {
		d := base
		dir, chart := doc.Text(s, "path"), doc.Text(s, "chart")
		switch {
		case chart != "":
			d.elsewhere = "chart " + chart + " of " + doc.Text(s, "repoURL")
		case dir == "":
			continue // only lends its value files
		default:
			d.paths = directories(o, dir)
			if doc.Bool(s, "directory", "recurse") {
				for _, p := range slices.Clone(d.paths) {
					d.paths = append(d.paths, p+"/**")
				}
			}
		}
		if o.Kind == "Application" {
			d.release = cmp.Or(doc.Text(s, "helm", "releaseName"), o.Name)
		}
		out = append(out, d)
	}
	return out
}

var templateAction = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{\{[^{}]*\}\}`) })

// directories are the paths of a source, as globs: what a generator fills in
// may be anything, unless the git generator names the directories.
func directories(o *facts.Object, dir string) []string {
	if !strings.Contains(dir, "{{") {
		return []string{escape(clean(dir))}
	}
	if strings.TrimSpace(templateAction().ReplaceAllString(dir, "")) == "" {
		var out []string
		var visit func(generators []any)
		visit = func(generators []any) {
			for _, g := range generators {
				for _, d := range doc.List(g, "git", "directories") {
					if !doc.Bool(d, "exclude") {
						out = append(out, doc.Text(d, "path"))
					}
				}
				visit(doc.List(g, "matrix", "generators"))
				visit(doc.List(g, "merge", "generators"))
			}
		}
		visit(doc.List(o.Manifest, "spec", "generators"))
		return out
	}
	parts := templateAction().Split(dir, -1)
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	return []string{path.Clean(strings.TrimPrefix(strings.Join(parts, "*"), "/"))}
}

// templated is a text with "*" in place of what a generator fills in.
func templated(s string) string { return templateAction().ReplaceAllString(s, "*") }

var globMeta = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[*?\[\]{}\\]`) })

func escape(s string) string { return globMeta().ReplaceAllString(s, `\$0`) }

func clean(p string) string {
	if p == "" {
		return "."
	}
	return path.Clean(strings.TrimPrefix(p, "/"))
}

// cluster is the cluster of a place, as the configuration calls it.
func (t *tableBuilder) cluster(s facts.Scope) string {
	for _, e := range t.f.Environments {
		for _, target := range e.Targets {
			if e.Name == s.Environment && target.Name == s.Target && target.Cluster != "" {
				return "cluster " + target.Cluster
			}
		}
	}
	return ""
}

// remote is the cluster that a Flux object deploys to.
func (t *tableBuilder) remote(o *facts.Object) string {
	for _, ref := range []string{"secretRef", "configMapRef"} {
		if name := doc.Text(o.Manifest, "spec", "kubeConfig", ref, "name"); name != "" {
			return "cluster of kubeconfig " + name
		}
	}
	return t.cluster(o.Scope)
}

// namespaces are those that the tree makes.
func (t *tableBuilder) namespaces() {
	for _, n := range t.f.Index.Namespaces {
		b := Boundary{Kind: Namespace, State: "namespace " + n.Name, subjects: []string{n.ID}, identity: n.Name}
		scope := facts.Scope{Environment: n.Environment, Target: n.Target}
		if o := t.objects[n.ID]; o != nil {
			if o.Kind != n.Via || o.Group == "argoproj.io" || o.Group == "helm.toolkit.fluxcd.io" {
				b.identity = "" // made on the way, if nobody else makes it
				b.Tool = strings.Join(deliverTools(t.of(o)), ", ")
				b.Desired = t.units[o.Unit].Path
			} else {
				b.Tool, b.Desired = strings.Join(t.tools[o.Unit], ", "), t.units[o.Unit].Path
			}
			scope.Owner = o.Owner
			b.Backend = t.cluster(o.Scope)
		} else if r, ok := t.resource(n.ID); ok {
			b.Tool, b.Desired, scope.Owner = "Terraform", r.Stack, r.Owner
		}
		t.add(b, scope)
	}
}

func deliverTools(list []delivery) []string {
	out := []string{}
	for _, d := range list {
		out = append(out, d.tool)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (t *tableBuilder) resource(id string) (facts.Resource, bool) {
	for _, r := range t.f.Resources {
		if r.ID == id {
			return r, true
		}
	}
	return facts.Resource{}, false
}
