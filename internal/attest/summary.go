package attest

import (
	"slices"

	"gate/internal/facts"
)

// summarise counts what becomes of the objects and managed resources in scope.
func summarise(f *facts.Facts, s scope) Summary {
	var out Summary
	for i := range f.Objects {
		if s.covers(f.Objects[i].Scope) {
			out.count(f.Objects[i].Change)
		}
	}
	for i := range f.DeletedObjects {
		if s.covers(f.DeletedObjects[i].Scope) {
			out.Deleted++
		}
	}
	for i := range f.Terraform.DeletedResources {
		if s.covers(f.Terraform.DeletedResources[i].Scope) {
			out.Deleted++
		}
	}
	for i := range f.Resources {
		r := &f.Resources[i]
		if !s.covers(r.Scope) || r.Mode == "data" || r.Crossplane != nil { // the latter is counted as an object
			continue
		}
		deleted, created := slices.Contains(r.Actions, "delete"), slices.Contains(r.Actions, "create")
		switch {
		case !planned(r):
			out.count(r.Change)
		case deleted && created:
			out.Updated++
			out.Replaced++
		case deleted:
			out.Deleted++
		case created:
			out.Created++
		case slices.Contains(r.Actions, "update"):
			out.Updated++
		case r.PreviousAddress != "":
			out.Moved++
		}
	}
	return out
}

func (c *Summary) count(t *facts.ResourceChange) {
	if t == nil {
		c.Unknown++
		return
	}
	switch t.Action {
	case "created":
		c.Created++
	case "updated":
		c.Updated++
	case "deleted":
		c.Deleted++
	case "moved":
		c.Moved++
	}
}

func planned(r *facts.Resource) bool { return r.Origin == "plan" }
