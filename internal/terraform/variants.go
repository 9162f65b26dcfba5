package terraform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"gate/internal/facts"
	"gate/internal/source"
)

// What bounds the inputs of stacks that are judged though nothing names them.
const (
	maxStackVariants = 12
	maxVariants      = 120
)

// byTerraform ends the name of a stack as Terraform reads it, which leaves out
// the files that only OpenTofu reads:
// https://opentofu.org/docs/language/files/#file-extension-precedence
const byTerraform = "terraform"

// Variants reads stacks of c once more for each of some files of variables that
// no command line is known to name (-var-file) and that could be meant for the
// stack, and without the files of OpenTofu where there are any. The resources
// are those of a stack of its own, PATH@FILE, with Variant; a reading in which
// they are what c has of the stack adds none.
func Variants(ctx context.Context, tree source.Tree, c *Collected, files []string) (*Collected, error) {
	v := &varying{c: c, tree: tree, out: &Collected{Locators: source.Index{}, SecretLines: c.SecretLines}, base: map[string][]facts.Resource{}}
	for _, r := range c.Resources {
		v.base[r.Stack] = append(v.base[r.Stack], r)
	}
	of := v.ofStacks(files)
	for _, dir := range slices.Sorted(maps.Keys(c.inputs)) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read variants: %w", err)
		}
		s := c.inputs[dir]
		if s.skip || s.sources.root == nil || s.sources.unit != nil {
			continue
		}
		if s.sources.loader.hasTofu(s.sources.root.module) {
			v.withoutTofu(ctx, s)
		}
		for i, f := range of[dir] {
			if i == maxStackVariants || v.read == maxVariants {
				v.out.Ledger = append(v.out.Ledger, facts.Entry{
					Kind: "unit", ID: "stack:" + dir + "@" + f, State: facts.Failed, Place: source.Position{File: f},
					Reason: fmt.Sprintf("%d more files of variables could be meant for the stack: no more than %d of a stack and %d of a tree are judged", len(of[dir])-i, maxStackVariants, maxVariants),
					Hint:   "name those that are used under stacks[].varFiles in .gate.yaml, and list the others under exclude",
				})
				break
			}
			v.withFile(ctx, s, f)
		}
	}
	return v.out, nil
}

// Linked are the resources of a stack for another path by which its directory can be
// reached: those of a stack of its own, PATH@LINK, with Variant. What a plan says is
// that of its own path alone.
func Linked(c *Collected, stack, link string) *Collected {
	out := &Collected{Locators: source.Index{}}
	entry := facts.Entry{Kind: "unit", ID: "stack:" + stack + "@" + link, State: facts.Evaluated, Place: source.Position{File: link}}
	s := c.inputs[stack]
	if s == nil || s.plan != nil {
		entry.State, entry.Input, entry.Reason = facts.Skipped, "plan", "the link leads to a stack whose plan is that of another path"
		entry.Hint = fmt.Sprintf(planHint, link)
		out.Ledger = append(out.Ledger, entry)
		return out
	}
	v := &varying{out: out}
	own := &Collected{Locators: c.Locators}
	for _, r := range c.Resources {
		if r.Stack == stack && r.Variant == nil {
			own.Resources = append(own.Resources, r)
		}
	}
	v.add(own, stack+"@"+link, &facts.Variant{Of: "stack:" + stack, By: facts.VariantLink, With: link, At: []string{link}})
	entry.Count = len(own.Resources)
	out.Ledger = append(out.Ledger, entry)
	return out
}

// varying reads variants.
type varying struct {
	c    *Collected
	tree source.Tree
	out  *Collected
	base map[string][]facts.Resource // by stack
	read int
}

// withFile reads a stack with one more file of variables.
func (v *varying) withFile(ctx context.Context, s *stackInput, file string) {
	with := *s.sources
	with.varFiles = append(slices.Clone(s.sources.varFiles), file)
	v.stack(ctx, &stackInput{path: s.path, sources: &with}, strings.TrimPrefix(file, s.path+"/"), source.Position{File: file},
		facts.Variant{By: facts.VariantFile, With: file, At: []string{file}})
}

// withoutTofu reads a stack as Terraform does.
func (v *varying) withoutTofu(ctx context.Context, s *stackInput) {
	l := newLoader(terraformTree{v.tree})
	l.standIns = s.sources.loader.standIns
	sources, err := l.sources(s.path)
	if err != nil || sources.root == nil {
		return // nothing of it is Terraform's
	}
	sources.varFiles = s.sources.varFiles
	at := sources.fallback()
	v.stack(ctx, &stackInput{path: s.path, sources: sources}, byTerraform, at,
		facts.Variant{By: facts.VariantCircumstance, With: "Terraform reads the stack, not OpenTofu", At: []string{at.File}})
}

// stack reads a variant, by which name it is known.
func (v *varying) stack(ctx context.Context, s *stackInput, name string, at source.Position, variant facts.Variant) {
	v.read++
	c := &collector{in: v.c.in, loader: s.sources.loader, out: &Collected{Locators: source.Index{}, SecretLines: v.c.SecretLines}}
	c.stack(ctx, s)
	stack := s.path + "@" + name
	variant.Of = "stack:" + s.path
	entry := facts.Entry{Kind: "unit", ID: "stack:" + stack, State: facts.Evaluated, Place: at, Count: len(c.out.Resources)}
	switch {
	case len(s.failed) > 0 && slices.Equal(s.failed, v.c.inputs[s.path].failed):
		entry.State, entry.Reason = facts.NotApplicable, "fails as the stack itself does"
	case len(s.failed) > 0:
		entry.State, entry.Reason = facts.Failed, strings.Join(s.failed, "; ")
		entry.Hint = cmp.Or(s.sealedHint(), "mend the file, or list it under exclude in .gate.yaml")
	case alike(c.out.Resources, v.base[s.path]):
		entry.State, entry.Reason = facts.NotApplicable, "declares the same as the stack without it"
	default:
		v.add(c.out, stack, &variant)
	}
	v.out.Ledger = append(v.out.Ledger, entry)
}

// add takes the resources of a variant over as those of a stack of its own.
func (v *varying) add(c *Collected, stack string, variant *facts.Variant) {
	for _, r := range c.Resources {
		old := r.ID
		r.ID = "terraform:" + stack + ":" + r.Address
		r.Stack, r.Variant = stack, variant
		v.out.Resources = append(v.out.Resources, r)
		v.out.Locators[r.ID] = c.Locators[old]
		v.out.Ledger = append(v.out.Ledger, facts.Entry{Kind: "resource", ID: r.ID, State: facts.Evaluated})
	}
}

// alike says whether resources hold the same.
func alike(a, b []facts.Resource) bool {
	return slices.EqualFunc(a, b, func(x, y facts.Resource) bool {
		return x.Address == y.Address && reflect.DeepEqual(x.After, y.After) && reflect.DeepEqual(x.Unknown, y.Unknown) && reflect.DeepEqual(x.Documents, y.Documents)
	})
}

// ofStacks are the files for the stacks that they could be meant for: below a
// root module, the one above them, of which they set a variable; elsewhere those
// that declare all that they set, and of these the nearest.
func (v *varying) ofStacks(files []string) map[string][]string {
	out := map[string][]string{}
	for _, f := range slices.Sorted(slices.Values(files)) {
		set, err := v.variables(f)
		if above := v.above(f); err != nil && above != "" {
			if errors.Is(err, errSealed) && v.c.inputs[above].plan != nil {
				continue // the plan was made with it
			}
			hint := "mend the file, or list it under exclude in .gate.yaml with a reason, an owner and a date"
			if errors.Is(err, errSealed) {
				hint = fmt.Sprintf(planHint, source.ShellWord(above))
			}
			v.out.Ledger = append(v.out.Ledger, facts.Entry{
				Kind: "file", ID: f, State: facts.Failed, Reason: variablesFault + err.Error(), Place: source.Position{File: f},
				Hint: hint,
			})
		}
		if len(set) == 0 {
			continue
		}
		for _, dir := range v.stacksOf(f, set) {
			if s := v.c.inputs[dir]; !s.loads(f) && !s.planned(set) {
				out[dir] = append(out[dir], f)
			}
		}
	}
	return out
}

func (v *varying) stacksOf(file string, set map[string]cty.Value) []string {
	if d := v.above(file); d != "" {
		if v.c.inputs[d].settable(set) > 0 {
			return []string{d}
		}
		return nil
	}
	var out []string
	near := -1
	for _, d := range slices.Sorted(maps.Keys(v.c.inputs)) {
		if v.c.inputs[d].settable(set) < len(set) {
			continue
		}
		switch n := namesInCommon(d, path.Dir(file)); {
		case n > near:
			out, near = []string{d}, n
		case n == near:
			out = append(out, d)
		}
	}
	return out
}

// above is the nearest stack whose directory a file stands in, at any depth; ""
// if there is none.
func (v *varying) above(file string) string {
	for d := path.Dir(file); ; d = path.Dir(d) {
		if s := v.c.inputs[d]; s != nil && s.sources.root != nil {
			return d
		}
		if d == "." {
			return ""
		}
	}
}

// namesInCommon counts the directories that two paths have in common, those of the same
// name anywhere included.
func namesInCommon(a, b string) int {
	n := 0
	names := strings.Split(b, "/")
	for _, part := range strings.Split(a, "/") {
		if slices.Contains(names, part) {
			n++
		}
	}
	return n
}

// variables are what a file sets.
func (v *varying) variables(file string) (map[string]cty.Value, error) {
	data, err := v.tree.ReadFile(file)
	body, err := parseVariables(file, data, err)
	if err != nil || body == nil {
		return nil, err
	}
	out := map[string]cty.Value{}
	for name, a := range attributes(body) {
		val, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			val = cty.DynamicVal
		}
		out[name] = val
	}
	return out, nil
}

// settable counts the variables among some names that a stack declares.
func (s *stackInput) settable(set map[string]cty.Value) int {
	if s.sources.root == nil {
		return 0
	}
	n := 0
	for name := range set {
		if s.sources.root.module.variables[name] != nil {
			n++
		}
	}
	return n
}

// loads says whether a file of variables is read for a stack without anybody
// naming it, or by the configuration:
// https://developer.hashicorp.com/terraform/language/values/variables#variable-definitions-tfvars-files
func (s *stackInput) loads(file string) bool {
	if slices.Contains(s.sources.varFiles, file) {
		return true
	}
	base := path.Base(file)
	return path.Dir(file) == s.path && (base == "terraform.tfvars" || base == "terraform.tfvars.json" || strings.HasSuffix(base, ".auto.tfvars") || strings.HasSuffix(base, ".auto.tfvars.json"))
}

// planned says whether the plan of a stack was made with some values.
func (s *stackInput) planned(set map[string]cty.Value) bool {
	if s.plan == nil {
		return false
	}
	for name, val := range set {
		if s.sources.root.module.variables[name] == nil {
			continue
		}
		given, ok := s.plan.variables[name]
		if !ok || !val.IsWhollyKnown() || !reflect.DeepEqual(mustGo(ctyValue(given.value)), mustGo(val)) {
			return false
		}
	}
	return true
}

// hasTofu says whether OpenTofu reads other files for a module, or for one that
// it calls in the tree, than Terraform does.
func (l *loader) hasTofu(m *module) bool {
	dirs, seen := []string{m.dir}, map[string]bool{m.dir: true}
	for i := 0; i < len(dirs); i++ {
		if slices.ContainsFunc(l.files[dirs[i]], tofuFile) {
			return true
		}
		at := l.dirs[dirs[i]]
		if at == nil {
			continue
		}
		for _, call := range at.calls {
			rel := literal(attributes(call.Body)["source"])
			if dir := path.Join(at.dir, rel); (strings.HasPrefix(rel, "./") || strings.HasPrefix(rel, "../")) && !seen[dir] {
				seen[dir] = true
				dirs = append(dirs, dir)
			}
		}
	}
	return false
}

func tofuFile(f string) bool {
	return strings.HasSuffix(f, ".tofu") || strings.HasSuffix(f, ".tofu.json")
}

// terraformTree is a tree without the files that Terraform does not read.
type terraformTree struct{ source.Tree }

// Entries returns the files, sorted by path.
func (t terraformTree) Entries() []source.Entry {
	return slices.DeleteFunc(slices.Clone(t.Tree.Entries()), func(e source.Entry) bool { return tofuFile(e.Path) })
}
