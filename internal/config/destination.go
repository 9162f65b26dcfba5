package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// destination is the cluster that a controller deploys to, by all the names and
// addresses by which it is known.
type destination struct {
	names, servers []string
	// elsewhere says that it is named, and is not just the cluster that the
	// controller runs in.
	elsewhere bool
}

// String is the destination as it was named.
func (d destination) String() string {
	for _, list := range [][]string{d.names, d.servers} {
		if len(list) > 0 {
			return fmt.Sprintf("%q", list[0])
		}
	}
	return "of its controller"
}

// destination is where a hint says that something is deployed to. What the
// configuration says under clusters joins names and addresses.
func (r *Resolver) destination(h Hint) destination {
	if h.Cluster == "" && h.Server == "" {
		return destination{}
	}
	d := destination{elsewhere: !here(h.Cluster, h.Server)}
	add := func(list *[]string, v string) {
		if v != "" && !slices.Contains(*list, v) {
			*list = append(*list, v)
		}
	}
	add(&d.names, h.Cluster)
	for _, name := range h.ClusterAliases {
		add(&d.names, name)
	}
	add(&d.servers, address(h.Server))
	for _, c := range r.config.Clusters {
		switch at := address(c.Server); {
		case slices.Contains(d.servers, at):
			add(&d.names, c.Name)
		case slices.Contains(d.names, c.Name):
			add(&d.servers, at)
		}
	}
	return d
}

// Stays says that a hint names no other cluster than that of the controller.
func (h Hint) Stays() bool { return h.Cluster == "" && h.Server == "" || here(h.Cluster, h.Server) }

// here says whether a destination is the cluster of the controller itself:
// https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
func here(name, server string) bool {
	if name != "" {
		return name == "in-cluster"
	}
	switch address(server) {
	case "https://kubernetes.default", "https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local":
		return true
	}
	return false
}

// address is the address of a server in one form: case, the port of its scheme
// and a slash at the end tell no servers apart.
func address(server string) string {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(server)))
	if err != nil || u.Host == "" {
		return strings.TrimRight(strings.TrimSpace(server), "/")
	}
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	return strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
}

// addressed says whether any environment says which clusters are its own: then
// one that none of them names is unknown, and not just not told.
func (c *Config) addressed() bool {
	return slices.ContainsFunc(c.Environments, func(e Environment) bool {
		return slices.ContainsFunc(e.Targets, func(t Target) bool { return t.Cluster != "" || t.Server != "" })
	})
}

// fits says whether the destination is this target: cluster or account are
// equal, and nothing else that both name differs.
func (t Target) fits(to destination, h Hint) bool {
	same := slices.Contains(to.names, t.Cluster) && t.Cluster != "" || slices.Contains(to.servers, address(t.Server)) && t.Server != ""
	if !same && (t.Cluster != "" && len(to.names) > 0 || t.Server != "" && len(to.servers) > 0) {
		return false
	}
	switch {
	case t.Account == "" || h.Account == "":
	case t.Account != h.Account:
		return false
	default:
		same = true
	}
	if t.Region != "" && h.Region != "" && t.Region != h.Region {
		return false
	}
	return same && t.admits(h.Namespace)
}

// destinations are the environments that have a target with the hint's cluster
// or account, narrowed by region and namespace; listed are those that have one
// for other namespaces.
func (r *Resolver) destinations(to destination, h Hint) (fitting, listed []string) {
	anywhere := h
	anywhere.Namespace = ""
	for _, e := range r.config.Environments {
		if slices.ContainsFunc(e.Targets, func(t Target) bool { return t.fits(to, h) }) {
			fitting = append(fitting, e.Name)
		}
		if slices.ContainsFunc(e.Targets, func(t Target) bool { return t.fits(to, anywhere) }) {
			listed = append(listed, e.Name)
		}
	}
	return fitting, listed
}

// reached is what the destination of a hint says of its environment.
type reached struct {
	to           destination
	environments []string // of which one it is; none if nothing is said
	// unknown says that a cluster is named which no environment lists.
	unknown bool
	listed  []string // by its cluster, though not by its namespace
}

func (r *Resolver) reached(h Hint) reached {
	to := r.destination(h)
	out := reached{to: to}
	out.environments, out.listed = r.destinations(to, h)
	if len(out.environments) == 0 && len(out.listed) == 1 {
		out.environments = out.listed
	}
	out.unknown = to.elsewhere && len(out.listed) == 0 && r.config.addressed()
	return out
}

// against holds an environment that the configuration says, in words by, against
// the destination. Where these are of one class, or nothing is known of the
// destination, the configuration counts; else the strictest class does, and
// settled says why.
func (r *Resolver) against(stated, by string, to reached) (environment, settled string) {
	if stated == "" || slices.Contains(to.environments, stated) || slices.Contains(to.listed, stated) {
		return stated, ""
	}
	class := r.config.ClassOf(stated)
	said := fmt.Sprintf("%s names environment %q", by, stated)
	if to.unknown {
		if class == Prod {
			return stated, ""
		}
		return "", fmt.Sprintf("%s, and no environment lists the destination %s under its targets: judged as production", said, to.to)
	}
	if len(to.environments) == 0 {
		return stated, ""
	}
	var strict []string
	for _, e := range to.environments {
		if r.config.ClassOf(e) == Prod {
			strict = append(strict, e)
		}
	}
	said = fmt.Sprintf("%s, and the destination %s is that of %s: judged as production", said, to.to, oneOf(quoted(to.environments)))
	switch {
	case class == Prod && len(strict) == len(to.environments), class != Prod && len(strict) == 0:
		return stated, ""
	case class == Prod:
		return stated, said
	case len(strict) == 1:
		return strict[0], said
	}
	return "", said
}
