package join

import (
	"cmp"
	"slices"
	"time"

	"gate/internal/config"
	"gate/internal/facts"
)

// Environments are those of the configuration, and whether the run and the
// change reach them.
func Environments(cfg *config.Config, f *facts.Facts) []facts.Environment {
	in := map[string]bool{}
	for _, s := range Reached(f) {
		in[s.Environment] = true
	}
	changed := changedEnvironments(f)
	var out []facts.Environment
	for _, e := range cfg.Environments {
		env := facts.Environment{
			Subject: facts.Subject{ID: "environment/" + e.Name, Scope: facts.Scope{Environment: e.Name, Class: string(e.Class), Regulated: e.Regulated}},
			Name:    e.Name, Paths: e.Paths, Targets: []facts.Target{}, Reached: in[e.Name], Freezes: []facts.Freeze{},
			Changed: !f.Change.Known || changed[e.Name],
		}
		for _, t := range e.Targets {
			env.Targets = append(env.Targets, facts.Target{Name: t.Name, Account: t.Account, Region: t.Region, Cluster: t.Cluster, Namespaces: t.Namespaces})
		}
		for _, z := range cfg.Freezes {
			if z.Environment == e.Name {
				env.Freezes = append(env.Freezes, facts.Freeze{From: z.From.UTC().Format(time.RFC3339), To: z.To.UTC().Format(time.RFC3339), Reason: z.Reason})
			}
		}
		out = append(out, env)
	}
	return out
}

// Reached are the distinct scopes of everything that is rendered or planned.
func Reached(f *facts.Facts) []facts.Scope {
	type key struct{ environment, target string }
	byKey := map[key]facts.Scope{}
	add := func(s facts.Scope) {
		if s.Environment == "" {
			return
		}
		k := key{s.Environment, s.Target}
		have, seen := byKey[k]
		if !seen {
			have = facts.Scope{Environment: s.Environment, Target: s.Target, Class: s.Class}
		}
		have.Regulated = have.Regulated || s.Regulated
		byKey[k] = have
	}
	for _, o := range slices.Concat(f.Objects, f.DeletedObjects) {
		add(o.Scope)
	}
	for _, x := range slices.Concat(f.Resources, f.Terraform.DeletedResources) {
		add(x.Scope)
	}
	for _, s := range f.Terraform.Stacks {
		add(s.Scope)
	}
	out := make([]facts.Scope, 0, len(byKey))
	for _, s := range byKey {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b facts.Scope) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target))
	})
	return out
}

// changedEnvironments are those of which the change touches a file: one that
// belongs to it by its path, or one that a unit or stack of it is made from.
func changedEnvironments(f *facts.Facts) map[string]bool {
	users := map[string][]string{} // file -> environments
	for _, u := range f.Units {
		for _, file := range append(slices.Clone(u.Sources), u.Values...) {
			users[file] = append(users[file], u.Environment)
		}
	}
	out := map[string]bool{}
	for _, file := range f.Change.Files {
		out[file.Environment] = true
		for _, env := range append(slices.Clone(users[file.Path]), users[file.Previous]...) {
			out[env] = true
		}
	}
	for _, o := range slices.Concat(f.Objects, f.DeletedObjects) {
		if o.Change != nil && o.Change.Action != "unchanged" {
			out[o.Environment] = true
		}
	}
	for _, x := range slices.Concat(f.Resources, f.Terraform.DeletedResources) {
		switch {
		case x.Mode != "managed":
		case x.Origin == "plan" && !slices.Equal(x.Actions, []string{"no-op"}), x.Origin == "hcl" && x.Change != nil && x.Change.Action != "unchanged":
			out[x.Environment] = true
		}
	}
	for _, x := range f.Terraform.Changes {
		out[x.Environment] = true
	}
	return out
}
