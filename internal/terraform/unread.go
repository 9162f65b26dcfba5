package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// planHint is how a plan is made and handed in: it holds what the modules that are
// not in the tree make.
const planHint = "hand in its plan: terraform init && terraform plan -out tfplan && terraform show -json tfplan > plan.json, then --plan %s=plan.json"

// unreadCall is a call of a module that is not in the tree.
type unreadCall struct {
	address string      // without keys
	node    *moduleNode // nil of the module that a unit of Terragrunt applies
	reason  string
	table   string // the module whose table says what its arguments mean, "" without one
}

// unread finds the calls that make something, of modules that cannot be read, in
// the order of their addresses.
func (ev *evaluation) unread() []unreadCall {
	if ev.root == nil {
		return nil
	}
	found := map[string]unreadCall{}
	var visit func(s *scope)
	visit = func(s *scope) {
		for _, name := range slices.Sorted(maps.Keys(s.node.module.calls)) {
			node := ev.sources.child(s.node, name)
			address := modulePathAddress(joinModule(s.node.path, name))
			_, known := found[address]
			switch {
			case known:
			case node == nil:
				call := &moduleNode{path: joinModule(s.node.path, name), call: s.node.module.calls[name], parent: s.node, remote: s.node.remote}
				found[address] = unreadCall{address: address, node: call, reason: fmt.Sprintf("modules call each other more than %d deep", maxModuleDepth)}
			case node.module == nil && len(s.expand(node.call.Body)) > 0:
				found[address] = unreadCall{address: address, node: node, reason: node.whyUnread()}
			}
			for _, c := range s.child(name) {
				visit(c.scope)
			}
		}
	}
	visit(ev.root)
	out := make([]unreadCall, 0, len(found))
	for _, address := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[address])
	}
	return out
}

// localSource says whether the source of a module is a directory beside the caller:
// https://developer.hashicorp.com/terraform/language/modules/configuration#local-paths
func localSource(s string) bool { return strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") }

// whyUnread says why the module of a call has no files here. It names the module
// and not the call: what many calls lack is told once.
func (n *moduleNode) whyUnread() string {
	switch dir := path.Join(n.parent.module.dir, n.source); {
	case n.source == "":
		return "the source of the module is not written down"
	case localSource(n.source) && (dir == ".." || strings.HasPrefix(dir, "../")):
		return fmt.Sprintf("the module %q lies outside of what was read", n.source)
	case localSource(n.source):
		return fmt.Sprintf("the module %q is not there: %s holds no configuration", n.source, dir)
	case n.version != "":
		return fmt.Sprintf("the module %q, version %q, is not in the tree", n.source, n.version)
	}
	return fmt.Sprintf("the module %q is not in the tree", n.source)
}

// unreadID is the subject of a call of a module that was not read.
func unreadID(stack, address string) string { return "module:" + stack + ":" + address }

// UnreadIn is the stack of a module that was not read, by the module's subject.
func UnreadIn(id string) string {
	stack, _, _ := strings.Cut(strings.TrimPrefix(id, "module:"), ":module.")
	return strings.TrimSuffix(stack, ":"+terragruntModule)
}

// unreadEntries are the calls for the ledger: a plan would hold what they make.
func (s *stackInput) unreadEntries(calls []unreadCall) []facts.Entry {
	var out []facts.Entry
	for _, c := range calls {
		place, hint := s.sources.fallback(), terragruntPlanHint
		if s.sources.unit == nil {
			hint = planHint
		}
		if c.node != nil {
			place = s.sources.inCall(c.node, nil).Locate(nil).Position
		}
		place.Approximate = false // the call is what is meant
		reason := c.reason
		if c.table != "" {
			reason += ": only what its arguments say was judged"
		}
		out = append(out, facts.Entry{
			Kind: "module", ID: unreadID(s.path, c.address), State: facts.Skipped, Input: "plan", Cause: source.CauseModule,
			Reason: reason, Hint: fmt.Sprintf(hint, source.ShellWord(s.path)), Place: place,
		})
	}
	return out
}
