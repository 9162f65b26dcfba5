package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/fetch"
	"gate/internal/git"
	"gate/internal/policy"
	"gate/internal/policysource"
	"gate/internal/source"
)

// opened is what the flags name, opened: the tree and the repository, the
// policy and the handed-in files.
type opened struct {
	Options
	hooks
	repo     *git.Repo // nil outside of a repository
	work     *discover.Work
	tree     source.Tree // what is judged: the work tree, the index or a commit
	policy   *policysource.Source
	inputs   inputs
	store    *fetch.Store // of charts; nil: none are fetched
	rules    *policy.Compiled
	evidence evidence
	key      []byte // of Options.FingerprintKey; nil without
	kept
}

// open opens the tree and the repository, reads the policy and the inputs. What
// its deadline cuts is returned with the error, as a tree without files under no
// policy: that, too, is a run that is reported.
func open(ctx context.Context, o Options) (*opened, Record, error) {
	o.defaults()
	s := &opened{Options: o, hooks: newHooks(o), rules: cmp.Or(o.Compiled, &policy.Compiled{})}
	said := newRecord()
	err := s.open(ctx, &said)
	if err != nil && late(ctx) != nil {
		s.tree, s.policy, s.inputs = source.NoFiles{}, policysource.Unread(), newInputs()
		return s, said, err
	}
	if err != nil {
		s.close()
		return nil, said, err
	}
	return s, said, nil
}

func (s *opened) open(ctx context.Context, said *Record) (err error) {
	if s.Drift && len(s.Plans) == 0 {
		return usage(errors.New("--mode drift judges refresh-only plans: hand them in with --plan [STACK=]FILE (terraform plan -refresh-only -out tfplan, terraform show -json tfplan)"))
	}
	if info, err := os.Stat(s.Dir); err != nil {
		return usage(fmt.Errorf("open %s: %w", s.Dir, err))
	} else if !info.IsDir() {
		return usage(fmt.Errorf("open %s: want a directory", s.Dir))
	}
	s.repo, err = git.Open(ctx, s.Dir)
	if errors.Is(err, git.ErrNotRepository) {
		s.repo = nil
	} else if err != nil {
		return err
	}
	if err := s.openTree(ctx); err != nil {
		return err
	}
	s.store = openStore(s.Options)
	s.inputs = readInputs(&s.Options, said)
	s.evidence = readEvidence(&s.Options, said)
	if s.key, err = readKey(&s.Options); err != nil {
		return usage(err)
	}
	s.policy, err = policysource.Open(ctx, policysource.Options{
		Dir: s.Dir, Ref: s.PolicyRef, Config: s.Config, NeedTrusted: s.NeedTrusted, CIValues: s.CIValues, Getenv: s.Getenv, ReadInput: s.readInput,
		Event: s.inputs.said, Judged: s.Commit,
	}, s.repo, s.tree)
	if err != nil {
		return usage(err)
	}
	if s.Own != nil {
		s.policy.Config.Policies = []config.Policy{s.Own.Entry}
	}
	said.Notes = append(said.Notes, s.policy.Notes...)
	s.kept = openKept(&s.Options, s.policy, said)
	if err := s.checkTrace(); err != nil {
		return err
	}
	return s.filterEnvironments()
}

// checkTrace refuses entries that are not configured.
func (s *opened) checkTrace() error {
	var known []string
	for _, p := range s.policy.Config.Policies {
		known = append(known, p.Entry())
	}
	for _, name := range s.Trace {
		i := slices.IndexFunc(s.policy.Config.Policies, func(p config.Policy) bool { return p.Entry() == name })
		if i < 0 {
			return usage(fmt.Errorf("--trace %q: no such entry of policies%s", name, config.DidYouMean(name, known)))
		}
		if s.policy.Config.Policies[i].Style == "catalog" {
			return usage(fmt.Errorf("--trace %q: its rules judge all subjects at once; gate policy test shows what they print", name))
		}
	}
	return nil
}

// openTree opens what is judged: the work tree, or what is staged or committed
// whatever stands in the work tree.
func (s *opened) openTree(ctx context.Context) (err error) {
	if !s.Staged && s.Commit == "" {
		if s.work, err = discover.Open(ctx, s.Dir, s.repo); err != nil {
			return err
		}
		s.tree = s.work
		return nil
	}
	switch {
	case s.repo == nil:
		return usage(fmt.Errorf("%s is not in a git repository: nothing is staged or committed", s.Dir))
	case s.Staged:
		s.repo.UseIndex(s.Getenv) // git commit FILE has an index of its own
		if !s.OrHead || s.anyStaged(ctx) {
			s.tree, err = s.repo.IndexTree(ctx)
			return err
		}
		s.Staged, s.Commit = false, "HEAD"
	}
	if s.Commit, err = s.repo.Resolve(ctx, s.Commit); err != nil {
		return usage(err)
	}
	s.tree, err = s.repo.Tree(ctx, s.Commit)
	return err
}

// anyStaged says whether a commit would differ from HEAD, as far as that is
// known.
func (s *opened) anyStaged(ctx context.Context) bool {
	files, err := s.repo.Diff(ctx, "HEAD", git.Index)
	return err != nil || len(files) > 0
}

// filterEnvironments refuses --env with a name that the configuration lacks.
func (s *opened) filterEnvironments() error {
	for _, name := range s.Environments {
		if _, ok := s.policy.Config.Environment(name); !ok {
			var known []string
			for _, e := range s.policy.Config.Environments {
				known = append(known, e.Name)
			}
			return usage(fmt.Errorf("--env %q: no such environment is configured%s", name, config.DidYouMean(name, known)))
		}
	}
	return nil
}

// excluded says whether the configuration leaves a path out today.
func (s *opened) excluded(p string) bool {
	x, ok := s.policy.Config.Excluded(p, s.Now)
	return ok && !x.Expired(s.Now)
}

// excludedUnit says whether the configuration leaves a unit out today, and by
// which entry.
func (s *opened) excludedUnit(id, path string) (config.Exclude, bool) {
	x, ok := s.policy.Config.ExcludedUnit(id, path, s.Now)
	return x, ok && !x.Expired(s.Now)
}

func (s *opened) close() error {
	errs := []error{s.kept.close()}
	if s.work != nil {
		errs = append(errs, s.work.Close())
	}
	if s.repo != nil {
		errs = append(errs, s.repo.Close())
	}
	return errors.Join(errs...)
}
