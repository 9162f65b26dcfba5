package render

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"gate/internal/source"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
)

// checkSchemas judges the values by values.schema.json of the chart and its
// subcharts. Helm's own check fetches http and file references; here a
// reference may only lead into the same file.
// scope is the path of the chart's values from the root chart.
func (p *prepared) checkSchemas(c *chart.Chart, values map[string]any, u Unit, scope []string, places func() *provenance) error {
	if c.Schema != nil {
		file, ok := p.files.originOf(c.Schema)
		if !ok {
			file = path.Join(u.Path, "values.schema.json")
		}
		err := checkSchema(c.Schema, values)
		if misfits := (*jsonschema.ValidationError)(nil); errors.As(err, &misfits) {
			return misfit(misfits, file, scope, places())
		}
		if err != nil {
			return &source.Error{Position: source.Position{File: file}, Msg: err.Error(), Hint: schemaHint(err)}
		}
	}
	for _, sub := range c.Dependencies() {
		switch v := values[sub.Name()].(type) {
		case nil:
		case map[string]any:
			if err := p.checkSchemas(sub, v, u, append(scope[:len(scope):len(scope)], sub.Name()), places); err != nil {
				return err
			}
		default:
			return fault1(path.Join(u.Path, "Chart.yaml"), fmt.Sprintf("values of subchart %s are a %T, expected a mapping", sub.Name(), v), "")
		}
	}
	return nil
}

// errOutside is wrapped by errors about references that leave the schema.
var errOutside = errors.New("reference leaves the chart")

func schemaHint(err error) string {
	// The library's errors about loading do not unwrap.
	if strings.Contains(err.Error(), errOutside.Error()) {
		return "copy the referenced schema into values.schema.json ($defs)"
	}
	return ""
}

type insideOnly struct{}

// Load refuses: a schema is not fetched and no file is read.
func (insideOnly) Load(url string) (any, error) {
	return nil, fmt.Errorf("%q is not read: %w", url, errOutside)
}

const schemaURL = "chart:///values.schema.json"

func checkSchema(text []byte, values map[string]any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("values.schema.json cannot be used: %s", source.Panicked(p))
		}
	}()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(insideOnly{})
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	schema, err := compiler.Compile(schemaURL)
	if err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	if err := schema.Validate(values); err != nil {
		return err
	}
	return nil
}
