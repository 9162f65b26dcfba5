package terraform

import (
	"path"
	"strings"

	"gate/internal/facts"
	"gate/internal/source"
)

// planPlace is where findings stand that have no source: the plan itself.
func (c *collector) planPlace(s *stackInput) source.Position {
	if s.plan == nil {
		return source.Position{}
	}
	name := path.Clean(strings.ReplaceAll(s.plan.Name, `\`, "/"))
	if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
		name = path.Base(name)
	}
	return source.Position{File: name, Line: 1, Approximate: true}
}

// orPlan locates in the source, else in the plan.
func orPlan(s *Sources, r *facts.Resource, plan source.Position) source.Locator {
	values := r.After
	if values == nil {
		values = r.Before
	}
	if s.root == nil && s.unit != nil {
		return source.LocatorFunc(func(p source.Path) source.Location {
			return source.Location{Position: s.unit.place(s.loader, pathName(p, 0))}
		})
	}
	if s.root == nil {
		return source.Fixed(plan)
	}
	// Locators are many and most are never asked: find the block when asked.
	address, previous := r.Address, r.PreviousAddress
	return source.LocatorFunc(func(p source.Path) source.Location {
		loc := s.locator(address, values).Locate(p)
		if loc.Approximate && previous != "" && previous != address {
			if old := s.locator(previous, values).Locate(p); !old.Approximate {
				loc = old
			}
		}
		if loc.File == "" {
			return source.Location{Position: plan}
		}
		if plan.File != "" {
			if _, inTree := s.loader.tree.Lookup(plan.File); inTree {
				loc.Related = append(append([]source.Related(nil), loc.Related...), source.Related{Role: "plan", Position: plan})
			}
		}
		return loc
	})
}
