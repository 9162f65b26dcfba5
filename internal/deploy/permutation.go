package deploy

import (
	"path"
	"strings"

	"gate/internal/render"
	"gate/internal/source"
)

// ciValues ends the names of the value files in ci/ with which a chart is
// tested, each in place of the default values:
// https://github.com/helm/chart-testing#charts-with-multiple-values-files
const ciValues = "-values.yaml"

// ciFiles are the value files in ci/ of a chart, relative to it, sorted.
func (p *planner) ciFiles(chart string) []string {
	var out []string
	dir := path.Join(chart, "ci")
	for _, e := range source.Below(p.tree, dir) {
		if path.Dir(e.Path) == dir && strings.HasSuffix(e.Path, ciValues) {
			out = append(out, "ci/"+path.Base(e.Path))
		}
	}
	return out
}

// permutations adds the charts of the tree once more for each of their value
// files in ci/. A chart that is vendored is tested where it comes from.
func (p *planner) permutations() {
	if !p.ci {
		return
	}
	for _, c := range p.inv.Charts {
		if c.Vendored || strings.EqualFold(c.Type, "library") {
			continue
		}
		for _, f := range p.ciFiles(c.Dir) {
			p.discovered(render.Unit{
				Kind: render.KindHelm, Path: c.Dir, Release: releaseName(c), CIValues: f, Values: []string{path.Join(c.Dir, f)},
				Place: source.Position{File: path.Join(c.Dir, "Chart.yaml")},
			})
		}
	}
}
