package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/join"
	"gate/internal/policy"
	"gate/internal/repository"
	"gate/internal/source"
	"gate/rules"
)

// document is the input document, and the rules that have something to judge
// in it.
type document struct {
	facts   *facts.Facts
	digest  string // of facts
	catalog *policy.Catalog
	ids     []string // of the whole catalog
}

// assemble completes the facts to the input document: what the configuration
// says of environments, services and parameters, the evidence, and the order of
// everything.
func assemble(s *opened, c *changed, r *read, g *gathered) (*document, Record, error) {
	said := newRecord()
	d := &document{}
	f := g.facts
	d.facts = &f
	var err error
	if d.catalog, d.ids, err = s.catalog(&f, &said); err != nil {
		return nil, said, err
	}
	cfg := s.policy.Config
	f.Schema, f.Now = facts.Schema, s.Now.Format(time.RFC3339)
	f.Resources = join.Attributes(f.Resources)
	f.Params = config.Params(cfg, specs(d.ids, d.catalog.Rules()))
	f.Change.Scope = strictest(cfg.Environments)
	f.Environments = environments(cfg, &f)
	for _, x := range c.scopes.resolver.Services() {
		f.Services = append(f.Services, facts.Service{Name: x.Name, Owner: x.Owner, DataClass: x.DataClass, Regulated: x.Regulated, Origin: x.Origin})
	}
	f.Evidence = repository.Evidence(&f.Change, reached(&f), repository.Emergency(&f.Change, emergencyLabels(d.catalog.Rules(), f.Params)))
	maps.Copy(said.Locators, repositoryLocators(s, c, r, &f))
	f.Objects, f.SecretReferences = slices.Clone(f.Objects), slices.Clone(f.SecretReferences)
	f.Assessments, f.Index.SecretStores = slices.Clone(f.Assessments), slices.Clone(f.Index.SecretStores)
	slices.SortFunc(f.Objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.SecretReferences, func(a, b facts.SecretReference) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Assessments, func(a, b facts.Assessment) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Index.SecretStores, func(a, b facts.StoreSummary) int { return cmp.Compare(a.ID, b.ID) })
	noNulls(reflect.ValueOf(&f))
	sum := sha256.New()
	if err := f.Encode(sum); err == nil {
		d.digest = hex.EncodeToString(sum.Sum(nil))
	}
	return d, said, nil
}

// catalog loads the rules that have something to judge, and checks the
// configuration against all of them. ids are those of the whole catalog.
func (s *opened) catalog(f *facts.Facts, said *Record) (c *policy.Catalog, ids []string, err error) {
	var fsys fs.FS = rules.FS
	if s.Catalog != nil {
		fsys = s.Catalog
	}
	if ids, err = policy.IDs(fsys); err != nil {
		return nil, nil, err
	}
	for _, id := range s.Rules {
		if !slices.Contains(ids, id) {
			return nil, nil, usage(fmt.Errorf("no rule %q%s", id, nearest(id, ids)))
		}
	}
	cfg := s.policy.Config
	c, err = policy.Load(fsys, func(h policy.Head) bool {
		switch {
		case s.Drift:
			return h.Drift
		case s.Rules != nil:
			return slices.Contains(s.Rules, h.ID)
		}
		_, configured := cfg.Rules[h.ID]
		category, _, _ := strings.Cut(h.ID, "/")
		return configured || present(f, category) && mayJudge(f, h.Over)
	})
	if err != nil {
		return nil, nil, err
	}
	if err := cfg.Check(specs(ids, c.Rules())); err != nil {
		return nil, nil, usage(err)
	}
	for _, id := range ids {
		if !s.partial() && !slices.ContainsFunc(c.Rules(), func(x policy.Rule) bool { return x.ID == id }) {
			said.Ledger = append(said.Ledger, facts.Entry{Kind: "rule", ID: id, State: facts.NotApplicable, Reason: "nothing that it judges is in the tree"})
		}
	}
	return c, ids, nil
}

// partial says whether only some rules are asked, on purpose.
func (s *opened) partial() bool { return s.Rules != nil || s.Drift }

// present says whether there are subjects for rules of a category. Unknown
// categories are loaded: each rule finds out by itself.
func present(f *facts.Facts, category string) bool {
	switch category {
	case "kubernetes", "gitops":
		return len(f.Objects)+len(f.DeletedObjects) > 0
	case "iac":
		return len(f.Resources) > 0 || len(f.Terraform.Stacks) > 0
	case "supply-chain":
		return len(f.Objects) > 0 || len(f.Resources) > 0
	}
	return true
}

// mayJudge says whether there is, or may still be found, something that a rule
// judges. Only what was read completely by now can be told.
func mayJudge(f *facts.Facts, over policy.Over) bool {
	switch over.Subject {
	case "objects", "containers", "resources", "stacks", "workflows", "secrets", "secretReferences", "assessments":
		n, known := policy.Count(f, over)
		return n > 0 || !known
	}
	return true
}

// specs are the rules as the configuration needs to know them: all ids of the
// catalog, with metadata where the rule was loaded.
func specs(ids []string, rules []policy.Rule) []config.RuleSpec {
	out := decide.Specs(rules)
	for _, id := range ids {
		if !slices.ContainsFunc(rules, func(r policy.Rule) bool { return r.ID == id }) {
			out = append(out, config.RuleSpec{ID: id})
		}
	}
	return out
}

// environments are those of the configuration, and whether the run and the
// change reach them.
func environments(cfg *config.Config, f *facts.Facts) []facts.Environment {
	in := map[string]bool{}
	for _, s := range reached(f) {
		in[s.Environment] = true
	}
	changed := changedEnvironments(f)
	var out []facts.Environment
	for _, e := range cfg.Environments {
		env := facts.Environment{
			Subject: facts.Subject{ID: "environment/" + e.Name, Scope: facts.Scope{Environment: e.Name, Class: string(e.Class), Regulated: e.Regulated}},
			Name:    e.Name, Targets: []facts.Target{}, Reached: in[e.Name], Freezes: []facts.Freeze{},
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

// reached are the distinct scopes of everything that is rendered or planned.
func reached(f *facts.Facts) []facts.Scope {
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
	for _, x := range f.Resources {
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
	for _, x := range f.Resources {
		if x.Origin == "plan" && !slices.Equal(x.Actions, []string{"no-op"}) && x.Mode == "managed" {
			out[x.Environment] = true
		}
	}
	return out
}

// emergencyLabels are the labels that a rule knows as those of emergencies.
func emergencyLabels(rules []policy.Rule, params map[string]map[string]map[string]any) []string {
	var out []string
	for _, r := range rules {
		for name, p := range r.Params {
			if p.Collects == policy.CollectsEmergency {
				out = append(out, doc.Texts(params[""][r.ID][name])...)
			}
		}
	}
	return out
}

// repositoryLocators say where repository-level subjects stand.
func repositoryLocators(s *opened, c *changed, r *read, f *facts.Facts) source.Index {
	in := repository.LocatorInput{
		Tree: s.tree, Codeowners: f.Repository.Codeowners, Change: c.ChangeResult,
		Environments: f.Environments, Evidence: f.Evidence, Workflows: r.definitions,
	}
	if data, err := s.tree.ReadFile(configFile); err == nil {
		if docs, err := source.ParseYAML(configFile, data); err == nil && len(docs) > 0 {
			in.Config = docs[0]
		}
	}
	return repository.Locators(in)
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
