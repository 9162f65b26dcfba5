package terraform

import (
	"maps"
	"path"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// requiredProvider is one entry of a required_providers block.
type requiredProvider struct {
	Source     string
	Constraint string
	Range      hcl.Range
}

// requiredProviders merges the required_providers blocks of a module.
func (m *module) requiredProviders() map[string]requiredProvider {
	out := map[string]requiredProvider{}
	for _, t := range m.settings {
		for _, attrs := range nestedAttributes(t.Body, "required_providers") {
			for name, a := range attrs {
				p := requiredProvider{Range: a.Expr.Range()}
				p.Constraint = m.text(a.Expr) // the short form of Terraform 0.12
				pairs, _ := hcl.ExprMap(a.Expr)
				for _, kv := range pairs {
					key, _ := constant(kv.Key)
					switch key {
					case "source":
						p.Source = m.text(kv.Value)
					case "version":
						p.Constraint = m.text(kv.Value)
					}
				}
				out[name] = p
			}
		}
	}
	return out
}

// nestedAttributes gives the attributes of each nested block of a name.
func nestedAttributes(body hcl.Body, name string) []hcl.Attributes {
	var out []hcl.Attributes
	content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: name}}})
	for _, b := range content.Blocks {
		out = append(out, attributes(b.Body))
	}
	return out
}

// describeStack fills what the configuration says about the stack: what a plan
// does not show, and without a plan all of it.
func (ev *evaluation) describeStack(st *facts.Stack) {
	root := ev.root
	if u := ev.sources.unit; u != nil {
		defer u.describe(ev.sources, st)
	}
	if root == nil {
		return
	}
	st.Source = true
	st.Backend = backend(root.node.module)
	for _, t := range root.node.module.settings {
		if v := literal(attributes(t.Body)["required_version"]); v != "" {
			st.RequiredVersion = append(st.RequiredVersion, v)
		}
	}
	sort.Strings(st.RequiredVersion)
	st.Lock = ev.sources.lock()
	ev.moduleCalls(st)
	ev.requirements(st)
	if st.Plan {
		return
	}
	st.Providers = nil
	ev.providers(st)
	st.Outputs = map[string]any{}
	for name, b := range root.node.module.outputs {
		entry := map[string]any{"sensitive": truth(attributes(b.Body)["sensitive"]), "references": []any{}}
		if a := attributes(b.Body)["value"]; a != nil {
			v := root.output(name)
			if d, ok := describe(a.Expr, v).(map[string]any); ok && d["references"] != nil {
				entry["references"] = d["references"]
			}
			if v.IsMarked() {
				entry["value"] = facts.Redacted("sensitive")
			} else if val, unk := goValue(v); unk == nil && val != nil {
				entry["value"] = val
			}
		}
		st.Outputs[name] = entry
	}
}

// backend is the backend or cloud block: {"type": ..., attribute: value}.
func backend(m *module) map[string]any {
	for _, t := range slices.Backward(m.settings) { // override files come last
		content, _, _ := t.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
			{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"},
		}})
		if len(content.Blocks) == 0 {
			continue
		}
		b := content.Blocks[0]
		out := map[string]any{"type": "cloud", "file": b.DefRange.Filename, "line": int64(b.DefRange.Start.Line)}
		if len(b.Labels) > 0 {
			out["type"] = b.Labels[0]
		}
		config := map[string]any{}
		for name, a := range attributes(b.Body) {
			if v, known := constant(a.Expr); known {
				config[name] = withoutCredential(name, v)
			}
		}
		for _, attrs := range nestedAttributes(b.Body, "workspaces") {
			workspaces := map[string]any{}
			for name, a := range attrs {
				if v, known := constant(a.Expr); known {
					workspaces[name] = v
				}
			}
			config["workspaces"] = workspaces
		}
		out["config"] = config
		return out
	}
	return nil
}

// moduleCalls lists all calls with their places. Calls that only the plan
// knows, inside remote modules, stay as the plan lists them.
func (ev *evaluation) moduleCalls(st *facts.Stack) {
	seen := map[string]facts.ModuleCall{}
	for _, c := range st.Modules {
		seen[c.Address] = c
	}
	var visit func(n *moduleNode, prefix string)
	visit = func(n *moduleNode, prefix string) {
		for _, name := range slices.Sorted(maps.Keys(n.module.calls)) {
			c := ev.sources.child(n, name)
			if c == nil {
				continue
			}
			call := facts.ModuleCall{Address: prefix + "module." + name, Source: c.source, Version: c.version}
			if !n.remote {
				call.File, call.Line = c.call.DefRange.Filename, c.call.DefRange.Start.Line
			}
			seen[call.Address] = call
			if c.module != nil {
				visit(c, call.Address+".")
			}
		}
	}
	visit(ev.sources.root, "")
	st.Modules = nil
	for _, address := range slices.Sorted(maps.Keys(seen)) {
		st.Modules = append(st.Modules, seen[address])
	}
}

// providers lists requirements and configurations of every module, as a plan's
// provider_config does.
func (ev *evaluation) providers(st *facts.Stack) {
	var visit func(s *scope)
	seen := map[string]bool{}
	visit = func(s *scope) {
		if seen[s.node.path] {
			return
		}
		seen[s.node.path] = true
		required := s.node.module.requiredProviders()
		configured := map[string]bool{}
		module := modulePathAddress(s.node.path)
		for _, b := range s.node.module.providers {
			name := b.Labels[0]
			configured[name] = true
			v := s.body(b.Body, nil)
			maskProvider(v.expressions)
			delete(v.expressions, "alias")
			delete(v.expressions, "version")
			p := facts.Provider{
				Name: name, Source: required[name].Source, Constraint: required[name].Constraint, Module: module,
				Alias: literal(attributes(b.Body)["alias"]), Expressions: v.expressions,
			}
			if c := literal(attributes(b.Body)["version"]); c != "" && p.Constraint == "" {
				p.Constraint = c
			}
			resolveTags(p.Expressions, v)
			st.Providers = append(st.Providers, p)
		}
		for _, name := range slices.Sorted(maps.Keys(required)) {
			if !configured[name] {
				st.Providers = append(st.Providers, facts.Provider{
					Name: name, Source: required[name].Source, Constraint: required[name].Constraint, Module: module, Expressions: map[string]any{},
				})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.node.module.calls)) {
			for _, c := range s.child(name) {
				visit(c.scope)
			}
		}
	}
	visit(ev.root)
	sort.SliceStable(st.Providers, func(i, j int) bool {
		a, b := st.Providers[i], st.Providers[j]
		if a.Module != b.Module {
			return a.Module < b.Module
		}
		if a.Name != b.Name {
			return a.Name < b.Name
		}
		return a.Alias < b.Alias
	})
}

// resolveTags replaces references in default_tags and default_labels by their
// values where those are known: they decide which tags resources carry.
func resolveTags(expressions map[string]any, v bodyValues) {
	for _, name := range [...]string{"default_tags", "default_labels"} {
		blocks := listOrOne(v.after[name])
		exprs := listOrOne(expressions[name])
		for i := range blocks {
			values := doc.Map(blocks, i)
			if i >= len(exprs) || v.unknown[name] != nil {
				continue
			}
			if e, ok := exprs[i].(map[string]any); ok {
				for k, val := range values {
					e[k] = map[string]any{"constant": val}
				}
			}
		}
		if m, ok := v.after[name].(map[string]any); ok && v.unknown[name] == nil {
			expressions[name] = map[string]any{"constant": m}
		}
	}
}

func modulePathAddress(p string) string {
	if p == "" {
		return ""
	}
	out := ""
	for i, c := range splitPath(p) {
		if i > 0 {
			out += "."
		}
		out += "module." + c
	}
	return out
}

func splitPath(p string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(p); i++ {
		if i == len(p) || p[i] == '.' {
			out = append(out, p[start:i])
			start = i + 1
		}
	}
	return out
}

// lock reads .terraform.lock.hcl, nil without one:
// https://developer.hashicorp.com/terraform/language/files/dependency-lock
func (s *Sources) lock() map[string]any {
	file := path.Join(s.stack, ".terraform.lock.hcl")
	data, err := s.loader.tree.ReadFile(file)
	if err != nil || len(data) > maxConfigBytes {
		return nil
	}
	if _, err := source.TooDeep(data); err != nil {
		return nil
	}
	f, _ := hclsyntax.ParseConfig(data, file, hcl.InitialPos)
	if f == nil {
		return nil
	}
	out := map[string]any{}
	content, _, _ := f.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "provider", LabelNames: []string{"source"}}}})
	for _, b := range content.Blocks {
		attrs := attributes(b.Body)
		hashes := int64(0)
		if a := attrs["hashes"]; a != nil {
			if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.CanIterateElements() && v.Type() != cty.String {
				hashes = int64(v.LengthInt())
			}
		}
		out[b.Labels[0]] = map[string]any{
			"version": literal(attrs["version"]), "constraints": literal(attrs["constraints"]), "hashes": hashes,
		}
	}
	return out
}
