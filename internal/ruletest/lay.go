package ruletest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"gate/internal/pipeline"
)

// inputs of a fixture, by their names at its root. They are no part of the
// tree that is judged.
var fixtureInput = regexp.MustCompile(`^(plan(-.+)?\.json|tfplan(-.+)?|event\.json|protection\.json|contract\.(yaml|json)|attestations|base|want\.tsv)$`)

// lay lays the fixture out as a work tree below work: a plain
// directory, or a repository of two commits if the fixture has a base.
func lay(ctx context.Context, fixture, work string) (pipeline.Options, error) {
	tree := filepath.Join(work, "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return pipeline.Options{}, err
	}
	opts := pipeline.Options{Dir: tree, Tool: "test", PolicyRef: pipeline.WorkTree, Now: Now(), Workers: 1}
	base := filepath.Join(fixture, "base")
	if info, err := os.Stat(base); err == nil && info.IsDir() {
		opts.PolicyRef, opts.Base = "base", "base"
		if err := copyTree(base, tree, nil); err != nil {
			return opts, err
		}
		// HEAD is another branch, so that base stays the target branch.
		if err := runGit(ctx, tree, "init", "-q", "-b", "base"); err != nil {
			return opts, err
		}
		if err := commit(ctx, tree, "base"); err != nil {
			return opts, err
		}
		if err := runGit(ctx, tree, "checkout", "-q", "-b", "head"); err != nil {
			return opts, err
		}
		if err := emptyTree(tree); err != nil {
			return opts, err
		}
	}
	if err := copyTree(fixture, tree, fixtureInput); err != nil {
		return opts, err
	}
	if opts.Base != "" {
		if err := commit(ctx, tree, "head"); err != nil {
			return opts, err
		}
	}
	return opts, fixtureInputs(fixture, &opts)
}

func fixtureInputs(fixture string, opts *pipeline.Options) error {
	entries, err := os.ReadDir(fixture)
	if err != nil {
		return err
	}
	for _, e := range entries {
		file := filepath.Join(fixture, e.Name())
		stack := func(prefix, ending string) string {
			name := strings.TrimSuffix(strings.TrimPrefix(e.Name(), prefix), ending)
			return strings.ReplaceAll(strings.TrimPrefix(name, "-"), "--", "/")
		}
		switch {
		case !fixtureInput.MatchString(e.Name()):
		case e.Name() == "event.json":
			opts.Event = file
		case e.Name() == "protection.json":
			opts.Protection = file
		case strings.HasPrefix(e.Name(), "contract."):
			opts.Contract = file
		case e.Name() == "attestations":
			opts.Attestations = file
		case strings.HasPrefix(e.Name(), "plan"):
			opts.Plans = append(opts.Plans, pipeline.Input{Stack: stack("plan", ".json"), File: file})
		case strings.HasPrefix(e.Name(), "tfplan"):
			opts.PlanFiles = append(opts.PlanFiles, pipeline.Input{Stack: stack("tfplan", ""), File: file})
		}
	}
	return nil
}

func copyTree(from, to string, skip *regexp.Regexp) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if skip != nil && skip.MatchString(rel) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(file)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// emptyTree removes everything but the repository.
func emptyTree(tree string) error {
	entries, err := os.ReadDir(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			if err := os.RemoveAll(filepath.Join(tree, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func commit(ctx context.Context, tree, message string) error {
	return errors.Join(runGit(ctx, tree, "add", "-A", "-f"), runGit(ctx, tree, "commit", "-q", "--allow-empty", "-m", message))
}

func runGit(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=Author", "GIT_AUTHOR_EMAIL=author@example.com", "GIT_AUTHOR_DATE=2026-11-20T12:00:00Z",
		"GIT_COMMITTER_NAME=Author", "GIT_COMMITTER_EMAIL=author@example.com", "GIT_COMMITTER_DATE=2026-11-20T12:00:00Z")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
