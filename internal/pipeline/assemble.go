package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"time"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/join"
	"gate/internal/policy"
	"gate/internal/repository"
)

// assemble completes the input document: environments, services, evidence,
// parameters, and the order of everything.
func (r *run) assemble(c *policy.Catalog) *facts.Facts {
	f := &r.facts
	f.Schema, f.Now = facts.Schema, r.o.Now.Format(time.RFC3339)
	f.Resources = join.Attributes(f.Resources)
	f.Params = config.Params(r.policy.Config, specs(r.ids, c.Rules()))
	r.driftClasses()
	f.Change.Scope = r.strictest()
	r.environments()
	for _, s := range r.resolver.Services() {
		f.Services = append(f.Services, facts.Service{Name: s.Name, Owner: s.Owner, DataClass: s.DataClass, Regulated: s.Regulated, Origin: s.Origin})
	}
	f.Evidence = repository.Evidence(&f.Change, r.reached(), repository.Emergency(&f.Change, r.emergencyLabels()))
	for id, l := range r.repositoryLocators() {
		r.locators[id] = l
	}
	slices.SortFunc(f.Objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.SecretReferences, func(a, b facts.SecretReference) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Assessments, func(a, b facts.Assessment) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Index.SecretStores, func(a, b facts.StoreSummary) int { return cmp.Compare(a.ID, b.ID) })
	noNulls(reflect.ValueOf(f))
	sum := sha256.New()
	if err := f.Encode(sum); err == nil {
		r.digests.facts = hex.EncodeToString(sum.Sum(nil))
	}
	return f
}

// driftClasses hands the configuration's classes of drift to the rule that
// compares with them, behind those that the rule's own parameters name.
func (r *run) driftClasses() {
	for _, byRule := range r.facts.Params {
		params := byRule["iac/drift-unclassified"]
		if params == nil || len(r.policy.Config.Drift) == 0 {
			continue
		}
		own, _ := params["classes"].([]any)
		classes := slices.Clone(own)
		for _, d := range r.policy.Config.Drift {
			class := map[string]any{"class": d.Class, "match": d.Match, "owner": d.Owner, "reason": d.Reason}
			if d.ReviewBy != nil {
				class["reviewBy"] = d.ReviewBy.Format(time.DateOnly)
			}
			classes = append(classes, class)
		}
		params["classes"] = classes
	}
}

// environments are those of the configuration, and whether the run and the
// change reach them.
func (r *run) environments() {
	reached := map[string]bool{}
	for _, s := range r.reached() {
		reached[s.Environment] = true
	}
	changed := r.changedEnvironments()
	for _, e := range r.policy.Config.Environments {
		env := facts.Environment{
			Subject: facts.Subject{ID: "environment/" + e.Name, Scope: facts.Scope{Environment: e.Name, Class: string(e.Class), Regulated: e.Regulated}},
			Name:    e.Name, Targets: []facts.Target{}, Reached: reached[e.Name], Freezes: []facts.Freeze{},
			Changed: !r.facts.Change.Known || changed[e.Name],
		}
		for _, t := range e.Targets {
			env.Targets = append(env.Targets, facts.Target{Name: t.Name, Account: t.Account, Region: t.Region, Cluster: t.Cluster, Namespaces: t.Namespaces})
		}
		for _, z := range r.policy.Config.Freezes {
			if z.Environment == e.Name {
				env.Freezes = append(env.Freezes, facts.Freeze{From: z.From.UTC().Format(time.RFC3339), To: z.To.UTC().Format(time.RFC3339), Reason: z.Reason})
			}
		}
		r.facts.Environments = append(r.facts.Environments, env)
	}
}

// reached are the distinct scopes of everything that is rendered or planned.
func (r *run) reached() []facts.Scope {
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
	for _, o := range slices.Concat(r.facts.Objects, r.facts.DeletedObjects) {
		add(o.Scope)
	}
	for _, x := range r.facts.Resources {
		add(x.Scope)
	}
	for _, s := range r.facts.Terraform.Stacks {
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
func (r *run) changedEnvironments() map[string]bool {
	users := map[string][]string{} // file -> environments
	for _, u := range r.facts.Units {
		for _, file := range append(slices.Clone(u.Sources), u.Values...) {
			users[file] = append(users[file], u.Environment)
		}
	}
	out := map[string]bool{}
	for _, f := range r.facts.Change.Files {
		out[f.Environment] = true
		for _, env := range append(slices.Clone(users[f.Path]), users[f.Previous]...) {
			out[env] = true
		}
	}
	for _, o := range slices.Concat(r.facts.Objects, r.facts.DeletedObjects) {
		if o.Change != nil && o.Change.Action != "unchanged" {
			out[o.Environment] = true
		}
	}
	for _, x := range r.facts.Resources {
		if x.Origin == "plan" && !slices.Equal(x.Actions, []string{"no-op"}) && x.Mode == "managed" {
			out[x.Environment] = true
		}
	}
	return out
}

// emergencyLabels are the labels that the rule about emergencies knows.
func (r *run) emergencyLabels() []string {
	var out []string
	list, _ := r.facts.Params[""]["repository/emergency-incident"]["labels"].([]any)
	for _, l := range list {
		if s, ok := l.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// noNulls makes empty lists of the typed ones that are nil, so that the document
// has one form and a rule may count them. What comes from documents stays as it
// is, and so do maps: a deleted resource has no "after".
func noNulls(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			noNulls(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			noNulls(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		switch v.Type().Elem().Kind() {
		case reflect.Struct, reflect.Slice:
			for i := range v.Len() {
				noNulls(v.Index(i))
			}
		}
	}
}
