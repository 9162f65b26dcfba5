package terraform

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"gate/internal/doc"
	"gate/internal/facts"
)

// Kinds of what a configuration declares.
const (
	kindResource = "resource"
	kindModule   = "module"   // a call of a module that cannot be read
	kindProvider = "provider" // the configuration or the version of a provider
	kindBackend  = "backend"
)

// Declared is what the configuration of one stack declares. Unlike facts it
// holds values as they are, secrets among them: it is there to be compared with
// the Declared of another tree, and to be forgotten then.
type Declared struct {
	Stack string
	// Exists says whether there is a configuration at all.
	Exists bool
	// Faults are why the configuration may declare something else.
	Faults []string

	ev         *evaluation // nil where nothing could be evaluated
	items      map[string]*declaration
	first      map[string]*declaration // by address without keys
	open       map[string]bool         // addresses without keys of which the instances are not known
	unreadable map[string]bool         // addresses without keys of modules that cannot be read
	readable   map[string]bool         // and of those that can
	moves      []moveStatement
	removals   []removal
	imports    map[string]bool // addresses, those without keys for all instances
}

// declaration is one resource instance, or another block that is compared.
type declaration struct {
	kind, address string
	config        string // the address without keys
	after         map[string]any
	unknown       map[string]any
	prints        map[string]string
	resource      facts.Resource // as facts hold it; of kindResource
	frame         frame
	block         *hcl.Block // nil where it is no block
	at            hcl.Range
}

// declare adds a block of the scope to what is compared. Of the meta-arguments
// count and for_each matter only where they are not known: else each instance
// stands for itself.
func (s *scope) declare(kind, address string, b *hcl.Block, in instance, c bodyValues) *declaration {
	d := &declaration{
		kind: kind, address: address, after: doc.Clone(c.after).(map[string]any), unknown: c.unknown, prints: c.prints,
		block: b, at: b.DefRange, frame: frame{s: s, extra: in.extra, loop: loopOf(b.Body)},
	}
	d.config = withoutKeys(address)
	if in.open && d.frame.loop != nil {
		for _, name := range [...]string{"count", "for_each"} {
			if a := attributes(b.Body)[name]; a != nil {
				d.prints[pathKey([]any{name})] = s.print(a.Expr, nil)
			}
		}
	}
	if kind == kindResource {
		d.after["provider"] = s.providerInRoot(localProvider(b))
		l := lifecycle(b)
		maps.DeleteFunc(l, func(_ string, v any) bool { return v == false })
		d.after["lifecycle"] = l
	}
	if in.open || s.open {
		s.ev.open(d.config)
	}
	s.ev.declared = append(s.ev.declared, d)
	return d
}

func (ev *evaluation) open(config string) {
	if ev.opened == nil {
		ev.opened = map[string]bool{}
	}
	ev.opened[config] = true
}

// loopOf is the count or for_each of a block, nil without one.
func loopOf(body hcl.Body) hcl.Expression {
	attrs := attributes(body)
	if a := cmp.Or(attrs["for_each"], attrs["count"]); a != nil {
		return a.Expr
	}
	return nil
}

// withoutKeys is an address without the keys of instances.
func withoutKeys(address string) string {
	a, err := ParseAddress(address)
	if err != nil { // of a module
		steps, rest, ok := moduleSteps(address)
		if !ok || rest != "" {
			return address
		}
		return modulePathAddress(Address{Module: steps}.ModulePath())
	}
	out := a.Resource()
	if len(a.Module) > 0 {
		out = modulePathAddress(a.ModulePath()) + "." + out
	}
	return out
}

// moduleSteps reads the module calls at the beginning of an address.
func moduleSteps(address string) (steps []ModuleStep, rest string, ok bool) {
	a, err := ParseAddress(address + ".x.x")
	if err != nil || a.Type != "x" || a.Name != "x" {
		return nil, address, false
	}
	return a.Module, "", true
}

// Reads are the files that a stack is read from, or would be if they were there.
type Reads struct {
	Files map[string]bool // those whose name ends in "/" are directories with all that is below
	Dirs  map[string]bool // of modules
	Unit  bool            // of Terragrunt, which looks for files above it
	Whole bool            // it was evaluated, so that nothing is missing
	// Of a stack that was not evaluated:
	Opens      bool // expressions read files that are not known
	Kubernetes bool // it may claim objects and namespaces of clusters
}

// Reads returns what a stack is read from.
func (c *Collected) Reads(stack string) Reads {
	r := c.reads(c.inputs[stack])
	r.Dirs[stack] = true
	return r
}

// Declared evaluates the configuration of a stack that Collect read once more,
// to be compared. head is what the stack declares at the head, nil of the head
// itself: what refers to something that moves still refers to it. The error is that
// of ctx.
func (c *Collected) Declared(ctx context.Context, stack string, head *Declared) (*Declared, error) {
	d := &Declared{Stack: stack, items: map[string]*declaration{}, first: map[string]*declaration{}, open: map[string]bool{}, unreadable: map[string]bool{}, readable: map[string]bool{}, imports: map[string]bool{}}
	s := c.inputs[stack]
	if d.Exists = c.Holds(stack); !d.Exists {
		return d, nil
	}
	if s.skip {
		d.Faults = slices.Clone(s.failed)
		return d, nil
	}
	var ev *evaluation
	faults, err := limited(ctx, c.in, stack, func() []string {
		ev = newComparison(s.sources)
		if head != nil {
			ev.later = head.later
		}
		ev.declareAll()
		return ev.faults
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	d.Faults = append(s.sources.faults(), faults...)
	if err != nil {
		d.Faults = append(d.Faults, err.Error())
		return d, nil
	}
	d.ev = ev
	for _, x := range ev.declared {
		d.items[x.address] = x
		if d.first[x.config] == nil {
			d.first[x.config] = x
		}
		if x.kind == kindModule {
			d.unreadable[strings.TrimPrefix(x.config, terragruntModule)] = true
		}
	}
	maps.Copy(d.open, ev.opened)
	d.statements(s.sources.root)
	return d, nil
}

// Holds says whether a stack of this path has a configuration.
func (c *Collected) Holds(stack string) bool {
	s := c.inputs[stack]
	return s != nil && (s.sources.root != nil || s.sources.unit != nil || s.skip)
}

func newComparison(s *Sources) *evaluation {
	ev := newEvaluation(s, nil)
	ev.compared = true
	return ev
}

// faults are those of the files that the stack is read from.
func (s *Sources) faults() []string {
	var out []string
	if u := s.unit; u != nil {
		for _, err := range u.faults {
			out = append(out, err.Error())
		}
		if why := u.fault(s); why != "" && !u.elsewhere() {
			out = append(out, why)
		}
	}
	seen := map[*module]bool{}
	var visit func(n *moduleNode)
	visit = func(n *moduleNode) {
		if n == nil || n.module == nil || seen[n.module] {
			return
		}
		seen[n.module] = true
		for _, err := range n.module.faults {
			out = append(out, err.Error())
		}
		for _, name := range slices.Sorted(maps.Keys(n.module.calls)) {
			visit(s.child(n, name))
		}
	}
	visit(s.root)
	return out
}

// declareAll declares all that is compared of the stack.
func (ev *evaluation) declareAll() {
	ev.resources()
	ev.declareUnit()
	ev.declareBackend()
	if ev.root == nil {
		return
	}
	seen := map[string]bool{}
	var visit func(s *scope)
	visit = func(s *scope) {
		if !seen[s.node.path] {
			seen[s.node.path] = true
			s.declareProviders()
		}
		for _, name := range slices.Sorted(maps.Keys(s.node.module.calls)) {
			if node := ev.sources.child(s.node, name); node != nil && node.module == nil {
				s.declareCall(node, name)
			}
			for _, c := range s.child(name) {
				visit(c.scope)
			}
		}
	}
	visit(ev.root)
	ev.declareVersions()
}

// declareCall declares the instances of a call whose module cannot be read.
func (s *scope) declareCall(node *moduleNode, name string) {
	for _, in := range s.expand(node.call.Body) {
		address := "module." + name + keySuffix(in.key)
		if s.address != "" {
			address = s.address + "." + address
		}
		d := s.declare(kindModule, address, node.call, in, s.body(node.call.Body, in.extra))
		if given := s.providersOf(node.call); len(given) > 0 {
			d.after["providers"] = given
		}
	}
}

// native is the body of a block in HCL syntax, nil of one in JSON.
func (d *declaration) native() *hclsyntax.Body {
	if d.block == nil {
		return nil
	}
	body, _ := d.block.Body.(*hclsyntax.Body)
	return body
}
