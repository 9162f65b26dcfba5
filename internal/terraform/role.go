package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/facts"
)

// role says whether somebody applies a stack as it stands, or what it is read as
// otherwise. A plan, an entry of the configuration, a Terragrunt unit, a backend and a
// locked provider speak of
// who applies it. What has none of these and takes variables, while providers are
// left to whoever calls it, has the shape of a shared module:
// https://developer.hashicorp.com/terraform/language/modules/develop/providers#provider-configurations-and-inheritance
func (c *collector) role(s *stackInput) string {
	if s.plan != nil || c.in.Named[s.path] || s.sources.unit != nil || s.sources.root == nil || backend(s.sources.root.module) != nil {
		return facts.StackRoot
	}
	m := s.sources.root.module
	if len(m.resources)+len(m.calls) == 0 {
		if c.generates(m.dir) || len(m.variables) > 0 && len(m.outputs) > 0 { // it computes something for callers
			return facts.StackModule
		}
		return facts.StackRoot // it says which versions are meant, and is held to that
	}
	if m.example() {
		return facts.StackExample
	}
	if _, locked := c.loader.tree.Lookup(path.Join(s.path, ".terraform.lock.hcl")); locked || len(s.sources.varFiles) > 0 || c.loader.hasVarFiles(s.path) {
		return facts.StackRoot
	}
	if len(m.variables) == 0 || m.configuresProviders() {
		return facts.StackRoot
	}
	return facts.StackModule
}

// generates says whether a Terragrunt unit reads a file of the directory, to write it
// beside its module.
func (c *collector) generates(dir string) bool {
	for _, u := range c.units {
		for f := range u.files {
			if path.Dir(f) == dir && configFile(f) {
				return true
			}
		}
	}
	return false
}

// example says whether a module shows how others of the tree are called. The
// standard structure puts examples into a folder of that name; what calls the
// module that it lies in is one or a test, wherever it stands:
// https://developer.hashicorp.com/terraform/language/modules/develop/structure
func (m *module) example() bool {
	for _, part := range strings.Split(m.dir, "/") {
		if part == "examples" || part == "example" {
			return true
		}
	}
	for _, call := range m.calls {
		s := m.argumentText(call.Body, "source")
		if !localSource(s) {
			continue
		}
		if to := path.Join(m.dir, s); to == "." && m.dir != "." || strings.HasPrefix(m.dir, to+"/") {
			return true
		}
	}
	return false
}

// hasVarFiles says whether files of variables stand in a directory of configuration,
// or below it and in no other one's.
func (l *loader) hasVarFiles(dir string) bool {
	if l.given == nil {
		l.given = map[string]bool{}
		for _, e := range l.tree.Entries() {
			if base := path.Base(e.Path); strings.HasSuffix(base, ".tfvars") || strings.HasSuffix(base, ".tfvars.json") {
				at := path.Dir(e.Path)
				for at != "." && len(l.files[at]) == 0 {
					at = path.Dir(at)
				}
				l.given[at] = true
			}
		}
	}
	return l.given[dir]
}

// configuresProviders says whether the module sets up a provider itself. An empty
// block with an alias was the way to say that the caller hands one in.
func (m *module) configuresProviders() bool {
	return slices.ContainsFunc(m.providers, func(b *hcl.Block) bool {
		attrs := attributes(b.Body)
		if attrs["alias"] == nil {
			return true
		}
		body, native := b.Body.(*hclsyntax.Body)
		return len(attrs) > 1 || native && len(body.Blocks) > 0
	})
}
