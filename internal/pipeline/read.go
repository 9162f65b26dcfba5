package pipeline

import (
	"context"

	"gate/internal/compare"
	"gate/internal/decide"
	"gate/internal/discover"
	"gate/internal/facts"
	"gate/internal/repository"
	"gate/internal/source"
	"gate/internal/supplychain"
	"gate/internal/terraform"
)

// read is what the other inputs say, with scopes. What cannot be read is failed
// in the ledger.
type read struct {
	terraform    *terraform.Collected
	declared     *compare.Declarations   // nil without a base
	plans        plans                   // without their data
	planOf       map[string]int          // path of a stack -> its plan among them
	doubts       map[string]decide.Doubt // stack -> why its scope cannot be told
	repository   facts.Repository
	workflows    []facts.Workflow
	definitions  source.Index // of workflows
	attestations *supplychain.Store
}

// readAll reads what is not rendered: the repository, Terraform, plans and
// attestations. Stacks that idle names are not evaluated; it may be nil.
func readAll(ctx context.Context, s *opened, secret *scanned, inv *discover.Inventory, c *changed, idle func(dir string, r terraform.Reads) bool) (*read, Record, error) {
	said := newRecord()
	r := &read{doubts: map[string]decide.Doubt{}}
	r.repository, r.workflows, r.definitions = readRepository(s, inv, c, &said)
	s.step("read Terraform")
	var err error
	if r.terraform, r.plans, err = s.readTerraform(ctx, secret.scanner, inv, c, idle, r, &said); err != nil {
		return nil, said, err
	}
	r.planOf = r.terraform.Plans
	if s.Attestations != "" {
		var ledger []facts.Entry
		if r.attestations, ledger, err = supplychain.Read(s.Attestations); err != nil {
			said.failed("input", "attestations", err)
			r.attestations = nil
		}
		said.Ledger = append(said.Ledger, ledger...)
	}
	return r, said, ctx.Err()
}

// readRepository reads the CI definitions, CODEOWNERS and the forge's settings.
func readRepository(s *opened, inv *discover.Inventory, c *changed, said *Record) (facts.Repository, []facts.Workflow, source.Index) {
	var defs []repository.Definition
	for _, w := range inv.Workflows {
		defs = append(defs, repository.Definition{Path: w.Path, Platform: w.Platform, Form: w.Form, Docs: w.Docs})
	}
	workflows, index, ledger := repository.Workflows(defs)
	ledger = append(ledger, repository.Commands(s.tree, defs, workflows, index)...)
	reach := newReaching(s.policy.Config, c.scopes)
	for i, w := range workflows {
		workflows[i].Scope = c.scopes.file(w.Path)
		for j := range w.Commands {
			reach.place(&w.Commands[j])
		}
		said.Locators[w.ID] = index[w.ID]
	}
	said.Ledger = append(said.Ledger, ledger...)
	repo := facts.Repository{Protection: s.inputs.protection}
	repo.ID, repo.Scope = "repository", strictest(s.policy.Config.Environments)
	var paths []string
	for _, e := range s.tree.Entries() {
		paths = append(paths, e.Path)
	}
	// What is judged is the file of the change, not that of the base.
	own, err := repository.ReadCodeowners(s.tree, repository.DialectOf(s.tree, c.Change.Repository))
	if err != nil {
		said.failed("file", "CODEOWNERS", err)
	}
	repo.Codeowners = own.Facts(paths)
	return repo, workflows, index
}
