package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/render/engine"

	"helm.sh/helm/v3/pkg/chartutil"
)

// circumstance is what a chart is told that its unit does not fix, where it is
// other than at first: the first is that of an installation, on a cluster with
// the built-in APIs.
type circumstance struct {
	upgrade bool
	apis    map[string]bool // that are served or not, against what is taken at first
	version string          // of the cluster; empty: as at first
	helm    string          // the version of Helm; empty: as at first
	turn    engine.Turn
	// added are those of turn that were not tried before.
	added engine.Turn
	// several says that each part was tried alone.
	several bool
	// only are the files that are of interest; nil: all.
	only map[string]bool
	// whole says that templates change what others read: none can be rendered
	// alone.
	whole bool
}

// deployedBy says whether an object of a kind deploys a unit.
func (u Unit) deployedBy(kind string) bool { return strings.HasPrefix(u.Controller, kind+"/") }

// templated says whether a chart is rendered by `helm template`, which always
// installs, and asks no cluster:
// https://argo-cd.readthedocs.io/en/stable/user-guide/helm/ and, of kustomize,
// https://kubectl.docs.kubernetes.io/references/kustomize/builtins/#_helmchartinflationgenerator_.
// Flux installs and upgrades: https://fluxcd.io/flux/components/helm/helmreleases/.
func (u Unit) templated() bool { return u.inflated || u.deployedBy("Application") }

// watch is what of the circumstances of a chart nothing fixes.
func (u Unit) watch(version string) engine.Watch {
	w := engine.Watch{Upgrade: !u.templated(), APIs: len(u.apis()) == 0, Helm: helmVersion, Unknown: engine.UnknownClock | engine.UnknownChance | engine.UnknownBuild}
	if u.ClusterVersion() == "" {
		w.Version = version
	}
	if !u.templated() {
		w.Unknown |= engine.UnknownLookup | engine.UnknownRevision | engine.UnknownHost
	}
	if u.Namespace == "" {
		w.Unknown |= engine.UnknownNamespace
	}
	if u.Controller == "" && !u.Configured && !u.inflated {
		w.Unknown |= engine.UnknownName
	}
	w.Revised = u.told.upgrade
	return w
}

// open is what of a circumstance the unit does not fix.
func (u Unit) open(c circumstance) circumstance {
	if u.templated() {
		c.upgrade = false
	}
	if u.ClusterVersion() != "" {
		c.version = ""
	}
	if len(u.apis()) > 0 {
		c.apis = nil
	}
	return c
}

// release is what a chart is told of its release.
func (u Unit) release() chartutil.ReleaseOptions {
	o := chartutil.ReleaseOptions{Name: u.Release, Namespace: namespaceOf(u), Revision: 1, IsInstall: true}
	if u.told.upgrade {
		o.Revision, o.IsInstall, o.IsUpgrade = 2, false, true
	}
	return o
}

// and is a circumstance in which what another one changes is changed, too.
func (c circumstance) and(d circumstance) circumstance {
	out := circumstance{upgrade: c.upgrade || d.upgrade, version: cmp.Or(d.version, c.version), helm: cmp.Or(d.helm, c.helm), apis: maps.Clone(c.apis), turn: maps.Clone(c.turn)}
	for name, served := range d.apis {
		if out.apis == nil {
			out.apis = map[string]bool{}
		}
		out.apis[name] = served
	}
	for key, way := range d.turn {
		if out.turn == nil {
			out.turn = engine.Turn{}
		}
		out.turn[key] = way
	}
	out.added = d.turn
	return out
}

func (c circumstance) first() bool {
	return !c.upgrade && c.version+c.helm == "" && len(c.apis) == 0 && len(c.turn) == 0
}

// change is what is other than at first, as the engine is asked for it.
func (c circumstance) change() engine.Change {
	return engine.Change{Upgrade: c.upgrade, APIs: c.apis, Version: c.version != "", Helm: c.helm != "", Turn: c.turn, Several: c.several, Only: c.only}
}

// name tells the circumstance from others of the same chart; it is part of an id.
func (c circumstance) name() string {
	var parts []string
	if c.upgrade {
		parts = append(parts, "upgrade")
	}
	if c.version != "" {
		parts = append(parts, "kubernetes-"+c.version)
	}
	if c.helm != "" {
		parts = append(parts, "helm-"+c.helm)
	}
	for _, name := range slices.Sorted(maps.Keys(c.apis)) {
		parts = append(parts, map[bool]string{true: "with-", false: "without-"}[c.apis[name]]+name)
	}
	if len(c.turn) > 0 {
		parts = append(parts, "turned")
	}
	return strings.Join(parts, "+")
}

// words say what is other.
func (c circumstance) words() string {
	var parts []string
	if c.upgrade {
		parts = append(parts, "the release is upgraded")
	}
	if c.version != "" {
		parts = append(parts, "the cluster is of version "+c.version)
	}
	if c.helm != "" {
		parts = append(parts, "Helm is of version "+c.helm)
	}
	for _, name := range slices.Sorted(maps.Keys(c.apis)) {
		parts = append(parts, fmt.Sprintf("the cluster %s %s", map[bool]string{true: "serves", false: "does not serve"}[c.apis[name]], name))
	}
	if len(c.turn) > 0 {
		parts = append(parts, "a branch goes the other way")
	}
	return strings.Join(parts, ", and ")
}

// inputs are what a chart was rendered with that stands in no file, and who fixed
// that. What of it is open is told where the chart asked for it.
func (u Unit) inputs(caps *chartutil.Capabilities, asked engine.Asked, seeded []string) []facts.Input {
	named, by := facts.ByInvention, facts.ByInvention
	switch {
	case u.Configured:
		named = facts.ByConfiguration
	case u.Controller != "" || u.inflated:
		named = facts.ByDeployer
	}
	if by = named; u.Configured && u.Controller != "" {
		by = facts.ByConfiguration
	}
	var out []facts.Input
	add := func(name, value, by string) { out = append(out, facts.Input{Name: name, Value: value, By: by}) }
	if len(u.APIVersions) > 0 {
		add("cluster.apis", strings.Join(u.APIVersions, " "), by)
	} else if len(u.Serves.APIVersions) > 0 {
		add("cluster.apis", strings.Join(u.Serves.APIVersions, " "), facts.ByConfiguration)
	} else if len(asked.APIs) > 0 {
		add("cluster.apis", strings.Join(asked.APIs, " "), facts.ByEnumeration)
	}
	switch {
	case u.KubeVersion != "":
		add("cluster.version", caps.KubeVersion.Version, by)
	case u.Serves.KubeVersion != "":
		add("cluster.version", caps.KubeVersion.Version, facts.ByConfiguration)
	case asked.Version || len(asked.Versions) > 0:
		add("cluster.version", caps.KubeVersion.Version, facts.ByEnumeration)
	default:
		add("cluster.version", caps.KubeVersion.Version, facts.ByInvention)
	}
	for _, open := range []struct {
		name, value string
		on          engine.Unknown
		used        bool
	}{
		{"clock", "the time of the run", engine.UnknownClock, slices.Contains(seeded, "now")},
		{"dns", "nothing is resolved", engine.UnknownHost, false},
		{"lookup", "nothing is found", engine.UnknownLookup, false},
		{"random", "stand-ins", engine.UnknownChance, slices.ContainsFunc(seeded, func(f string) bool { return f != "now" && f != "ago" && f != "date" })},
	} {
		if open.used || slices.ContainsFunc(asked.Branches, func(b engine.Branch) bool { return b.On&open.on != 0 }) {
			add(open.name, open.value, facts.ByInvention)
		}
	}
	if asked.Helm || len(asked.Helms) > 0 {
		add("helm.version", caps.HelmVersion.Version, facts.ByEnumeration)
	}
	if u.Release != "" {
		add("release.name", u.Release, named)
	}
	switch {
	case u.Namespace == "":
		add("release.namespace", namespaceOf(u), facts.ByInvention)
	default:
		add("release.namespace", u.Namespace, by)
	}
	switch {
	case u.templated():
		add("release.operation", "install", facts.ByDeployer)
		add("release.revision", "1", facts.ByDeployer)
	case asked.Upgrade:
		add("release.operation", "install", facts.ByEnumeration)
		add("release.revision", "1", facts.ByEnumeration)
	}
	slices.SortFunc(out, func(a, b facts.Input) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
