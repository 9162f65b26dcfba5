package pipeline

import (
	"maps"
	"slices"

	"gate/internal/facts"
)

// tagMembers are the attributes that tags and labels stand in, the merged ones
// of plans included.
var tagMembers = []string{"tags", "tags_all", "labels", "resource_labels", "user_labels", "effective_labels", "terraform_labels"}

// joinAttributes says of each resource which tags it will have and which of
// its attributes cannot be seen.
func (r *run) joinAttributes() {
	for i, x := range r.facts.Resources {
		r.facts.Resources[i].Tags = tagNames(x)
		r.facts.Resources[i].Hidden = hiddenAttributes(x)
	}
}

// hiddenAttributes are the top-level attributes in which a value is known only
// after apply or redacted, sorted.
func hiddenAttributes(x facts.Resource) []string {
	names := map[string]bool{}
	for name, mark := range x.Unknown {
		names[name] = mark != false
	}
	for name, value := range x.After {
		if !names[name] && holdsRedacted(value) {
			names[name] = true
		}
	}
	maps.DeleteFunc(names, func(_ string, hidden bool) bool { return !hidden })
	return slices.Sorted(maps.Keys(names))
}

func holdsRedacted(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["$redacted"]; ok {
			return true
		}
		for _, e := range v {
			if holdsRedacted(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsRedacted)
	}
	return false
}

// tagNames are the names of the tags of a resource and of its provider, sorted.
// A tag whose value is known only after apply counts, an empty one does not.
func tagNames(x facts.Resource) []string {
	names := map[string]bool{}
	add := func(tags map[string]any) {
		for name, value := range tags {
			if value != "" {
				names[name] = true
			}
		}
	}
	for _, member := range tagMembers {
		tags, _ := x.After[member].(map[string]any)
		add(tags)
		marks, _ := x.Unknown[member].(map[string]any)
		add(marks)
	}
	add(x.InheritedTags)
	blocks, _ := x.After["tag"].([]any) // autoscaling groups have a block for each tag
	for _, b := range blocks {
		if b, ok := b.(map[string]any); ok {
			if key, ok := b["key"].(string); ok {
				names[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
