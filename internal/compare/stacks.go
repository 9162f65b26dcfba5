package compare

import (
	"maps"
	"slices"

	"gate/internal/facts"
	"gate/internal/source"
	"gate/internal/terraform"
)

// Stacks adds what only the base's configuration tells of the resources of a
// plan: that a prevent_destroy is gone, in a copy of the resource, and where a
// deleted one stood, as locators that replace those of head.
func Stacks(t *Trees, resources []facts.Resource, head source.Index) ([]facts.Resource, source.Index) {
	out, places := slices.Clone(resources), source.Index{}
	before := map[string]*terraform.Sources{}
	for i := range out {
		x := &out[i]
		if x.Origin != "plan" || x.Mode != "managed" {
			continue
		}
		base, read := before[x.Stack]
		if !read {
			base, _ = terraform.Locate(t.Base, x.Stack)
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
			x.Lifecycle = maps.Clone(x.Lifecycle)
			if x.Lifecycle == nil {
				x.Lifecycle = map[string]any{}
			}
			x.Lifecycle["prevent_destroy_removed"] = true
		}
		if x.After == nil && slices.Contains(x.Actions, "delete") || slices.Contains(x.Actions, "forget") {
			places[x.ID] = t.removedResource(head[x.ID], base.Locator(address))
		}
	}
	return out, places
}

// removedResource leads to where a resource was taken out of the head: its own
// block, or the call of the module that it stands in.
func (t *Trees) removedResource(head, base source.Locator) source.Locator {
	if head == nil {
		head = source.Fixed(source.Position{})
	}
	return source.LocatorFunc(func(p source.Path) source.Location {
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
			file := t.nameInHead(at.File)
			if at.Line < 1 || t.Lines[file] == 0 {
				continue // gone, or as it was
			}
			if line, ok := t.lineInHead(at, file); ok {
				out := approximate(file, line)
				out.Related = now.Related
				return out
			}
		}
		return now
	})
}
