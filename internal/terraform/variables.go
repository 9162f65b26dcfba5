package terraform

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"gate/internal/source"
)

// variablesFault begins what is said of a variable file that cannot be read.
const variablesFault = "read variables: "

// tfvars reads the variable files that Terraform loads by itself, in its
// order: terraform.tfvars, terraform.tfvars.json, *.auto.tfvars[.json], and
// those that the configuration says a command line names.
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
	named := len(files)
	for i, f := range append(files, ev.sources.varFiles...) {
		ev.reads[f] = true
		data, err := ev.sources.loader.tree.ReadFile(f)
		if i < named && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		ev.sources.loader.text[f] = data
		body, err := parseVariables(f, data, err)
		if err != nil {
			// Its values are not known then; what they decide is not judged.
			ev.faults = append(ev.faults, variablesFault+err.Error())
		}
		if body == nil {
			continue
		}
		for name, a := range attributes(body) {
			if v, diags := a.Expr.Value(nil); !diags.HasErrors() && size(v, maxValueSize) <= maxValueSize {
				out[name], ev.varFiles[name] = unsealed(v), a.Expr
			}
		}
	}
	return out
}

// unsealed is a value of a variable file in which what SOPS encrypts is not known:
// Terraform gets what it decrypts to, a truth value, a number or a text
// (https://github.com/getsops/sops, README).
func unsealed(v cty.Value) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
			return v, nil
		}
		text := v.AsString()
		switch {
		case !strings.HasPrefix(text, "ENC[AES256_GCM,") || !strings.HasSuffix(text, "]"):
			return v, nil
		case strings.HasSuffix(text, ",type:str]"):
			return cty.UnknownVal(cty.String), nil
		}
		return cty.DynamicVal, nil
	})
	if err != nil {
		return cty.DynamicVal
	}
	return out
}

// parseVariables parses a variable file that was read with readErr.
func parseVariables(file string, data []byte, readErr error) (hcl.Body, error) {
	if readErr != nil {
		return nil, fmt.Errorf("%s: %w", file, readErr)
	}
	if len(data) > maxConfigBytes {
		return nil, fmt.Errorf("%s is larger than %d MiB", file, maxConfigBytes>>20)
	}
	if line, err := source.TooDeep(data); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, line, err)
	}
	if sealed(file, data) {
		return nil, fmt.Errorf("%s %w", file, errSealed)
	}
	var f *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		f, diags = hcljson.Parse(data, file)
	} else {
		f, diags = hclsyntax.ParseConfig(data, file, hcl.InitialPos)
	}
	var err error
	if diags.HasErrors() {
		err = diagnosticError(file, diags)
	}
	if f == nil {
		return nil, err
	}
	return f.Body, err
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
