package terraform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxInstances limits what count and for_each of one configuration expand to.
const maxInstances = 20_000

// evaluation computes what can be known of a configuration without providers,
// state and network. What cannot is unknown, never guessed.
type evaluation struct {
	sources   *Sources
	functions map[string]function.Function // without those that read files
	root      *scope
	instances int
	faults    []string
	depth     int
	referred  map[*module]map[string]bool // data sources that a module names
	brought   map[*module]map[string]function.Function
	varFiles  map[string]hcl.Expression // what variable files say, by variable
	reads     map[string]bool           // files that expressions read, or look for
	compared  bool                      // values are told apart from those of another tree
	prints    map[printKey]string
	printing  int                   // names that are being printed
	later     func(Address) Address // what an address is at the head; nil there
	declared  []*declaration
	opened    map[string]bool // addresses without keys of which the instances are not known
}

// scope is one module instance: where names have values.
type scope struct {
	ev       *evaluation
	node     *moduleNode
	address  string // module.a["x"], "" for the root
	vars     map[string]cty.Value
	args     map[string]hcl.Expression // arguments of the call
	parent   *scope
	caller   map[string]cty.Value // each and count of the call
	open     bool                 // it stands for module instances that are not known
	locals   map[string]cty.Value
	busy     map[string]bool
	children map[string][]childScope
	tags     map[string]map[string]any // of provider blocks
	expanded map[string]map[any]instance
	funcs    map[string]function.Function

	loop      hcl.Expression            // count or for_each of the block that is read
	doubts    map[hcl.Expression]string // why values cannot be told
	iterators map[string]hcl.Expression // of the dynamic blocks around what is read
}

type childScope struct {
	key   any // int64, string or nil
	scope *scope
}

// sensitiveMark marks values of sensitive variables, as Terraform does.
const sensitiveMark = "sensitive"

func newEvaluation(s *Sources, given map[string]planVariable) *evaluation {
	ev := &evaluation{sources: s, functions: pureFunctions(), varFiles: map[string]hcl.Expression{}, reads: map[string]bool{}}
	if s.root == nil {
		return ev
	}
	values := map[string]cty.Value{}
	if s.unit != nil {
		maps.Copy(values, s.unit.inputs) // variables of the environment: files come after
	}
	maps.Copy(values, ev.tfvars())
	for name, v := range given {
		values[name] = ctyValue(v.value)
	}
	ev.root = ev.scope(s.root, nil, "", values, nil)
	return ev
}

func (ev *evaluation) scope(n *moduleNode, parent *scope, address string, given map[string]cty.Value, args map[string]hcl.Expression) *scope {
	s := &scope{
		ev: ev, node: n, address: address, parent: parent, args: args,
		vars: map[string]cty.Value{}, locals: map[string]cty.Value{}, busy: map[string]bool{}, children: map[string][]childScope{},
	}
	s.funcs = fileFunctions(s)
	maps.Copy(s.funcs, ev.ofProviders(n.module))
	for _, name := range slices.Sorted(maps.Keys(n.module.variables)) {
		s.vars[name] = s.variable(n.module.variables[name], given, name)
	}
	return s
}

// ofProviders are the functions that providers bring to a module: what they make
// is not known, which is something else than that they fail.
func (ev *evaluation) ofProviders(m *module) map[string]function.Function {
	if out, ok := ev.brought[m]; ok {
		return out
	}
	out := map[string]function.Function{}
	m.providerCalls(func(_ string, call *hclsyntax.FunctionCallExpr) { out[call.Name] = unknownFunc() })
	if ev.brought == nil {
		ev.brought = map[*module]map[string]function.Function{}
	}
	ev.brought[m] = out
	return out
}

// expand gives the instances of a block with count or for_each: their keys and
// the values of each and count. A number that is not known yields one instance
// without a key, so that it is judged.
func (s *scope) expand(body hcl.Body) []instance {
	attrs := attributes(body)
	if a := attrs["count"]; a != nil {
		v, _ := s.value(a.Expr, nil).Unmark()
		if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
			return []instance{{open: true, extra: map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.UnknownVal(cty.Number)})}}}
		}
		n, _ := v.AsBigFloat().Int64()
		out := make([]instance, 0, min(max(n, 0), maxInstances))
		for i := int64(0); i < n && s.ev.take(); i++ {
			out = append(out, instance{key: i, extra: map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(i)})}})
		}
		return out
	}
	if a := attrs["for_each"]; a != nil {
		return s.forEach(s.value(a.Expr, nil))
	}
	s.ev.take()
	return []instance{{}}
}

// instance finds one instance of a resource by its key. Where keys are not
// known beforehand the one without a key stands for all.
func (s *scope) instance(resource string, b *hcl.Block, key any) (instance, bool) {
	byKey, ok := s.expanded[resource]
	if !ok {
		byKey = map[any]instance{}
		for _, in := range s.expand(b.Body) {
			byKey[in.key] = in
		}
		if s.expanded == nil {
			s.expanded = map[string]map[any]instance{}
		}
		s.expanded[resource] = byKey
	}
	if in, ok := byKey[key]; ok {
		return in, true
	}
	in, ok := byKey[nil]
	return in, ok
}

type instance struct {
	key   any
	extra map[string]cty.Value
	open  bool // it stands for instances that are not known
}

func each(k, v cty.Value) map[string]cty.Value {
	return map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": k, "value": v})}
}

func (s *scope) forEach(v cty.Value) []instance {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return []instance{{open: true, extra: each(cty.UnknownVal(cty.String), cty.DynamicVal)}}
	}
	var out []instance
	for it := v.ElementIterator(); it.Next() && s.ev.take(); {
		k, e := it.Element()
		if v.Type().IsSetType() || v.Type().IsListType() || v.Type().IsTupleType() {
			k = e
		}
		k, _ = k.Unmark()
		if !k.IsKnown() || k.IsNull() || k.Type() != cty.String {
			out = append(out, instance{open: true, extra: each(cty.UnknownVal(cty.String), e)})
			continue
		}
		out = append(out, instance{key: k.AsString(), extra: each(k, e)})
	}
	return out
}

// take counts one instance and says whether there may be more.
func (ev *evaluation) take() bool {
	if ev.instances++; ev.instances <= maxInstances {
		return true
	}
	if ev.instances == maxInstances+1 {
		ev.faults = append(ev.faults, fmt.Sprintf("count and for_each expand to more than %d instances", maxInstances))
	}
	return false
}

// child gives the instances of a module call whose module stands in the tree.
func (s *scope) child(name string) []childScope {
	if c, ok := s.children[name]; ok {
		return c
	}
	s.children[name] = nil // a call that depends on itself has no value
	node := s.ev.sources.child(s.node, name)
	if node == nil || node.module == nil {
		return nil
	}
	args := s.arguments(node.call)
	var out []childScope
	for _, in := range s.expand(node.call.Body) {
		out = append(out, childScope{in.key, s.instanceScope(node, name, in, args)})
	}
	s.children[name] = out
	return out
}

// at returns the scope of a module instance, nil if it has no source here. An
// instance whose key is not known beforehand stands for all.
func (ev *evaluation) at(steps []ModuleStep) *scope {
	s := ev.root
	for _, step := range steps {
		if s == nil {
			return nil
		}
		instances := s.child(step.Name)
		s = nil
		for _, c := range instances {
			if c.key == step.Index || len(instances) == 1 && c.key == nil {
				s = c.scope
			}
		}
	}
	return s
}
