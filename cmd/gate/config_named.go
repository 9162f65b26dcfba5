package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gate/internal/config"
	"gate/internal/decide"
	"gate/internal/discover"
	"gate/internal/policy"
	"gate/internal/source"
)

// named are the faults of what the configuration names: a file that is not there or
// is none of its kind, a glob that fits nothing, a policy that does not compile. They
// stand at the line that names it. A configuration with another name may be a draft,
// or that of another repository: nobody knows what it is relative to.
func (f *configFiles) named(ctx context.Context) error {
	dir, name := filepath.Dir(f.path), filepath.Base(f.path)
	if name != config.DefaultFile {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	defer root.Close()
	tree, err := discover.Open(ctx, dir, nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", dir, err)
	}
	defer tree.Close()
	n := named{configFiles: f, root: root, tree: tree}
	for i, u := range f.config.Units {
		n.unit(source.Path{"units", i}, u)
	}
	for i, s := range f.config.Stacks {
		n.stack(source.Path{"stacks", i}, s)
	}
	n.globs()
	for i, p := range f.config.Policies {
		for j, data := range p.Data {
			n.stat(source.Path{"policies", i, "data", j}, data)
		}
	}
	own, err := f.policies(tree)
	return errors.Join(append(n.faults, err, f.ofOwnRules(own))...)
}

// ofOwnRules are the faults of what the configuration and the waivers say of rules of the
// organisation's policies, those that loaded.
func (f *configFiles) ofOwnRules(own []policy.Rule) error {
	var ids, loaded []string
	for _, r := range own {
		entry, _, _ := strings.Cut(r.ID, "/")
		ids, loaded = append(ids, r.ID), append(loaded, entry)
	}
	faults := []error{f.config.CheckOwn(decide.Specs(own), loaded)}
	if f.waivers == nil {
		return faults[0]
	}
	for _, w := range f.waivers.Waivers {
		entry, _, _ := strings.Cut(w.Rule, "/")
		if !slices.Contains(loaded, entry) || len(w.Faults) > 0 {
			continue
		}
		msg := ""
		if i := slices.Index(ids, w.Rule); i < 0 {
			msg = fmt.Sprintf("unknown rule %q%s", w.Rule, config.DidYouMean(w.Rule, ids))
		} else if own[i].Waivable == "never" {
			msg = fmt.Sprintf("rule %s cannot be waived", w.Rule)
		} else {
			msg = decide.WaiverLacks(f.config, f.waivers, w, own[i])
		}
		if msg != "" {
			faults = append(faults, f.waiverFault(w, msg))
		}
	}
	return errors.Join(faults...)
}

// named collects the faults of what stands below a directory.
type named struct {
	*configFiles
	root   *os.Root
	tree   source.Tree
	faults []error
}

func (n *named) add(p source.Path, format string, args ...any) {
	n.faults = append(n.faults, n.fault(p, fmt.Sprintf(format, args...)))
}

// stat is what a path leads to; nil after a fault.
func (n *named) stat(p source.Path, name string) fs.FileInfo {
	info, err := n.root.Stat(filepath.FromSlash(path.Clean(name)))
	if errors.Is(err, fs.ErrNotExist) {
		n.add(p, "%q: there is no such file", name)
	} else if err != nil {
		n.add(p, "%q: %s", name, err)
	}
	return info
}

// file wants a file, and no directory.
func (n *named) file(p source.Path, name string) {
	if info := n.stat(p, name); info != nil && !info.Mode().IsRegular() {
		n.add(p, "%q: this is no file", name)
	}
}

// holding wants a directory with a file of one of these names, or of a name that ends
// as one that begins with a dot.
func (n *named) holding(p source.Path, name, want string, names ...string) {
	dir, err := n.root.Open(filepath.FromSlash(path.Clean(name)))
	if err != nil {
		n.add(p, "%q: %s", name, err)
		return
	}
	defer dir.Close()
	entries, _ := dir.ReadDir(-1)
	for _, e := range entries {
		for _, w := range names {
			if e.Name() == w || strings.HasPrefix(w, ".") && strings.HasSuffix(e.Name(), w) {
				return
			}
		}
	}
	n.add(p, "%q: there is no %s in it", name, want)
}

// unit looks at the files of a unit.
func (n *named) unit(at source.Path, u config.Unit) {
	below := func(rest ...any) source.Path { return append(append(source.Path{}, at...), rest...) }
	if u.Chart != "" && n.stat(below("chart"), u.Chart) != nil {
		n.holding(below("chart"), u.Chart, "Chart.yaml", "Chart.yaml")
	}
	if u.Kustomization != "" {
		if info := n.stat(below("kustomization"), u.Kustomization); info != nil {
			dir := u.Kustomization
			if !info.IsDir() { // the file itself may be named
				dir = path.Dir(path.Clean(dir))
			}
			n.holding(below("kustomization"), dir, "kustomization.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization")
		}
	}
	if u.Jsonnet != "" {
		n.file(below("jsonnet"), u.Jsonnet)
	}
	if u.CUE != "" {
		if info := n.stat(below("cue"), u.CUE); info != nil && info.IsDir() {
			n.holding(below("cue"), u.CUE, ".cue file", ".cue")
		}
	}
	for j, name := range u.Values {
		n.file(below("values", j), name)
	}
	for j, name := range u.Libs {
		if info := n.stat(below("libs", j), name); info != nil && !info.IsDir() {
			n.add(below("libs", j), "%q: this is no directory", name)
		}
	}
}

// stack looks at the files of a stack.
func (n *named) stack(at source.Path, s config.Stack) {
	below := func(rest ...any) source.Path { return append(append(source.Path{}, at...), rest...) }
	switch info := n.stat(below("path"), s.Path); {
	case info == nil:
	case !info.IsDir():
		n.add(below("path"), "%q: this is no directory", s.Path)
	default:
		n.holding(below("path"), s.Path, "Terraform configuration", ".tf", ".tf.json", ".tofu", ".tofu.json", "terragrunt.hcl", "terragrunt.hcl.json", "terragrunt.stack.hcl")
	}
	for j, name := range s.VarFiles {
		n.file(below("varFiles", j), name)
	}
}

// globs looks for a file or directory that the globs fit. One that fits nothing does
// nothing, and says so nowhere; but it may be meant for what comes, or be a custom of many
// repositories: it is told as a warning.
func (n *named) globs() {
	paths := map[string]bool{}
	for _, e := range n.tree.Entries() {
		for p := e.Path; p != "." && !paths[p]; p = path.Dir(p) {
			paths[p] = true
		}
	}
	fits := func(glob string) bool {
		for p := range paths {
			if config.Match(glob, p) {
				return true
			}
		}
		return false
	}
	fit := func(globs []string, at ...any) {
		for i, g := range globs {
			if !fits(g) {
				n.idle = append(n.idle, append(append(source.Path{}, at...), i))
			}
		}
	}
	c := n.config
	for i, e := range c.Environments {
		fit(e.Paths, "environments", i, "paths")
		for j, t := range e.Targets {
			fit(t.Paths, "environments", i, "targets", j, "paths")
		}
	}
	for i, s := range c.Services {
		fit(s.Paths, "services", i, "paths")
	}
	for i, e := range c.Exclude {
		fit(e.Paths, "exclude", i, "paths")
	}
	fit(c.TestData, "testData")
	for i, p := range c.Policies {
		fit(p.Match, "policies", i, "match")
	}
}

// policies are the rules of the policies of a tree, with the faults of those that do
// not load.
func (f *configFiles) policies(tree source.Tree) ([]policy.Rule, error) {
	var rules []policy.Rule
	var faults []error
	for i, p := range f.config.Policies {
		entry := policy.Organisation{Entry: p, Label: "the work tree", Rules: tree}
		own, err := entry.Load()
		if err != nil {
			faults = append(faults, f.fault(source.Path{"policies", i}, fmt.Sprintf("policy %q does not load: %s", p.Entry(), err)))
		}
		rules = append(rules, own...)
		if doubts, err := entry.Doubts(); err == nil {
			f.doubts = append(f.doubts, doubts...)
		}
	}
	return rules, errors.Join(faults...)
}

// addOwnRules adds the rules of the policies that the configuration names, and says which
// policies do not load.
func (f *configFiles) addOwnRules(ctx context.Context) error {
	if f.config == nil || len(f.config.Policies) == 0 {
		return nil
	}
	tree, err := discover.Open(ctx, filepath.Dir(f.path), nil)
	if err != nil {
		return err
	}
	defer tree.Close()
	own, err := f.policies(tree)
	f.rules = append(slices.Clone(f.rules), own...)
	return err
}

// fault is an error at the line of the configuration that a path leads to.
func (f *configFiles) fault(at source.Path, msg string) error {
	place := f.config.Places.Locate(at).Position
	place.Approximate, place.EndLine, place.EndColumn = false, 0, 0
	return &source.Error{Position: place, Msg: msg}
}
