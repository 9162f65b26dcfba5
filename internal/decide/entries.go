package decide

import (
	"cmp"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
)

// entry is one environment and target that the run answers for.
type entry struct {
	environment, target string
	class               config.Class
	changed             bool
	incomplete          bool
	scope               string // ScopeChange where something that is no fault of the change was not judged
}

// buildEntries finds the environments and targets that the run reaches: those
// that a subject belongs to. A subject without a target reaches all targets of
// its environment. Subjects without an environment have an entry of their own,
// with an empty name; it is also the only one if nothing is configured.
func (r *ruling) buildEntries() {
	reach := map[string]map[string]bool{}
	mark := func(environment, target string) {
		if reach[environment] == nil {
			reach[environment] = map[string]bool{}
		}
		reach[environment][target] = true
	}
	for id, s := range r.Subjects {
		if s.Scope.Environment == "" && repositoryLevel(id) || strings.HasPrefix(id, "environment/") {
			continue // they stand for the repository or the configuration, not for a place
		}
		mark(s.Scope.Environment, s.Scope.Target)
	}
	environments := map[string]facts.Environment{}
	for _, e := range r.Environments {
		environments[e.Name] = e
		if e.Reached && reach[e.Name] == nil {
			mark(e.Name, "")
		}
	}
	if len(reach) == 0 {
		mark("", "")
	}
	for name, targets := range reach {
		if !r.kept(name) {
			continue
		}
		for _, target := range reachedTargets(targets, environments[name].Targets) {
			r.entries = append(r.entries, &entry{environment: name, target: target, class: r.classOf(name, environments), changed: environments[name].Changed})
		}
	}
	if len(r.entries) == 0 { // --env named environments that nothing belongs to
		r.entries = append(r.entries, &entry{class: r.Config.ClassOf("")})
	}
	slices.SortFunc(r.entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.environment, b.environment), cmp.Compare(a.target, b.target))
	})
	r.class = config.NonProd
	for _, e := range r.entries {
		if e.class == config.Prod {
			r.class = config.Prod
		}
	}
}

func (r *ruling) kept(environment string) bool {
	return len(r.Only) == 0 || environment == "" || slices.Contains(r.Only, environment)
}

func (r *ruling) classOf(name string, environments map[string]facts.Environment) config.Class {
	if _, configured := r.Config.Environment(name); !configured && environments[name].Class != "" {
		return config.Class(environments[name].Class)
	}
	return r.Config.ClassOf(name)
}

// reachedTargets lists the targets that subjects name, or all of the
// environment if one of them names none.
func reachedTargets(reached map[string]bool, all []facts.Target) []string {
	names := map[string]bool{}
	for t := range reached {
		if t != "" {
			names[t] = true
		}
	}
	if reached[""] {
		for _, t := range all {
			names[t.Name] = true
		}
	}
	if len(names) == 0 {
		names[""] = true
	}
	out := make([]string, 0, len(names))
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// repositoryLevel says whether a subject without an environment belongs to the
// repository as a whole: the change, the repository, files and what stands in
// them. Everything else that lacks an environment would be applied somewhere,
// and nobody knows where.
func repositoryLevel(id string) bool {
	return id == "change" || id == "repository" || strings.HasPrefix(id, "file:") || strings.HasPrefix(id, "secret:")
}

// spread returns the entries in which something counts. everywhere is for what
// belongs to the repository: every environment that the change reaches, or all
// of the run if the change reaches none of them.
func (r *ruling) spread(s facts.Scope, everywhere bool) []int {
	var changed, own []int
	for i, e := range r.entries {
		if e.changed {
			changed = append(changed, i)
		}
		if e.environment == s.Environment && (s.Target == "" || e.target == s.Target) {
			own = append(own, i)
		}
	}
	switch {
	case !everywhere:
		return own
	case len(changed) > 0:
		return changed
	}
	return r.everywhere()
}

func (r *ruling) everywhere() []int {
	all := make([]int, len(r.entries))
	for i := range all {
		all[i] = i
	}
	return all
}

// place returns the scope of a subject as it is judged, and where it counts. A
// subject that nobody described counts everywhere.
func (r *ruling) place(id string) (SubjectContext, facts.Scope, []int) {
	s, known := r.Subjects[id]
	if !known {
		s = SubjectContext{Ref: SubjectRef{ID: id}}
	}
	scope := s.Scope
	everywhere := !known || scope.Environment == "" && repositoryLevel(id)
	if everywhere {
		scope.Class = string(r.class)
	} else if scope.Class == "" {
		scope.Class = string(r.Config.ClassOf(scope.Environment))
	}
	return s, scope, r.spread(scope, everywhere)
}
