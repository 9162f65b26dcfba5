package render

import (
	"context"

	"gate/internal/render/engine"
	"gate/internal/source"
)

// helmMapping leads from rendered lines to template lines.
type helmMapping struct{}

func newHelmMapping(_ context.Context, _ *session, _ Unit, _ map[string]any, _ *engine.Result) *helmMapping {
	return &helmMapping{}
}

// line returns where a rendered line comes from, else fallback.
func (m *helmMapping) line(name string, line int, fallback source.Position) source.Position {
	fallback.Approximate = true
	return fallback
}

func (m *helmMapping) locator(name string, d *source.Document, file source.Position) source.Locator {
	file.Approximate = true
	if file.Line == 0 {
		file.Line = 1
	}
	return source.Fixed(file)
}
