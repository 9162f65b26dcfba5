package render

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"gate/internal/source"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"
)

// checkSchemas judges the values by values.schema.json of the chart and its
// subcharts. Helm's own check fetches http and file references; here a reference
// may only lead into the chart, and of others it is told that they were not
// followed.
// scope is the path of the chart's values from the root chart.
func (p *prepared) checkSchemas(c *chart.Chart, values map[string]any, u Unit, scope []string, places func() *provenance) error {
	if c.Schema != nil {
		file, ok := p.files.originOf(c.Schema)
		if !ok {
			file = path.Join(u.Path, "values.schema.json")
		}
		outside, err := checkSchema(c, values)
		p.schemaNotes = append(p.schemaNotes, unfollowed(file, outside)...)
		if misfits := (*jsonschema.ValidationError)(nil); errors.As(err, &misfits) {
			return misfit(misfits, file, scope, places())
		}
		if err != nil {
			return &source.Error{Position: source.Position{File: file}, Msg: err.Error()}
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

// unfollowed says which parts of a schema were not looked at.
func unfollowed(file string, outside []string) []Note {
	var out []Note
	for _, ref := range outside {
		out = append(out, Note{
			Place: source.Position{File: file}, Msg: fmt.Sprintf("values are not validated by %q, which is outside of the chart", ref),
			Hint: "copy the referenced schema into the chart",
		})
	}
	return out
}

const schemaURL = "chart:///values.schema.json"

// checkSchema validates values; outside are the references that leave the chart,
// each once, sorted. Where there are some, what hangs on whether something does
// not fit is not held against the values.
func checkSchema(c *chart.Chart, values map[string]any) (outside []string, err error) {
	outside, err = fitSchema(c, values, false)
	if misfits := (*jsonschema.ValidationError)(nil); errors.As(err, &misfits) && len(outside) > 0 {
		return fitSchema(c, values, true)
	}
	return outside, err
}

func fitSchema(c *chart.Chart, values map[string]any, loose bool) (outside []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("values.schema.json cannot be used: %s", source.Panicked(p))
		}
	}()
	inside := newSchemaReader(c, loose)
	document, err := inside.read(schemaURL, c.Schema)
	if err != nil {
		return nil, fmt.Errorf("values.schema.json: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(inside)
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, fmt.Errorf("values.schema.json: %w", err)
	}
	schema, err := compiler.Compile(schemaURL)
	outside = slices.Sorted(maps.Keys(inside.outside))
	if err != nil {
		return outside, fmt.Errorf("values.schema.json: %w", err)
	}
	return outside, schema.Validate(values)
}
