package terraform

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"gate/internal/source"
)

// yamlDecode is yamldecode: one document, whose type is only known with it.
func yamlDecode() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "src", Type: cty.String}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			docs, err := source.ParseYAML("yaml", []byte(args[0].AsString()))
			if err != nil {
				return cty.DynamicVal, err
			}
			if len(docs) != 1 {
				return cty.DynamicVal, fmt.Errorf("%d documents, expected one", len(docs))
			}
			return ctyValue(docs[0].Value), nil
		},
	})
}
