package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
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
	f.Change.UnownedRole = cfg.HeldUnownedRole()
	f.Environments = join.Environments(cfg, &f)
	for _, x := range c.scopes.resolver.Services() {
		f.Services = append(f.Services, facts.Service{Name: x.Name, Owner: x.Owner, DataClass: x.DataClass, Regulated: x.Regulated, Origin: x.Origin})
	}
	f.Evidence = repository.Evidence(&f.Change, join.Reached(&f), repository.Emergency(&f.Change, emergencyLabels(d.catalog.Rules(), f.Params)))
	maps.Copy(said.Locators, repositoryLocators(s, c, r, &f))
	f.Objects, f.SecretReferences = slices.Clone(f.Objects), slices.Clone(f.SecretReferences)
	f.Assessments, f.Index.SecretStores = slices.Clone(f.Assessments), slices.Clone(f.Index.SecretStores)
	slices.SortFunc(f.Objects, func(a, b facts.Object) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.SecretReferences, func(a, b facts.SecretReference) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Assessments, func(a, b facts.Assessment) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(f.Index.SecretStores, func(a, b facts.StoreSummary) int { return cmp.Compare(a.ID, b.ID) })
	f.EmptyLists()
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
			return nil, nil, usage(fmt.Errorf("no rule %q%s", id, config.DidYouMean(id, ids)))
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
		return configured || policy.MayApply(f, h)
	})
	if err != nil {
		return nil, nil, err
	}
	known := specs(ids, c.Rules())
	if s.Own != nil { // of a rule that is tried, a wrong parameter is a fault at once
		own, err := (&policy.Organisation{Entry: s.Own.Entry, Label: "the work tree", Rules: s.Own.Tree}).Load()
		if err != nil {
			return nil, nil, err
		}
		known = append(known, decide.Specs(own)...)
	}
	if err := cfg.Check(known); err != nil {
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
	if data, err := s.tree.ReadFile(config.File); err == nil {
		if docs, err := source.ParseYAML(config.File, data); err == nil && len(docs) > 0 {
			in.Config = docs[0]
		}
	}
	return repository.Locators(in)
}
