package policy

import (
	"encoding/json"
	"fmt"

	"gate/internal/source"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"
)

// parseConfig is conftest's parse_config(parser, text) as a pure function: it
// knows yaml and json and reads nothing but its argument. Documents of the
// organisations' own policies are parsed before Rego sees them.
var parseConfig = &rego.Function{
	Name:    "parse_config",
	Decl:    types.NewFunction(types.Args(types.S, types.S), types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))),
	Memoize: true,
}

func parseConfigBuiltin() *ast.Builtin {
	return &ast.Builtin{Name: parseConfig.Name, Decl: parseConfig.Decl}
}

// ParseConfigOption makes parse_config known to an evaluation.
func ParseConfigOption() func(*rego.Rego) {
	return rego.Function2(parseConfig, func(_ rego.BuiltinContext, parser, text *ast.Term) (*ast.Term, error) {
		name, ok1 := parser.Value.(ast.String)
		data, ok2 := text.Value.(ast.String)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("parse_config: want two strings")
		}
		value, err := parseDocument(string(name), []byte(data))
		if err != nil {
			return nil, fmt.Errorf("parse_config: %w", err)
		}
		v, err := ast.InterfaceToValue(value)
		if err != nil {
			return nil, fmt.Errorf("parse_config: %w", err)
		}
		return ast.NewTerm(v), nil
	})
}

func parseDocument(parser string, data []byte) (any, error) {
	switch parser {
	case "json":
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return nil, err
		}
		return v, nil
	case "yaml":
		docs, err := source.ParseYAML("text", data)
		if err != nil {
			return nil, err
		}
		if len(docs) == 1 {
			return docs[0].Value, nil
		}
		all := make([]any, len(docs))
		for i, d := range docs {
			all[i] = d.Value
		}
		return all, nil
	}
	return nil, fmt.Errorf("parser %q is not supported here; want yaml or json", parser)
}
