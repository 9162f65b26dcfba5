package terraform

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
)

// configuration is the part of a plan that shows the blocks as written: which
// attribute is set, to a constant or by reference.
type configuration struct {
	blocks             map[string]map[string]any // module path + "/" + type.name -> expressions
	provisioners       map[string][]facts.Provisioner
	providerKeys       map[string]string // block key -> key of its provider configuration
	unconditional      int               // managed resources that any plan has: without count or for_each
	calls              []facts.ModuleCall
	sources            map[string]string // module path -> source
	sensitiveVariables map[string]bool   // of the root module
	outputs            map[string]any
	providerConfig     map[string]any
}

func blockKey(modulePath, resource string) string { return modulePath + "/" + resource }

func readConfiguration(c map[string]any) configuration {
	out := configuration{
		blocks:             map[string]map[string]any{},
		provisioners:       map[string][]facts.Provisioner{},
		providerKeys:       map[string]string{},
		sources:            map[string]string{},
		sensitiveVariables: map[string]bool{},
		providerConfig:     doc.Map(c, "provider_config"),
	}
	root := doc.Map(c, "root_module")
	for name, v := range doc.Map(root, "variables") {
		o := doc.Map(v)
		if doc.Bool(o, "sensitive") {
			out.sensitiveVariables[name] = true
		}
	}
	out.outputs = doc.Map(root, "outputs")
	out.module("", root, true)
	sort.Slice(out.calls, func(i, j int) bool { return out.calls[i].Address < out.calls[j].Address })
	return out
}

// module reads one module; once says that the plan has it once.
func (c *configuration) module(path string, m map[string]any, once bool) {
	for _, v := range doc.List(m, "resources") {
		r := doc.Map(v)
		name := doc.Text(r, "type") + "." + doc.Text(r, "name")
		if mode := doc.Text(r, "mode"); mode != "" && mode != "managed" {
			name = mode + "." + name
		} else if once && r["count_expression"] == nil && r["for_each_expression"] == nil {
			c.unconditional++
		}
		key := blockKey(path, name)
		if p := plannedProvisioners(r); p != nil {
			c.provisioners[key] = p
		}
		if k := doc.Text(r, "provider_config_key"); c.providerConfig[k] != nil {
			c.providerKeys[key] = k
		}
		if e := expressionBlock(doc.Map(r, "expressions")); len(e) > 0 {
			followEach(e, doc.List(r, "for_each_expression", "references"))
			c.blocks[key] = e
		}
	}
	for name, v := range doc.Map(m, "module_calls") {
		call := doc.Map(v)
		sub := joinModule(path, name)
		c.sources[sub] = doc.Text(call, "source")
		c.calls = append(c.calls, facts.ModuleCall{
			Address: "module." + strings.ReplaceAll(sub, ".", ".module."),
			Source:  doc.Text(call, "source"),
			Version: doc.Text(call, "version_constraint"),
		})
		c.module(sub, doc.Map(call, "module"), once && call["count_expression"] == nil && call["for_each_expression"] == nil)
	}
}

func joinModule(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// providers lists provider configurations, with credentials masked.
func (c *configuration) providers(m *masker) []facts.Provider {
	out := make([]facts.Provider, 0, len(c.providerConfig))
	for _, key := range slices.Sorted(maps.Keys(c.providerConfig)) {
		p := doc.Map(c.providerConfig, key)
		e := expressionBlock(doc.Map(p, "expressions"))
		maskProvider(e)
		e, _ = m.plain(e).(map[string]any)
		out = append(out, facts.Provider{
			Key:         key,
			Name:        doc.Text(p, "name"),
			Source:      doc.Text(p, "full_name"),
			Alias:       doc.Text(p, "alias"),
			Constraint:  doc.Text(p, "version_constraint"),
			Module:      doc.Text(p, "module_address"),
			Expressions: e,
		})
	}
	return out
}

// maskProvider masks constants of arguments that carry credentials. That they
// are constants stays visible.
func maskProvider(e map[string]any) {
	for name, v := range e {
		switch v := v.(type) {
		case map[string]any:
			if c, ok := v["constant"]; ok {
				v["constant"] = withoutCredential(name, c)
			}
		case []any:
			for _, b := range v {
				if block, ok := b.(map[string]any); ok {
					maskProvider(block)
				}
			}
		}
	}
}

// expressionBlock converts one block of the configuration: an attribute
// becomes {"constant": v} or {"references": [...]}, nested blocks lists.
func expressionBlock(e map[string]any) map[string]any {
	out := make(map[string]any, len(e))
	for name, v := range e {
		switch v := v.(type) {
		case map[string]any:
			out[name] = expression(v)
		case []any:
			blocks := make([]any, 0, len(v))
			for _, b := range v {
				o := doc.Map(b)
				blocks = append(blocks, expressionBlock(o))
			}
			out[name] = blocks
		}
	}
	return out
}

// followEach adds to references to each.key and each.value what for_each
// refers to: that is what they come from.
func followEach(block map[string]any, source []any) {
	if len(source) == 0 {
		return
	}
	for _, v := range block {
		switch v := v.(type) {
		case map[string]any:
			refs := doc.List(v, "references")
			for _, ref := range refs {
				if s, _ := ref.(string); s == "each.value" || s == "each.key" || strings.HasPrefix(s, "each.value.") {
					v["references"] = append(append([]any(nil), refs...), source...)
					break
				}
			}
		case []any:
			for _, b := range v {
				if o, ok := b.(map[string]any); ok {
					followEach(o, source)
				}
			}
		}
	}
}

func expression(v map[string]any) any {
	if c, ok := v["constant_value"]; ok {
		return map[string]any{"constant": c}
	}
	if refs, ok := v["references"].([]any); ok {
		return map[string]any{"references": refs}
	}
	for _, e := range v {
		switch e.(type) {
		case map[string]any, []any: // a block that may stand once
			return []any{expressionBlock(v)}
		}
	}
	// Neither constant nor reference: a function such as timestamp().
	return map[string]any{"references": []any{}}
}

// expressions attaches each resource's block and masks in it what is
// sensitive in any of its instances.
func (r *planReader) expressions() {
	seen := map[string]bool{}
	for i := range r.plan.Resources {
		res := &r.plan.Resources[i]
		addr, err := ParseAddress(res.Address)
		if err != nil {
			continue // resources were parsed before
		}
		key := blockKey(addr.ModulePath(), addr.Resource())
		block := r.config.blocks[key]
		if block == nil {
			block = map[string]any{}
			r.config.blocks[key] = block
		}
		if !seen[key] {
			seen[key] = true
			r.mask.expressions(block, res.Type)
			for _, p := range r.config.provisioners[key] {
				r.mask.expressions(p.Expressions, "")
			}
		}
		for _, p := range res.Sensitive {
			maskExpression(block, p)
		}
		res.Expressions, res.Provisioners, res.ProviderConfig = block, r.config.provisioners[key], r.config.providerKeys[key]
	}
}

// expressions masks the constants of a block by name and by value.
func (m *masker) expressions(block map[string]any, typ string) {
	for name, v := range block {
		switch v := v.(type) {
		case map[string]any:
			if c, ok := v["constant"]; ok {
				if s, ok := c.(string); ok && s != "" && sensitiveName(typ, name, true) {
					v["constant"] = facts.Redacted("sensitive")
				} else {
					v["constant"] = m.plain(c)
				}
			}
		case []any:
			for _, b := range v {
				if o, ok := b.(map[string]any); ok {
					m.expressions(o, typ)
				}
			}
		}
	}
}

// maskExpression masks the constant of the attribute at path. The attribute is
// masked whole: a constant has no marks inside.
func maskExpression(block map[string]any, path []any) {
	if len(path) == 0 {
		for _, v := range block {
			maskAll(v)
		}
		return
	}
	name := doc.Text(path, 0)
	switch v := block[name].(type) {
	case map[string]any:
		maskAll(v)
	case []any:
		rest := path[1:]
		if len(rest) > 0 {
			if _, index := rest[0].(int); index {
				rest = rest[1:]
			}
		}
		for _, b := range v { // sets have no order: every block of the name
			if o, ok := b.(map[string]any); ok {
				maskExpression(o, rest)
			}
		}
	}
}

func maskAll(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["constant"]; ok {
			v["constant"] = facts.Redacted("sensitive")
			return
		}
		for _, e := range v {
			maskAll(e)
		}
	case []any:
		for _, e := range v {
			maskAll(e)
		}
	}
}
