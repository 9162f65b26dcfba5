package terraform

import (
	"encoding/json"
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
// 1.0.0: those have neither an address nor an index, and there is one for each resource
// of the state as soon as any has drifted, in no order.
// https://github.com/hashicorp/terraform/pull/28975
func lacksAddress(member string, c map[string]any) bool {
	return member == "resource_drift" && doc.Text(c, "address") == "" && doc.Text(c, "type") != "" && doc.Text(c, "name") != ""
}

// drifted says whether an entry of resource_drift tells of a difference.
func drifted(c map[string]any) bool {
	return !reflect.DeepEqual(doc.At(c, "change", "before"), doc.At(c, "change", "after"))
}

// instances are the addresses of what the refreshed state holds, by resource and
// values. Those of equal values are told apart by nothing.
type instances map[string][]string

// instances reads prior_state, which holds what resource_drift calls after.
func (r *planReader) instances() (instances, error) {
	parts := *r.parts // which reads another member
	v, err := parts.member("prior_state")
	if err != nil {
		return nil, err
	}
	found := instances{}
	var module func(m any)
	module = func(m any) {
		for _, x := range doc.List(m, "resources") {
			if doc.Text(x, "mode") == "managed" {
				key := found.key(doc.Text(m, "address"), x, doc.Map(x, "values"))
				found[key] = append(found[key], doc.Text(x, "address"))
			}
		}
		for _, child := range doc.List(m, "child_modules") {
			module(child)
		}
	}
	module(doc.At(v, "values", "root_module"))
	return found, nil
}

func (instances) key(module string, resource any, values map[string]any) string {
	text, _ := json.Marshal(values) // was read from JSON
	return strings.Join([]string{module, doc.Text(resource, "type"), doc.Text(resource, "name"), string(text)}, "\x00")
}

// name gives an entry that lacks it the address of the instance that it tells of; one
// that is gone is in no state, and has that of its resource.
func (in instances) name(c map[string]any) {
	module := doc.Text(c, "module_address")
	c["address"] = strings.TrimPrefix(module+"."+doc.Text(c, "type")+"."+doc.Text(c, "name"), ".")
	key := in.key(module, c, doc.Map(doc.At(c, "change", "after")))
	if same := in[key]; len(same) > 0 {
		c["address"], in[key] = same[0], same[1:]
	}
}
