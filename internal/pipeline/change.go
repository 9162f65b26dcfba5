package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gate/internal/compare"
	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/git"
	"gate/internal/repository"
)

// changed is what the change does to the files, and where they belong.
type changed struct {
	*repository.ChangeResult
	trees      *compare.Trees // nil if the base is not known
	review     bool           // the change is proposed, or named: not the last of what is there
	identities []string       // of this repository
	scopes     scoper
	owners     *repository.Codeowners // of the target branch
}

// change reads who owns what, the event, and what the change does to files.
func change(ctx context.Context, s *opened, inv *discover.Inventory) (*changed, Record, error) {
	said := newRecord()
	base, review, err := s.base(ctx, &said)
	if err != nil {
		return nil, said, err
	}
	remote := ""
	if s.repo != nil {
		remote = s.repo.Remote(ctx)
	}
	// The owners that count are those of the target branch, as forges do.
	tree := s.tree
	if s.policy.Trusted {
		tree = s.policy.Tree
	}
	owners, err := repository.ReadCodeowners(tree, repository.DialectOf(tree, remote))
	if err != nil {
		said.failed("file", "CODEOWNERS", err)
	}
	in := repository.ChangeInput{Repo: s.repo, Tree: s.tree, Base: base, Event: s.inputs.event, Owners: owners}
	if s.Staged {
		in.To = git.Index
	}
	c := &changed{review: review}
	if c.ChangeResult, err = repository.Change(ctx, in); err != nil {
		return nil, said, err
	}
	said.Ledger = append(said.Ledger, c.Ledger...)
	if c.BaseTree != nil {
		c.trees = &compare.Trees{Head: s.tree, Base: c.BaseTree, Files: c.Change.Files, Lines: c.Lines}
	}
	c.identities = s.identities(ctx)
	c.owners = owners
	c.scopes = scoper{newResolver(s.policy.Config, owners, inv)}
	for i, f := range c.Change.Files {
		c.Change.Files[i].Scope = c.scopes.file(f.Path)
	}
	return c, said, nil
}

// base is the commit that the change is compared with: what --base names, else
// the target branch. On the tip of the target branch itself the change is what
// the last push brought: what the event says stood there before, else the first
// parent. It is empty if that is not known, which is no fault of the run unless
// a rule needs the change.
func (s *opened) base(ctx context.Context, said *Record) (id string, review bool, err error) {
	if s.repo == nil {
		if s.Base != "" {
			return "", false, usage(errors.New("--base: not a git repository"))
		}
		return "", false, nil
	}
	if s.Base != "" {
		id, err := s.repo.Resolve(ctx, s.Base)
		return id, true, usage(err)
	}
	without := func(err error) (string, bool, error) {
		if ctx.Err() == nil {
			said.Notes = append(said.Notes, "the change is not known, everything is judged as it stands: "+err.Error())
		}
		return "", false, ctx.Err()
	}
	ref, err := s.repo.TargetBranch(ctx, s.Getenv)
	if err != nil {
		return without(err)
	}
	if id, err = s.repo.Resolve(ctx, ref); err != nil {
		return without(err)
	}
	head, err := s.repo.Resolve(ctx, "HEAD")
	if err != nil || head != id || s.Staged {
		return id, true, nil
	}
	before := "HEAD^"
	if e := s.inputs.event; e != nil && e.PullRequest == nil && strings.Trim(e.Base, "0") != "" {
		before = e.Base
	}
	if id, err = s.repo.Resolve(ctx, before); err != nil {
		if !s.repo.Shallow(ctx) && before == "HEAD^" {
			return without(errors.New("this is the first commit, there is nothing to compare it with"))
		}
		return without(fmt.Errorf("%s is the tip of the target branch, and what stood there before is not in this clone (git fetch --depth=2): %w", head, err))
	}
	return id, false, nil
}

// identities are those under which objects of Argo CD and Flux may name this
// repository: those of its remotes and of the event. In a clone of a fork the
// remote of the fork's origin is one of them.
func (s *opened) identities(ctx context.Context) []string {
	var out []string
	if s.repo != nil {
		out = s.repo.Identities(ctx)
	}
	if e := s.inputs.event; e != nil && e.Repository != "" {
		if id := git.Identity("https://" + e.Repository); id != "" {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func newResolver(cfg *config.Config, owners *repository.Codeowners, inv *discover.Inventory) *config.Resolver {
	in := config.ResolverInput{}
	if owners != nil {
		in.Owners = owners.Owners
	}
	for _, c := range inv.CatalogInfo {
		dir := c.Dir
		if dir == "." {
			dir = ""
		}
		in.CatalogInfo = append(in.CatalogInfo, config.CatalogEntry{Name: c.Name, Owner: c.Owner, Dir: dir})
	}
	return config.NewResolver(cfg, in)
}
