package pipeline

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
)

const (
	argoGroup      = "argoproj.io"
	fluxKustomize  = "kustomize.toolkit.fluxcd.io"
	fluxHelm       = "helm.toolkit.fluxcd.io"
	fluxNotify     = "notification.toolkit.fluxcd.io"
	argoSubscribes = "notifications.argoproj.io/subscribe."
)

// deliverers are the objects that deliver others, by group.
func (j *joiner) deliverers() []int {
	out := j.kinds(argoGroup, "Application", "ApplicationSet")
	out = append(out, j.kinds(fluxKustomize, "Kustomization")...)
	return append(out, j.kinds(fluxHelm, "HelmRelease")...)
}

// applicationSpec is where the Application's spec stands in an Application or
// ApplicationSet.
func applicationSpec(o facts.Object) []string {
	if o.Kind == "ApplicationSet" {
		return []string{"spec", "template", "spec"}
	}
	return []string{"spec"}
}

// joinDelivery tells for each object that delivers others what alerts about it
// and how far the controllers confine it.
func (j *joiner) joinDelivery(containers []facts.Container) {
	alerts := j.alerts()
	var controllers []facts.Container
	for _, c := range containers {
		if fluxController.MatchString(c.Workload.Name) {
			controllers = append(controllers, c)
		}
	}
	for _, i := range j.deliverers() {
		o := j.objects[i]
		d := &facts.Delivery{Alerts: []string{}}
		for _, a := range alerts {
			if meet(a.scope, o.Scope) && a.covers(o) {
				d.Alerts = append(d.Alerts, a.id)
			}
		}
		if subscribed(o) {
			d.Alerts = append(d.Alerts, o.ID)
		}
		slices.Sort(d.Alerts)
		d.Alerts = slices.Compact(d.Alerts)
		for _, c := range controllers {
			if meet(c.Scope, o.Scope) {
				d.DefaultAccount = d.DefaultAccount || hasFlag(c, "--default-service-account=")
				d.NoCrossNamespace = d.NoCrossNamespace || hasFlag(c, "--no-cross-namespace-refs=true")
			}
		}
		j.objects[i].Delivery = d
	}
}

var fluxController = regexp.MustCompile(`^(kustomize|helm)-controller$`)

func hasFlag(c facts.Container, prefix string) bool {
	return slices.ContainsFunc(listAt(c.Container, "args"), func(a any) bool {
		s, _ := a.(string)
		return strings.HasPrefix(s, prefix) && len(s) > len("--x=")
	})
}

// alert is an object that tells people about deliverers.
type alert struct {
	id     string
	scope  facts.Scope
	covers func(o facts.Object) bool
}

// alerts are the Flux Alerts, the Argo CD projects and settings with
// subscriptions, and the Prometheus rules on the metrics of either controller.
func (j *joiner) alerts() []alert {
	var out []alert
	add := func(o facts.Object, covers func(facts.Object) bool) {
		out = append(out, alert{o.ID, o.Scope, covers})
	}
	argo := func(o facts.Object) bool { return o.Group == argoGroup }
	for _, i := range j.kinds(fluxNotify, "Alert") {
		a := j.objects[i]
		add(a, func(o facts.Object) bool { return alertCovers(a, o) })
	}
	for _, i := range j.kinds(argoGroup, "AppProject") {
		if p := j.objects[i]; subscribed(p) {
			add(p, func(o facts.Object) bool {
				return argo(o) && textAt(o.Manifest, append(applicationSpec(o), "project")...) == p.Name
			})
		}
	}
	for _, i := range j.byKind[[2]string{"", "ConfigMap"}] {
		if c := j.objects[i]; c.Name == "argocd-notifications-cm" && textAt(c.Manifest, "data", "subscriptions") != "" {
			add(c, argo)
		}
	}
	for _, i := range j.kinds("monitoring.coreos.com", "PrometheusRule") {
		r := j.objects[i]
		if watches(r, argoMetric) {
			add(r, argo)
		}
		if watches(r, fluxMetric) {
			add(r, func(o facts.Object) bool { return o.Group != argoGroup })
		}
	}
	return out
}

// The metrics that tell sync and health: Argo CD's application controller, and
// Flux's controllers or kube-state-metrics with Flux's custom resource state.
var (
	argoMetric = regexp.MustCompile(`\bargocd_app_(info|sync_total|k8s_request_total|health_status|sync_status)\b`)
	fluxMetric = regexp.MustCompile(`\b(gotk_(reconcile|resource|suspend)\w*|flux_resource\w*|controller_runtime_reconcile_errors_total)\b`)
)

func watches(rule facts.Object, metric *regexp.Regexp) bool {
	for _, g := range listAt(rule.Manifest, "spec", "groups") {
		for _, r := range listAt(g, "rules") {
			if textAt(r, "alert") != "" && metric.MatchString(textAt(r, "expr")) {
				return true
			}
		}
	}
	return false
}

// alertCovers says whether a Flux Alert watches an object
// (https://fluxcd.io/flux/components/notification/alerts/#event-sources).
func alertCovers(a, o facts.Object) bool {
	if suspended, _ := at(a.Manifest, "spec", "suspend").(bool); suspended {
		return false
	}
	for _, s := range listAt(a.Manifest, "spec", "eventSources") {
		namespace := textAt(s, "namespace")
		if namespace == "" {
			namespace = a.Namespace
		}
		name := textAt(s, "name")
		if textAt(s, "kind") != o.Kind || namespace != o.Namespace || name != "*" && name != o.Name {
			continue
		}
		if want := mapAt(s, "matchLabels"); want == nil || selects(map[string]any{"matchLabels": want}, labels(o.Manifest)) {
			return true
		}
	}
	return false
}

// subscribed says whether annotations of an Argo CD object, or of what an
// ApplicationSet makes, subscribe somebody.
func subscribed(o facts.Object) bool {
	if o.Group != argoGroup {
		return false
	}
	for _, place := range [][]string{{"metadata", "annotations"}, {"spec", "template", "metadata", "annotations"}} {
		for key := range mapAt(o.Manifest, place...) {
			if strings.HasPrefix(key, argoSubscribes) {
				return true
			}
		}
	}
	return false
}

// joinPruned names for every object the controller object that deletes it when
// it leaves the tree: one with prune whose path is that of the object's unit.
func (j *joiner) joinPruned(units []facts.Unit) {
	byUnit := map[string]string{}
	for _, i := range j.deliverers() {
		o := j.objects[i]
		for _, p := range prunes(o) {
			for _, u := range units {
				if byUnit[u.ID] == "" && meet(u.Scope, o.Scope) && p.matches(u.Path) && (u.Release == "" || p.release == "" || p.release == u.Release) {
					byUnit[u.ID] = o.ID
				}
			}
		}
	}
	if len(byUnit) == 0 {
		return
	}
	for i, o := range j.objects {
		j.objects[i].PrunedBy = byUnit[o.Unit]
	}
}

// prunedPath is a path that a controller object prunes. release is empty if
// any release of the chart is meant.
type prunedPath struct {
	path    string // literal, or a glob
	glob    bool
	release string
}

func (p prunedPath) matches(dir string) bool {
	if p.glob {
		return config.Match(p.path, dir)
	}
	return p.path == dir
}

// prunes are the paths that a controller object prunes.
func prunes(o facts.Object) []prunedPath {
	if o.Kind == "Kustomization" {
		if prune, _ := at(o.Manifest, "spec", "prune").(bool); prune {
			return []prunedPath{{path: path.Clean(strings.TrimPrefix(textAt(o.Manifest, "spec", "path"), "/"))}}
		}
		return nil
	}
	spec := at(o.Manifest, applicationSpec(o)...)
	if prune, _ := at(spec, "syncPolicy", "automated", "prune").(bool); !prune || o.Group != argoGroup {
		return nil
	}
	var out []prunedPath
	for _, s := range append(slices.Clone(listAt(spec, "sources")), at(spec, "source")) {
		dir := textAt(s, "path")
		switch {
		case dir == "":
			continue
		case o.Kind == "Application":
			out = append(out, prunedPath{path: path.Clean(dir), release: cmp.Or(textAt(s, "helm", "releaseName"), o.Name)})
		case strings.TrimSpace(templateAction.ReplaceAllString(dir, "")) == "":
			out = append(out, generated(o)...)
		default:
			out = append(out, prunedPath{path: withoutTemplate(dir), glob: true})
		}
		if recurse, _ := at(s, "directory", "recurse").(bool); recurse && o.Kind == "Application" {
			out = append(out, prunedPath{path: escapeGlob(path.Clean(dir)) + "/**", glob: true})
		}
	}
	return out
}

// generated are the directories that the git generators of an ApplicationSet
// name, for a template whose path is one of them.
func generated(o facts.Object) []prunedPath {
	var out []prunedPath
	for _, g := range listAt(o.Manifest, "spec", "generators") {
		for _, d := range listAt(g, "git", "directories") {
			if exclude, _ := at(d, "exclude").(bool); !exclude {
				out = append(out, prunedPath{path: textAt(d, "path"), glob: true})
			}
		}
	}
	return out
}

var (
	templateAction = regexp.MustCompile(`\{\{[^{}]*\}\}`)
	globMeta       = regexp.MustCompile(`[*?\[\]{}\\]`)
)

// withoutTemplate is a path with "*" in place of what a generator fills in.
func withoutTemplate(p string) string {
	var out strings.Builder
	last := 0
	for _, m := range templateAction.FindAllStringIndex(p, -1) {
		out.WriteString(escapeGlob(p[last:m[0]]) + "*")
		last = m[1]
	}
	return path.Clean(out.String() + escapeGlob(p[last:]))
}

func escapeGlob(s string) string { return globMeta.ReplaceAllString(s, `\$0`) }

// destinations are where Argo CD and Flux objects deploy to.
func (j *joiner) destinations() []facts.Destination {
	out := []facts.Destination{}
	for _, i := range j.kinds(argoGroup, "Application", "ApplicationSet") {
		o := j.objects[i]
		spec := applicationSpec(o)
		dest := mapAt(o.Manifest, append(spec, "destination")...)
		d := facts.Destination{Subject: o.Subject, Kind: o.Kind, Name: o.Name,
			Cluster: textAt(dest, "name"), Server: textAt(dest, "server"), Namespace: textAt(dest, "namespace")}
		field := "server"
		if d.Cluster != "" {
			field = "name"
		}
		for _, key := range append(spec, "destination", field) {
			d.Path = append(d.Path, key)
		}
		d.Templated = o.Kind == "ApplicationSet" && strings.Contains(d.Cluster+d.Server, "{{")
		d.Here = d.Cluster == "in-cluster" || d.Cluster == "" && inCluster(d.Server)
		out = append(out, d)
	}
	for _, i := range append(j.kinds(fluxKustomize, "Kustomization"), j.kinds(fluxHelm, "HelmRelease")...) {
		o := j.objects[i]
		d := facts.Destination{Subject: o.Subject, Kind: o.Kind, Name: o.Name, Namespace: textAt(o.Manifest, "spec", "targetNamespace"),
			Path: []any{"spec", "kubeConfig", "secretRef", "name"}, Server: textAt(o.Manifest, "spec", "kubeConfig", "secretRef", "name")}
		if ref := textAt(o.Manifest, "spec", "kubeConfig", "configMapRef", "name"); d.Server == "" && ref != "" {
			d.Server, d.Path = ref, []any{"spec", "kubeConfig", "configMapRef", "name"}
		}
		d.Here = d.Server == ""
		out = append(out, d)
	}
	return out
}

func inCluster(server string) bool {
	return strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc" || strings.TrimSuffix(server, "/") == "https://kubernetes.default.svc.cluster.local"
}
