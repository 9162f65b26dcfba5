package terraform

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gate/internal/source"
)

func (c *collector) plans(files []PlanFile) {
	for i, f := range files {
		plan, err := c.readPlan(f)
		files[i].Data, f.Data = nil, nil
		if err != nil {
			// The stack is failed too, if it is known: its plan was meant to be judged.
			if f.Stack != "" {
				c.add(path.Clean(f.Stack)).failed = append(c.add(path.Clean(f.Stack)).failed, "its plan could not be read")
			}
			c.fail("plan:"+f.Name, err)
			continue
		}
		s, err := c.match(f, plan)
		if err != nil {
			c.fail("plan:"+f.Name, err)
			continue
		}
		if s.plan != nil {
			c.fail("plan:"+f.Name, &source.Error{Position: source.Position{File: f.Name},
				Msg:  fmt.Sprintf("stack %q has two plans, %s is the first", s.path, s.plan.Name),
				Hint: "a run judges one plan of a stack: run gate check once for each environment or workspace (--plan " + source.ShellWord(cmp.Or(s.path, "STACK")) + "=FILE --env NAME)"})
			s.failed = append(s.failed, "two plans were handed in for it")
			continue
		}
		s.plan, c.out.Plans[s.path] = plan, i
		if plan.binary != nil {
			c.useSnapshot(s, plan.binary)
		}
	}
}

func (c *collector) readPlan(f PlanFile) (*Plan, error) {
	if err := c.in.PlanFaults[f.Name]; err != nil {
		return nil, err
	}
	defer begin(c.in.StartedPlan, f.Name)()
	var binary *PlanBinary
	if f.Binary != nil {
		var err error
		if binary, err = ReadPlanBinary(f.Binary.Name, f.Binary.Data); err != nil {
			return nil, err
		}
	}
	plan, err := ReadPlan(f.Name, f.Data, binary)
	switch {
	case err != nil:
	case c.in.RefreshOnly:
		plan.mustRefreshOnly()
	default:
		plan.mustChange()
	}
	return plan, err
}

// match finds the stack of a plan: the one that was named, the directory that
// the plan lies in, the only one there is, or the only one that declares what
// the plan's root module declares.
func (c *collector) match(f PlanFile, plan *Plan) (*stackInput, error) {
	if f.Stack != "" {
		return c.add(path.Clean(f.Stack)), nil
	}
	if s, ok := c.byPath[path.Dir(path.Clean(f.Name))]; ok {
		return s, nil
	}
	switch len(c.byPath) {
	case 0:
		return c.add("."), nil
	case 1:
		for _, s := range c.byPath {
			return s, nil
		}
	}
	var found []string
	for _, p := range slices.Sorted(maps.Keys(c.byPath)) {
		if c.byPath[p].declares(plan) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 1:
		return c.byPath[found[0]], nil
	case 0:
		return nil, &source.Error{Position: source.Position{File: f.Name}, Msg: "no stack declares what the plan changes", Hint: "name its stack: --plan STACK=FILE"}
	}
	return nil, &source.Error{Position: source.Position{File: f.Name},
		Msg:  fmt.Sprintf("the plan fits %d stacks: %s", len(found), strings.Join(found, ", ")),
		Hint: "name its stack: --plan STACK=FILE"}
}

// declares says whether the root module declares every resource and module
// call of the plan that is not deleted.
func (s *stackInput) declares(plan *Plan) bool {
	if s.sources.root == nil {
		return false
	}
	m := s.sources.root.module
	hits := 0
	for i := range plan.Resources {
		addr, err := ParseAddress(plan.Resources[i].Address)
		if err != nil || plan.Resources[i].After == nil {
			continue
		}
		hits++
		if len(addr.Module) > 0 {
			if m.calls[addr.Module[0].Name] == nil {
				return false
			}
		} else if m.resources[addr.Resource()] == nil {
			return false
		}
	}
	return hits > 0
}
