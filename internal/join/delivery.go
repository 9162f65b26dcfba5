package join

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/selector"
)

const (
	argoGroup      = "argoproj.io"
	fluxKustomize  = "kustomize.toolkit.fluxcd.io"
	fluxHelm       = "helm.toolkit.fluxcd.io"
	fluxNotify     = "notification.toolkit.fluxcd.io"
	argoSubscribes = "notifications.argoproj.io/subscribe."
)

// deliverers are the objects that deliver others, by group.
func deliverers(d *document) []int {
	out := d.kinds(argoGroup, "Application", "ApplicationSet")
	out = append(out, d.kinds(fluxKustomize, "Kustomization")...)
	return append(out, d.kinds(fluxHelm, "HelmRelease")...)
}

// applicationSpec is where the Application's spec stands in an Application or
// ApplicationSet.
func applicationSpec(o facts.Object) []any {
	if o.Kind == "ApplicationSet" {
		return []any{"spec", "template", "spec"}
	}
	return []any{"spec"}
}

// delivery tells for each object that delivers others what alerts about it, how
// far the controllers confine it, and what is so of all in its environment.
//
// It reads the objects of Argo CD, Flux and Prometheus and the arguments of the
// containers that are Flux controllers, and writes Delivery of the objects that
// deliver.
func delivery(d *document) {
	alerts := alerts(d)
	var controllers []facts.Container
	for _, c := range d.Containers {
		if c.Workload.Name == "kustomize-controller" || c.Workload.Name == "helm-controller" {
			controllers = append(controllers, c)
		}
	}
	for _, i := range deliverers(d) {
		o := d.Objects[i]
		found := &facts.Delivery{Alerts: []string{}}
		for _, a := range alerts {
			if meet(a.scope, o.Scope) && a.covers(o) {
				found.Alerts = append(found.Alerts, a.id)
			}
		}
		if subscribed(o) {
			found.Alerts = append(found.Alerts, o.ID)
		}
		slices.Sort(found.Alerts)
		found.Alerts = slices.Compact(found.Alerts)
		for _, c := range controllers {
			if meet(c.Scope, o.Scope) {
				found.DefaultAccount = found.DefaultAccount || hasFlag(c, "--default-service-account=")
				found.NoCrossNamespace = found.NoCrossNamespace || hasFlag(c, "--no-cross-namespace-refs=true")
			}
		}
		d.Objects[i].Delivery = found
	}
	habits(d, controllers)
}

// few is the number of objects of an environment that are told one by one,
// whatever is common among them.
const few = 10

// habits marks the objects of environments in which nobody is told of any, and
// in which most of Flux name no account.
func habits(d *document, controllers []facts.Container) {
	type habit struct{ objects, told, flux, accounts, sources int }
	of := map[string]*habit{}
	own := map[string]bool{"flux-system": true}
	for _, c := range controllers {
		own[c.Workload.Namespace] = true
	}
	list := deliverers(d)
	for _, i := range list {
		o := d.Objects[i]
		h := of[o.Environment]
		if h == nil {
			h = &habit{}
			of[o.Environment] = h
		}
		h.objects++
		if len(o.Delivery.Alerts) > 0 {
			h.told++
		}
		if o.Group == argoGroup || own[o.Namespace] || doc.Map(o.Manifest, "spec", "kubeConfig") != nil {
			continue
		}
		h.flux++
		if o.Delivery.DefaultAccount || doc.Text(o.Manifest, "spec", "serviceAccountName") != "" {
			h.accounts++
		}
		if o.Group == fluxKustomize && !own[cmp.Or(doc.Text(o.Manifest, "spec", "sourceRef", "namespace"), o.Namespace)] {
			h.sources++ // of a tenant: that of the platform stands beside the controllers
		}
	}
	for _, i := range list {
		h := of[d.Objects[i].Environment]
		d.Objects[i].Delivery.NoAlerts = h.objects > few && h.told == 0
		d.Objects[i].Delivery.OneTenant = h.accounts+h.sources == 0
		d.Objects[i].Delivery.NoTenants = h.flux > few && 2*h.accounts < h.flux && !d.Objects[i].Delivery.OneTenant
	}
}

func hasFlag(c facts.Container, prefix string) bool {
	return slices.ContainsFunc(doc.List(c.Container, "args"), func(a any) bool {
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
func alerts(d *document) []alert {
	var out []alert
	add := func(o facts.Object, covers func(facts.Object) bool) {
		out = append(out, alert{o.ID, o.Scope, covers})
	}
	argo := func(o facts.Object) bool { return o.Group == argoGroup }
	for _, i := range d.kinds(fluxNotify, "Alert") {
		a := d.Objects[i]
		add(a, func(o facts.Object) bool { return alertCovers(a, o) })
	}
	for _, i := range d.kinds(argoGroup, "AppProject") {
		if p := d.Objects[i]; subscribed(p) {
			add(p, func(o facts.Object) bool {
				return argo(o) && doc.Text(o.Manifest, append(applicationSpec(o), "project")...) == p.Name
			})
		}
	}
	for _, i := range d.kinds("", "ConfigMap") {
		if c := d.Objects[i]; c.Name == "argocd-notifications-cm" && doc.Text(c.Manifest, "data", "subscriptions") != "" {
			add(c, argo)
		}
	}
	for _, i := range d.kinds("monitoring.coreos.com", "PrometheusRule") {
		r := d.Objects[i]
		if watches(r, argoMetric()) {
			add(r, argo)
		}
		if watches(r, fluxMetric()) {
			add(r, func(o facts.Object) bool { return o.Group != argoGroup })
		}
	}
	return out
}

// The metrics that tell sync and health: Argo CD's application controller, and
// Flux's controllers or kube-state-metrics with Flux's custom resource state.
var (
	argoMetric = pattern(`\bargocd_app_(info|sync_total|k8s_request_total|health_status|sync_status)\b`)
	fluxMetric = pattern(`\b(gotk_(reconcile|resource|suspend)\w*|flux_resource\w*|controller_runtime_reconcile_errors_total)\b`)
)

func watches(rule facts.Object, metric *regexp.Regexp) bool {
	for _, g := range doc.List(rule.Manifest, "spec", "groups") {
		for _, r := range doc.List(g, "rules") {
			if doc.Text(r, "alert") != "" && metric.MatchString(doc.Text(r, "expr")) {
				return true
			}
		}
	}
	return false
}

// alertCovers says whether a Flux Alert watches an object
// (https://fluxcd.io/flux/components/notification/alerts/#event-sources).
func alertCovers(a, o facts.Object) bool {
	if doc.Bool(a.Manifest, "spec", "suspend") {
		return false
	}
	for _, s := range doc.List(a.Manifest, "spec", "eventSources") {
		namespace := doc.Text(s, "namespace")
		if namespace == "" {
			namespace = a.Namespace
		}
		name := doc.Text(s, "name")
		if doc.Text(s, "kind") != o.Kind || namespace != o.Namespace || name != "*" && name != o.Name {
			continue
		}
		if want := doc.Map(s, "matchLabels"); want == nil || selector.Selects(map[string]any{"matchLabels": want}, doc.Labels(o.Manifest)) {
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
	for _, place := range [][]any{{"metadata", "annotations"}, {"spec", "template", "metadata", "annotations"}} {
		for key := range doc.Map(o.Manifest, place...) {
			if strings.HasPrefix(key, argoSubscribes) {
				return true
			}
		}
	}
	return false
}
