package pipeline

import (
	"slices"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/terraform"
)

// compareStacks adds what only the base's configuration tells of the resources
// of a plan: where a deleted one stood, and that its prevent_destroy is gone.
func (r *run) compareStacks(resources []facts.Resource) {
	if r.change == nil || r.change.BaseTree == nil {
		return
	}
	before := map[string]*terraform.Sources{}
	for i := range resources {
		x := &resources[i]
		if x.Origin != "plan" || x.Mode != "managed" {
			continue
		}
		base, read := before[x.Stack]
		if !read {
			base, _ = terraform.Locate(r.change.BaseTree, x.Stack)
			before[x.Stack] = base
		}
		if base == nil {
			continue
		}
		address := x.Address
		if x.PreviousAddress != "" {
			address = x.PreviousAddress
		}
		if base.Lifecycle(address)["prevent_destroy"] == true && x.Lifecycle["prevent_destroy"] != true {
			if x.Lifecycle == nil {
				x.Lifecycle = map[string]any{}
			}
			x.Lifecycle["prevent_destroy_removed"] = true
		}
		if x.After == nil && slices.Contains(x.Actions, "delete") || slices.Contains(x.Actions, "forget") {
			r.locators[x.ID] = r.removedResource(r.locators[x.ID], base.Locator(address))
		}
	}
}

// removedResource leads to where a resource was taken out of the head: its own
// block, or the call of the module that it stands in.
func (r *run) removedResource(head, base source.Locator) source.Locator {
	return source.LocatorFunc(func(p source.Path) source.Location {
		if head == nil {
			head = source.Fixed(source.Position{})
		}
		now := head.Locate(p)
		if !now.Approximate && now.Line > 0 { // the block is there, its instance is not
			return now
		}
		was := base.Locate(nil)
		if was.Approximate {
			return now
		}
		places := []source.Position{was.Position}
		for _, rel := range was.Related {
			if rel.Role == "module" {
				places = append(places, rel.Position)
			}
		}
		for _, at := range places {
			file := r.nameInHead(at.File)
			if at.Line < 1 || r.change.Lines[file] == 0 {
				continue // gone, or as it was
			}
			if line, ok := r.lineInHead(at, file); ok {
				out := approximate(file, line)
				out.Related = now.Related
				return out
			}
		}
		return now
	})
}
