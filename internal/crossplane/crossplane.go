// Package crossplane reads managed resources of Crossplane, also those inside
// compositions, as resources of Terraform, so that the same tables and rules
// judge them. It decides nothing.
package crossplane

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gate/internal/doc"
	"gate/internal/facts"
	"gate/internal/source"
)

// Origin is the origin of the resources that this package reads.
const Origin = "crossplane"

// Collected is what Read found; Resources are sorted by id.
type Collected struct {
	Resources []facts.Resource
	Locators  source.Index
	Ledger    []facts.Entry
}

// Managed tells what an object manages outside of the cluster; nil if it is no
// managed resource that the table knows.
func (t *Table) Managed(o *facts.Object) *facts.ManagedObject {
	m := t.resource(o.Manifest, o, nil, "", nil)
	if m == nil {
		return nil
	}
	return &facts.ManagedObject{Type: m.Type, Deletes: m.Crossplane.Deletes}
}

// Read returns the managed resources among objects and inside of compositions.
// locators are those of the objects; a resource's leads to the field of the
// object that sets an attribute. An object that the change deletes is no
// resource: rules about objects judge that it goes.
func (t *Table) Read(objects []facts.Object, locators source.Index) *Collected {
	out := &Collected{Locators: source.Index{}}
	var found []*managed
	for i := range objects {
		found = append(found, t.object(&objects[i], out)...)
	}
	t.addCompanions(found)
	for _, m := range found {
		out.Resources = append(out.Resources, m.Resource)
		out.Ledger = append(out.Ledger, facts.Entry{Kind: "resource", ID: m.ID, State: facts.Evaluated})
		if l := locators[m.object.ID]; l != nil {
			out.Locators[m.ID] = t.locator(l, m)
		}
	}
	slices.SortFunc(out.Resources, func(a, b facts.Resource) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// managed is one managed resource with where it stands.
type managed struct {
	facts.Resource
	object *facts.Object
	at     source.Path // of the resource in the object's manifest
	spec   map[string]any
	reader reader
	labels map[string]string
	refs   map[string]reference // by attribute
	within string               // the composition that it belongs to
}

// object reads what an object holds, after and before the change.
func (t *Table) object(o *facts.Object, out *Collected) []*managed {
	note := func(name, reason string) {
		out.Ledger = append(out.Ledger, facts.Entry{Kind: "resource", ID: id(o, name), State: facts.Skipped, Reason: reason})
	}
	now := t.manifest(o.Manifest, o, note)
	if o.Change == nil {
		return now
	}
	var before []*managed
	if b, ok := o.Change.Before.(map[string]any); ok {
		before = t.manifest(b, o, nil)
	}
	was := map[string]*managed{}
	for _, m := range before {
		was[m.ID] = m
	}
	for _, m := range now {
		b := was[m.ID]
		delete(was, m.ID)
		switch {
		case o.Change.Action == "unchanged":
			m.Actions, m.Before = []string{"no-op"}, m.After
		case b == nil:
			m.Actions = []string{"create"}
		case reflect.DeepEqual(b.After, m.After) && reflect.DeepEqual(b.Unknown, m.Unknown):
			m.Actions, m.Before = []string{"no-op"}, b.After
		default:
			m.Actions, m.Before = []string{"update"}, b.After
		}
		m.Change = transition(m.Actions)
	}
	for _, m := range before {
		if was[m.ID] == m {
			now = append(now, leaving(m))
		}
	}
	return now
}

// leaving is a resource that the change takes out of a composition. Crossplane
// deletes what it made unless its policies forbid it.
func leaving(m *managed) *managed {
	m.Before, m.After = m.After, nil
	m.Actions = []string{"delete"}
	if !m.Crossplane.Deletes {
		m.Actions = []string{"forget"}
	}
	m.Unknown, m.Documents, m.Expressions = map[string]any{}, []facts.ResourceDocument{}, map[string]any{}
	m.Change = transition(m.Actions)
	return m
}

func transition(actions []string) *facts.ResourceChange {
	action := map[string]string{"create": "created", "update": "updated", "delete": "deleted", "forget": "deleted", "no-op": "unchanged"}[actions[0]]
	return &facts.ResourceChange{Action: action, Paths: []string{}}
}

// manifest reads the managed resources of a manifest: itself, or those of a
// composition. note is told what cannot be read; it may be nil.
func (t *Table) manifest(manifest map[string]any, o *facts.Object, note func(name, reason string)) []*managed {
	if isComposition(o) {
		return t.composition(manifest, o, note)
	}
	if m := t.resource(manifest, o, nil, "", note); m != nil {
		return []*managed{m}
	}
	return nil
}

func isComposition(o *facts.Object) bool {
	return o.Group == "apiextensions.crossplane.io" && o.Kind == "Composition"
}

// resource reads one managed resource; nil if the manifest is none. name is
// that inside a composition.
func (t *Table) resource(manifest map[string]any, o *facts.Object, at source.Path, name string, note func(name, reason string)) *managed {
	group, _, _ := strings.Cut(doc.Text(manifest, "apiVersion"), "/")
	kindName := doc.Text(manifest, "kind")
	spec := doc.Map(manifest, "spec")
	if doc.Map(spec, "forProvider") == nil || kindName == "" {
		return nil
	}
	k, ok := t.kind(group, kindName)
	if !ok {
		return nil
	}
	if k.typ == "" {
		if note != nil {
			note(name, fmt.Sprintf("the fields of %s/%s are not those of a Terraform type: rules about infrastructure do not judge it", group, kindName))
		}
		return nil
	}
	m := &managed{object: o, at: at, spec: spec, reader: reader{t: t, rename: k.rename}, labels: doc.Labels(manifest), refs: map[string]reference{}}
	full := o.Name
	if name != "" {
		full += "/" + name
	}
	m.Subject = facts.Subject{ID: id(o, name), Scope: o.Scope}
	m.Address, m.Name = group+"/"+kindName+"/"+full, full
	m.Mode, m.Type, m.Origin, m.Provider = "managed", k.typ, Origin, providers[k.prefix]
	m.Crossplane = management(spec, o.ID)
	if observes(m.Crossplane) {
		m.Mode = "data"
	}
	fields := merged(spec)
	a := m.reader.block(fields)
	m.After, m.Unknown, m.Expressions, m.Sensitive = a.after, a.unknown, a.expressions, a.sensitive
	if m.Sensitive == nil {
		m.Sensitive = [][]any{}
	}
	sortPaths(m.Sensitive)
	for _, field := range slices.Sorted(maps.Keys(fields)) { // a name before a selector
		if ref, ok := referenceOf(field, fields[field], fields); ok && !ref.secret {
			for _, attribute := range ref.attributes {
				if name := m.reader.name(attribute); m.refs[name].to == "" {
					m.refs[name] = ref
				}
			}
		}
	}
	m.Documents = documents(m.After)
	m.Actions, m.ReplacePaths, m.Lifecycle = []string{}, [][]any{}, map[string]any{}
	m.Companions, m.InheritedTags = []facts.Companion{}, map[string]any{}
	return m
}

// providers are the sources of the Terraform providers.
var providers = map[string]string{"aws": "hashicorp/aws", "azuread": "hashicorp/azuread", "azurerm": "hashicorp/azurerm", "google": "hashicorp/google"}

func id(o *facts.Object, name string) string {
	if name != "" {
		return "crossplane:" + o.ID + "/" + name
	}
	return "crossplane:" + o.ID
}
