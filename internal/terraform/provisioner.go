package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

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
		e := writtenBlock(p.Body)
		if shared := ofBlock(b, "connection"); shared != nil && e["connection"] == nil {
			e["connection"] = []any{writtenBlock(shared)}
		}
		out = append(out, facts.Provisioner{Type: p.Labels[0], When: when, Expressions: e})
	}
	return out
}

// ofBlock is the body of the first block of a type inside of another one.
func ofBlock(b *hcl.Block, typ string) hcl.Body {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: typ}}})
	if content == nil || len(content.Blocks) == 0 {
		return nil
	}
	return content.Blocks[0].Body
}

// writtenBlock describes the arguments and blocks of a body as they are written.
func writtenBlock(body hcl.Body) map[string]any {
	out := map[string]any{}
	for name, a := range attributes(body) {
		v, _ := a.Expr.Value(nil)
		out[name] = describe(a.Expr, v)
	}
	if native, ok := body.(*hclsyntax.Body); ok {
		for _, b := range native.Blocks {
			out[b.Type] = append(listOrOne(out[b.Type]), writtenBlock(b.Body))
		}
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
			out = append(out, facts.Provisioner{Type: typ, When: when, Expressions: expressionBlock(doc.Map(p, "expressions"))})
		}
	}
	return out
}
