package terraform

import (
	"github.com/hashicorp/hcl/v2"

	"gate/internal/doc"
	"gate/internal/facts"
)

// provisioners are those of a resource block, in their order:
// https://developer.hashicorp.com/terraform/language/resources/provisioners/syntax
func provisioners(b *hcl.Block) []facts.Provisioner {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "provisioner", LabelNames: []string{"type"}}}})
	if content == nil {
		return nil
	}
	var out []facts.Provisioner
	for _, p := range content.Blocks {
		when := "create"
		if a := attributes(p.Body)["when"]; a != nil {
			if hcl.ExprAsKeyword(a.Expr) == "destroy" || literal(a) == "destroy" {
				when = "destroy"
			}
		}
		out = append(out, facts.Provisioner{Type: p.Labels[0], When: when})
	}
	return out
}

// plannedProvisioners are those that the configuration in a plan has of a resource.
func plannedProvisioners(resource map[string]any) []facts.Provisioner {
	var out []facts.Provisioner
	for _, p := range doc.List(resource, "provisioners") {
		when := "create"
		if doc.Text(p, "when") == "destroy" {
			when = "destroy"
		}
		if typ := doc.Text(p, "type"); typ != "" {
			out = append(out, facts.Provisioner{Type: typ, When: when})
		}
	}
	return out
}
