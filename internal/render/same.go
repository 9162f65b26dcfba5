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
	return u.Revision.name() == v.Revision.name() && u.Artifact.rules() == v.Artifact.rules() && reflect.DeepEqual(u.bare(), v.bare())
}

// bare is the unit without what does not count for Same. Places of values are
// functions, which do not compare.
func (u Unit) bare() Unit {
	u.ID, u.Place, u.Defined, u.Controller, u.ControllerFile, u.From, u.Beside = "", source.Position{}, source.Position{}, "", "", nil, nil
	u.Revision, u.Artifact = nil, nil
	u.OverlayLoc, u.NamespaceAt = nil, source.Position{}
	u.Fault, u.Notes, u.Deployer, u.Undeployed, u.Delivers = nil, nil, Deployer{}, false, false
	u.Inline, u.Parameters, u.PostRenderers = slices.Clone(u.Inline), slices.Clone(u.Parameters), slices.Clone(u.PostRenderers)
	u.Untold = slices.Clone(u.Untold)
	for i := range u.Untold {
		u.Untold[i].Place = source.Position{}
	}
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

// rules tell artifacts apart, and whether something is left out at all.
func (a *Artifact) rules() string {
	if a == nil {
		return ""
	}
	return "without\n" + a.Rules
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

// Alike says whether what one unit renders to is what the other renders to, apart
// from its id: two kustomizations of one directory that differ in nothing but
// where they are deployed and by whom. What the object that deploys a unit changes
// in it has a place there, so that such units are not alike.
func (u Unit) Alike(v Unit) bool {
	return u.plain() && v.plain() && u.Path == v.Path && u.Generate == v.Generate && u.Strict == v.Strict && u.KubeVersion == v.KubeVersion &&
		slices.Equal(u.APIVersions, v.APIVersions) && reflect.DeepEqual(u.Serves, v.Serves) && reflect.DeepEqual(u.Common, v.Common) && slices.Equal(u.Notes, v.Notes) && u.Revision.name() == v.Revision.name() && u.Artifact.rules() == v.Artifact.rules()
}

// plain says whether a unit is a kustomization as it stands.
func (u Unit) plain() bool {
	return u.Kind == KindKustomize && u.Fault == nil && u.Substitute == nil && len(u.Overlay)+len(u.Inline)+len(u.Parameters)+len(u.PostRenderers)+len(u.Values) == 0
}
