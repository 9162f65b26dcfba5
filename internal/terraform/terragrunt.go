package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// terragruntFile is the name of the configuration of a Terragrunt unit:
// https://terragrunt.gruntwork.io/docs/reference/hcl/
const (
	terragruntFile      = "terragrunt.hcl"
	terragruntStackFile = "terragrunt.stack.hcl"
)

// terragruntUnit is one directory that Terragrunt applies: a module, and the
// inputs that it hands to it. Nothing of it runs: what a command or the
// environment would tell is unknown.
type terragruntUnit struct {
	dir    string // of the unit, its stack
	file   string // its configuration; of a generated unit that of its template
	values cty.Value

	source    string   // of the module, as Terragrunt resolves it; "" without one
	known     bool     // the source can be told
	branches  []string // that it may have, by conditions that cannot be told
	moduleDir string   // in the tree, "" of a module from elsewhere
	inputs    map[string]cty.Value
	inputAt   map[string]hcl.Range
	inputExpr map[string]definition // where they are written one by one
	whole     bool                  // there are no other inputs
	varFiles  []string              // that it has the command line name
	files     map[string]bool       // that were read for it, or sought
	sourceAt  hcl.Range
	generated []generatedFile
	state     *hcl.Block // remote_state
	stateOf   *terragruntConfig
	faults    []error
	asked     map[string]bool // variables of the environment that nothing tells
	reads     int             // configurations that were read for it
	work      int             // bytes and elements of the values of its expressions
}

// reading remembers a file that the unit reads, or looks for.
func (u *terragruntUnit) reading(file string) {
	if u.files == nil {
		u.files = map[string]bool{}
	}
	u.files[file] = true
}

// generatedFile is a file that a generate block writes beside the module.
type generatedFile struct {
	name string
	text string
	at   hcl.Range // of the contents
	head bool      // the contents begin in the line behind (a heredoc)
}

// terragruntUnits reads what Terragrunt applies, by directory: every
// terragrunt.hcl that is not only included by others, and the units of every
// terragrunt.stack.hcl.
func (l *loader) terragruntUnits() map[string]*terragruntUnit {
	units := map[string]*terragruntUnit{}
	parents, templates := map[string]bool{}, map[string]bool{}
	var stacks []string
	for _, e := range l.tree.Entries() {
		switch path.Base(e.Path) {
		case terragruntFile:
			if !strings.Contains("/"+e.Path, "/.terragrunt-cache/") && !strings.Contains("/"+e.Path, "/.terragrunt-stack/") {
				units[path.Dir(e.Path)] = &terragruntUnit{dir: path.Dir(e.Path), file: e.Path, values: cty.DynamicVal}
			}
		case terragruntStackFile:
			stacks = append(stacks, e.Path)
		}
	}
	if len(units) == 0 && len(stacks) == 0 {
		return units
	}
	for _, dir := range slices.Sorted(maps.Keys(units)) {
		c := l.terragruntConfig(units[dir].file, units[dir], 0)
		for _, p := range c.includePaths() {
			if p != units[dir].file {
				parents[p] = true
			}
		}
	}
	for _, u := range l.terragruntStacks(stacks) {
		units[u.dir] = u
		if u.file != "" {
			templates[u.file] = true
		}
	}
	for dir, u := range units {
		if u.values == cty.DynamicVal && (parents[u.file] && !l.hasSource(u) || templates[u.file]) {
			delete(units, dir)
		}
	}
	return units
}

// mayHoldUnits says whether any of the directories can be a unit: one that holds
// a configuration of Terraform alone is none.
func (l *loader) mayHoldUnits(dirs map[string]bool) bool {
	for dir := range dirs {
		if _, ok := l.tree.Lookup(path.Join(dir, terragruntFile)); ok || len(l.files[dir]) == 0 {
			return true
		}
	}
	return false
}

// hasSource says whether a configuration that others include is a unit too.
func (l *loader) hasSource(u *terragruntUnit) bool {
	c := l.terragruntConfig(u.file, u, 0)
	return len(c.blocks["terraform"]) > 0 && len(l.files[u.dir]) > 0
}

// localSource resolves a module source that is a path: base is the directory
// that it is relative to.
func (l *loader) localSource(base, s string) (string, bool) {
	s, _, _ = strings.Cut(s, "?")
	if rest, ok := strings.CutPrefix(s, repositoryRoot); ok {
		s = path.Clean("./" + strings.ReplaceAll(rest, "//", "/"))
		return s, s != ".." && !strings.HasPrefix(s, "../")
	}
	if !strings.HasPrefix(s, "./") && !strings.HasPrefix(s, "../") && s != "." && s != ".." {
		return "", false
	}
	p := path.Join(base, strings.ReplaceAll(s, "//", "/"))
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

// terragruntSources are the sources of a unit: its module with the generated
// files beside it, as root.
func (l *loader) terragruntSources(u *terragruntUnit) *Sources {
	own := &loader{tree: l.tree, files: l.files, dirs: map[string]*module{}, text: l.text, lines: l.lines, parent: l, extra: map[string][]string{}, virtual: map[string]virtualFile{}, tables: l.tables}
	s := &Sources{loader: own, stack: u.dir, manifest: map[string]string{}, unit: u}
	if u.file == "" {
		return s
	}
	u.read(l)
	s.varFiles = u.varFiles
	into := u.moduleDir
	switch {
	case u.elsewhere():
		into = u.dir
	case into == "":
		return s
	case into != u.dir:
		own.extra[into] = append(own.extra[into], l.files[u.dir]...)
	}
	for _, g := range u.generated {
		name := path.Join(into, path.Base(g.name))
		if !configFile(name) {
			continue
		}
		key := u.dir + ":" + name // no path of a tree holds what the generator of another unit wrote
		own.virtual[key] = virtualFile{data: []byte(g.text), at: l.position(g.at), head: g.head}
		own.extra[into] = append(own.extra[into], key)
	}
	switch m := own.module(into); {
	case m != nil:
		s.root = &moduleNode{module: m}
	case u.elsewhere(): // nothing stands beside it
		s.root = &moduleNode{module: newModule(u.dir, nil)}
	}
	s.readManifest()
	return s
}

// describe fills what the unit says of its stack.
func (u *terragruntUnit) describe(s *Sources, st *facts.Stack) {
	st.Source = s.root != nil || u.elsewhere()
	if u.source != "" && u.moduleDir == "" {
		st.Modules = append(st.Modules, u.call())
	}
	if u.state == nil || st.Backend != nil {
		return
	}
	attrs := attributes(u.state.Body)
	st.Backend = map[string]any{"type": literal(attrs["backend"]), "file": u.state.DefRange.Filename, "line": int64(u.state.DefRange.Start.Line)}
	config := map[string]any{}
	if a := attrs["config"]; a != nil {
		v, _ := u.stateOf.value(a.Expr).UnmarkDeep()
		if known, _ := goValue(v); known != nil {
			for name, e := range doc.Map(known) {
				config[name] = withoutCredential(name, e)
			}
		}
	}
	st.Backend["config"] = config
}

// fault says why nothing of the unit could be read, "" if that is not so.
func (u *terragruntUnit) fault(s *Sources) string {
	switch {
	case s.root != nil:
		return ""
	case u.file == "" && u.source == "":
		return "the unit of the stack has no source that can be told"
	case u.source == "" && u.known:
		return "neither the unit nor what it includes has a source, and it has no configuration files of its own"
	case len(u.branches) > 0:
		return fmt.Sprintf("the source of its module is only known when Terragrunt runs: %s", anyOf(u.branches))
	case !u.known:
		return "the source of its module is only known when Terragrunt runs"
	case u.elsewhere():
		return u.whyUnread()
	}
	return fmt.Sprintf("its module %q holds no configuration files", u.moduleDir)
}

// anyOf are some texts of which one counts.
func anyOf(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = strconv.Quote(t)
	}
	return strings.Join(quoted, " or ")
}

// hint says how to tell the variables of the environment that the unit asks for.
func (u *terragruntUnit) hint() string {
	if u == nil || len(u.asked) == 0 {
		return ""
	}
	var entries []string
	for _, name := range slices.Sorted(maps.Keys(u.asked)) {
		entries = append(entries, strconv.Quote(name)+": …")
	}
	return fmt.Sprintf("get_env is not asked here; say in .gate.yaml what it gives: standIns: {%q: {%s}}", u.dir, strings.Join(entries, ", "))
}

// place is where an attribute of the unit's root module is set from: its input,
// else its source.
func (u *terragruntUnit) place(l *loader, name string) source.Position {
	if r, ok := u.inputAt[name]; ok {
		return l.position(r)
	}
	if u.sourceAt.Filename != "" {
		return l.position(u.sourceAt)
	}
	return source.Position{File: u.file, Line: 1, Approximate: true}
}
