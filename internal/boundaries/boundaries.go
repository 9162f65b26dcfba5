// Package boundaries tells the state boundaries of a repository: what state is
// changed, by which tool, from which path, where it is recorded and who owns
// it. Every boundary should have one owner and one tool.
package boundaries

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gate/internal/facts"
)

// Schema names the JSON form of a Table.
const Schema = "gate.boundaries/v1"

// Kinds of boundaries, in the order of the table.
const (
	TerraformState  = "terraform-state"
	Objects         = "objects"
	Namespace       = "namespace"
	Claim           = "claim"
	ManagedResource = "managed-resource"
	DNS             = "dns"
	SecretValues    = "secret-values"
	DatabaseSchema  = "database-schema"
)

var kinds = []string{TerraformState, Objects, Namespace, Claim, ManagedResource, DNS, SecretValues, DatabaseSchema}

// Table is the boundaries of a repository: those without an owner first, then
// those in conflict.
type Table struct {
	Schema     string     `json:"schema"`
	Boundaries []Boundary `json:"boundaries"`
}

// Boundary is one state that one tool should change. What is not known is
// empty.
type Boundary struct {
	Kind        string `json:"kind"`
	State       string `json:"state"`
	Tool        string `json:"tool"`
	Desired     string `json:"desired"` // path of the desired state, or where it lies outside of the repository
	Environment string `json:"environment"`
	Target      string `json:"target"`
	Backend     string `json:"backend"` // where the state is
	Owner       string `json:"owner"`
	// Conflict says what else changes the state, sorted.
	Conflict []string `json:"conflict"`

	subjects []string // of the facts that it was told from: units, stacks, objects
	identity string   // equal for boundaries that are one state; empty if that cannot be told
}

// Migrations is a directory of schema migrations.
type Migrations struct {
	Path  string
	Tool  string
	Scope facts.Scope
}

// Of tells the boundaries of what was read. migrations are those that
// FindMigrations found, with their scopes.
func Of(f *facts.Facts, migrations []Migrations) *Table {
	t := &tableBuilder{f: f, units: map[string]facts.Unit{}, objects: map[string]*facts.Object{}, tools: map[string][]string{}}
	for _, u := range f.Units {
		t.units[u.ID] = u
	}
	for i := range f.Objects {
		t.objects[f.Objects[i].ID] = &f.Objects[i]
	}
	t.stacks()
	t.deliveries()
	t.namespaces()
	t.crossplane()
	t.dns()
	t.secretValues()
	for _, m := range migrations {
		t.add(Boundary{Kind: DatabaseSchema, State: "database schema of " + m.Path, Tool: m.Tool, Desired: m.Path, identity: m.Path}, m.Scope)
	}
	t.conflicts()
	t.sort()
	return &Table{Schema: Schema, Boundaries: t.out}
}

// tableBuilder collects the boundaries.
type tableBuilder struct {
	f       *facts.Facts
	units   map[string]facts.Unit
	objects map[string]*facts.Object
	tools   map[string][]string // unit -> what delivers it
	out     []Boundary
}

func (t *tableBuilder) add(b Boundary, s facts.Scope) {
	b.Environment, b.Target, b.Conflict = s.Environment, s.Target, []string{}
	if b.Owner == "" {
		b.Owner = s.Owner
	}
	t.out = append(t.out, b)
}

// conflicts marks boundaries that are one state in one place, and those whose
// objects somebody else claims as well.
func (t *tableBuilder) conflicts() {
	same := map[string][]int{}
	bySubject := map[string][]int{}
	for i, b := range t.out {
		if b.identity != "" {
			key := b.Kind + "\x00" + b.identity
			same[key] = append(same[key], i)
		}
		for _, s := range b.subjects {
			bySubject[s] = append(bySubject[s], i)
		}
	}
	for _, group := range same {
		for _, i := range group {
			for _, j := range group {
				a, b := &t.out[i], t.out[j]
				if i != j && meet(*a, b) && (a.Tool != b.Tool || a.Desired != b.Desired) {
					a.Conflict = append(a.Conflict, fmt.Sprintf("%s changes it too, from %s", b.Tool, b.Desired))
				}
			}
		}
	}
	for _, s := range t.f.Index.Shared {
		for _, claim := range s.Claims {
			for _, other := range s.Claims {
				if claim.By == other.By {
					continue
				}
				for _, i := range t.at(claim, bySubject) {
					t.out[i].Conflict = append(t.out[i].Conflict, fmt.Sprintf("%s is claimed by %s too", s.Name, t.claimant(other)))
				}
			}
		}
	}
	for i := range t.out {
		slices.Sort(t.out[i].Conflict)
		t.out[i].Conflict = slices.Compact(t.out[i].Conflict)
	}
}

// meet says whether two boundaries may lie in one place.
func meet(a, b Boundary) bool {
	if a.Kind == TerraformState {
		return true // a backend is one, whatever environment is told
	}
	return a.Environment == b.Environment && (a.Target == b.Target || a.Target == "" || b.Target == "")
}

// at are the boundaries that a claim belongs to.
func (t *tableBuilder) at(c facts.Claim, bySubject map[string][]int) []int {
	for _, id := range []string{c.By, c.ID} {
		if list := bySubject[id]; len(list) > 0 {
			return list
		}
		if o := t.objects[id]; o != nil && len(bySubject[o.Unit]) > 0 {
			return bySubject[o.Unit]
		}
	}
	return nil
}

func (t *tableBuilder) claimant(c facts.Claim) string {
	if u, ok := t.units[c.By]; ok {
		return cmp.Or(u.ID, u.Path)
	}
	if stack, ok := strings.CutPrefix(c.By, "stack:"); ok {
		return "Terraform in " + stack
	}
	if o := t.objects[c.By]; o != nil {
		return objectName(o)
	}
	return c.By
}

func objectName(o *facts.Object) string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

func (t *tableBuilder) sort() {
	rank := func(b Boundary) int {
		switch {
		case b.Owner == "":
			return 0
		case len(b.Conflict) > 0:
			return 1
		}
		return 2
	}
	slices.SortFunc(t.out, func(a, b Boundary) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Target, b.Target), cmp.Compare(a.State, b.State),
			cmp.Compare(a.Tool, b.Tool), cmp.Compare(a.Desired, b.Desired), cmp.Compare(a.Backend, b.Backend))
	})
	t.out = slices.CompactFunc(t.out, func(a, b Boundary) bool {
		return a.Kind == b.Kind && a.State == b.State && a.Tool == b.Tool && a.Desired == b.Desired &&
			a.Environment == b.Environment && a.Target == b.Target && a.Backend == b.Backend
	})
	if t.out == nil {
		t.out = []Boundary{}
	}
}

// Only keeps the boundaries of some environments; none keeps all.
func (t *Table) Only(environments []string) {
	if len(environments) == 0 {
		return
	}
	t.Boundaries = slices.DeleteFunc(t.Boundaries, func(b Boundary) bool { return !slices.Contains(environments, b.Environment) })
}

// Counts are the number of boundaries without an owner, and in conflict.
func (t *Table) Counts() (unowned, conflicts int) {
	for _, b := range t.Boundaries {
		if b.Owner == "" {
			unowned++
		}
		if len(b.Conflict) > 0 {
			conflicts++
		}
	}
	return unowned, conflicts
}
