package terraform

import (
	"path"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// tfvars reads the variable files that Terraform loads by itself, in its
// order: terraform.tfvars, terraform.tfvars.json, *.auto.tfvars[.json]. Files
// that a command line would name are not known; their variables keep their
// defaults.
func (ev *evaluation) tfvars() map[string]cty.Value {
	out := map[string]cty.Value{}
	dir := ev.sources.stack
	var auto []string
	for _, e := range ev.sources.loader.tree.Entries() {
		base := path.Base(e.Path)
		if path.Dir(e.Path) == dir && (strings.HasSuffix(base, ".auto.tfvars") || strings.HasSuffix(base, ".auto.tfvars.json")) {
			auto = append(auto, e.Path)
		}
	}
	sort.Strings(auto)
	files := append([]string{path.Join(dir, "terraform.tfvars"), path.Join(dir, "terraform.tfvars.json")}, auto...)
	for _, f := range files {
		data, err := ev.sources.loader.tree.ReadFile(f)
		if err != nil || len(data) > maxConfigBytes {
			continue
		}
		if _, err := tooDeep(data); err != nil {
			continue
		}
		var file *hcl.File
		if strings.HasSuffix(f, ".json") {
			file, _ = hcljson.Parse(data, f)
		} else {
			file, _ = hclsyntax.ParseConfig(data, f, hcl.InitialPos)
		}
		if file == nil || file.Body == nil {
			continue
		}
		for name, a := range attributes(file.Body) {
			if v, diags := a.Expr.Value(nil); !diags.HasErrors() && size(v, maxValueSize) <= maxValueSize {
				out[name] = v
			}
		}
	}
	return out
}

// variable is the value of an input variable: the given one, else its default,
// else unknown; converted to its type and marked if it is sensitive.
func (s *scope) variable(b *hcl.Block, given map[string]cty.Value, name string) cty.Value {
	attrs := attributes(b.Body)
	v, ok := given[name]
	nullable := true
	if a := attrs["nullable"]; a != nil {
		nullable = truth(a)
	}
	if !ok || v.IsNull() && !nullable {
		if v = cty.DynamicVal; attrs["default"] != nil {
			if d, diags := attrs["default"].Expr.Value(nil); !diags.HasErrors() && size(d, maxValueSize) <= maxValueSize {
				v = d
			}
		}
	}
	if a := attrs["type"]; a != nil {
		v = converted(v, a.Expr)
	}
	if truth(attrs["sensitive"]) || truth(attrs["ephemeral"]) {
		v = v.Mark(sensitiveMark)
	}
	return v
}

// converted applies a type constraint with its optional defaults; a value that
// does not fit stays as it is.
func converted(v cty.Value, expr hcl.Expression) (out cty.Value) {
	out = v
	defer func() {
		if recover() != nil {
			out = v
		}
	}()
	if kw := hcl.ExprAsKeyword(expr); kw == "" {
		if s := literal(&hcl.Attribute{Expr: expr}); s != "" {
			return v // the quoted types of Terraform 0.11
		}
	}
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(expr)
	if diags.HasErrors() {
		return v
	}
	if !v.IsKnown() {
		return cty.UnknownVal(t.WithoutOptionalAttributesDeep())
	}
	if defaults != nil && !v.IsNull() {
		v = defaults.Apply(v)
	}
	c, err := convert.Convert(v, t)
	if err != nil {
		return out
	}
	return c
}
