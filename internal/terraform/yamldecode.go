package terraform

import (
	"fmt"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"gate/internal/source"
)

// yamlDecode is yamldecode: one document, whose type is only known with it. Terraform's
// own reader says what it means; ours, which hostile text cannot exhaust, goes before.
func yamlDecode() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "src", Type: cty.String}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text := []byte(args[0].AsString())
			docs, err := source.ParseYAML("yaml", text)
			if err != nil {
				return cty.DynamicVal, err
			}
			if len(docs) != 1 {
				return cty.DynamicVal, fmt.Errorf("%d documents, expected one", len(docs))
			}
			t, err := ctyyaml.Standard.ImpliedType(text)
			if err != nil {
				return cty.DynamicVal, err
			}
			return ctyyaml.Standard.Unmarshal(text, t)
		},
	})
}
