package pipeline

import (
	"bytes"
	"fmt"
	"maps"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/transition"
)

// minKey is how long a fingerprint key is at least, in bytes: whoever guesses it can
// test guesses of the secrets that it binds.
const minKey = 32

// readKey reads the key under which changed secrets are bound; nil without one.
func readKey(o *Options) ([]byte, error) {
	if o.FingerprintKey == "" {
		return nil, nil
	}
	data, err := o.readInput(o.FingerprintKey)
	if err != nil {
		return nil, fmt.Errorf("--fingerprint-key: %w", err)
	}
	key := bytes.TrimSpace(data)
	if len(key) < minKey {
		return nil, fmt.Errorf("--fingerprint-key %s: it has %d bytes, want %d or more at random (openssl rand -hex 32)", o.FingerprintKey, len(key), minKey)
	}
	return key, nil
}

// secretValue tells what stands at a path of a subject after the change, of what the facts
// do not show; nil without a key.
func (c *chain) secretValue() func(subject, path string) (any, bool) {
	if c.opened.key == nil || c.gathered == nil {
		return nil
	}
	plans, f := map[string]*wholePlan{}, c.facts()
	plan := func(stack string) *wholePlan {
		if plans[stack] == nil {
			p, _ := c.gathered.plan(stack, true) // of one that cannot be read nothing is found
			plans[stack] = newWholePlan(doc.Map(p))
		}
		return plans[stack]
	}
	resources, stacks := map[string]*facts.Resource{}, map[string]string{}
	for i := range f.Resources {
		if r := &f.Resources[i]; r.Origin == "plan" {
			resources[r.ID] = r
		}
	}
	for _, s := range f.Terraform.Stacks {
		if s.Plan {
			stacks[s.ID] = s.Path
		}
	}
	return func(subject, path string) (any, bool) {
		if r := resources[subject]; r != nil {
			return transition.PlannedValue(plan(r.Stack).changes[placed{r.Address, r.Deposed}], path)
		}
		if stack, ok := stacks[subject]; ok {
			return transition.PlannedVariable(plan(stack).root, path)
		}
		return transition.Lookup(c.gathered.raw[subject], path)
	}
}

// wholePlan is a plan with its secrets, and its changes by what they change.
type wholePlan struct {
	root    map[string]any
	changes map[placed]map[string]any
}

type placed struct{ address, deposed string }

func newWholePlan(root map[string]any) *wholePlan {
	p := &wholePlan{root: root, changes: map[placed]map[string]any{}}
	twice := map[placed]bool{}
	for _, c := range doc.List(root, "resource_changes") {
		at := placed{doc.Text(c, "address"), doc.Text(c, "deposed")}
		twice[at] = p.changes[at] != nil
		p.changes[at] = doc.Map(c, "change")
	}
	maps.DeleteFunc(p.changes, func(at placed, _ map[string]any) bool { return twice[at] })
	return p
}
