package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gate/internal/config"
	"gate/internal/facts"
	"gate/internal/git"
	"gate/internal/repository"
	"gate/internal/source"
)

// readRepository reads what says who owns what, the CI definitions, the event
// and the change.
func (r *run) readRepository(ctx context.Context) error {
	if r.files.event != nil {
		event, err := repository.ParseEvent(r.files.event)
		if err != nil {
			r.failed("input", "pull-request", err)
		} else {
			r.event = event
		}
		r.provided["pull-request"] = event != nil && event.PullRequest != nil
	}
	base, err := r.base(ctx)
	if err != nil {
		return err
	}
	remote := ""
	if r.repo != nil {
		remote = r.repo.Remote(ctx)
	}
	// The owners that count are those of the target branch, as forges do.
	owners := r.tree
	if r.policy.Trusted {
		owners = r.policy.tree
	}
	if r.codeowners, err = repository.ReadCodeowners(owners, repository.DialectOf(owners, remote)); err != nil {
		r.failed("file", "CODEOWNERS", err)
	}
	in := repository.ChangeInput{Repo: r.repo, Tree: r.tree, Base: base, Event: r.event, Owners: r.codeowners}
	if r.o.Staged {
		in.To = git.Index
	}
	if r.change, err = repository.Change(ctx, in); err != nil {
		return err
	}
	r.ledger = append(r.ledger, r.change.Ledger...)
	r.provided["base"] = r.change.Change.Known
	r.identities = r.repositories(ctx)
	r.newResolver()
	r.facts.Change = r.change.Change
	for i, f := range r.facts.Change.Files {
		r.facts.Change.Files[i].Scope = toScope(r.resolver.Scope(config.Hint{Paths: []string{f.Path}}))
	}
	r.readWorkflows()
	r.readOwners()
	return nil
}

// base is the commit that the change is compared with: what --base names, else
// the target branch. On the tip of the target branch itself the change is what
// the last push brought: what the event says stood there before, else the first
// parent.
func (r *run) base(ctx context.Context) (string, error) {
	if r.repo == nil {
		if r.o.Base != "" {
			return "", usage(errors.New("--base: not a git repository"))
		}
		return "", nil
	}
	if r.o.Base != "" {
		id, err := r.repo.Resolve(ctx, r.o.Base)
		return id, usage(err)
	}
	ref, err := r.repo.TargetBranch(ctx, r.o.Getenv)
	if err != nil {
		return "", r.withoutBase(ctx, err)
	}
	id, err := r.repo.Resolve(ctx, ref)
	if err != nil {
		return "", r.withoutBase(ctx, err)
	}
	head, err := r.repo.Resolve(ctx, "HEAD")
	if err != nil || head != id || r.o.Staged {
		return id, nil
	}
	before := "HEAD^"
	if r.event != nil && r.event.PullRequest == nil && strings.Trim(r.event.Base, "0") != "" {
		before = r.event.Base
	}
	if id, err = r.repo.Resolve(ctx, before); err != nil {
		if !r.repo.Shallow(ctx) && before == "HEAD^" {
			return "", r.withoutBase(ctx, errors.New("this is the first commit, there is nothing to compare it with"))
		}
		return "", r.withoutBase(ctx, fmt.Errorf("%s is the tip of the target branch, and what stood there before is not in this clone (git fetch --depth=2): %w", head, err))
	}
	return id, nil
}

// withoutBase notes why the change is not known. It is no fault of the run
// unless a rule needs the change.
func (r *run) withoutBase(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.notes = append(r.notes, "the change is not known, everything is judged as it stands: "+err.Error())
	return nil
}

func (r *run) newResolver() {
	in := config.ResolverInput{}
	if r.codeowners != nil {
		in.Owners = r.codeowners.Owners
	}
	for _, c := range r.inv.CatalogInfo {
		dir := c.Dir
		if dir == "." {
			dir = ""
		}
		in.CatalogInfo = append(in.CatalogInfo, config.CatalogEntry{Name: c.Name, Owner: c.Owner, Dir: dir})
	}
	r.resolver = config.NewResolver(r.policy.Config, in)
}

func (r *run) readWorkflows() {
	var defs []repository.Definition
	for _, w := range r.inv.Workflows {
		defs = append(defs, repository.Definition{Path: w.Path, Platform: w.Platform, Form: w.Form, Docs: w.Docs})
	}
	workflows, index, ledger := repository.Workflows(defs)
	for i, w := range workflows {
		workflows[i].Scope = toScope(r.resolver.Scope(config.Hint{Paths: []string{w.Path}}))
		r.locators[w.ID] = index[w.ID]
	}
	r.facts.Workflows, r.workflows = workflows, index
	r.ledger = append(r.ledger, ledger...)
}

// readOwners enters CODEOWNERS and the forge's settings.
func (r *run) readOwners() {
	repo := &r.facts.Repository
	repo.ID = "repository"
	repo.Scope = r.strictest()
	var paths []string
	for _, e := range r.tree.Entries() {
		paths = append(paths, e.Path)
	}
	// What is judged is the file of the change, not that of the base.
	own, err := repository.ReadCodeowners(r.tree, repository.DialectOf(r.tree, r.facts.Change.Repository))
	if err != nil {
		r.failed("file", "CODEOWNERS", err)
	}
	repo.Codeowners = own.Facts(paths)
	if r.files.protection != nil {
		v, err := repository.ReadSnapshot(r.files.protection)
		if err != nil {
			r.failed("input", "protection", err)
			r.provided["protection"] = false
		}
		repo.Protection = v
	}
}

// strictest is the scope of what belongs to the repository as a whole.
func (r *run) strictest() facts.Scope {
	s := facts.Scope{Class: string(config.NonProd)}
	for _, e := range r.policy.Config.Environments {
		if e.Class == config.Prod {
			s.Class = string(config.Prod)
		}
		s.Regulated = s.Regulated || e.Regulated
	}
	return s
}

// repositoryLocators say where repository-level subjects stand.
func (r *run) repositoryLocators() source.Index {
	in := repository.LocatorInput{
		Tree: r.tree, Codeowners: r.facts.Repository.Codeowners, Change: r.change,
		Environments: r.facts.Environments, Evidence: r.facts.Evidence, Workflows: r.workflows,
	}
	if data, err := r.tree.ReadFile(configFile); err == nil {
		if docs, err := source.ParseYAML(configFile, data); err == nil && len(docs) > 0 {
			in.Config = docs[0]
		}
	}
	return repository.Locators(in)
}
