// Package classify says what kind of change a change is and how much can go
// wrong: the change type and the risk class of the production change contract,
// and what the change reaches. It is told by a table, data/risk.yaml of the
// catalog, over what becomes of each object and resource; the highest row
// counts, and every row that contributes is named.
package classify

import (
	"iter"
	"slices"

	"gate/internal/facts"
)

// RiskClasses from the lowest.
var RiskClasses = []string{"low", "medium", "high", "critical"}

// ChangeTypes from the least to the most careful reviewer: where several kinds
// are mixed, the last one is named.
//
//	app-deploy       everything that no other is
//	platform-change  cluster-scoped objects and controllers' own objects
//	infra-change     Terraform and what it is like
//	secret-change    secrets, and what leads to them
//	database-change  managed databases
//	policy-change    configuration, waivers, trust, owners, policies and CI definitions
var ChangeTypes = []string{"app-deploy", "platform-change", "infra-change", "secret-change", "database-change", "policy-change"}

// Classification says what kind of change reaches an environment and target.
type Classification struct {
	ChangeType string `json:"changeType"` // see ChangeTypes
	RiskClass  string `json:"riskClass"`  // see RiskClasses
	// Destructive says that something is deleted, or made anew.
	Destructive bool `json:"destructive"`
	// RegulatedData says that there is something regulated, changed or not.
	RegulatedData bool        `json:"regulatedData"`
	Rows          []Row       `json:"rows"` // what contributes, the highest first
	BlastRadius   BlastRadius `json:"blastRadius"`
}

// Row is what contributes to a classification: a row of the table, or the
// findings of a rule.
type Row struct {
	ID         string `json:"id"`         // of the row, or of the rule, which has a slash
	RiskClass  string `json:"riskClass"`  // that it raises to
	ChangeType string `json:"changeType"` // that it raises to; empty if none
	Why        string `json:"why"`
	Count      int    `json:"count"` // subjects
	// Subjects are the first of them, by name.
	Subjects []string `json:"subjects"`
}

// BlastRadius is what the change as a whole reaches, in all environments.
type BlastRadius struct {
	Environments Reach `json:"environments"`
	Accounts     Reach `json:"accounts"`
	Regions      Reach `json:"regions"`
	Clusters     Reach `json:"clusters"`
	Namespaces   Reach `json:"namespaces"`
	Services     Reach `json:"services"`
	Owners       Reach `json:"owners"`
	Resources    Reach `json:"resources"` // objects and resources
}

// Reach counts what is reached of a kind.
type Reach struct {
	Count int      `json:"count"`
	Names []string `json:"names"` // the first ones, sorted
}

// How many names are listed.
const (
	maxSubjects = 5
	maxReach    = 10
)

// What becomes of something.
const (
	Create  = "create"
	Update  = "update"
	Replace = "replace" // made anew, or deleted on the way to another place
	Delete  = "delete"
	Forget  = "forget" // it stays, and nobody manages it any more
	Move    = "move"
	Import  = "import"
)

var actions = []string{Create, Update, Replace, Delete, Forget, Move, Import}

// Moved is what becomes of one object, resource or part of a configuration.
type Moved struct {
	facts.Subject
	Over string // object, resource or configuration
	Name string // for people
	// Type is that of a resource, the group/Kind of an object, or what of a
	// configuration it is: module, backend or provider.
	Type      string
	Namespace string
	// Action is empty where there was nothing to compare with: it says what kind of
	// thing it is, and not what becomes of it.
	Action string
	Paths  []string // changed ones that matter; nil for what is created or deleted
	// Attributes are changed ones that tell of a size, a protection or an exposure.
	Attributes []Attribute
	// Worth is the risk of the step alone, empty if nothing is known of it.
	Worth string
	// Idle is a change without weight: of an order, or in consequence of another.
	Idle bool
}

// Attribute is the class and risk of a changed attribute.
type Attribute struct{ Class, Risk string }

// Scopes yields the scope of every subject that a target is made of.
func Scopes(f *facts.Facts) iter.Seq[facts.Scope] {
	return func(yield func(facts.Scope) bool) {
		for i := range f.Units {
			if !yield(f.Units[i].Scope) {
				return
			}
		}
		for _, list := range [][]facts.Object{f.Objects, f.DeletedObjects} {
			for i := range list {
				if !yield(list[i].Scope) {
					return
				}
			}
		}
		for i := range f.Resources {
			if !yield(f.Resources[i].Scope) {
				return
			}
		}
		for i := range f.Terraform.Stacks {
			if !yield(f.Terraform.Stacks[i].Scope) {
				return
			}
		}
	}
}

// Raise is the higher of two risk classes; an empty one is the lowest.
func Raise(risk, to string) string { return higher(RiskClasses, risk, to) }

func higher(order []string, a, b string) string {
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}
