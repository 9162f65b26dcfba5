package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"gate/internal/config"
	"gate/internal/discover"
	"gate/internal/policy"
	"gate/internal/source"
)

// named are the faults of what the configuration names: a file that is not
// there, a policy that does not compile. They stand at the line that names it. A
// configuration with another name may be a draft, or that of another repository:
// nobody knows what it is relative to.
func (f *configFiles) named(ctx context.Context) error {
	dir, name := filepath.Dir(f.path), filepath.Base(f.path)
	if name != config.DefaultFile || len(f.config.Units)+len(f.config.Policies) == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	defer root.Close()
	var faults []error
	for i, u := range f.config.Units {
		faults = append(faults, f.unitFaults(root, source.Path{"units", i}, u)...)
	}
	_, err = f.policies(ctx, dir)
	return errors.Join(append(faults, err)...)
}

// unitFaults are the files of a unit that are not there.
func (f *configFiles) unitFaults(root *os.Root, at source.Path, u config.Unit) []error {
	var faults []error
	missing := func(p source.Path, name string) bool {
		_, err := root.Stat(filepath.FromSlash(path.Clean(name)))
		if err == nil {
			return false
		}
		text := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			text = "there is no such file"
		}
		faults = append(faults, f.fault(p, fmt.Sprintf("%q: %s", name, text)))
		return true
	}
	below := func(rest ...any) source.Path { return append(append(source.Path{}, at...), rest...) }
	for _, named := range [][2]string{{"chart", u.Chart}, {"kustomization", u.Kustomization}, {"jsonnet", u.Jsonnet}, {"cue", u.CUE}} {
		if named[1] == "" || missing(below(named[0]), named[1]) || named[0] != "chart" {
			continue
		}
		if _, err := root.Stat(filepath.FromSlash(path.Join(u.Chart, "Chart.yaml"))); err != nil {
			faults = append(faults, f.fault(below("chart"), fmt.Sprintf("%q: there is no Chart.yaml in it", u.Chart)))
		}
	}
	for j, name := range u.Values {
		missing(below("values", j), name)
	}
	for j, name := range u.Libs {
		missing(below("libs", j), name)
	}
	return faults
}

// policies are the rules of the policies below dir, with the faults of those that
// do not load.
func (f *configFiles) policies(ctx context.Context, dir string) ([]policy.Rule, error) {
	if len(f.config.Policies) == 0 {
		return nil, nil
	}
	tree, err := discover.Open(ctx, dir, nil)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	var rules []policy.Rule
	var faults []error
	for i, p := range f.config.Policies {
		entry := policy.Organisation{Entry: p, Label: "the work tree", Rules: tree}
		own, err := entry.Load()
		if err != nil {
			faults = append(faults, f.fault(source.Path{"policies", i}, fmt.Sprintf("policy %q does not load: %s", p.Entry(), err)))
		}
		rules = append(rules, own...)
	}
	return rules, errors.Join(faults...)
}

// fault is an error at the line of the configuration that a path leads to.
func (f *configFiles) fault(at source.Path, msg string) error {
	place := f.config.Places.Locate(at).Position
	place.Approximate, place.EndLine, place.EndColumn = false, 0, 0
	return &source.Error{Position: place, Msg: msg}
}
