package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/render/manifest"
)

// Consequences tells in words what the change of an object that deploys others
// does to what it deploys, beyond the steps of those: what stops, what begins,
// what is kept from now on. Nothing is told of an object that deploys nothing,
// or that only one side has: what it begins to deploy, and takes with it, are
// steps themselves.
func Consequences(before, after map[string]any) []string {
	if before == nil || after == nil {
		return nil
	}
	c := consequences{before: before, after: after}
	switch manifest.GroupKind(after) {
	case kindApplication:
		c.application()
	case kindApplicationSet:
		c.applicationSet()
	case kindKustomization:
		c.kustomization()
	case kindHelmRelease:
		c.helmRelease()
	}
	return c.out
}

type consequences struct {
	before, after map[string]any
	out           []string
}

func (c *consequences) say(format string, args ...any) {
	c.out = append(c.out, fmt.Sprintf(format, args...))
}

// switched tells what it means that a truth value is on from now on, or off.
func (c *consequences) switched(was, is bool, on, off string) {
	switch {
	case is && !was:
		c.say("%s", on)
	case was && !is:
		c.say("%s", off)
	}
}

// field tells the same of a field.
func (c *consequences) field(on, off string, path ...any) {
	c.switched(doc.Bool(c.before, path...), doc.Bool(c.after, path...), on, off)
}

// replaced tells that another text stands at a path; none stands for nothing.
func (c *consequences) replaced(format, none string, path ...any) {
	c.other(format, none, doc.Text(c.before, path...), doc.Text(c.after, path...))
}

func (c *consequences) other(format, none, was, is string) {
	if was, is = cmp.Or(was, none), cmp.Or(is, none); was != is {
		c.say(format, is, was)
	}
}

// moved tells that another cluster is deployed to.
func (c *consequences) moved() {
	from, to := destinationOf([]map[string]any{c.before}), destinationOf([]map[string]any{c.after})
	if from != to {
		c.say("deploys to %s instead of %s: what stands in the old one stays behind", to, from)
	}
}

func (c *consequences) suspended(what string) {
	c.field("from now on nothing of "+what+" is reconciled",
		"everything that piled up below "+what+" since it was suspended is applied now; what that is cannot be told from here", "spec", "suspend")
}

func (c *consequences) kustomization() {
	c.suspended(cmp.Or(doc.Text(c.after, "spec", "path"), "./"))
	c.field("what leaves Git is deleted from the cluster from now on", "what leaves Git stays in the cluster from now on", "spec", "prune")
	c.switched(collects(c.before), collects(c.after),
		"its own deletion deletes what it deployed from now on", "its own deletion leaves what it deployed from now on")
	c.field("what cannot be changed in place is deleted and made again from now on",
		"what cannot be changed in place fails from now on, and is not made again", "spec", "force")
	c.replaced("deploys %s instead of %s", "./", "spec", "path")
	c.other("deploys from %s instead of %s", "nothing", reference(doc.At(c.before, "spec", "sourceRef")), reference(doc.At(c.after, "spec", "sourceRef")))
	c.replaced("puts what it deploys into namespace %s instead of %s", "as its manifests say", "spec", "targetNamespace")
	c.moved()
}

// collects says whether the deletion of a Kustomization deletes what it
// deployed.
func collects(k map[string]any) bool {
	switch cmp.Or(doc.Text(k, "spec", "deletionPolicy"), "MirrorPrune") {
	case "MirrorPrune":
		return doc.Bool(k, "spec", "prune")
	case "Delete", "WaitForTermination":
		return true
	}
	return false
}

// reference is an object that another one refers to, in words.
func reference(ref any) string {
	name := doc.Text(ref, "name")
	if ns := doc.Text(ref, "namespace"); ns != "" {
		name = ns + "/" + name
	}
	return strings.TrimSpace(doc.Text(ref, "kind") + " " + name)
}

func (c *consequences) helmRelease() {
	c.suspended("its release")
	c.other("deploys the chart %s instead of %s", "of no source", chartOf(c.before), chartOf(c.after))
	c.other("the release is uninstalled, and installed as %s instead of %s", "", releaseOf(c.before), releaseOf(c.after))
	c.replaced("treats the CRDs of the chart by %s instead of %s when it upgrades", "Create", "spec", "upgrade", "crds")
	c.field("what cannot be changed in place is deleted and made again from now on",
		"what cannot be changed in place fails from now on, and is not made again", "spec", "upgrade", "force")
	c.moved()
}

// releaseOf is what tells a release from another one: its namespace and name,
// and where Helm keeps its history:
// https://fluxcd.io/flux/components/helm/helmreleases/#release-name
func releaseOf(r map[string]any) string {
	own, target := doc.Text(r, "metadata", "namespace"), doc.Text(r, "spec", "targetNamespace")
	name := cmp.Or(doc.Text(r, "spec", "releaseName"), strings.TrimPrefix(target+"-"+doc.Text(r, "metadata", "name"), "-"))
	out := cmp.Or(target, own) + "/" + name
	if history := doc.Text(r, "spec", "storageNamespace"); history != "" && history != own {
		out += " with its history in namespace " + history
	}
	return out
}

// chartOf is the chart of a HelmRelease, in words.
func chartOf(r map[string]any) string {
	if ref := doc.Map(r, "spec", "chartRef"); ref != nil {
		return "of " + reference(ref)
	}
	spec := doc.Map(r, "spec", "chart", "spec")
	if spec == nil {
		return ""
	}
	out := doc.Text(spec, "chart")
	if v := doc.Text(spec, "version"); v != "" {
		out += " " + v
	}
	if from := reference(doc.At(spec, "sourceRef")); from != "" {
		out += " of " + from
	}
	return out
}

func (c *consequences) application() {
	c.switched(skipped(c.before), skipped(c.after), "from now on nothing of it is reconciled",
		"everything that piled up since it was not reconciled is applied now; what that is cannot be told from here")
	c.switched(automated(c.before), automated(c.after), "it syncs by itself from now on, and first everything that nobody synced; what that is cannot be told from here",
		"from now on it waits for a person to sync it")
	prunes := func(app map[string]any) bool {
		return automated(app) && doc.Bool(app, "spec", "syncPolicy", "automated", "prune")
	}
	c.switched(prunes(c.before), prunes(c.after), "what leaves Git is deleted from the cluster from now on, and what has left it and stayed there is deleted now",
		"what leaves Git stays in the cluster from now on")
	c.field("an empty source deletes all that it deployed from now on", "an empty source deletes nothing from now on", "spec", "syncPolicy", "automated", "allowEmpty")
	c.switched(cascades(c.before, nil), cascades(c.after, nil), "its own deletion deletes what it deployed from now on", "its own deletion leaves what it deployed from now on")
	c.options()
	c.other("deploys %s instead of %s", "nothing", sourcesOf(c.before), sourcesOf(c.after))
	c.replaced("puts what it deploys into namespace %s instead of %s", "as its manifests say", "spec", "destination", "namespace")
	c.replaced("belongs to project %s instead of %s, which says what it may deploy where", "default", "spec", "project")
	c.moved()
}

// options tells which sync options of an Application come and go that say what
// is deleted, replaced or left.
func (c *consequences) options() {
	was, is := doc.Texts(c.before, "spec", "syncPolicy", "syncOptions"), doc.Texts(c.after, "spec", "syncPolicy", "syncOptions")
	for _, o := range []struct{ option, on, off string }{
		{"Prune=false", "what leaves Git stays in the cluster from now on, unless it says otherwise itself", "what leaves Git is pruned like elsewhere from now on"},
		{"Prune=confirm", "pruning waits for a person from now on", "pruning waits for nobody from now on"},
		{"Delete=false", "its own deletion leaves what it deployed from now on", "its own deletion deletes what it deployed from now on"},
		{"Delete=confirm", "its own deletion waits for a person from now on", "its own deletion waits for nobody from now on"},
		{"Replace=true", "what it deploys is replaced instead of changed from now on", "what it deploys is changed instead of replaced from now on"},
		{"Force=true", "what it deploys is deleted and made again at each change from now on", "what it deploys is no longer deleted and made again at each change"},
		{"RespectIgnoreDifferences=true", "a sync leaves the fields that it ignores as they are in the cluster from now on", "a sync sets the fields that it ignores as Git has them from now on"},
	} {
		c.switched(slices.Contains(was, o.option), slices.Contains(is, o.option), o.on, o.off)
	}
}

// sourcesOf are the sources of an Application, in words. As of Argo CD, the
// list goes before the one.
func sourcesOf(app map[string]any) string {
	list := doc.List(app, "spec", "sources")
	if len(list) == 0 {
		if one := doc.Map(app, "spec", "source"); one != nil {
			list = []any{one}
		}
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		what := cmp.Or(doc.Text(s, "chart"), doc.Text(s, "path"), ".")
		if rev := doc.Text(s, "targetRevision"); rev != "" {
			what += "@" + rev
		}
		out = append(out, what+" of "+doc.Text(s, "repoURL"))
	}
	return strings.Join(out, " and ")
}

func (c *consequences) applicationSet() {
	c.field("the deletion of its Applications leaves what they deployed from now on",
		"the deletion of its Applications deletes what they deployed from now on", "spec", "syncPolicy", "preserveResourcesOnDeletion")
	was, is := doc.Text(c.before, "spec", "syncPolicy", "applicationsSync"), doc.Text(c.after, "spec", "syncPolicy", "applicationsSync")
	c.switched(keepsApplications(was), keepsApplications(is), "Applications that it no longer makes stay from now on",
		"Applications that it no longer makes are deleted from now on, and those that stayed are deleted now")
	c.switched(fixesApplications(was), fixesApplications(is), "Applications that exist are not changed from now on",
		"Applications that exist are changed as the template says from now on, and now")
}
