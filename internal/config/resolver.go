package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// CatalogEntry is one component of a catalog-info.yaml (Backstage). Dir is the
// directory of the file, "" for the root.
type CatalogEntry struct {
	Name, Owner, Dir string
}

// ResolverInput is what says where things belong beside the configuration.
type ResolverInput struct {
	// Owners returns the code owners of a path; nil without CODEOWNERS.
	Owners      func(path string) []string
	CatalogInfo []CatalogEntry
}

// Hint is what is known about a subject when its scope is asked for. Everything
// is optional.
type Hint struct {
	// Unit is the path of a chart or kustomization, Stack that of a Terraform
	// root module; the entries under units and stacks are looked up by them.
	Unit, Stack string
	// Environment and Target are explicit: the entry of the configuration that
	// led to this subject names them.
	Environment, Target string
	// Paths are the files it comes from; the first is the primary one.
	Paths []string
	// StatedBy is what names Environment, in words; empty: the configuration.
	StatedBy string
	// Source are files of what is deployed, where Paths are of what says so.
	Source []string
	// Destination of a controller or provider. Server is the address of the
	// cluster; the aliases are other names that it may have.
	Namespace, Cluster, Server, Account, Region string
	ClusterAliases                              []string
	// Name is the subject's own name; a name alone claims no service.
	Name   string
	Chart  string            // name of the chart
	Labels map[string]string // of the Kubernetes object
	Tags   map[string]string // of the cloud resource
}

// Scope is what a subject belongs to.
type Scope struct {
	Environment string // empty if none is known
	Class       Class
	Target      string // empty if it reaches every target of the environment
	Service     string
	Owner       string
	// Regulated is true if the environment is, or the service holds regulated
	// data.
	Regulated bool
	// ServiceOrigin says by what the service is known: config, catalog-info,
	// label, chart or tag.
	ServiceOrigin string
	// Conflict says why something could not be told: sources that disagree or
	// tie. It is a finding; nothing was guessed.
	Conflict string
	// Settled says why, of what the configuration and the destination say, the
	// strictest class counts. It is a finding, too.
	Settled string
}

// Resolver tells the scope of subjects. It is safe for concurrent use.
type Resolver struct {
	config  *Config
	in      ResolverInput
	envs    []namedGlob
	owned   []namedGlob // paths of services
	catalog []CatalogEntry

	mu       sync.Mutex
	paths    map[string]pathScope
	services map[string]ServiceInfo
}

// pathScope is what a path alone says.
type pathScope struct {
	environment     string
	conflict        string
	service         string
	serviceConflict string
	owners          string
}

// NewResolver returns a Resolver; cfg may be nil.
func NewResolver(cfg *Config, in ResolverInput) *Resolver {
	r := &Resolver{config: cfg, in: in, paths: map[string]pathScope{}, services: map[string]ServiceInfo{}}
	if cfg == nil {
		r.config = &Config{}
	}
	for _, e := range r.config.Environments {
		r.envs = append(r.envs, named(e.Name, e.Paths)...)
	}
	for _, svc := range r.config.Services {
		r.owned = append(r.owned, named(svc.Name, svc.Paths)...)
	}
	r.catalog = slices.Clone(in.CatalogInfo)
	slices.SortFunc(r.catalog, func(a, b CatalogEntry) int {
		return cmp.Or(cmp.Compare(len(b.Dir), len(a.Dir)), cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Name, b.Name))
	})
	r.declareServices()
	return r
}

// Scope tells what a subject belongs to.
//
// The environment is the explicit one, else that of the entry under stacks or
// units, else that of the controller's destination (cluster, account), else
// that of the path: the primary file first, then the others. Where one of
// these steps yields two answers there is none, but a Conflict. Where an entry or
// the path is of another class than the destination, the strictest counts; a
// cluster that no environment lists is production, once any lists some. A subject
// without an environment is prod once any environment is configured.
func (r *Resolver) Scope(h Hint) Scope {
	var s Scope
	var conflicts []string
	a := r.environment(h)
	s.Environment, s.Target, s.Settled = a.environment, a.target, a.settled
	if a.conflict != "" {
		conflicts = append(conflicts, a.conflict)
		s.Environment, s.Target = "", ""
	}
	if a.settled != "" { // the target may be of another environment
		h.Target = ""
	}
	s.Class = r.config.ClassOf(s.Environment)
	if e, known := r.config.Environment(s.Environment); known {
		s.Regulated = e.Regulated
		if s.Target == "" {
			target, conflict := e.target(r.destination(h), h)
			s.Target = target
			if conflict != "" {
				conflicts = append(conflicts, conflict)
			}
		}
	}
	if conflict := r.service(h, &s); conflict != "" {
		conflicts = append(conflicts, conflict)
	}
	if s.Owner == "" {
		for _, p := range h.Paths {
			if s.Owner = r.path(p).owners; s.Owner != "" {
				break
			}
		}
	}
	s.Conflict = strings.Join(conflicts, "; ")
	return s
}

// environment returns the environment and, where an entry names it, the target.
func (r *Resolver) environment(h Hint) (a answer) {
	a, by := r.stated(h)
	to := r.reached(h)
	if a.conflict != "" {
		return a
	}
	if by != "" {
		stated := a.environment
		if a.environment, a.settled = r.against(stated, by, to); a.environment != stated {
			a.target = ""
		}
		return a
	}
	a.target = h.Target
	fromPath, conflict := r.fromPaths(h.Paths)
	switch {
	case len(to.environments) == 1:
		a.environment, a.settled = r.overPath(to, h)
	case len(to.environments) > 1:
		a.environment, a.conflict = fromPath, ""
		if !slices.Contains(to.environments, fromPath) {
			a = answer{conflict: undecided(to.environments, fromPath, conflict)}
		}
	case conflict != "":
		a = answer{conflict: conflict}
	case to.unknown:
		a = r.nowhere(fromPath, to, h)
	case len(to.listed) > 0 && fromPath != "": // in a namespace of nobody
		to.environments = to.listed
		a.environment, a.settled = r.against(fromPath, fmt.Sprintf("path %q", h.Paths[0]), to)
	default:
		a.environment = fromPath
	}
	return a
}

// answer is what an environment and target are told to be.
type answer struct {
	environment, target string
	conflict            string // why they cannot be told
	settled             string // why the strictest of several counts
}

// stated is what the configuration says of a subject by name, and in words what
// of it does; nothing if none does.
func (r *Resolver) stated(h Hint) (a answer, by string) {
	if h.Environment != "" {
		a.environment, a.target, a.conflict = r.checked(h.Environment, h.Target, "")
		return a, cmp.Or(h.StatedBy, "the configuration")
	}
	for _, entry := range []func(Hint) (string, string, string){r.stackEntry, r.unitEntry} {
		if environment, target, conflict := entry(h); environment != "" || conflict != "" {
			a.environment, a.target, a.conflict = r.checked(environment, cmp.Or(h.Target, target), conflict)
			return a, "the configuration"
		}
	}
	return a, ""
}

// overPath is the environment of a destination, unless the path of what is
// deployed there says production.
func (r *Resolver) overPath(to reached, h Hint) (environment, settled string) {
	environment = to.environments[0]
	from := h.Source
	if len(from) == 0 {
		from = h.Paths
	}
	byPath, _ := r.fromPaths(from)
	if r.config.ClassOf(byPath) == r.config.ClassOf(environment) || byPath == "" {
		return environment, ""
	}
	return r.against(byPath, fmt.Sprintf("path %q", from[0]), to)
}

// nowhere is the environment of what is deployed to a cluster that none lists:
// that of its path if that is production, else none.
func (r *Resolver) nowhere(fromPath string, to reached, h Hint) answer {
	bySource, _ := r.fromPaths(h.Source)
	for _, e := range []string{fromPath, bySource} {
		if e != "" && r.config.ClassOf(e) == Prod {
			return answer{environment: e, target: h.Target}
		}
	}
	if fromPath == "" {
		return answer{settled: fmt.Sprintf("no environment lists the destination %s under its targets: judged as production", to.to)}
	}
	_, settled := r.against(fromPath, fmt.Sprintf("path %q", h.Paths[0]), to)
	return answer{settled: settled}
}

// undecided says why several environments that share a cluster or account stay
// several: the path settles which of them, but cannot name another one.
func undecided(candidates []string, fromPath, conflict string) string {
	if conflict == "" {
		conflict = "its path names none of them"
		if fromPath != "" {
			conflict = fmt.Sprintf("its path names %q", fromPath)
		}
	}
	return fmt.Sprintf("environment cannot be told: the destination fits %s, and %s", oneOf(quoted(candidates)), conflict)
}

// checked refuses environments and targets that are not configured.
func (r *Resolver) checked(environment, target, conflict string) (string, string, string) {
	if conflict != "" {
		return "", "", conflict
	}
	e, known := r.config.Environment(environment)
	if !known {
		return "", "", fmt.Sprintf("environment cannot be told: %q is not configured", environment)
	}
	if target != "" && !slices.ContainsFunc(e.Targets, func(t Target) bool { return t.Name == target }) {
		return "", "", fmt.Sprintf("environment %q has no target %q", environment, target)
	}
	return environment, target, ""
}

func (r *Resolver) stackEntry(h Hint) (environment, target, conflict string) {
	for _, s := range r.config.Stacks {
		if h.Stack != "" && strings.TrimSuffix(s.Path, "/") == h.Stack {
			return s.Environment, s.Target, ""
		}
	}
	return "", "", ""
}

// unitEntry looks a unit up by its path. A chart that is released into several
// environments belongs to none of them by its path alone.
func (r *Resolver) unitEntry(h Hint) (environment, target, conflict string) {
	if h.Unit == "" {
		return "", "", ""
	}
	places := map[[2]string]bool{}
	environments := map[string]bool{}
	for _, u := range r.config.Units {
		if strings.TrimSuffix(u.Source(), "/") != h.Unit || u.Environment == "" {
			continue
		}
		places[[2]string{u.Environment, u.Target}] = true
		environments[u.Environment] = true
		environment, target = u.Environment, u.Target
	}
	switch {
	case len(environments) > 1:
		return "", "", fmt.Sprintf("environment cannot be told: unit %q stands under %s", h.Unit, strings.Join(quoted(slices.Sorted(maps.Keys(environments))), " and "))
	case len(places) > 1:
		return environment, "", ""
	}
	return environment, target, ""
}

func (t Target) admits(namespace string) bool {
	return namespace == "" || len(t.Namespaces) == 0 ||
		slices.ContainsFunc(t.Namespaces, func(g string) bool { return Match(g, namespace) })
}

// fromPaths asks the primary path, then all others.
func (r *Resolver) fromPaths(paths []string) (environment, conflict string) {
	if len(paths) == 0 {
		return "", ""
	}
	if p := r.path(paths[0]); p.environment != "" || p.conflict != "" {
		return p.environment, p.conflict
	}
	found := map[string]bool{}
	for _, path := range paths[1:] {
		p := r.path(path)
		if p.conflict != "" {
			return "", p.conflict
		}
		if p.environment != "" {
			found[p.environment] = true
			environment = p.environment
		}
	}
	if len(found) > 1 {
		return "", fmt.Sprintf("environment cannot be told: the files of %q stand under %s", paths[0], strings.Join(quoted(slices.Sorted(maps.Keys(found))), " and "))
	}
	return environment, ""
}

// path is what a path alone says, remembered.
func (r *Resolver) path(path string) pathScope {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, seen := r.paths[path]; seen {
		return p
	}
	var p pathScope
	var tie *[2]namedGlob
	if p.environment, tie = mostSpecific(path, r.envs); tie != nil {
		p.conflict = fmt.Sprintf("environment cannot be told: path %q fits %q of %q and %q of %q alike",
			path, tie[0].pattern, tie[0].name, tie[1].pattern, tie[1].name)
	}
	if p.service, tie = mostSpecific(path, r.owned); tie != nil {
		p.serviceConflict = fmt.Sprintf("service cannot be told: path %q fits %q and %q alike", path, tie[0].name, tie[1].name)
	}
	if r.in.Owners != nil {
		p.owners = strings.Join(r.in.Owners(path), " ")
	}
	r.paths[path] = p
	return p
}

func quoted(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return out
}
