package terraform

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/source"
)

// maxModuleDepth limits calls of modules by modules: a module that calls
// itself has no end.
const maxModuleDepth = 16

// Sources is the configuration of one stack: its root module and, by their
// path of calls, every module that stands in the tree.
type Sources struct {
	loader *loader
	stack  string
	root   *moduleNode
	// manifest leads from a module path to a directory, as
	// .terraform/modules/modules.json records it for downloaded modules.
	manifest map[string]string
	// downloaded are the sources that the directories of .terraform were
	// downloaded from, by module path, as far as the manifest names them.
	downloaded map[string]string
	varFiles   []string // of the command line, as paths of the tree
	// varFileValues are what files of variables say, by variable; nil until the stack
	// was evaluated, and where a plan says what its values are.
	varFileValues map[string]hcl.Expression
	// unit is the Terragrunt unit that the stack is, nil for others.
	unit *terragruntUnit
}

// workDir is the directory that paths of the root module are relative to.
func (s *Sources) workDir() string {
	if s.unit != nil && s.root != nil {
		return s.root.module.dir
	}
	return s.stack
}

// moduleNode is one module of the tree of calls.
type moduleNode struct {
	path     string // dotted, "" for the root
	module   *module
	call     *hcl.Block // in the parent, nil for the root
	parent   *moduleNode
	depth    int
	source   string // as written
	version  string
	remote   bool // not below a local path: a person cannot mend it here
	children map[string]*moduleNode
}

// Locate reads the configuration of the stack at stackPath, a directory of
// the tree ("." is the root). A stack without configuration files has no
// positions; that is no error. Faults of files are reported by Collect.
func Locate(tree source.Tree, stackPath string) (*Sources, error) {
	return newLoader(tree).sources(stackPath)
}

// IsConfiguration says whether a file of this name says what a stack is: a file
// of a module, or of Terragrunt.
func IsConfiguration(file string) bool {
	return configFile(file) || strings.HasSuffix(file, ".hcl") && !strings.HasSuffix(file, ".lock.hcl")
}

// Roots are those of some directories of a tree that are stacks by themselves: no
// module of callers calls them, or they have a backend.
func Roots(tree source.Tree, dirs, callers []string) []string {
	l := newLoader(tree)
	called := map[string]bool{}
	for _, dir := range callers {
		m := l.module(dir)
		if m == nil {
			continue
		}
		for _, call := range m.calls {
			if s := m.argumentText(call.Body, "source"); localSource(s) {
				called[path.Join(dir, s)] = true
			}
		}
	}
	var out []string
	for _, dir := range dirs {
		if m := l.module(dir); !called[dir] || m != nil && backend(m) != nil {
			out = append(out, dir)
		}
	}
	return out
}

func (l *loader) sources(stackPath string) (*Sources, error) {
	stackPath = path.Clean(stackPath)
	s := &Sources{loader: l, stack: stackPath, manifest: map[string]string{}, downloaded: map[string]string{}}
	if m := l.module(stackPath); m != nil {
		s.root = &moduleNode{module: m}
	}
	s.readManifest()
	return s, nil
}

// readManifest reads the directories of downloaded modules, if they are part
// of the tree. A broken manifest only means that bodies are not shown.
func (s *Sources) readManifest() {
	data, err := s.loader.tree.ReadFile(path.Join(s.stack, ".terraform/modules/modules.json"))
	if err != nil {
		return
	}
	var doc struct {
		Modules []struct{ Key, Source, Dir string }
	}
	if json.Unmarshal(data, &doc) != nil {
		return
	}
	for _, m := range doc.Modules {
		dir := path.Join(s.stack, m.Dir)
		if m.Key != "" && !path.IsAbs(m.Dir) && dir != ".." && !strings.HasPrefix(dir, "../") {
			s.manifest[m.Key], s.downloaded[m.Key] = dir, m.Source
		}
	}
}

// child resolves one module call; nil if the module has no such call.
func (s *Sources) child(n *moduleNode, name string) *moduleNode {
	if c, ok := n.children[name]; ok {
		return c
	}
	if n.module == nil || n.depth >= maxModuleDepth {
		return nil
	}
	call, ok := n.module.calls[name]
	if !ok {
		return nil
	}
	c := &moduleNode{path: joinModule(n.path, name), call: call, parent: n, depth: n.depth + 1, remote: n.remote}
	c.source, c.version = n.module.argumentText(call.Body, "source"), n.module.argumentText(call.Body, "version")
	if localSource(c.source) {
		// A path that leaves the repository leads nowhere.
		if dir := path.Join(n.module.dir, c.source); dir != ".." && !strings.HasPrefix(dir, "../") {
			c.module = s.loader.module(dir)
		}
	} else {
		c.remote = true
		if dir, ok := s.manifest[c.path]; ok && sameSource(c.source, s.downloaded[c.path]) {
			c.module = s.loader.module(dir)
		}
	}
	if n.children == nil {
		n.children = map[string]*moduleNode{}
	}
	n.children[name] = c
	return c
}

// sameSource says whether a module that was downloaded is the one that a call names:
// else terraform init replaces it. The manifest names the registry and the form of Git
// addresses in full.
func sameSource(written, downloaded string) bool {
	if downloaded == "" || written == downloaded {
		return true
	}
	a, va := registryOf(written)
	b, vb := registryOf(downloaded)
	if a != "" || b != "" {
		return a == b && va == vb
	}
	return plainSource(written) == plainSource(downloaded)
}

// plainSource is the address of a repository without what says how it is reached.
func plainSource(src string) string {
	return strings.NewReplacer("git::", "", "https://", "", "ssh://", "", "git@", "", "github.com:", "github.com/", ".git", "").Replace(src)
}

// literal returns a string that is written as such, else "".
func literal(a *hcl.Attribute) string {
	if a == nil {
		return ""
	}
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// Locator returns the locator of a resource. Paths are those of the resource's
// values. A resource whose block is not found is located at the nearest module
// call, else at the first file of the stack; the zero Location means that the
// stack has no source.
func (s *Sources) Locator(address string) source.Locator {
	return s.locator(address, nil)
}

// locator does the same with the values of the resource, which tell blocks of
// one name apart: sets are not in the order of the source.
func (s *Sources) locator(address string, values map[string]any) source.Locator {
	addr, err := ParseAddress(address)
	if err != nil || s.root == nil {
		return source.Fixed(s.fallback())
	}
	node := s.root
	for _, step := range addr.Module {
		next := s.child(node, step.Name)
		if next == nil {
			return s.inCall(node, nil)
		}
		node = next
	}
	var block *hcl.Block
	if node.module != nil {
		block = node.module.resources[addr.Resource()]
	}
	if block == nil || node.remote {
		return s.inCall(node, block)
	}
	overrides := node.module.overrides[block.Type+":"+addr.Resource()]
	related := s.calls(node)
	return source.LocatorFunc(func(p source.Path) source.Location {
		for i := len(overrides) - 1; i >= 0; i-- {
			if pos, exact := s.loader.inBlock(overrides[i], p, values); exact && len(p) > 0 {
				return source.Location{Position: pos, Related: related}
			}
		}
		pos, _ := s.loader.inBlock(block, p, values)
		if at, ok := s.given(addr, node, block, p, values); ok {
			return source.Location{Position: at, Related: append([]source.Related{{Role: "definition", Position: pos}}, related...)}
		}
		return source.Location{Position: pos, Related: related}
	})
}

// Lifecycle is what the lifecycle block of a resource says, empty for one that
// is not in the configuration.
func (s *Sources) Lifecycle(address string) map[string]any {
	addr, err := ParseAddress(address)
	if err != nil || s.root == nil {
		return nil
	}
	node := s.root
	for _, step := range addr.Module {
		if node = s.child(node, step.Name); node == nil || node.module == nil {
			return nil
		}
	}
	b := node.module.resources[addr.Resource()]
	if b == nil {
		return nil
	}
	return lifecycle(b)
}

// fallback is the place of the stack as a whole.
func (s *Sources) fallback() source.Position {
	if s.unit != nil {
		return s.unit.place(s.loader, "")
	}
	if s.root == nil {
		return source.Position{}
	}
	return source.Position{File: s.root.module.settingsFile(), Line: 1, Approximate: true}
}

// settingsFile is where settings of a module go: terraform.tf or main.tf if
// there is one, else the first file.
// https://developer.hashicorp.com/terraform/language/style#file-names
func (m *module) settingsFile() string {
	for _, name := range [...]string{"terraform.tf", "main.tf"} {
		for _, f := range m.files {
			if path.Base(f) == name {
				return f
			}
		}
	}
	return m.files[0]
}

// inCall locates at the last module call that stands in the repository's own
// files: what is inside a module from elsewhere can only be mended there. An
// argument of the call that has the name of the attribute is meant.
func (s *Sources) inCall(node *moduleNode, body *hcl.Block) source.Locator {
	own := node
	for own.parent != nil && (own.parent.remote || own.call == nil) {
		own = own.parent
	}
	switch {
	case own.call == nil && s.unit.elsewhere():
		return source.LocatorFunc(func(p source.Path) source.Location {
			return source.Location{Position: s.unit.place(s.loader, pathName(p, 0))}
		})
	case own.call == nil:
		return source.Fixed(s.fallback())
	}
	related := s.calls(own.parent)
	return source.LocatorFunc(func(p source.Path) source.Location {
		loc := source.Location{Position: s.loader.position(own.call.DefRange), Related: related}
		loc.Approximate = body == nil
		if len(p) > 0 {
			if name, ok := p[0].(string); ok {
				if a := attributes(own.call.Body)[name]; a != nil && name != "source" && name != "version" {
					loc.Position = s.loader.position(attributeRange(a))
				}
			}
		}
		if body != nil {
			pos, _ := s.loader.inBlock(body, p, nil)
			loc.Related = append(append([]source.Related(nil), related...), source.Related{Role: "module", Position: pos})
		}
		return loc
	})
}

// calls lists the module calls that lead to the node, innermost first.
func (s *Sources) calls(node *moduleNode) []source.Related {
	var out []source.Related
	for n := node; n != nil && n.call != nil; n = n.parent {
		out = append(out, source.Related{Role: "module", Position: s.loader.position(n.call.DefRange)})
	}
	if s.unit != nil && s.unit.moduleDir != s.unit.dir {
		out = append(out, source.Related{Role: "module", Position: s.unit.place(s.loader, "")})
	}
	return out
}
