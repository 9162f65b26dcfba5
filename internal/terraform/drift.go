package terraform

import (
	"fmt"
	"strings"
)

// mustRefreshOnly makes a problem of a plan that would change something: what
// such a plan shows as drift is only what its changes depend on.
func (p *Plan) mustRefreshOnly() {
	problem := ""
	if p.binary != nil && !p.binary.refreshOnly {
		problem = fmt.Sprintf("%s was not made with -refresh-only", p.binary.Name)
	}
	for i := range p.Resources {
		r := &p.Resources[i]
		if r.Mode == "managed" && strings.Join(r.Actions, "") != "no-op" {
			problem = fmt.Sprintf("the plan is not refresh-only: it plans %s of %s", strings.Join(r.Actions, "-"), r.Address)
			break
		}
	}
	if problem != "" {
		p.Stack.Complete = false
		p.Problems = append(p.Problems, problem)
	}
}
