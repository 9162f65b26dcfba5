package join

import (
	"maps"
	"slices"

	"gate/internal/doc"
	"gate/internal/facts"
)

// Attributes says of each resource which tags it will have and which of its
// attributes cannot be seen.
//
// It reads After, Unknown and InheritedTags, redacted, and writes Tags and
// Hidden of what it returns.
func Attributes(resources []facts.Resource) []facts.Resource {
	out := slices.Clone(resources)
	for i, x := range out {
		out[i].Tags = tagNames(x)
		out[i].Hidden = hiddenAttributes(x)
	}
	return out
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
	return doc.Any(v, func(v any) bool {
		_, redacted := doc.Lookup(v, "$redacted")
		return redacted
	})
}

// tagMembers are the attributes that tags and labels stand in, the merged ones
// of plans included.
var tagMembers = []string{"tags", "tags_all", "labels", "resource_labels", "user_labels", "effective_labels", "terraform_labels"}

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
		add(doc.Map(x.After, member))
		add(doc.Map(x.Unknown, member))
	}
	add(x.InheritedTags)
	for _, block := range doc.List(x.After, "tag") { // autoscaling groups have a block for each tag
		if key, ok := doc.At(block, "key").(string); ok {
			names[key] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
