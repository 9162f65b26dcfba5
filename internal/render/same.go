package render

import (
	"reflect"
	"slices"

	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// Same says whether two units render to the same from the same files: whether
// they differ in nothing but their ids, who deploys them, and where they and
// their values stand.
func (u Unit) Same(v Unit) bool {
	if u.Kind != v.Kind || u.Path != v.Path || u.Release != v.Release || faultText(u.Fault) != faultText(v.Fault) {
		return false
	}
	return u.Revision.name() == v.Revision.name() && reflect.DeepEqual(u.bare(), v.bare())
}

// bare is the unit without what does not count for Same. Places of values are
// functions, which do not compare.
func (u Unit) bare() Unit {
	u.ID, u.Place, u.Defined, u.Controller, u.ControllerFile, u.From = "", source.Position{}, source.Position{}, "", "", nil
	u.Revision = nil
	u.Fault, u.Notes, u.Deployer, u.Undeployed, u.Delivers = nil, nil, Deployer{}, false, false
	u.Inline, u.Parameters, u.PostRenderers = slices.Clone(u.Inline), slices.Clone(u.Parameters), slices.Clone(u.PostRenderers)
	for i := range u.Inline {
		u.Inline[i].Loc, u.Inline[i].Repeats = nil, nil
	}
	for i := range u.Parameters {
		u.Parameters[i].Loc = nil
	}
	for i := range u.PostRenderers {
		u.PostRenderers[i].Loc = nil
	}
	if u.Jsonnet != nil {
		o := *u.Jsonnet
		o.ExtVars, o.TLAs = slices.Clone(o.ExtVars), slices.Clone(o.TLAs)
		for _, list := range [][]jsonnet.Variable{o.ExtVars, o.TLAs} {
			for i := range list {
				list[i].Loc = nil
			}
		}
		u.Jsonnet = &o
	}
	return u
}

func (r *Revision) name() string {
	if r == nil {
		return ""
	}
	return r.Name
}

func faultText(err error) string {
	if err == nil {
		return ""
	}
	if at := asError(err); at != nil {
		return at.Msg
	}
	return err.Error()
}
