package pipeline

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/deploy"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/secrets"
	"gate/internal/source"
	"gate/internal/terraform"
)

// readTerraform reads plans, and the configuration of stacks without one.
// With a base, the change of the latter is read from the configuration of both.
func (s *opened) readTerraform(ctx context.Context, scanner *secrets.Scanner, inv *discover.Inventory, c *changed, idle func(dir string, r terraform.Reads) bool, r *read, said *Record) (*terraform.Collected, plans, error) {
	in := s.terraformInputs(inv)
	p := readPlans(&s.Options, said)
	in.Plans = p.files
	names := plans{digests: p.digests}
	for _, f := range p.files {
		if !s.judgesPlans() && s.key == nil {
			f.Data = nil // its digest is kept: plans of 100 MB exist
		}
		if f.Binary != nil {
			f.Binary = &terraform.BinaryFile{Name: f.Binary.Name}
		}
		names.files = append(names.files, f)
	}
	p = plans{}
	in.Idle = idle
	got, err := terraform.Collect(ctx, s.tree, in)
	if err != nil {
		return nil, names, err
	}
	for i, e := range got.Ledger {
		if e.State == facts.Unchanged {
			got.Ledger[i].Reason = unchangedSince(c)
		}
	}
	said.Ledger = append(said.Ledger, got.Ledger...)
	maps.Copy(said.Locators, got.Locators)
	if n := len(got.Idle); n > 0 {
		said.Notes = append(said.Notes, fmt.Sprintf("%d of %d stacks are what they were at %s and were not evaluated: rules that join stacks know of them neither states nor second owners of what the change touches",
			n, n+len(got.Stacks), short(c.Change.MergeBase)))
	}
	if c.trees != nil {
		var removed source.Index
		got.Resources, removed = compare.Stacks(c.trees, got.Resources, got.Locators)
		maps.Copy(said.Locators, removed)
		if r.declared, err = s.declared(ctx, scanner, in, got, c, said); err != nil {
			return nil, names, err
		}
		got.Resources = r.declared.Resources
	}
	varied, err := s.variants(ctx, inv, got, said)
	if err != nil {
		return nil, names, err
	}
	for i, st := range got.Stacks {
		scope, doubt := c.scopes.of(stackHint(st.Path))
		if doubt != (decide.Doubt{}) {
			r.doubts[st.ID] = doubt
		}
		got.Stacks[i].Scope = scope
		for j, d := range st.Drift {
			got.Stacks[i].Drift[j] = scanner.RedactResource(d)
		}
	}
	for i, x := range got.Resources {
		got.Resources[i].Scope = c.scopes.resource(x)
	}
	for _, x := range varied {
		environment := ""
		if x.Variant.By != facts.VariantCircumstance { // a path, which may speak of one
			environment = deploy.EnvironmentOf(s.policy.Config, x.Variant.With)
		}
		x.Scope = c.scopes.variant(x, environment)
		got.Resources = append(got.Resources, x)
	}
	slices.SortFunc(got.Resources, func(a, b facts.Resource) int { return strings.Compare(a.ID, b.ID) })
	return got, names, nil
}

// judgesPlans says whether policies of the organisation judge plans as they are
// written.
func (s *opened) judgesPlans() bool {
	return slices.ContainsFunc(s.policy.Config.Policies, func(p config.Policy) bool { return p.Documents == "plan" })
}

// planDocument returns the plan of a stack as it is written, with secrets if whole.
func (r *read) planDocument(scanner *secrets.Scanner, stack string, whole bool) (map[string]any, error) {
	i, ok := r.planOf[stack]
	if !ok {
		return nil, fmt.Errorf("no plan of the stack %s was handed in", stack)
	}
	f := r.plans.files[i]
	if whole {
		return terraform.WholePlan(f.Name, f.Data)
	}
	return terraform.PlanDocument(f.Name, f.Data, func(typ string, values map[string]any) map[string]any {
		return scanner.RedactResource(facts.Resource{Type: typ, After: values}).After
	})
}

// variants are the resources of stacks that are read once more, with inputs that
// nothing names. They are no part of what the change does.
func (s *opened) variants(ctx context.Context, inv *discover.Inventory, got *terraform.Collected, said *Record) ([]facts.Resource, error) {
	if s.Drift {
		return nil, nil
	}
	var files []string
	for _, f := range inv.Files {
		if f.Kind == discover.KindTerraform && mayBeVariables(f.Path) && !s.excluded(f.Path) {
			files = append(files, f.Path)
		}
	}
	varied, err := terraform.Variants(ctx, s.tree, got, files)
	if err != nil {
		return nil, err
	}
	said.Ledger = append(said.Ledger, varied.Ledger...)
	maps.Copy(said.Locators, varied.Locators)
	out := varied.Resources
	var stacks []string
	for _, st := range got.Stacks {
		stacks = append(stacks, st.Path)
	}
	for _, l := range deploy.LinkedStacks(s.policy.Config, inv.Links, stacks) {
		linked := terraform.Linked(got, l.Dir, l.At)
		said.Ledger = append(said.Ledger, linked.Ledger...)
		maps.Copy(said.Locators, linked.Locators)
		out = append(out, linked.Resources...)
	}
	return out, nil
}

// mayBeVariables says whether a file sets variables, and is not called as what
// only shows how.
func mayBeVariables(file string) bool {
	stem, ok := strings.CutSuffix(strings.TrimSuffix(path.Base(file), ".json"), ".tfvars")
	if !ok || strings.Contains("/"+file, "/.terraform/") {
		return false
	}
	return !slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(path.Dir(file)+"/"+stem), func(r rune) bool { return strings.ContainsRune("/-_.", r) }), func(part string) bool {
		return slices.Contains([]string{"example", "examples", "sample", "samples", "template", "testdata", "fixtures"}, part)
	})
}

// declared compares the configurations of the stacks without a plan with those of
// the base.
func (s *opened) declared(ctx context.Context, scanner *secrets.Scanner, in terraform.Inputs, head *terraform.Collected, c *changed, said *Record) (*compare.Declarations, error) {
	d, err := compare.Declared(ctx, compare.DeclaredInput{Trees: c.trees, Head: head, Inputs: in})
	if err != nil {
		return nil, err
	}
	said.Ledger = append(said.Ledger, d.Ledger...)
	maps.Copy(said.Locators, d.Locators)
	for i, x := range d.Deleted {
		d.Deleted[i] = scanner.RedactResource(x)
		d.Deleted[i].Scope = c.scopes.resource(x)
	}
	for i, x := range d.Changes {
		d.Changes[i].Before, d.Changes[i].After = redactArguments(scanner, x.Before), redactArguments(scanner, x.After)
		d.Changes[i].Scope = c.scopes.at(stackHint(x.Stack))
	}
	for i, u := range d.Unknown {
		d.Unknown[i].Scope = c.scopes.at(stackHint(strings.TrimPrefix(u.ID, "stack:")))
	}
	return d, nil
}

// redactArguments are the arguments of a block without detected secrets.
func redactArguments(scanner *secrets.Scanner, values map[string]any) map[string]any {
	return scanner.RedactResource(facts.Resource{After: values}).After
}

// idleStacks says which stacks need not be evaluated; nil: all need to be.
func (c *chain) idleStacks() func(dir string, r terraform.Reads) bool {
	if c.rendered.base == nil || !c.opened.narrow() {
		return nil
	}
	return compare.IdleStacks(c.changed.trees, c.rendered.base.Inventory)
}

// terraformInputs are the stacks of the tree and the configuration, and how
// they are read.
func (s *opened) terraformInputs(inv *discover.Inventory) terraform.Inputs {
	in := terraform.Inputs{
		Stacks: slices.Clone(inv.TerraformRoots), StackFaults: s.killers(KindStack, "read"), PlanFaults: s.killers(KindPlan, "read"),
		StartedStack: s.started(KindStack), StartedPlan: s.started(KindPlan), StuckStack: s.stuck(KindStack, terraform.TooSlow()),
		RefreshOnly: s.Drift, VarFiles: map[string][]string{}, Named: map[string]bool{},
		Excluded: func(dir string) bool { return s.excluded(path.Join(dir, "terragrunt.hcl")) },
		StandIns: func(dir string) map[string]string { return s.policy.Config.StandInsOf("stack:"+dir, dir) },
	}
	hasFiles := func(dir string) bool {
		return slices.ContainsFunc(s.tree.Entries(), func(e source.Entry) bool { return path.Dir(e.Path) == dir })
	}
	for _, st := range s.policy.Config.Stacks {
		dir := path.Clean(st.Path)
		in.Named[dir] = true
		for _, f := range st.VarFiles {
			in.VarFiles[dir] = append(in.VarFiles[dir], path.Clean(f))
		}
		if !slices.Contains(in.Stacks, dir) && hasFiles(dir) {
			in.Stacks = append(in.Stacks, dir)
		}
	}
	return in
}
