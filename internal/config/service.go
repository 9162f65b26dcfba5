package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ServiceInfo is one service that is configured, catalogued or was derived.
type ServiceInfo struct {
	Name, Owner, DataClass string
	Regulated              bool
	Origin                 string // config, catalog-info, label, chart, tag
}

// RegulatedData is the data class that makes the subjects of a service
// regulated.
const RegulatedData = "regulated"

// Services returns all services known so far, sorted by name: those of the
// configuration and the catalog, and those derived by calls of Scope.
func (r *Resolver) Services() []ServiceInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]ServiceInfo, 0, len(r.services))
	for _, name := range slices.Sorted(maps.Keys(r.services)) {
		out = append(out, r.services[name])
	}
	return out
}

func (r *Resolver) declareServices() {
	for _, s := range r.config.Services {
		r.services[s.Name] = ServiceInfo{Name: s.Name, Owner: s.Owner, DataClass: s.DataClass, Regulated: s.DataClass == RegulatedData, Origin: "config"}
	}
	for _, c := range r.catalog {
		known, declared := r.services[c.Name]
		switch {
		case c.Name == "":
		case !declared:
			r.services[c.Name] = ServiceInfo{Name: c.Name, Owner: c.Owner, Origin: "catalog-info"}
		case known.Owner == "":
			known.Owner = c.Owner
			r.services[c.Name] = known
		}
	}
}

// service fills the service of a scope, with its owner and data class. The
// order is: configuration, catalog-info.yaml, label app.kubernetes.io/part-of,
// label app.kubernetes.io/name, chart name, tag "service". However it was
// found, a configured or catalogued service of that name says who owns it.
func (r *Resolver) service(h Hint, s *Scope) (conflict string) {
	s.Service, s.ServiceOrigin, conflict = r.serviceName(h)
	if s.Service == "" {
		return conflict
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	info, known := r.services[s.Service]
	if !known {
		info = ServiceInfo{Name: s.Service, Origin: s.ServiceOrigin}
		r.services[s.Service] = info
	} else if !declared(info.Origin) && originRank(s.ServiceOrigin) < originRank(info.Origin) {
		// The result must not depend on which subject was asked for first.
		info.Origin = s.ServiceOrigin
		r.services[s.Service] = info
	}
	s.Owner = info.Owner
	s.Regulated = s.Regulated || info.Regulated
	return ""
}

func declared(origin string) bool { return origin == "config" || origin == "catalog-info" }

func originRank(origin string) int {
	return slices.Index([]string{"config", "catalog-info", "label", "chart", "tag"}, origin)
}

func (r *Resolver) serviceName(h Hint) (name, origin, conflict string) {
	if name, conflict = r.configuredService(h); name != "" || conflict != "" {
		return name, "config", conflict
	}
	if name, conflict = r.cataloguedService(h.Paths); name != "" || conflict != "" {
		return name, "catalog-info", conflict
	}
	for _, key := range []string{"app.kubernetes.io/part-of", "app.kubernetes.io/name"} {
		if v := h.Labels[key]; v != "" {
			return v, "label", ""
		}
	}
	if h.Chart != "" {
		return h.Chart, "chart", ""
	}
	for _, key := range slices.Sorted(maps.Keys(h.Tags)) {
		if strings.EqualFold(key, "service") && h.Tags[key] != "" {
			return h.Tags[key], "tag", ""
		}
	}
	return "", "", ""
}

// configuredService asks the paths of services first, the primary file before
// the others, then their labels, then their namespaces.
func (r *Resolver) configuredService(h Hint) (name, conflict string) {
	for _, path := range h.Paths {
		if p := r.path(path); p.service != "" || p.serviceConflict != "" {
			return p.service, p.serviceConflict
		}
	}
	byLabel := func(m ServiceMatch) bool {
		for key, v := range m.Labels {
			if h.Labels[key] != v {
				return false
			}
		}
		return len(m.Labels) > 0 && (len(m.Namespaces) == 0 || m.namespace(h.Namespace))
	}
	byNamespace := func(m ServiceMatch) bool { return len(m.Labels) == 0 && m.namespace(h.Namespace) }
	for what, match := range []func(ServiceMatch) bool{byLabel, byNamespace} {
		var found []string
		for _, s := range r.config.Services {
			if match(s.Match) {
				found = append(found, s.Name)
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return found[0], ""
		}
		return "", fmt.Sprintf("service cannot be told: the %s fit %s", [...]string{"labels", "namespace"}[what], strings.Join(quoted(found), " and "))
	}
	return "", ""
}

func (m ServiceMatch) namespace(ns string) bool {
	return ns != "" && slices.ContainsFunc(m.Namespaces, func(g string) bool { return Match(g, ns) })
}

// cataloguedService is the component whose catalog-info.yaml stands nearest
// above the primary path. The file at the root describes the repository as a
// whole and claims no service.
func (r *Resolver) cataloguedService(paths []string) (name, conflict string) {
	if len(paths) == 0 {
		return "", ""
	}
	for i, c := range r.catalog { // deepest directories first
		if c.Dir == "" || c.Dir == "." || c.Name == "" || !(paths[0] == c.Dir || strings.HasPrefix(paths[0], c.Dir+"/")) {
			continue
		}
		if i+1 < len(r.catalog) && r.catalog[i+1].Dir == c.Dir && r.catalog[i+1].Name != c.Name {
			return "", fmt.Sprintf("service cannot be told: the catalog-info.yaml of %q names %q and %q", c.Dir, c.Name, r.catalog[i+1].Name)
		}
		return c.Name, ""
	}
	return "", ""
}
