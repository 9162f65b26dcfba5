package terraform

import (
	"fmt"
	"reflect"
	"strings"

	"gate/internal/doc"
)

// mustChange makes a problem of a plan that tells of drift alone: nobody knows from
// it what the next plan of the configuration would do.
func (p *Plan) mustChange() {
	if p.unplanned != "" {
		p.Stack.Complete = false
		p.Problems = append(p.Problems, p.unplanned)
	}
}

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

// lacksAddress says whether an entry of resource_drift is one of Terraform 0.15.4 to
// 1.0.0: those have no address, and there is one for each resource of the state as
// soon as any has drifted. https://github.com/hashicorp/terraform/pull/28975
func lacksAddress(member string, c map[string]any) bool {
	return member == "resource_drift" && doc.Text(c, "address") == "" && doc.Text(c, "type") != "" && doc.Text(c, "name") != ""
}

// withAddress gives such an entry the address that its other members tell.
func withAddress(c map[string]any) {
	address := doc.Text(c, "type") + "." + doc.Text(c, "name") + keySuffix(c["index"])
	if doc.Text(c, "mode") == "data" {
		address = "data." + address
	}
	c["address"] = strings.TrimPrefix(doc.Text(c, "module_address")+"."+address, ".")
}

// drifted says whether an entry of resource_drift tells of a difference.
func drifted(c map[string]any) bool {
	return !reflect.DeepEqual(doc.At(c, "change", "before"), doc.At(c, "change", "after"))
}
