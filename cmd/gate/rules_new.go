package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/policy"
	"gate/rules"

	"github.com/spf13/cobra"
)

func newRulesNewCommand(s *streams) *cobra.Command {
	var dir, configFile string
	cmd := &cobra.Command{
		Use:   "new ENTRY/NAME",
		Short: "Scaffold a rule with its fixtures",
		Long: `Writes a rule of your organisation, such as acme/registry: RULES/acme/registry/registry.rego
and fixtures below testdata/ beside it, and adds the entry acme to the policies of the
configuration, if it is not there. The rule compiles and its fixtures pass: change one
and see what it does. Its id is acme/registry/deny.

Where ENTRY is a category of the catalog that stands below RULES, it writes a rule of the
catalog.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n := newRule{id: args[0], dir: dir, config: configFile}
			write := n.own
			switch is, err := n.ofCatalog(); {
			case err != nil:
				return exit(exitUsage, err)
			case is:
				write = n.catalog
			}
			written, next, err := write()
			if err != nil {
				return exit(exitUsage, err)
			}
			for _, name := range written {
				fmt.Fprintln(s.Out, printable(name))
			}
			fmt.Fprintln(s.Err, printable(next))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "rules", "rules", "directory that rules are written below, relative to that of the configuration")
	addConfigFlag(cmd, &configFile)
	return cmd
}

// newRule is a rule that is about to be written.
type newRule struct{ id, dir, config string }

// ofCatalog says whether the rule is one of the catalog: its category is, and stands
// below the directory.
func (n newRule) ofCatalog() (bool, error) {
	category, _, _ := strings.Cut(n.id, "/")
	ids, err := policy.IDs(rules.FS)
	if err != nil || !slices.ContainsFunc(ids, func(id string) bool { return path.Dir(id) == category }) {
		return false, err
	}
	if info, err := os.Stat(filepath.Join(n.dir, category)); err == nil && info.IsDir() {
		return true, nil
	}
	return false, fmt.Errorf("%s is a category of the catalog: name the rule after your organisation or team, such as acme/%s", category, path.Base(n.id))
}

// catalog writes a rule of the catalog.
func (n newRule) catalog() (written []string, next string, err error) {
	files, err := policy.Scaffold(n.id)
	if err != nil {
		return nil, "", err
	}
	written, err = writeNew(filepath.Join(n.dir, filepath.FromSlash(n.id)), files)
	return written, fmt.Sprintf("next: gate rules test %s --rules %s", n.id, n.dir), err
}

// own writes a rule of an organisation, and the entry that names it.
func (n newRule) own() (written []string, next string, err error) {
	files, id, err := policy.ScaffoldOwn(n.id)
	if err != nil {
		return nil, "", err
	}
	entry, name, _ := strings.Cut(n.id, "/")
	root := filepath.Dir(n.config)
	text, err := os.ReadFile(n.config)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", err
	}
	below := path.Join(filepath.ToSlash(n.dir), entry)
	c := &config.Config{}
	if len(text) > 0 {
		if c, err = config.Parse(n.config, text); err != nil {
			return nil, "", err
		}
	}
	i := slices.IndexFunc(c.Policies, func(p config.Policy) bool { return p.Entry() == entry })
	if i >= 0 {
		if below, err = n.place(c.Policies[i], root); err != nil {
			return nil, "", err
		}
		text = nil
	} else {
		for _, p := range c.Policies {
			if at := path.Clean(p.Path); at == "." || below == at || strings.HasPrefix(below, at+"/") {
				return nil, "", fmt.Errorf("%s lies below the path %s of policy %q, which would load it as well\n  = hint: choose another directory with --rules, or a narrower path for %q", below, p.Path, p.Entry(), p.Entry())
			}
		}
		if text, err = config.AddPolicy(filepath.ToSlash(n.config), text, entry, below); err != nil {
			return nil, "", err
		}
	}
	if written, err = writeNew(filepath.Join(root, filepath.FromSlash(below), name), files); err != nil {
		return nil, "", err
	}
	if text != nil {
		if err := os.WriteFile(n.config, text, 0o644); err != nil {
			return nil, "", err
		}
		written = append(written, n.config)
	}
	return written, fmt.Sprintf("the rule is %s\nnext: gate rules test %s, then gate config validate; gate check --policy-ref worktree says what it finds", id, n.id), nil
}

// place is the directory of an entry that takes another rule.
func (n newRule) place(p config.Policy, root string) (string, error) {
	if p.Style != "catalog" {
		return "", fmt.Errorf("policy %q of %s is of style conftest, which has rules of another form\n  = hint: choose another word before the slash", p.Entry(), n.config)
	}
	if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(p.Path))); err == nil && !info.IsDir() {
		return "", fmt.Errorf("policy %q of %s names the file %s\n  = hint: let its path be the directory", p.Entry(), n.config, p.Path)
	}
	return path.Clean(p.Path), nil
}

// writeNew writes files below a directory that does not exist yet.
func writeNew(root string, files map[string]string) (written []string, err error) {
	if _, err := os.Lstat(root); err == nil {
		return nil, fmt.Errorf("%s exists already", root)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		to := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, []byte(files[name]), 0o644); err != nil {
			return nil, err
		}
		written = append(written, to)
	}
	return written, nil
}
