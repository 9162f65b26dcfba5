package assess

import (
	"fmt"

	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// meter is what a policy has cost so far, in the measure of its engine: it ends at
// the same object on every machine.
type meter struct {
	used    int64
	measure string
	base    int64 // that every policy may cost
	each    int64 // and besides for each object
}

// What policies may cost. The API server lets the validations of one policy cost
// RuntimeCELCostBudget on one object, about a second by its own estimate; ordinary
// ones cost some thousands. A million steps of Rego take about a second, an
// ordinary template takes some hundreds for an object.
const (
	celBase   = 10 * celconfig.RuntimeCELCostBudget
	celEach   = celconfig.PerCallLimit / 10
	regoBase  = 20_000_000
	regoEach  = 50_000
	regoAsked = 3_000_000 // steps of one evaluation
)

func celMeter() *meter  { return &meter{measure: "units of CEL", base: celBase, each: celEach} }
func regoMeter() *meter { return &meter{measure: "steps of Rego", base: regoBase, each: regoEach} }

// over says that no more may be spent on so many objects, and why.
func (m *meter) over(objects int) string {
	if m == nil {
		return ""
	}
	if most := m.base + int64(objects)*m.each; m.used > most {
		return fmt.Sprintf("it costs more than %d %s for %d objects", most, m.measure, objects)
	}
	return ""
}
