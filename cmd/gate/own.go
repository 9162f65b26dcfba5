package main

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/policy"

	"github.com/spf13/cobra"
)

// own are the organisation's own policies, as a configuration in the work tree names
// them.
type own struct {
	*configFiles
	dir  string // that their paths are relative to
	tree *discover.Work
}

// addConfigFlag adds the flag that says which configuration names the policies.
func addConfigFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "config", config.DefaultFile, "configuration that names the organisation's policies, which stand relative to its directory")
}

// openOwn opens the policies that a configuration names; nil without a configuration
// that nobody asked for. The caller closes them.
func openOwn(ctx context.Context, cmd *cobra.Command, file string) (*own, error) {
	files, err := readConfigFiles([]string{file})
	switch {
	case errors.Is(err, fs.ErrNotExist) && !cmd.Flags().Changed("config") && files.config == nil:
		return nil, nil
	case files.config == nil:
		return nil, err
	}
	dir := filepath.Dir(file)
	tree, err := discover.Open(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	return &own{configFiles: files, dir: dir, tree: tree}, nil
}

func (o *own) close() {
	if o != nil {
		o.tree.Close()
	}
}

// entries are the entries that are wanted.
func (o *own) entries(wanted func(config.Policy) bool) []config.Policy {
	var out []config.Policy
	if o == nil {
		return nil
	}
	for _, p := range o.config.Policies {
		if wanted(p) {
			out = append(out, p)
		}
	}
	return out
}

// ownRules are the rules of the policies that a configuration names, those that
// load, and why others do not. Without a configuration there are none.
func ownRules(ctx context.Context, cmd *cobra.Command, file string) ([]policy.Rule, error) {
	o, err := openOwn(ctx, cmd, file)
	if o == nil {
		return nil, err
	}
	defer o.close()
	return o.policies(o.tree)
}
