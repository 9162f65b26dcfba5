package terraform

import (
	"fmt"

	"gate/internal/doc"
	"gate/internal/facts"
)

// PlanDocument returns a plan JSON as it was written, for those who read the format
// itself (https://developer.hashicorp.com/terraform/internals/json-format), without
// what is sensitive: by the plan's own marks, by the providers' schemas, or by the
// values of sensitive variables, wherever they stand. detect takes the credentials
// that it detects out of the values of a resource; nil: none.
func PlanDocument(name string, data []byte, detect func(typ string, values map[string]any) map[string]any) (map[string]any, error) {
	root, err := WholePlan(name, data)
	if err != nil {
		return nil, err
	}
	config := doc.Map(root, "configuration", "root_module")
	variables := map[string]planVariable{}
	for name, v := range doc.Map(root, "variables") {
		variables[name] = planVariable{value: doc.At(v, "value"), sensitive: doc.Bool(config, "variables", name, "sensitive")}
	}
	d := planDocument{mask: newMasker(variables), detect: detect, known: map[string]bool{}}
	for _, s := range d.mask.secrets {
		d.known[s] = true
	}
	d.variables(root, config)
	d.changes(root)
	for name, v := range doc.Map(root, "output_changes") {
		d.change(doc.Map(v), "", doc.Bool(config, "outputs", name, "sensitive"))
	}
	d.state(doc.Map(root, "planned_values"))
	d.state(doc.Map(root, "prior_state", "values"))
	d.configuration(doc.Map(root, "configuration"))
	out, _ := d.repeated(root).(map[string]any)
	return out, nil
}

// WholePlan returns a plan JSON as it was written, with what is sensitive.
func WholePlan(name string, data []byte) (map[string]any, error) {
	text, err := planText(data)
	if err != nil {
		return nil, fmt.Errorf("read plan %s: %w", name, err)
	}
	value, err := readJSON(name, text, nil)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	root, ok := value.(map[string]any)
	if !ok {
		return nil, planFault(name, "the file is not a plan: expected a JSON object")
	}
	return root, nil
}

// planDocument takes what is sensitive out of a plan, in place.
type planDocument struct {
	mask   *masker
	detect func(typ string, values map[string]any) map[string]any
	known  map[string]bool // texts that were taken out, which may stand elsewhere as well
}

// variables are the given values, as they are declared.
func (d *planDocument) variables(root, config map[string]any) {
	for name, v := range doc.Map(root, "variables") {
		d.put(doc.Map(v), "value", doc.Bool(config, "variables", name, "sensitive"), "")
	}
}

func (d *planDocument) changes(root map[string]any) {
	for _, member := range []string{"resource_changes", "resource_drift"} {
		for _, c := range doc.List(root, member) {
			d.change(doc.Map(c, "change"), doc.Text(c, "type"), false)
		}
	}
	for _, c := range doc.List(root, "deferred_changes") {
		d.change(doc.Map(c, "resource_change", "change"), doc.Text(c, "resource_change", "type"), false)
	}
}

func (d *planDocument) change(c map[string]any, typ string, sensitive bool) {
	for _, side := range []string{"before", "after"} {
		marks := c[side+"_sensitive"]
		if sensitive {
			marks = true
		}
		d.put(c, side, marks, typ)
	}
}

// state is planned_values, or the values of a state.
func (d *planDocument) state(values map[string]any) {
	for _, v := range doc.Map(values, "outputs") {
		d.put(doc.Map(v), "value", doc.Bool(v, "sensitive"), "")
	}
	d.module(doc.Map(values, "root_module"))
}

func (d *planDocument) module(m map[string]any) {
	for _, r := range doc.List(m, "resources") {
		d.put(doc.Map(r), "values", doc.At(r, "sensitive_values"), doc.Text(r, "type"))
	}
	for _, child := range doc.List(m, "child_modules") {
		d.module(doc.Map(child))
	}
}

// configuration are the blocks as written: a constant is masked by the name of its
// argument.
func (d *planDocument) configuration(c map[string]any) {
	for _, p := range doc.Map(c, "provider_config") {
		d.expressions(doc.Map(p, "expressions"), "", true)
	}
	d.written(doc.Map(c, "root_module"))
}

func (d *planDocument) written(module map[string]any) {
	for _, r := range doc.List(module, "resources") {
		d.expressions(doc.Map(r, "expressions"), doc.Text(r, "type"), true)
		for _, p := range doc.List(r, "provisioners") {
			d.expressions(doc.Map(p, "expressions"), "", false)
		}
	}
	for _, call := range doc.Map(module, "module_calls") {
		d.expressions(doc.Map(call, "expressions"), "", false)
		d.written(doc.Map(call, "module"))
	}
	for _, o := range doc.Map(module, "outputs") {
		if doc.Bool(o, "sensitive") {
			d.put(doc.Map(o, "expression"), "constant_value", true, "")
		}
	}
	for _, v := range doc.Map(module, "variables") {
		d.put(doc.Map(v), "default", doc.Bool(v, "sensitive"), "")
	}
}

// expressions are those of a block, by argument; a nested block is a list of them or
// one.
func (d *planDocument) expressions(block map[string]any, typ string, top bool) {
	for name, v := range block {
		switch v := v.(type) {
		case map[string]any:
			if _, constant := v["constant_value"]; constant {
				d.put(v, "constant_value", sensitiveName(typ, name, top), "")
				continue
			}
			d.expressions(v, typ, false)
		case []any:
			for _, e := range v {
				d.expressions(doc.Map(e), typ, false)
			}
		}
	}
}

// put masks one member of an object.
func (d *planDocument) put(in map[string]any, member string, marks any, typ string) {
	v, ok := in[member]
	if !ok || v == nil {
		return
	}
	d.learn(v, marks)
	if o, isObject := v.(map[string]any); isObject {
		o = d.mask.object(o, marks, typ, new(pathSet))
		if d.detect != nil && typ != "" {
			o = d.detect(typ, o)
		}
		in[member] = o
		return
	}
	in[member] = d.mask.walk(v, marks, typ, nil, nil)
}

// learn notes the texts that marks take out.
func (d *planDocument) learn(v, marks any) {
	if marks == true {
		m := masker{}
		m.learn(v)
		for _, s := range m.secrets {
			d.known[s] = true
		}
		return
	}
	switch v := v.(type) {
	case map[string]any:
		sub := doc.Map(marks)
		for k, e := range v {
			if sub[k] != nil {
				d.learn(e, sub[k])
			}
		}
	case []any:
		sub := doc.List(marks)
		for i := range min(len(v), len(sub)) {
			d.learn(v[i], sub[i])
		}
	}
}

// repeated masks what was taken out elsewhere, where it is a whole text: an address
// that holds such a word is what resources are known by.
func (d *planDocument) repeated(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v["$redacted"] != nil {
			return v
		}
		for k, e := range v {
			v[k] = d.repeated(e)
		}
	case []any:
		for i, e := range v {
			v[i] = d.repeated(e)
		}
	case string:
		if d.known[v] {
			return facts.Redacted("sensitive")
		}
	}
	return v
}
