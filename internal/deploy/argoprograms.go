package deploy

import (
	"fmt"
	"path"
	"strings"

	"gate/internal/doc"
	"gate/internal/render"
	"gate/internal/render/jsonnet"
	"gate/internal/source"
)

// programs are the Jsonnet programs in a directory.
func (p *planner) programs(dir string, recurse bool) []string { return p.jsonnet.of(dir, recurse) }

// argoJsonnet reads the options of an Application's programs:
// https://argo-cd.readthedocs.io/en/stable/user-guide/jsonnet/
func (p *planner) argoJsonnet(d deployer, src map[string]any, at source.Path) (o *render.JsonnetOptions, fault string, pos source.Position) {
	j := doc.Map(src, "directory", "jsonnet")
	here := func(e ...any) source.Path { return append(append(at[:len(at):len(at)], "directory", "jsonnet"), e...) }
	o = &render.JsonnetOptions{Libs: []string{path.Clean(strings.TrimPrefix(doc.Text(src, "path"), "/"))}}
	for i, e := range doc.List(j, "libs") {
		dir, ok := source.Join(".", strings.TrimPrefix(asText(e), "/"))
		if !ok {
			return nil, fmt.Sprintf("library %q leaves the repository", asText(e)), d.place(here("libs", i)...)
		}
		o.Libs = append(o.Libs, dir)
	}
	for _, f := range []struct {
		field string
		list  *[]jsonnet.Variable
	}{{"extVars", &o.ExtVars}, {"tlas", &o.TLAs}} {
		for i, e := range doc.List(j[f.field]) {
			m := doc.Map(e)
			code := doc.Bool(m, "code")
			value, unknown := p.argoEnvironment(d, src, asText(orNil(m["value"])))
			if unknown != "" {
				return nil, fmt.Sprintf("%s is known only to Argo CD", unknown), d.place(here(f.field, i)...)
			}
			*f.list = append(*f.list, jsonnet.Variable{Name: doc.Text(m, "name"), Value: value, Code: code, Loc: d.below(here(f.field, i, "value")...)})
		}
	}
	return o, "", source.Position{}
}
