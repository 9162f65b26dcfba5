package policy

import (
	"fmt"
	"sync"

	"gate/internal/parsers"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/types"
)

// parseConfig is conftest's parse_config(parser, text) as a pure function: it reads
// nothing but its argument.
var parseConfig = &rego.Function{
	Name:    "parse_config",
	Decl:    types.NewFunction(types.Args(types.S, types.S), types.NewObject(nil, types.NewDynamicProperty(types.S, types.A))),
	Memoize: true,
}

// ParseConfigOption makes parse_config known to an evaluation.
func ParseConfigOption() func(*rego.Rego) {
	return rego.Function2(parseConfig, parsed)
}

// registered makes parse_config known to conftest's engine, which takes functions from
// those of the program and no others. It is asked for before anything is parsed.
var registered = sync.OnceFunc(func() { rego.RegisterBuiltin2(parseConfig, parsed) })

func parsed(_ rego.BuiltinContext, parser, text *ast.Term) (*ast.Term, error) {
	name, ok1 := parser.Value.(ast.String)
	data, ok2 := text.Value.(ast.String)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("parse_config: want two strings")
	}
	value, err := parsers.Value(parsers.File{Path: "text", Data: []byte(data), Parser: string(name)})
	if err != nil {
		return nil, fmt.Errorf("parse_config: %w", err)
	}
	v, err := ast.InterfaceToValue(value)
	if err != nil {
		return nil, fmt.Errorf("parse_config: %w", err)
	}
	return ast.NewTerm(v), nil
}
